//! Starts the worker.
use kafkarium_web::bridge::desk::{Desk, Voice};
use kafkarium_web::bridge::protocol::{FromWorker, from_bytes, to_bytes};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

struct Post {
    scope: DedicatedWorkerGlobalScope,
}

impl Voice for Post {
    fn say(&mut self, message: FromWorker) {
        // An array of bytes is a message, a bare buffer a frame.
        let bytes = js_sys::Uint8Array::from(to_bytes(&message).as_slice());
        let transfer = js_sys::Array::of1(&bytes.buffer());
        self.scope.post_message_with_transfer(&bytes, &transfer).expect_throw("the page listens");
    }

    fn frame(&mut self, bytes: Vec<u8>) {
        let buffer = js_sys::Uint8Array::from(bytes.as_slice()).buffer();
        let transfer = js_sys::Array::of1(&buffer);
        self.scope.post_message_with_transfer(&buffer, &transfer).expect_throw("the page listens");
    }

    fn clock_ms(&self) -> f64 {
        js_sys::Date::now()
    }
}

fn main() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let desk = Rc::new(RefCell::new(Desk::default()));
    let go_on = later(&scope, desk.clone());
    let heard = Closure::<dyn FnMut(MessageEvent)>::new({
        let scope = scope.clone();
        move |event: MessageEvent| {
            let bytes = event.data().unchecked_into::<js_sys::Uint8Array>().to_vec();
            let message = from_bytes(&bytes).expect_throw("the page is of this build");
            let mut post = Post { scope: scope.clone() };
            desk.borrow_mut().hear(message, &mut post);
            if desk.borrow_mut().work(&mut post) {
                schedule(&scope, &go_on);
            }
        }
    });
    scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    Desk::ready(&mut Post { scope });
}

/// What goes on with work that is left, and whether it is to run already.
#[derive(Default)]
struct Task {
    handler: RefCell<Option<Closure<dyn FnMut()>>>,
    waits: Cell<bool>,
}

/// Work that is left goes on after whatever the page said meanwhile.
fn later(scope: &DedicatedWorkerGlobalScope, desk: Rc<RefCell<Desk>>) -> Rc<Task> {
    let task: Rc<Task> = Rc::default();
    let (own, scope) = (task.clone(), scope.clone());
    *task.handler.borrow_mut() = Some(Closure::new(move || {
        own.waits.set(false);
        if desk.borrow_mut().work(&mut Post { scope: scope.clone() }) {
            schedule(&scope, &own);
        }
    }));
    task
}

fn schedule(scope: &DedicatedWorkerGlobalScope, task: &Task) {
    if task.waits.replace(true) {
        return;
    }
    if let Some(handler) = &*task.handler.borrow() {
        scope
            .set_timeout_with_callback_and_timeout_and_arguments_0(handler.as_ref().unchecked_ref(), 0)
            .expect_throw("workers have timers");
    }
}
