//! Commands, carried out: each checks that it can be done now, and says in a sentence why not.
use super::World;
use crate::config::{ConsumerConfig, ProducerConfig};
use crate::log::TypedRecord;
use crate::metadata::{BrokerId, GroupId};
use crate::scenario::{Command, CommandError, ConfigTarget, Place, name_for_another};
use crate::trace::{Fact, Process};
use crate::wire::{CONTROLLER, NodeId};
use std::sync::Arc;

impl World {
    /// Carries out a command at this moment; an impossible one changes nothing.
    pub fn apply(&mut self, command: &Command) -> Result<(), CommandError> {
        self.carry_out_command(command)?;
        self.facts.push((CONTROLLER, Fact::CommandDone { text: command.to_string() }));
        Ok(())
    }

    fn carry_out_command(&mut self, command: &Command) -> Result<(), CommandError> {
        match command {
            Command::CrashBroker(id) => self.crash_if_up(self.broker_node(*id)?, false),
            Command::CrashMachine(id) => self.crash_if_up(self.broker_node(*id)?, true),
            Command::StopBroker(id) => self.stop_if_up(self.broker_node(*id)?),
            Command::FreezeBroker(id) => self.freeze_if_up(self.broker_node(*id)?),
            Command::ThawBroker(id) => self.thaw_if_frozen(self.broker_node(*id)?),
            Command::StartBroker(id) => {
                let node = self.broker_node(*id)?;
                self.must_be_down(node)?;
                self.start(node);
                Ok(())
            }
            Command::SlowLinks { of, by_us } => self.slow_links(of, *by_us),
            Command::CutLinks(of) => self.cut_links(of),
            Command::HealLinks(of) => self.heal_links(of),
            Command::AddConsumer { group } => {
                let group = self.group_named(group)?;
                let at = self.make_consumer(group);
                self.start(NodeId::Consumer(at));
                Ok(())
            }
            Command::StopConsumer(name) => self.stop_if_up(self.consumer_node(name)?),
            Command::CrashConsumer(name) => self.crash_if_up(self.consumer_node(name)?, false),
            Command::FreezeConsumer(name) => self.freeze_if_up(self.consumer_node(name)?),
            Command::ThawConsumer(name) => self.thaw_if_frozen(self.consumer_node(name)?),
            Command::StartConsumer(name) => {
                let at = self.consumer_named(name)?;
                self.must_be_down(NodeId::Consumer(at))?;
                self.remake_consumer(at);
                Ok(())
            }
            Command::SlowConsumer { consumer, percent } => {
                let at = self.consumer_named(consumer)?;
                let slot = &mut self.consumers[at as usize];
                slot.slowdown_percent = *percent;
                slot.node.set_slowdown(*percent);
                Ok(())
            }
            Command::AddProducer { like } => {
                let at = self.producer_named(like)?;
                self.add_producer_like(at);
                Ok(())
            }
            Command::StopProducer(name) => self.stop_if_up(NodeId::Producer(self.producer_named(name)?)),
            Command::SetRate { producer, rate } => {
                let at = self.producer_named(producer)?;
                let rate = *rate;
                let mut workload = (*self.producers[at as usize].spec.workload).clone();
                workload.rate = rate;
                self.producers[at as usize].spec.workload = Arc::new(workload);
                self.let_act(NodeId::Producer(at), |world, now, fx| {
                    world.producers[at as usize].node.set_rate(now, rate, fx);
                });
                Ok(())
            }
            Command::SetConfig { target, key, value } => self.set_config(target, key, value),
            Command::SendRecord { producer, key, value } => {
                let at = self.producer_named(producer)?;
                self.must_run(NodeId::Producer(at))?;
                let record = TypedRecord { key: key.clone(), value: value.clone() };
                self.let_act(NodeId::Producer(at), |world, now, fx| {
                    world.producers[at as usize].node.send_record(now, record, fx);
                });
                Ok(())
            }
        }
    }

    fn add_producer_like(&mut self, at: u16) {
        let like = self.producers[at as usize].spec.clone();
        let rack = self.site(NodeId::Producer(at)).rack.clone();
        let name = name_for_another(&like.client_id, |name| self.producer_named(name).is_ok());
        let spec = crate::scenario::ProducerSpec {
            name,
            topic: like.topic,
            config: like.config,
            workload: like.workload,
            rack,
        };
        let made = self.make_producer(&spec);
        self.start(NodeId::Producer(made));
    }

    fn set_config(&mut self, target: &ConfigTarget, key: &str, value: &str) -> Result<(), CommandError> {
        let wrong = |why: String| CommandError::Config { why };
        match target {
            ConfigTarget::Brokers => {
                let config = self.controller.image().broker_config.with_at_run_time(key, value);
                let config = Arc::new(config.map_err(|error| wrong(error.to_string()))?);
                self.let_act(CONTROLLER, |world, now, fx| {
                    world.controller.alter_broker_config(now, config, fx)
                });
            }
            ConfigTarget::Topic(name) => {
                let image = self.controller.image().clone();
                let found = image.topic(name);
                let (id, topic) = found.ok_or_else(|| no_such("topic", name))?;
                let config = topic.config.with(key, value).map_err(|error| wrong(error.to_string()))?;
                self.let_act(CONTROLLER, |world, now, fx| {
                    world.controller.alter_topic_config(now, id, Arc::new(config), fx);
                });
            }
            ConfigTarget::Producer(name) => {
                let at = self.producer_named(name)?;
                let config: &ProducerConfig = &self.producers[at as usize].spec.config;
                let config = config.with(key, value).map_err(|error| wrong(error.to_string()))?;
                self.producers[at as usize].spec.config = Arc::new(config);
                if self.is_running(NodeId::Producer(at)) {
                    self.producers[at as usize].restart = true;
                    self.stop(NodeId::Producer(at));
                }
            }
            ConfigTarget::Group(name) => {
                let group = self.group_named(name)?;
                let config: &ConsumerConfig = &self.groups[group.0 as usize].config;
                let config = Arc::new(config.with(key, value).map_err(|error| wrong(error.to_string()))?);
                self.groups[group.0 as usize].config = config.clone();
                for at in 0..self.consumers.len() as u16 {
                    if self.consumers[at as usize].spec.group != group {
                        continue;
                    }
                    self.consumers[at as usize].spec.config = config.clone();
                    if self.is_running(NodeId::Consumer(at)) {
                        self.consumers[at as usize].restart = true;
                        self.stop(NodeId::Consumer(at));
                    }
                }
            }
        }
        Ok(())
    }

    fn slow_links(&mut self, of: &Place, by_us: u64) -> Result<(), CommandError> {
        match of {
            Place::Broker(id) => self.distances.slow_node(self.broker_node(*id)?, by_us),
            Place::Rack(rack) => {
                self.rack_named(rack)?;
                self.distances.slow_rack(rack, by_us);
            }
        }
        self.links_changed();
        Ok(())
    }

    fn cut_links(&mut self, of: &Place) -> Result<(), CommandError> {
        match of {
            Place::Broker(id) => self.distances.cut_node(self.broker_node(*id)?),
            Place::Rack(rack) => {
                self.rack_named(rack)?;
                self.distances.cut_rack(rack);
            }
        }
        self.links_changed();
        Ok(())
    }

    fn heal_links(&mut self, of: &Place) -> Result<(), CommandError> {
        let healed = match of {
            Place::Broker(id) => self.distances.heal_node(self.broker_node(*id)?),
            Place::Rack(rack) => {
                self.rack_named(rack)?;
                self.distances.heal_rack(rack)
            }
        };
        self.links_changed();
        let why = || "nothing is wrong with those links: they are neither slow nor cut".to_owned();
        if healed { Ok(()) } else { Err(CommandError::NotNow { why: why() }) }
    }

    fn crash_if_up(&mut self, node: NodeId, machine: bool) -> Result<(), CommandError> {
        if !self.host(node).is_up() {
            return Err(self.not_now(node, "it is down already"));
        }
        self.crash(node, machine);
        Ok(())
    }

    fn stop_if_up(&mut self, node: NodeId) -> Result<(), CommandError> {
        self.must_run(node)?;
        self.stop(node);
        Ok(())
    }

    fn freeze_if_up(&mut self, node: NodeId) -> Result<(), CommandError> {
        self.must_run(node)?;
        self.freeze(node);
        Ok(())
    }

    fn thaw_if_frozen(&mut self, node: NodeId) -> Result<(), CommandError> {
        if self.host(node).process != Process::Frozen {
            return Err(self.not_now(node, "it is not frozen"));
        }
        self.thaw(node);
        Ok(())
    }

    fn is_running(&self, node: NodeId) -> bool {
        self.host(node).process == Process::Running
    }

    fn must_run(&self, node: NodeId) -> Result<(), CommandError> {
        if self.is_running(node) { Ok(()) } else { Err(self.not_now(node, "it is not running")) }
    }

    fn must_be_down(&self, node: NodeId) -> Result<(), CommandError> {
        if self.host(node).is_up() { Err(self.not_now(node, "it runs already")) } else { Ok(()) }
    }

    fn not_now(&self, node: NodeId, why: &str) -> CommandError {
        CommandError::NotNow { why: format!("{}: {why}", self.node_name(node)) }
    }

    /// What a person calls a node: `broker 2`, `consumer billing-1`.
    pub fn node_name(&self, node: NodeId) -> String {
        match node {
            NodeId::Controller(_) => "the controller".to_owned(),
            NodeId::Broker(id) => format!("broker {id}"),
            NodeId::Producer(at) => format!("producer {}", self.producers[at as usize].spec.client_id),
            NodeId::Consumer(at) => format!("consumer {}", self.consumers[at as usize].spec.client_id),
        }
    }

    fn broker_node(&self, id: BrokerId) -> Result<NodeId, CommandError> {
        let known = id.0 >= 1 && id.0 as usize <= self.brokers.len();
        if known { Ok(NodeId::from(id)) } else { Err(no_such("broker", &id.0.to_string())) }
    }

    fn group_named(&self, name: &str) -> Result<GroupId, CommandError> {
        let at = self.groups.iter().position(|group| group.name == name);
        at.map(|at| GroupId(at as u16)).ok_or_else(|| no_such("group", name))
    }

    fn consumer_named(&self, name: &str) -> Result<u16, CommandError> {
        let at = self.consumers.iter().position(|slot| &*slot.spec.client_id == name);
        at.map(|at| at as u16).ok_or_else(|| no_such("consumer", name))
    }

    fn consumer_node(&self, name: &str) -> Result<NodeId, CommandError> {
        Ok(NodeId::Consumer(self.consumer_named(name)?))
    }

    fn producer_named(&self, name: &str) -> Result<u16, CommandError> {
        let at = self.producers.iter().position(|slot| &*slot.spec.client_id == name);
        at.map(|at| at as u16).ok_or_else(|| no_such("producer", name))
    }

    fn rack_named(&self, rack: &str) -> Result<(), CommandError> {
        let known = self.hosts.iter().any(|host| host.site.rack == rack);
        if known { Ok(()) } else { Err(no_such("rack", rack)) }
    }
}

fn no_such(what: &'static str, name: &str) -> CommandError {
    CommandError::NoSuch { what, name: name.to_owned() }
}
