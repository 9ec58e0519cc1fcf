//! What can be set of one part: what the scenario says of it, then Kafka's keys, each with default, range and a sentence.
use super::draft::Draft;
use super::parts;
use crate::state::browser;
use kafkarium_core::scenario::draft::{Change, Finding, Form, Grade, Input, Row};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;

/// One thing that can be set, told apart from all others.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Id {
    part: String,
    key: String,
    is_kafkas: bool,
    input: String,
}

#[component]
pub fn Settings(draft: Draft) -> impl IntoView {
    let of =
        move |part: fn(&Form) -> String| move || draft.form.read().as_ref().map_or_else(String::new, part);
    let search = RwSignal::new(String::new());
    let fields = ids(draft, false, search);
    let keys = ids(draft, true, search);
    let has_keys = Memo::new(move |_| draft.form.read().as_ref().is_some_and(|form| !form.keys.is_empty()));
    let removable = move || draft.form.read().as_ref().is_some_and(|form| form.is_removable);
    let remove = move |_| {
        draft.change(&Change::Remove(draft.part.get_untracked()));
        parts::focus_chosen();
    };
    let room = NodeRef::<html::Section>::new();
    focus_what_is_added(draft, room);
    view! {
        <section class="settings" aria-label="Settings" node_ref=room class:stale=move || draft.is_stale.get()>
            <div class="bar">
                <h3>{of(|form| form.title.clone())}</h3>
                <Show when=removable><button class="fault" on:click=remove>"Remove"</button></Show>
            </div>
            <p class="soft">{of(|form| form.about.clone())}</p>
            {move || of_part(draft)}
            <For each=move || fields.get() key=Id::clone let:id><Setting draft id/></For>
            <Show when=move || has_keys.get()>
                <div class="bar"><h3>"Kafka's configuration"</h3></div>
                <input type="search" class="search" placeholder="Search all keys of Kafka 4.3" aria-label="Search Kafka's keys"
                    prop:value=move || search.get() on:input=move |event| search.set(event_target_value(&event))/>
                <For each=move || keys.get() key=Id::clone let:id><Setting draft id/></For>
                <p class="soft" role="status">{move || how_many(&search.read(), keys.read().len())}</p>
            </Show>
        </section>
    }
}

fn how_many(search: &str, found: usize) -> String {
    match (search.trim(), found) {
        ("", _) => {
            "Keys that do something here, and those that are set. Search finds every other key of Kafka too."
                .to_owned()
        }
        (search, 0) => format!("Kafka 4.3 has no key here with “{search}” in its name or sentence."),
        (_, 1) => "1 key.".to_owned(),
        (_, found) => format!("{found} keys."),
    }
}

/// What is listed: a row keeps its element, and with it the focus, whatever its value becomes.
fn ids(draft: Draft, is_kafkas: bool, search: RwSignal<String>) -> Memo<Vec<Id>> {
    Memo::new(move |_| {
        let form = draft.form.read();
        let Some(form) = form.as_ref() else { return Vec::new() };
        let search = search.read().trim().to_lowercase();
        let is_listed = |row: &&Row| match (is_kafkas, search.as_str()) {
            (false, _) => true,
            (true, "") => row.is_simulated || row.line > 0,
            (true, search) => row.key.contains(search) || row.about.to_lowercase().contains(search),
        };
        let rows = if is_kafkas { &form.keys } else { &form.fields };
        let id = |row: &Row| Id {
            part: format!("{:?}", form.part),
            key: row.key.clone(),
            is_kafkas,
            input: format!("{:?}", row.input),
        };
        rows.iter().filter(is_listed).map(id).collect()
    })
}

/// Findings of the part that belong to no row.
fn of_part(draft: Draft) -> Option<impl IntoView + use<>> {
    let form = draft.form.read();
    let findings = draft.findings.read();
    let form = form.as_ref()?;
    let is_shown = |finding: &&Finding| {
        let rows = form.fields.iter().chain(&form.keys);
        finding.part == form.part && !rows.into_iter().any(|row| row.line == finding.line)
    };
    let shown: Vec<_> = findings.iter().filter(is_shown).map(told).collect();
    Some(shown.collect_view())
}

fn told(finding: &Finding) -> impl IntoView + use<> {
    let (class, word) = match finding.grade {
        Grade::Error => ("told bad", "Error"),
        Grade::Warning => ("told warn", "Warning"),
        Grade::Note => ("told", "Note"),
    };
    view! { <p class=class><b>{word}": "</b>{words(&finding.text)}"."</p> }
}

/// A sentence, with what it has in backticks as code.
pub fn words(text: &str) -> impl IntoView + use<> {
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => part.to_owned().into_any(),
        _ => view! { <code>{part.to_owned()}</code> }.into_any(),
    };
    text.split('`').enumerate().map(part).collect_view()
}

/// Whatever was just added is named first.
fn focus_what_is_added(draft: Draft, room: NodeRef<html::Section>) {
    Effect::new(move |before: Option<u32>| {
        let added = draft.added.get();
        if before.is_some_and(|before| before != added) {
            // After the form has been drawn.
            gloo_timers::callback::Timeout::new(0, move || {
                let found = room
                    .get_untracked()
                    .and_then(|room| room.query_selector(".setting input").ok().flatten());
                if let Some(input) =
                    found.and_then(|found| found.dyn_into::<web_sys::HtmlInputElement>().ok())
                {
                    let _ = input.focus();
                    input.select();
                }
            })
            .forget();
        }
        added
    });
}

#[component]
fn Setting(draft: Draft, id: Id) -> impl IntoView {
    let (key, own_key, is_kafkas) = (id.key.clone(), id.key.clone(), id.is_kafkas);
    let row = Memo::new(move |before: Option<&Option<Row>>| {
        let form = draft.form.read();
        let rows = form.as_ref().map(|form| if is_kafkas { &form.keys } else { &form.fields });
        let found = rows.and_then(|rows| rows.iter().find(|row| row.key == own_key).cloned());
        found.or_else(|| before.cloned().flatten())
    });
    let of = move |part: fn(&Row) -> String| move || row.read().as_ref().map_or_else(String::new, part);
    let set = move |value: String| {
        let (part, key) = (draft.part.get_untracked(), key.clone());
        draft.change(&match is_kafkas {
            true => Change::Configure { part, key, value },
            false => Change::Set { part, key, value },
        });
    };
    let told_here = move || {
        let line = row.read().as_ref().map_or(0, |row| row.line);
        let findings = draft.findings.read();
        let here = findings.iter().filter(|finding| line > 0 && finding.line == line);
        here.map(told).collect_view()
    };
    let is_wrong = move || {
        let line = row.read().as_ref().map_or(0, |row| row.line);
        let findings = draft.findings.read();
        findings.iter().any(|finding| finding.line == line && line > 0 && finding.grade == Grade::Error)
    };
    let is_said = move || row.read().as_ref().is_some_and(|row| !row.said.is_empty());
    let name = row.get_untracked().map(|row| row.label).unwrap_or_default();
    let limits = move || row.read().as_ref().map_or_else(String::new, |row| limits(row, is_kafkas));
    let to_default = set.clone();
    let html_id = format!("setting-{}{}", if is_kafkas { "kafka-" } else { "" }, id.key);
    view! {
        <div class="setting" class:kafkas=is_kafkas class:said=is_said class:wrong=is_wrong
            class:idle=move || row.read().as_ref().is_some_and(|row| !row.is_simulated)>
            <div class="ask">
                <label for=html_id.clone()>{of(|row| row.label.clone())}</label>
                {control(row, html_id, is_wrong, set)}
            </div>
            <small class="unit">{of(|row| row.unit.clone())}</small>
            <button class="more" disabled=move || !is_said() aria-label=format!("{name}: back to its default") title="Back to its default"
                on:click=move |_| to_default(String::new())>"↺"</button>
            <small>{of(|row| row.about.clone())}" "<i>{limits}</i></small>
            {told_here}
        </div>
    }
}

/// `a whole number from 0. Default 5.`
fn limits(row: &Row, is_kafkas: bool) -> String {
    let derived = is_kafkas && row.said.is_empty() && row.counts != row.default;
    let now = if derived { format!(" Here {}, by other keys.", row.counts) } else { String::new() };
    let default =
        if row.default.is_empty() { "Required.".to_owned() } else { format!("Default: {}.", row.default) };
    format!("{default}{now} Allowed: {}.", row.allowed)
}

fn control(
    row: Memo<Option<Row>>,
    id: String,
    is_wrong: impl Fn() -> bool + Copy + Send + Sync + 'static,
    set: impl Fn(String) + Clone + 'static,
) -> AnyView {
    let said = move || row.read().as_ref().map_or_else(String::new, |row| row.said.clone());
    let place = move || row.read().as_ref().map_or_else(String::new, placeholder);
    let invalid = move || is_wrong().then_some("true");
    let Some(now) = row.get_untracked() else { return ().into_any() };
    let changed = {
        let set = set.clone();
        move |event: web_sys::Event| {
            let value = event_target_value(&event);
            if value != said() {
                set(value);
            }
        }
    };
    match now.input {
        Input::Prose => view! {
            <textarea id=id rows="3" prop:value=said placeholder=place aria-invalid=invalid on:change=changed></textarea>
        }
        .into_any(),
        Input::Choice(choices) => {
            let known = choices.clone();
            let unknown = move || Some(said()).filter(|said| !said.is_empty() && !known.contains(said));
            let is_default = move || said().is_empty();
            view! {
                <select id=id aria-invalid=invalid on:change=changed prop:value=said>
                    <option value="" selected=is_default>{move || format!("not set ({})", place())}</option>
                    {choices.into_iter().map(|choice| {
                        let (value, text) = (choice.clone(), choice.clone());
                        view! { <option value=value selected=move || said() == choice>{text}</option> }
                    }).collect_view()}
                    {move || unknown().map(|odd| view! { <option value=odd.clone() selected=true>{odd.clone()}</option> })}
                </select>
            }
            .into_any()
        }
        Input::Count => {
            let least = leading_number(&now.allowed).unwrap_or(1);
            let by = move |step: i64| {
                let number = leading_number(&said()).or_else(|| leading_number(&place())).unwrap_or(1);
                (number + step).max(least).to_string()
            };
            let (fewer, more) = (set.clone(), set);
            let label = now.label.clone();
            view! {
                <span class="count">
                    <button aria-label=format!("{label}: one fewer") on:click=move |_| fewer(by(-1))>"−"</button>
                    <input id=id inputmode="numeric" prop:value=said placeholder=place aria-invalid=invalid on:change=changed
                        spellcheck="false" autocomplete="off"/>
                    <button aria-label=format!("{label}: one more") on:click=move |_| more(by(1))>"+"</button>
                </span>
            }
            .into_any()
        }
        Input::Line => view! {
            <input id=id prop:value=said placeholder=place aria-invalid=invalid on:change=changed spellcheck="false" autocomplete="off"/>
        }
        .into_any(),
    }
}

/// The number that a text begins with.
fn leading_number(text: &str) -> Option<i64> {
    text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// What counts while nothing is said. What counts while something is, is that.
fn placeholder(row: &Row) -> String {
    let is_derived = row.said.is_empty() && !row.counts.is_empty();
    if is_derived { row.counts.clone() } else { row.default.clone() }
}

/// Puts the focus on the text, which the browser then scrolls into sight.
pub fn focus_text() -> Option<web_sys::HtmlTextAreaElement> {
    let area = browser::by_id("source")?.dyn_into::<web_sys::HtmlTextAreaElement>().ok()?;
    let _ = area.focus();
    Some(area)
}
