//! The side: tabs for the subject, the story, the guarantees, the words of Kafka's tools, the record followed. On a phone
//! what a tab holds is a sheet that opens over the stage.
use super::{audit, inspector, record, story, tools};
use crate::state::app::Tab;
use crate::state::{App, browser};
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

const TABS: [(Tab, &str); 5] = [
    (Tab::Inspect, "Inspect"),
    (Tab::Story, "Story"),
    (Tab::Audit, "Audit"),
    (Tab::Tools, "Kafka tools"),
    (Tab::Record, "Record"),
];

#[component]
pub fn Side(app: App) -> impl IntoView {
    let open = RwSignal::new(false);
    // Whatever asks for a tab opens the sheet; but for the subject, which every tap on the stage asks for.
    Effect::new(move |before: Option<Tab>| {
        let tab = app.tab.get();
        if before.is_some_and(|before| before != tab) && tab != Tab::Inspect {
            open.set(true);
        }
        tab
    });
    // Who came by the pointer keeps the arrow keys for time.
    let pointed = StoredValue::new(false);
    let tabs = TABS.map(|(tab, name)| {
        let chosen = move || app.tab.get() == tab;
        let choose = move |event: web_sys::MouseEvent| {
            // A click that a key made counts no presses.
            pointed.set_value(event.detail() > 0);
            open.update(|open| *open = !(*open && app.tab.get_untracked() == tab));
            app.tab.set(tab);
        };
        view! {
            <button role="tab" id=id_of(tab) aria-controls="panel" aria-selected=move || chosen().to_string()
                tabindex=move || if chosen() { "0" } else { "-1" } class:chosen=chosen on:click=choose>{name}</button>
        }
    });
    let escape = move |event: web_sys::KeyboardEvent| {
        if event.key() == "Escape" {
            open.set(false);
        }
    };
    view! {
        <aside class="side" class:open=move || open.get() aria-label="What is known" on:keydown=escape>
            <div class="tabs" role="tablist" aria-label="What is known"
                on:focusout=move |_| pointed.set_value(false)
                on:keydown=move |event| if !pointed.get_value() { step(app, &event) }>{tabs.collect_view()}</div>
            <div class="panel" id="panel" role="tabpanel" tabindex="0" aria-labelledby=move || id_of(app.tab.get())>
                <button class="close" on:click=move |_| open.set(false)>"Close"</button>
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

fn id_of(tab: Tab) -> String {
    format!("tab-{tab:?}")
}

/// Arrow left and right, Home and End go from tab to tab, as everywhere where there are tabs.
fn step(app: App, event: &web_sys::KeyboardEvent) {
    let now = TABS.iter().position(|(tab, _)| *tab == app.tab.get_untracked()).unwrap_or(0);
    let next = match event.key().as_str() {
        "ArrowRight" => (now + 1) % TABS.len(),
        "ArrowLeft" => (now + TABS.len() - 1) % TABS.len(),
        "Home" => 0,
        "End" => TABS.len() - 1,
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    app.tab.set(TABS[next].0);
    let button =
        browser::by_id(&id_of(TABS[next].0)).and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok());
    button.into_iter().for_each(|button| drop(button.focus()));
}
