//! The side: tabs for the subject, the story, the guarantees, the words of Kafka's tools.
use super::{audit, inspector, record, story, tools};
use crate::state::App;
use crate::state::app::Tab;
use leptos::prelude::*;

const TABS: [(Tab, &str); 5] = [
    (Tab::Inspect, "Inspect"),
    (Tab::Story, "Story"),
    (Tab::Audit, "Audit"),
    (Tab::Tools, "Kafka tools"),
    (Tab::Record, "Record"),
];

#[component]
pub fn Side(app: App) -> impl IntoView {
    let tabs = TABS.map(|(tab, name)| {
        let chosen = move || app.tab.get() == tab;
        view! {
            <button role="tab" aria-selected=move || chosen().to_string() class:chosen=chosen on:click=move |_| app.tab.set(tab)>{name}</button>
        }
    });
    view! {
        <aside class="side" aria-label="What is known">
            <div class="tabs" role="tablist">{tabs.collect_view()}</div>
            <div class="panel" role="tabpanel" tabindex="0">
                {move || match app.tab.get() {
                    Tab::Inspect => view! { <inspector::Inspector app/> }.into_any(),
                    Tab::Story => view! { <story::Story app/> }.into_any(),
                    Tab::Audit => view! { <audit::Audit app/> }.into_any(),
                    Tab::Tools => view! { <tools::Tools app/> }.into_any(),
                    Tab::Record => view! { <record::Record app/> }.into_any(),
                }}
            </div>
        </aside>
    }
}
