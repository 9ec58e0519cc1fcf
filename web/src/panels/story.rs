//! What happened: each line what, why, what next; a click goes there.
use super::why;
use crate::state::App;
use kafkarium_core::observe::report::{StoryKind, StoryLine};
use leptos::prelude::*;

/// Lines shown at once, the newest.
const SHOWN: usize = 120;

#[component]
pub fn Story(app: App) -> impl IntoView {
    let lines = move || {
        let story = app.story.read();
        let told: Vec<(usize, StoryLine)> =
            story.iter().cloned().enumerate().filter(|(_, line)| line.weight >= 1).collect();
        let from = told.len().saturating_sub(SHOWN);
        // The newest first: what just happened is where the eye is.
        told[from..].iter().rev().cloned().collect::<Vec<_>>()
    };
    view! {
        <h2>"Story"</h2>
        {move || lines().is_empty().then(|| view! { <p class="soft">"Nothing has happened yet."</p> })}
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
        if let Some(subject) = about {
            app.selection.set(subject);
        }
        app.seek(time);
    };
    let bad = matches!(line.kind, StoryKind::Audit) || line.weight >= 3;
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
