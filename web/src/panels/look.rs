//! Looking at the brokers from nearer: wheel, drag, two fingers, double click; the buttons for it.
use super::find::FindBox;
use crate::stage::Stage;
use crate::state::{App, browser};
use kafkarium_core::observe::report::Subject;
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{AddEventListenerOptions, HtmlCanvasElement, PointerEvent, WheelEvent};

/// One press of a key or a button, one double click on what can be read already.
const STEP: f64 = 1.6;
/// What a wheel's pixel does to the logarithm of the factor.
const PER_PIXEL: f64 = 0.001_6;
/// A line of a wheel that counts lines, pixels.
const LINE: f64 = 16.0;
/// A finger or a mouse that moved less was not meant to drag, pixels.
const STILL: f64 = 4.0;

/// The buttons, where there is more than fits.
#[component]
pub fn Look(app: App) -> impl IntoView {
    let zoom = Memo::new(move |_| {
        app.now_us.track();
        app.looked.track();
        with_stage(app, |stage| (stage.is_crowded(), (stage.zoom().0 * 100.0).round())).unwrap_or_default()
    });
    let shown = move || zoom.get().0 || zoom.get().1 > 100.0;
    let by = move |factor: f64| {
        move |_| {
            with_stage(app, |stage| stage.zoom_by(factor));
        }
    };
    view! {
        <div class="look" class:few=move || !shown() role="group" aria-label="Look at the brokers">
            <FindBox app/>
            <span class="zoom" class:away=move || !shown()>
                <button aria-label="Farther" title="Farther (−)" on:click=by(1.0 / STEP)>"−"</button>
                <button aria-label="All brokers" title="All brokers (0)" on:click=by(0.0)>{move || format!("{} %", zoom.get().1)}</button>
                <button aria-label="Nearer" title="Nearer (+)" on:click=by(STEP)>"+"</button>
            </span>
        </div>
    }
}

/// Whether brokers stand so close that one of them can be looked at from nearer.
pub fn can_be_nearer(app: App) -> bool {
    with_stage(app, |stage| stage.is_crowded() && stage.zoom().0 <= 1.0) == Some(true)
}

/// Goes near to something.
pub fn show(app: App, subject: Subject) {
    with_stage(app, |stage| stage.show(subject));
    app.looked.update(|count| *count += 1);
}

/// Asks the stage, if it is there.
pub fn with_stage<R>(app: App, ask: impl FnOnce(&mut Stage) -> R) -> Option<R> {
    app.with_engine(|engine| engine.stage().map(ask))
}

/// Pointers that are down, with where they are.
#[derive(Default)]
struct Hands {
    down: Vec<(i32, f64, f64)>,
    travelled: f64,
}

/// Whether the last press was a drag, so that the click that ends it means nothing.
pub type Dragged = StoredValue<bool>;

/// Listens on the canvas for as long as it lives.
pub fn listen(app: App, canvas: &HtmlCanvasElement, dragged: Dragged) {
    let hands = Rc::new(RefCell::new(Hands::default()));
    on(canvas, "wheel", move |event: WheelEvent| wheel(app, &event));
    on(canvas, "dblclick", move |event: web_sys::MouseEvent| {
        app.menu.set(None);
        double_click(app, f64::from(event.offset_x()), f64::from(event.offset_y()));
    });
    let of = hands.clone();
    on(canvas, "pointerdown", move |event: PointerEvent| {
        let mut hands = of.borrow_mut();
        if hands.down.is_empty() {
            hands.travelled = 0.0;
            dragged.set_value(false);
        }
        hands.down.push((event.pointer_id(), f64::from(event.offset_x()), f64::from(event.offset_y())));
    });
    let of = hands.clone();
    on(canvas, "pointermove", move |event: PointerEvent| {
        let mut hands = of.borrow_mut();
        moved(app, &mut hands, &event);
        if hands.travelled > STILL {
            dragged.set_value(true);
        }
    });
    for end in ["pointerup", "pointercancel", "pointerleave"] {
        let of = hands.clone();
        on(canvas, end, move |event: PointerEvent| {
            of.borrow_mut().down.retain(|(id, ..)| *id != event.pointer_id());
        });
    }
}

fn on<E: JsCast + 'static>(canvas: &HtmlCanvasElement, name: &str, act: impl Fn(E) + 'static) {
    let heard = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        if let Ok(event) = event.dyn_into::<E>() {
            act(event);
        }
    });
    let options = AddEventListenerOptions::new();
    options.set_passive(false);
    let function = heard.as_ref().unchecked_ref();
    let _ = canvas.add_event_listener_with_callback_and_add_event_listener_options(name, function, &options);
    heard.forget();
}

fn wheel(app: App, event: &WheelEvent) {
    let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let pixels = if event.delta_mode() == WheelEvent::DOM_DELTA_PIXEL { 1.0 } else { LINE };
    let by = (-event.delta_y() * pixels * PER_PIXEL).exp();
    let meant = event.ctrl_key() || event.meta_key();
    let done = with_stage(app, |stage| {
        let (factor, _) = stage.zoom();
        // Where the wheel scrolls the page or the stage, it goes on to do so.
        let scrolls = stage.is_higher_than_its_room() && factor <= 1.0;
        let wanted = meant || !scrolls;
        if wanted && (by > 1.0 || factor > 1.0) {
            stage.zoom_at(x, y, by);
        }
        wanted
    });
    if done == Some(true) {
        event.prevent_default();
        app.looked.update(|count| *count += 1);
    }
}

fn double_click(app: App, x: f64, y: f64) {
    with_stage(app, |stage| match stage.hit(x, y).map(|hit| hit.subject) {
        Some(Subject::Broker(id) | Subject::Replica(_, id)) if stage.zoom().0 <= 1.0 => {
            if !stage.show(Subject::Broker(id)) {
                stage.zoom_at(x, y, STEP);
            }
        }
        _ => stage.show_whole(),
    });
}

fn moved(app: App, hands: &mut Hands, event: &PointerEvent) {
    let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let Some(at) = hands.down.iter().position(|(id, ..)| *id == event.pointer_id()) else { return };
    let (_, before_x, before_y) = hands.down[at];
    let apart = |hands: &Hands| match hands.down[..] {
        [(_, a, b), (_, c, d)] => Some(((a - c).hypot(b - d).max(1.0), ((a + c) / 2.0, (b + d) / 2.0))),
        _ => None,
    };
    let before = apart(hands);
    hands.down[at] = (event.pointer_id(), x, y);
    hands.travelled += (x - before_x).hypot(y - before_y);
    if hands.travelled <= STILL {
        return;
    }
    with_stage(app, |stage| match (before, apart(hands)) {
        (Some((far, middle)), Some((farther, now))) => {
            stage.zoom_at(middle.0, middle.1, farther / far);
            stage.move_by(now.0 - middle.0, now.1 - middle.1);
        }
        _ => {
            stage.move_by(x - before_x, y - before_y);
        }
    });
    app.looked.update(|count| *count += 1);
}

/// A key that changes how near the brokers are looked at; true if it was one.
pub fn key(app: App, key: &str) -> bool {
    let by = match key {
        "+" | "=" => STEP,
        "-" | "−" => 1.0 / STEP,
        "0" => 0.0,
        "/" => {
            browser::focus("find");
            return true;
        }
        _ => return false,
    };
    with_stage(app, |stage| stage.zoom_by(by));
    true
}
