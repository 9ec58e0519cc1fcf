//! The link to the moment shown: for the address bar, the clipboard, and whoever else waits for it; and texts that the
//! worker writes down for them.
use super::app::App;
use super::browser;
use super::engine::Engine;
use super::opening::Wish;
use crate::bridge::protocol::ToWorker;
use js_sys::Function;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

impl Engine {
    /// Copies a link to this moment.
    pub fn copy_link(&mut self) {
        if !self.is_worker_there() {
            // By the time there is one, the browser lets nobody write into the clipboard.
            return self.wish(Wish::new("put the link into the address bar", |engine| engine.ask_link()));
        }
        self.copying = true;
        self.ask_link();
    }

    /// Asks for a link to this moment.
    pub(super) fn ask_link(&mut self) {
        let Some(app) = self.app() else { return };
        let subject = app.selection.get_untracked();
        self.say(&ToWorker::Link { at_us: self.playhead_us as u64, subject });
    }

    /// Has the worker make a link for somebody who waits for it; or write down what `writing` asks for.
    pub fn give_text(&mut self, writing: Option<ToWorker>, answer: Function) {
        let what = if writing.is_some() { "write it down" } else { "make the link" };
        self.wish(Wish::new(what, move |engine| match writing {
            None => {
                engine.link_for = Some(answer);
                engine.ask_link();
            }
            Some(writing) => {
                engine.writing_for = Some(answer);
                engine.say(&writing);
            }
        }));
    }

    /// The worker made a link, or says why there is none.
    pub(super) fn linked(&mut self, app: App, link: Result<String, String>) {
        let is_kept = link.is_ok();
        match link {
            Ok(fragment) => {
                // In somebody's page the address stays what that page asks for.
                if !app.embedded {
                    browser::set_fragment(&fragment);
                }
                give(&mut self.link_for, &JsValue::from_str(&fragment), &JsValue::NULL);
                if std::mem::take(&mut self.copying) {
                    browser::copy(&browser::url_with(&fragment));
                    app.notice.set(Some("The link to this moment is in the clipboard.".to_owned()));
                }
                self.fragment = fragment;
            }
            Err(why) => {
                let why = format!("No link can be made: {why}.");
                give(&mut self.link_for, &JsValue::NULL, &JsValue::from_str(&why));
                if std::mem::take(&mut self.copying) {
                    app.notice.set(Some(why));
                }
            }
        }
        self.tell_kept(is_kept);
    }

    /// The worker wrote down what somebody waits for.
    pub(super) fn written(&mut self, text: String) {
        give(&mut self.writing_for, &text.into(), &JsValue::NULL);
    }
}

/// Gives somebody who waits for it a text, or a sentence on why there is none.
fn give(to: &mut Option<Function>, text: &JsValue, why: &JsValue) {
    if let Some(answer) = to.take() {
        let _ = answer.call2(&JsValue::NULL, text, why);
    }
}
