//! Which recordings are played, which wait for a feature, how far durations may lie apart, and what is known to differ.
//!
//! All of it is data: a recording that stands in no list or in two, and an entry that has come to pass, fail a test.
use super::Recording;
use super::play::{Played, assignors, followers, groups, keys, leaders, offsets, retention};
use kafkarium_core::config::{Scope, find};
use kafkarium_core::scenario::Command;

/// Plays a recording's situation with a seed.
pub type Player = fn(&Recording, u64) -> Played;

/// Recordings that are played.
pub const PLAYED: &[(&str, Player)] = &[
    ("keys-to-partitions", keys::to_partitions),
    ("keys-when-partitions-are-added", keys::when_partitions_are_added),
    ("group-coordinators", keys::group_coordinators),
    ("assignor-range", assignors::range),
    ("assignor-round-robin", assignors::round_robin),
    ("leader-killed", leaders::killed),
    ("leader-stopped", leaders::stopped),
    ("leader-frozen", leaders::frozen),
    ("acks-1-leader-killed-ahead", leaders::killed_ahead),
    ("last-in-sync-killed", leaders::last_in_sync_killed),
    ("last-in-sync-killed-unclean", leaders::last_in_sync_killed),
    ("follower-frozen-10s", followers::frozen_10s),
    ("follower-frozen-40s", followers::frozen_40s),
    ("follower-frozen-short-lag", followers::frozen_short_lag),
    ("too-few-in-sync-before", followers::too_few_before),
    ("too-few-in-sync-during", followers::too_few_during),
    ("answer-lost-idempotent", followers::answer_lost),
    ("answer-lost-not-idempotent", followers::answer_lost),
    ("auto-offset-reset-no-commit", offsets::no_commit),
    ("auto-offset-reset-out-of-range", offsets::out_of_range),
    ("retention-by-size", retention::by_size),
    ("retention-by-time-idle", retention::by_time_idle),
    ("classic-group-timeline", groups::classic_timeline),
];

/// A recording whose situation the simulator cannot play yet.
#[derive(Debug)]
pub struct NotYet {
    /// The recording.
    pub recording: &'static str,
    /// What is missing.
    pub feature: &'static str,
    /// How it shows that it still is.
    pub missing: Missing,
}

/// What the simulator does not have.
#[derive(Debug)]
pub enum Missing {
    /// A key without effect.
    Key(Scope, &'static str),
    /// A command that is not understood.
    Command(&'static str),
}

impl NotYet {
    /// Whether the feature is there by now, so that the recording can be played.
    pub fn has_come(&self) -> bool {
        match self.missing {
            Missing::Key(scope, key) => find(scope, key).expect("a key of Kafka").is_simulated(),
            Missing::Command(words) => words.parse::<Command>().is_ok(),
        }
    }
}

/// Recordings that wait for a feature.
pub const NOT_YET: &[NotYet] = &[
    NotYet {
        recording: "assignor-sticky",
        feature: "sticky assignor",
        missing: Missing::Key(Scope::Consumer, "partition.assignment.strategy"),
    },
    NotYet {
        recording: "assignor-cooperative-sticky",
        feature: "cooperative sticky assignor",
        missing: Missing::Key(Scope::Consumer, "partition.assignment.strategy"),
    },
];

/// How far recorded values may lie outside the simulator's range, and how wide that range may be.
#[derive(Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The duration or count.
    pub what: &'static str,
    /// The recordings it is of; empty for all.
    pub of: &'static [&'static str],
    /// How far below the simulator's range a recorded value may lie.
    pub below: u64,
    /// How far above.
    pub above: u64,
    /// How wide the simulator's range may be.
    pub widest: u64,
    /// Why the margin, and why the range is no wider.
    pub why: &'static str,
}

/// All allowances; the first that fits counts.
pub const ALLOWANCES: &[Allowance] = &[];

/// The allowance for a duration of a recording.
pub fn allowance(recording: &str, what: &str) -> Option<&'static Allowance> {
    let is_of = |one: &Allowance| one.of.is_empty() || one.of.contains(&recording);
    ALLOWANCES.iter().find(|one| one.what == what && is_of(one))
}

/// Something that is known to differ, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The recording.
    pub recording: &'static str,
    /// The fact or duration.
    pub what: &'static str,
    /// Why it differs.
    pub cause: &'static str,
}

/// Everything that is known to differ.
pub const DIFFERENCES: &[Difference] = &[];

/// A rule that a recording taught: it had been believed and simulated otherwise.
#[derive(Debug)]
pub struct Lesson {
    /// The recording.
    pub recording: &'static str,
    /// What Kafka does.
    pub rule: &'static str,
}

/// All that recordings taught.
pub const LESSONS: &[Lesson] = &[];
