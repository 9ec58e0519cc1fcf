//! Files that come from the person's machine: chosen, or dropped on the page.
use super::{App, browser};
use leptos::prelude::Set;
use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, File};

/// Nobody's scenario is larger than this, bytes.
const FILE_BYTES_MAX: f64 = 1_000_000.0;

/// Reads a file: its name and text, or one sentence on why not.
pub fn read(file: &File, done: impl Fn(Result<(String, String), String>) + Clone + 'static) {
    let name = file.name();
    if file.size() > FILE_BYTES_MAX {
        return done(Err(format!("{name} is too large for a scenario: at most 64 KiB of text.")));
    }
    let refuse = done.clone();
    let failed = Closure::once(move |_: JsValue| refuse(Err("The file could not be read.".to_owned())));
    let read = Closure::once(move |text: JsValue| done(Ok((name, text.as_string().unwrap_or_default()))));
    let _ = file.text().then2(&read, &failed);
    read.forget();
    failed.forget();
}

/// Takes files that are dropped anywhere on the page, for as long as it lives.
pub fn listen(app: App) {
    let over = Closure::<dyn FnMut(DragEvent)>::new(move |event: DragEvent| {
        if is_of_files(&event) {
            event.prevent_default();
        }
    });
    let dropped = Closure::<dyn FnMut(DragEvent)>::new(move |event: DragEvent| {
        let files = event.data_transfer().and_then(|data| data.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            event.prevent_default();
            read(&file, move |read| match read {
                Ok(file) => app.build(Some(file)),
                Err(why) => app.notice.set(Some(why)),
            });
        }
    });
    let window = browser::window();
    let _ = window.add_event_listener_with_callback("dragover", over.as_ref().unchecked_ref());
    let _ = window.add_event_listener_with_callback("drop", dropped.as_ref().unchecked_ref());
    over.forget();
    dropped.forget();
}

fn is_of_files(event: &DragEvent) -> bool {
    let types = event.data_transfer().map(|data| data.types());
    types.is_some_and(|types| types.includes(&"Files".into(), 0))
}
