//! Why records were delivered to a group twice, or never processed: who had them, what was committed, who went on where.
use super::telling::Telling;
use super::{away, pause};
use crate::client::{CommitMode, ConsumerSpec};
use crate::config::AutoOffsetReset;
use crate::kernel::SimTime;
use crate::metadata::{GroupId, TopicPartition};
use crate::observe::report::Subject;
use crate::trace::{Fact, GroupCause, Process};
use crate::wire::NodeId;

/// Says why the record at an offset was delivered again at the event; the heading.
pub(super) fn again(telling: &mut Telling, partition: TopicPartition, offset: u64) -> String {
    let name = telling.name(partition);
    let title = format!("Why the record at offset {offset} of {name} was delivered twice");
    let (at, seen) = (telling.at, telling.seen);
    let mut polls = seen.back_from(at).filter_map(|(time, fact)| match fact {
        Fact::Polled { consumer, .. } => Some((time, *consumer)),
        _ => None,
    });
    let Some((_, second)) = polls.next() else { return title };
    let group = telling.world.consumer_slot(second).spec.group;
    let first = polls.find(|(_, consumer)| of_group(telling, *consumer, group));
    let Some((given_at, first)) = first else {
        telling.gap = "Its first delivery lies before what is known of this run.".to_owned();
        telling.want_more();
        the_delivery(telling, partition, offset, second, None);
        return title;
    };
    let text = format!("Consumer {} was given the record.", consumer_name(telling, first));
    telling.say(given_at, Subject::Consumer(u32::from(first)), text);
    let moved = sent_back(telling, partition, group, offset, given_at);
    if !moved {
        committed(telling, partition, group, offset);
        taken_over(telling, partition, group, (first, second), given_at);
    }
    the_delivery(telling, partition, offset, second, Some(first));
    title
}

/// Says why the record at an offset was never processed; the heading.
pub(super) fn unprocessed(telling: &mut Telling, partition: TopicPartition, offset: u64) -> String {
    let name = telling.name(partition);
    let title = format!("Why the record at offset {offset} of {name} was never processed");
    let (at, seen) = (telling.at, telling.seen);
    let given = seen.back_from(at).find_map(|(time, fact)| match fact {
        Fact::Polled { consumer, .. } => Some((time, *consumer)),
        _ => None,
    });
    let Some((given_at, consumer)) = given else {
        telling.gap = "Its delivery lies before what is known of this run.".to_owned();
        telling.want_more();
        return title;
    };
    let spec = &telling.world.consumer_slot(consumer).spec;
    let (group, whose) = (spec.group, Subject::Consumer(u32::from(consumer)));
    let mine = consumer_name(telling, consumer);
    telling.say(given_at, whose, format!("Consumer {mine} was given the record, and began to process it."));
    let commit = seen.back_from(at).filter_map(|(time, fact)| match fact {
        Fact::Committed { group: of, partition: on, offset: to }
            if (*of, *on) == (group, partition) && *to > offset && time >= given_at =>
        {
            Some((time, *to))
        }
        _ => None,
    });
    if let Some((time, to)) = commit.last() {
        let how = how_committed(spec);
        let text = format!("The group committed offset {to}, behind the record. {how}");
        telling.say(time, Subject::Group(u32::from(group.0)), text);
        commit_setting(telling, spec);
    }
    away::trouble(telling, NodeId::Consumer(consumer), (given_at, at), away::HOWEVER_SLOW);
    let text = format!(
        "The process of consumer {mine} has ended with the record unprocessed, and the group's committed offset lies behind it: nobody reads it again (at most once)."
    );
    telling.say(at, Subject::Partition(partition.0), text);
    title
}

fn of_group(telling: &Telling, consumer: u16, group: GroupId) -> bool {
    telling.world.consumer_slot(consumer).spec.group == group
}

fn consumer_name(telling: &Telling, consumer: u16) -> String {
    telling.world.consumer_slot(consumer).spec.client_id.to_string()
}

/// How a consumer commits, as a sentence.
fn how_committed(spec: &ConsumerSpec) -> &'static str {
    match spec.commit {
        CommitMode::Auto => "It is committed within poll(), every auto.commit.interval.ms.",
        CommitMode::BeforeProcessing => {
            "Its application commits what poll() returned before it processes it."
        }
        CommitMode::AfterProcessing => {
            "Its application commits what poll() returned after it has processed it."
        }
    }
}

fn commit_setting(telling: &mut Telling, spec: &ConsumerSpec) {
    let whose = Subject::Group(u32::from(spec.group.0));
    telling.by(whose, "enable.auto.commit");
    if spec.commit == CommitMode::Auto {
        telling.by(whose, "auto.commit.interval.ms");
    }
}

/// The position was moved back to the record or before it, by `auto.offset.reset` or after an election.
fn sent_back(
    telling: &mut Telling,
    partition: TopicPartition,
    group: GroupId,
    offset: u64,
    since: SimTime,
) -> bool {
    let seen = telling.seen;
    let back = seen.back_from(telling.at).filter(|(at, _)| *at >= since).find_map(|(at, fact)| match fact {
        Fact::OffsetReset { consumer, partition: of, from, to }
            if *of == partition && *to <= offset && of_group(telling, *consumer, group) =>
        {
            Some((at, *consumer, *from, *to))
        }
        _ => None,
    });
    let Some((at, consumer, from, to)) = back else { return false };
    let whose = Subject::Group(u32::from(group.0));
    let name = consumer_name(telling, consumer);
    let reset = match telling.world.consumer_slot(consumer).spec.config.auto_offset_reset {
        AutoOffsetReset::Earliest => "the beginning of the log",
        _ => "where auto.offset.reset says",
    };
    let text = match from {
        Some(from) => format!(
            "Consumer {name} asked for offset {from}, which is not in the leader's log (OFFSET_OUT_OF_RANGE), and went to offset {to}: {reset}."
        ),
        None => {
            format!("The group had no committed offset, and consumer {name} began at offset {to}: {reset}.")
        }
    };
    telling.say(at, whose, text).by(whose, "auto.offset.reset");
    if from.is_none() {
        taken_over(telling, partition, group, (consumer, consumer), since);
    }
    true
}

/// What the group had committed when the record was delivered again.
fn committed(telling: &mut Telling, partition: TopicPartition, group: GroupId, offset: u64) {
    let owned = owned_since(telling, partition, group).unwrap_or(telling.at);
    let last = telling.seen.back_from(owned).find_map(|(at, fact)| match fact {
        Fact::Committed { group: of, partition: on, offset } if (*of, *on) == (group, partition) => {
            Some((at, *offset))
        }
        _ => None,
    });
    let whose = Subject::Group(u32::from(group.0));
    let Some((at, to)) = last.filter(|(_, to)| *to <= offset) else {
        if last.is_none() {
            telling.want_more();
        }
        return;
    };
    let spec = members(telling, group).map(|at| &telling.world.consumer_slot(at).spec).next();
    let how = spec.map_or("", how_committed);
    let text = format!(
        "The group's last commit before the partition changed hands was offset {to}, which is not behind the record. {how}"
    );
    telling.say(at, whose, text);
    if let Some(spec) = spec {
        commit_setting(telling, spec);
    }
}

fn members<'w>(telling: &Telling<'w>, group: GroupId) -> impl Iterator<Item = u16> + use<'w> {
    let world = telling.world;
    (0..world.consumer_count()).filter(move |&at| world.consumer_slot(at).spec.group == group)
}

/// When the partition came to the member that owns it at the event.
fn owned_since(telling: &Telling, partition: TopicPartition, group: GroupId) -> Option<SimTime> {
    telling.seen.back_from(telling.at).find_map(|(at, fact)| match fact {
        Fact::Assigned { consumer, partitions, .. }
            if partitions.contains(&partition) && of_group(telling, *consumer, group) =>
        {
            Some(at)
        }
        _ => None,
    })
}

/// Why the partition left the member that had the record, and how the other got it.
fn taken_over(
    telling: &mut Telling,
    partition: TopicPartition,
    group: GroupId,
    (first, second): (u16, u16),
    given_at: SimTime,
) {
    let seen = telling.seen;
    let owner = seen.back_from(telling.at).find_map(|(at, fact)| match fact {
        Fact::Assigned { consumer, partitions, generation }
            if partitions.contains(&partition) && of_group(telling, *consumer, group) =>
        {
            Some((at, *consumer, *generation))
        }
        _ => None,
    });
    let Some((owned_at, owner, generation)) = owner else { return telling.want_more() };
    let both_read = first != second && owned_at <= given_at;
    rebalanced(telling, group, first, if both_read { SimTime::ZERO } else { given_at }, owned_at);
    let text = format!(
        "Consumer {} got {} in generation {generation}. It asks the coordinator for the committed offset, and reads on from there.",
        consumer_name(telling, owner),
        telling.name(partition)
    );
    telling.say(owned_at, Subject::Consumer(u32::from(owner)), text);
    if both_read {
        let (at, stale) = if owner == second { (given_at, first) } else { (telling.at, second) };
        let text = format!(
            "Consumer {} had not heard yet that the partition is another's, and still read it.",
            consumer_name(telling, stale)
        );
        telling.say(at, Subject::Consumer(u32::from(stale)), text);
    }
}

/// What began the rebalance that took the partition away: the first one between two moments, or from the beginning on the
/// last.
fn rebalanced(telling: &mut Telling, group: GroupId, first: u16, from: SimTime, until: SimTime) {
    let seen = telling.seen;
    let begins = |cause: &GroupCause| {
        !matches!(
            cause,
            GroupCause::JoinPhaseEnded | GroupCause::AssignmentReceived | GroupCause::CoordinatorMoved
        )
    };
    let mut moves = seen.group_moves(group, until).filter(|moved| begins(moved.cause));
    let began = match from {
        SimTime::ZERO => moves.next(),
        _ => moves.take_while(|moved| moved.at >= from).last(),
    };
    if let Some(began) = began {
        return pause::because(telling, group, began.at, began.cause);
    }
    let node = NodeId::Consumer(first);
    let ended = seen.process_back(node, until).into_iter().find(|(_, process)| *process != Process::Running);
    match ended {
        Some((since, process)) => away::process_step(telling, node, since, process),
        None => telling.want_more(),
    }
}

/// The event.
fn the_delivery(
    telling: &mut Telling,
    partition: TopicPartition,
    offset: u64,
    second: u16,
    first: Option<u16>,
) {
    let mine = consumer_name(telling, second);
    let who = match first {
        Some(first) if first == second => format!("Consumer {mine} was given it once more"),
        _ => format!("Consumer {mine} was given it, for the second time in its group"),
    };
    let text = format!("{who}: offset {offset} of {} (at least once).", telling.name(partition));
    telling.say(telling.at, Subject::Consumer(u32::from(second)), text);
}
