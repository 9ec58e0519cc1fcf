//! The workshop: a scenario is written here, part by part and as text. It reads and changes the text itself, and knows of
//! the page only the door between them; it is a WebAssembly of its own, because nobody needs it to see a cluster move.
mod draft;
mod form;
mod parts;
mod text;
mod view;

use crate::state::browser;
use crate::state::door::{OPEN, READY, ROOM, TOLD, Visit, listen, say};
use draft::Draft;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// Sets the workshop up, and lets in whoever comes.
pub fn start() {
    let Some(document) = browser::window().document() else { return };
    let bench = document.create_element("div").expect_throw("a document makes elements");
    bench.set_class_name("workshop");
    let bench: web_sys::HtmlElement = bench.unchecked_into();
    let parent = bench.clone();
    let room = move || {
        let draft = Draft::start();
        let bench = bench.clone();
        listen(OPEN, move |detail| {
            draft.enter(Visit::read(&detail));
            if let Some(room) = browser::by_id(ROOM) {
                room.set_inner_html("");
                let _ = room.append_child(&bench);
            }
        });
        listen(TOLD, move |why| draft.told.set(why.as_string()));
        view! { <view::Workshop draft/> }
    };
    mount_to(parent, room).forget();
    say(READY, &JsValue::NULL);
}
