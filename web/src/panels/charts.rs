//! The four charts under the stage: what their lines are called and stand at, the cursor they share, and the way to
//! their figures.
use crate::charts::{Chart, ChartTheme, Dash, LEFT_PX, Plot, RIGHT_PX, Tint, Window, draw};
use crate::state::App;
use crate::state::app::Dialog;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Charts(app: App) -> impl IntoView {
    let window = Memo::new(move |_| {
        Window::around(app.now_us.get(), super::timebar::end_us(app), &app.metrics.read())
    });
    let shared = Shared { app, window, turns: Turns::new(app) };
    let charts = Chart::ALL.map(|chart| view! { <OneChart shared chart/> });
    view! {
        <section class="charts" aria-label="Charts">
            {charts.collect_view()}
            <button class="figures" on:click=move |_| app.dialog.set(Some(Dialog::Metrics))
                aria-label="Metrics as a table and as CSV" title="Every metric under Kafka's name, to copy or to download as CSV">"CSV"</button>
        </section>
    }
}

/// What the charts have in common.
#[derive(Clone, Copy)]
struct Shared {
    app: App,
    window: Memo<Window>,
    turns: Turns,
}

impl Shared {
    fn read_us(self) -> u64 {
        self.app.reading_us.get().unwrap_or_else(|| self.app.now_us.get())
    }

    /// Where a moment stands, in per cent.
    fn percent(self, time_us: u64) -> String {
        format!("{:.3}%", self.window.get().part(time_us) * 100.0)
    }
}

#[component]
fn OneChart(shared: Shared, chart: Chart) -> impl IntoView {
    let Shared { app, window, turns } = shared;
    let reading_us = app.reading_us;
    let canvas = NodeRef::<html::Canvas>::new();
    // Only which lags are the largest depends on the playhead: a new choice each second.
    let second = Memo::new(move |_| if chart == Chart::Lag { app.now_us.get() / 1_000_000 } else { 0 });
    let plot = Memo::new(move |_| chart.plot(&app.metrics.read(), window.get(), second.get() * 1_000_000));
    turns.join(chart, canvas, window, plot);
    let row = Memo::new(move |_| plot.read().row_at(shared.read_us()));
    let values = Values { app, chart, plot, row };
    let room = NodeRef::<html::Div>::new();
    let moment = move |event: &web_sys::MouseEvent| {
        let rect = room.get_untracked()?.get_bounding_client_rect();
        Some(window.get_untracked().moment((f64::from(event.client_x()) - rect.left()) / rect.width()))
    };
    let key = move |event: web_sys::KeyboardEvent| {
        if read_by_key(shared, plot, &event.key()) {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let said = move || said(values, shared.read_us());
    view! {
        <figure>
            <figcaption title=move || plot.read().title.clone()>{move || plot.read().title.clone()}</figcaption>
            <Legend values/>
            <div class="plot" tabindex="0" role="slider" aria-label=move || plot.read().title.clone() aria-valuemin=move || window.get().from_us / 1_000_000
                aria-valuemax=move || window.get().to_us / 1_000_000 aria-valuenow=move || shared.read_us() / 1_000_000 aria-valuetext=said
                title="Point to read values, click to go there (arrow keys and Enter)"
                on:pointermove=move |event| reading_us.set(moment(&event))
                on:pointerleave=move |_| reading_us.set(None)
                // A click goes there and leaves the arrow keys to time; who comes by the keyboard reads with them.
                on:mousedown=|event| event.prevent_default()
                on:click=move |event| if let Some(moment) = moment(&event) { app.seek(moment) }
                on:blur=move |_| reading_us.set(None)
                on:keydown=key>
                <canvas node_ref=canvas></canvas>
                <div class="over" node_ref=room style:left=format!("{LEFT_PX}px") style:right=format!("{RIGHT_PX}px")>
                    <div class="future" style:left=move || shared.percent(app.now_us.get())></div>
                    <div class="head" style:left=move || shared.percent(app.now_us.get())></div>
                    {move || reading_us.get().filter(|&at| window.get().holds(at)).map(|at| reading(at, window.get().part(at)))}
                </div>
            </div>
        </figure>
    }
}

/// The line at the moment that is pointed at, `part` of the way from left to right.
pub fn reading(at_us: u64, part: f64) -> impl IntoView {
    view! {
        <div class="reading" class:late=part.gt(&0.6) style:left=format!("{:.3}%", part * 100.0)><b>{format!("{:.1} s", at_us as f64 / 1e6)}</b></div>
    }
}

/// What the lines stand at.
#[derive(Clone, Copy)]
struct Values {
    app: App,
    chart: Chart,
    plot: Memo<Plot>,
    /// The row read.
    row: Memo<Option<usize>>,
}

impl Values {
    /// Partitions in trouble are counted where the playhead stands, not up to a second before it.
    fn text(self, line: usize) -> String {
        let plot = self.plot.read();
        let counted = self.chart == Chart::Partitions && self.app.reading_us.get().is_none();
        match &*self.app.details.read() {
            Some(details) if counted => plot.value_text(details.in_trouble[line]),
            _ => plot.text(line, self.row.get()),
        }
    }
}

/// Names, looks and values of the lines, so high always that nothing moves.
#[component]
fn Legend(values: Values) -> impl IntoView {
    move || {
        if values.chart == Chart::Latency { latencies(values).into_any() } else { lines(values).into_any() }
    }
}

fn lines(values: Values) -> impl IntoView {
    let plot = values.plot;
    let shown = Memo::new(move |_| {
        let lines = &plot.read().lines;
        lines
            .iter()
            .map(|line| (line.label.clone(), line.hint.clone(), look(line.tint, line.dash)))
            .collect::<Vec<_>>()
    });
    let items = move || {
        let one = |(at, (label, hint, look)): (usize, (String, String, String))| {
            let value = move || values.text(at);
            view! { <li title=hint><i class=look></i><span>{label}</span><b>{value}</b></li> }
        };
        shown.get().into_iter().enumerate().map(one).collect_view()
    };
    view! { <ul class="legend">{items}</ul> }
}

/// A line each for acknowledgement and poll, a column each for the percentiles.
fn latencies(values: Values) -> impl IntoView {
    let hint =
        move |at: usize| values.plot.read().lines.get(at).map(|line| line.hint.clone()).unwrap_or_default();
    let value = move |at: usize| {
        view! { <td title=move || hint(at)>{move || values.text(at)}</td> }
    };
    let head = [Dash::Solid, Dash::Dashed, Dash::Dotted]
        .into_iter()
        .zip(["p50", "p95", "p99"])
        .map(|(dash, name)| view! { <th scope="col"><i class=look(Tint::Third, dash)></i>{name}</th> });
    let rows = [("ack", Tint::First, 0), ("poll", Tint::Second, 3)].map(|(name, tint, first)| {
        view! { <tr><th scope="row" class=look(tint, Dash::Solid)>{name}</th>{[0, 1, 2].map(|at| value(first + at)).collect_view()}</tr> }
    });
    view! {
        <table class="legend">
            <thead><tr><td></td>{head.collect_view()}</tr></thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
}

/// The classes that colour and pattern have in the style.
fn look(tint: Tint, dash: Dash) -> String {
    let tint = match tint {
        Tint::First => "first",
        Tint::Second => "second",
        Tint::Third => "third",
        Tint::Bad => "bad",
    };
    let dash = match dash {
        Dash::Solid => "solid",
        Dash::Dashed => "dashed",
        Dash::Dotted => "dotted",
        Dash::Mixed => "mixed",
    };
    format!("{tint} {dash}")
}

/// The chart in words.
fn said(values: Values, time_us: u64) -> String {
    let plot = values.plot.read();
    let each = plot.lines.iter().enumerate().map(|(at, line)| format!("{} {}", line.label, values.text(at)));
    format!("at {:.1} s: {}", time_us as f64 / 1e6, each.collect::<Vec<_>>().join(", "))
}

/// Moves the reading by a row, or the playhead to it; true if the key means something here.
fn read_by_key(shared: Shared, plot: Memo<Plot>, key: &str) -> bool {
    let plot = plot.read_untracked();
    let now = shared.app.reading_us.get_untracked();
    let at = now.unwrap_or_else(|| shared.app.now_us.get_untracked());
    let row = plot.times_us.partition_point(|&time_us| time_us <= at);
    let to = match key {
        // One row back from a moment between two rows is the row before it.
        "ArrowLeft" => plot.times_us.partition_point(|&time_us| time_us < at).checked_sub(1),
        "ArrowRight" => Some(row),
        "Home" => Some(0),
        "End" => plot.times_us.len().checked_sub(1),
        "Enter" if now.is_some() => {
            shared.app.seek(at);
            return true;
        }
        _ => return false,
    };
    if let Some(&time_us) = to.and_then(|row| plot.times_us.get(row)) {
        shared.app.reading_us.set(Some(time_us));
    }
    true
}

/// Charts are drawn in turns, one an animation frame.
#[derive(Clone, Copy)]
struct Turns {
    app: App,
    charts: StoredValue<Vec<Turn>, LocalStorage>,
    under_way: StoredValue<bool>,
}

#[derive(Clone, Copy)]
struct Turn {
    chart: Chart,
    canvas: NodeRef<html::Canvas>,
    window: Memo<Window>,
    plot: Memo<Plot>,
    stale: bool,
}

impl Turns {
    fn new(app: App) -> Turns {
        let turns =
            Turns { app, charts: StoredValue::new_local(Vec::new()), under_way: StoredValue::new(false) };
        let resized = window_event_listener(ev::resize, move |_| {
            turns.charts.update_value(|charts| charts.iter_mut().for_each(|turn| turn.stale = true));
            turns.go();
        });
        on_cleanup(move || resized.remove());
        turns
    }

    /// Draws a chart whenever what it shows has changed.
    fn join(self, chart: Chart, canvas: NodeRef<html::Canvas>, window: Memo<Window>, plot: Memo<Plot>) {
        self.charts.update_value(|charts| charts.push(Turn { chart, canvas, window, plot, stale: false }));
        Effect::new(move |_| {
            self.app.theme.track();
            window.track();
            plot.track();
            if canvas.get().is_some() {
                let is = |turn: &&mut Turn| turn.chart == chart;
                self.charts
                    .update_value(|charts| charts.iter_mut().filter(is).for_each(|turn| turn.stale = true));
                self.go();
            }
        });
    }

    fn go(self) {
        if !self.under_way.get_value() {
            self.under_way.set_value(true);
            request_animation_frame(move || self.draw_one());
        }
    }

    fn draw_one(self) {
        self.under_way.set_value(false);
        let next = self.charts.try_update_value(|charts| {
            let next = charts.iter_mut().find(|turn| turn.stale)?;
            next.stale = false;
            Some(*next)
        });
        let Some(Turn { canvas, window, plot, .. }) = next.flatten() else { return };
        if let Some(canvas) = canvas.get_untracked() {
            let theme = ChartTheme::read(&canvas);
            if let Err(error) = draw(&canvas, &plot.read_untracked(), window.get_untracked(), &theme) {
                self.app.notice.set(Some(error.to_string()));
            }
        }
        self.go();
    }
}
