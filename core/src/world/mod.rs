//! All nodes, links and hosts, one queue, the only dispatcher.
//!
//! Only this room knows latency and who is alive. It carries out what nodes ask for; it decides nothing of Kafka.
mod commands;
mod delivery;
mod processes;
mod setup;

pub use processes::ConsumerSlot;

use crate::broker::Broker;
use crate::client::{Consumer, Producer, ProducerSpec};
use crate::controller::Controller;
use crate::kernel::{Digest, Draws, EventQueue, SimTime};
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::net::{Distances, Network, Site};
use crate::node::{Effect, Effects, Input, Timer, TimerKind};
use crate::scenario::{Scenario, TimedCommand};
use crate::trace::{Fact, Process};
use crate::wire::{Message, NodeId};
use processes::{Host, ProducerSlot};
use std::sync::Arc;

/// One run at one moment. Cloning it is a checkpoint.
#[derive(Clone, Debug)]
pub struct World {
    now: SimTime,
    queue: EventQueue<Event>,
    /// Messages under way, by slot.
    mail: Vec<Envelope>,
    free_slots: Vec<u32>,
    /// Slots of messages that wait for a cut link to heal.
    held: Vec<u32>,
    network: Network,
    distances: Distances,
    hosts: Vec<Host>,
    controller: Controller,
    brokers: Vec<Broker>,
    producers: Vec<ProducerSlot>,
    consumers: Vec<ConsumerSlot>,
    groups: Vec<crate::scenario::GroupSpec>,
    group_partitions: Arc<[u32]>,
    scenario: Arc<Scenario>,
    timeline: Arc<[TimedCommand]>,
    draws: Draws,
    seed: u64,
    digest: Digest,
    events: u64,
    message_ids: u64,
    fx: Effects,
    /// What the events handled since the last drain reported, with the reporting node.
    pub facts: Vec<(NodeId, Fact)>,
    /// What was sent since the last drain; in traced runs only.
    pub flights: Vec<Sent>,
}

/// About what a copy of a replica costs: its tail of batches and its books, bytes.
const REPLICA_BYTES: u64 = 3_072;
/// About what a copy of a producer costs, bytes.
const PRODUCER_BYTES: u64 = 16_384;
/// About what a copy of a consumer costs, bytes.
const CONSUMER_BYTES: u64 = 8_192;

/// An event of the queue: 16 plain bytes.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A message arrives.
    Deliver { slot: u32 },
    /// A timer fires, if the process that set it still runs.
    Timer { node: NodeId, kind: TimerKind, incarnation: u16, key: u32, generation: u32 },
    /// A node learns that its connection to a peer is gone.
    Reset { node: NodeId, peer: NodeId },
    /// An entry of the scenario's timeline.
    Command { index: u32 },
    /// The cluster is set up step by step.
    Setup,
}

/// A slot for a message under way.
#[derive(Clone, Debug)]
struct Envelope {
    head: Head,
    /// `None`: the slot is free.
    message: Option<Message>,
}

/// What is written on an envelope.
#[derive(Clone, Copy, Debug)]
struct Head {
    from: NodeId,
    to: NodeId,
    correlation: u32,
    /// The connection it was sent on.
    connection: u32,
    id: u64,
    /// When it left, and when it arrives: [`SimTime::NEVER`] while a cut link holds it.
    start: SimTime,
    end: SimTime,
}

/// A message that was sent, for observers of a traced run.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Tells it from all others of the run.
    pub id: u64,
    /// Where from.
    pub from: NodeId,
    /// Where to.
    pub to: NodeId,
    /// When it left.
    pub start: SimTime,
    /// When it arrives; [`SimTime::NEVER`] while a cut link holds it.
    pub end: SimTime,
    /// Its API's name.
    pub api: &'static str,
    /// It is a response.
    pub response: bool,
    /// The (first) partition concerned.
    pub partition: Option<TopicPartition>,
    /// How many records it carries.
    pub records: u32,
    /// It reports an error.
    pub error: bool,
    /// The first batch it carries.
    pub batch: Option<Box<Batch>>,
}

impl World {
    /// When the next event happens.
    pub fn next_event_time(&self) -> Option<SimTime> {
        self.queue.next_time().map(SimTime)
    }

    /// Handles the next event; false if there is none.
    pub fn step(&mut self) -> bool {
        let Some((time, event)) = self.queue.pop() else { return false };
        self.now = SimTime(time);
        self.events += 1;
        self.digest.u64(time);
        match event {
            Event::Deliver { slot } => self.deliver(slot),
            Event::Timer { node, kind, incarnation, key, generation } => {
                self.digest.u64(u64::from(kind as u8) << 32 | u64::from(generation));
                let host = &mut self.hosts[Self::number_of(&self.producers, &self.consumers, node)];
                if host.incarnation != incarnation || !host.is_up() {
                    return true;
                }
                if host.process == Process::Frozen {
                    host.inbox.push(event);
                    return true;
                }
                self.dispatch(node, Input::Timer(Timer { kind, key, generation }));
            }
            Event::Reset { node, peer } => {
                let host = &mut self.hosts[Self::number_of(&self.producers, &self.consumers, node)];
                if host.process == Process::Frozen {
                    host.inbox.push(event);
                } else if host.is_up() {
                    self.dispatch(node, Input::Disconnected(peer));
                }
            }
            Event::Command { index } => {
                let command = self.timeline[index as usize].command.clone();
                if let Err(error) = self.apply(&command) {
                    let text = format!("{command} (not done: {error})");
                    self.facts.push((crate::wire::CONTROLLER, Fact::CommandDone { text }));
                }
            }
            Event::Setup => self.set_up(),
        }
        true
    }

    /// Handles events until the next one is later than `until`, at most `max_events`; true if all were handled.
    /// No facts are reported: for runs nobody watches.
    pub fn run_until(&mut self, until: SimTime, max_events: u64) -> bool {
        self.fx.unwatched = true;
        let done = self.step_until(until, max_events);
        self.fx.unwatched = false;
        done
    }

    fn step_until(&mut self, until: SimTime, max_events: u64) -> bool {
        for _ in 0..max_events {
            if self.queue.next_time().is_none_or(|time| time > until.0) {
                self.now = self.now.max(until);
                return true;
            }
            self.step();
            // What the world itself says: commands, processes.
            self.facts.clear();
            self.flights.clear();
        }
        false
    }

    /// Moves the clock to `time`, if no event happens before.
    pub fn settle_at(&mut self, time: SimTime) {
        debug_assert!(self.queue.next_time().is_none_or(|next| next >= time.0));
        self.now = self.now.max(time);
    }

    /// Hands an input to a node and carries out what it asks for.
    fn dispatch(&mut self, node: NodeId, input: Input) {
        let (now, fx) = (self.now, &mut self.fx);
        match node {
            NodeId::Controller(_) => self.controller.handle(now, input, fx),
            NodeId::Broker(id) => self.brokers[id as usize - 1].handle(now, input, fx),
            NodeId::Producer(at) => self.producers[at as usize].node.handle(now, input, fx),
            NodeId::Consumer(at) => self.consumers[at as usize].node.handle(now, input, fx),
        }
        self.carry_out(node);
    }

    /// Carries out what a node asked for, in order.
    fn carry_out(&mut self, node: NodeId) {
        if !self.fx.facts.is_empty() {
            self.facts.extend(self.fx.facts.drain(..).map(|fact| (node, fact)));
        }
        if self.fx.list.is_empty() {
            return;
        }
        let number = self.number(node);
        let mut list = std::mem::take(&mut self.fx.list);
        for effect in list.drain(..) {
            match effect {
                Effect::Send { to, correlation, message } => {
                    self.send((node, number), to, correlation, message);
                }
                Effect::SetTimer { at, timer } => self.set_timer((node, number), at, timer),
                Effect::Disconnect { peer } => self.disconnect(node, peer),
                Effect::Exit => self.exited(node),
            }
        }
        self.fx.list = list;
    }

    fn set_timer(&mut self, (node, number): (NodeId, usize), at: SimTime, timer: Timer) {
        let incarnation = self.hosts[number].incarnation;
        let Timer { kind, key, generation } = timer;
        let at = at.max(self.now.plus_us(1));
        self.queue.push(at.0, Event::Timer { node, kind, incarnation, key, generation });
    }

    /// The node's number in tables that have one entry a node.
    #[inline]
    fn number_of(producers: &[ProducerSlot], consumers: &[ConsumerSlot], node: NodeId) -> usize {
        match node {
            NodeId::Controller(_) => 0,
            NodeId::Broker(id) => id as usize,
            NodeId::Producer(at) => producers[at as usize].number as usize,
            NodeId::Consumer(at) => consumers[at as usize].number as usize,
        }
    }

    #[inline]
    fn number(&self, node: NodeId) -> usize {
        Self::number_of(&self.producers, &self.consumers, node)
    }

    fn host(&self, node: NodeId) -> &Host {
        &self.hosts[self.number(node)]
    }

    fn site(&self, node: NodeId) -> &Site {
        &self.host(node).site
    }

    /// Now.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Collects every fact and every message sent, or only what observers always need. Changes nothing else.
    pub fn set_tracing(&mut self, tracing: bool) {
        self.fx.tracing = tracing;
    }

    /// How many events were handled.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How many events wait.
    pub fn pending(&self) -> usize {
        self.queue.len()
    }

    /// The digest of every event handled.
    pub fn digest(&self) -> u64 {
        self.digest.value()
    }

    /// The digest of every event handled and of the state they led to.
    pub fn full_digest(&self) -> u64 {
        let mut digest = self.digest;
        self.controller.digest(&mut digest);
        self.brokers.iter().for_each(|broker| broker.digest(&mut digest));
        self.producers.iter().for_each(|slot| slot.node.digest(&mut digest));
        self.consumers.iter().for_each(|slot| slot.node.digest(&mut digest));
        digest.value()
    }

    /// The controller.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// The brokers, by index.
    pub fn brokers(&self) -> &[Broker] {
        &self.brokers
    }

    /// The broker with that id.
    pub fn broker(&self, id: BrokerId) -> &Broker {
        &self.brokers[id.index()]
    }

    /// How many producers there ever were.
    pub fn producer_count(&self) -> u16 {
        self.producers.len() as u16
    }

    /// A producer, by index.
    pub fn producer(&self, at: u16) -> &Producer {
        &self.producers[at as usize].node
    }

    /// What a producer was made from.
    pub fn producer_spec(&self, at: u16) -> &ProducerSpec {
        &self.producers[at as usize].spec
    }

    /// How many consumers there ever were.
    pub fn consumer_count(&self) -> u16 {
        self.consumers.len() as u16
    }

    /// A consumer, by index.
    pub fn consumer(&self, at: u16) -> &Consumer {
        &self.consumers[at as usize].node
    }

    /// A consumer with what it was made from.
    pub fn consumer_slot(&self, at: u16) -> &ConsumerSlot {
        &self.consumers[at as usize]
    }

    /// The groups as they were specified, by [`GroupId`].
    pub fn groups(&self) -> &[crate::scenario::GroupSpec] {
        &self.groups
    }

    /// The partition of `__consumer_offsets` that holds a group, once the topic exists.
    pub fn group_partition(&self, group: GroupId) -> Option<TopicPartition> {
        let topic = self.controller.image().topics.first()?;
        topic.partitions.get(self.group_partitions[group.0 as usize] as usize).copied()
    }

    /// The scenario it runs.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What a node's process does, and since when.
    pub fn process(&self, node: NodeId) -> (Process, SimTime) {
        let host = self.host(node);
        (host.process, host.since)
    }

    /// The rack a node stands in; empty for none.
    pub fn rack(&self, node: NodeId) -> &str {
        &self.site(node).rack
    }

    /// Whether commands slowed (first) or cut (second) a node's links.
    pub fn disturbances(&self, node: NodeId) -> (bool, bool) {
        self.distances.disturbances_of(node, &self.site(node).rack)
    }

    /// Whether messages get through between two nodes, as far as links decide.
    pub fn connected(&self, a: NodeId, b: NodeId) -> bool {
        self.distances.between((a, self.site(a)), (b, self.site(b))).is_some()
    }

    /// The messages under way, in no order that means anything.
    pub fn under_way(&self) -> Vec<Sent> {
        self.mail.iter().filter_map(Envelope::sent).collect()
    }

    /// About what a copy of it costs beside what it shares with the original, bytes.
    pub fn own_bytes(&self) -> u64 {
        let replicas: u64 = self.brokers.iter().map(|broker| broker.replicas().count() as u64).sum();
        let clients =
            self.producers.len() as u64 * PRODUCER_BYTES + self.consumers.len() as u64 * CONSUMER_BYTES;
        let table = |len: usize, entry: usize| (len * entry) as u64;
        table(self.queue.len(), size_of::<(u64, u64, Event)>())
            + table(self.mail.len(), size_of::<Envelope>())
            + table(self.network.links(), size_of::<crate::net::Link>())
            + replicas * REPLICA_BYTES
            + clients
    }

    /// The batches' memory over all logs, in bytes.
    pub fn log_memory_bytes(&self) -> u64 {
        self.brokers.iter().flat_map(Broker::replicas).map(|replica| replica.log.memory_bytes()).sum()
    }
}
