//! Processes and machines: starting, stopping, crashing, freezing.
use super::{Event, World};
use crate::client::{Consumer, ConsumerSpec, Producer, ProducerSpec};
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use crate::net::Site;
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::{Fact, Process};
use crate::wire::NodeId;

/// The machine and process behind a node.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub site: Site,
    pub process: Process,
    pub since: SimTime,
    /// Which process start this is; timers and connections of an earlier one are void.
    pub incarnation: u16,
    /// What arrived while frozen.
    pub inbox: Vec<Event>,
}

impl Host {
    pub fn new(site: Site) -> Self {
        Host { site, process: Process::Stopped, since: SimTime::ZERO, incarnation: 0, inbox: Vec::new() }
    }

    /// A process is there, frozen or not.
    pub fn is_up(&self) -> bool {
        matches!(self.process, Process::Running | Process::Starting | Process::Stopping | Process::Frozen)
    }
}

/// A producer, what it was made from.
#[derive(Clone, Debug)]
pub(super) struct ProducerSlot {
    pub node: Producer,
    pub spec: ProducerSpec,
    /// Made anew from `spec` as soon as it exited: its configuration changed.
    pub restart: bool,
}

/// A consumer, what it was made from.
#[derive(Clone, Debug)]
pub struct ConsumerSlot {
    pub(super) node: Consumer,
    /// What it was made from.
    pub spec: ConsumerSpec,
    /// Its processing time in per cent of the configured one.
    pub slowdown_percent: u32,
    pub(super) restart: bool,
}

impl World {
    pub(super) fn all_nodes(&self) -> Vec<NodeId> {
        let mut nodes = vec![NodeId::Controller(0)];
        nodes.extend(self.brokers.iter().map(|broker| NodeId::from(broker.id)));
        nodes.extend((0..self.producers.len() as u16).map(NodeId::Producer));
        nodes.extend((0..self.consumers.len() as u16).map(NodeId::Consumer));
        nodes
    }

    pub(super) fn set_process(&mut self, node: NodeId, process: Process) {
        let (now, number) = (self.now, self.number(node));
        let host = &mut self.hosts[number];
        host.process = process;
        host.since = now;
        self.facts.push((node, Fact::ProcessChanged { node, process }));
    }

    /// Starts a process; a broker's is ready when the controller has unfenced it.
    pub(super) fn start(&mut self, node: NodeId) {
        let number = self.number(node);
        let machine_was_down = self.hosts[number].process == Process::MachineDown;
        self.hosts[number].incarnation += 1;
        self.empty_inbox(node);
        if machine_was_down {
            self.break_connections(node);
        }
        self.set_process(node, Process::Running);
        self.set_timer((node, self.number(node)), self.now, Timer::new(TimerKind::Start, 0));
    }

    /// Kills a process; with its machine, nobody is told.
    pub(super) fn crash(&mut self, node: NodeId, machine: bool) {
        if !machine {
            self.break_connections(node);
        }
        self.set_process(node, if machine { Process::MachineDown } else { Process::Crashed });
        self.power_off(node, false, machine);
    }

    /// What waited for a frozen process is gone with it.
    fn empty_inbox(&mut self, node: NodeId) {
        let number = self.number(node);
        for event in std::mem::take(&mut self.hosts[number].inbox) {
            if let Event::Deliver { slot } = event {
                drop(self.fx.mail.take(slot));
            }
        }
    }

    fn power_off(&mut self, node: NodeId, clean: bool, machine: bool) {
        self.empty_inbox(node);
        if let NodeId::Broker(id) = node {
            self.brokers[id as usize - 1].power_off(self.now, clean, machine, &mut self.fx);
            self.carry_out((node, self.number(node)));
        }
    }

    /// A process ended by itself, cleanly.
    pub(super) fn exited(&mut self, node: NodeId) {
        self.break_connections(node);
        self.set_process(node, Process::Stopped);
        self.power_off(node, true, false);
        match node {
            NodeId::Producer(at) if self.producers[at as usize].restart => self.remake_producer(at),
            NodeId::Consumer(at) if self.consumers[at as usize].restart => self.remake_consumer(at),
            _ => {}
        }
    }

    pub(super) fn remake_producer(&mut self, at: u16) {
        let draws = self.producer_draws(at);
        let slot = &mut self.producers[at as usize];
        slot.restart = false;
        slot.node = slot.node.restarted(slot.spec.clone(), draws);
        self.start(NodeId::Producer(at));
    }

    pub(super) fn remake_consumer(&mut self, at: u16) {
        let draws = self.consumer_draws(at);
        let slot = &mut self.consumers[at as usize];
        slot.restart = false;
        slot.node = Consumer::new(slot.spec.clone(), draws);
        slot.node.set_slowdown(slot.slowdown_percent);
        self.start(NodeId::Consumer(at));
    }

    pub(super) fn freeze(&mut self, node: NodeId) {
        self.set_process(node, Process::Frozen);
    }

    /// Everything that came meanwhile is handled now, in its order.
    pub(super) fn thaw(&mut self, node: NodeId) {
        self.set_process(node, Process::Running);
        let number = self.number(node);
        for event in std::mem::take(&mut self.hosts[number].inbox) {
            self.agenda.push(self.now.0 + 1, event);
        }
    }

    /// Asks a process to stop in its own time.
    pub(super) fn stop(&mut self, node: NodeId) {
        self.set_process(node, Process::Stopping);
        let (now, fx) = (self.now, &mut self.fx);
        match node {
            NodeId::Controller(_) => {}
            NodeId::Broker(id) => self.brokers[id as usize - 1].stop(now, fx),
            NodeId::Producer(at) => self.producers[at as usize].node.stop(now, fx),
            NodeId::Consumer(at) => self.consumers[at as usize].node.stop(now, fx),
        }
        self.carry_out((node, self.number(node)));
    }

    /// Lets a node act outside any input: an administrator's request, a typed record.
    pub(super) fn let_act<T>(
        &mut self,
        node: NodeId,
        act: impl FnOnce(&mut Self, SimTime, &mut Effects) -> T,
    ) -> T {
        let mut fx = std::mem::take(&mut self.fx);
        let result = act(self, self.now, &mut fx);
        self.fx = fx;
        self.carry_out((node, self.number(node)));
        result
    }

    /// All brokers, as clients are told to find the cluster by (`bootstrap.servers`).
    pub(super) fn bootstrap(&self) -> Vec<BrokerId> {
        self.brokers.iter().map(|broker| broker.id).collect()
    }
}
