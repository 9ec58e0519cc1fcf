//! The few things the page asks of the browser.
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlElement, Storage, Url, Window};

/// The window.
pub fn window() -> Window {
    web_sys::window().expect("a page has a window")
}

/// The URL's fragment without its `#`.
pub fn fragment() -> String {
    let hash = window().location().hash().unwrap_or_default();
    hash.strip_prefix('#').unwrap_or(&hash).to_owned()
}

/// Puts a fragment into the URL without an entry in the history.
pub fn set_fragment(fragment: &str) {
    if let Ok(history) = window().history() {
        let state = history.state().unwrap_or_default();
        let _ = history.replace_state_with_url(&state, "", Some(&format!("#{fragment}")));
    }
}

/// Remembers for a reload of this very page whether time stands.
pub fn remember_paused(is_paused: bool) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state(&is_paused.into(), "");
    }
}

/// Whether time stood before a reload.
pub fn was_paused() -> bool {
    window().history().is_ok_and(|history| history.state() == Ok(JsValue::TRUE))
}

/// The whole URL with that fragment.
pub fn url_with(fragment: &str) -> String {
    let href = window().location().href().unwrap_or_default();
    format!("{}#{fragment}", href.split('#').next().unwrap_or_default())
}

/// Milliseconds on the page's clock.
pub fn now_ms() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

/// What the person chose before, on this machine.
pub fn remembered(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}

/// Remembers what the person chose.
pub fn remember(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// The opening that web/boot.js has fetched beside the page, if it has: see `bridge::opening`.
pub fn opening() -> Option<Vec<u8>> {
    let file = js_sys::Reflect::get(&window(), &"kafkariumOpening".into()).ok()?;
    Some(file.dyn_into::<js_sys::Uint8Array>().ok()?.to_vec())
}

/// Whether the person asked for less motion.
pub fn reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Calls whenever what the person asked of the system (less motion, light or dark) changes.
pub fn on_preference(query: &str, changed: impl FnMut() + 'static) {
    if let Some(query) = window().match_media(query).ok().flatten() {
        let changed = Closure::<dyn FnMut()>::new(changed);
        query.set_onchange(Some(changed.as_ref().unchecked_ref()));
        changed.forget();
        // A list that nobody holds may forget whom to call.
        std::mem::forget(query);
    }
}

/// Whether the person has selected text in an element.
pub fn selects_in(element: &web_sys::Element) -> bool {
    let selection = window().get_selection().ok().flatten().filter(|selection| !selection.is_collapsed());
    selection.is_some_and(|selection| element.contains(selection.anchor_node().as_ref()))
}

/// The element of that id.
pub fn by_id(id: &str) -> Option<web_sys::Element> {
    window().document()?.get_element_by_id(id)
}

/// Scrolls no more than it takes to see an element.
pub fn into_sight(element: &web_sys::Element) {
    let nearest = web_sys::ScrollIntoViewOptions::new();
    nearest.set_block(web_sys::ScrollLogicalPosition::Nearest);
    element.scroll_into_view_with_scroll_into_view_options(&nearest);
}

/// Gives something the focus.
pub fn focus(id: &str) {
    if let Some(element) = by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
}

/// What has the focus.
pub fn focused() -> Option<HtmlElement> {
    window().document()?.active_element()?.dyn_into().ok()
}

/// Puts text into the clipboard, as far as the browser allows.
pub fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// Saves text as a file; false if the browser does not allow it.
pub fn download(name: &str, kind: &str, text: &str) -> bool {
    let save = || {
        let options = BlobPropertyBag::new();
        options.set_type(kind);
        let parts = js_sys::Array::of1(&text.into());
        let url =
            Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&parts, &options)?)?;
        let document = window().document().ok_or(wasm_bindgen::JsValue::NULL)?;
        let link: HtmlAnchorElement = document.create_element("a")?.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
        Url::revoke_object_url(&url)
    };
    save().is_ok()
}

/// Sets light, dark, or (empty) what the system has.
pub fn set_theme(theme: &str) {
    if let Some(root) = window().document().and_then(|document| document.document_element()) {
        let _ = if theme.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", theme)
        };
    }
}
