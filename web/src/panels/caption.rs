//! One line under the stage: what just happened, and why; at first what this is, and what to try.
use crate::state::App;
use kafkarium_core::observe::report::Subject;
use leptos::prelude::*;

/// The broker that the page suggests to crash; scenarios in which nothing happens by itself have it.
const SUGGESTED: u32 = 2;

#[component]
pub fn Caption(app: App) -> impl IntoView {
    let speed = move || app.speed.get();
    let quick = move || {
        (app.playing.get() && speed() > 1.3)
            .then(|| format!("time flies: {}", crate::state::pace::words(speed())))
    };
    let words = Memo::new(move |_| words(app));
    let hint = Memo::new(move |_| is_first(app) && !app.embedded);
    view! {
        <div class="caption">
            <p><strong>{move || words.get().0}</strong>" "<span>{move || words.get().1}</span></p>
            {move || hint.get().then(|| suggestion(app))}
        </div>
        <p class="flies" aria-hidden="true">{quick}</p>
    }
}

/// What the caption says now.
pub fn words(app: App) -> (String, String) {
    if is_first(app) {
        let opened = app.opened.read();
        let about = opened.as_ref().map(|opened| first_sentence(&opened.about)).unwrap_or_default();
        return ("This is a Kafka cluster at work.".to_owned(), about);
    }
    app.caption.get()
}

/// Nothing has happened and nobody has done anything.
fn is_first(app: App) -> bool {
    let opened = app.opened.read();
    let told = |opened: &crate::bridge::protocol::Opened| !opened.about.is_empty();
    let untouched = app.undoable.get() == 0 && !app.hint_closed.get() && app.all_is_well.get();
    app.alive.get() && untouched && opened.as_ref().is_some_and(told)
}

fn suggestion(app: App) -> impl IntoView {
    let close = move |_| app.hint_closed.set(true);
    let crash = move |_| {
        app.select(Subject::Broker(SUGGESTED));
        app.act(&format!("crash broker {SUGGESTED}"));
    };
    // Where something happens by itself, that is what there is to see first.
    let quiet =
        app.opened.read_untracked().as_ref().is_some_and(|opened| !opened.text.contains("[[timeline]]"));
    let there = app.with_engine(|engine| {
        engine.stage().is_some_and(|stage| stage.rect_of(Subject::Broker(SUGGESTED)).is_some())
    });
    view! {
        {(quiet && there).then(|| view! {
            <button class="fault" on:click=crash>{format!("Try: crash broker {SUGGESTED}")}</button>
        })}
        <button class="quiet" on:click=close aria-label="Close this hint">"✕"</button>
    }
}

fn first_sentence(text: &str) -> String {
    text.split_inclusive(". ").next().unwrap_or_default().trim().to_owned()
}
