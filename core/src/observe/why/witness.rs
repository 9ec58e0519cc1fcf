//! What is kept of a traced run while it is looked through for causes: the facts that may be one, and where logs ended
//! when a leader fell silent.
use super::super::follow::RecordId;
use super::super::question::Question;
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, PartitionRegistration, TopicPartition};
use crate::scenario::TimedCommand;
use crate::trace::{ChangeCause, Fact, GroupCause, Process};
use crate::wire::NodeId;
use crate::world::{Sent, World};
use std::collections::BTreeMap;

/// Facts kept at most; beyond it the older half goes.
const FACTS_MAX: usize = 100_000;

/// What was seen of a run from some moment on.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    question: Question,
    /// The record asked about, once it is known.
    record: Option<RecordId>,
    /// Everything after this moment was seen.
    pub from: SimTime,
    /// Every command of the run, the scenario's and the person's.
    pub commands: Vec<TimedCommand>,
    facts: Vec<(SimTime, Fact)>,
    /// What processes did when looking began.
    first: Vec<(NodeId, Process, SimTime)>,
    /// Where the replicas of the partition stood at turning points.
    pub stands: Vec<Stand>,
    /// The last heartbeat of each consumer.
    pub heartbeats: BTreeMap<u16, Heartbeat>,
    /// When each consumer was last given records.
    pub polls: BTreeMap<u16, SimTime>,
    /// When each group was last given records of a partition.
    pub reads: BTreeMap<(GroupId, TopicPartition), SimTime>,
}

/// Where the replicas of a partition stood at a moment.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    pub at: SimTime,
    pub replicas: Vec<ReplicaStand>,
}

/// Where one replica stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReplicaStand {
    pub broker: BrokerId,
    pub log_end: u64,
    /// Its Fetch request to the leader, or the answer to it, was under way: when that left, and whether it is the answer.
    pub fetch: Option<(SimTime, bool)>,
}

/// A member's heartbeat.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heartbeat {
    pub left: SimTime,
    pub arrives: SimTime,
    pub to: BrokerId,
}

/// One change of a partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed<'w> {
    pub at: SimTime,
    pub before: &'w PartitionRegistration,
    pub after: &'w PartitionRegistration,
    pub cause: ChangeCause,
}

/// One change of a group that a member caused.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupMoved<'w> {
    pub at: SimTime,
    pub cause: &'w GroupCause,
}

impl Witness {
    pub fn new(
        question: Question,
        record: Option<RecordId>,
        commands: Vec<TimedCommand>,
        world: &World,
    ) -> Self {
        let brokers = world.brokers().iter().map(|broker| NodeId::from(broker.id));
        let consumers = (0..world.consumer_count()).map(NodeId::Consumer);
        let processes = brokers.chain(consumers).map(|node| {
            let (process, since) = world.process(node);
            (node, process, since)
        });
        Witness {
            question,
            record,
            from: world.now(),
            commands,
            facts: Vec::new(),
            first: processes.collect(),
            stands: Vec::new(),
            heartbeats: BTreeMap::new(),
            polls: BTreeMap::new(),
            reads: BTreeMap::new(),
        }
    }

    /// Takes what one event did.
    pub fn see(&mut self, world: &World, facts: &[(NodeId, Fact)], sent: &[Sent]) {
        for sent in sent.iter().filter(|sent| sent.api == "Heartbeat" && !sent.response) {
            if let (NodeId::Consumer(at), NodeId::Broker(to)) = (sent.from, sent.to) {
                let to = BrokerId(u32::from(to));
                self.heartbeats.insert(at, Heartbeat { left: sent.start, arrives: sent.end, to });
            }
        }
        for (_, fact) in facts {
            if self.is_turning_point(world, fact) {
                self.look_at_logs(world);
            }
            if let Fact::Polled { consumer, partition, .. } = fact {
                self.polls.insert(*consumer, world.now());
                let group = world.consumer_slot(*consumer).spec.group;
                self.reads.insert((group, *partition), world.now());
            }
            if self.keeps(world, fact) {
                self.keep(world.now(), fact);
            }
        }
    }

    fn keep(&mut self, now: SimTime, fact: &Fact) {
        if self.facts.len() >= FACTS_MAX {
            self.facts.drain(..FACTS_MAX / 2);
        }
        self.facts.push((now, fact.clone()));
    }

    fn keeps(&self, world: &World, fact: &Fact) -> bool {
        let partition = self.question.about.partition();
        let offset = self.question.about.offset();
        let has_it = |from: u64, to: u64| offset.is_some_and(|offset| (from..to).contains(&offset));
        match fact {
            Fact::ProcessChanged { .. }
            | Fact::BrokerRegistered { .. }
            | Fact::BrokerFenced { .. }
            | Fact::BrokerUnfenced { .. }
            | Fact::ControlledShutdown { .. }
            | Fact::GroupChanged { .. }
            | Fact::CoordinatorLoaded { .. }
            | Fact::Assigned { .. }
            | Fact::ConsumerFailed { .. }
            | Fact::Blocked { .. } => true,
            Fact::PartitionChanged { partition: of, .. }
            | Fact::BecameLeader { partition: of, .. }
            | Fact::Truncated { partition: of, .. } => self.concerns(world, *of),
            Fact::OffsetReset { partition: of, .. }
            | Fact::WentBack { partition: of, .. }
            | Fact::Committed { partition: of, .. } => offset.is_some() && Some(*of) == partition,
            Fact::Polled { partition: of, from, to, .. }
            | Fact::Processed { partition: of, from, to, .. } => Some(*of) == partition && has_it(*from, *to),
            Fact::Retrying { partition: of, .. }
            | Fact::SendFailed { partition: of, .. }
            | Fact::ProduceRefused { partition: of, .. } => Some(*of) == partition,
            Fact::Sent { partition: of, batch, .. } => self.is_the_records(*of, batch),
            Fact::Appended { partition: of, batch, .. } | Fact::Acknowledged { partition: of, batch, .. } => {
                self.is_the_records(*of, batch)
                    || Some(*of) == partition && has_it(batch.base_offset, batch.end_offset())
            }
            Fact::Replicated { partition: of, log_end_offset, .. } => {
                self.record.is_some()
                    && Some(*of) == partition
                    && offset.is_some_and(|offset| *log_end_offset > offset)
            }
            _ => false,
        }
    }

    /// The partition asked about, and those that hold the group asked about.
    pub fn concerns(&self, world: &World, of: TopicPartition) -> bool {
        if Some(of) == self.question.about.partition() {
            return true;
        }
        let holds = |group: u16| world.group_partition(GroupId(group)) == Some(of);
        world.controller().image().topic_of(of).internal && (0..world.groups().len() as u16).any(holds)
    }

    fn is_the_records(&self, partition: TopicPartition, batch: &Batch) -> bool {
        self.record.is_some_and(|record| record.within(partition, batch).is_some())
    }

    /// A process of a broker that leads the partition changed, or its leader did.
    fn is_turning_point(&self, world: &World, fact: &Fact) -> bool {
        let Some(of) = self.question.about.partition() else { return false };
        match fact {
            Fact::ProcessChanged { node: NodeId::Broker(id), .. } => {
                // Looking may begin before the topic is there.
                let known = world.controller().image().partitions.get(of.index());
                known.is_some_and(|known| known.leader == Some(BrokerId(u32::from(*id))))
            }
            Fact::PartitionChanged { partition, before, after, .. } => {
                *partition == of && before.leader != after.leader
            }
            _ => false,
        }
    }

    fn look_at_logs(&mut self, world: &World) {
        let Some(of) = self.question.about.partition() else { return };
        let registration = world.controller().image().partition(of);
        let under_way = world.under_way();
        let stand = |&broker: &BrokerId| {
            let replica = world.broker(broker).replica(of)?;
            let (follower, leader) = (NodeId::from(broker), replica.follows.map(NodeId::from));
            let fetch = leader.and_then(|leader| {
                let its = |sent: &&Sent| {
                    sent.api == "Fetch"
                        && (sent.from, sent.to)
                            == if sent.response { (leader, follower) } else { (follower, leader) }
                };
                under_way.iter().find(its).map(|sent| (sent.start, sent.response))
            });
            Some(ReplicaStand { broker, log_end: replica.log.end().offset, fetch })
        };
        let replicas = registration.replicas.iter().filter_map(stand).collect();
        self.stands.push(Stand { at: world.now(), replicas });
    }

    /// The facts up to a moment, the latest first.
    pub fn back_from(&self, at: SimTime) -> impl Iterator<Item = (SimTime, &Fact)> {
        self.facts.iter().rev().filter(move |(time, _)| *time <= at).map(|(time, fact)| (*time, fact))
    }

    /// The facts, the earliest first.
    pub fn facts(&self) -> impl Iterator<Item = (SimTime, &Fact)> {
        self.facts.iter().map(|(time, fact)| (*time, fact))
    }

    /// The changes of a partition up to a moment, the latest first.
    pub fn changes(&self, of: TopicPartition, until: SimTime) -> impl Iterator<Item = Changed<'_>> {
        self.back_from(until).filter_map(move |(at, fact)| match fact {
            Fact::PartitionChanged { partition, before, after, cause } if *partition == of => {
                Some(Changed { at, before, after, cause: *cause })
            }
            _ => None,
        })
    }

    /// What members caused in a group up to a moment, the latest first.
    pub fn group_moves(&self, of: GroupId, until: SimTime) -> impl Iterator<Item = GroupMoved<'_>> {
        self.back_from(until).filter_map(move |(at, fact)| match fact {
            Fact::GroupChanged { group, cause, .. } if *group == of => Some(GroupMoved { at, cause }),
            _ => None,
        })
    }

    /// What a process did, stretch by stretch up to a moment, the latest first: since when, what.
    pub fn process_back(&self, of: NodeId, until: SimTime) -> Vec<(SimTime, Process)> {
        let seen = self.back_from(until).filter_map(|(at, fact)| match fact {
            Fact::ProcessChanged { node, process } if *node == of => Some((at, *process)),
            _ => None,
        });
        let mut all: Vec<(SimTime, Process)> = seen.collect();
        let first = self.first.iter().find(|(node, ..)| *node == of);
        all.extend(first.map(|&(_, process, since)| (since, process)));
        all
    }
}
