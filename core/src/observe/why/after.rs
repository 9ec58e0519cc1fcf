//! What came of an event: looked for behind it, until it is known or so long ago that nobody would call it the same.
use super::super::question::About;
use super::telling::{setting, took};
use super::witness::Witness;
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::observe::chain::Cause;
use crate::observe::report::Subject;
use crate::observe::{lag, told};
use crate::trace::{Fact, GroupCause, GroupState};
use crate::wire::NodeId;
use crate::world::{Sent, World};
use std::collections::BTreeMap;

/// What comes later than this is not looked for, microseconds.
const AFTER_US: u64 = 120_000_000;
/// Members of a group told one by one.
const MEMBERS_TOLD: usize = 6;

/// Looks for what comes of one event.
#[derive(Clone, Debug)]
pub(super) struct After {
    about: About,
    at: SimTime,
    /// What went wrong first, and when.
    trouble: Option<(SimTime, String)>,
    /// The leader elected, and its epoch.
    elected: Option<(BrokerId, u32)>,
    /// Enough are in sync again, since when.
    enough: Option<SimTime>,
    /// The group is stable again.
    stable: bool,
    /// When the group was last given records of a partition.
    reads: BTreeMap<TopicPartition, SimTime>,
    /// The member that asked to join last.
    last_to_join: Option<u16>,
    /// The group had no members, so its coordinator waits for more.
    first_member: bool,
    assigned: usize,
    pub done: bool,
    pub told: Vec<Cause>,
}

impl After {
    pub fn new(
        about: About,
        at: SimTime,
        world: &World,
        seen: &Witness,
        trouble: Option<(SimTime, String)>,
    ) -> Self {
        let elected = match about {
            About::Leader(partition) => {
                let now = world.controller().image().partition(partition);
                now.leader.map(|leader| (leader, now.leader_epoch))
            }
            _ => None,
        };
        let done = matches!(about, About::Again(..) | About::Unprocessed(..) | About::Failed(..));
        After {
            about,
            at,
            trouble,
            elected,
            enough: None,
            stable: false,
            reads: reads_of(about, seen),
            last_to_join: None,
            first_member: matches!(about, About::Rebalance(group) if super::pause::has_first_member(world, seen, group, at)),
            assigned: 0,
            done,
            told: Vec::new(),
        }
    }

    /// Takes what one later event did.
    pub fn see(&mut self, world: &World, facts: &[(NodeId, Fact)], sent: &[Sent]) {
        if self.done {
            return;
        }
        if let About::Rebalance(group) = self.about {
            self.joins(world, group, sent);
        }
        for (_, fact) in facts {
            if self.done {
                return;
            }
            match self.about {
                About::Leader(partition) => self.leader(world, partition, fact),
                About::Lost(partition, offset) => self.lost(world, partition, offset, fact),
                About::Duplicated(partition, offset) => self.duplicated(world, partition, offset, fact),
                About::Refused(partition) => self.refused(world, partition, fact),
                About::Rebalance(group) => self.rebalance(world, group, fact),
                About::Coordinator(group) => self.coordinator(world, group, fact),
                About::Again(..) | About::Unprocessed(..) | About::Failed(..) => {}
            }
        }
        self.done |= world.now().since_us(self.at) > AFTER_US;
    }

    fn say(&mut self, world: &World, about: Subject, text: impl Into<String>) {
        self.told.push(Cause {
            time_us: world.now().0,
            text: text.into(),
            settings: Vec::new(),
            about: Some(about),
        });
    }

    fn by(&mut self, world: &World, whose: Subject, key: &str) {
        if let (Some(setting), Some(last)) = (setting(world, whose, key), self.told.last_mut()) {
            last.settings.push(setting);
        }
    }

    fn leader(&mut self, world: &World, partition: TopicPartition, fact: &Fact) {
        let name = world.controller().image().partition_name(partition);
        let whose = Subject::Partition(partition.0);
        match fact {
            Fact::PartitionChanged { partition: of, before, after, .. }
                if *of == partition && before.leader != after.leader =>
            {
                if let (None, Some(leader)) = (self.elected, after.leader) {
                    let text = format!(
                        "Broker {} leads {name} again: nobody led it for {}.",
                        leader.0,
                        took(self.at, world.now())
                    );
                    self.say(world, whose, text);
                }
                self.done = true;
            }
            Fact::BecameLeader { broker, partition: of, epoch }
                if *of == partition && self.elected == Some((*broker, *epoch)) =>
            {
                let text = format!(
                    "Broker {} learned from its metadata that it leads {name}, and serves it from now on.",
                    broker.0
                );
                self.say(world, Subject::Replica(partition.0, broker.0), text);
            }
            Fact::Acknowledged { producer, partition: of, batch, confirmed: true } if *of == partition => {
                self.first_write(world, *producer, partition, batch);
            }
            _ => {}
        }
    }

    /// The first record that the new leader wrote is acknowledged.
    fn first_write(&mut self, world: &World, producer: u16, partition: TopicPartition, batch: &Batch) {
        let Some((leader, epoch)) = self.elected else { return };
        let Some(replica) = world.broker(leader).replica(partition) else { return };
        let is_its = replica.log.batch_at(batch.base_offset).is_some_and(|own| {
            own.leader_epoch == epoch
                && own.source == batch.source
                && own.first_ordinal == batch.first_ordinal
        });
        if !is_its {
            return;
        }
        let since = match &self.trouble {
            Some((at, what)) => format!("{} after {what}", took(*at, world.now())),
            None => format!("{} after the election", took(self.at, world.now())),
        };
        let name = &world.producer_spec(producer).client_id;
        let text = format!("The first write to the new leader was acknowledged to producer {name}, {since}.");
        self.say(world, Subject::Producer(u32::from(producer)), text);
        self.done = true;
    }

    fn lost(&mut self, world: &World, partition: TopicPartition, offset: u64, fact: &Fact) {
        let Fact::Truncated { broker, partition: of, to, removed } = fact else { return };
        let holds = |batch: &Batch| (batch.base_offset..batch.end_offset()).contains(&offset);
        if *of != partition || !removed.iter().any(holds) {
            return;
        }
        let text = if super::super::cuts::is_power_loss(world, *broker) {
            format!("Broker {} lost its copy with the power of its machine.", broker.0)
        } else {
            format!(
                "Broker {} follows now: it cut its log back to offset {to}, where it parts from the leader's, and its copy is gone.",
                broker.0
            )
        };
        self.say(world, Subject::Replica(partition.0, broker.0), text);
    }

    fn duplicated(&mut self, world: &World, partition: TopicPartition, offset: u64, fact: &Fact) {
        let Fact::Polled { consumer, partition: of, from, to, .. } = fact else { return };
        if *of == partition && (*from..*to).contains(&offset) {
            let slot = world.consumer_slot(*consumer);
            let group = &world.groups()[usize::from(slot.spec.group.0)].name;
            let text = format!(
                "Consumer {} of group {group} was given the second copy: its application has to bear it.",
                slot.spec.client_id
            );
            self.say(world, Subject::Consumer(u32::from(*consumer)), text);
            self.done = true;
        }
    }

    fn refused(&mut self, world: &World, partition: TopicPartition, fact: &Fact) {
        let name = world.controller().image().partition_name(partition);
        match fact {
            Fact::PartitionChanged { partition: of, after, .. } if *of == partition => {
                let min = world.controller().image().min_insync_replicas(partition);
                if after.isr.len() as u32 >= min && self.enough.is_none() {
                    self.enough = Some(world.now());
                    let text =
                        format!("The ISR of {name} is large enough again: {}.", told::brokers(&after.isr));
                    self.say(world, Subject::Partition(partition.0), text);
                    self.by(world, Subject::Partition(partition.0), "min.insync.replicas");
                }
            }
            Fact::Acknowledged { producer, partition: of, confirmed: true, .. }
                if *of == partition && self.enough.is_some() =>
            {
                let name = &world.producer_spec(*producer).client_id;
                let text = format!(
                    "What producer {name} kept and sent again is written and acknowledged, {} after the refusal.",
                    took(self.at, world.now())
                );
                self.say(world, Subject::Producer(u32::from(*producer)), text);
                self.done = true;
            }
            _ => {}
        }
    }

    fn rebalance(&mut self, world: &World, group: GroupId, fact: &Fact) {
        match fact {
            Fact::GroupChanged { group: of, state, generation, cause } if *of == group => {
                self.group_changed(world, group, *state, *generation, cause);
            }
            Fact::Assigned { consumer, partitions, .. }
                if is_member(world, *consumer, group)
                    && !partitions.is_empty()
                    && self.assigned < MEMBERS_TOLD =>
            {
                self.assigned += 1;
                let name = &world.consumer_slot(*consumer).spec.client_id;
                let text = format!("Consumer {name} got {}.", told::partitions(world, partitions));
                self.say(world, Subject::Consumer(u32::from(*consumer)), text);
            }
            Fact::Polled { consumer, partition, .. } if is_member(world, *consumer, group) => {
                if self.stable {
                    self.reads_again(world, *consumer, *partition);
                }
                self.reads.insert(*partition, world.now());
            }
            _ => {}
        }
    }

    fn group_changed(
        &mut self,
        world: &World,
        group: GroupId,
        state: GroupState,
        generation: u32,
        cause: &GroupCause,
    ) {
        let name = &world.groups()[usize::from(group.0)].name;
        let whose = Subject::Group(u32::from(group.0));
        match state {
            GroupState::CompletingRebalance => self.all_joined(world, group, generation, cause),
            GroupState::Stable => {
                self.stable = true;
                let text = format!(
                    "The assignment of the member that leads it arrived: group {name} is stable again."
                );
                self.say(world, whose, text);
            }
            GroupState::PreparingRebalance if *cause != GroupCause::CoordinatorMoved => {
                self.stable = false;
                let alone = lag::group_of(world, group).is_some_and(|group| group.members.len() == 1);
                self.first_member = alone && matches!(cause, GroupCause::MemberJoined(_));
                let text = match self.first_member {
                    true => "A member joined the empty group: its coordinator waits for more.",
                    false => "Another rebalance began: its own line of the story tells why.",
                };
                self.say(world, whose, text);
            }
            GroupState::Empty => {
                self.say(world, whose, format!("Group {name} has no members left."));
                self.done = true;
            }
            GroupState::PreparingRebalance | GroupState::Dead => {}
        }
    }

    fn joins(&mut self, world: &World, group: GroupId, sent: &[Sent]) {
        for sent in sent.iter().filter(|sent| sent.api == "JoinGroup" && !sent.response) {
            if let NodeId::Consumer(at) = sent.from
                && is_member(world, at, group)
            {
                self.last_to_join = Some(at);
            }
        }
    }

    fn all_joined(&mut self, world: &World, group: GroupId, generation: u32, cause: &GroupCause) {
        let whose = Subject::Group(u32::from(group.0));
        let waited = took(self.at, world.now());
        let (text, key) = match (cause, self.last_to_join) {
            (GroupCause::MemberTimedOut(_), _) => (
                format!(
                    "After {waited} the join phase ended without a member that did not come in time: generation {generation}."
                ),
                "max.poll.interval.ms",
            ),
            (_, Some(last)) if !self.first_member => (
                format!(
                    "After {waited} all members have joined, consumer {} last: generation {generation}. A member hears of a rebalance with its next heartbeat, and joins once its application calls poll().",
                    world.consumer_slot(last).spec.client_id
                ),
                "heartbeat.interval.ms",
            ),
            _ => (format!("After {waited} nobody is awaited any more: generation {generation}."), ""),
        };
        self.say(world, whose, text);
        if self.first_member {
            self.by(world, Subject::Controller, "group.initial.rebalance.delay.ms");
        } else if !key.is_empty() {
            self.by(world, whose, key);
        }
        self.first_member = false;
    }

    fn reads_again(&mut self, world: &World, consumer: u16, partition: TopicPartition) {
        let name = &world.consumer_slot(consumer).spec.client_id;
        let of = world.controller().image().partition_name(partition);
        let pause = match self.reads.get(&partition) {
            Some(last) => format!("the group had been given none of it for {}", took(*last, world.now())),
            None => format!("the rebalance began {} ago", took(self.at, world.now())),
        };
        let text = format!("Reading goes on: consumer {name} is given records of {of}; {pause}.");
        self.say(world, Subject::Consumer(u32::from(consumer)), text);
        self.done = true;
    }

    fn coordinator(&mut self, world: &World, group: GroupId, fact: &Fact) {
        match fact {
            Fact::Committed { group: of, .. } if *of == group => {
                let name = &world.groups()[usize::from(group.0)].name;
                let text = format!(
                    "The new coordinator took its first commit of group {name}, {} after it was ready.",
                    took(self.at, world.now())
                );
                self.say(world, Subject::Group(u32::from(group.0)), text);
                self.done = true;
            }
            Fact::CoordinatorLoaded { group: of, .. } if *of == group => self.done = true,
            _ => {}
        }
    }
}

fn is_member(world: &World, consumer: u16, group: GroupId) -> bool {
    world.consumer_slot(consumer).spec.group == group
}

/// When the group asked about was last given records of each partition.
fn reads_of(about: About, seen: &Witness) -> BTreeMap<TopicPartition, SimTime> {
    let About::Rebalance(asked) = about else { return BTreeMap::new() };
    let its = seen.reads.iter().filter(|((group, _), _)| *group == asked);
    its.map(|((_, partition), at)| (*partition, *at)).collect()
}
