//! Consumers and the group coordinator together, with a cluster around them that is all but ideal: what one
//! side says the other must understand.
use kafkarium_core::client::{CommitMode, Consumer, ConsumerSpec, ConsumerState};
use kafkarium_core::config::{AutoOffsetReset, BrokerConfig, ConsumerConfig, TopicConfig};
use kafkarium_core::coordinator::{Append, Coordinator};
use kafkarium_core::kernel::{Draws, SimTime};
use kafkarium_core::log::{Batch, EpochEnd, GroupRecord, NO_PRODUCER, NO_SEQUENCE, SourceId};
use kafkarium_core::metadata::{
    BrokerId, BrokerRegistration, GroupId, MetadataImage, PartitionRegistration, TopicId, TopicImage,
    TopicPartition,
};
use kafkarium_core::node::{Effect, Effects, Input, Timer, TimerKind};
use kafkarium_core::trace::{Fact, GroupState};
use kafkarium_core::wire::{
    EpochAnswered, EpochAsked, ErrorCode, FetchResponse, FetchedPartition, ListedOffset, Message, NodeId,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const LATENCY_US: u64 = 500;
const GROUP: GroupId = GroupId(0);
const INDEX: u32 = 24;
const PARTITIONS: u32 = 6;

enum Event {
    ToConsumer(u32, Input),
    ToBroker(BrokerId, NodeId, u32, Message),
    CoordinatorTimer(BrokerId, Timer),
    Committed(BrokerId, u32),
    FetchEnds(BrokerId, NodeId, u32),
}

/// Coordinators on three brokers, one of which leads the group's offsets partition; partition p of the topic
/// has grown by one record each 10 ms since the beginning.
struct Cluster {
    now: SimTime,
    events: BTreeMap<(SimTime, u64), Event>,
    sequence: u64,
    consumers: Vec<Option<Consumer>>,
    coordinators: Vec<Coordinator>,
    leader: BrokerId,
    log: Vec<GroupRecord>,
    sessions: BTreeMap<(BrokerId, NodeId), BTreeMap<TopicPartition, u64>>,
    image: Arc<MetadataImage>,
    facts: Vec<(SimTime, Fact)>,
    commit: CommitMode,
}

impl Cluster {
    fn new(commit: CommitMode) -> Self {
        let partitions: Arc<[u32]> = [INDEX].into();
        let coordinator =
            |id| Coordinator::new(BrokerId(id), Draws::new(1, &format!("broker {id}")), partitions.clone());
        let mut cluster = Cluster {
            now: SimTime::ZERO,
            events: BTreeMap::new(),
            sequence: 0,
            consumers: Vec::new(),
            coordinators: (1..=3).map(coordinator).collect(),
            leader: BrokerId(2),
            log: Vec::new(),
            sessions: BTreeMap::new(),
            image: Arc::new(image()),
            facts: Vec::new(),
            commit,
        };
        cluster.load();
        cluster
    }

    fn load(&mut self) {
        let mut fx = Effects::default();
        self.coordinators[self.leader.index()].load(self.now, INDEX, self.log.iter(), &mut fx);
        self.take_coordinators(self.leader, fx);
    }

    fn add_consumer(&mut self) -> u32 {
        let at = self.consumers.len() as u32;
        let client_id = format!("billing-{}", at + 1);
        let config =
            ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
        let spec = ConsumerSpec {
            index: at as u16,
            client_id: client_id.as_str().into(),
            group: GROUP,
            topics: vec!["orders".into()],
            config: Arc::new(config),
            processing_us_per_record: 100,
            commit: self.commit,
            bootstrap: vec![BrokerId(1)],
        };
        self.consumers.push(Some(Consumer::new(spec, Draws::new(1, &client_id))));
        let start = Timer::new(TimerKind::Start, 0);
        self.schedule(1, Event::ToConsumer(at, Input::Timer(start)));
        at
    }

    fn schedule(&mut self, in_us: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now.plus_us(in_us), self.sequence), event);
    }

    fn run_until(&mut self, until: SimTime) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            match event {
                Event::ToConsumer(at, input) => self.consumer(at, |it, now, fx| it.handle(now, input, fx)),
                Event::ToBroker(broker, from, correlation, message) => {
                    self.serve(broker, from, correlation, message);
                }
                Event::CoordinatorTimer(broker, timer) => {
                    let mut fx = Effects::default();
                    let config = BrokerConfig::default();
                    let appends = self.coordinators[broker.index()].timer(self.now, timer, &config, &mut fx);
                    self.take_coordinators(broker, fx);
                    self.append(broker, appends);
                }
                Event::Committed(broker, token) => {
                    let mut fx = Effects::default();
                    self.coordinators[broker.index()].committed(self.now, token, Ok(()), &mut fx);
                    self.take_coordinators(broker, fx);
                }
                Event::FetchEnds(broker, from, correlation) => self.answer_fetch(broker, from, correlation),
            }
            self.check();
        }
        self.now = until;
    }

    /// Two members that are in the newest generation never own the same partition.
    fn check(&self) {
        let newest = self.consumers.iter().flatten().filter_map(Consumer::generation).max();
        let mut owners = [0; PARTITIONS as usize + 1];
        for consumer in self.consumers.iter().flatten().filter(|it| it.generation() == newest) {
            consumer.assignment().for_each(|owned| owners[owned.partition.index()] += 1);
        }
        assert!(owners.iter().all(|&n| n <= 1), "{owners:?} at {}", self.now);
    }

    fn consumer(&mut self, at: u32, act: impl FnOnce(&mut Consumer, SimTime, &mut Effects)) {
        let now = self.now;
        let Some(consumer) = &mut self.consumers[at as usize] else { return };
        let mut fx = Effects::default();
        act(consumer, now, &mut fx);
        let asked = fx.take();
        self.facts.extend(fx.facts.into_iter().map(|fact| (now, fact)));
        let node = NodeId::Consumer(at as u16);
        for effect in asked {
            match effect {
                (Effect::Send { to: NodeId::Broker(id), correlation, .. }, Some(message)) => {
                    let broker = BrokerId(u32::from(id));
                    self.schedule(LATENCY_US, Event::ToBroker(broker, node, correlation, message));
                }
                (Effect::SetTimer { at: when, timer }, _) => {
                    self.schedule(when.since_us(now), Event::ToConsumer(at, Input::Timer(timer)));
                }
                (Effect::Disconnect { .. }, _) => {}
                (Effect::Exit, _) => self.consumers[at as usize] = None,
                (other, _) => panic!("a consumer does not {other:?}"),
            }
        }
    }

    fn take_coordinators(&mut self, broker: BrokerId, mut fx: Effects) {
        let asked = fx.take();
        self.facts.extend(fx.facts.into_iter().map(|fact| (self.now, fact)));
        for effect in asked {
            match effect {
                (Effect::Send { to: NodeId::Consumer(at), correlation, .. }, Some(message)) => {
                    self.reply(broker, NodeId::Consumer(at), correlation, message);
                }
                (Effect::SetTimer { at, timer }, _) => {
                    self.schedule(at.since_us(self.now), Event::CoordinatorTimer(broker, timer));
                }
                (other, _) => panic!("a coordinator does not {other:?}"),
            }
        }
    }

    fn append(&mut self, broker: BrokerId, appends: impl IntoIterator<Item = Append>) {
        for append in appends {
            self.log.push(append.record);
            self.schedule(2 * LATENCY_US, Event::Committed(broker, append.token));
        }
    }

    fn reply(&mut self, broker: BrokerId, to: NodeId, correlation: u32, message: Message) {
        let NodeId::Consumer(at) = to else { panic!("only consumers ask") };
        let input = Input::Message { from: broker.into(), correlation, message };
        self.schedule(LATENCY_US, Event::ToConsumer(u32::from(at), input));
    }

    fn serve(&mut self, broker: BrokerId, from: NodeId, correlation: u32, message: Message) {
        let answer = match message {
            Message::Metadata => Message::MetadataResponse(self.image.clone()),
            Message::FindCoordinator { .. } => {
                Message::FindCoordinatorResponse { coordinator: Ok(self.leader) }
            }
            Message::ListOffsets(asked) => {
                let of = |&(partition, at)| ListedOffset {
                    partition,
                    at,
                    error: ErrorCode::None,
                    offset: Some(0),
                    leader_epoch: 0,
                };
                Message::ListOffsetsResponse(asked.iter().map(of).collect())
            }
            Message::OffsetForLeaderEpoch(asked) => {
                let of = |asked: &EpochAsked| EpochAnswered {
                    partition: asked.partition,
                    error: ErrorCode::None,
                    end: Some(EpochEnd { epoch: asked.leader_epoch, end_offset: u64::MAX }),
                };
                Message::OffsetForLeaderEpochResponse(asked.iter().map(of).collect())
            }
            Message::Fetch(request) => {
                let session = self.sessions.entry((broker, from)).or_default();
                if request.full {
                    session.clear();
                }
                for forgotten in &request.forgotten {
                    session.remove(forgotten);
                }
                session.extend(request.partitions.iter().map(|of| (of.partition, of.fetch_offset)));
                self.schedule(100_000, Event::FetchEnds(broker, from, correlation));
                return;
            }
            message => {
                let mut fx = Effects::default();
                let config = BrokerConfig::default();
                let append = self.coordinators[broker.index()].handle(
                    self.now,
                    from,
                    correlation,
                    message,
                    &config,
                    &mut fx,
                );
                self.take_coordinators(broker, fx);
                self.append(broker, append);
                return;
            }
        };
        self.reply(broker, from, correlation, answer);
    }

    fn answer_fetch(&mut self, broker: BrokerId, from: NodeId, correlation: u32) {
        let end = self.now.as_ms() / 10;
        let mut response =
            FetchResponse { error: ErrorCode::None, partitions: Vec::new(), batches: Vec::new() };
        for (&partition, &offset) in &self.sessions[&(broker, from)] {
            if offset < end {
                response.batches.push(batch(offset, (end - offset) as u32));
                response.partitions.push(FetchedPartition {
                    partition,
                    batches: 1,
                    error: ErrorCode::None,
                    high_watermark: end,
                    log_start_offset: 0,
                    diverging: None,
                    leader: None,
                });
            }
        }
        self.reply(broker, from, correlation, Message::FetchResponse(response));
    }

    /// A process is gone without a word.
    fn kill(&mut self, at: u32) {
        self.consumers[at as usize] = None;
        let mut fx = Effects::default();
        for coordinator in &mut self.coordinators {
            coordinator.disconnected(self.now, NodeId::Consumer(at as u16), &mut fx);
        }
    }

    /// Another broker leads the offsets partition.
    fn move_coordinator(&mut self, to: BrokerId) {
        let mut fx = Effects::default();
        self.coordinators[self.leader.index()].unload(self.now, INDEX, &mut fx);
        self.take_coordinators(self.leader, fx);
        self.leader = to;
        self.load();
    }

    fn owned(&self, at: u32) -> Vec<u32> {
        let consumer = self.consumers[at as usize].as_ref().expect("lives");
        consumer.assignment().map(|owned| owned.partition.0).collect()
    }

    fn stable(&self) -> u32 {
        let group = self.coordinators[self.leader.index()].group(GROUP).expect("is known");
        assert_eq!(group.state, GroupState::Stable);
        group.generation
    }

    /// For each partition the records delivered, as ranges in order of delivery.
    fn delivered(&self) -> BTreeMap<u32, Vec<(u64, u64)>> {
        let mut delivered: BTreeMap<u32, Vec<(u64, u64)>> = BTreeMap::new();
        for (_, fact) in &self.facts {
            if let Fact::Polled { partition, from, to, .. } = fact {
                delivered.entry(partition.0).or_default().push((*from, *to));
            }
        }
        delivered
    }
}

fn image() -> MetadataImage {
    let broker = BrokerRegistration { registered: true, ..BrokerRegistration::default() };
    let topic = |name: &str, partitions: Vec<TopicPartition>| {
        let config = Arc::new(TopicConfig::default());
        Arc::new(TopicImage { name: name.into(), partitions, config, internal: false })
    };
    let partition = |n: u32| {
        let leader = Some(BrokerId(n % 3 + 1));
        Arc::new(PartitionRegistration { leader, ..PartitionRegistration::default() })
    };
    let mut names = vec![(TopicId(0), 0)];
    names.extend((0..PARTITIONS).map(|index| (TopicId(1), index)));
    MetadataImage {
        offset: 10,
        brokers: vec![broker; 3],
        topics: vec![
            topic("__consumer_offsets", vec![TopicPartition(0)]),
            topic("orders", (1..=PARTITIONS).map(TopicPartition).collect()),
        ],
        partitions: (0..=PARTITIONS).map(partition).collect(),
        partition_names: names,
        ..MetadataImage::default()
    }
}

fn batch(base_offset: u64, count: u32) -> Batch {
    Batch {
        base_offset,
        base_time: SimTime::from_ms(10 * base_offset),
        first_ordinal: base_offset,
        payload: None,
        span_us: (count - 1) * 10_000,
        count,
        bytes: 100 * count,
        source: SourceId(0),
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch: 0,
        producer_epoch: 0,
        retries: 0,
    }
}

#[test]
fn members_come_and_go_and_nothing_is_skipped() {
    for commit in [CommitMode::Auto, CommitMode::AfterProcessing] {
        let mut cluster = Cluster::new(commit);
        let first = cluster.add_consumer();
        cluster.run_until(SimTime::from_secs(10));
        assert_eq!(cluster.stable(), 1);
        assert_eq!(cluster.owned(first), [1, 2, 3, 4, 5, 6]);
        let second = cluster.add_consumer();
        cluster.run_until(SimTime::from_secs(20));
        assert_eq!(cluster.stable(), 2, "one rebalance: the newcomer waits for the first one's heartbeat");
        assert_eq!((cluster.owned(first), cluster.owned(second)), (vec![1, 2, 3], vec![4, 5, 6]));
        cluster.consumer(first, |it, now, fx| it.stop(now, fx));
        cluster.run_until(SimTime::from_secs(30));
        assert!(cluster.consumers[first as usize].is_none(), "it left and ended");
        assert_eq!(cluster.owned(second), [1, 2, 3, 4, 5, 6]);
        // Clean rebalances commit first: every record once, and all of them.
        for (partition, ranges) in cluster.delivered() {
            assert!(
                ranges[0].0 == 0 && ranges.windows(2).all(|w| w[0].1 == w[1].0),
                "{partition}: {ranges:?}"
            );
            assert!(ranges.last().is_some_and(|last| last.1 > 2_900));
        }
    }
}

#[test]
fn the_partitions_of_a_dead_member_stand_still_until_its_session_ends() {
    let mut cluster = Cluster::new(CommitMode::Auto);
    let (first, second) = (cluster.add_consumer(), cluster.add_consumer());
    cluster.run_until(SimTime::from_secs(20));
    assert_eq!(cluster.stable(), 1);
    cluster.kill(second);
    cluster.run_until(SimTime::from_secs(60));
    assert_eq!(cluster.owned(first), [1, 2, 3]);
    cluster.run_until(SimTime::from_secs(70));
    assert_eq!(cluster.stable(), 2);
    assert_eq!(cluster.owned(first), [1, 2, 3, 4, 5, 6]);
    let joined = cluster.facts.iter().rev().find_map(|(at, fact)| match fact {
        Fact::Assigned { partitions, .. } if partitions.len() == 6 => Some(*at),
        _ => None,
    });
    let after = joined.expect("assigned").since_ms(SimTime::from_secs(20));
    assert!((42_000..48_100).contains(&after), "{after} ms");
    // What it had polled and not committed is delivered again, and nothing is skipped.
    for (partition, ranges) in cluster.delivered() {
        assert!(ranges.windows(2).all(|w| w[1].0 <= w[0].1), "{partition}: {ranges:?}");
    }
}

#[test]
fn a_group_outlives_its_coordinator() {
    let mut cluster = Cluster::new(CommitMode::AfterProcessing);
    let members: Vec<_> = (0..3).map(|_| cluster.add_consumer()).collect();
    cluster.run_until(SimTime::from_secs(20));
    assert_eq!(cluster.stable(), 1);
    cluster.move_coordinator(BrokerId(3));
    cluster.run_until(SimTime::from_secs(40));
    assert_eq!(cluster.stable(), 1, "no rebalance");
    for &member in &members {
        let consumer = cluster.consumers[member as usize].as_ref().expect("lives");
        assert_eq!(consumer.coordinator(), Some(BrokerId(3)));
        assert_ne!(consumer.state(), ConsumerState::Joining);
        assert!(consumer.assignment().all(|owned| owned.committed.is_some_and(|offset| offset > 3_900)));
    }
    // In the middle of a rebalance: the newcomer parked, the others not yet told.
    let fourth = cluster.add_consumer();
    cluster.run_until(cluster.now.plus_ms(20));
    cluster.move_coordinator(BrokerId(1));
    cluster.run_until(SimTime::from_secs(60));
    let group = cluster.coordinators[0].group(GROUP).expect("is known");
    assert_eq!((group.state, group.members.len()), (GroupState::Stable, 4));
    assert!(!cluster.owned(fourth).is_empty());
    for (partition, ranges) in cluster.delivered() {
        assert!(ranges.windows(2).all(|w| w[0].1 == w[1].0), "{partition}: {ranges:?}");
    }
}

#[test]
fn members_beyond_the_partitions_are_idle() {
    let mut cluster = Cluster::new(CommitMode::BeforeProcessing);
    let members: Vec<_> = (0..8).map(|_| cluster.add_consumer()).collect();
    cluster.run_until(SimTime::from_secs(20));
    assert_eq!(cluster.stable(), 1);
    let owned: Vec<_> = members.iter().map(|&member| cluster.owned(member).len()).collect();
    assert_eq!(owned, [1, 1, 1, 1, 1, 1, 0, 0]);
}
