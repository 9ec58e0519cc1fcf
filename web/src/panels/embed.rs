//! The page as it stands in somebody else's: stage, caption, play, and a way to the whole of it.
use super::{caption, keys, notices, share, stage, timebar, voice};
use crate::state::App;
use leptos::prelude::*;

#[component]
pub fn Embed(app: App) -> impl IntoView {
    keys::listen(app);
    share::listen(app);
    view! {
        <notices::Problem app/>
        <main id="main" class="embed">
            <h1 class="heard">{move || app.opened.read().as_ref().map(|opened| opened.title.clone())}</h1>
            <stage::StagePanel app/>
            <div class="under">
                <timebar::PlayButton app/>
                <caption::Caption app/>
                // web/share/embed.js makes it lead there.
                <a id="whole" target="_blank" rel="noopener" title="Opens the whole page at this moment, in a new tab">"Kafkarium ↗"</a>
            </div>
            <notices::Notice app/>
        </main>
        <voice::Voice app/>
    }
}
