//! What a screen reader hears without asking: the caption and notices, a few seconds apart at least; and at once where
//! the keyboard has come to on the stage.
use crate::state::App;
use leptos::prelude::*;

/// At most one message in this time, milliseconds.
const APART_MS: u32 = 4_000;

#[component]
pub fn Voice(app: App) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let resting = RwSignal::new(false);
    let news = move || {
        let (what, why) = super::caption::words(app);
        app.notice.get().unwrap_or_else(|| format!("{what} {why}"))
    };
    // What is said last waits until the pause is over; what came between is left out.
    Effect::new(move |_| {
        let news = news();
        if resting.get() || news.trim().is_empty() || said.get_untracked() == news {
            return;
        }
        said.set(news);
        resting.set(true);
        gloo_timers::callback::Timeout::new(APART_MS, move || resting.set(false)).forget();
    });
    view! {
        <p class="heard" id="said" role="status" aria-live="polite">{said}</p>
        <p class="heard" id="reached" role="status" aria-live="polite">{move || app.reached.get()}</p>
    }
}
