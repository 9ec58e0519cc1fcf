//! The keyboard.
use super::look;
use crate::state::App;
use crate::state::app::{Dialog, Mode, Tab};
use crate::state::browser;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// What each key does, for the help.
pub const KEYS: [(&str, &str); 19] = [
    ("Space", "play or pause"),
    (". and ,", "a step on or back: the next message that leaves or arrives"),
    ("N and P", "the next or the previous event of the story"),
    ("] and [", "faster or slower"),
    ("S", "story pace: slow where something happens, quick where nothing does"),
    ("→ and ←", "a second on or back; with Shift ten"),
    ("Tab", "on the stage: go from broker to partition to client; Shift+Tab goes back"),
    ("↓ and ↑", "on the stage: the same, and through every replica of a large cluster"),
    ("Enter", "on the stage: open what can be done to a thing; then ↓ and ↑ go through it"),
    (
        "+ − 0",
        "look at the brokers from nearer, from farther, at all of them; also two fingers, double click, the wheel with Ctrl (alone where it scrolls nothing)",
    ),
    ("/", "find a broker, partition, client or group by its name"),
    ("U and R", "undo a command, do it again"),
    ("O", "the other future: a command in the past keeps the old one; again, and back"),
    ("L", "copy a link to this moment"),
    ("E", "share: link, embed, picture, film, texts"),
    ("T", "light, dark, or as the system has it"),
    ("1 to 5", "inspect, story, audit, Kafka's tools, the record followed"),
    ("?", "this help"),
    ("Esc", "close what lies over the page"),
];

/// Of them, those that mean something where the stage stands alone.
const EMBEDDED: [&str; 8] = [" ", ".", ",", "]", "[", "s", "ArrowRight", "ArrowLeft"];

/// Microseconds of an arrow key.
const ARROW_US: i64 = 1_000_000;

/// Listens for as long as the page lives.
pub fn listen(app: App) {
    let pressed = Closure::<dyn FnMut(web_sys::KeyboardEvent)>::new(move |event: web_sys::KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let taken = target.is_some_and(|element| is_its_own(&element, &event.key()));
        let held = event.ctrl_key() || event.meta_key() || event.alt_key();
        if event.key() == "Escape" {
            escape(app);
        } else if !taken && !held && act(app, &event) {
            event.prevent_default();
        }
    });
    let _ = browser::window().add_event_listener_with_callback("keydown", pressed.as_ref().unchecked_ref());
    pressed.forget();
}

/// Whether a key means something to the control that has the focus: any where one types or chooses by letters, on a
/// slider those that move it.
fn is_its_own(element: &web_sys::Element, key: &str) -> bool {
    match (element.tag_name().as_str(), element.get_attribute("type").as_deref()) {
        ("INPUT", Some("range")) => {
            key.starts_with("Arrow") || matches!(key, "Home" | "End" | "PageUp" | "PageDown")
        }
        ("INPUT" | "TEXTAREA" | "SELECT", _) => true,
        _ => false,
    }
}

fn escape(app: App) {
    if app.dialog.get_untracked().is_some() {
        app.dialog.set(None);
    } else if app.menu.get_untracked().is_some() {
        app.menu.set(None);
    } else {
        app.problem.set(None);
    }
}

/// True if the key meant something.
fn act(app: App, event: &web_sys::KeyboardEvent) -> bool {
    if app.dialog.get_untracked().is_some() {
        return false;
    }
    let on_button = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .is_some_and(|element| element.tag_name() == "BUTTON");
    let far = if event.shift_key() { 10 } else { 1 };
    match event.key().as_str() {
        key if app.embedded && !EMBEDDED.contains(&key) => return false,
        " " if !on_button => app.set_playing(!app.playing.get_untracked()),
        "." => app.step(false, false),
        "," => app.step(true, false),
        "n" | "N" => app.step(false, true),
        "p" | "P" => app.step(true, true),
        "]" => app.change_speed(true),
        "[" => app.change_speed(false),
        "s" | "S" => app.mode.set(Mode::Story),
        "ArrowRight" => seek_by(app, far * ARROW_US),
        "ArrowLeft" => seek_by(app, -far * ARROW_US),
        "u" | "U" => app.with_engine(|engine| engine.undo()),
        "r" | "R" => app.with_engine(|engine| engine.redo()),
        "e" | "E" => app.dialog.set(Some(Dialog::Share)),
        "o" | "O" => app.with_engine(|engine| engine.switch_future()),
        "l" | "L" => app.with_engine(|engine| engine.copy_link()),
        "t" | "T" => app.change_theme(),
        "1" => app.tab.set(Tab::Inspect),
        "2" => app.tab.set(Tab::Story),
        "3" => app.tab.set(Tab::Audit),
        "4" => app.tab.set(Tab::Tools),
        "5" => app.tab.set(Tab::Record),
        "?" => app.dialog.set(Some(Dialog::Help)),
        other => return look::key(app, other),
    }
    true
}

fn seek_by(app: App, by_us: i64) {
    let now = app.with_engine(|engine| engine.aim_us());
    app.seek(now.saturating_add_signed(by_us));
}
