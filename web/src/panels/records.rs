//! The newest records of the partition inspected: a click follows one.
use super::story::seconds;
use crate::state::App;
use kafkarium_core::observe::life::RecordRow;
use leptos::prelude::*;

#[component]
pub fn NewestRecords(app: App) -> impl IntoView {
    let rows = Memo::new(move |_| {
        app.details.read().as_ref().map_or_else(Vec::new, |details| details.records.clone())
    });
    let row = move |row: RecordRow| {
        let title = format!("Follow the record at offset {}", row.offset);
        view! {
            <li><button title=title on:click=move |_| app.follow(row.pick)>
                <b>{row.offset}</b><span>{row.text}</span><time>{seconds(row.created_us)}</time>
            </button></li>
        }
    };
    view! {
        <Show when=move || !rows.read().is_empty()>
            <h3>"Newest records"</h3>
            <ol class="records" aria-label="Newest records: click one to follow it">
                <For each=move || rows.get() key=|row| (row.offset, row.created_us) children=row/>
            </ol>
        </Show>
    }
}
