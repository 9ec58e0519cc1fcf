//! The scenario's text with its lines, what is wrong at which, and the lines of the part that is shown.
use super::draft::Draft;
use super::form::{focus_text, words};
use crate::state::browser;
use gloo_timers::callback::Timeout;
use kafkarium_core::scenario::draft::{Finding, Grade, PartRow};
use leptos::html;
use leptos::prelude::*;

/// The height of a line, CSS pixels; `style/build.css` has the same.
const LINE_PX: u32 = 19;

#[component]
pub fn Text(draft: Draft) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let top = RwSignal::new(0);
    let numbers = Memo::new(move |_| draft.text.read().matches('\n').count() + 1);
    let numbers = move || (1..=numbers.get()).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
    let follow = move || top.set(area.get_untracked().map_or(0, |area| area.scroll_top()));
    // Another text may stand elsewhere without having been scrolled.
    Effect::new(move |_| {
        draft.text.track();
        Timeout::new(0, follow).forget();
    });
    follow_part(draft, area);
    // Where the cursor goes, the form goes.
    let moved = move || {
        let Some(area) = area.get() else { return };
        let here = row_at(draft, line_of_cursor(&area));
        let other = here.filter(|row| row.part != draft.part.get_untracked());
        if let Some(row) = other.filter(|_| !draft.is_stale.get_untracked()) {
            draft.select(row.part);
        }
    };
    let shift = move || format!("translateY({}px)", -top.get());
    view! {
        <section class="source" aria-label="Text">
            <div class="code">
                <div class="lines" aria-hidden="true">
                    <div style:transform=shift>
                        {move || part_lines(draft)}
                        {move || draft.findings.read().iter().map(mark).collect_view()}
                        <pre>{numbers}</pre>
                    </div>
                </div>
                <textarea id="source" node_ref=area spellcheck="false" autocomplete="off" wrap="off" aria-label="The scenario's text"
                    aria-describedby="findings" prop:value=move || draft.text.get()
                    on:input=move |event| draft.write(event_target_value(&event))
                    on:scroll=move |_| follow()
                    on:click=move |_| moved() on:keyup=move |_| moved()></textarea>
            </div>
            <ol class="findings" id="findings" aria-label="What is wrong and what is worth knowing">
                {move || draft.findings.get().into_iter().map(|finding| view! { <Found finding/> }).collect_view()}
            </ol>
        </section>
    }
}

/// The lines of the part that is shown, as a band behind their numbers.
fn part_lines(draft: Draft) -> Option<impl IntoView + use<>> {
    let part = draft.part.read();
    let parts = draft.parts.read();
    let row = parts.iter().find(|row| row.part == *part && row.last_line > 0)?;
    let (top, height) = ((row.line - 1) * LINE_PX, (row.last_line - row.line + 1) * LINE_PX);
    Some(view! { <i class="extent" style:top=format!("{top}px") style:height=format!("{height}px")></i> })
}

fn mark(finding: &Finding) -> impl IntoView + use<> {
    let class = match finding.grade {
        Grade::Error => "mark-bad",
        Grade::Warning => "mark-warn",
        Grade::Note => "mark-note",
    };
    let top = finding.line.saturating_sub(1) * LINE_PX;
    view! { <i class=class style:top=format!("{top}px")></i> }
}

#[component]
fn Found(finding: Finding) -> impl IntoView {
    let (class, word) = match finding.grade {
        Grade::Error => ("bad", "error"),
        Grade::Warning => ("warn", "warning"),
        Grade::Note => ("", "note"),
    };
    let line = finding.line;
    view! {
        <li><button on:click=move |_| go_to_line(line)>
            <b class=class>"Line "{line}", "{word}": "</b>{words(&finding.text)}"."
        </button></li>
    }
}

/// Puts the cursor on the first error.
pub fn go_to_first_error(draft: Draft) {
    let findings = draft.findings.get_untracked();
    if let Some(first) = findings.iter().find(|finding| finding.grade == Grade::Error) {
        draft.told.set(Some(format!("It cannot run yet. Line {}: {}.", first.line, first.text)));
        go_to_line(first.line);
    }
}

/// Puts the cursor on a line and selects it.
fn go_to_line(line: u32) {
    let Some(area) = focus_text() else { return };
    let text = area.value();
    let units = |text: &str| text.encode_utf16().count() as u32;
    let before = text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(units).sum::<u32>();
    let own = text.lines().nth(line.saturating_sub(1) as usize).map_or(0, units);
    let _ = area.set_selection_range(before, before + own);
    area.set_scroll_top((line.saturating_sub(4) * LINE_PX) as i32);
}

/// The text goes to the part that is picked elsewhere.
fn follow_part(draft: Draft, area: NodeRef<html::Textarea>) {
    let first = Memo::new(move |_| {
        let part = draft.part.read();
        draft.parts.read().iter().find(|row| row.part == *part).map_or(0, |row| row.line)
    });
    Effect::new(move |_| {
        let line = first.get();
        let has_focus = browser::focused().is_some_and(|element| element.id() == "source");
        if let Some(area) = area.get().filter(|_| line > 0 && !has_focus) {
            area.set_scroll_top((line.saturating_sub(3) * LINE_PX) as i32);
        }
    });
}

fn line_of_cursor(area: &web_sys::HtmlTextAreaElement) -> u32 {
    let cursor = area.selection_start().ok().flatten().unwrap_or(0) as usize;
    area.value().encode_utf16().take(cursor).filter(|unit| *unit == u16::from(b'\n')).count() as u32 + 1
}

/// The innermost part that has that line.
fn row_at(draft: Draft, line: u32) -> Option<PartRow> {
    let parts = draft.parts.get_untracked();
    let around = parts.into_iter().filter(|row| (row.line..=row.last_line).contains(&line));
    around.max_by_key(|row| row.line)
}
