//! The two charts under the stage.
use crate::charts::{ChartTheme, Window, draw_lag, draw_throughput};
use crate::state::App;
use kafkarium_core::observe::report::Series;
use leptos::html;
use leptos::prelude::*;

/// The charts show at least this much time, microseconds.
const SHOWN_US: u64 = 60_000_000;

#[component]
pub fn Charts(app: App) -> impl IntoView {
    let lag = NodeRef::<html::Canvas>::new();
    let throughput = NodeRef::<html::Canvas>::new();
    Effect::new(move |_| {
        app.theme.track();
        let (Some(lag), Some(throughput)) = (lag.get(), throughput.get()) else { return };
        let details = app.details.read();
        let Some(details) = &*details else { return };
        let playhead_us = app.now_us.get_untracked();
        let to_us = playhead_us.max(SHOWN_US);
        let window = Window { from_us: to_us.saturating_sub(2 * SHOWN_US), to_us, playhead_us };
        let theme = ChartTheme::read(&lag);
        let known: Vec<Series> = details.series.iter().map(|series| up_to(series, playhead_us)).collect();
        let drawn = draw_lag(&lag, &known, window, &theme)
            .and_then(|()| draw_throughput(&throughput, &known, window, &theme));
        if let Err(error) = drawn {
            app.notice.set(Some(error.to_string()));
        }
    });
    let last = move |prefix: &'static str| {
        let now = app.now_us.get();
        let details = app.details.read();
        let series = details.as_ref().map(|details| details.series.clone()).unwrap_or_default();
        let of = series.iter().filter(|series| series.name.starts_with(prefix));
        let values = of.filter_map(|series| {
            series.points.iter().rev().find(|(at, _)| *at <= now).map(|&(_, value)| value)
        });
        values.sum::<u64>().to_string()
    };
    view! {
        <div class="charts">
            <figure>
                <figcaption>"Lag of consumer groups, records"<b>{move || last("records-lag ")}</b></figcaption>
                <canvas node_ref=lag role="img" aria-label=move || format!("Lag of consumer groups: {} records now", last("records-lag "))></canvas>
            </figure>
            <figure>
                <figcaption><span>"Records a second, in and "<i>"out"</i></span><b>{move || format!("{} in, {} out", last("MessagesInPerSec"), last("records-consumed-rate "))}</b></figcaption>
                <canvas node_ref=throughput role="img" aria-label="Records written and read each second"></canvas>
            </figure>
        </div>
    }
}

fn up_to(series: &Series, time_us: u64) -> Series {
    let points = series.points.iter().copied().filter(|(at, _)| *at <= time_us).collect();
    Series { points, ..series.clone() }
}
