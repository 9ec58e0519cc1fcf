//! "Why?" at a line of the story or a finding: opens the chain of causes in place; each step goes to its moment. The worker
//! writes the markup.
use crate::state::App;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The button, and the chain while it is open; nothing where nothing can be asked.
pub fn why(app: App, ask: String) -> Option<impl IntoView> {
    if ask.is_empty() {
        return None;
    }
    let ask = StoredValue::new(ask);
    let open = Memo::new(move |_| app.why.read().0 == *ask.read_value());
    let toggle = move |_| app.ask_why(if open.get_untracked() { String::new() } else { ask.get_value() });
    Some(view! {
        <button class="why" aria-expanded=move || open.get().to_string() on:click=toggle>"Why?"</button>
        {move || open.get().then(|| chain(app))}
    })
}

fn chain(app: App) -> impl IntoView {
    // The causes stay as they are while more comes of them: none vanishes under a click.
    let causes = Memo::new(move |_| app.why.read().1.causes.clone());
    let after = Memo::new(move |_| app.why.read().1.after.clone());
    let go = move |event: web_sys::MouseEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let button = target.and_then(|target| target.closest("[data-step]").ok().flatten());
        let at = button.and_then(|button| button.get_attribute("data-step")?.parse::<usize>().ok());
        let step = at.and_then(|at| app.why.read_untracked().1.steps.get(at).copied());
        if let Some((time_us, about)) = step {
            if let Some(subject) = about {
                app.selection.set(subject);
            }
            app.seek(time_us);
        }
    };
    view! {
        <div class="chain" on:click=go>
            <div inner_html=move || causes.get()></div>
            <div role="status" inner_html=move || after.get()></div>
        </div>
    }
}
