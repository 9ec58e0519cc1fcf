//! Which recordings are played, which wait for a feature, how far durations may lie apart, and what is known to differ.
//!
//! All of it is data: a recording that stands in no list or in two, and an entry that has come to pass, fail a test.
use super::Recording;
use super::play::{
    Played, assignors, followers, groups, keys, leaders, offsets, outages, producers, retention,
};
use kafkarium_core::config::{Scope, find};
use kafkarium_core::scenario::COMMAND_FORMS;

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
    ("leader-killed-reader", leaders::killed_reader),
    ("leader-stopped", leaders::stopped),
    ("leader-frozen", leaders::frozen),
    ("acks-1-leader-killed-ahead", leaders::killed_ahead),
    ("last-in-sync-killed", leaders::last_in_sync_killed),
    ("last-in-sync-killed-unclean", leaders::last_in_sync_killed),
    ("all-stopped-in-turn", outages::stopped_in_turn),
    ("all-stopped-in-turn-min-isr-2", outages::stopped_in_turn),
    ("all-killed-in-turn", outages::killed_in_turn),
    ("all-killed-in-turn-min-isr-2", outages::killed_in_turn),
    ("follower-frozen-10s", followers::frozen_10s),
    ("follower-frozen-40s", followers::frozen_40s),
    ("follower-frozen-90s", followers::frozen_90s),
    ("follower-frozen-short-lag", followers::frozen_short_lag),
    ("follower-frozen-high-watermark", followers::frozen_high_watermark),
    ("too-few-in-sync-before", followers::too_few_before),
    ("too-few-in-sync-during", followers::too_few_during),
    ("answer-lost-idempotent", followers::answer_lost),
    ("answer-lost-not-idempotent", followers::answer_lost),
    ("auto-offset-reset-no-commit", offsets::no_commit),
    ("auto-offset-reset-out-of-range", offsets::out_of_range),
    ("retention-by-size", retention::by_size),
    ("retention-by-size-idle", retention::by_size_idle),
    ("retention-by-time-idle", retention::by_time_idle),
    ("retention-by-time-written", retention::by_time_written),
    ("classic-group-timeline", groups::classic_timeline),
    ("coordinator-killed", groups::coordinator_killed),
    ("member-stalls", groups::stalls),
    ("member-stalls-pause", groups::stalls_pause),
    ("killed-with-auto-commit", groups::killed_with_auto_commit),
    ("killed-with-commit-after-processing", groups::killed_with_commit_after),
    ("preferred-leader-returns", leaders::preferred_returns),
    ("round-robin-partitioner", producers::round_robin),
    ("no-key-equal-load", producers::no_key),
    ("no-key-unequal-load", producers::no_key_unequal),
    ("acks-0-leader-killed", producers::acks_0),
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
    /// A command: this word stands in no command's form or meaning.
    Command(&'static str),
}

impl NotYet {
    /// Whether the feature is there by now, so that the recording can be played.
    pub fn has_come(&self) -> bool {
        match self.missing {
            Missing::Key(scope, key) => find(scope, key).expect("a key of Kafka").is_simulated(),
            Missing::Command(word) => {
                COMMAND_FORMS.iter().any(|(form, meaning)| form.contains(word) || meaning.contains(word))
            }
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
    NotYet {
        recording: "share-group",
        feature: "share groups",
        missing: Missing::Key(Scope::Group, "share.auto.offset.reset"),
    },
    NotYet {
        recording: "share-group-lock-timeout",
        feature: "share groups",
        missing: Missing::Key(Scope::Group, "share.auto.offset.reset"),
    },
    NotYet {
        recording: "preferred-leader-elected",
        feature: "administrators' elections",
        missing: Missing::Command("preferred"),
    },
    NotYet {
        recording: "reassignment",
        feature: "partition reassignment",
        missing: Missing::Command("reassign"),
    },
    NotYet {
        recording: "replication-factor-raised",
        feature: "partition reassignment",
        missing: Missing::Command("reassign"),
    },
    NotYet {
        recording: "broker-added",
        feature: "brokers added to a running cluster",
        missing: Missing::Command("add broker"),
    },
    NotYet {
        recording: "broker-added-reassignment",
        feature: "partition reassignment",
        missing: Missing::Command("reassign"),
    },
    NotYet {
        recording: "connection-cut-idempotent",
        feature: "connections that break while both their ends go on",
        missing: Missing::Command("connections of"),
    },
    NotYet {
        recording: "connection-cut-not-idempotent",
        feature: "connections that break while both their ends go on",
        missing: Missing::Command("connections of"),
    },
    NotYet { recording: "delete-records", feature: "DeleteRecords", missing: Missing::Command("delete") },
    NotYet {
        recording: "transactions-isolation",
        feature: "transactions",
        missing: Missing::Key(Scope::Consumer, "isolation.level"),
    },
    NotYet {
        recording: "transactions-lag",
        feature: "transactions",
        missing: Missing::Key(Scope::Consumer, "isolation.level"),
    },
    NotYet {
        recording: "transactions-zombie",
        feature: "transactions",
        missing: Missing::Key(Scope::Producer, "transactional.id"),
    },
    NotYet {
        recording: "compaction",
        feature: "compaction",
        missing: Missing::Key(Scope::Topic, "cleanup.policy"),
    },
    NotYet {
        recording: "static-member-restarts-in-time",
        feature: "static members",
        missing: Missing::Key(Scope::Consumer, "group.instance.id"),
    },
    NotYet {
        recording: "static-member-restarts-late",
        feature: "static members",
        missing: Missing::Key(Scope::Consumer, "group.instance.id"),
    },
    NotYet {
        recording: "consumer-protocol-timeline",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "consumer-protocol-timeline-range",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "consumer-protocol-member-stalls",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "consumer-protocol-pauses",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "consumer-protocol-static-member-restarts-in-time",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "consumer-protocol-static-member-restarts-late",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "active-controller-killed",
        feature: "controller quorum",
        missing: Missing::Command("controller"),
    },
    NotYet {
        recording: "quorum-lost",
        feature: "controller quorum",
        missing: Missing::Command("controller"),
    },
    NotYet {
        recording: "last-in-sync-killed-without-elr",
        feature: "feature levels other than the defaults of 4.3",
        missing: Missing::Command("feature"),
    },
    NotYet {
        recording: "last-in-sync-killed-unclean-without-elr",
        feature: "feature levels other than the defaults of 4.3",
        missing: Missing::Command("feature"),
    },
    NotYet {
        recording: "server-assignor-uniform",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
    },
    NotYet {
        recording: "server-assignor-range",
        feature: "consumer groups (KIP-848)",
        missing: Missing::Key(Scope::Consumer, "group.protocol"),
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
pub const ALLOWANCES: &[Allowance] = &[
    Allowance {
        what: "ms until there is a leader again",
        of: &[],
        below: 100,
        above: 500,
        widest: 3_125,
        why: HEARTBEATS,
    },
    Allowance {
        what: "ms until it left the ISR",
        of: &["follower-frozen-short-lag"],
        below: 100,
        above: 500,
        widest: 2_000,
        why: "Leaders look every half of `replica.lag.time.max.ms` (4 s), so it takes one to one and a half times that. Real \
              timers are late by some ms on a busy machine.",
    },
    Allowance {
        what: "ms until it left the ISR",
        of: &[],
        below: 100,
        above: 500,
        widest: 3_125,
        why: HEARTBEATS,
    },
    Allowance {
        what: "ms until broker 1 was alone in the ISR",
        of: &[],
        below: 100,
        above: 500,
        widest: 3_125,
        why: HEARTBEATS,
    },
    Allowance {
        what: "ms without an acknowledgement",
        of: &["leader-killed"],
        below: 200,
        above: 1_000,
        widest: 4_200,
        why: "The wait for the controller varies by 3,125 ms, the retry that finds the new leader by its backoff of 1 s. A real \
              client and a real new leader take some hundred ms more for connections and first requests.",
    },
    Allowance {
        what: "ms without an acknowledgement",
        of: &["leader-frozen"],
        below: 50,
        above: 500,
        widest: 100,
        why: "`request.timeout.ms` decides, which is the same every time; a real client needs time to connect anew.",
    },
    Allowance {
        what: "ms without an acknowledgement",
        of: &["leader-stopped"],
        below: 50,
        above: 1_000,
        widest: 600,
        why: "A few tries with backoffs of 100 to 400 ms, until the client has heard of the new leader. A real broker that stops \
              is busy with it, and its successor with its first requests.",
    },
    Allowance {
        what: "ms without an acknowledgement, acks=all",
        of: &[],
        below: 100,
        above: 500,
        widest: 3_150,
        why: "It lasts until the frozen follower has left the ISR, and varies as that does.",
    },
    Allowance {
        what: "ms from being unfenced until back in the ISR",
        of: &[],
        below: 50,
        above: 300,
        widest: 100,
        why: "A few requests between brokers, and for a frozen one `replica.fetch.wait.max.ms`. Real brokers read the metadata, \
              start fetchers and connect, which takes some tens of ms and more while their code is cold.",
    },
    Allowance {
        what: "ms from the thaw until back in the ISR",
        of: &[],
        below: 50,
        above: 400,
        widest: 100,
        why: "The same few requests each time; real brokers take some tens of ms more for them.",
    },
    Allowance {
        what: "ms until acks=all for 5 s gave up",
        of: &[],
        below: 20,
        above: 300,
        widest: 50,
        why: "`delivery.timeout.ms` decides. A new client has to connect and ask for metadata first.",
    },
    Allowance {
        what: "ms until the send ended",
        of: &[],
        below: 20,
        above: 200,
        widest: 50,
        why: "`request.timeout.ms` decides.",
    },
    Allowance {
        what: "records only the old leader had",
        of: &[],
        below: 10,
        above: 10,
        widest: 60,
        why: RECORDS_AHEAD,
    },
    Allowance {
        what: "acknowledged records that are gone",
        of: &["acks-1-leader-killed-ahead"],
        below: 10,
        above: 10,
        widest: 60,
        why: RECORDS_AHEAD,
    },
    Allowance {
        what: "completed sends that are in no log",
        of: &[],
        below: 5,
        above: 10,
        widest: 10,
        why: "What is written to a socket whose other end is just going. The system takes a killed process apart for some 100 ms, \
              in which its sockets stay open: some 5 records.",
    },
    Allowance {
        what: "ms from the last write until the log was empty",
        of: &[],
        below: 50,
        above: 500,
        widest: 2_000,
        why: "`retention.ms` is 10 s, and brokers look every 2 s. The moment is taken by asking, which takes some ms.",
    },
    Allowance {
        what: "per mille of records in the fullest partition",
        of: &[],
        below: 20,
        above: 20,
        widest: 60,
        why: SHARES,
    },
    Allowance {
        what: "ms from a segment's last record until the segment was deleted",
        of: &[],
        below: 50,
        above: 500,
        widest: 2_000,
        why: "`retention.ms` is 10 s, and brokers look every 2 s. The moment is taken by asking, every 50 ms.",
    },
    Allowance {
        what: "ms that a partition of another leader went unread at most",
        of: &[],
        below: 200,
        above: 500,
        widest: 3_900,
        why: "The member waits with its commit until another broker leads the partition of __consumer_offsets, for which the \
              controller needs 3,125 ms more or less, and asks for it every 100 ms to 1 s.",
    },
    Allowance {
        what: "ms from the stall until the other has all partitions",
        of: &[],
        below: 50,
        above: 500,
        widest: 3_100,
        why: "`max.poll.interval.ms` is 10 s; who stays learns of it with its next heartbeat, up to 3 s later.",
    },
    Allowance {
        what: "ms that the partitions of a stalled member went unread",
        of: &[],
        below: 50,
        above: 500,
        widest: 3_100,
        why: "`max.poll.interval.ms` is 10 s; who stays learns of it with its next heartbeat, up to 3 s later, and fetches offsets \
              and records.",
    },
    Allowance {
        what: "ms from the end of the stall until it has partitions again",
        of: &[],
        below: 50,
        above: 500,
        widest: 3_100,
        why: "It joins again at once; the other member learns of that with its next heartbeat, up to 3 s later.",
    },
    Allowance {
        what: "ms from being back in the ISR until it leads again",
        of: &[],
        below: 300,
        above: 500,
        widest: 20_000,
        why: "The controller looks for imbalance every 20 s here; the moment of the return is any in between.",
    },
    Allowance {
        what: "ms that the partition went unread",
        of: &[],
        below: 300,
        above: 1_000,
        widest: 4_200,
        why: "The wait for the controller varies by 3,125 ms, the question who leads now by its backoff of up to 1 s. A real member \
              connects to the new leader and waits for its first records.",
    },
    Allowance {
        what: "records delivered twice",
        of: &["killed-with-auto-commit"],
        below: 20,
        above: 40,
        widest: 260,
        why: "Everything since the last commit, of which there is one every 5 s: up to 250 records. A busy process commits some \
              100 ms late.",
    },
    Allowance {
        what: "records delivered twice",
        of: &["killed-with-commit-after-processing"],
        below: 5,
        above: 15,
        widest: 10,
        why: "What the last poll returned. A commit of a real client on a busy machine takes some ten ms, in which several records \
              come together for the next poll.",
    },
    Allowance {
        what: "per mille of records to the slow broker",
        of: &[],
        below: 20,
        above: 20,
        widest: 60,
        why: "Its queue is the longest most of the time, so it is chosen less than a third of the time; as in any draw, by some \
              10 per mille more or less.",
    },
    Allowance {
        what: "per mille of records in the emptiest partition",
        of: &[],
        below: 20,
        above: 20,
        widest: 60,
        why: SHARES,
    },
    Allowance {
        what: "ms until every member has its partitions with billing-1",
        of: &["classic-group-timeline"],
        below: 20,
        above: 1_700,
        widest: 100,
        why: FIRST_MEMBER,
    },
    Allowance {
        what: "ms until every member has its partitions with billing-2",
        of: &["classic-group-timeline"],
        below: 20,
        above: 1_300,
        widest: 3_100,
        why: NEXT_MEMBER,
    },
    Allowance {
        what: "ms until every member has its partitions with billing-3",
        of: &["classic-group-timeline"],
        below: 20,
        above: 1_300,
        widest: 3_100,
        why: NEXT_MEMBER,
    },
    Allowance {
        what: "ms that a partition went unread at most with billing-1",
        of: &["classic-group-timeline"],
        below: 50,
        above: 300,
        widest: 400,
        why: PAUSE,
    },
    Allowance {
        what: "ms that a partition went unread at most with billing-2",
        of: &["classic-group-timeline"],
        below: 50,
        above: 700,
        widest: 200,
        why: PAUSE,
    },
    Allowance {
        what: "ms that a partition went unread at most with billing-3",
        of: &["classic-group-timeline"],
        below: 50,
        above: 700,
        widest: 200,
        why: PAUSE,
    },
    Allowance {
        what: "ms until every member has its partitions after billing-2 leaves",
        of: &["classic-group-timeline"],
        below: 20,
        above: 500,
        widest: 3_100,
        why: "Who stays learns of it with the next heartbeat, up to 3 s later.",
    },
    Allowance {
        what: "ms that a partition went unread at most after billing-2 leaves",
        of: &["classic-group-timeline"],
        below: 50,
        above: 500,
        widest: 3_100,
        why: "Nobody owns its partitions until who stays has heard of it, up to 3 s later.",
    },
    Allowance {
        what: "ms until every member has its partitions after billing-3 is killed",
        of: &["classic-group-timeline"],
        below: 100,
        above: 500,
        widest: 3_100,
        why: SESSION,
    },
    Allowance {
        what: "ms that a partition went unread at most after billing-3 is killed",
        of: &["classic-group-timeline"],
        below: 100,
        above: 500,
        widest: 3_200,
        why: SESSION,
    },
];

const HEARTBEATS: &str = "The session of 9 s counts from the last heartbeat, one comes every 2 s, and the controller looks every \
                          1,125 ms: what the moment of the fault decides is 3,125 ms wide. Real ones are some ms late or early.";
const RECORDS_AHEAD: &str = "A fetch is 1 s under way in all, which is 50 records; how many of them are new depends on the moment. \
                             Connections of real brokers are not idle in between.";
const SHARES: &str = "Some 1,000 to 1,500 turns of about 2,000 bytes fall on 6 partitions at random: a share of 167 per mille spreads by \
                      some 10, and the fullest and the emptiest lie two or three such steps away.";
const FIRST_MEMBER: &str = "`group.initial.rebalance.delay.ms` is 3 s. A new Java process loads its classes, connects and finds its \
                            coordinator first.";
const NEXT_MEMBER: &str = "The members that are there learn of it with their next heartbeat, every 3 s. A new Java process loads \
                           its classes, connects and finds its coordinator first.";
const PAUSE: &str = "A rebalance takes a few requests. Real members revoke, join, fetch offsets and connect to leaders, the newest \
                     with cold code.";
const SESSION: &str = "The session of 10 s counts from the last heartbeat; one comes every 3 s to both the dead member and the one that \
                       has to learn of its end.";

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
pub const DIFFERENCES: &[Difference] = &[Difference {
    recording: "acks-0-leader-killed",
    what: "completed sends that are in no log",
    cause: "In one of five repeats everything that had waited for the next leader was lost (385 records). The likely reason, not \
            seen itself: the client heard of that leader before it had begun to lead, was refused, and without \
            acknowledgements nobody heard of that. Here brokers need no time to begin to lead.",
}];

/// A rule that a recording taught: it had been believed and simulated otherwise.
#[derive(Debug)]
pub struct Lesson {
    /// The recording.
    pub recording: &'static str,
    /// What Kafka does.
    pub rule: &'static str,
}

/// All that recordings taught.
pub const LESSONS: &[Lesson] = &[
    Lesson {
        recording: "acks-1-leader-killed-ahead",
        rule: "What a process sent before it ended still arrives: followers get the last answers of a leader that was killed, so \
               fewer records are lost than if they had been lost with it.",
    },
    Lesson {
        recording: "round-robin-partitioner",
        rule: "With the round robin partitioner records sent by hand take turns, too.",
    },
    Lesson {
        recording: "acks-0-leader-killed",
        rule: "With acks=0, too, records wait while there is no connection to their leader, and are sent to the next one: a send is \
               done when it is written to a socket, and there is none. They had counted as done, and were lost.",
    },
];
