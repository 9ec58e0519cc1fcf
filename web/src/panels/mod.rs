//! The page around the stage: one file a panel.
mod about;
mod audit;
mod caption;
mod charts;
mod dialogs;
mod embed;
mod find;
mod header;
mod inspector;
mod keys;
mod look;
mod menu;
mod metrics;
mod notices;
mod record;
mod records;
mod share;
mod side;
mod stage;
mod story;
mod timebar;
mod tools;
mod voice;
mod why;

use crate::state::{App, files, offline};
use leptos::prelude::*;

/// The whole page.
#[component]
pub fn Page() -> impl IntoView {
    let app = App::start();
    if app.embedded {
        return view! { <embed::Embed app/> }.into_any();
    }
    keys::listen(app);
    files::listen(app);
    share::listen(app);
    offline::hear(app);
    let page = view! {
        <header::Header app/>
        <notices::Problem app/>
        <main id="main">
            <section class="scene" aria-label="The cluster">
                <stage::StagePanel app/>
                <caption::Caption app/>
                <charts::Charts app/>
            </section>
            <side::Side app/>
            <timebar::TimeBar app/>
            <notices::Notice app/>
        </main>
        <dialogs::Dialogs app/>
        <voice::Voice app/>
    };
    page.into_any()
}
