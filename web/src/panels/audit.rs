//! The guarantees, in fixed words, and every finding with its records.
use super::story::seconds;
use super::why;
use crate::state::App;
use kafkarium_core::observe::report::{AuditReport, Finding};
use leptos::prelude::*;

/// A row's word, what it means, its count, and whether a count is bad.
type Row = (&'static str, &'static str, u64, bool);

#[component]
pub fn Audit(app: App) -> impl IntoView {
    let report = move || app.details.read().as_ref().map(|details| details.audit.clone()).unwrap_or_default();
    let findings = Memo::new(move |_| report().findings);
    view! {
        <h2>"Audit"</h2>
        <p class="soft">"What became of every record, from the beginning of the run to this moment."</p>
        <dl class="audit">{move || rows(&report()).into_iter().map(row).collect_view()}</dl>
        {move || gaps(&report())}
        {move || broken(&report())}
        {move || findings.get().into_iter().rev().map(|finding| finding_view(app, finding)).collect_view()}
    }
}

fn rows(report: &AuditReport) -> Vec<Row> {
    vec![
        ("acknowledged", "send() completed without an error", report.acknowledged, false),
        ("failed", "send() completed with an error", report.failed, true),
        ("lost", "acknowledged, and gone from the log", report.lost, true),
        ("duplicated", "twice in a log", report.duplicated, true),
        ("delivered", "returned by poll()", report.delivered, false),
        ("delivered twice", "to the same group", report.delivered_twice, true),
        ("never delivered", "although below a committed offset", report.never_delivered, true),
        ("never processed", "their consumer ended after the commit", report.never_processed, true),
        ("skipped", "by auto.offset.reset", report.skipped, true),
    ]
}

fn row((word, meaning, count, bad): Row) -> impl IntoView {
    let class = if bad && count > 0 {
        "bad"
    } else if bad {
        "good"
    } else {
        ""
    };
    let mark = if bad && count == 0 { " ✓" } else { "" };
    view! { <dt>{word}<small>{meaning}</small></dt><dd class=class>{count}{mark}</dd> }
}

fn gaps(report: &AuditReport) -> impl IntoView + use<> {
    let list = |word: &'static str, gaps: &[(String, u64)]| {
        let shown = gaps.iter().take(5).map(|(name, ms)| {
            view! { <dt>{name.clone()}<small>{word}</small></dt><dd class="bad">{format!("{}.{:03} s", ms / 1_000, ms % 1_000)}</dd> }
        });
        shown.collect_view()
    };
    let any = !(report.unavailable_for_writing.is_empty() && report.unavailable_for_reading.is_empty());
    any.then(|| {
        view! {
            <h3>"Longest time unavailable"</h3>
            <dl class="audit">
                {list("for writing", &report.unavailable_for_writing)}
                {list("for reading", &report.unavailable_for_reading)}
            </dl>
        }
    })
}

fn broken(report: &AuditReport) -> impl IntoView + use<> {
    let list = report
        .broken_invariants
        .iter()
        .map(|sentence| view! { <p class="bad">"A bug of ours: "{sentence.clone()}</p> });
    list.collect_view()
}

fn finding_view(app: App, finding: Finding) -> impl IntoView {
    let more = finding.count.saturating_sub(finding.records.len() as u64);
    let time = finding.time_us;
    let named = finding.records.into_iter().zip(finding.picks);
    let record = |(text, words): (String, String)| {
        let follow = move |_| app.follow_found(&words);
        view! { <li><button title="Follow this record" on:click=follow>{text}</button></li> }
    };
    let records = named.map(record).collect_view();
    view! {
        <details class="finding">
            <summary>
                <time>{seconds(time)}</time>" "
                {format!("{} of {} {}, from offset {}", finding.count, finding.partition, finding.word, finding.first_offset)}
            </summary>
            <p>{finding.why}</p>
            {why::why(app, finding.ask)}
            <ul>{records}</ul>
            {(more > 0).then(|| format!("and {more} more"))}
            <p><button on:click=move |_| app.seek(time)>"Go to this moment"</button></p>
        </details>
    }
}
