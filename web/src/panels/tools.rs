//! The same cluster in the words of Kafka's own tools: a text twin of the stage, to read, select and copy.
use crate::state::App;
use crate::state::browser;
use kafkarium_core::observe::report::Description;
use kafkarium_core::observe::tools;
use leptos::html;
use leptos::prelude::*;

/// Text longer than this is brought up to date more rarely, bytes.
const LONG: usize = 40_000;
/// So much more rarely.
const RARELY: u32 = 12;

/// What stands above a text, and the text.
type Part = (&'static str, fn(&Description) -> String);

/// The commands, as someone would type them, and what they print.
const PARTS: [Part; 4] = [
    ("kafka-topics.sh --describe --exclude-internal", |described| {
        tools::topics(described.topics.iter().filter(|topic| !topic.internal))
    }),
    ("kafka-consumer-groups.sh --describe --all-groups", tools::offsets),
    ("kafka-consumer-groups.sh --describe --all-groups --state", tools::states),
    ("kafka-consumer-groups.sh --describe --all-groups --members", tools::members),
];

#[component]
pub fn Tools(app: App) -> impl IntoView {
    let room = NodeRef::<html::Div>::new();
    let texts = PARTS.map(|_| RwSignal::new(String::new()));
    let stage = RwSignal::new(String::new());
    let held = RwSignal::new(false);
    let length = move || texts.iter().map(|text| text.with_untracked(String::len)).sum::<usize>();
    // The panels are brought up to date all the time; so is this, unless someone selects in it.
    let turns = StoredValue::new(0_u32);
    Effect::new(move |_| {
        app.details.track();
        turns.update_value(|turns| *turns += 1);
        held.set(room.get().is_some_and(|room| browser::selects_in(&room)));
        if length() < LONG || turns.get_value().is_multiple_of(RARELY) {
            app.with_engine(|engine| engine.describe());
        }
    });
    // Where time comes to stand, the stage stands behind what the worker was asked for.
    Effect::new(move |_| {
        app.playing.track();
        app.with_engine(|engine| engine.describe());
    });
    Effect::new(move |_| {
        let described = app.description.read();
        let Some(described) = described.as_ref().filter(|_| !held.get()) else { return };
        for ((_, show), text) in PARTS.iter().zip(texts) {
            set_if_new(text, show(described));
        }
        let tables = app.with_engine(|engine| engine.stage().map(|stage| stage.tables()));
        set_if_new(stage, tables.unwrap_or_default());
    });
    let parts = PARTS.iter().zip(texts).map(|((command, _), text)| part(app, command, true, text));
    let all = move |_| {
        let typed = PARTS.iter().zip(texts);
        let all: Vec<String> =
            typed.map(|((command, _), text)| format!("$ {command}\n{}", text.get_untracked())).collect();
        copy(app, &(all.join("\n") + "\n" + &stage.get_untracked()));
    };
    let words = move || {
        if held.get() { "Held while you select." } else { "The cluster at this moment, as text." }
    };
    view! {
        <h2>"In the words of Kafka's tools"</h2>
        <p class="soft">{words}</p>
        <p><button on:click=all>"Copy all"</button></p>
        <div class="tools" node_ref=room>
            {parts.collect_view()}
            {part(app, "What the stage shows beside that", false, stage)}
        </div>
    }
}

fn set_if_new(text: RwSignal<String>, new: String) {
    if text.with_untracked(|old| *old != new) {
        text.set(new);
    }
}

fn part(app: App, title: &'static str, command: bool, text: RwSignal<String>) -> impl IntoView {
    let shown = move || {
        let text = text.get();
        if app.description.read().is_none() {
            "(the simulation is still loading)".to_owned()
        } else if text.trim().is_empty() {
            "(it prints nothing)".to_owned()
        } else {
            text.trim_start_matches('\n').to_owned()
        }
    };
    let title_view = if command {
        // Broken between its words, never inside an option.
        let words = title.split(' ').map(|word| view! { " "<span>{word}</span> }).collect_view();
        view! { <h3><code>"$"{words}</code></h3> }.into_any()
    } else {
        view! { <h3>{title}</h3> }.into_any()
    };
    view! {
        <section>
            <div class="bar">
                {title_view}
                <button aria-label=format!("Copy: {title}") on:click=move |_| copy(app, &text.get_untracked())>"Copy"</button>
            </div>
            <pre tabindex="0" role="region" aria-label=title>{shown}</pre>
        </section>
    }
}

fn copy(app: App, text: &str) {
    browser::copy(text);
    app.notice.set(Some("The text is in the clipboard.".to_owned()));
}
