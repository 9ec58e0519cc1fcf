//! Story pace: how fast virtual time goes, from what happens around the playhead. Pure numbers.
use super::worth::{Nearest, TABLE};
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

/// While nothing happens but requests come and go; what a page begins with.
pub const CALM: f64 = 1.0 / 40.0;
/// So long calm is shown slowly; then time goes faster, seconds of the viewer.
const CALM_SHOWN_S: f64 = 5.0;
/// While everybody waits for a timeout, and after a long calm.
const WAITING: f64 = 2.5;
/// While what happened is still being said.
const UNSAID: f64 = 1.0 / 400.0;
/// A moment after something happened, seconds of virtual time, takes about this long to triple.
const AFTER_S: f64 = 1.3;
/// Something about to happen is approached in about this long, seconds.
const BEFORE_S: f64 = 0.5;

/// What is known around the playhead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Around {
    /// What is worth watching.
    pub nearest: Nearest,
    /// Something is wrong and people wait for it to be noticed or repaired.
    pub trouble: bool,
    /// For so long nothing happened, seconds of the viewer.
    pub calm_s: f64,
    /// Something that happened is still to be said.
    pub unsaid: bool,
}

impl Around {
    /// Something happens here, or goes on: calm begins only afterwards, when time goes as fast as in calm again.
    pub fn is_eventful(&self) -> bool {
        let within = |list: &[Option<f64>], most_s: f64| list.iter().flatten().any(|us| *us < most_s * 1e6);
        self.trouble || within(&self.nearest.after_us, CALM * AFTER_S) || within(&self.nearest.before_us, 0.1)
    }
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
    let cap = match around {
        Around { unsaid: true, .. } => UNSAID,
        Around { trouble: true, .. } => WAITING,
        _ => calm.min(WAITING),
    };
    let Nearest { after_us, before_us } = around.nearest;
    let wanted = |((_, slowest), (after_us, before_us)): (&(_, f64), (Option<f64>, Option<f64>))| {
        let after = after_us.map_or(cap, |us| us / 1e6 / AFTER_S);
        let before = before_us.map_or(cap, |us| us / 1e6 / BEFORE_S);
        after.min(before).max(*slowest)
    };
    TABLE.iter().zip(after_us.into_iter().zip(before_us)).map(wanted).fold(cap, f64::min)
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
    use super::super::worth::Worth;
    use super::*;
    use kafkarium_core::history::Session;
    use kafkarium_core::kernel::SimTime;
    use kafkarium_core::observe::report::{StoryLine, Subject};
    use kafkarium_core::scenario;

    /// So long after a thing worth watching, and so long before another.
    fn between(after_us: f64, before_us: f64) -> Around {
        let mut nearest = Nearest::default();
        nearest.after_us[Worth::TurningPoint as usize] = Some(after_us);
        nearest.before_us[Worth::Told as usize] = Some(before_us);
        Around { nearest, trouble: true, ..Around::default() }
    }

    #[test]
    fn time_slows_where_something_happens() {
        let at = |after_us, before_us| story(between(after_us, before_us));
        assert_eq!(at(0.0, 1e9), TABLE[Worth::TurningPoint as usize].1);
        assert_eq!(at(1e9, 0.0), TABLE[Worth::Told as usize].1);
        assert!(at(1e6, 1e9) > at(1e5, 1e9));
        assert_eq!(at(1e9, 1e9), WAITING);
    }

    #[test]
    fn time_waits_for_what_is_still_to_be_said() {
        let waits = Around { unsaid: true, ..between(1e9, 1e9) };
        assert_eq!(story(waits), UNSAID);
        assert!(
            story(Around { unsaid: true, ..between(0.0, 1e9) }) < UNSAID,
            "no faster than what is watched"
        );
    }

    #[test]
    fn calm_is_shown_and_then_passed_quickly() {
        let at = |calm_s| story(Around { calm_s, ..Around::default() });
        assert_eq!(at(0.0), CALM);
        assert!(at(8.0) > at(6.0));
        assert!(at(30.0) <= WAITING && at(30.0) > 1.0);
    }

    #[test]
    fn a_while_after_something_happened_without_trouble_time_flies_again() {
        let (mut now_s, mut speed, mut calm_s, mut watched_s) = (0.0, SLOWEST, 0.0, 0.0);
        while now_s < 10.0 {
            let mut nearest = Nearest::default();
            nearest.after_us[Worth::StepOfTheRecord as usize] = Some(now_s * 1e6);
            let mut around = Around { nearest, calm_s, ..Around::default() };
            calm_s = if around.is_eventful() { 0.0 } else { calm_s + 1.0 / 60.0 };
            around.calm_s = calm_s;
            speed = ease(speed, story(around));
            now_s += speed / 60.0;
            watched_s += 1.0 / 60.0;
        }
        assert!((8.0..30.0).contains(&watched_s), "{watched_s} s");
    }

    const FAILOVER: &str = r#"
format = 1
title = "A failover"
seed = 7
warm-up = "12 s"
[cluster]
brokers = 3
[[topic]]
name = "orders"
partitions = 1
replication-factor = 3
[[producer]]
name = "shop"
topic = "orders"
rate = "20/s"
config.acks = "all"
[[group]]
name = "billing"
topics = ["orders"]
members = 1
"#;

    fn open(text: &str) -> Session {
        Session::open(scenario::read(text).expect("it can be read"), 7, Vec::new())
    }

    /// What happened when the leader of the only partition died at 15 s, and when a write was acknowledged again.
    fn failover(how: &str) -> (Vec<StoryLine>, u64) {
        let mut session = open(FAILOVER);
        session.advance(SimTime::from_secs(12), u64::MAX);
        let image = session.world().controller().image();
        let leader =
            image.partitions.iter().rev().find_map(|partition| partition.leader).expect("it is warm");
        let death = format!("[[timeline]]\nat = \"15 s\"\ndo = \"{how} broker {}\"\n", leader.0);
        session = open(&format!("{FAILOVER}{death}"));
        let mut acknowledged = 0;
        for ms in (15_100..).step_by(10) {
            session.advance(SimTime::from_ms(ms), u64::MAX);
            let now = session.world().producer(0).totals().acknowledged;
            // What was on its way as the leader died may still be answered.
            if ms > 16_000 && now > acknowledged {
                return (session.story(0).to_vec(), ms * 1_000);
            }
            acknowledged = now;
        }
        unreachable!("a follower is in sync and takes over");
    }

    /// How long a viewer watches a stretch in which something is wrong, for the first time: of what comes only what
    /// the windows ahead hold is known.
    fn seconds_watched(story_lines: &[StoryLine], from_us: f64, to_us: f64) -> f64 {
        let (mut now_us, mut speed, mut frames) = (from_us, CALM, 0);
        while now_us < to_us {
            let known_us = now_us + WINDOWS_AHEAD as f64 * WINDOW_MS * 1_000.0 * speed;
            let known = story_lines.partition_point(|line| line.time_us as f64 <= known_us);
            let nearest = Nearest::of(&story_lines[..known], &[], Subject::Cluster, now_us);
            speed = ease(speed, story(Around { nearest, trouble: true, ..Around::default() }));
            now_us += speed * 1e6 / 60.0;
            frames += 1;
        }
        f64::from(frames) / 60.0
    }

    #[test]
    fn a_failover_takes_a_viewer_20_to_40_seconds() {
        let (story, acknowledged_us) = failover("crash");
        let seconds = seconds_watched(&story, 15e6, acknowledged_us as f64);
        assert!((20.0..40.0).contains(&seconds), "{seconds}");
    }

    #[test]
    fn every_step_of_a_failover_can_be_read() {
        let (story, acknowledged_us) = failover("crash");
        let told: Vec<f64> = story
            .iter()
            .filter(|line| line.weight >= 2 && (15_000_000..acknowledged_us).contains(&line.time_us))
            .map(|line| line.time_us as f64)
            .collect();
        assert!(told.len() >= 3, "{story:?}");
        for pair in told.windows(2).filter(|pair| pair[0] < pair[1]) {
            let seconds = seconds_watched(&story, pair[0], pair[1]);
            assert!(seconds > 2.0, "{seconds} s from {} to {}", pair[0], pair[1]);
        }
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
