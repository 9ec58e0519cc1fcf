//! From nothing to a cluster at work: brokers start, topics are created, clients start.
//!
//! An administrator's first minute, done by the world: topics are created once every broker is unfenced.
use super::agenda::Agenda;
use super::processes::{Host, ProducerSlot};
use super::{ConsumerSlot, Event, World};
use crate::assign::java_hash::coordinator_partition;
use crate::broker::Broker;
use crate::client::{Consumer, ConsumerSpec, Producer, ProducerSpec};
use crate::config::TopicConfig;
use crate::controller::Controller;
use crate::kernel::{Digest, Draws, Purpose, SimTime};
use crate::metadata::{BrokerId, GroupId};
use crate::net::{Distances, Network, Site};
use crate::node::Effects;
use crate::scenario::{GroupSpec, Scenario};
use crate::wire::{CONTROLLER, NodeId};
use std::sync::Arc;

const START: Purpose = Purpose::new("start");
/// How often set-up looks whether it can go on, ms.
const SETUP_MS: u64 = 100;
/// Set-up goes on without brokers that are not unfenced by then, ms.
const SETUP_PATIENCE_MS: u64 = 5_000;
/// Clients start within this long after the topics are there, ms.
const CLIENT_START_MS: u32 = 500;

/// The least `segment.bytes` that Kafka allows a topic.
const SEGMENT_BYTES_MIN: u64 = 1_048_576;

impl World {
    /// A run at its beginning: nothing has started.
    pub fn new(scenario: &Scenario, seed: u64) -> World {
        let config = &scenario.broker_config;
        let offsets_partitions = config.offsets_topic_num_partitions;
        let partition_of = |group: &GroupSpec| coordinator_partition(&group.name, offsets_partitions);
        let group_partitions: Arc<[u32]> = scenario.groups.iter().map(partition_of).collect();
        let draws = Draws::new(seed, "world");
        let mut world = World {
            now: SimTime::ZERO,
            agenda: Agenda::default(),
            heads: Vec::new(),
            held: Vec::new(),
            network: Network::default(),
            distances: Distances::new(scenario.links.clone()),
            hosts: vec![Host::new(Site::default())],
            controller: Controller::new(Draws::new(seed, "controller"), config.clone()),
            brokers: Vec::new(),
            producers: Vec::new(),
            consumers: Vec::new(),
            producer_numbers: Vec::new(),
            consumer_numbers: Vec::new(),
            groups: scenario.groups.clone(),
            group_partitions: group_partitions.clone(),
            scenario: Arc::new(scenario.clone()),
            timeline: scenario.timeline.clone().into(),
            draws,
            seed,
            digest: Digest::default(),
            events: 0,
            message_ids: 0,
            fx: Effects::default(),
            facts: Vec::new(),
            flights: Vec::new(),
        };
        for (at, spec) in scenario.brokers.iter().enumerate() {
            let id = BrokerId(at as u32 + 1);
            let name = format!("broker {}", id.0);
            let draws = Draws::new(seed, &name);
            world.brokers.push(Broker::new(id, spec.rack.clone(), draws, group_partitions.clone()));
            let site = Site { rack: spec.rack.clone(), data_center: spec.data_center.clone() };
            world.hosts.push(Host::new(site));
        }
        for at in 0..scenario.producers.len() {
            world.make_producer(&scenario.producers[at]);
        }
        for group in 0..scenario.groups.len() as u16 {
            for _ in 0..scenario.groups[group as usize].members {
                world.make_consumer(GroupId(group));
            }
        }
        world.begin();
        world
    }

    fn begin(&mut self) {
        self.start(CONTROLLER);
        for at in 0..self.brokers.len() {
            self.start(NodeId::from(self.brokers[at].id));
        }
        self.agenda.push(SETUP_MS * 1_000, Event::Setup);
        for index in 0..self.timeline.len() {
            self.agenda.push(self.timeline[index].at.0, Event::Command { index: index as u32 });
        }
    }

    /// One look of the set-up: creates the topics once all brokers are there, then starts the clients.
    pub(super) fn set_up(&mut self) {
        let image = self.controller.image().clone();
        let active = image.brokers.iter().filter(|broker| broker.is_active()).count();
        let patient = self.now.as_ms() < SETUP_PATIENCE_MS;
        if active == 0 || (active < self.brokers.len() && patient) {
            self.agenda.push(self.now.plus_ms(SETUP_MS).0, Event::Setup);
            return;
        }
        self.create_topics();
        for node in self.all_nodes() {
            if let NodeId::Producer(_) | NodeId::Consumer(_) = node {
                let delay_ms = self.draws.part(self.number(node) as u64).at(START, 0).below(CLIENT_START_MS);
                self.start_later(node, u64::from(delay_ms));
            }
        }
    }

    fn start_later(&mut self, node: NodeId, delay_ms: u64) {
        self.start(node);
        // The process starts now; its work begins when its Start timer fires.
        let number = self.number(node);
        self.hosts[number].incarnation += 1;
        let timer = crate::node::Timer::new(crate::node::TimerKind::Start, 0);
        self.set_timer((node, self.number(node)), self.now.plus_ms(50 + delay_ms), timer);
    }

    fn create_topics(&mut self) {
        let scenario = self.scenario.clone();
        let brokers = self.brokers.len() as u32;
        let config = &scenario.broker_config;
        // It is compacted in Kafka, hence nothing in it grows too old.
        let said = [
            ("cleanup.policy", "compact".to_owned()),
            ("retention.ms", "-1".to_owned()),
            ("segment.bytes", config.offsets_topic_segment_bytes.max(SEGMENT_BYTES_MIN).to_string()),
        ];
        let said = said.map(|(key, value)| (key.to_owned(), value));
        let (offsets_config, _) =
            TopicConfig::from_pairs(&said, config).expect("known keys with legal values");
        let factor = config.offsets_topic_replication_factor.min(brokers);
        let partitions = config.offsets_topic_num_partitions;
        self.let_act(CONTROLLER, |world, now, fx| {
            let config = Arc::new(offsets_config);
            let made = world.controller.create_topic(
                now,
                "__consumer_offsets",
                partitions,
                factor,
                config,
                true,
                None,
                fx,
            );
            debug_assert!(made.is_ok());
            for topic in &scenario.topics {
                let made = world.controller.create_topic(
                    now,
                    &topic.name,
                    topic.partitions,
                    topic.replication_factor,
                    topic.config.clone(),
                    false,
                    topic.placement.clone(),
                    fx,
                );
                debug_assert!(made.is_ok(), "the scenario was checked");
            }
        });
    }

    /// Makes a producer that is not started.
    pub(super) fn make_producer(&mut self, spec: &crate::scenario::ProducerSpec) -> u16 {
        let at = self.producers.len() as u16;
        let draws = Draws::new(self.seed, &format!("producer {}", spec.name));
        let made = ProducerSpec {
            index: at,
            client_id: spec.name.as_str().into(),
            topic: spec.topic.clone(),
            config: spec.config.clone(),
            workload: spec.workload.clone(),
            bootstrap: self.bootstrap(),
        };
        let node = Producer::new(made.clone(), draws);
        self.producers.push(ProducerSlot { node, spec: made, restart: false });
        self.producer_numbers.push(self.hosts.len() as u32);
        self.hosts.push(Host::new(self.site_in(&spec.rack)));
        at
    }

    /// Makes a member of a group that is not started.
    pub(super) fn make_consumer(&mut self, group: GroupId) -> u16 {
        let spec = self.groups[group.0 as usize].clone();
        let of_group = self.consumers.iter().filter(|slot| slot.spec.group == group).count();
        let client_id = format!("{}-{}", spec.name, of_group + 1);
        let at = self.consumers.len() as u16;
        let made = ConsumerSpec {
            index: at,
            client_id: client_id.as_str().into(),
            group,
            topics: spec.topics.clone(),
            config: spec.config.clone(),
            processing_us_per_record: spec.processing_us_per_record,
            commit: spec.commit,
            bootstrap: self.bootstrap(),
        };
        let draws = Draws::new(self.seed, &format!("consumer {client_id}"));
        let node = Consumer::new(made.clone(), draws);
        self.consumers.push(ConsumerSlot { node, spec: made, slowdown_percent: 100, restart: false });
        self.consumer_numbers.push(self.hosts.len() as u32);
        self.hosts.push(Host::new(self.site_in(&spec.rack)));
        at
    }

    /// Another start of the same client draws anew.
    pub(super) fn producer_draws(&self, at: u16) -> Draws {
        let slot = &self.producers[at as usize];
        let start = u64::from(self.host(NodeId::Producer(at)).incarnation);
        Draws::new(self.seed, &format!("producer {}", slot.spec.client_id)).part(start)
    }

    /// Another start of the same client draws anew.
    pub(super) fn consumer_draws(&self, at: u16) -> Draws {
        let slot = &self.consumers[at as usize];
        let start = u64::from(self.host(NodeId::Consumer(at)).incarnation);
        Draws::new(self.seed, &format!("consumer {}", slot.spec.client_id)).part(start)
    }

    /// A client's site: its rack, in the data centre where that rack is.
    fn site_in(&self, rack: &str) -> Site {
        let same = self.hosts.iter().skip(1).find(|host| host.site.rack == rack);
        let data_center = same.or(self.hosts.get(1)).map(|host| host.site.data_center.clone());
        Site { rack: rack.to_owned(), data_center: data_center.unwrap_or_default() }
    }
}
