//! The top: which scenario, its seed, the theme, the link.
use crate::state::App;
use crate::state::app::Dialog;
use leptos::prelude::*;

#[component]
pub fn Header(app: App) -> impl IntoView {
    let title = move || {
        app.opened.read().as_ref().map_or_else(|| "Loading…".to_owned(), |opened| opened.title.clone())
    };
    let seed =
        move || app.opened.read().as_ref().map_or_else(String::new, |opened| format!("seed {}", opened.seed));
    let theme = move || match app.theme.read().as_str() {
        "light" => "Light",
        "dark" => "Dark",
        _ => "System",
    };
    let open = move |dialog| move |_| app.dialog.set(Some(dialog));
    view! {
        <header class="top">
            <h1>"Kafkarium"</h1>
            <button class="picker" on:click=open(Dialog::Scenarios) aria-haspopup="dialog">
                <span>{title}</span>" ▾"
            </button>
            <span class="chip wide">{seed}</span>
            <button class="chip wide" on:click=open(Dialog::About) aria-haspopup="dialog"
                title="About, and how it was held against real Kafka">"Kafka 4.3"</button>
            <span class="grow"></span>
            <button class="wide" on:click=move |_| app.build(None) aria-haspopup="dialog" title="Change this scenario, or build your own">
                {move || if app.has_draft() { "Build (draft)" } else { "Build" }}
            </button>
            <button on:click=move |_| app.with_engine(|engine| engine.undo()) disabled=move || app.undoable.get() == 0
                title="Undo the last command (U)" aria-label="Undo the last command">"↶"</button>
            <button on:click=move |_| app.with_engine(|engine| engine.redo()) disabled=move || !app.redoable.get()
                title="Do it again (R)" aria-label="Do the last command again">"↷"</button>
            {move || app.other_future.get().map(|told| view! {
                <button id="future" on:click=move |_| app.with_engine(|engine| engine.switch_future())
                    title=format!("{told} Go there, and back (O)")>"⇄ "<span class="wide">"Other "</span>"future"</button>
            })}
            <button id="theme" on:click=move |_| app.change_theme()
                title="Theme: system, light, dark" aria-label=move || format!("Theme: {}", theme())>
                "◐ "<span class="wide">{theme}</span>
            </button>
            <button on:click=open(Dialog::Help) title="Keys (?)" aria-label="Keys and help" aria-haspopup="dialog">"?"</button>
            <button on:click=open(Dialog::Share) title="Link, embed, picture, film, texts (E)" aria-haspopup="dialog">"Share"</button>
            <button class="primary" on:click=move |_| app.with_engine(|engine| engine.copy_link())>"Copy link"</button>
        </header>
    }
}
