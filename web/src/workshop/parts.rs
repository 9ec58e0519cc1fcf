//! What is in the scenario, part by part: to pick one, to add and to see where something is wrong.
use super::draft::Draft;
use crate::state::browser;
use gloo_timers::callback::Timeout;
use kafkarium_core::scenario::Part;
use kafkarium_core::scenario::draft::{Grade, NewPart, PartRow};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

#[component]
pub fn Parts(draft: Draft) -> impl IntoView {
    let sections = [
        section(draft, "Scenario", vec![], |part| matches!(part, Part::Run | Part::Cluster)),
        section(
            draft,
            "Brokers",
            vec![(NewPart::Broker(String::new()), "broker"), (NewPart::Rack, "rack")],
            |part| matches!(part, Part::Rack(_) | Part::Broker(_)),
        ),
        section(draft, "Topics", vec![(NewPart::Topic, "topic")], |part| matches!(part, Part::Topic(_))),
        section(draft, "Producers", vec![(NewPart::Producer, "producer")], |part| {
            matches!(part, Part::Producer(_))
        }),
        section(draft, "Groups", vec![(NewPart::Group, "group")], |part| matches!(part, Part::Group(_))),
        section(draft, "What happens", vec![(NewPart::Event, "event")], |part| {
            matches!(part, Part::Event(_))
        }),
        section(draft, "Beside that", vec![], |part| matches!(part, Part::Links | Part::Expect | Part::View)),
    ];
    view! {
        <nav class="parts" aria-label="What is in it" class:stale=move || draft.is_stale.get()>
            <Show when=move || draft.is_stale.get()>
                <p class="warns">"The text is not TOML at the line marked. This is how it was before."</p>
            </Show>
            {sections.into_iter().collect_view()}
        </nav>
    }
}

fn section(
    draft: Draft,
    title: &'static str,
    adds: Vec<(NewPart, &'static str)>,
    holds: fn(&Part) -> bool,
) -> impl IntoView {
    let add = |(new, word): (NewPart, &'static str)| {
        let article = if word == "event" { "an" } else { "a" };
        let label = format!("Add {article} {word}");
        view! { <button aria-label=label on:click=move |_| draft.add(new.clone())>"+ "{word}</button> }
    };
    // Built anew only when something is there or gone or called otherwise: a button must not vanish under the focus.
    let rows = Memo::new(move |_| {
        let parts = draft.parts.read();
        parts.iter().filter(|row| holds(&row.part)).cloned().collect::<Vec<PartRow>>()
    });
    let count = Memo::new(move |_| rows.read().len());
    view! {
        <div class="bar"><h3>{title}</h3><span>{adds.into_iter().map(add).collect_view()}</span></div>
        <ul>
            <For each=move || 0..count.get() key=|index| *index let:index>
                <Item draft row=Memo::new(move |before: Option<&PartRow>| {
                    // The last one goes a moment after its row.
                    rows.read().get(index).cloned().or_else(|| before.cloned()).unwrap_or_else(nobody)
                })/>
            </For>
        </ul>
    }
}

fn nobody() -> PartRow {
    PartRow { part: Part::Cluster, name: String::new(), detail: String::new(), line: 0, last_line: 0 }
}

#[component]
fn Item(draft: Draft, row: Memo<PartRow>) -> impl IntoView {
    let is_chosen = move || *draft.part.read() == row.read().part;
    let worst = move || {
        let findings = draft.findings.read();
        let own = findings.iter().filter(|finding| finding.part == row.read().part);
        own.map(|finding| finding.grade).min_by_key(|grade| *grade as u8)
    };
    let mark = move || match worst() {
        Some(Grade::Error) => Some(view! { <em class="bad">"error"</em> }.into_any()),
        Some(Grade::Warning) => Some(view! { <em class="warn">"warning"</em> }.into_any()),
        _ => None,
    };
    let rack = move || match &row.read().part {
        Part::Rack(rack) => Some(rack.clone()),
        _ => None,
    };
    let add = move || {
        rack().map(|rack| {
            let label = format!("Add a broker in rack {rack}");
            let new = move |_| draft.add(NewPart::Broker(rack.clone()));
            view! { <button class="more" aria-label=label.clone() title=label on:click=new>"+"</button> }
        })
    };
    view! {
        <li class:rack=move || rack().is_some() class:broker=move || matches!(row.read().part, Part::Broker(_))>
            <button class="part" class:chosen=is_chosen aria-current=move || is_chosen().then_some("true")
                on:click=move |_| draft.select(row.get_untracked().part)>
                <b>{move || row.read().name.clone()}</b>
                <span>{move || row.read().detail.clone()}</span>
                {mark}
            </button>
            {add}
        </li>
    }
}

/// The button that was pressed goes with what it was for: the focus goes to the part that is shown now; on a phone, where
/// the parts may not be seen, to the tab of what is.
pub fn focus_chosen() {
    let focus = || {
        let Some(document) = browser::window().document() else { return };
        // What cannot be seen takes no focus.
        for chosen in [".panes-tabs .chosen", ".part.chosen"] {
            let found = document.query_selector(chosen).ok().flatten();
            let button = found.and_then(|found| found.dyn_into::<HtmlElement>().ok());
            button.into_iter().for_each(|button| drop(button.focus()));
        }
    };
    // After both have been drawn.
    Timeout::new(0, focus).forget();
}
