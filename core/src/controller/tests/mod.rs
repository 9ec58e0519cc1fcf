//! The controller held to its rules: inputs in, effects out, the image as of then.
mod elections;
mod isr;
mod lifecycle;
mod metadata_log;
mod topics;

use super::Controller;
use crate::config::{BrokerConfig, TopicConfig};
use crate::kernel::{Digest, Draws, SimTime};
use crate::metadata::{BrokerId, PartitionRegistration, TopicId, TopicPartition};
use crate::node::{Effect, Effects, Input, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{
    AlterPartitionRequest, AlterPartitionResult, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, ErrorCode, IsrProposal, Message, NodeId,
};
use std::sync::Arc;

const P0: TopicPartition = TopicPartition(0);

/// A controller, the time, and what a test needs to know of the brokers it plays.
struct Room {
    controller: Controller,
    now: SimTime,
    fx: Effects,
    timers: Vec<(SimTime, Timer)>,
    facts: Vec<Fact>,
    incarnations: u32,
}

impl Room {
    fn with_config(config: BrokerConfig) -> Room {
        let mut room = Room {
            controller: Controller::new(Draws::new(1, "controller"), Arc::new(config)),
            now: SimTime::ZERO,
            fx: Effects::default(),
            timers: Vec::new(),
            facts: Vec::new(),
            incarnations: 0,
        };
        room.input(Input::Timer(Timer::new(TimerKind::Start, 0)));
        room
    }

    /// Brokers 1 to `n`, unfenced at 0 s.
    fn new(n: u32) -> Room {
        let mut room = Room::with_config(BrokerConfig::default());
        for broker in 1..=n {
            room.join(broker);
        }
        room
    }

    /// With one topic of one partition, replicas [1, 2, 3] all in sync, led by 1.
    fn with_topic(config: TopicConfig) -> Room {
        let mut room = Room::new(3);
        room.create("t", config, &[&[1, 2, 3]]);
        room
    }

    fn create(&mut self, name: &str, config: TopicConfig, replicas: &[&[u32]]) -> TopicId {
        let lists = replicas.iter().map(|list| ids(list)).collect();
        let config = Arc::new(config);
        let made =
            self.controller.create_topic(self.now, name, 0, 0, config, false, Some(lists), &mut self.fx);
        self.take();
        made.expect("can be created")
    }

    fn input(&mut self, input: Input) -> Vec<(NodeId, u32, Message)> {
        self.controller.handle(self.now, input, &mut self.fx);
        self.take()
    }

    fn take(&mut self) -> Vec<(NodeId, u32, Message)> {
        self.facts.append(&mut self.fx.facts);
        let mut sent = Vec::new();
        for effect in self.fx.take() {
            match effect {
                (Effect::Send { to, correlation, .. }, Some(message)) => {
                    sent.push((to, correlation, message))
                }
                (Effect::SetTimer { at, timer }, _) => self.timers.push((at, timer)),
                (other, _) => panic!("a controller does no {other:?}"),
            }
        }
        self.check_index();
        sent
    }

    /// What follows from the image, worked out anew.
    fn check_index(&self) {
        let image = self.controller.image();
        for broker in 1..=image.brokers.len() as u32 {
            let all = (0..image.partitions.len() as u32).map(TopicPartition);
            let of = |at: &TopicPartition| image.partition(*at).replicas.contains(&BrokerId(broker));
            let replicated: Vec<_> = all.clone().filter(of).collect();
            assert_eq!(self.controller.index.replicated_by(BrokerId(broker)), replicated);
            let leads = |at: TopicPartition| image.partition(at).leader == Some(BrokerId(broker));
            assert_eq!(self.controller.index.leads_any(BrokerId(broker)), all.clone().any(leads));
            let leaderless: Vec<_> = all.filter(|at| image.partition(*at).leader.is_none()).collect();
            assert_eq!(self.controller.index.leaderless().collect::<Vec<_>>(), leaderless);
        }
    }

    /// Runs the timers due up to `ms`, in order of time. Nobody sends heartbeats meanwhile.
    fn run_to(&mut self, ms: u64) {
        let end = SimTime::from_ms(ms);
        while let Some(at) = self.next_timer(end) {
            let (time, timer) = self.timers.remove(at);
            self.now = time;
            self.input(Input::Timer(timer));
        }
        self.now = end;
    }

    fn next_timer(&self, end: SimTime) -> Option<usize> {
        let due = self.timers.iter().enumerate().filter(|(_, (time, _))| *time <= end);
        due.min_by_key(|(_, (time, _))| *time).map(|(at, _)| at)
    }

    /// As `run_to`, while `alive` send a heartbeat every two seconds.
    fn live_to(&mut self, ms: u64, alive: &[u32]) {
        while self.now.as_ms() + 2_000 <= ms {
            self.run_to(self.now.as_ms() + 2_000);
            for &broker in alive {
                self.beat(broker).expect("lives");
            }
        }
        self.run_to(ms);
    }

    fn ask(&mut self, broker: u32, message: Message) -> Message {
        let mut sent =
            self.input(Input::Message { from: NodeId::Broker(broker as u16), correlation: 7, message });
        let (to, correlation, answer) = sent.pop().expect("answers at once");
        assert_eq!((to, correlation), (NodeId::Broker(broker as u16), 7));
        answer
    }

    fn register_as(
        &mut self,
        broker: u32,
        incarnation: u32,
        previous_epoch: Option<u64>,
    ) -> Result<u64, ErrorCode> {
        let rack = "r".to_owned();
        let request =
            BrokerRegistrationRequest { broker: BrokerId(broker), incarnation, rack, previous_epoch };
        match self.ask(broker, Message::BrokerRegistration(Box::new(request))) {
            Message::BrokerRegistrationResponse { epoch } => epoch,
            other => panic!("{other:?}"),
        }
    }

    /// A new process registers.
    fn register(&mut self, broker: u32, previous_epoch: Option<u64>) -> Result<u64, ErrorCode> {
        self.incarnations += 1;
        self.register_as(broker, self.incarnations, previous_epoch)
    }

    /// Registers and is unfenced.
    fn join(&mut self, broker: u32) {
        self.register(broker, None).expect("registers");
        assert!(!self.beat(broker).expect("is known").is_fenced);
    }

    fn heartbeat(&mut self, request: BrokerHeartbeatRequest) -> Result<BrokerHeartbeatResponse, ErrorCode> {
        match self.ask(request.broker.0, Message::BrokerHeartbeat(request)) {
            Message::BrokerHeartbeatResponse(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// What a healthy, caught up broker sends.
    fn request(&self, broker: u32) -> BrokerHeartbeatRequest {
        BrokerHeartbeatRequest {
            broker: BrokerId(broker),
            epoch: self.epoch(broker),
            metadata_offset: self.controller.image().offset,
            want_fence: false,
            want_shutdown: false,
        }
    }

    fn beat(&mut self, broker: u32) -> Result<BrokerHeartbeatResponse, ErrorCode> {
        self.heartbeat(self.request(broker))
    }

    fn ask_shutdown(&mut self, broker: u32) -> BrokerHeartbeatResponse {
        self.heartbeat(BrokerHeartbeatRequest { want_shutdown: true, ..self.request(broker) })
            .expect("is known")
    }

    /// The broker asks to be fenced, as good as any way to fence it at once.
    fn fence(&mut self, broker: u32) {
        let request = BrokerHeartbeatRequest { want_fence: true, ..self.request(broker) };
        assert!(self.heartbeat(request).expect("is known").is_fenced);
    }

    fn epoch(&self, broker: u32) -> u64 {
        self.controller.image().broker(BrokerId(broker)).map_or(0, |known| known.epoch)
    }

    fn is_fenced(&self, broker: u32) -> bool {
        self.controller.image().broker(BrokerId(broker)).expect("is registered").fenced
    }

    fn partition(&self, at: TopicPartition) -> PartitionRegistration {
        self.controller.image().partition(at).clone()
    }

    /// The leader's proposal of an ISR for partition 0, with epochs as they are.
    fn proposal(&self, isr: &[u32]) -> IsrProposal {
        self.proposal_for(P0, isr)
    }

    fn proposal_for(&self, partition: TopicPartition, isr: &[u32]) -> IsrProposal {
        let known = self.partition(partition);
        IsrProposal {
            partition,
            leader_epoch: known.leader_epoch,
            partition_epoch: known.partition_epoch,
            isr: isr.iter().map(|&broker| (BrokerId(broker), self.epoch(broker))).collect(),
            recovering: false,
        }
    }

    fn propose_as(&mut self, sender: u32, epoch: u64, proposal: IsrProposal) -> Proposed {
        let broker = BrokerId(sender);
        let request = AlterPartitionRequest { broker, broker_epoch: epoch, partitions: vec![proposal] };
        match self.ask(sender, Message::AlterPartition(Box::new(request))) {
            Message::AlterPartitionResponse(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// The leader of partition 0 proposes; the error, or NONE.
    fn propose(&mut self, proposal: IsrProposal) -> ErrorCode {
        let leader = self.partition(P0).leader.expect("is led").0;
        let epoch = self.epoch(leader);
        match self.propose_as(leader, epoch, proposal) {
            Ok(results) => results[0].error,
            Err(error) => error,
        }
    }

    /// The leader of partition 0 sets its ISR.
    fn set_isr(&mut self, isr: &[u32]) {
        assert_eq!(self.propose(self.proposal(isr)), ErrorCode::None);
    }

    fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        self.controller.digest(&mut digest);
        digest.value()
    }
}

type Proposed = Result<Vec<AlterPartitionResult>, ErrorCode>;

fn ids(list: &[u32]) -> Vec<BrokerId> {
    list.iter().copied().map(BrokerId).collect()
}

fn min_isr(n: u32) -> TopicConfig {
    TopicConfig { min_insync_replicas: n, ..TopicConfig::default() }
}

fn unclean(n: u32) -> TopicConfig {
    TopicConfig { unclean_leader_election: true, ..min_isr(n) }
}

/// A partition in one line: `leader 1 isr [1, 2] elr [] last [] epochs 0/1`, with `recovering` at its end.
fn line(partition: &PartitionRegistration) -> String {
    let plain = |list: &[BrokerId]| list.iter().map(|broker| broker.0).collect::<Vec<_>>();
    let leader = partition.leader.map_or(-1, |leader| i64::from(leader.0));
    let recovering = if partition.recovering { " recovering" } else { "" };
    format!(
        "leader {leader} isr {:?} elr {:?} last {:?} epochs {}/{}{recovering}",
        plain(&partition.isr),
        plain(&partition.elr),
        plain(&partition.last_known_elr),
        partition.leader_epoch,
        partition.partition_epoch,
    )
}
