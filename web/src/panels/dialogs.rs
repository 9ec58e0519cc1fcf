//! What lies over the page: the scenarios, the scenario's text, the help.
use super::keys::KEYS;
use super::metrics::Metrics;
use crate::bridge::protocol::Source;
use crate::state::App;
use crate::state::app::Dialog;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Dialogs(app: App) -> impl IntoView {
    let close = move |_| app.dialog.set(None);
    move || {
        app.dialog.get().map(|dialog| {
            let (title, body) = match dialog {
                Dialog::Scenarios => ("Scenarios", view! { <Scenarios app/> }.into_any()),
                Dialog::Text => ("The scenario's text", view! { <Text app/> }.into_any()),
                Dialog::Metrics => ("Metrics", view! { <Metrics app/> }.into_any()),
                Dialog::Help => ("Keys and help", help().into_any()),
            };
            view! {
                <div class="veil" on:click=close></div>
                <section class="dialog" role="dialog" aria-modal="true" aria-label=title>
                    <header><h2>{title}</h2><button on:click=close aria-label="Close">"✕"</button></header>
                    {body}
                </section>
            }
        })
    }
}

#[component]
fn Scenarios(app: App) -> impl IntoView {
    let open = move |name: String| move |_| app.open(Source::Shipped(name.clone()));
    view! {
        <ul class="scenarios">
            {move || app.shipped.get().into_iter().map(|scenario| view! {
                <li><button on:click=open(scenario.name.clone())>
                    <b>{scenario.title}</b>
                    <span>{scenario.about}</span>
                    <i>"Try: "{scenario.try_this}</i>
                </button></li>
            }).collect_view()}
        </ul>
        <p><button on:click=move |_| app.dialog.set(Some(Dialog::Text))>"Write your own…"</button></p>
    }
}

#[component]
fn Text(app: App) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let text = app.opened.get_untracked().map(|opened| opened.text).unwrap_or_default();
    let open = move |_| {
        app.refused.set(Vec::new());
        if let Some(area) = area.get() {
            app.open(Source::Text(area.value()));
        }
    };
    view! {
        <p class="soft">"A scenario is a TOML file: cluster, topics, producers, groups, and what happens when. Change it and run it."</p>
        <textarea node_ref=area spellcheck="false" aria-label="The scenario's text" prop:value=text></textarea>
        <ul class="refused" role="alert">
            {move || app.refused.get().into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view()}
        </ul>
        <p><button class="primary" on:click=open>"Run it"</button></p>
    }
}

fn help() -> impl IntoView {
    let keys = KEYS.map(|(key, what)| view! { <dt>{key}</dt><dd>{what}</dd> });
    view! {
        <p>"This is a simulation of Apache Kafka 4.3 that behaves as the real one does. Click anything to see what it is and what you can do to it; then watch what follows, and go back in time."</p>
        <dl class="keys">{keys.collect_view()}</dl>
        <p class="soft">"Nothing leaves this page. Apache Kafka is a trademark of the Apache Software Foundation, with which this project is not affiliated."</p>
    }
}
