//! One line under the stage: what just happened, and why.
use crate::state::App;
use leptos::prelude::*;

#[component]
pub fn Caption(app: App) -> impl IntoView {
    let speed = move || app.speed.get();
    let quick = move || {
        (app.playing.get() && speed() > 1.3)
            .then(|| format!("time flies: {}", crate::state::pace::words(speed())))
    };
    view! {
        <p class="caption" role="status" aria-live="polite">
            <strong>{move || app.caption.read().0.clone()}</strong>" "
            <span>{move || app.caption.read().1.clone()}</span>
        </p>
        <p class="flies" aria-hidden="true">{quick}</p>
    }
}
