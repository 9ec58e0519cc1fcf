//! The two charts, drawn with plotters: a group's lag, and records in and out.
use kafkarium_core::observe::report::Series;
use plotters::prelude::*;
use plotters_canvas::CanvasBackend;
use std::fmt;
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, HtmlElement};

/// Colours of a chart, resolved from the page's tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartTheme {
    panel: RGBColor,
    line: RGBColor,
    ink_soft: RGBColor,
    now: RGBColor,
    curve: RGBColor,
    second: RGBColor,
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
        let color = |name: &str| {
            let _ = style.set_property("color", &format!("var(--{name})"));
            let computed = window.get_computed_style(element).ok().flatten();
            let text = computed.and_then(|style| style.get_property_value("color").ok()).unwrap_or_default();
            rgb(&text)
        };
        let theme = ChartTheme {
            panel: color("panel"),
            line: color("line"),
            ink_soft: color("ink-soft"),
            now: color("now"),
            curve: color("ink"),
            second: color("ink-faint"),
        };
        let _ = style.remove_property("color");
        theme
    }
}

/// `rgb(1, 2, 3)` as numbers; black for what is not of that form.
fn rgb(text: &str) -> RGBColor {
    let digits = text.trim_start_matches("rgba(").trim_start_matches("rgb(").trim_end_matches(')');
    let mut parts = digits.split([',', ' ']).filter_map(|part| part.trim().parse::<f64>().ok());
    let mut next = || parts.next().unwrap_or(0.0) as u8;
    RGBColor(next(), next(), next())
}

/// What a chart shows of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its left edge, microseconds.
    pub from_us: u64,
    /// Its right edge, microseconds.
    pub to_us: u64,
    /// The moment shown on the stage.
    pub playhead_us: u64,
}

/// Draws the lag of every group.
///
/// # Errors
/// The canvas cannot be drawn on.
pub fn draw_lag(
    canvas: &HtmlCanvasElement,
    series: &[Series],
    window: Window,
    theme: &ChartTheme,
) -> Result<(), ChartError> {
    let curves = series.iter().filter(|series| series.name.starts_with("records-lag "));
    draw(canvas, &curves.collect::<Vec<_>>(), window, theme)
}

/// Draws records in and records out.
///
/// # Errors
/// The canvas cannot be drawn on.
pub fn draw_throughput(
    canvas: &HtmlCanvasElement,
    series: &[Series],
    window: Window,
    theme: &ChartTheme,
) -> Result<(), ChartError> {
    let mut curves: Vec<&Series> = series.iter().filter(|series| series.name == "MessagesInPerSec").collect();
    curves.extend(series.iter().filter(|series| series.name.starts_with("records-consumed-rate ")));
    draw(canvas, &curves, window, theme)
}

fn draw(
    canvas: &HtmlCanvasElement,
    curves: &[&Series],
    window: Window,
    theme: &ChartTheme,
) -> Result<(), ChartError> {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio());
    let element: &HtmlElement = canvas.unchecked_ref();
    let (wide, high) =
        (f64::from(element.client_width()) * ratio, f64::from(element.client_height()) * ratio);
    if wide < 20.0 || high < 20.0 {
        return Ok(());
    }
    canvas.set_width(wide as u32);
    canvas.set_height(high as u32);
    let backend =
        CanvasBackend::with_canvas_object(canvas.clone()).ok_or(ChartError("no 2D canvas".to_owned()))?;
    let area = backend.into_drawing_area();
    paint(&area, curves, window, theme, ratio).map_err(|error| ChartError(error.to_string()))
}

type Area = DrawingArea<CanvasBackend, plotters::coord::Shift>;

fn paint(
    area: &Area,
    curves: &[&Series],
    window: Window,
    theme: &ChartTheme,
    ratio: f64,
) -> Result<(), Box<dyn std::error::Error>> {
    area.fill(&theme.panel)?;
    let (from, to) = (seconds(window.from_us), seconds(window.to_us.max(window.from_us + 1_000_000)));
    let shown = |series: &&Series| {
        series.points.iter().filter(|(at, _)| *at >= window.from_us).map(|&(_, value)| value).max()
    };
    let top = curves.iter().filter_map(shown).max().unwrap_or(0).max(10) as f64 * 1.15;
    let font = ("sans-serif", 11.0 * ratio).into_font().color(&theme.ink_soft);
    let mut chart = ChartBuilder::on(area)
        .margin((4.0 * ratio) as i32)
        .x_label_area_size((16.0 * ratio) as i32)
        .y_label_area_size((34.0 * ratio) as i32)
        .build_cartesian_2d(from..to, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(theme.line)
        .light_line_style(theme.panel)
        .axis_style(theme.line)
        .label_style(font)
        .x_labels(5)
        .y_labels(3)
        .x_label_formatter(&|at| format!("{at:.0} s"))
        .y_label_formatter(&|value| short(*value))
        .draw()?;
    for (at, series) in curves.iter().enumerate() {
        let color = if at == 0 { theme.curve } else { theme.second };
        let points = series.points.iter().filter(|(at, _)| *at >= window.from_us && *at <= window.to_us);
        let path: Vec<(f64, f64)> = points.map(|&(at, value)| (seconds(at), value as f64)).collect();
        chart.draw_series(std::iter::once(PathElement::new(
            path,
            color.stroke_width((1.6 * ratio) as u32 + 1),
        )))?;
    }
    let now = seconds(window.playhead_us).clamp(from, to);
    let line = PathElement::new(vec![(now, 0.0), (now, top)], theme.now.stroke_width(ratio.ceil() as u32));
    chart.draw_series(std::iter::once(line))?;
    area.present()?;
    Ok(())
}

/// A number that fits beside an axis: `250`, `40k`, `1.5M`.
fn short(value: f64) -> String {
    match value {
        _ if value >= 1e6 => format!("{:.1}M", value / 1e6),
        _ if value >= 1e4 => format!("{:.0}k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}

fn seconds(us: u64) -> f64 {
    us as f64 / 1e6
}
