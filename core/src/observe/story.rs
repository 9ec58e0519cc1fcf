//! What a fact is in words: what happened, why, what comes next. Sentences only; nothing is kept here.
//!
//! What happens to many partitions at once is told by [`super::piles`], commands by [`super::orders`].
use super::question::{About, Question};
use super::report::{Finding, StoryKind, Subject};
use super::told::{Told, capital, count, listed, ms};
use super::{cuts, orders};
use crate::client::ConsumerState;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::scenario::words::show_duration;
use crate::trace::{Fact, GroupCause, GroupState, Process};
use crate::wire::{ErrorCode, NodeId};
use crate::world::World;

/// A `send` that blocked for less is not told to go on again, microseconds: with a full buffer it happens all the time.
const BLOCKED_LONG_US: u64 = 1_000_000;

/// Tells one fact; `None` if it is no story.
pub(super) fn tell(world: &World, fact: &Fact) -> Option<Told> {
    match fact {
        Fact::CommandDone { text } => Some(orders::command(world, text)),
        Fact::ProcessChanged { node, process } => process_changed(world, *node, *process),
        Fact::BrokerRegistered { broker } => Some(registered(*broker)),
        Fact::BrokerFenced { broker, last_contact } => Some(fenced(world, *broker, *last_contact)),
        Fact::BrokerUnfenced { broker } => Some(unfenced(*broker)),
        Fact::ControlledShutdown { broker } => Some(shutting_down(*broker)),
        Fact::GroupChanged { group, state, generation, cause } => {
            group_changed(world, *group, *state, *generation, cause)
        }
        Fact::CoordinatorLoaded { group, broker } => Some(coordinator(world, *group, *broker)),
        Fact::Retrying { producer, partition, error, .. } => {
            Some(retrying(world, *producer, *partition, *error))
        }
        Fact::SendFailed { producer, partition, error, .. } => {
            Some(failed(world, *producer, *partition, *error))
        }
        Fact::Blocked { producer, blocked: true, .. } => Some(blocked(world, *producer)),
        Fact::Blocked { producer, waited_us, has_room, .. } => {
            (*has_room && *waited_us >= BLOCKED_LONG_US).then(|| goes_on(world, *producer, *waited_us))
        }
        Fact::ProduceRefused { broker, partition, error } => refused(world, *broker, *partition, *error),
        Fact::DuplicateRefused { broker, partition, .. } => Some(duplicate(world, *broker, *partition)),
        Fact::LogStart { broker, partition, offset } => cuts::deleted(world, *broker, *partition, *offset),
        Fact::OffsetReset { consumer, partition, from: Some(from), to } => {
            Some(offset_reset(world, *consumer, *partition, (*from, *to)))
        }
        Fact::WentBack { consumer, partition, from, to } => {
            Some(went_back(world, *consumer, *partition, (*from, *to)))
        }
        Fact::ConsumerFailed { consumer, error, .. } => Some(consumer_failed(world, *consumer, *error)),
        _ => None,
    }
}

/// Tells what the audit found in one moment, of one or more partitions.
pub(super) fn found(findings: &[Finding]) -> Told {
    let first = &findings[0];
    let records = count(findings.iter().map(|finding| finding.count).sum(), "record");
    let mut partitions: Vec<String> = findings.iter().map(|finding| finding.partition.clone()).collect();
    partitions.sort();
    partitions.dedup();
    let of = match &partitions[..] {
        more @ [_, _, _, ..] => count(more.len() as u64, "partition"),
        few => listed(few),
    };
    let word = first.word.as_str();
    let (weight, what, next, why_all) = finding_words(word);
    let told = Told::new(StoryKind::Audit, weight, vec![Subject::Cluster])
        .what(format!("{} of {of} {what}", if word == "delivered twice" { "Records" } else { &records }))
        .why(first.why.clone())
        .next(next)
        .in_crowd(format!("found {word}"), format!("More records: {word}."))
        .all_because(why_all);
    let event = first.ask.parse().ok().map(|question: Question| question.about);
    told.tells(event).marked(format!("{records} {word}"))
}

/// The weight of a finding, what is said of its records, what comes next, and the reason that all such findings share.
fn finding_words(word: &str) -> (u8, &'static str, &'static str, &'static str) {
    match word {
        "lost" => (
            3,
            "lost although acknowledged.",
            "Nobody sends them again: their producer believes them safe.",
            "The leaders' logs do not hold them, and those are what counts.",
        ),
        "duplicated" => (
            3,
            "written twice.",
            "Every group that reads on is given them twice.",
            "Sent again because no answer came, although first copies stand in the log: without enable.idempotence the leader cannot tell.",
        ),
        "delivered twice" => (
            2,
            "are delivered for the second time.",
            "The application has to bear records that come twice.",
            "Their groups were given them before.",
        ),
        "never processed" => (
            3,
            "never processed although below a committed offset.",
            "Nobody in the group reads them again: it goes on from its committed offset.",
            "Groups committed offsets before the consumers that were given them had processed them: at-most-once delivery.",
        ),
        "skipped" => (
            1,
            "skipped by auto.offset.reset.",
            "Reading goes on from there.",
            "Groups had no committed offset, or one that is not in the log.",
        ),
        _ => (
            3,
            "never delivered although below a committed offset.",
            "The group will not read them: it goes on from its committed offset.",
            "Groups committed offsets beyond them without ever having been given them.",
        ),
    }
}

fn process_changed(world: &World, node: NodeId, process: Process) -> Option<Told> {
    // At the beginning of a run everything starts; that is no news.
    if world.now() == SimTime::ZERO || process != Process::Stopped {
        return None;
    }
    let name = capital(&world.node_name(node));
    let (kind, weight, subject) = match node {
        NodeId::Broker(id) => (StoryKind::Broker, 2, Subject::Broker(u32::from(id))),
        NodeId::Consumer(at) => (StoryKind::Consumer, 1, Subject::Consumer(u32::from(at))),
        NodeId::Producer(at) => (StoryKind::Producer, 1, Subject::Producer(u32::from(at))),
        NodeId::Controller(_) => return None,
    };
    let told = Told::new(kind, weight, vec![subject]);
    if world.process(node).0 != Process::Stopped {
        let told = told
            .what(format!("{name} closed, and starts again."))
            .why("Its configuration was changed, and clients read it when they start.");
        return Some(
            told.next("It works with the new value.")
                .in_crowd("restarted", "More clients start again.")
                .all_next("They work with the new values."),
        );
    }
    Some(match node {
        NodeId::Broker(_) => told
            .what(format!("{name} has shut down cleanly."))
            .why("Its logs are on disk and marked as whole, so it need not recover them at its next start.")
            .next("Until it is back, the partitions it holds copies of have fewer in sync."),
        NodeId::Consumer(_) => told
            .what(format!("{name} has closed."))
            .why("close() ends with leaving the group.")
            .next("Its partitions go to the other members, if there are any.")
            .in_crowd("closed", "More consumers have closed.")
            .all_next("Their partitions go to the other members, if there are any."),
        _ => told
            .what(format!("{name} has closed."))
            .why("Everything it held is confirmed or given up.")
            .next("It sends nothing more.")
            .in_crowd("closed", "More clients have closed.")
            .all_because("Everything they held is confirmed or given up.")
            .all_next("They send nothing more."),
    })
}

fn registered(broker: BrokerId) -> Told {
    Told::new(StoryKind::Broker, 1, vec![Subject::Broker(broker.0)])
        .what(format!("Broker {} registered with the controller.", broker.0))
        .why("Every start of a broker begins with it: it is given a broker epoch, and is fenced at first.")
        .next("It loads the metadata and looks its logs through, then asks to be unfenced.")
        .in_crowd("registered", "More brokers registered.")
        .all_next("They load the metadata and look their logs through, then ask to be unfenced.")
}

fn fenced(world: &World, broker: BrokerId, last_contact: Option<SimTime>) -> Told {
    let about = vec![Subject::Broker(broker.0), Subject::Controller];
    let Some(at) = last_contact else {
        return Told::new(StoryKind::Broker, 1, about)
            .what(format!("The controller fenced broker {}: it may stop now.", broker.0))
            .why("Its controlled shutdown is complete: it leads nothing any more.")
            .next("Its process ends.");
    };
    let session_ms = world.controller().image().broker_config.broker_session_timeout_ms;
    Told::new(StoryKind::Broker, 3, about)
        .what(format!("The controller fenced broker {}: it may not lead or be in sync.", broker.0))
        .why(format!(
            "Its last heartbeat came at {at} s, longer ago than broker.session.timeout.ms ({}); the controller looks every {}.",
            ms(session_ms),
            ms(session_ms / 8)
        ))
        .next("Each partition that it led gets another leader: the first of its replicas that is alive and in sync, if there is one.")
        .marked(format!("broker {} fenced", broker.0))
}

fn unfenced(broker: BrokerId) -> Told {
    Told::new(StoryKind::Broker, 2, vec![Subject::Broker(broker.0), Subject::Controller])
        .what(format!("Broker {} is unfenced: it takes part.", broker.0))
        .why("It sends heartbeats, and has caught up with the metadata.")
        .next("Its replicas fetch what they miss, if anything; then their leaders take them into the ISR.")
        .in_crowd("unfenced", "More brokers are unfenced.")
        .all_because("They send heartbeats, and have caught up with the metadata.")
        .all_next(
            "Their replicas fetch what they miss, if anything; then their leaders take them into the ISR.",
        )
}

fn shutting_down(broker: BrokerId) -> Told {
    Told::new(StoryKind::Broker, 2, vec![Subject::Broker(broker.0), Subject::Controller])
        .what(format!("Broker {} asked for a controlled shutdown.", broker.0))
        .why("It was asked to stop while it leads partitions; its heartbeat says so.")
        .next("The controller moves its leaderships to other in-sync replicas, where there are any: clients wait for a moment only.")
}

fn group_changed(
    world: &World,
    group: GroupId,
    state: GroupState,
    generation: u32,
    cause: &GroupCause,
) -> Option<Told> {
    let name = &world.groups()[usize::from(group.0)].name;
    let members = super::lag::group_of(world, group).map_or(0, |group| group.members.len() as u64);
    let told = |weight| {
        Told::new(StoryKind::Group, weight, vec![Subject::Group(u32::from(group.0))])
            .why(group_why(world, group, cause))
    };
    let (told, all) = match state {
        // The line of the new coordinator says it.
        _ if *cause == GroupCause::CoordinatorMoved => return None,
        GroupState::PreparingRebalance => (prepares(world, told(2), name, members, cause)?, REBALANCE),
        GroupState::CompletingRebalance => (
            told(1)
                .what(format!("The members of group {name} have joined: generation {generation}."))
                .next("The member that leads the group computes who gets which partitions."),
            JOINED,
        ),
        GroupState::Stable => {
            let idle = super::lag::idle_members(world, group);
            let (members, told) = (count(members, "member"), told(2));
            let (members, told) = match idle {
                0 => (members, told),
                _ => (
                    format!("{members}, {idle} of them idle"),
                    told.why(
                        "In a group a partition has one owner, and there are fewer partitions than members.",
                    ),
                ),
            };
            (
                told.what(format!("Group {name} is stable in generation {generation}, with {members}."))
                    .next("Its members read on from the committed offsets, or from where auto.offset.reset says."),
                STABLE,
            )
        }
        GroupState::Empty => (
            told(2)
                .what(format!("Group {name} has no members left."))
                .why("All of them left or were given up, and nobody joined.")
                .next("Its committed offsets stay: whoever joins goes on from there."),
            EMPTY,
        ),
        GroupState::Dead => return None,
    };
    let pauses = matches!(state, GroupState::PreparingRebalance | GroupState::Empty);
    let told = told.tells(pauses.then_some(About::Rebalance(group)));
    let [more, why, next] = all;
    Some(told.in_crowd(format!("group {state:?}"), more).all_because(why).all_next(next))
}

// What is said of many groups: what, why, what next.
const REBALANCE: [&str; 3] = [
    "More groups rebalance.",
    "Members joined, left or were given up.",
    "Their members hear of it with the next heartbeat, give their partitions back and join.",
];
const JOINED: [&str; 3] = [
    "The members of more groups have joined.",
    "Nobody is awaited any more.",
    "The member that leads each group computes who gets which partitions.",
];
const STABLE: [&str; 3] = [
    "More groups are stable.",
    "The assignments arrived from the members that lead the groups.",
    "Their members read on from the committed offsets, or from where auto.offset.reset says.",
];
const EMPTY: [&str; 3] = [
    "More groups have no members left.",
    "All of them left or were given up, and nobody joined.",
    "Their committed offsets stay: whoever joins goes on from there.",
];

/// A rebalance begins; `None` without members: the group is told to be empty at once.
fn prepares(world: &World, told: Told, name: &str, members: u64, cause: &GroupCause) -> Option<Told> {
    let delay = ms(world.controller().image().broker_config.group_initial_rebalance_delay_ms);
    match (members, cause) {
        (0, _) => None,
        (1, GroupCause::MemberJoined(_)) => Some(told.what(format!("Group {name} has its first member.")).next(
            format!("It waits {delay} for more (group.initial.rebalance.delay.ms), and again as long if one comes."),
        )),
        _ => Some(
            told.what(format!("Group {name} rebalances: its members must join again."))
                .next("Members hear of it with their next heartbeat; each gives its partitions back and joins."),
        ),
    }
}

fn group_why(world: &World, group: GroupId, cause: &GroupCause) -> String {
    let config = &world.groups()[usize::from(group.0)].config;
    match cause {
        GroupCause::MemberJoined(id) => format!("Member {} joined.", short(id)),
        GroupCause::MemberLeft(id) if is_at_work(world, short(id)) => format!(
            "Member {} left by itself: it did not call poll() for max.poll.interval.ms ({}).",
            short(id),
            ms(config.max_poll_interval_ms)
        ),
        GroupCause::MemberLeft(id) => format!("Member {} closed, and left.", short(id)),
        GroupCause::SessionExpired(id) => format!(
            "No heartbeat of member {} came for session.timeout.ms ({}).",
            short(id),
            ms(config.session_timeout_ms)
        ),
        GroupCause::MemberRejoined(id) => {
            format!("Member {} joined again: with another subscription, or as the group's leader.", short(id))
        }
        GroupCause::MemberTimedOut(id) => format!(
            "Member {} took longer than max.poll.interval.ms ({}) to join, and was left out.",
            short(id),
            ms(config.max_poll_interval_ms)
        ),
        GroupCause::JoinPhaseEnded => "Nobody is awaited any more.".to_owned(),
        GroupCause::AssignmentReceived => "The assignment arrived from the member that leads it.".to_owned(),
        GroupCause::CoordinatorMoved => "Its coordinator moved to another broker.".to_owned(),
    }
}

/// Whether a consumer runs and does not close.
pub(super) fn is_at_work(world: &World, name: &str) -> bool {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name);
    at.is_some_and(|at| {
        let closes = matches!(world.consumer(at).state(), ConsumerState::Closing | ConsumerState::Stopped);
        world.process(NodeId::Consumer(at)).0 == Process::Running && !closes
    })
}

/// A member id without what a coordinator adds to the client id.
pub(super) fn short(member: &str) -> &str {
    member.rsplit_once('-').map_or(member, |(client, _)| client)
}

fn coordinator(world: &World, group: GroupId, broker: BrokerId) -> Told {
    let name = &world.groups()[usize::from(group.0)].name;
    Told::new(StoryKind::Group, 2, vec![Subject::Group(u32::from(group.0)), Subject::Broker(broker.0)])
        .what(format!("Broker {} now coordinates group {name}.", broker.0))
        .why("It leads the group's partition of __consumer_offsets now, and read members and offsets back from it.")
        .next("The members ask who the coordinator is (FindCoordinator), and go on without a rebalance.")
        .tells(About::Coordinator(group))
        .in_crowd("coordinator", "More groups have another coordinator.")
        .all_because("The new coordinators lead the groups' partitions of __consumer_offsets, and read members and offsets back from them.")
}

fn names(world: &World, producer: u16, partition: TopicPartition) -> (String, String) {
    let name = world.producer_spec(producer).client_id.to_string();
    (name, world.controller().image().partition_name(partition))
}

fn retrying(world: &World, producer: u16, partition: TopicPartition, error: ErrorCode) -> Told {
    let (name, of) = names(world, producer, partition);
    let until = ms(world.producer_spec(producer).config.delivery_timeout_ms);
    Told::new(StoryKind::Producer, 1, about_send(producer, partition))
        .what(format!("Producer {name} will send records of {of} again."))
        .why(error_sentence(error))
        .next(format!("It tries until delivery.timeout.ms ({until}) has passed since their send()."))
        .unless_told(format!("retry {name} {}", error.name()))
        .in_crowd(format!("retry {}", error.name()), "More producers will send records again.")
        .all_next("They try until delivery.timeout.ms has passed since their send().")
}

fn failed(world: &World, producer: u16, partition: TopicPartition, error: ErrorCode) -> Told {
    let (name, of) = names(world, producer, partition);
    Told::new(StoryKind::Producer, 3, about_send(producer, partition))
        .what(format!("Producer {name} gave records of {of} up: their send() failed."))
        .why(error_sentence(error))
        .next(
            if matches!(
                error,
                ErrorCode::DeliveryTimeout | ErrorCode::NetworkException | ErrorCode::RequestTimedOut
            ) {
                "Its application is told, and may send them anew; a copy may stand in the log all the same."
            } else {
                "Its application is told, and decides what becomes of them."
            },
        )
        .tells(About::Failed(producer, partition))
        .marked(format!("{name}: send failed"))
        .unless_told(format!("failed {name} {}", error.name()))
        .in_crowd("failed", "More producers gave records up.")
        .all_because("No time or no attempts were left to them, or no new attempt can mend the error.")
        .all_next("Their applications are told, and decide what becomes of them.")
}

fn about_send(producer: u16, partition: TopicPartition) -> Vec<Subject> {
    vec![Subject::Producer(u32::from(producer)), Subject::Partition(partition.0)]
}

fn blocked(world: &World, producer: u16) -> Told {
    let spec = world.producer_spec(producer);
    Told::new(StoryKind::Producer, 2, vec![Subject::Producer(u32::from(producer))])
        .what(format!("Producer {} blocks in send().", spec.client_id))
        .why("Its buffer.memory is full of records that are not acknowledged yet.")
        .next(format!("Its application waits, at most max.block.ms ({}).", ms(spec.config.max_block_ms)))
        .unless_told(format!("blocked {}", spec.client_id))
        .in_crowd("blocked", "More producers block in send().")
        .all_because("Their buffer.memory is full of records that are not acknowledged yet.")
        .all_next("Their applications wait, at most max.block.ms.")
}

fn goes_on(world: &World, producer: u16, waited_us: u64) -> Told {
    let name = &world.producer_spec(producer).client_id;
    let waited = show_duration(waited_us / 1_000 * 1_000);
    Told::new(StoryKind::Producer, 2, vec![Subject::Producer(u32::from(producer))])
        .what(format!("Producer {name} can send again, after {waited}."))
        .why("There is room in its buffer.memory again.")
        .next("Its application goes on where it waited.")
        .unless_told(format!("goes on {name}"))
        .in_crowd("goes on", "More producers can send again.")
        .all_because("There is room in their buffer.memory again.")
        .all_next("Their applications go on where they waited.")
}

fn refused(world: &World, broker: BrokerId, partition: TopicPartition, error: ErrorCode) -> Option<Told> {
    if error != ErrorCode::NotEnoughReplicas {
        return None;
    }
    let image = world.controller().image();
    let of = image.partition_name(partition);
    let min = image.min_insync_replicas(partition);
    let about = vec![Subject::Partition(partition.0), Subject::Broker(broker.0)];
    let told = Told::new(StoryKind::Isr, 3, about)
        .what(format!("Broker {} refuses records of {of}: {}.", broker.0, error.name()))
        .why(format!("They ask for acks=all, and fewer than min.insync.replicas ({min}) are in sync."))
        .next("Producers try again until delivery.timeout.ms is over, or until enough replicas are in sync.")
        .tells(About::Refused(partition))
        .marked(format!("{of}: writes refused"))
        .unless_told(format!("refused {of}"));
    Some(told.in_crowd("refused", format!("More partitions refuse records: {}.", error.name())))
}

fn duplicate(world: &World, broker: BrokerId, partition: TopicPartition) -> Told {
    let of = world.controller().image().partition_name(partition);
    let what =
        format!("Broker {} knows a batch of {of} already, and does not append it a second time.", broker.0);
    Told::new(StoryKind::Log, 1, vec![Subject::Partition(partition.0), Subject::Broker(broker.0)])
        .what(what)
        .why("The producer did not hear that it was appended, and sent it again; enable.idempotence numbers every batch.")
        .next("It is acknowledged with the offset that it has.")
        .unless_told(format!("duplicate {of}"))
        .in_crowd("duplicate", "More batches were known already, and not appended a second time.")
        .all_because("Their producers did not hear that they were appended, and sent them again; enable.idempotence numbers every batch.")
        .all_next("They are acknowledged with the offsets that they have.")
}

fn offset_reset(world: &World, consumer: u16, partition: TopicPartition, (from, to): (u64, u64)) -> Told {
    let spec = &world.consumer_slot(consumer).spec;
    let of = world.controller().image().partition_name(partition);
    let next = if to >= from {
        "What lies between is skipped."
    } else if super::lag::high_watermark(world, partition).is_some_and(|end| end > to) {
        "Records from there on are delivered to its group once more."
    } else {
        "Its log ends there: it waits for new records."
    };
    let about = vec![Subject::Consumer(u32::from(consumer)), Subject::Partition(partition.0)];
    Told::new(StoryKind::Consumer, 2, about)
        .what(format!("Consumer {} goes from offset {from} of {of} to offset {to}.", spec.client_id))
        .why("OFFSET_OUT_OF_RANGE: the leader's log does not reach to where it was, and auto.offset.reset decides.")
        .next(next)
        .in_crowd("offset reset", "More consumers change their offsets: they were out of range.")
        .all_because("OFFSET_OUT_OF_RANGE: the leaders' logs do not reach to where they were, and auto.offset.reset decides.")
        .all_next("Forward, they skip what lies between; backward, their groups are given records once more.")
}

fn went_back(world: &World, consumer: u16, partition: TopicPartition, (from, to): (u64, u64)) -> Told {
    let spec = &world.consumer_slot(consumer).spec;
    let of = world.controller().image().partition_name(partition);
    let about = vec![Subject::Consumer(u32::from(consumer)), Subject::Partition(partition.0)];
    Told::new(StoryKind::Consumer, 2, about)
        .what(format!("Consumer {} goes back from offset {from} of {of} to offset {to}.", spec.client_id))
        .why("It asked the new leader where the epoch of its last record ends (OffsetForLeaderEpoch): before that record.")
        .next("It reads on where the logs part: what it had read from there on is in the log no more.")
        .in_crowd("went back", "More consumers go back: the new leaders lack what they had read.")
        .all_because("They asked the new leaders where the epochs of their last records end (OffsetForLeaderEpoch): before those records.")
        .all_next("They read on where the logs part: what they had read from there on is in the logs no more.")
}

fn consumer_failed(world: &World, consumer: u16, error: ErrorCode) -> Told {
    let name = &world.consumer_slot(consumer).spec.client_id;
    Told::new(StoryKind::Consumer, 3, vec![Subject::Consumer(u32::from(consumer))])
        .what(format!("Consumer {name} ends: poll() threw an error."))
        .why(error_sentence(error))
        .next("It closes, and its group shares its partitions out among the others.")
        .marked(format!("{name} failed"))
        .in_crowd("consumer failed", "More consumers end with an error.")
        .all_because("Each met an error that no new attempt can mend.")
        .all_next("They close, and their groups share the partitions out among the others.")
}

/// An error in words, with Kafka's name.
pub(super) fn error_sentence(error: ErrorCode) -> String {
    let words = match error {
        ErrorCode::NotLeaderOrFollower => "the broker asked does not lead the partition",
        ErrorCode::NetworkException => "the connection broke before an answer came",
        ErrorCode::RequestTimedOut => "no answer came within request.timeout.ms",
        ErrorCode::NotEnoughReplicas => "fewer replicas are in sync than min.insync.replicas asks for",
        ErrorCode::NotEnoughReplicasAfterAppend => {
            "the leader appended them, but too few replicas stayed in sync to confirm them"
        }
        ErrorCode::DeliveryTimeout => "delivery.timeout.ms passed without success",
        ErrorCode::BufferExhausted => "max.block.ms passed without room in buffer.memory",
        ErrorCode::MessageTooLarge => "the batch is larger than max.message.bytes allows",
        ErrorCode::RecordListTooLarge => "the batch is larger than a segment of the log",
        ErrorCode::OutOfOrderSequenceNumber => "a batch before it is missing in the leader's log",
        ErrorCode::UnknownTopicOrPartition => "the broker does not know the partition yet",
        ErrorCode::LeaderNotAvailable => "the partition has no leader",
        ErrorCode::NoOffsetForPartition => "there is no committed offset, and auto.offset.reset is none",
        _ => return format!("The error is {}.", error.name()),
    };
    format!("{}: {words}.", error.name())
}
