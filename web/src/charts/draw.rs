//! Draws a plot on a canvas with plotters, in device pixels.
use super::axis;
use super::plot::{Dash, Plot, Tint, Window};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::FontFamily;
use plotters_canvas::CanvasBackend;
use std::fmt;
use std::ops::Range;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

/// Room for the labels of the axis, left of what is plotted, CSS pixels.
pub const LEFT_PX: u32 = 44;
/// Room right of it, CSS pixels.
pub const RIGHT_PX: u32 = 14;
const TOP_PX: u32 = 5;
const BOTTOM_PX: u32 = 16;
/// A mark of the time axis needs so much, CSS pixels.
const MARK_PX: u32 = 48;

/// Colours of a chart, resolved from the page's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartTheme {
    panel: RGBColor,
    line: RGBColor,
    ink_soft: RGBColor,
    ink_faint: RGBColor,
    curves: [RGBColor; 3],
    bad: RGBColor,
    font: String,
}

/// Why a chart could not be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartError(String);

impl fmt::Display for ChartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the chart could not be drawn: {}", self.0)
    }
}

impl std::error::Error for ChartError {}

impl ChartTheme {
    /// Reads the tokens as they are for an element now.
    pub fn read(element: &HtmlElement) -> Self {
        let window = web_sys::window().expect("a page has a window");
        let style = element.style();
        let computed = |name: &str| {
            let computed = window.get_computed_style(element).ok().flatten();
            computed.and_then(|style| style.get_property_value(name).ok()).unwrap_or_default()
        };
        // A custom property comes back as it was written; a colour set from it comes back resolved.
        let color = |name: &str| {
            let _ = style.set_property("color", &format!("var(--{name})"));
            rgb(&computed("color"))
        };
        let theme = ChartTheme {
            panel: color("panel"),
            line: color("line"),
            ink_soft: color("ink-soft"),
            ink_faint: color("ink-faint"),
            curves: [color("curve-1"), color("curve-2"), color("curve-3")],
            bad: color("bad"),
            font: computed("--font").trim().to_owned(),
        };
        let _ = style.remove_property("color");
        theme
    }

    fn tint(&self, tint: Tint) -> RGBColor {
        match tint {
            Tint::First => self.curves[0],
            Tint::Second => self.curves[1],
            Tint::Third => self.curves[2],
            Tint::Bad => self.bad,
        }
    }
}

/// `rgb(1, 2, 3)` as numbers; black for what is not of that form.
fn rgb(text: &str) -> RGBColor {
    let digits = text.trim_start_matches("rgba(").trim_start_matches("rgb(").trim_end_matches(')');
    let whole = |part: &str| part.split('.').next().and_then(|whole| whole.trim().parse().ok());
    let mut parts = digits.split([',', ' ']).filter_map(whole);
    let mut next = || parts.next().unwrap_or(0);
    RGBColor(next(), next(), next())
}

/// Draws a plot on a canvas, as large as the element around it.
///
/// # Errors
/// The canvas cannot be drawn on.
pub fn draw(
    canvas: &HtmlCanvasElement,
    plot: &Plot,
    window: Window,
    theme: &ChartTheme,
) -> Result<(), ChartError> {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    let Some(room) = canvas.parent_element().map(|parent| parent.get_bounding_client_rect()) else {
        return Ok(());
    };
    let (wide, high) = ((room.width() * ratio).round(), (room.height() * ratio).round());
    if wide < 80.0 * ratio || high < 30.0 * ratio {
        return Ok(());
    }
    fit(canvas, (wide, high), ratio);
    let backend = CanvasBackend::with_canvas_object(canvas.clone());
    let context = canvas.get_context("2d").ok().flatten().and_then(|it| it.dyn_into().ok());
    let (Some(backend), Some(context)) = (backend, context) else {
        return Err(ChartError("no 2D canvas".to_owned()));
    };
    let pen = Pen { area: backend.into_drawing_area(), context, ratio };
    pen.paint(plot, window, theme).map_err(|error| ChartError(error.to_string()))
}

/// One pixel of the canvas is one of the screen.
fn fit(canvas: &HtmlCanvasElement, (wide, high): (f64, f64), ratio: f64) {
    if (canvas.width(), canvas.height()) == (wide as u32, high as u32) {
        return;
    }
    canvas.set_width(wide as u32);
    canvas.set_height(high as u32);
    let style = HtmlElement::style(canvas.unchecked_ref());
    let _ = style.set_property("width", &format!("{}px", wide / ratio));
    let _ = style.set_property("height", &format!("{}px", high / ratio));
}

struct Pen {
    area: DrawingArea<CanvasBackend, plotters::coord::Shift>,
    context: CanvasRenderingContext2d,
    ratio: f64,
}

impl Pen {
    /// CSS pixels in pixels of the screen.
    fn px(&self, css: u32) -> i32 {
        (f64::from(css) * self.ratio).round() as i32
    }

    fn paint(
        &self,
        plot: &Plot,
        window: Window,
        theme: &ChartTheme,
    ) -> Result<(), Box<dyn std::error::Error>> {
        self.area.fill(&theme.panel)?;
        let (from, to) = (seconds(window.from_us), seconds(window.to_us.max(window.from_us + 1_000_000)));
        let top = plot.top as f64;
        let marks = self.time_marks(window);
        let family = FontFamily::Name(&theme.font);
        let font = (family, 11.0 * self.ratio).into_font().color(&theme.ink_soft);
        let mut chart = ChartBuilder::on(&self.area)
            .margin_top(self.px(TOP_PX))
            .margin_right(self.px(RIGHT_PX))
            .x_label_area_size(self.px(BOTTOM_PX))
            .y_label_area_size(self.px(LEFT_PX))
            .build_cartesian_2d(
                Marked { range: from..to, marks },
                Marked { range: 0.0..top, marks: vec![0.0, top / 2.0, top] },
            )?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .bold_line_style(theme.line.stroke_width(self.px(1) as u32))
            .light_line_style(theme.panel)
            .axis_style(theme.panel)
            .set_all_tick_mark_size(self.px(2))
            .label_style(font)
            .x_label_formatter(&|at| format!("{at:.0} s"))
            .y_label_formatter(&|value| plot.value_text(*value as u64))
            .draw()?;
        let zero =
            PathElement::new(vec![(from, 0.0), (to, 0.0)], theme.ink_faint.stroke_width(self.px(1) as u32));
        chart.draw_series(std::iter::once(zero))?;
        let width = (1.6 * self.ratio).round() as u32;
        for line in &plot.lines {
            self.dash(line.dash);
            let style = theme.tint(line.tint).stroke_width(width);
            let calm = without_zeros(&line.values);
            let values = if plot.zero_is_calm { &calm } else { &line.values };
            let (paths, dots) = pieces(&plot.times_us, values, plot.every_us);
            chart.draw_series(paths.into_iter().map(|path| PathElement::new(path, style)))?;
            self.dash(Dash::Solid);
            chart.draw_series(dots.into_iter().map(|dot| Circle::new(dot, self.px(2), style.filled())))?;
        }
        self.area.present()?;
        Ok(())
    }

    /// Round seconds, as many as there is room for.
    fn time_marks(&self, window: Window) -> Vec<f64> {
        let room = self.area.dim_in_pixel().0 as f64 / self.ratio - f64::from(LEFT_PX + RIGHT_PX);
        let (from, to) = (window.from_us.div_ceil(1_000_000), window.to_us / 1_000_000);
        let apart = axis::seconds_apart(to - from, (room / f64::from(MARK_PX)).max(1.0) as u64);
        (from.div_ceil(apart)..=to / apart).map(|mark| (mark * apart) as f64).collect()
    }

    fn dash(&self, dash: Dash) {
        let lengths: &[f64] = match dash {
            Dash::Solid => &[],
            Dash::Dashed => &[6.0, 3.0],
            Dash::Dotted => &[2.0, 2.0],
            Dash::Mixed => &[6.0, 2.0, 2.0, 2.0],
        };
        let pattern: js_sys::Array =
            lengths.iter().map(|length| wasm_bindgen::JsValue::from(length * self.ratio)).collect();
        let _ = self.context.set_line_dash(&pattern);
    }
}

/// An axis with marks where we want them.
struct Marked {
    range: Range<f64>,
    marks: Vec<f64>,
}

impl Ranged for Marked {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        limit.0 + (part * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

type Point = (f64, f64);

/// The values without stretches of zeros; the zeros at their ends stay.
fn without_zeros(values: &[Option<u64>]) -> Vec<Option<u64>> {
    let zero = |at: Option<usize>| at.and_then(|at| values.get(at)).is_none_or(|value| *value == Some(0));
    let stays = |at: usize| !(zero(at.checked_sub(1)) && zero(Some(at)) && zero(Some(at + 1)));
    values.iter().enumerate().map(|(at, value)| value.filter(|_| stays(at))).collect()
}

/// A line in pieces: paths where moment follows moment, and dots where a value stands alone.
fn pieces(times_us: &[u64], values: &[Option<u64>], every_us: u64) -> (Vec<Vec<Point>>, Vec<Point>) {
    let mut paths: Vec<Vec<Point>> = Vec::new();
    let mut last_us = None;
    for (&at, value) in times_us.iter().zip(values) {
        let Some(value) = *value else { continue };
        let follows = last_us.is_some_and(|last| at - last <= every_us);
        let point = (seconds(at), value as f64);
        match paths.last_mut() {
            Some(path) if follows => path.push(point),
            _ => paths.push(vec![point]),
        }
        last_us = Some(at);
    }
    let (alone, paths): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.len() == 1);
    (paths, alone.into_iter().flatten().collect())
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_breaks_where_nothing_was_measured() {
        let times = [1, 2, 3, 4, 5, 6].map(|second| second * 1_000_000);
        let (paths, dots) = pieces(&times, &[Some(1), Some(2), None, Some(9), None, Some(3)], 1_000_000);
        assert_eq!((paths, dots), (vec![vec![(1.0, 1.0), (2.0, 2.0)]], vec![(4.0, 9.0), (6.0, 3.0)]));
    }

    #[test]
    fn a_line_that_lies_on_zero_is_not_drawn_there() {
        let values = [0, 0, 0, 5, 0, 0].map(Some);
        assert_eq!(without_zeros(&values), [None, None, Some(0), Some(5), Some(0), None]);
        assert_eq!(without_zeros(&[Some(0), Some(0)]), [None, None]);
    }

    #[test]
    fn colours_are_read_as_the_browser_writes_them() {
        assert_eq!(rgb("rgb(18, 24, 38)"), RGBColor(18, 24, 38));
        assert_eq!(rgb("rgba(1, 2, 3, 0.5)"), RGBColor(1, 2, 3));
    }
}
