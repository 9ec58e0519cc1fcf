//! What happened: each line what, why, what next; a click goes there.
use super::why;
use crate::state::App;
use kafkarium_core::observe::report::StoryKind::{
    Audit, Broker, Command, Consumer, Group, Isr, Leader, Producer,
};
use kafkarium_core::observe::report::{StoryLine, Subject};
use leptos::prelude::*;

/// Lines shown at once, the newest.
const SHOWN: usize = 120;

/// Which lines are shown, of the whole cluster or of what is selected.
const FILTERS: [(&str, Filter); 7] = [
    ("Everything", |_, _| true),
    ("What is selected", |line, selection| line.concerns(selection)),
    ("Commands and faults", |line, _| line.kind == Command),
    ("Brokers, leaders, ISR", |line, _| matches!(line.kind, Broker | Leader | Isr)),
    ("Groups", |line, _| line.kind == Group),
    ("Clients", |line, _| matches!(line.kind, Producer | Consumer)),
    ("What the audit found", |line, _| line.kind == Audit),
];

const OF_SELECTION: usize = 1;

type Filter = fn(&StoryLine, Subject) -> bool;

#[component]
pub fn Story(app: App) -> impl IntoView {
    let lines = move || {
        let (story, selection) = (app.story.read(), app.selection.get());
        let (_, shows) = FILTERS[app.story_shows.get()];
        let shown = |line: &StoryLine| line.weight >= 1 && shows(line, selection);
        let told: Vec<(usize, StoryLine)> =
            story.iter().cloned().enumerate().filter(|(_, line)| shown(line)).collect();
        let from = told.len().saturating_sub(SHOWN);
        // The newest first: what just happened is where the eye is.
        told[from..].iter().rev().cloned().collect::<Vec<_>>()
    };
    let choose = move |event| app.story_shows.set(event_target_value(&event).parse().unwrap_or(0));
    let options = FILTERS.iter().enumerate().map(|(at, (name, _))| {
        view! { <option value=at.to_string() selected=app.story_shows.get_untracked() == at>{*name}</option> }
    });
    let none = move || {
        lines().is_empty().then(|| match app.story.read().is_empty() {
            true => "Nothing has happened yet.",
            false => "Nothing of that kind has happened.",
        })
    };
    view! {
        <div class="headed"><h2>"Story"</h2><select class="shows" aria-label="Which lines are shown" on:change=choose>{options.collect_view()}</select></div>
        {move || none().map(|none| view! { <p class="soft">{none}</p> })}
        <ol class="story">
            <For each=lines key=|(at, line)| (*at, line.time_us, line.what.clone()) children=move |(_, line)| line_view(app, line)/>
        </ol>
    }
}

fn line_view(app: App, line: StoryLine) -> impl IntoView {
    let time = line.time_us;
    let to_come = move || app.now_us.get() < time;
    let about = line.about.first().copied();
    let go = move |_| {
        // Where the list is of what is selected, it stays that.
        if let Some(subject) = about.filter(|_| app.story_shows.get_untracked() != OF_SELECTION) {
            app.selection.set(subject);
        }
        app.seek(time);
    };
    let bad = line.kind == Audit || line.weight >= 3;
    view! {
        <li class:to-come=to_come class:turning=bad>
            <button on:click=go title="Go to this moment">
                <time>{seconds(time)}</time>" "<b>{line.what}</b>
                {(!line.why.is_empty()).then(|| view! { <span>{line.why}</span> })}
                {(!line.next.is_empty()).then(|| view! { <i>{line.next}</i> })}
            </button>
            {why::why(app, line.ask)}
        </li>
    }
}

/// A moment in seconds: `20.604`.
pub fn seconds(us: u64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1_000 % 1_000)
}
