//! What lies over the page: the scenarios, the workshop, the help, what this is.
use super::about::About;
use super::keys::KEYS;
use super::metrics::Metrics;
use super::share::Share;
use crate::bridge::protocol::Source;
use crate::state::app::Dialog;
use crate::state::door::ROOM;
use crate::state::{App, browser};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[component]
pub fn Dialogs(app: App) -> impl IntoView {
    let close = move |_| app.dialog.set(None);
    let room = NodeRef::<html::Dialog>::new();
    // The browser keeps the focus inside an open dialog; afterwards it goes back to where it was.
    let before = StoredValue::new_local(None::<web_sys::HtmlElement>);
    Effect::new(move |was_open: Option<bool>| {
        let open = app.dialog.read().is_some();
        match (was_open.unwrap_or(false), open) {
            (false, true) => before.set_value(browser::focused()),
            // Another run was opened from it, or will be as soon as there is a simulation: on to the stage.
            (true, false) if !app.alive.get_untracked() || app.progress.with_untracked(Option::is_some) => {
                let stage =
                    browser::by_id("stage").and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
                stage.into_iter().for_each(|stage| drop(stage.focus()));
            }
            (true, false) => before.get_value().into_iter().for_each(|element| drop(element.focus())),
            _ => {}
        }
        if let Some(room) = room.get().filter(|room| open && !room.open()) {
            let _ = room.show_modal();
        }
        open
    });
    move || {
        app.dialog.get().map(|dialog| {
            let (title, body) = match dialog {
                Dialog::Scenarios => ("Scenarios", view! { <Scenarios app/> }.into_any()),
                Dialog::Build => ("Build", view! { <Build app/> }.into_any()),
                Dialog::Metrics => ("Metrics", view! { <Metrics app/> }.into_any()),
                Dialog::Help => ("Keys and help", view! { <Help app/> }.into_any()),
                Dialog::Share => ("Share", view! { <Share app/> }.into_any()),
                Dialog::About => ("About Kafkarium", view! { <About/> }.into_any()),
            };
            view! {
                // What is beside the sheet counts as the dialog itself: a click there closes it.
                <dialog class="dialog" class:build=dialog == Dialog::Build node_ref=room aria-label=title on:close=move |_| app.dialog.set(None)
                    on:click=move |event| if is_beside(&event) { app.dialog.set(None) }>
                    <section class="sheet">
                        <div class="bar"><h2>{title}</h2><button on:click=close aria-label="Close">"✕"</button></div>
                        {body}
                    </section>
                </dialog>
            }
        })
    }
}

fn is_beside(event: &web_sys::MouseEvent) -> bool {
    let dialog = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    dialog.is_some_and(|element| element.tag_name() == "DIALOG")
}

#[component]
fn Scenarios(app: App) -> impl IntoView {
    let open = move |name: String| move |_| app.open(Source::Shipped(name.clone()));
    view! {
        <ul class="scenarios">
            {move || app.shipped.get().into_iter().map(|scenario| view! {
                <li><button on:click=open(scenario.name.clone())>
                    <b>{scenario.title}</b>
                    <span>{scenario.about}</span>
                    <i>"Try: "{scenario.try_this}</i>
                </button></li>
            }).collect_view()}
        </ul>
        <p><button on:click=move |_| app.build(None)>"Build your own…"</button></p>
    }
}

/// The room that the workshop stands in; until it is fetched there is a word instead. Time waits while somebody is in it.
#[component]
fn Build(app: App) -> impl IntoView {
    app.hold();
    let room = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        if room.get().is_some() {
            app.enter_workshop();
        }
    });
    on_cleanup(move || {
        app.leave_workshop();
        app.release();
    });
    let word = move || match app.door.failed.get() {
        true => "The workshop could not be loaded. Close this and try again.",
        false => "Loading the workshop…",
    };
    view! { <div id=ROOM class="room" node_ref=room><p class="soft" role="status">{word}</p></div> }
}

/// Time waits while somebody reads it.
#[component]
fn Help(app: App) -> impl IntoView {
    app.hold();
    on_cleanup(move || app.release());
    let keys = KEYS.map(|(key, what)| view! { <dt>{key}</dt><dd>{what}</dd> });
    view! {
        <p>"This is a simulation of Apache Kafka 4.3 that behaves as the real one does. Click anything to see what it is and what you can do to it; then watch what follows, and go back in time."</p>
        <dl class="keys">{keys.collect_view()}</dl>
        <p><button on:click=move |_| app.dialog.set(Some(Dialog::About))>"About Kafkarium, and how it was held against real Kafka"</button></p>
    }
}
