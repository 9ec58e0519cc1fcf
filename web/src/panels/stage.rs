//! The canvas, what is pointed at on it, and the keyboard's way through it.
use super::menu::MenuBox;
use crate::state::App;
use crate::state::app::{Menu, Tab};
use crate::state::browser;
use kafkarium_core::observe::report::Subject;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

#[component]
pub fn StagePanel(app: App) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let room = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        let (Some(canvas), Some(_)) = (canvas.get(), room.get()) else { return };
        app.with_engine(|engine| engine.set_canvas(canvas));
        fit(app, room, true);
        let resized = Closure::<dyn FnMut()>::new(move || fit(app, room, true));
        let _ =
            browser::window().add_event_listener_with_callback("resize", resized.as_ref().unchecked_ref());
        resized.forget();
    });
    // What there is may need more room: another run, more members.
    Effect::new(move |_| {
        app.now_us.track();
        fit(app, room, false);
    });
    let at = |event: &web_sys::MouseEvent| (f64::from(event.offset_x()), f64::from(event.offset_y()));
    let hover = move |event: web_sys::PointerEvent| {
        let (x, y) = at(&event);
        app.with_engine(|engine| {
            if let Some(stage) = engine.stage() {
                let hit = stage.hit(x, y);
                let record = stage.record_at(x, y);
                stage.set_pointed(record);
                stage.set_hover(hit.map(|hit| hit.subject));
            }
        });
    };
    let leave = move |_| {
        app.with_engine(|engine| {
            engine.stage().into_iter().for_each(|stage| {
                stage.set_hover(None);
                stage.set_pointed(None);
            })
        })
    };
    let click = move |event: web_sys::MouseEvent| {
        let (x, y) = at(&event);
        let (hit, record) = app.with_engine(|engine| {
            let Some(stage) = engine.stage() else { return (None, None) };
            (stage.hit(x, y), stage.record_at(x, y))
        });
        if let Some(record) = record {
            hit.into_iter().for_each(|hit| app.select(hit.subject));
            return app.follow(record);
        }
        match hit {
            Some(hit) => choose(app, hit.subject, x, y),
            None => {
                app.menu.set(None);
                app.select(Subject::Cluster);
            }
        }
    };
    let key = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Tab" if !event.shift_key() => move_focus(app, 1, &event),
        "Tab" => move_focus(app, -1, &event),
        "Enter" => open_menu(app),
        _ => {}
    };
    view! {
        <div class="stage" node_ref=room>
            <canvas node_ref=canvas tabindex="0" role="application"
                aria-label="The cluster. Tab moves between producers, brokers, partitions and consumers; Enter opens what can be done to them."
                on:pointermove=hover on:pointerleave=leave on:click=click on:keydown=key></canvas>
            <MenuBox app/>
        </div>
    }
}

/// Gives the stage the room there is; `always` even if nothing changed its needs.
fn fit(app: App, room: NodeRef<html::Div>, always: bool) {
    let Some(room) = room.get_untracked() else { return };
    let (width, height) = (f64::from(room.client_width()), f64::from(room.client_height()));
    let ratio = browser::window().device_pixel_ratio();
    let needed = app.with_engine(|engine| {
        let stage = engine.stage()?;
        let known = room.get_attribute("data-needs").and_then(|text| text.parse::<f64>().ok());
        (always || known != Some(stage.needed_height().round())).then(|| {
            stage.resize(width, height, ratio);
            stage.needed_height().round()
        })
    });
    if let Some(needed) = needed {
        let _ = room.set_attribute("data-needs", &needed.to_string());
        let style = web_sys::HtmlElement::style(&room);
        let _ = style.set_property("--needs", &format!("{needed}px"));
    }
}

fn choose(app: App, subject: Subject, x: f64, y: f64) {
    let again = app.selection.get_untracked() == subject && app.menu.get_untracked().is_some();
    app.select(subject);
    app.tab.set(Tab::Inspect);
    app.menu.set((!again).then_some(Menu { subject, x, y }));
}

fn move_focus(app: App, by: i32, event: &web_sys::KeyboardEvent) {
    let now = app.selection.get_untracked();
    let next = app.with_engine(|engine| {
        let order = engine.stage()?.subjects_in_order();
        let at = order.iter().position(|subject| *subject == now).map_or(-1, |at| at as i32);
        let next = if at < 0 && by < 0 { -1 } else { at + by };
        usize::try_from(next).ok().and_then(|next| order.get(next).copied())
    });
    // At either end the focus leaves the stage.
    if let Some(next) = next {
        event.prevent_default();
        app.menu.set(None);
        app.select(next);
    } else {
        app.select(Subject::Cluster);
    }
}

fn open_menu(app: App) {
    let subject = app.selection.get_untracked();
    let rect = app.with_engine(|engine| engine.stage().and_then(|stage| stage.rect_of(subject)));
    if let Some(rect) = rect {
        app.menu.set(Some(Menu { subject, x: rect.x + 30.0, y: rect.y + 20.0 }));
    }
}
