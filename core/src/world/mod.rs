//! All nodes, links and hosts, one agenda, the only dispatcher.
//!
//! Only this room knows latency and who is alive. It carries out what nodes ask for; it decides nothing of Kafka.
mod agenda;
mod commands;
mod delivery;
mod processes;
mod setup;

pub use processes::ConsumerSlot;

use crate::broker::Broker;
use crate::client::{Consumer, Producer, ProducerSpec};
use crate::controller::Controller;
use crate::kernel::{Digest, Draws, SimTime};
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::net::{Distances, Network, Site};
use crate::node::{Effect, Effects, Input, Timer};
use crate::scenario::{Scenario, TimedCommand};
use crate::trace::{Fact, Process};
use crate::wire::{Message, NodeId};
use agenda::{Agenda, Event};
use processes::{Host, ProducerSlot};
use std::sync::Arc;

/// One run at one moment. Cloning it is a checkpoint.
#[derive(Clone, Debug)]
pub struct World {
    now: SimTime,
    agenda: Agenda,
    /// What is written on the messages under way, by their slots in the mail.
    heads: Vec<Head>,
    /// Slots of messages that wait for a cut link to heal.
    held: Vec<u32>,
    network: Network,
    distances: Distances,
    hosts: Vec<Host>,
    controller: Controller,
    brokers: Vec<Broker>,
    producers: Vec<ProducerSlot>,
    consumers: Vec<ConsumerSlot>,
    /// The numbers of producers and consumers among all nodes. Apart, so that to look one up touches no node.
    producer_numbers: Vec<u32>,
    consumer_numbers: Vec<u32>,
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

/// What is written on a message under way.
#[derive(Clone, Copy, Debug)]
struct Head {
    from: NodeId,
    to: NodeId,
    correlation: u32,
    /// The connection it was sent on.
    connection: u32,
    /// How many connections had been closed anywhere when it was sent.
    closings: u32,
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
        self.agenda.next_time().map(SimTime)
    }

    /// Handles the next event; false if there is none.
    pub fn step(&mut self) -> bool {
        let Some((time, event)) = self.agenda.pop_until(u64::MAX) else { return false };
        self.handle(time, event);
        true
    }

    fn handle(&mut self, time: u64, event: Event) {
        self.now = SimTime(time);
        self.events += 1;
        self.digest.u64(time);
        match event {
            Event::Deliver { slot } => self.deliver(slot),
            Event::Timer { node, kind, incarnation, key, generation } => {
                self.digest.u64(u64::from(kind as u8) << 32 | u64::from(generation));
                let number = self.number(node);
                let host = &mut self.hosts[number];
                if host.incarnation != incarnation || !host.is_up() {
                    return;
                }
                if host.process == Process::Frozen {
                    return host.inbox.push(event);
                }
                self.dispatch((node, number), Input::Timer(Timer { kind, key, generation }));
            }
            Event::Reset { node, peer } => {
                let number = self.number(node);
                let host = &mut self.hosts[number];
                if host.process == Process::Frozen {
                    host.inbox.push(event);
                } else if host.is_up() {
                    self.dispatch((node, number), Input::Disconnected(peer));
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
            let Some((time, event)) = self.agenda.pop_until(until.0) else {
                self.now = self.now.max(until);
                return true;
            };
            self.handle(time, event);
            // What the world itself says: commands, processes.
            self.facts.clear();
            self.flights.clear();
        }
        false
    }

    /// Moves the clock to `time`, if no event happens before.
    pub fn settle_at(&mut self, time: SimTime) {
        debug_assert!(self.agenda.next_time().is_none_or(|next| next >= time.0));
        self.now = self.now.max(time);
    }

    /// Hands an input to a node, given with its number, and carries out what it asks for.
    fn dispatch(&mut self, (node, number): (NodeId, usize), input: Input) {
        let (now, fx) = (self.now, &mut self.fx);
        match node {
            NodeId::Controller(_) => self.controller.handle(now, input, fx),
            NodeId::Broker(id) => self.brokers[id as usize - 1].handle(now, input, fx),
            NodeId::Producer(at) => self.producers[at as usize].node.handle(now, input, fx),
            NodeId::Consumer(at) => self.consumers[at as usize].node.handle(now, input, fx),
        }
        self.carry_out((node, number));
    }

    /// Carries out what a node, given with its number, asked for, in order.
    fn carry_out(&mut self, (node, number): (NodeId, usize)) {
        if !self.fx.facts.is_empty() {
            self.facts.extend(self.fx.facts.drain(..).map(|fact| (node, fact)));
        }
        if self.fx.list.is_empty() {
            return;
        }
        let mut list = std::mem::take(&mut self.fx.list);
        for &effect in &list {
            match effect {
                Effect::Send { to, correlation, slot } => self.send((node, number), to, correlation, slot),
                Effect::SetTimer { at, timer } => self.set_timer((node, number), at, timer),
                Effect::Disconnect { peer } => self.disconnect(node, peer),
                Effect::Exit => self.exited(node),
            }
        }
        list.clear();
        self.fx.list = list;
    }

    fn set_timer(&mut self, (node, number): (NodeId, usize), at: SimTime, timer: Timer) {
        let incarnation = self.hosts[number].incarnation;
        let Timer { kind, key, generation } = timer;
        let at = at.max(self.now.plus_us(1));
        self.agenda.push(at.0, Event::Timer { node, kind, incarnation, key, generation });
    }

    /// The node's number in tables that have one entry a node.
    #[inline]
    fn number(&self, node: NodeId) -> usize {
        match node {
            NodeId::Controller(_) => 0,
            NodeId::Broker(id) => id as usize,
            NodeId::Producer(at) => self.producer_numbers[at as usize] as usize,
            NodeId::Consumer(at) => self.consumer_numbers[at as usize] as usize,
        }
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
        self.agenda.len()
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
        self.fx.mail.iter().map(|(slot, message)| self.heads[slot as usize].sent(message)).collect()
    }

    /// About what a copy of it costs beside what it shares with the original, bytes.
    pub fn own_bytes(&self) -> u64 {
        let replicas: u64 = self.brokers.iter().map(|broker| broker.replicas().count() as u64).sum();
        let clients =
            self.producers.len() as u64 * PRODUCER_BYTES + self.consumers.len() as u64 * CONSUMER_BYTES;
        let table = |len: usize, entry: usize| (len * entry) as u64;
        table(self.agenda.len(), size_of::<(u64, u64, Event)>())
            + table(self.fx.mail.len(), size_of::<Head>() + size_of::<Option<Message>>())
            + table(self.network.links(), size_of::<crate::net::Link>())
            + replicas * REPLICA_BYTES
            + clients
    }

    /// The batches' memory over all logs, in bytes.
    pub fn log_memory_bytes(&self) -> u64 {
        self.brokers.iter().flat_map(Broker::replicas).map(|replica| replica.log.memory_bytes()).sum()
    }
}
