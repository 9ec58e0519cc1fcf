//! Everything about the subject selected: a sentence, its state and what just changed, commands, configuration.
use crate::state::{App, browser};
use kafkarium_core::observe::report::{ConfigRow, Inspection, OfferedCommand, StateRow};
use leptos::prelude::*;

#[component]
pub fn Inspector(app: App) -> impl IntoView {
    let of = move |part: fn(&Inspection) -> String| {
        move || app.details.read().as_ref().map_or_else(String::new, |details| part(&details.inspection))
    };
    let title = move || {
        let details = app.details.read();
        details.as_ref().map_or_else(|| "Nothing yet".to_owned(), |details| details.inspection.title.clone())
    };
    let state =
        move || app.details.read().as_ref().map_or_else(Vec::new, |details| details.inspection.state.clone());
    // Lists are built anew only when they change: what is typed or pointed at stays.
    let commands = Memo::new(move |_| {
        app.details.read().as_ref().map_or_else(Vec::new, |details| details.inspection.commands.clone())
    });
    let config = Memo::new(move |_| {
        app.details.read().as_ref().map_or_else(Vec::new, |details| details.inspection.config.clone())
    });
    view! {
        <h2>{title}</h2>
        <p class="soft">{of(|inspection| inspection.sentence.clone())}</p>
        <dl class="state">{move || state().into_iter().map(state_row).collect_view()}</dl>
        {move || {
            let commands = commands.get();
            leave_commands();
            (!commands.is_empty()).then(|| view! {
                <h3>"What you can do"</h3>
                <div class="commands">{commands.into_iter().map(|offer| command(app, offer)).collect_view()}</div>
            })
        }}
        <super::records::NewestRecords app/>
        {move || {
            let rows = config.get();
            (!rows.is_empty()).then(|| view! {
                <h3>"Configuration"</h3>
                <div class="config">{config_rows(app, rows)}</div>
            })
        }}
        <Follow app/>
    }
}

fn state_row(row: StateRow) -> impl IntoView {
    let changed = row.was.is_some();
    let value = match row.was {
        Some(was) => format!("{was} → {}", row.value),
        None => row.value,
    };
    view! { <div><dt>{row.name}</dt><dd class:changed=changed>{value}</dd></div> }
}

fn command(app: App, offer: OfferedCommand) -> impl IntoView {
    let text = offer.command.clone();
    let act = move |_| {
        app.act(&text);
        leave_commands();
    };
    view! { <button class:fault=offer.fault title=offer.hint on:click=act>{offer.label}</button> }
}

/// Takes the focus from the commands to the panel around them: the same button may do something else next, which Space
/// or Enter is not to do unasked.
fn leave_commands() {
    let stands_on_one = |focused: web_sys::HtmlElement| focused.closest(".commands").ok().flatten().is_some();
    if browser::focused().is_some_and(stands_on_one) {
        browser::focus("panel");
    }
}

/// The rows; above those that no command can change what it takes, once for all that follow.
fn config_rows(app: App, rows: Vec<ConfigRow>) -> impl IntoView {
    let mut said = String::new();
    let row = |row: ConfigRow| {
        let needs = if row.command.is_none() { row.needs.clone() } else { String::new() };
        let fresh = needs != said && !needs.is_empty();
        said = needs.clone();
        view! {
            {fresh.then(|| view! { <p class="soft">{needs}</p> })}
            {config_row(app, row)}
        }
    };
    rows.into_iter().map(row).collect_view()
}

/// A key with an input; with plain text where no command can change it.
fn config_row(app: App, row: ConfigRow) -> impl IntoView {
    let differs = row.value != row.default;
    let hint = format!("{} Allowed: {}. Default: {}. {}", row.effect, row.valid, row.default, row.needs);
    // A long key is broken after a dot, never inside a word.
    let key = row.key.split_inclusive('.').map(|part| view! { {part.to_owned()}<wbr/> }).collect_view();
    match row.command {
        Some(command) => {
            let set = move |event: web_sys::Event| {
                app.act(&command.replace("{}", event_target_value(&event).trim()))
            };
            let input =
                view! { <input prop:value=row.value on:change=set spellcheck="false" autocomplete="off"/> };
            view! { <label title=hint class:differs=differs><span>{key}</span>{input}</label> }.into_any()
        }
        None => view! {
            <div class="fixed" title=hint class:differs=differs>
                <span>{key}</span><b>{row.value}</b>
            </div>
        }
        .into_any(),
    }
}

/// Which key is followed in colour.
#[component]
fn Follow(app: App) -> impl IntoView {
    let key = move || app.with_engine(|engine| engine.follow_key());
    view! {
        <h3>"Follow a key"</h3>
        <label class="follow">
            <span class="swatch" aria-hidden="true"></span>
            <input placeholder="none" aria-label="Key to follow" prop:value=move || { app.opened.track(); key() }
                on:change=move |event| app.with_engine(|engine| engine.set_follow_key(event_target_value(&event).trim()))/>
        </label>
    }
}
