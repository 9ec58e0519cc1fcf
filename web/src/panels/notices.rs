//! What the page has to say beside the run: a problem on top, a short notice below.
use crate::state::App;
use crate::state::app::Tab;
use kafkarium_core::observe::life::Pick;
use leptos::prelude::*;

#[component]
pub fn Problem(app: App) -> impl IntoView {
    move || {
        app.problem.get().map(|sentence| {
            view! {
                <div class="problem" role="alert">
                    <p>{sentence}</p>
                    <button on:click=move |_| app.problem.set(None)>"Close"</button>
                </div>
            }
        })
    }
}

#[component]
pub fn Notice(app: App) -> impl IntoView {
    let shown = move || app.progress.get().or_else(|| app.notice.get());
    // A notice leaves by itself, unless another came meanwhile.
    Effect::new(move |_| {
        let said = app.notice.get();
        if said.is_some() {
            let leave = move || {
                if app.notice.get_untracked() == said {
                    app.notice.set(None);
                }
            };
            gloo_timers::callback::Timeout::new(6_000, leave).forget();
        }
    });
    move || {
        shown().map(|sentence| {
            let sent = sentence.starts_with("Done: send by") && app.tab.get() != Tab::Record;
            let undo = sentence.starts_with("Done:") && app.undoable.get_untracked() > 0;
            let forked = sentence.ends_with("is kept.");
            view! {
                <div class="notice">
                    <span>{sentence}</span>
                    {sent.then(|| view! { <button on:click=move |_| app.follow(Pick::LastTyped)>"Follow it"</button> })}
                    {undo.then(|| view! { <button on:click=move |_| { app.notice.set(None); app.with_engine(|engine| engine.undo()) }>"Undo"</button> })}
                    {forked.then(|| view! { <button on:click=move |_| app.with_engine(|engine| engine.switch_future())>"Back to it"</button> })}
                </div>
            }
        })
    }
}
