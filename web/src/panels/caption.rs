//! One line under the stage: what just happened, and why; at first what this is, and what to try.
use crate::state::App;
use crate::state::caption::{Speaks, first_sentence};
use kafkarium_core::observe::report::Subject;
use leptos::prelude::*;

/// The broker that the page suggests to crash; scenarios in which nothing happens by itself have it.
const SUGGESTED: u32 = 2;
/// From this speed on the page counts the seconds that pass.
const FLIES_FROM: f64 = 1.3;

#[component]
pub fn Caption(app: App) -> impl IntoView {
    let flies = Memo::new(move |_| app.playing.get() && app.speed.get() > FLIES_FROM);
    // The moment from which on it flies.
    let since_us = Memo::new(move |_| flies.get().then(|| app.now_us.get_untracked()));
    let quick = move || {
        since_us.get().map(|since_us| match app.now_us.get().saturating_sub(since_us) / 1_000_000 {
            0 => String::new(),
            1 => "1 s passes".to_owned(),
            passed_s @ 2..120 => format!("{passed_s} s pass"),
            passed_s => format!("{} min pass", passed_s / 60),
        })
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
        let about =
            opened.as_ref().map(|opened| first_sentence(&opened.about).to_owned()).unwrap_or_default();
        return ("This is a Kafka cluster at work.".to_owned(), about);
    }
    let (what, more) = app.caption.get();
    let to_try = app.opened.read().as_ref().map(|opened| opened.try_this.clone()).unwrap_or_default();
    if app.speaks.get() == Speaks::OfCalm && !to_try.is_empty() && !app.embedded {
        return (what, format!("Try: {to_try}"));
    }
    (what, more)
}

/// Nothing has happened and nobody has done anything.
fn is_first(app: App) -> bool {
    let opened = app.opened.read();
    let told = |opened: &crate::bridge::protocol::Opened| !opened.about.is_empty();
    let untouched =
        app.undoable.get() == 0 && !app.hint_closed.get() && app.speaks.get() == Speaks::OfTheBeginning;
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
