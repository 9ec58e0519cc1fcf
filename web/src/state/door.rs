//! The door to the workshop, where scenarios are written: a WebAssembly of its own, fetched when it is first wanted. Page
//! and workshop share the document and speak by its events.
use super::app::{App, Dialog};
use super::browser;
use crate::bridge::protocol::Source;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{CustomEvent, CustomEventInit, HtmlLinkElement, HtmlScriptElement};

/// To the workshop: come in. What comes along is a [`Visit`].
pub const OPEN: &str = "workshop-open";
/// To the workshop: say this sentence.
pub const TOLD: &str = "workshop-told";
/// From the workshop: it is there.
pub const READY: &str = "workshop-ready";
/// From the workshop: run this text.
pub const RUN: &str = "workshop-run";
/// It could not be fetched.
const FAILED: &str = "workshop-failed";
/// The element that the workshop stands in.
pub const ROOM: &str = "workshop";

/// What the page knows of the workshop.
#[derive(Clone, Copy)]
pub struct Door {
    /// The draft that this browser keeps; empty for none.
    draft: RwSignal<String>,
    /// It could not be fetched.
    pub failed: RwSignal<bool>,
    fetched: StoredValue<Fetched>,
    tries: StoredValue<u32>,
    file: StoredValue<Option<(String, String)>>,
}

/// How far the workshop is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fetched {
    /// Nobody wanted it yet.
    Not,
    /// It is on its way.
    Coming,
    /// It could not be fetched, and may be asked for again.
    Failed,
    /// It is there.
    Here,
}

/// What somebody who comes into the workshop brings along.
pub struct Visit {
    /// The title of the run that is open.
    pub title: String,
    /// Its text.
    pub text: String,
    /// A file's name and text.
    pub file: Option<(String, String)>,
}

impl Door {
    pub(super) fn new() -> Door {
        Door {
            draft: RwSignal::new(kept()),
            failed: RwSignal::new(false),
            fetched: StoredValue::new(Fetched::Not),
            tries: StoredValue::new(0),
            file: StoredValue::new(None),
        }
    }

    fn fail(&self) {
        self.fetched.set_value(Fetched::Failed);
        self.failed.set(true);
    }
}

fn kept() -> String {
    browser::remembered("draft").unwrap_or_default()
}

impl App {
    /// Opens the workshop, with a file's name and text if there is one.
    pub fn build(&self, file: Option<(String, String)>) {
        self.door.file.set_value(file);
        if self.dialog.get_untracked() == Some(Dialog::Build) {
            self.enter_workshop();
        } else {
            self.dialog.set(Some(Dialog::Build));
        }
    }

    /// The workshop's room is there: whoever works in it is told, or fetched first.
    pub fn enter_workshop(&self) {
        match self.door.fetched.get_value() {
            Fetched::Here => self.announce(),
            Fetched::Coming => {}
            Fetched::Failed => self.fetch_workshop(),
            Fetched::Not => {
                self.hear_workshop();
                self.fetch_workshop();
            }
        }
    }

    /// The workshop is left.
    pub fn leave_workshop(&self) {
        self.door.draft.set(kept());
    }

    /// Whether this browser keeps a draft that does not run.
    pub fn has_draft(&self) -> bool {
        let draft = self.door.draft.read();
        !draft.is_empty() && self.opened.read().as_ref().is_none_or(|opened| opened.text != *draft)
    }

    fn announce(&self) {
        let opened = self.opened.get_untracked();
        let (title, text) = opened.map(|opened| (opened.title, opened.text)).unwrap_or_default();
        let file = self.door.file.try_update_value(Option::take).flatten();
        say(OPEN, &Visit { title, text, file }.write());
    }

    fn hear_workshop(&self) {
        let app = *self;
        listen(READY, move |_| {
            app.door.fetched.set_value(Fetched::Here);
            app.announce();
        });
        listen(RUN, move |detail| app.open(Source::Text(detail.as_string().unwrap_or_default())));
        listen(FAILED, move |_| app.door.fail());
    }

    fn fetch_workshop(&self) {
        let door = self.door;
        door.fetched.set_value(Fetched::Coming);
        door.failed.set(false);
        door.tries.update_value(|tries| *tries += 1);
        let tries = door.tries.get_value();
        let begin = || {
            let document = browser::window().document()?;
            let link: HtmlLinkElement = browser::by_id("workshop-boot")?.dyn_into().ok()?;
            let script: HtmlScriptElement = document.create_element("script").ok()?.dyn_into().ok()?;
            script.set_type("module");
            // Browsers remember a module that did not come, by its address: the next try has another.
            script.set_src(&format!("{}&try={tries}", link.href()));
            let wrong = Closure::<dyn FnMut()>::new(move || door.fail());
            script.set_onerror(Some(wrong.as_ref().unchecked_ref()));
            wrong.forget();
            document.head()?.append_child(&script).ok()
        };
        if begin().is_none() {
            door.fail();
        }
    }
}

impl Visit {
    fn write(&self) -> JsValue {
        let (name, file) = match &self.file {
            Some((name, text)) => (name.into(), text.into()),
            None => (JsValue::NULL, JsValue::NULL),
        };
        js_sys::Array::of4(&self.title.as_str().into(), &self.text.as_str().into(), &name, &file).into()
    }

    /// Reads what [`OPEN`] carries.
    pub fn read(detail: &JsValue) -> Visit {
        let parts = js_sys::Array::from(detail);
        let text = |at| parts.get(at).as_string();
        let file = text(2).zip(text(3));
        Visit { title: text(0).unwrap_or_default(), text: text(1).unwrap_or_default(), file }
    }
}

/// Says something to whoever listens in the document.
pub fn say(name: &str, detail: &JsValue) {
    let init = CustomEventInit::new();
    init.set_detail(detail);
    if let Ok(event) = CustomEvent::new_with_event_init_dict(name, &init) {
        let _ = browser::window().dispatch_event(&event);
    }
}

/// Listens for as long as the document lives.
pub fn listen(name: &str, heard: impl Fn(JsValue) + 'static) {
    let heard = Closure::<dyn FnMut(CustomEvent)>::new(move |event: CustomEvent| heard(event.detail()));
    let _ = browser::window().add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    heard.forget();
}
