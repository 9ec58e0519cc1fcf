//! The timeline's rows: who led, how many were in sync, what a group or a broker did, and when.
use super::report::{Band, Span, Subject, Tone};
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, TopicPartition};
use crate::trace::{Fact, GroupState, Process};
use crate::wire::NodeId;
use crate::world::World;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Changes kept of one thing.
const CHANGES_MAX: usize = 2_000;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Leader(u32),
    Isr(u32),
    Group(u32),
    Process(NodeId),
    Fenced(u32),
}

/// From when on what holds.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    at: SimTime,
    label: String,
    tone: Tone,
}

/// All rows of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Bands {
    rows: BTreeMap<Row, Vec<Change>>,
}

impl Bands {
    pub fn forget_after(&mut self, time: SimTime) {
        self.rows.values_mut().for_each(|changes| changes.retain(|change| change.at <= time));
        self.rows.retain(|_, changes| !changes.is_empty());
    }

    pub fn see(&mut self, world: &World, fact: &Fact) {
        match fact {
            Fact::TopicCreated { topic } => {
                let image = world.controller().image().clone();
                let Some(topic) = image.topics.get(usize::from(topic.0)) else { return };
                for &partition in topic.partitions.iter().filter(|_| !topic.internal) {
                    self.partition(world, partition);
                }
            }
            Fact::PartitionChanged { partition, .. } => self.partition(world, *partition),
            Fact::GroupChanged { group, state, generation, .. } => {
                let (label, tone) = group_words(*state, *generation);
                self.put(world, Row::Group(u32::from(group.0)), label, tone);
            }
            Fact::ProcessChanged { node, process } => {
                let (label, tone) = process_words(*process);
                self.put(world, Row::Process(*node), label.to_owned(), tone);
            }
            Fact::BrokerFenced { broker, .. } => {
                self.put(world, Row::Fenced(broker.0), "fenced".to_owned(), Tone::Bad);
            }
            Fact::BrokerUnfenced { broker } => {
                self.put(world, Row::Fenced(broker.0), "unfenced".to_owned(), Tone::Good);
            }
            _ => {}
        }
    }

    fn partition(&mut self, world: &World, partition: TopicPartition) {
        let image = world.controller().image().clone();
        let registration = image.partition(partition);
        let (label, tone) = match registration.leader {
            Some(leader) => (format!("led by {}, epoch {}", leader.0, registration.leader_epoch), Tone::Calm),
            None => ("no leader".to_owned(), Tone::Bad),
        };
        self.put(world, Row::Leader(partition.0), label, tone);
        let (isr, all) = (registration.isr.len(), registration.replicas.len());
        let min = image.min_insync_replicas(partition) as usize;
        let tone = match isr {
            _ if isr < min => Tone::Bad,
            _ if isr < all => Tone::Warn,
            _ => Tone::Good,
        };
        self.put(world, Row::Isr(partition.0), format!("ISR {isr} of {all}"), tone);
    }

    fn put(&mut self, world: &World, row: Row, label: String, tone: Tone) {
        let changes = self.rows.entry(row).or_default();
        let at = world.now();
        if changes.last().is_some_and(|last| last.label == label) || changes.len() >= CHANGES_MAX {
            return;
        }
        // Of several changes in one moment the last is what holds.
        if changes.last().is_some_and(|last| last.at == at) {
            changes.pop();
        }
        changes.push(Change { at, label, tone });
    }

    /// The rows of one subject, over all time known.
    pub fn of(&self, world: &World, subject: Subject, until: SimTime) -> Vec<Band> {
        let image = world.controller().image();
        let name = |partition: u32| match image.partitions.get(partition as usize) {
            Some(_) => image.partition_name(TopicPartition(partition)),
            None => String::new(),
        };
        let rows = match subject {
            Subject::Partition(at) | Subject::Replica(at, _) => {
                vec![(name(at), Row::Leader(at)), ("its ISR".to_owned(), Row::Isr(at))]
            }
            Subject::Broker(id) => vec![
                (format!("broker {id}"), Row::Process(NodeId::Broker(id as u16))),
                ("controller".to_owned(), Row::Fenced(id)),
            ],
            Subject::Group(at) => {
                let group = world.groups().get(at as usize).map_or(String::new(), |group| group.name.clone());
                vec![(group, Row::Group(at))]
            }
            Subject::Consumer(at) if at < u32::from(world.consumer_count()) => {
                let slot = world.consumer_slot(at as u16);
                let group = u32::from(slot.spec.group.0);
                vec![
                    (slot.spec.client_id.to_string(), Row::Process(NodeId::Consumer(at as u16))),
                    (world.groups()[group as usize].name.clone(), Row::Group(group)),
                ]
            }
            Subject::Producer(at) if at < u32::from(world.producer_count()) => {
                let name = world.producer_spec(at as u16).client_id.to_string();
                vec![(name, Row::Process(NodeId::Producer(at as u16)))]
            }
            _ => self.all(world),
        };
        rows.into_iter().filter_map(|(label, row)| self.band(label, row, until)).collect()
    }

    /// For the whole cluster as many brokers as there is room for: first whose process was in a bad way last, then by
    /// number.
    fn all(&self, world: &World) -> Vec<(String, Row)> {
        const SHOWN_MAX: usize = 3;
        let mut brokers: Vec<BrokerId> = world.brokers().iter().map(|broker| broker.id).collect();
        brokers.sort_by_key(|&id| Reverse(self.last_bad(Row::Process(NodeId::from(id)))));
        brokers.truncate(SHOWN_MAX);
        brokers.sort_unstable();
        brokers.iter().map(|&id| (format!("broker {}", id.0), Row::Process(NodeId::from(id)))).collect()
    }

    /// Whether the last bad stretch of a row still lasts, and when it began.
    fn last_bad(&self, row: Row) -> Option<(bool, SimTime)> {
        let changes = self.rows.get(&row)?;
        let last = changes.iter().rposition(|change| change.tone == Tone::Bad)?;
        Some((last + 1 == changes.len(), changes[last].at))
    }

    fn band(&self, label: String, row: Row, until: SimTime) -> Option<Band> {
        let changes = self.rows.get(&row)?;
        let ends = changes.iter().skip(1).map(|change| change.at).chain([until]);
        let span = |(change, end): (&Change, SimTime)| Span {
            from_us: change.at.0,
            to_us: end.0.max(change.at.0),
            label: change.label.clone(),
            tone: change.tone,
        };
        Some(Band { label, spans: changes.iter().zip(ends).map(span).collect() })
    }
}

fn group_words(state: GroupState, generation: u32) -> (String, Tone) {
    match state {
        GroupState::Stable => (format!("Stable, generation {generation}"), Tone::Good),
        GroupState::PreparingRebalance => ("PreparingRebalance".to_owned(), Tone::Warn),
        GroupState::CompletingRebalance => ("CompletingRebalance".to_owned(), Tone::Warn),
        GroupState::Empty => ("Empty".to_owned(), Tone::Calm),
        GroupState::Dead => ("Dead".to_owned(), Tone::Bad),
    }
}

/// What a process does, in a word, and how it is to be read.
pub(super) fn process_words(process: Process) -> (&'static str, Tone) {
    match process {
        Process::Running => ("running", Tone::Good),
        Process::Starting => ("starting", Tone::Warn),
        Process::Stopping => ("shutting down", Tone::Warn),
        Process::Stopped => ("shut down", Tone::Calm),
        Process::Crashed => ("crashed", Tone::Bad),
        Process::MachineDown => ("machine down", Tone::Bad),
        Process::Frozen => ("frozen", Tone::Bad),
    }
}
