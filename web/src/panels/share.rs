//! The room for what can be sent or kept, and what the page answers there. Its buttons and files are JavaScript, fetched when
//! somebody first shares (web/share/panel.js); a question is an event that carries what is asked, of what, and who to answer.
use super::caption;
use crate::bridge::protocol::ToWorker;
use crate::state::app::Mode;
use crate::state::{App, door};
use js_sys::{Array, Function};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// To web/boot.js: fetch what stands in this room.
const OPEN: &str = "share-open";
/// From what stands there: a question.
const ASK: &str = "share-ask";

/// The room. Time waits while somebody is in it: what is shared is the moment it was opened at.
#[component]
pub fn Share(app: App) -> impl IntoView {
    let room = NodeRef::<html::Div>::new();
    app.hold();
    Effect::new(move |_| {
        if let Some(room) = room.get() {
            door::say(OPEN, &room);
        }
    });
    on_cleanup(move || {
        app.with_engine(|engine| engine.end_film(app));
        app.release();
    });
    view! { <div class="share" node_ref=room><p class="soft" role="status">"Loading…"</p></div> }
}

/// Answers for as long as the page lives.
pub fn listen(app: App) {
    door::listen(ASK, move |question| {
        let question = Array::from(&question);
        let what = question.get(0).as_string().unwrap_or_default();
        let number = |at| question.get(at).as_f64().unwrap_or_default();
        let answer: Function = question.get(3).unchecked_into();
        let reply = match what.as_str() {
            "moment" => moment(app).into(),
            "csv" => app.metrics.read_untracked().csv().into(),
            "draw" => {
                let ctx = question.get(1).unchecked_into();
                app.with_engine(|engine| {
                    let at_us = engine.playhead_us() as f64;
                    engine.stage().into_iter().for_each(|stage| stage.draw_on(&ctx, at_us));
                });
                JsValue::UNDEFINED
            }
            "film" => {
                let speed = number(2);
                let mode = if speed > 0.0 { Mode::Fixed(speed) } else { Mode::Story };
                app.with_engine(|engine| engine.begin_film(app, number(1), mode)).into()
            }
            "turn" => app
                .with_engine(|engine| engine.turn_film(app, number(1)))
                .map_or(JsValue::NULL, JsValue::from),
            "cut" => {
                app.with_engine(|engine| engine.end_film(app));
                JsValue::UNDEFINED
            }
            later => {
                let writing = match later {
                    "story" => Some(ToWorker::WriteStory),
                    "life" => Some(ToWorker::WriteLife),
                    _ => None,
                };
                return app.with_engine(|engine| engine.give_text(writing, answer));
            }
        };
        let _ = answer.call1(&JsValue::NULL, &reply);
    });
}

/// What is to be said of the moment shown, and how large the stage is.
fn moment(app: App) -> Array {
    let (what, why) = untrack(|| caption::words(app));
    let (now_us, (width, height)) = app.with_engine(|engine| {
        (engine.playhead_us(), engine.stage().map_or((0.0, 0.0), |stage| stage.extent()))
    });
    let (title, seed) = app.opened.with_untracked(|opened| {
        opened.as_ref().map(|opened| (opened.title.clone(), opened.seed.to_string())).unwrap_or_default()
    });
    let moment = Array::new();
    for word in [title, seed, what, why] {
        moment.push(&word.into());
    }
    let known_us = app.known_us.get_untracked() as f64;
    // Beside them when something happened that is worth watching.
    let story = app.story.read_untracked();
    let times = story.iter().filter(|line| line.weight >= 2).map(|line| line.time_us as f64);
    for number in [now_us as f64, width, height, known_us].into_iter().chain(times) {
        moment.push(&number.into());
    }
    moment
}
