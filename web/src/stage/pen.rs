//! A canvas with a few words more: rounded boxes, text that never overflows, colours by token.
use super::layout::Rect;
use super::theme::Theme;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::f64::consts::PI;
use web_sys::CanvasRenderingContext2d;

/// How a text is set.
#[derive(Clone, Copy)]
pub struct Type {
    pub px: f64,
    pub bold: bool,
    pub mono: bool,
}

/// So many widths of texts are remembered; then it begins anew.
const WIDTHS_MOST: usize = 3_000;

thread_local! {
    /// How wide texts are, by [`Type::key`]: measuring is dear, and most of a picture's texts were in the one before.
    static WIDTHS: RefCell<BTreeMap<u32, BTreeMap<String, f64>>> = const { RefCell::new(BTreeMap::new()) };
}

impl Type {
    fn key(self) -> u32 {
        (self.px * 16.0) as u32 * 4 + u32::from(self.bold) * 2 + u32::from(self.mono)
    }
}

/// Plain text of that size.
pub const fn plain(px: f64) -> Type {
    Type { px, bold: false, mono: false }
}

/// Bold text of that size.
pub const fn bold(px: f64) -> Type {
    Type { px, bold: true, mono: false }
}

/// Where a text stands beside its point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// Draws.
pub struct Pen<'a> {
    pub ctx: &'a CanvasRenderingContext2d,
    pub theme: &'a Theme,
}

impl Pen<'_> {
    /// Opacity of what follows, 0 to 1.
    pub fn alpha(&self, alpha: f64) {
        self.ctx.set_global_alpha(alpha);
    }

    pub fn fill(&self, color: &str) {
        self.ctx.set_fill_style_str(color);
    }

    pub fn stroke(&self, color: &str, width: f64) {
        self.ctx.set_stroke_style_str(color);
        self.ctx.set_line_width(width);
    }

    pub fn dashed(&self, on: bool) {
        let pattern = js_sys::Array::new();
        if on {
            pattern.push(&4.0.into());
            pattern.push(&4.0.into());
        }
        let _ = self.ctx.set_line_dash(&pattern);
    }

    fn path(&self, rect: Rect, radius: f64) {
        let Rect { x, y, width, height } = rect;
        let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
        self.ctx.begin_path();
        let _ = self.ctx.round_rect_with_f64(x, y, width, height, radius);
    }

    pub fn filled(&self, rect: Rect, radius: f64, color: &str) {
        self.fill(color);
        self.path(rect, radius);
        self.ctx.fill();
    }

    pub fn outlined(&self, rect: Rect, radius: f64, color: &str, width: f64) {
        self.stroke(color, width);
        self.path(rect, radius);
        self.ctx.stroke();
    }

    pub fn line(&self, from: (f64, f64), to: (f64, f64), color: &str, width: f64) {
        self.stroke(color, width);
        self.ctx.begin_path();
        self.ctx.move_to(from.0, from.1);
        self.ctx.line_to(to.0, to.1);
        self.ctx.stroke();
    }

    pub fn dot(&self, x: f64, y: f64, radius: f64, color: &str) {
        self.fill(color);
        self.ctx.begin_path();
        let _ = self.ctx.arc(x, y, radius, 0.0, 2.0 * PI);
        self.ctx.fill();
    }

    pub fn ring(&self, x: f64, y: f64, radius: f64, color: &str) {
        self.stroke(color, 1.5);
        self.ctx.begin_path();
        let _ = self.ctx.arc(x, y, radius, 0.0, 2.0 * PI);
        self.ctx.stroke();
    }

    /// A triangle that points up, its tip at (x, y).
    pub fn triangle(&self, x: f64, y: f64, filled: bool, color: &str) {
        self.ctx.begin_path();
        self.ctx.move_to(x, y);
        self.ctx.line_to(x + 4.5, y + 6.5);
        self.ctx.line_to(x - 4.5, y + 6.5);
        self.ctx.close_path();
        if filled {
            self.fill(color);
            self.ctx.fill();
        } else {
            self.stroke(color, 1.3);
            self.ctx.stroke();
        }
    }

    /// A chevron: the end of a log.
    pub fn chevron(&self, x: f64, y: f64, color: &str) {
        self.stroke(color, 1.6);
        self.ctx.begin_path();
        self.ctx.move_to(x, y - 5.0);
        self.ctx.line_to(x + 4.5, y);
        self.ctx.line_to(x, y + 5.0);
        self.ctx.stroke();
    }

    pub fn font(&self, kind: Type) {
        let family = if kind.mono { &self.theme.font_mono } else { &self.theme.font };
        let weight = if kind.bold { "600 " } else { "" };
        self.ctx.set_font(&format!("{weight}{}px {family}", kind.px));
    }

    pub fn width(&self, text: &str, kind: Type) -> f64 {
        WIDTHS.with_borrow_mut(|widths| {
            let widths = widths.entry(kind.key()).or_default();
            if let Some(&width) = widths.get(text) {
                return width;
            }
            if widths.len() >= WIDTHS_MOST {
                widths.clear();
            }
            self.font(kind);
            let width = self.ctx.measure_text(text).map_or(0.0, |metrics| metrics.width());
            widths.insert(text.to_owned(), width);
            width
        })
    }

    /// Text on a base line, shortened with an ellipsis where it would be wider than `max`; its width.
    pub fn text(&self, text: &str, at: (f64, f64), kind: Type, color: &str, align: Align, max: f64) -> f64 {
        self.font(kind);
        self.text_again(text, at, kind, color, align, max)
    }

    /// The same in the font that was set last, which is of that kind.
    pub fn text_again(
        &self,
        text: &str,
        at: (f64, f64),
        kind: Type,
        color: &str,
        align: Align,
        max: f64,
    ) -> f64 {
        let (shown, width) = self.fitting((text, ""), kind, max);
        self.set(&shown, width, at, color, align, max)
    }

    /// The name of a partition from `at` to the right: of a long one the topic is shortened, never the number.
    pub fn partition(&self, name: &str, at: (f64, f64), kind: Type, color: &str, max: f64) {
        self.font(kind);
        let (topic, number) = name.split_at(name.rfind('-').unwrap_or(name.len()));
        let (shown, width) = self.fitting((topic, number), kind, max);
        self.set(&shown, width, at, color, Align::Left, max);
    }

    /// A head and a tail, as much of the head as fits; how wide they are together.
    fn fitting(&self, (head, tail): (&str, &str), kind: Type, max: f64) -> (String, f64) {
        let mut shown = format!("{head}{tail}");
        let mut width = self.width(&shown, kind);
        let mut kept = head.to_owned();
        while width > max && kept.chars().count() > 1 {
            kept.pop();
            shown = format!("{kept}…{tail}");
            width = self.width(&shown, kind);
        }
        (shown, width)
    }

    fn set(&self, text: &str, width: f64, at: (f64, f64), color: &str, align: Align, max: f64) -> f64 {
        if width > max {
            return 0.0;
        }
        let x = match align {
            Align::Left => at.0,
            Align::Center => at.0 - width / 2.0,
            Align::Right => at.0 - width,
        };
        self.fill(color);
        let _ = self.ctx.fill_text(text, x, at.1);
        width
    }
}
