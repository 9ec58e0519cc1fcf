//! The life of the record followed: each step with its time; a click goes there. And a form to send one's own.
use crate::state::{App, browser};
use kafkarium_core::observe::life::{Fate, Life, Step, StepKind};
use kafkarium_core::observe::prose::{self, clock, since};
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Record(app: App) -> impl IntoView {
    let state = Memo::new(move |_| app.life.read().as_ref().map(|life| life.as_ref().err().cloned()));
    view! {
        <h2>"Follow a record"</h2>
        {move || match state.get() {
            None => view! { <p class="soft">{HOW}</p> }.into_any(),
            Some(Some(why)) => view! { <p class="bad" role="alert">{why}</p><p class="soft">{HOW}</p> }.into_any(),
            Some(None) => view! { <Followed app/> }.into_any(),
        }}
        <SendOne app/>
    }
}

const HOW: &str = "Click a record's cell on the stage, or one of a partition's newest records under Inspect, or send one of your own: here is then its whole life, step by step.";

#[component]
fn Followed(app: App) -> impl IntoView {
    let of = move |part: fn(&Life) -> String| {
        Memo::new(move |_| match &*app.life.read() {
            Some(Ok(life)) => part(life),
            _ => String::new(),
        })
    };
    let (key, value, way, known) = (of(key), of(prose::value), of(prose::from_to), of(prose::followed));
    let looking = of(|life| if life.looking { "Looking further…".to_owned() } else { String::new() });
    let fate = Memo::new(move |_| match &*app.life.read() {
        Some(Ok(life)) => life.fate,
        _ => Fate::Unknown,
    });
    // The list is built anew only where it changes: a step must not vanish under a click.
    let steps = Memo::new(move |_| match &*app.life.read() {
        Some(Ok(life)) => life.steps.clone(),
        _ => Vec::new(),
    });
    // How many steps the playhead has reached.
    let reached = Memo::new(move |_| steps.read().partition_point(|step| step.time_us <= app.now_us.get()));
    Effect::new(move |_| {
        let reached = reached.get();
        // The step may be new to the list: it stands there by the next picture.
        request_animation_frame(move || show_step(reached));
    });
    let rows = move || {
        let steps = steps.get();
        let before =
            std::iter::once(None).chain(steps.iter().map(|step| Some(step.time_us))).collect::<Vec<_>>();
        steps.into_iter().zip(before).enumerate().collect::<Vec<_>>()
    };
    view! {
        <p class="record">
            <span class="swatch" aria-hidden="true"></span>
            <b>{key}</b>
            <span>{value}</span>
            <button on:click=move |_| app.unfollow() title="Follow it no more" aria-label="Follow it no more">"✕"</button>
        </p>
        <p class="soft">{way}</p>
        <p class="fate" class:bad=move || matches!(fate.get(), Fate::Lost | Fate::Failed)
            class:good=move || fate.get() == Fate::Done role="status">{known}</p>
        <p class="soft here">{looking}</p>
        <p class="soft here">{move || standing(&steps.read(), reached.get())}</p>
        <ol class="life" aria-label="Its life, step by step">
            <For each=rows key=|(at, (step, _))| (*at, step.time_us, step.what.clone())
                children=move |(at, (step, before))| step_view(app, at, step, before, reached)/>
        </ol>
    }
}

/// Scrolls the list to the step that the playhead has reached.
fn show_step(reached: usize) {
    let panel = browser::by_id("panel");
    let step = panel
        .and_then(|panel| panel.query_selector(&format!(".life li:nth-child({reached})")).ok().flatten());
    step.into_iter().for_each(|step| browser::into_sight(&step));
}

fn key(life: &Life) -> String {
    life.key.clone().unwrap_or_else(|| "no key".to_owned())
}

/// What is to be said of it at the playhead, after so many steps.
fn standing(steps: &[Step], reached: usize) -> &'static str {
    let deleted = steps.iter().position(|step| step.kind == StepKind::Retention);
    match reached {
        0 if steps.is_empty() => "There is no trace of it: play on, or undo what you changed before it.",
        0 => "At this moment it is not sent yet.",
        reached if deleted.is_some_and(|at| reached > at) => "At this moment it is no longer retained.",
        _ => "",
    }
}

fn step_view(app: App, at: usize, step: Step, before: Option<u64>, reached: Memo<usize>) -> impl IntoView {
    let time = step.time_us;
    let now = move || reached.get() == at + 1;
    view! {
        <li class:to-come=move || reached.get() <= at class:now=now class:trouble=step.kind.is_trouble()
            aria-current=move || now().then_some("step")>
            <button on:click=move |_| app.seek(time) title="Go to this moment">
                <span class="number">{at + 1}</span>
                <span class="when"><time>{clock(time)}</time>{before.map(|before| since(time - before))}<em>{step.place}</em></span>
                <b>{step.what}</b>
                {(!step.why.is_empty()).then(|| view! { <i>{step.why}</i> })}
            </button>
        </li>
    }
}

/// A form for a record of one's own.
#[component]
fn SendOne(app: App) -> impl IntoView {
    let (producer, key, value) =
        (NodeRef::<html::Select>::new(), NodeRef::<html::Input>::new(), NodeRef::<html::Input>::new());
    let send = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (Some(producer), Some(key), Some(value)) = (producer.get(), key.get(), value.get()) else {
            return;
        };
        let key = Some(key.value()).filter(|key| !key.is_empty());
        app.send_and_follow(producer.value(), key, value.value());
    };
    let producers = move || {
        app.producers
            .get()
            .into_iter()
            .map(|name| view! { <option value=name.clone()>{name.clone()}</option> })
            .collect_view()
    };
    view! {
        <h3>"Send a record of your own"</h3>
        <form class="send" on:submit=send>
            <label><span>"Producer"</span><select node_ref=producer>{producers}</select></label>
            <label><span>"Key"</span><input node_ref=key placeholder="no key" autocomplete="off" spellcheck="false" maxlength="200"/></label>
            <label><span>"Value"</span><input node_ref=value prop:value="hello" autocomplete="off" spellcheck="false" maxlength="1000"/></label>
            <button class="primary" type="submit">"Send and follow it"</button>
        </form>
    }
}
