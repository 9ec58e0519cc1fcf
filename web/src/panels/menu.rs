//! What can be done to the thing that was clicked, at that thing.
use super::look;
use crate::state::{App, browser};
use kafkarium_core::observe::report::Subject;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

#[component]
pub fn MenuBox(app: App) -> impl IntoView {
    let shown = move || {
        let menu = app.menu.get()?;
        let details = app.details.read();
        let details = details.as_ref().filter(|details| details.inspection.subject == menu.subject)?;
        let commands = details.inspection.commands.clone();
        (!commands.is_empty()).then_some((menu, details.inspection.title.clone(), commands))
    };
    // The list is built anew only when it says something else: a button must not vanish under a click.
    let shown = Memo::new(move |_| shown());
    let room = NodeRef::<html::Div>::new();
    // Who came by the keyboard goes on by the keyboard, and comes back to the stage.
    Effect::new(move |before: Option<bool>| {
        if let Some(room) = room.get() {
            keep_in_sight(&room);
        }
        let by_keyboard = shown.read().as_ref().is_some_and(|(menu, ..)| menu.by_keyboard);
        match (by_keyboard, room.get()) {
            (true, Some(room)) => focus(room.query_selector("button").ok().flatten()),
            (false, _) if before == Some(true) => focus(browser::by_id("stage")),
            _ => {}
        }
        by_keyboard
    });
    move || {
        shown.get().map(|(menu, title, commands)| {
            let buttons = commands.into_iter().map(|offer| {
                let command = offer.command.clone();
                view! {
                    <button class:fault=offer.fault title=offer.hint on:click=move |_| app.act(&command)>{offer.label}</button>
                }
            });
            let label = format!("What can be done to {title}");
            view! {
                <div class="menu" role="group" aria-label=label node_ref=room on:keydown=step
                    style:left=format!("min({}px, calc(100% - 250px))", menu.x) style:top=format!("{}px", menu.y)>
                    <p>{title}</p>
                    {look::can_be_nearer(app).then(|| nearer(app, menu.subject))}
                    {buttons.collect_view()}
                    <button class="close" on:click=move |_| app.menu.set(None)>"Close"</button>
                </div>
            }
        })
    }
}

/// The way to a broker where all of them are small.
fn nearer(app: App, subject: Subject) -> Option<impl IntoView> {
    let (Subject::Broker(id) | Subject::Replica(_, id)) = subject else { return None };
    let go = move |_| {
        app.menu.set(None);
        look::show(app, Subject::Broker(id));
    };
    Some(view! { <button on:click=go>{format!("Look at broker {id} from nearer")}</button> })
}

/// Moves a menu up where it would end below what can be seen of the stage.
fn keep_in_sight(menu: &HtmlElement) {
    let Some(stage) = menu.offset_parent() else { return };
    let lowest = stage.scroll_top() + stage.client_height() - menu.offset_height() - 8;
    if menu.offset_top() > lowest {
        let _ = menu.style().set_property("top", &format!("{}px", lowest.max(stage.scroll_top() + 8)));
    }
}

/// Arrow up and down go from button to button.
fn step(event: KeyboardEvent) {
    let Some(now) = browser::focused() else { return };
    let next = match event.key().as_str() {
        "ArrowDown" => now.next_element_sibling(),
        "ArrowUp" => now.previous_element_sibling(),
        _ => return,
    };
    event.prevent_default();
    focus(next);
}

fn focus(element: Option<web_sys::Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}
