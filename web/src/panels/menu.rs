//! What can be done to the thing that was clicked, at that thing.
use crate::state::App;
use leptos::prelude::*;

#[component]
pub fn MenuBox(app: App) -> impl IntoView {
    let shown = move || {
        let menu = app.menu.get()?;
        let details = app.details.read();
        let details = details.as_ref().filter(|details| details.inspection.subject == menu.subject)?;
        let commands = details.inspection.commands.clone();
        (!commands.is_empty()).then_some((menu, details.inspection.title.clone(), commands))
    };
    // The list is built anew only when it says something else: a button must not vanish under a click.
    let shown = Memo::new(move |_| shown());
    move || {
        shown.get().map(|(menu, title, commands)| {
            let buttons = commands.into_iter().map(|offer| {
                let command = offer.command.clone();
                view! {
                    <button class:fault=offer.fault title=offer.hint on:click=move |_| app.act(&command)>{offer.label}</button>
                }
            });
            let label = format!("What can be done to {title}");
            view! {
                <div class="menu" role="group" aria-label=label
                    style:left=format!("{}px", menu.x) style:top=format!("{}px", menu.y)>
                    <p>{title}</p>
                    {buttons.collect_view()}
                    <button class="close" on:click=move |_| app.menu.set(None)>"Close"</button>
                </div>
            }
        })
    }
}
