//! Time: play, pause, step, speed, and a line to scrub on, with markers and bands.
use crate::state::App;
use crate::state::app::Mode;
use crate::state::pace::{self, SPEEDS};
use kafkarium_core::observe::report::{Band, Marker, StoryKind, Tone};
use leptos::html;
use leptos::prelude::*;

/// A span narrower than this, per cent of the line, has no room for a word.
const WORD_PERCENT: f64 = 3.0;
/// What holds now says so in full, beyond the present too; where it begins later than this, per cent, the line would end.
const OPEN_BELOW_PERCENT: f64 = 66.0;
/// The line shows at least this much, microseconds.
const SHOWN_US: u64 = 60_000_000;

#[component]
pub fn TimeBar(app: App) -> impl IntoView {
    view! {
        <section class="timebar" aria-label="Time">
            <Controls app/>
            <Line app/>
        </section>
    }
}

/// Plays and pauses.
#[component]
pub fn PlayButton(app: App) -> impl IntoView {
    let playing = move || app.playing.get();
    view! {
        <button id="play" class="primary" on:click=move |_| app.set_playing(!app.playing.get_untracked())
            aria-label=move || if playing() { "Pause" } else { "Play" } title="Play or pause (Space)">
            {move || if playing() { "❚❚" } else { "▶" }}
        </button>
    }
}

#[component]
fn Controls(app: App) -> impl IntoView {
    let story = move || app.mode.get() == Mode::Story;
    let position = move || match app.mode.get() {
        Mode::Story => nearest(app.speed.get()),
        Mode::Fixed(speed) => nearest(speed),
    };
    let choose = move |event| {
        let at: usize = event_target_value(&event).parse().unwrap_or(0);
        app.mode.set(Mode::Fixed(SPEEDS[at.min(SPEEDS.len() - 1)]));
    };
    let words = move || match app.mode.get() {
        Mode::Story => pace::words(app.speed.get()),
        Mode::Fixed(speed) => pace::words(speed),
    };
    view! {
        <div class="controls">
            <div class="buttons">
                <button on:click=move |_| app.step(true, false) title="Step back (,)" aria-label="Step back">"◂"</button>
                <PlayButton app/>
                <button on:click=move |_| app.step(false, false) title="Step on (.)" aria-label="Step on">"▸"</button>
                <output id="clock" aria-live="off">{move || clock(app.now_us.get())}</output>
            </div>
            <div class="speed">
                <button class:chosen=story aria-pressed=move || story().to_string() on:click=move |_| app.mode.set(Mode::Story)
                    title="Slow where something happens, quick where nothing does (S)">"Story pace"</button>
                <input type="range" min="0" max=SPEEDS.len() - 1 step="1" prop:value=position on:input=choose aria-label="Speed"/>
                <span id="speed">{words}</span>
            </div>
        </div>
    }
}

fn nearest(speed: f64) -> String {
    let far = |other: f64| (other.ln() - speed.ln()).abs();
    let best = (0..SPEEDS.len()).min_by(|a, b| far(SPEEDS[*a]).total_cmp(&far(SPEEDS[*b])));
    best.unwrap_or(0).to_string()
}

fn clock(us: u64) -> String {
    format!("{}.{:03} {:03} s", us / 1_000_000, us / 1_000 % 1_000, us % 1_000)
}

#[component]
fn Line(app: App) -> impl IntoView {
    let line = NodeRef::<html::Div>::new();
    let bands = Memo::new(move |_| {
        app.details.read().as_ref().map(|details| details.timeline.bands.clone()).unwrap_or_default()
    });
    let markers = Memo::new(move |_| {
        app.details.read().as_ref().map(|details| details.timeline.markers.clone()).unwrap_or_default()
    });
    let end = Memo::new(move |_| end_us(app));
    let percent = move |us: u64| format!("{:.3}%", us as f64 * 100.0 / end.get() as f64);
    // Whole seconds: who hears the page is not to hear every step of time.
    let second = Memo::new(move |_| app.now_us.get() / 1_000_000);
    let dragging = RwSignal::new(false);
    let moment = move |event: &web_sys::PointerEvent| {
        let rect = line.get_untracked()?.get_bounding_client_rect();
        let part = ((f64::from(event.client_x()) - rect.left()) / rect.width()).clamp(0.0, 1.0);
        Some((part * end.get_untracked() as f64) as u64)
    };
    let scrub = move |event: &web_sys::PointerEvent| {
        app.reading_us.set(None);
        moment(event).into_iter().for_each(|to_us| app.seek(to_us));
    };
    let moved = move |event: web_sys::PointerEvent| match dragging.get_untracked() {
        true => scrub(&event),
        false => app.reading_us.set(moment(&event)),
    };
    view! {
        <div class="line" node_ref=line
            on:pointerdown=move |event| {
                dragging.set(true);
                if let Some(line) = line.get_untracked() {
                    let _ = line.set_pointer_capture(event.pointer_id());
                }
                scrub(&event);
            }
            on:pointermove=moved
            on:pointerleave=move |_| app.reading_us.set(None)
            on:pointerup=move |_| dragging.set(false)
            on:pointercancel=move |_| dragging.set(false)>
            <div class="marks">{move || spread(markers.get(), end.get()).into_iter().map(|(marker, at)| mark(app, marker, at)).collect_view()}</div>
            <div class="bands">{move || bands.get().into_iter().map(|row| band(row, end.get())).collect_view()}</div>
            <div class="rail" role="slider" tabindex="0" aria-label="Moment" aria-valuemin="0"
                aria-valuemax=move || end.get() / 1_000_000 aria-valuenow=move || second.get()
                aria-valuetext=move || format!("{} seconds", second.get())></div>
            <div class="known" style:width=move || percent(app.known_us.get())></div>
            <div class="head" style:left=move || percent(app.now_us.get())></div>
            {move || app.reading_us.get().map(|at| super::charts::reading(at, at as f64 / end.get() as f64))}
            <div class="scale">{move || scale(end.get())}</div>
        </div>
    }
}

/// Where the line ends, microseconds.
pub fn end_us(app: App) -> u64 {
    let known = app.known_us.get().max(app.now_us.get());
    let planned = app.opened.read().as_ref().map_or(0, |opened| opened.duration_us);
    let shown = known.max(planned).max(SHOWN_US);
    // In steps, so that the scale does not creep.
    if shown <= planned.max(SHOWN_US) { shown } else { (shown * 5 / 4).div_ceil(SHOWN_US) * SHOWN_US }
}

/// Markers with their place in per cent; of those too near to each other the first.
fn spread(markers: Vec<Marker>, end: u64) -> Vec<(Marker, f64)> {
    const APART: f64 = 1.2;
    let mut placed: Vec<(Marker, f64)> = Vec::new();
    for marker in markers {
        let at = marker.time_us as f64 * 100.0 / end as f64;
        if placed.last().is_none_or(|(_, last)| at - last > APART) && at <= 100.0 {
            placed.push((marker, at));
        }
    }
    placed
}

fn mark(app: App, marker: Marker, at: f64) -> impl IntoView {
    let time = marker.time_us;
    let label = format!("{} s: {}", super::story::seconds(time), marker.label);
    let go = move |event: web_sys::PointerEvent| {
        event.stop_propagation();
        app.seek(time);
    };
    let tone = if is_mending(&marker) { "mark mending" } else { "mark" };
    view! { <button class=tone tabindex="-1" style:left=format!("{at:.3}%") title=label.clone() aria-label=label on:pointerdown=go></button> }
}

/// Whether it marks a command that makes something good again, or harms nothing.
fn is_mending(marker: &Marker) -> bool {
    const HARM: [&str; 5] = ["crash ", "stop ", "freeze ", "slow ", "cut "];
    marker.kind == StoryKind::Command && !HARM.iter().any(|harm| marker.label.starts_with(harm))
}

fn band(row: Band, end: u64) -> impl IntoView {
    let last = row.spans.len().saturating_sub(1);
    let spans = row.spans.into_iter().enumerate().map(|(at, span)| {
        let (from, to) = (span.from_us.min(end), span.to_us.min(end));
        let part = |us: u64| us as f64 * 100.0 / end as f64;
        let tone = match span.tone {
            Tone::Calm => "calm",
            Tone::Good => "good",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        };
        let width = part(to - from);
        let open = at == last && part(from) < OPEN_BELOW_PERCENT;
        // Where a row is a broker's among others, its first word says whose.
        let whose = if at == 0 && row.label.starts_with("broker ") {
            format!("{}: ", row.label)
        } else {
            String::new()
        };
        let word = (open || width >= WORD_PERCENT).then(|| whose + &span.label);
        view! {
            <span class=tone class:open=open title=span.label style:left=format!("{:.3}%", part(from))
                style:width=format!("{width:.3}%")>{word}</span>
        }
    });
    view! { <div class="band" title=row.label.clone()>{spans.collect_view()}</div> }
}

fn scale(end: u64) -> impl IntoView {
    let step = [5, 10, 20, 30, 60, 120, 300, 600, 3_600]
        .into_iter()
        .find(|step| end / 1_000_000 / step <= 9)
        .unwrap_or(36_000);
    let marks = (0..=end / 1_000_000 / step).map(|at| at * step);
    marks
        .map(|second| {
            let at = second as f64 * 1e8 / end as f64;
            view! { <i style:left=format!("{at:.3}%")>{format!("{second} s")}</i> }
        })
        .collect_view()
}
