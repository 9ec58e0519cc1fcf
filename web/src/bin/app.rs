//! Starts the page.
use leptos::prelude::*;
use leptos::web_sys::{HtmlLinkElement, MessageEvent, Worker, WorkerOptions, WorkerType};
use wasm_bindgen::prelude::*;

fn main() {
    let greeting = RwSignal::new(String::from("the worker has not spoken yet"));
    start_worker(greeting);
    mount_to_body(move || view! { <h1>"Kafkarium"</h1><p id="worker-says">{greeting}</p> });
}

/// The page names its worker in a link, so that no path is put together here.
fn start_worker(greeting: RwSignal<String>) {
    let link: HtmlLinkElement = document().get_element_by_id("worker").unwrap().unchecked_into();
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&link.href(), &options).unwrap();
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        greeting.set(event.data().as_string().unwrap_or_default());
    });
    worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
}
