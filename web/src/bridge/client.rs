//! The page's side: a worker, what is said to it, and what is heard.
use super::protocol::{FromWorker, ToWorker, from_bytes, to_bytes};
use kafkarium_core::observe::frame_codec::decode;
use kafkarium_core::observe::view::Frame;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlLinkElement, MessageEvent, Worker, WorkerOptions, WorkerType};

const OTHER_BUILD: &str = "page and worker are of different builds";

/// What comes from the worker.
pub enum Heard {
    /// A message.
    Message(FromWorker),
    /// A window.
    Frame(Box<Frame>),
    /// The worker is dead, or speaks another language: why.
    Died(String),
}

/// A running worker. Dropping it ends it.
pub struct Client {
    worker: Worker,
    _heard: Closure<dyn FnMut(MessageEvent)>,
    _died: Closure<dyn FnMut(web_sys::Event)>,
}

impl Client {
    /// Starts the worker that the page names; `None` if the browser has none.
    pub fn start(hear: impl Fn(Heard) + Clone + 'static) -> Option<Client> {
        // The page names its worker in a link, so that no path is put together here.
        let link: HtmlLinkElement =
            web_sys::window()?.document()?.get_element_by_id("worker")?.dyn_into().ok()?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&link.href(), &options).ok()?;
        let heard = Closure::<dyn FnMut(MessageEvent)>::new({
            let hear = hear.clone();
            move |event: MessageEvent| hear(read(&event.data()))
        });
        let died = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            event.prevent_default();
            hear(Heard::Died("the simulation stopped with an error".to_owned()));
        });
        worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        worker.set_onerror(Some(died.as_ref().unchecked_ref()));
        Some(Client { worker, _heard: heard, _died: died })
    }

    /// Says something to the worker.
    pub fn say(&self, message: &ToWorker) {
        let bytes = js_sys::Uint8Array::from(to_bytes(message).as_slice());
        self.worker.post_message(&bytes).expect_throw("a worker can always be written to");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn read(data: &JsValue) -> Heard {
    if let Some(buffer) = data.dyn_ref::<js_sys::ArrayBuffer>() {
        let bytes = js_sys::Uint8Array::new(buffer).to_vec();
        return match decode(&bytes) {
            Ok(frame) => Heard::Frame(Box::new(frame)),
            Err(error) => Heard::Died(error.to_string()),
        };
    }
    let message = data.dyn_ref::<js_sys::Uint8Array>().and_then(|bytes| from_bytes(&bytes.to_vec()));
    message.map_or_else(|| Heard::Died(OTHER_BUILD.to_owned()), Heard::Message)
}
