//! The canvas, what is pointed at on it, and the keyboard's way through it.
use super::look::{self, Look};
use super::menu::MenuBox;
use crate::stage::{STACKED_BELOW, Stage};
use crate::state::App;
use crate::state::app::{Menu, Tab};
use crate::state::browser;
use kafkarium_core::observe::report::Subject;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// How the keyboard goes over it.
const HOW: &str =
    "The cluster. Tab, or arrow up and down, goes from thing to thing; Enter opens what can be done to it.";
/// The least width and height at which the whole stage stands side by side, CSS pixels.
const LEAST: (f64, f64) = (760.0, 360.0);
/// The width at which it stands one below the other where that is larger, CSS pixels.
const STACKED: f64 = 560.0;

#[component]
pub fn StagePanel(app: App) -> impl IntoView {
    let canvas = NodeRef::<html::Canvas>::new();
    let room = NodeRef::<html::Div>::new();
    let dragged = look::Dragged::new(false);
    Effect::new(move |_| {
        let (Some(canvas), Some(_)) = (canvas.get(), room.get()) else { return };
        if !app.embedded {
            look::listen(app, &canvas, dragged);
        }
        app.with_engine(|engine| {
            engine.set_canvas(canvas);
            engine.stage().into_iter().filter(|_| app.embedded).for_each(Stage::leave_untouched);
        });
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
        if app.embedded {
            return;
        }
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
        if dragged.get_value() || app.embedded {
            return;
        }
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
    let reached = NodeRef::<html::Div>::new();
    let key = move |event: web_sys::KeyboardEvent| {
        let walk = match event.key().as_str() {
            "Tab" if !event.shift_key() => Walk { by: 1, all: false, leaves: true },
            "Tab" => Walk { by: -1, all: false, leaves: true },
            "ArrowDown" => Walk { by: 1, all: true, leaves: false },
            "ArrowUp" => Walk { by: -1, all: true, leaves: false },
            "Enter" => return open_menu(app, &event),
            _ => return,
        };
        go_on(app, walk, &event);
        show_reached(app, reached);
    };
    // Said when asked for, and never by itself.
    let summary = Memo::new(move |_| {
        app.details.track();
        app.with_engine(|engine| engine.stage().map(|stage| stage.summary())).unwrap_or_default()
    });
    let loading = move || !app.alive.get() && app.problem.read().is_none();
    let (role, label, tabindex) =
        if app.embedded { ("img", "The cluster.", "-1") } else { ("application", HOW, "0") };
    view! {
        <div class="stage" node_ref=room aria-busy=move || loading().to_string()>
            <canvas node_ref=canvas id="stage" tabindex=tabindex role=role aria-describedby="stage-words" aria-label=label
                on:pointermove=hover on:pointerleave=leave on:click=click on:keydown=key></canvas>
            <p class="heard" id="stage-words">{summary}</p>
            <div class="reached" node_ref=reached aria-hidden="true"></div>
            {move || loading().then(|| view! { <p class="waits">"Starting the simulation…"</p> })}
            {(!app.embedded).then(|| view! { <MenuBox app/> }.into_any())}
        </div>
        {(!app.embedded).then(|| view! { <Look app/> }.into_any())}
    }
    .into_any()
}

/// Gives the stage the room there is; `always` even if nothing changed its needs.
fn fit(app: App, room: NodeRef<html::Div>, always: bool) {
    let Some(room) = room.get_untracked() else { return };
    let needed = app.with_engine(|engine| {
        let stage = engine.stage()?;
        let known = room.get_attribute("data-needs").and_then(|text| text.parse::<i32>().ok());
        // Whole numbers: what reads fractions would be 15 KiB more to download.
        (always || known != Some(stage.needed_height().round() as i32)).then(|| {
            // Only now: to be asked for its size, the browser lays the whole page out.
            let (width, height) = (f64::from(room.client_width()), f64::from(room.client_height()));
            let ratio = browser::window().device_pixel_ratio();
            if app.embedded {
                fit_all(stage, width, height, ratio);
            } else {
                stage.resize(width, height, ratio);
            }
            stage.needed_height().round() as i32
        })
    });
    if let Some(needed) = needed {
        let _ = room.set_attribute("data-needs", &needed.to_string());
        let style = web_sys::HtmlElement::style(&room);
        let _ = style.set_property("--needs", &format!("{needed}px"));
    }
}

/// Draws all of the stage into a room that may be too small for it, as small as that takes: nothing is to be scrolled there.
fn fit_all(stage: &mut Stage, width: f64, height: f64, ratio: f64) {
    let mut scale = (width / LEAST.0).min(height / LEAST.1).min(1.0);
    // In a narrow, high frame all of it is larger one below the other; of nothing that cannot be told.
    if stage.has_brokers() {
        let stacked = (width / STACKED).min(height / stage.resize(STACKED, height, ratio)).min(1.0);
        if stacked > scale && width / stacked < STACKED_BELOW {
            scale = stacked;
        }
    }
    let needed = stage.resize(width / scale, height / scale, ratio * scale);
    if needed * scale > height {
        scale = height / needed;
        stage.resize(width / scale, needed, ratio * scale);
    }
}

fn choose(app: App, subject: Subject, x: f64, y: f64) {
    let again = app.selection.get_untracked() == subject && app.menu.get_untracked().is_some();
    app.select(subject);
    app.tab.set(Tab::Inspect);
    app.menu.set((!again).then_some(Menu { subject, x, y, by_keyboard: false }));
}

/// A way of the keyboard over the stage.
#[derive(Clone, Copy)]
struct Walk {
    by: i32,
    /// Through every replica, however many there are.
    all: bool,
    /// At either end the focus goes on to the rest of the page.
    leaves: bool,
}

fn go_on(app: App, walk: Walk, event: &web_sys::KeyboardEvent) {
    let now = app.selection.get_untracked();
    let next = app.with_engine(|engine| {
        let order = engine.stage()?.subjects_in_order(walk.all);
        let at = order.iter().position(|subject| *subject == now).map_or(-1, |at| at as i32);
        let next = if at < 0 && walk.by < 0 { -1 } else { at + walk.by };
        usize::try_from(next).ok().and_then(|next| order.get(next).copied())
    });
    match next {
        Some(next) => {
            event.prevent_default();
            app.menu.set(None);
            app.select(next);
        }
        None if walk.leaves => {
            app.menu.set(None);
            app.select(Subject::Cluster);
        }
        None => event.prevent_default(),
    }
}

/// Says where the keyboard is, and brings it into sight.
fn show_reached(app: App, mark: NodeRef<html::Div>) {
    let subject = app.selection.get_untracked();
    let found = app.with_engine(|engine| {
        let stage = engine.stage()?;
        Some((stage.words_of(subject), stage.rect_of(subject)?))
    });
    let (Some((words, rect)), Some(mark)) = (found, mark.get_untracked()) else { return };
    app.reached.set(words);
    let style = web_sys::HtmlElement::style(&mark);
    for (name, value) in [("left", rect.x), ("top", rect.y), ("width", rect.width), ("height", rect.height)] {
        let _ = style.set_property(name, &format!("{value}px"));
    }
    browser::into_sight(&mark);
}

fn open_menu(app: App, event: &web_sys::KeyboardEvent) {
    let subject = app.selection.get_untracked();
    let rect = app.with_engine(|engine| engine.stage().and_then(|stage| stage.rect_of(subject)));
    if let Some(rect) = rect {
        event.prevent_default();
        app.menu.set(Some(Menu { subject, x: rect.x + 30.0, y: rect.y + 20.0, by_keyboard: true }));
    }
}
