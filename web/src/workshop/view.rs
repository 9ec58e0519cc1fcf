//! The scenario part by part, the settings of one part, and the text, side by side; on a phone in tabs.
use super::draft::Draft;
use super::{form, parts, text};
use crate::state::files;
use kafkarium_core::scenario::draft::Grade;
use leptos::html;
use leptos::prelude::*;

const PANES: [&str; 3] = ["Parts", "Settings", "Text"];

#[component]
pub fn Workshop(draft: Draft) -> impl IntoView {
    let pane = RwSignal::new(0_usize);
    // On a phone who picks a part goes on to its settings.
    let part = Memo::new(move |_| draft.part.get());
    Effect::new(move |before: Option<()>| {
        part.get();
        if before.is_some() && pane.get_untracked() == 0 {
            pane.set(1);
        }
    });
    let tabs = (0..).zip(PANES).map(|(index, name)| {
        let chosen = move || pane.get() == index;
        view! {
            <button aria-pressed=move || chosen().to_string() class:chosen=chosen on:click=move |_| pane.set(index)>{name}</button>
        }
    });
    view! {
        <div class="bench" on:keydown=move |event| shortcut(draft, &event)>
            <Tools draft/>
            <State draft/>
            <div class="panes-tabs" role="group" aria-label="What is shown">{tabs.collect_view()}</div>
            <div class="panes" data-pane=move || PANES[pane.get()]>
                <parts::Parts draft/>
                <form::Settings draft/>
                <text::Text draft/>
            </div>
        </div>
    }
}

#[component]
fn Tools(draft: Draft) -> impl IntoView {
    let chooser = NodeRef::<html::Input>::new();
    let chosen = move |_| {
        let Some(input) = chooser.get() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            files::read(&file, move |read| match read {
                Ok((name, text)) => draft.begin(&text, &name),
                Err(why) => draft.told.set(Some(why)),
            });
        }
        // The same file can be chosen again.
        input.set_value("");
    };
    let choose = move |_| chooser.get().into_iter().for_each(|input| input.click());
    view! {
        <div class="tools-row">
            <button on:click=move |_| draft.take_empty() title="A cluster of three brokers and nothing in it">"New"</button>
            <button on:click=choose title="A scenario file from this machine; or drop one on the page">"Open file…"</button>
            <input type="file" accept=".toml,text/plain" node_ref=chooser on:change=chosen hidden aria-label="A scenario file"/>
            <button on:click=move |_| draft.download() title="Save the text as a file">"Download"</button>
            <button on:click=move |_| draft.undo() disabled=move || !draft.can_undo()
                title="Take the last change back (Ctrl+Z)" aria-label="Undo the last change">"↶ Undo"</button>
            <button on:click=move |_| draft.redo() disabled=move || !draft.can_redo()
                title="Do it again (Ctrl+Shift+Z)" aria-label="Redo the last change">"↷ Redo"</button>
            <button on:click=move |_| draft.reset() disabled=move || *draft.text.read() == *draft.base.read()
                title="Back to what it began from; Undo brings the changes back">"Reset"</button>
            <span class="grow"></span>
            <button class="primary" on:click=move |_| run(draft)>"Run it"</button>
        </div>
    }
}

fn discard(draft: Draft) {
    draft.take_what_runs();
    parts::focus_chosen();
}

/// Runs it, or goes to what is wrong.
fn run(draft: Draft) {
    // What was typed a moment ago counts too.
    draft.look();
    if untrack(|| draft.count(Grade::Error)) == 0 {
        draft.run();
    } else {
        text::go_to_first_error(draft);
    }
}

/// What the text is a draft of, where it is kept, and how it stands.
#[component]
fn State(draft: Draft) -> impl IntoView {
    let sentence = move || {
        let from = draft.from.get();
        if draft.is_changed() {
            format!("Your draft of {from}. This browser keeps it until you run or discard it.")
        } else {
            format!("This is {from}, as it runs. Change it here, then run it.")
        }
    };
    view! {
        <p class="draft-state">
            <span class="soft">{sentence}</span>
            <Show when=move || draft.is_changed()>
                <button on:click=move |_| discard(draft)>"Discard draft"</button>
            </Show>
            <span class="grow"></span>
            <span role="status" class="tally">{move || tally(draft)}</span>
        </p>
        <div role="alert">{move || draft.told.get().map(|told| view! { <p class="told warn">{told}</p> })}</div>
    }
}

fn tally(draft: Draft) -> impl IntoView {
    let count = |grade, one: &str| match draft.count(grade) {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {one}s")),
    };
    let errors = count(Grade::Error, "error");
    let others: Vec<String> =
        [count(Grade::Warning, "warning"), count(Grade::Note, "note")].into_iter().flatten().collect();
    let is_right = errors.is_none();
    let others = match (is_right, others.is_empty()) {
        (true, true) => "ready to run".to_owned(),
        (true, false) => format!("ready to run, {}", others.join(", ")),
        (false, true) => String::new(),
        (false, false) => format!(", {}", others.join(", ")),
    };
    view! {
        <b class="bad">{errors}</b>
        <span class:good=is_right>{is_right.then_some("✓ ")}{others}</span>
    }
}

/// Undo and redo by the keys that everybody's fingers know; in a single field they stay the browser's own.
fn shortcut(draft: Draft, event: &web_sys::KeyboardEvent) {
    let is_field = event.target().is_some_and(|target| {
        use wasm_bindgen::prelude::*;
        target.dyn_ref::<web_sys::Element>().is_some_and(|element| {
            element.tag_name() == "INPUT" || element.tag_name() == "TEXTAREA" && element.id() != "source"
        })
    });
    if is_field || !(event.ctrl_key() || event.meta_key()) {
        return;
    }
    match event.key().as_str() {
        "z" | "Z" if event.shift_key() => draft.redo(),
        "z" => draft.undo(),
        "y" => draft.redo(),
        "Enter" => run(draft),
        _ => return,
    }
    event.prevent_default();
}
