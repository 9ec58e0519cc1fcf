//! The colours of the stage: the page's tokens, resolved for the theme that holds now.
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, HtmlElement};

/// One colour each, as CSS text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    pub ground: String,
    pub panel: String,
    pub lane: String,
    pub line: String,
    pub ink: String,
    pub ink_soft: String,
    pub ink_faint: String,
    pub cell: String,
    pub cell_ink: String,
    pub follow: String,
    pub follow_ink: String,
    pub follow_copy_ink: String,
    pub now: String,
    pub good: String,
    pub bad: String,
    pub bad_soft: String,
    pub warn_soft: String,
    pub font: String,
    pub font_mono: String,
}

impl Theme {
    /// Reads the tokens as they are for the canvas now.
    pub fn read(canvas: &HtmlCanvasElement) -> Self {
        let element: &HtmlElement = canvas.unchecked_ref();
        let window = web_sys::window().expect("a page has a window");
        let style = element.style();
        let kept = style.get_property_value("color").unwrap_or_default();
        // A custom property comes back as it was written; a colour set from it comes back resolved.
        let color = |name: &str| {
            let _ = style.set_property("color", &format!("var(--{name})"));
            let computed = window.get_computed_style(element).ok().flatten();
            computed.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default()
        };
        let text = |name: &str| {
            let computed = window.get_computed_style(element).ok().flatten();
            let value = computed.and_then(|style| style.get_property_value(name).ok()).unwrap_or_default();
            if value.trim().is_empty() { "sans-serif".to_owned() } else { value.trim().to_owned() }
        };
        let theme = Theme {
            ground: color("ground"),
            panel: color("panel"),
            lane: color("lane"),
            line: color("line"),
            ink: color("ink"),
            ink_soft: color("ink-soft"),
            ink_faint: color("ink-faint"),
            cell: color("cell"),
            cell_ink: color("cell-ink"),
            follow: color("follow"),
            follow_ink: color("follow-ink"),
            follow_copy_ink: color("follow-copy-ink"),
            now: color("now"),
            good: color("good"),
            bad: color("bad"),
            bad_soft: color("bad-soft"),
            warn_soft: color("warn-soft"),
            font: text("--font"),
            font_mono: text("--font-mono"),
        };
        let _ = style.set_property("color", &kept);
        theme
    }
}
