//! Story pace: how fast virtual time goes, from what happens around the playhead. Pure numbers.
use kafkarium_core::observe::report::StoryLine;
use kafkarium_core::observe::view::{Frame, NONE, Process};
use std::f64::consts::LN_2;

/// A window is this long for the viewer, milliseconds.
pub const WINDOW_MS: f64 = 34.0;
/// Windows kept ahead of the playhead.
pub const WINDOWS_AHEAD: usize = 2;
/// How often the panels are brought up to date, milliseconds.
pub const PANELS_MS: f64 = 250.0;

/// The slowest: a two-thousandth of real time.
pub const SLOWEST: f64 = 1.0 / 2_000.0;
/// The fastest fixed speed: as fast as the worker goes.
pub const FASTEST: f64 = 10_000.0;
/// Fixed speeds a person can choose.
pub const SPEEDS: [f64; 11] =
    [SLOWEST, 1.0 / 1_000.0, 1.0 / 400.0, 1.0 / 100.0, 1.0 / 30.0, 0.1, 0.5, 1.0, 5.0, 60.0, FASTEST];

/// While something happens.
const WATCHING: f64 = 1.0 / 400.0;
/// While nothing happens but requests come and go; what a page begins with.
pub const CALM: f64 = 1.0 / 40.0;
/// So long calm is shown slowly; then time goes faster, seconds of the viewer.
const CALM_SHOWN_S: f64 = 5.0;
/// While everybody waits for a timeout, and after a long calm.
const WAITING: f64 = 2.5;
/// A moment after something happened, seconds of virtual time, takes about this long to triple.
const AFTER_S: f64 = 1.3;
/// Something about to happen is approached in about this long, seconds.
const BEFORE_S: f64 = 0.5;

/// What is known around the playhead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Around {
    /// Virtual microseconds since the last thing worth watching.
    pub after_us: Option<f64>,
    /// Virtual microseconds to the next one known.
    pub before_us: Option<f64>,
    /// Something is wrong and people wait for it to be noticed or repaired.
    pub trouble: bool,
    /// For so long nothing happened, seconds of the viewer.
    pub calm_s: f64,
}

impl Around {
    /// Something happens here, or goes on: calm begins only afterwards.
    pub fn is_eventful(&self) -> bool {
        self.trouble || self.after_us.is_some_and(|us| us < 3e6) || self.before_us.is_some_and(|us| us < 1e5)
    }
}

/// Virtual microseconds since the last line of the story worth watching, and to the next one known.
pub fn nearest_lines(story: &[StoryLine], now_us: f64) -> (Option<f64>, Option<f64>) {
    let worth = story.iter().filter(|line| line.weight >= 2).map(|line| line.time_us as f64 - now_us);
    let last = worth.clone().take_while(|&us| us <= 0.0).last();
    (last.map(|us| -us), worth.clone().find(|&us| us > 0.0))
}

/// Something is wrong, and somebody waits for it to be noticed or repaired.
pub fn is_trouble(frame: &Frame) -> bool {
    frame.brokers.iter().any(|broker| broker.process != Process::Running || broker.fenced)
        || frame
            .partitions
            .iter()
            .any(|partition| partition.leader == NONE || partition.in_sync < partition.replicas)
        || frame
            .consumers
            .iter()
            .any(|consumer| matches!(consumer.process, Process::Crashed | Process::Frozen) && consumer.joined)
}

/// Where the window ends that begins at `from_us`, microseconds of virtual time.
pub fn window_end(from_us: u64, speed: f64) -> u64 {
    (from_us as f64 + (WINDOW_MS * 1_000.0 * speed).max(1.0)).ceil() as u64
}

/// The speed story pace wants: virtual time for real time.
pub fn story(around: Around) -> f64 {
    // Without powers of other bases than e, whose tables would have to be downloaded.
    let calm = CALM * ((around.calm_s - CALM_SHOWN_S).clamp(0.0, 8.0) * LN_2).exp();
    let cap = if around.trouble { WAITING } else { calm.min(WAITING) };
    let after = around.after_us.map_or(cap, |us| us / 1e6 / AFTER_S);
    let before = around.before_us.map_or(cap, |us| us / 1e6 / BEFORE_S);
    after.min(before).max(WATCHING).min(cap.max(WATCHING))
}

/// One animation frame nearer to the speed wanted: quick to slow down, gentle to speed up.
pub fn ease(speed: f64, wanted: f64) -> f64 {
    let part = if wanted < speed { 0.35 } else { 0.06 };
    (speed.ln() + (wanted.ln() - speed.ln()) * part).exp()
}

/// The speed in words: `1/400 of real time`, `real time`, `5× real time`.
pub fn words(speed: f64) -> String {
    if speed >= FASTEST {
        "as fast as it goes".to_owned()
    } else if speed > 1.04 {
        format!("{speed:.1}× real time").replace(".0×", "×")
    } else if speed > 0.96 {
        "real time".to_owned()
    } else if speed > 0.66 {
        format!("{speed:.1}× real time")
    } else {
        let part = 1.0 / speed;
        // Two significant digits, so that it does not flicker.
        let step = 10.0_f64.powi((part.log10().floor() as i32 - 1).max(0));
        format!("1/{:.0} of real time", (part / step).round() * step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_slows_where_something_happens() {
        let at = |after: f64, before: f64| {
            story(Around { after_us: Some(after), before_us: Some(before), trouble: true, calm_s: 0.0 })
        };
        assert_eq!(at(0.0, 1e9), WATCHING);
        assert_eq!(at(1e9, 0.0), WATCHING);
        assert!(at(1e6, 1e9) > at(1e5, 1e9));
        assert_eq!(at(1e9, 1e9), WAITING);
    }

    #[test]
    fn calm_is_shown_and_then_passed_quickly() {
        let at = |calm_s| story(Around { calm_s, ..Around::default() });
        assert_eq!(at(0.0), CALM);
        assert!(at(8.0) > at(6.0));
        assert!(at(30.0) <= WAITING && at(30.0) > 1.0);
    }

    #[test]
    fn nine_seconds_of_waiting_pass_in_a_few() {
        let (mut after_us, mut speed, mut seconds) = (0.0, WATCHING, 0.0);
        while after_us < 9e6 {
            speed =
                ease(speed, story(Around { after_us: Some(after_us), trouble: true, ..Around::default() }));
            after_us += speed * 1e6 / 60.0;
            seconds += 1.0 / 60.0;
        }
        assert!((5.0..20.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn speeds_in_words() {
        assert_eq!(words(1.0), "real time");
        assert_eq!(words(1.0 / 400.0), "1/400 of real time");
        assert_eq!(words(2.5), "2.5× real time");
        assert_eq!(words(5.0), "5× real time");
        assert_eq!(words(FASTEST), "as fast as it goes");
    }
}
