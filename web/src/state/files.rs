//! Files that come from the person's machine: chosen, or dropped on the page.
use super::app::Dialog;
use super::door::{TOLD, say};
use super::{App, browser};
use kafkarium_core::scenario::limits::TEXT_BYTES;
use leptos::prelude::{GetUntracked, Set};
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, File};

/// Reads a file: its name and text, or one sentence on why not.
pub fn read(file: &File, done: impl Fn(Result<(String, String), String>) + Clone + 'static) {
    let name = file.name();
    if file.size() > TEXT_BYTES as f64 {
        return done(Err(format!("{name} is too large for a scenario: at most 64 KiB of text.")));
    }
    let refuse = done.clone();
    let failed = Closure::once(move |_: JsValue| refuse(Err("The file could not be read.".to_owned())));
    let read = Closure::once(move |text: JsValue| {
        let text = text.as_string().unwrap_or_default();
        // What no text has, and what stands where a byte is none of a text's.
        let is_text = !text.contains(['\0', '\u{fffd}']);
        done(if is_text { Ok((name, text)) } else { Err(format!("{name} is not a text file.")) });
    });
    let _ = file.text().then2(&read, &failed);
    read.forget();
    failed.forget();
}

/// Takes files that are dropped anywhere on the page, for as long as it lives; the page shows that one is held over it.
pub fn listen(app: App) {
    let heard = Closure::<dyn FnMut(DragEvent)>::new(move |event: DragEvent| {
        let kind = event.type_();
        if kind == "dragover" && is_of_files(&event) {
            event.prevent_default();
            show_held(true);
        }
        // What it goes on to is told, unless it leaves the page.
        if kind == "drop" || kind == "dragleave" && event.related_target().is_none() {
            show_held(false);
        }
        let files = event.data_transfer().and_then(|data| data.files());
        if let Some(file) = files.and_then(|files| files.get(0)).filter(|_| kind == "drop") {
            event.prevent_default();
            read(&file, move |read| match read {
                Ok(file) => app.build(Some(file)),
                // A notice would lie under the workshop.
                Err(why) if app.dialog.get_untracked() == Some(Dialog::Build) => say(TOLD, &why.into()),
                Err(why) => app.notice.set(Some(why)),
            });
        }
    });
    for kind in ["dragover", "dragleave", "drop"] {
        let _ = browser::window().add_event_listener_with_callback(kind, heard.as_ref().unchecked_ref());
    }
    heard.forget();
}

fn show_held(is_held: bool) {
    if let Some(root) = browser::window().document().and_then(|document| document.document_element()) {
        let _ = root.toggle_attribute_with_force("data-drop", is_held);
    }
}

fn is_of_files(event: &DragEvent) -> bool {
    let types = event.data_transfer().map(|data| data.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}
