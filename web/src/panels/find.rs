//! Finds a thing by its name, selects it and goes to it.
use super::look::with_stage;
use crate::stage::Found;
use crate::state::app::Tab;
use crate::state::{App, browser};
use leptos::prelude::*;

/// Shown at most.
const MOST: usize = 8;

#[component]
pub fn FindBox(app: App) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let open = RwSignal::new(false);
    let found = Memo::new(move |_| {
        // Also when what can be found has only just come.
        app.alive.track();
        let wanted = text.get();
        with_stage(app, |stage| stage.find(&wanted, MOST)).unwrap_or_default()
    });
    let go = move |thing: &Found| {
        open.set(false);
        text.set(String::new());
        app.tab.set(Tab::Inspect);
        app.select(thing.subject);
        with_stage(app, |stage| stage.show(thing.subject));
        browser::focus("stage");
    };
    let key = move |event: web_sys::KeyboardEvent| {
        let count = found.read().len();
        match event.key().as_str() {
            "ArrowDown" if count > 0 => at.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => at.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                let thing = found.read_untracked().get(at.get_untracked()).cloned();
                thing.iter().for_each(go);
            }
            "Escape" => {
                open.set(false);
                text.set(String::new());
                browser::focus("stage");
            }
            _ => return,
        }
        event.prevent_default();
    };
    let listed = move || open.get() && !text.read().trim().is_empty();
    let list = move || {
        let things = found.get();
        let nothing = things.is_empty() && !text.read().trim().is_empty();
        let rows = things.into_iter().enumerate().map(|(place, thing)| {
            let (name, kind) = (thing.name.clone(), thing.kind.clone());
            // Before the box loses the focus, and with it the list.
            let pick = move |event: web_sys::PointerEvent| {
                event.prevent_default();
                go(&thing);
            };
            view! {
                <li id=format!("found-{place}") role="option" aria-selected=move || (at.get() == place).to_string()
                    on:pointerdown=pick><b>{name}</b>" "<span>{kind}</span></li>
            }
        });
        let rows = rows.collect_view();
        listed().then(|| view! {
            <ul id="found" role="listbox" aria-label="Found">
                {rows}
                {nothing.then(|| view! { <li class="nothing" role="option" aria-selected="false" aria-disabled="true">"Nothing has such a name."</li> })}
            </ul>
        })
    };
    view! {
        <div class="find">
            <input id="find" type="search" autocomplete="off" placeholder="Find by name" aria-label="Find a broker, partition, client or group by name"
                role="combobox" aria-autocomplete="list" aria-controls="found"
                aria-expanded=move || listed().to_string()
                aria-activedescendant=move || (listed() && !found.read().is_empty()).then(|| format!("found-{}", at.get()))
                prop:value=text on:keydown=key
                on:focus=move |_| open.set(true) on:blur=move |_| open.set(false)
                on:input=move |event| { text.set(event_target_value(&event)); at.set(0); open.set(true); }/>
            {list}
        </div>
    }
}
