//! "Why?" at a line of the story or a finding: opens the chain of causes in place; each step goes to its moment.
use super::story::seconds;
use crate::state::App;
use kafkarium_core::observe::chain::{Cause, Chain};
use leptos::prelude::*;

/// The button, and the chain while it is open; nothing where nothing can be asked.
pub fn why(app: App, ask: String) -> Option<impl IntoView> {
    if ask.is_empty() {
        return None;
    }
    let ask = StoredValue::new(ask);
    let open = Memo::new(move |_| app.why.read().0 == *ask.read_value());
    let toggle = move |_| app.ask_why(if open.get_untracked() { String::new() } else { ask.get_value() });
    Some(view! {
        <button class="why" aria-expanded=move || open.get().to_string() on:click=toggle>"Why?"</button>
        {move || open.get().then(|| chain(app))}
    })
}

fn chain(app: App) -> impl IntoView {
    let of = move |part: fn(&Chain) -> &String| Memo::new(move |_| part(&app.why.read().1).clone());
    let (title, looking, gap) =
        (of(|chain| &chain.title), of(|chain| &chain.looking), of(|chain| &chain.gap));
    // A step must not vanish under a click, nor lose the focus, when another comes.
    let rows = Memo::new(move |_| {
        let chain = &app.why.read().1;
        let after = chain.causes.len();
        chain
            .causes
            .iter()
            .chain(&chain.after)
            .cloned()
            .enumerate()
            .map(|(at, cause)| (cause, at, after))
            .collect::<Vec<_>>()
    });
    view! {
        <div class="chain">
            <h3>{title}</h3>
            <ol>
                <For each=move || rows.get() key=|(cause, at, _)| (*at, cause.time_us) children=move |(cause, at, after)| step(app, cause, at, after)/>
            </ol>
            <p class="soft" role="status">{looking}{gap}</p>
        </div>
    }
}

fn step(app: App, cause: Cause, at: usize, after: usize) -> impl IntoView {
    let Cause { time_us, text, settings, about } = cause;
    let go = move |_| {
        if let Some(subject) = about {
            app.selection.set(subject);
        }
        app.seek(time_us);
    };
    let settings = settings
        .into_iter()
        .map(|setting| view! { <code>{setting.line}<small>{setting.of}</small></code> })
        .collect_view();
    view! {
        <li class:event={at + 1 == after}>
            {(at == after).then_some(view! { <em>"What came of it"</em> })}
            <button on:click=go title="Go to this moment"><time>{seconds(time_us)}</time>{text}{settings}</button>
        </li>
    }
}
