//! The metrics under Kafka's names as a table, to copy or to download as CSV.
use crate::state::App;
use crate::state::browser;
use kafkarium_core::observe::metrics_table::MetricsTable;
use leptos::prelude::*;

/// Metrics listed at most; the file has all.
const SHOWN: usize = 200;
/// The name of the file.
const FILE: &str = "kafkarium-metrics.csv";

#[component]
pub fn Metrics(app: App) -> impl IntoView {
    let row = Memo::new(move |_| app.metrics.read().row_at(app.now_us.get()));
    let csv = move || app.metrics.read_untracked().csv();
    let copy = move |_| {
        browser::copy(&csv());
        app.notice.set(Some("The metrics are in the clipboard, as CSV.".to_owned()));
    };
    let download = move |_| {
        if !browser::download(FILE, "text/csv", &csv()) {
            app.notice.set(Some(
                "This browser does not let the page save a file: copy the CSV instead.".to_owned(),
            ));
        }
    };
    let more = move || app.metrics.read().columns.len().checked_sub(SHOWN + 1).map(|more| more + 1);
    view! {
        <p class="soft">"Each value speaks of one second of virtual time. The file has a line for every second known, and a column for each metric; with a group, a consumer or a partition selected also the lag of its partitions. Latencies are at most 6.3 % above the true ones."</p>
        <p class="actions">
            <button class="primary" on:click=download>"Download CSV"</button>
            <button on:click=copy>"Copy CSV"</button>
        </p>
        <table class="metrics">
            <thead><tr><th scope="col">"Metric"</th><th scope="col">{move || at(&app.metrics.read(), row.get())}</th><th scope="col">"largest"</th><th scope="col">"unit"</th></tr></thead>
            <tbody>{move || rows(&app.metrics.read(), row.get())}</tbody>
        </table>
        {move || more().map(|more| view! { <p class="soft">{format!("And {more} more in the file.")}</p> })}
    }
}

fn at(table: &MetricsTable, row: Option<usize>) -> String {
    row.map_or_else(|| "now".to_owned(), |row| format!("at {} s", table.times_us[row] / 1_000_000))
}

fn rows(table: &MetricsTable, row: Option<usize>) -> impl IntoView + use<> {
    let one = |column: &kafkarium_core::observe::metrics_table::MetricColumn| {
        let text =
            |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| column.metric.text(value));
        let now = text(row.and_then(|row| column.values[row]));
        let largest = text(column.values.iter().flatten().max().copied());
        view! { <tr><th scope="row">{column.name()}</th><td>{now}</td><td>{largest}</td><td class="soft">{column.metric.unit()}</td></tr> }
    };
    table.columns.iter().take(SHOWN).map(one).collect_view()
}
