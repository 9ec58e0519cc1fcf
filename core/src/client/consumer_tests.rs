//! The consumer against brokers played by the test.
use super::consumer::{CommitMode, Consumer, ConsumerSpec, ConsumerState};
use crate::config::{AutoOffsetReset, ConsumerConfig, TopicConfig};
use crate::kernel::{Digest, Draws, SimTime};
use crate::log::{Batch, CommitRecord, EpochEnd, NO_PRODUCER, NO_SEQUENCE, SourceId};
use crate::metadata::{
    BrokerId, BrokerRegistration, GroupId, MetadataImage, PartitionRegistration, TopicId, TopicImage,
    TopicPartition,
};
use crate::node::{Effect, Effects, Input, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{
    EpochAnswered, EpochAsked, ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition,
    JoinGroupRequest, JoinGroupResponse, JoinedMember, LeaderHint, ListOffsetsAt, ListedOffset, MemberId,
    Message, NodeId,
};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Every message takes this long.
const LATENCY_US: u64 = 500;
const COORDINATOR: BrokerId = BrokerId(3);
/// Partitions of `orders`: the odd ones led by broker 1, the even ones by broker 2.
const A: TopicPartition = TopicPartition(1);
const B: TopicPartition = TopicPartition(2);
const C: TopicPartition = TopicPartition(3);

enum Event {
    Arrives(Input),
    Reaches(BrokerId, u32, Message),
    FetchEnds(BrokerId, u32),
}

/// A partition's log and what its leader says besides.
#[derive(Default)]
struct Log {
    batches: Vec<Batch>,
    start: u64,
    error: Option<(ErrorCode, LeaderHint)>,
}

impl Log {
    fn end(&self) -> u64 {
        self.batches.last().map_or(self.start, Batch::end_offset)
    }
}

struct Parked {
    broker: BrokerId,
    correlation: u32,
}

/// One consumer and a cluster that answers as a test wishes.
struct Bench {
    consumer: Consumer,
    now: SimTime,
    events: BTreeMap<(SimTime, u64), Event>,
    sequence: u64,
    inputs: u32,
    exited: bool,
    requests: Vec<(SimTime, BrokerId, Message)>,
    facts: Vec<(SimTime, Fact)>,
    // The cluster.
    image: MetadataImage,
    logs: BTreeMap<TopicPartition, Log>,
    sessions: BTreeMap<BrokerId, BTreeMap<TopicPartition, u64>>,
    parked: Vec<Parked>,
    coordinator: BrokerId,
    generation: u32,
    members: Vec<JoinedMember>,
    assignment: Option<Vec<TopicPartition>>,
    holds_join: bool,
    joins: Vec<(BrokerId, u32, JoinGroupRequest)>,
    heartbeat: ErrorCode,
    commit_errors: VecDeque<ErrorCode>,
    committed: BTreeMap<u32, u64>,
    silent: Vec<BrokerId>,
}

fn ms(ms: u64) -> SimTime {
    SimTime::from_ms(ms)
}

impl Bench {
    fn new(config: ConsumerConfig, commit: CommitMode, us_per_record: u64) -> Self {
        let spec = ConsumerSpec {
            index: 4,
            client_id: "billing-1".into(),
            group: GroupId(0),
            topics: vec!["orders".into()],
            config: Arc::new(config),
            processing_us_per_record: us_per_record,
            commit,
            bootstrap: vec![BrokerId(1), BrokerId(2)],
        };
        let mut bench = Bench {
            consumer: Consumer::new(spec, Draws::new(1, "consumer billing-1")),
            now: SimTime::ZERO,
            events: BTreeMap::new(),
            sequence: 0,
            inputs: 0,
            exited: false,
            requests: Vec::new(),
            facts: Vec::new(),
            image: image(3),
            logs: BTreeMap::new(),
            sessions: BTreeMap::new(),
            parked: Vec::new(),
            coordinator: COORDINATOR,
            generation: 0,
            members: Vec::new(),
            assignment: None,
            holds_join: false,
            joins: Vec::new(),
            heartbeat: ErrorCode::None,
            commit_errors: VecDeque::new(),
            committed: BTreeMap::new(),
            silent: Vec::new(),
        };
        let start = Timer::new(TimerKind::Start, 0);
        bench.schedule(0, Event::Arrives(Input::Timer(start)));
        bench
    }

    fn usual() -> Self {
        let config =
            ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
        Bench::new(config, CommitMode::Auto, 0)
    }

    fn schedule(&mut self, in_us: u64, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now.plus_us(in_us), self.sequence), event);
    }

    fn reply(&mut self, from: BrokerId, correlation: u32, message: Message) {
        let input = Input::Message { from: from.into(), correlation, message };
        self.schedule(LATENCY_US, Event::Arrives(input));
    }

    fn run_until(&mut self, until: SimTime) {
        while let Some(entry) = self.events.first_entry() {
            if entry.key().0 > until {
                break;
            }
            let ((at, _), event) = entry.remove_entry();
            self.now = at;
            match event {
                Event::Arrives(input) => self.give(input),
                Event::Reaches(broker, correlation, message) => self.serve(broker, correlation, message),
                Event::FetchEnds(broker, correlation) => self.answer_parked(broker, Some(correlation)),
            }
        }
        self.now = until;
    }

    fn run_ms(&mut self, ms: u64) {
        self.run_until(self.now.plus_ms(ms));
    }

    fn give(&mut self, input: Input) {
        self.inputs += 1;
        let mut fx = Effects::default();
        self.consumer.handle(self.now, input, &mut fx);
        self.take(fx);
    }

    fn stop(&mut self) {
        let mut fx = Effects::default();
        self.consumer.stop(self.now, &mut fx);
        self.take(fx);
    }

    fn take(&mut self, mut fx: Effects) {
        let asked = fx.take();
        self.facts.extend(fx.facts.into_iter().map(|fact| (self.now, fact)));
        for effect in asked {
            match effect {
                (Effect::Send { to: NodeId::Broker(id), correlation, .. }, Some(message)) => {
                    let broker = BrokerId(u32::from(id));
                    self.requests.push((self.now, broker, message.clone()));
                    self.schedule(LATENCY_US, Event::Reaches(broker, correlation, message));
                }
                (Effect::SetTimer { at, timer }, _) => {
                    assert!(at > self.now);
                    self.schedule(at.since_us(self.now), Event::Arrives(Input::Timer(timer)));
                }
                (Effect::Disconnect { peer: NodeId::Broker(id) }, _) => {
                    self.forget_connection(BrokerId(u32::from(id)));
                }
                (Effect::Exit, _) => self.exited = true,
                (other, _) => panic!("a consumer does not {other:?}"),
            }
        }
    }

    fn forget_connection(&mut self, broker: BrokerId) {
        self.sessions.remove(&broker);
        self.parked.retain(|parked| parked.broker != broker);
        let from = NodeId::from(broker);
        self.events.retain(|_, event| match event {
            Event::Arrives(Input::Message { from: sender, .. }) => *sender != from,
            Event::Reaches(to, ..) => *to != broker,
            _ => true,
        });
    }

    fn crash(&mut self, broker: BrokerId) {
        self.forget_connection(broker);
        self.give(Input::Disconnected(broker.into()));
    }

    // --- the cluster ---

    fn serve(&mut self, broker: BrokerId, correlation: u32, message: Message) {
        if self.silent.contains(&broker) {
            return;
        }
        let not_here = broker != self.coordinator;
        let answer = match message {
            Message::Metadata => Message::MetadataResponse(Arc::new(self.image.clone())),
            Message::FindCoordinator { .. } => {
                Message::FindCoordinatorResponse { coordinator: Ok(self.coordinator) }
            }
            Message::JoinGroup(request) => return self.serve_join(broker, correlation, *request),
            Message::SyncGroup { assignments, .. } => {
                let own = |given: &&(MemberId, Vec<TopicPartition>)| given.0.starts_with("billing-1");
                let given = assignments.iter().find(own).map(|given| given.1.clone());
                let given = self.assignment.clone().or(given).unwrap_or_default();
                self.generation_stands();
                Message::SyncGroupResponse { assignment: Ok(given) }
            }
            Message::Heartbeat { .. } if not_here => Message::HeartbeatResponse(ErrorCode::NotCoordinator),
            Message::Heartbeat { .. } => Message::HeartbeatResponse(self.heartbeat),
            Message::LeaveGroup { .. } => Message::LeaveGroupResponse(ErrorCode::None),
            Message::OffsetCommit { .. } if not_here => {
                Message::OffsetCommitResponse(ErrorCode::NotCoordinator)
            }
            Message::OffsetCommit { offsets, .. } => {
                let error = self.commit_errors.pop_front().unwrap_or(ErrorCode::None);
                if error == ErrorCode::None {
                    self.committed.extend(offsets.iter().map(|offset| (offset.partition, offset.offset)));
                }
                Message::OffsetCommitResponse(error)
            }
            Message::OffsetFetch { partitions, .. } => {
                let of = |partition: &TopicPartition| {
                    let offset = *self.committed.get(&partition.0)?;
                    Some(CommitRecord { partition: partition.0, offset, leader_epoch: 0 })
                };
                Message::OffsetFetchResponse { offsets: Ok(partitions.iter().filter_map(of).collect()) }
            }
            Message::ListOffsets(asked) => {
                let of = |&(partition, at): &(TopicPartition, ListOffsetsAt)| {
                    let log = self.logs.entry(partition).or_default();
                    let offset = match at {
                        ListOffsetsAt::Earliest => Some(log.start),
                        ListOffsetsAt::Latest | ListOffsetsAt::LogEnd => Some(log.end()),
                        ListOffsetsAt::Time(_) => None,
                    };
                    ListedOffset { partition, at, error: ErrorCode::None, offset, leader_epoch: 0 }
                };
                Message::ListOffsetsResponse(asked.iter().map(of).collect())
            }
            Message::OffsetForLeaderEpoch(asked) => {
                let of = |asked: &EpochAsked| {
                    let end_offset = self.logs.entry(asked.partition).or_default().end();
                    let end = Some(EpochEnd { epoch: asked.leader_epoch, end_offset });
                    EpochAnswered { partition: asked.partition, error: ErrorCode::None, end }
                };
                Message::OffsetForLeaderEpochResponse(asked.iter().map(of).collect())
            }
            Message::Fetch(request) => return self.serve_fetch(broker, correlation, &request),
            other => panic!("a consumer does not send {other:?}"),
        };
        self.reply(broker, correlation, answer);
    }

    fn generation_stands(&mut self) {
        self.heartbeat = ErrorCode::None;
    }

    fn serve_join(&mut self, broker: BrokerId, correlation: u32, request: JoinGroupRequest) {
        if request.member.is_none() {
            let member: MemberId = format!("billing-1-{:08x}", self.joins.len()).into();
            let response = JoinGroupResponse {
                error: ErrorCode::MemberIdRequired,
                generation: 0,
                member,
                leader: "".into(),
                members: Vec::new(),
            };
            self.reply(broker, correlation, Message::JoinGroupResponse(Box::new(response)));
        } else if self.holds_join {
            self.joins.push((broker, correlation, request));
        } else {
            self.end_join(broker, correlation, &request);
        }
    }

    fn end_join(&mut self, broker: BrokerId, correlation: u32, request: &JoinGroupRequest) {
        self.generation += 1;
        let member = request.member.clone().expect("it has one");
        let mut members = vec![JoinedMember { id: member.clone(), topics: request.topics.clone() }];
        members.extend(self.members.clone());
        let response = JoinGroupResponse {
            error: ErrorCode::None,
            generation: self.generation,
            member: member.clone(),
            leader: member,
            members,
        };
        self.reply(broker, correlation, Message::JoinGroupResponse(Box::new(response)));
    }

    fn serve_fetch(&mut self, broker: BrokerId, correlation: u32, request: &FetchRequest) {
        if request.full {
            self.sessions.insert(broker, BTreeMap::new());
        }
        let Some(session) = self.sessions.get_mut(&broker) else {
            let error = ErrorCode::FetchSessionIdNotFound;
            let response = FetchResponse { error, partitions: Vec::new(), batches: Vec::new() };
            return self.reply(broker, correlation, Message::FetchResponse(response));
        };
        for forgotten in &request.forgotten {
            session.remove(forgotten);
        }
        for FetchPartition { partition, fetch_offset, .. } in &request.partitions {
            session.insert(*partition, *fetch_offset);
        }
        self.parked.push(Parked { broker, correlation });
        self.schedule(u64::from(request.max_wait_ms) * 1_000, Event::FetchEnds(broker, correlation));
        self.answer_parked(broker, None);
    }

    /// Answers a waiting fetch if there is something to say, or if its time is over.
    fn answer_parked(&mut self, broker: BrokerId, over: Option<u32>) {
        let Some(at) = self.parked.iter().position(|parked| parked.broker == broker) else { return };
        let mut response =
            FetchResponse { error: ErrorCode::None, partitions: Vec::new(), batches: Vec::new() };
        for (&partition, offset) in &self.sessions[&broker] {
            let log = self.logs.entry(partition).or_default();
            let (mut error, leader) = log.error.unwrap_or((ErrorCode::None, None));
            if error == ErrorCode::None && (*offset > log.end() || *offset < log.start) {
                error = ErrorCode::OffsetOutOfRange;
            }
            let from = response.batches.len();
            if error == ErrorCode::None {
                let new = log.batches.iter().filter(|batch| batch.end_offset() > *offset);
                response.batches.extend(new.cloned());
            }
            let batches = (response.batches.len() - from) as u32;
            if batches > 0 || error != ErrorCode::None {
                response.partitions.push(FetchedPartition {
                    partition,
                    batches,
                    error,
                    high_watermark: log.end(),
                    log_start_offset: log.start,
                    diverging: None,
                    leader,
                });
            }
        }
        let correlation = self.parked[at].correlation;
        if !response.partitions.is_empty() || over == Some(correlation) {
            self.parked.remove(at);
            self.reply(broker, correlation, Message::FetchResponse(response));
        }
    }

    fn append(&mut self, partition: TopicPartition, counts: &[u32]) {
        let log = self.logs.entry(partition).or_default();
        for &count in counts {
            let base_offset = log.end();
            log.batches.push(batch(base_offset, count, self.now));
        }
    }

    fn produce(&mut self, partition: TopicPartition, counts: &[u32]) {
        self.append(partition, counts);
        let brokers: Vec<_> = self.parked.iter().map(|parked| parked.broker).collect();
        for broker in brokers {
            self.answer_parked(broker, None);
        }
    }

    fn lead(&mut self, partition: TopicPartition, broker: BrokerId, epoch: u32) {
        let registration = Arc::make_mut(&mut self.image.partitions[partition.index()]);
        registration.leader = Some(broker);
        registration.leader_epoch = epoch;
        self.image.offset += 1;
    }

    // --- what happened ---

    fn sent(&self, api: &str) -> Vec<(SimTime, BrokerId)> {
        let of = self.requests.iter().filter(|request| request.2.api_name() == api);
        of.map(|&(at, broker, _)| (at, broker)).collect()
    }

    fn fetches(&self) -> Vec<(BrokerId, &FetchRequest)> {
        let of = self.requests.iter().filter_map(|(_, broker, message)| match message {
            Message::Fetch(request) => Some((*broker, request)),
            _ => None,
        });
        of.collect()
    }

    fn commits(&self) -> Vec<(SimTime, Vec<(u32, u64)>)> {
        let of = self.requests.iter().filter_map(|(at, _, message)| match message {
            Message::OffsetCommit { offsets, .. } => {
                Some((*at, offsets.iter().map(|offset| (offset.partition, offset.offset)).collect()))
            }
            _ => None,
        });
        of.collect()
    }

    fn polled(&self) -> Vec<(SimTime, TopicPartition, u64, u64)> {
        let of = self.facts.iter().filter_map(|(at, fact)| match fact {
            Fact::Polled { partition, from, to, .. } => Some((*at, *partition, *from, *to)),
            _ => None,
        });
        of.collect()
    }

    fn processed_at(&self) -> Vec<SimTime> {
        let of = self.facts.iter().filter(|(_, fact)| matches!(fact, Fact::Processed { .. }));
        of.map(|(at, _)| *at).collect()
    }

    fn assigned(&self) -> Vec<(SimTime, Vec<TopicPartition>)> {
        let of = self.facts.iter().filter_map(|(at, fact)| match fact {
            Fact::Assigned { partitions, .. } => Some((*at, partitions.clone())),
            _ => None,
        });
        of.collect()
    }

    fn forget_what_happened(&mut self) {
        self.requests.clear();
        self.facts.clear();
    }

    /// Joined, positions known, long polls out.
    fn settled(mut self) -> Self {
        self.run_until(ms(100));
        assert_eq!(self.consumer.state(), ConsumerState::Polling);
        self.forget_what_happened();
        self
    }
}

fn image(partitions: u32) -> MetadataImage {
    let broker = BrokerRegistration { registered: true, ..BrokerRegistration::default() };
    let partition = |leader: u32| {
        let leader = Some(BrokerId(leader));
        Arc::new(PartitionRegistration { leader, ..PartitionRegistration::default() })
    };
    let topic = |name: &str, partitions: Vec<TopicPartition>| {
        let config = Arc::new(TopicConfig::default());
        Arc::new(TopicImage { name: name.into(), partitions, config, internal: false })
    };
    let orders = (1..=partitions).map(TopicPartition).collect();
    let mut names = vec![(TopicId(0), 0)];
    names.extend((0..partitions).map(|index| (TopicId(1), index)));
    MetadataImage {
        offset: 10,
        brokers: vec![broker; 3],
        topics: vec![topic("__consumer_offsets", vec![TopicPartition(0)]), topic("orders", orders)],
        partitions: (0..=partitions).map(|n| partition(if n % 2 == 1 { 1 } else { 2 })).collect(),
        partition_names: names,
        ..MetadataImage::default()
    }
}

fn batch(base_offset: u64, count: u32, at: SimTime) -> Batch {
    Batch {
        base_offset,
        base_time: at,
        first_ordinal: base_offset,
        payload: None,
        span_us: count * 10,
        count,
        bytes: count * 100,
        source: SourceId(0),
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch: 0,
        producer_epoch: 0,
        retries: 0,
    }
}

#[test]
fn from_start_to_the_first_fetch() {
    let mut bench = Bench::usual();
    bench.logs.entry(C).or_default().start = 40;
    bench.committed.insert(B.0, 7);
    bench.produce(B, &[9]);
    bench.run_until(ms(20));
    let apis: Vec<_> = bench.requests.iter().map(|request| request.2.api_name()).collect();
    let expected = [
        "Metadata",
        "FindCoordinator",
        "JoinGroup",
        "JoinGroup",
        "SyncGroup",
        "OffsetFetch",
        "Fetch",
        "ListOffsets",
        "OffsetForLeaderEpoch",
    ];
    let mut seen: Vec<&str> = Vec::new();
    for api in apis {
        if api == "JoinGroup" || !seen.contains(&api) {
            seen.push(api);
        }
    }
    seen[6..].sort_unstable();
    assert_eq!(seen, expected);
    for api in ["JoinGroup", "SyncGroup", "OffsetFetch"] {
        assert!(bench.sent(api).iter().all(|sent| sent.1 == COORDINATOR));
    }
    let Message::SyncGroup { assignments, generation: 1, .. } =
        &bench.requests.iter().find(|request| request.2.api_name() == "SyncGroup").expect("sent").2
    else {
        panic!("in its generation");
    };
    assert_eq!(assignments[0].1, [A, B, C]);
    let fetches = bench.fetches();
    let first = |broker| fetches.iter().find(|fetch| fetch.0 == BrokerId(broker)).expect("fetched").1;
    let asked = |fetch: &FetchRequest| {
        fetch.partitions.iter().map(|of| (of.partition, of.fetch_offset)).collect::<Vec<_>>()
    };
    assert!(first(1).full && first(2).full);
    assert_eq!(asked(first(1)), [(A, 0), (C, 40)]);
    assert_eq!(asked(first(2)), [(B, 7)]);
    let resets: Vec<_> = bench
        .facts
        .iter()
        .filter_map(|(_, fact)| match fact {
            Fact::OffsetReset { partition, from, to, .. } => Some((*partition, *from, *to)),
            _ => None,
        })
        .collect();
    assert_eq!(resets, [(A, None, 0), (C, None, 40)]);
    assert_eq!(
        bench.polled().iter().map(|polled| (polled.1, polled.2, polled.3)).collect::<Vec<_>>(),
        [(B, 7, 9)]
    );
    assert_eq!(bench.consumer.owned(B).expect("owned").position, Some(9));
    assert_eq!(bench.consumer.owned(B).expect("owned").committed, Some(7));
    assert_eq!(bench.consumer.generation(), Some(1));
}

#[test]
fn the_leader_gives_every_member_its_range() {
    let mut bench = Bench::usual();
    bench.members = vec![JoinedMember { id: "billing-0-0".into(), topics: vec![TopicId(1)] }];
    bench.run_until(ms(20));
    let given = bench.requests.iter().find_map(|request| match &request.2 {
        Message::SyncGroup { assignments, .. } => Some(assignments.clone()),
        _ => None,
    });
    let given = given.expect("synced");
    assert_eq!((&given[0].1[..], &given[1].1[..]), (&[C][..], &[A, B][..]));
    assert_eq!(bench.assigned().last().expect("assigned").1, [C]);
}

#[test]
fn polls_are_of_max_poll_records_one_partition_after_the_other() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 10).settled();
    // B arrives first and is being processed when A arrives.
    bench.produce(B, &[300]);
    bench.run_until(bench.now.plus_us(LATENCY_US));
    bench.append(C, &[30]);
    bench.produce(A, &[300, 300, 300]);
    let start = bench.now;
    bench.run_ms(60);
    let polled: Vec<_> =
        bench.polled().iter().map(|&(at, of, from, to)| (at.since_us(start), of, from, to)).collect();
    let [p, q, r] = [0, 3_000, 8_000];
    assert_eq!(polled, [(p, B, 0, 300), (q, A, 0, 500), (r, A, 500, 900), (r, C, 0, 30)]);
    let first = bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Polled { partition: A, from: 500, first_created, last_created, .. } => {
            Some((*first_created, *last_created))
        }
        _ => None,
    });
    let created = |n: u32| batch(300, 300, start).record_time(n);
    assert_eq!(first, Some((created(200), created(299))));
    let processed = bench.processed_at();
    assert_eq!(processed[0].since_us(start), 3_000);
    assert_eq!(processed.last().expect("all").since_us(start), 8_000 + 4_300);
}

#[test]
fn a_broker_is_asked_again_when_all_it_sent_was_taken() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 100).settled();
    bench.produce(A, &[600]);
    bench.run_ms(5);
    assert!(bench.fetches().is_empty(), "100 records of A are left, and A and C have the same leader");
    assert_eq!(bench.consumer.buffered(), 100);
    assert_eq!(bench.consumer.state(), ConsumerState::Processing);
    bench.run_ms(50);
    let fetches = bench.fetches();
    let (broker, next) = fetches[0];
    assert_eq!((broker, next.full), (BrokerId(1), false));
    let named: Vec<_> = next.partitions.iter().map(|of| (of.partition, of.fetch_offset)).collect();
    assert_eq!(named, [(A, 600)], "C did not move");
    bench.forget_what_happened();
    bench.run_ms(2_000);
    let idle = bench.fetches();
    assert!(idle.len() >= 6 && idle.iter().all(|fetch| fetch.1.partitions.is_empty() && !fetch.1.full));
}

#[test]
fn an_idle_consumer_costs_no_turns_of_its_loop() {
    let mut bench = Bench::usual().settled();
    bench.inputs = 0;
    bench.run_ms(60_000);
    let (fetches, beats) = (bench.fetches().len() as u32, bench.sent("Heartbeat").len() as u32);
    let commits = bench.commits().len() as u32;
    assert_eq!((beats, commits), (20, 12));
    // An answer to each request, a timer to each heartbeat and commit, and those that watch requests.
    assert!(bench.inputs <= fetches + 2 * beats + 2 * commits + 8, "{}", bench.inputs);
}

#[test]
fn automatic_commits_say_what_earlier_polls_returned() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 4_000).settled();
    bench.produce(A, &[2_000]);
    bench.run_until(ms(7_000));
    // Polls of 500 take 2 s: at 5 s the application is busy, the next poll commits.
    let commits = bench.commits();
    assert_eq!(commits.len(), 1);
    let polled = bench.polled();
    assert_eq!(commits[0].0, polled[3].0);
    assert_eq!(commits[0].1, [(1, 1_500), (2, 0), (3, 0)]);
    assert_eq!(polled[3].2, 1_500);
    bench.commit_errors.push_back(ErrorCode::CoordinatorLoadInProgress);
    bench.forget_what_happened();
    bench.run_until(ms(13_000));
    let commits = bench.commits();
    assert_eq!(commits.len(), 2, "tried again soon");
    assert!(commits[1].0.since_ms(commits[0].0) <= 101);
    assert_eq!(commits[1].1, [(1, 2_000), (2, 0), (3, 0)]);
    let mut off = Bench::new(
        ConsumerConfig { enable_auto_commit: false, ..ConsumerConfig::default() },
        CommitMode::Auto,
        0,
    );
    off.run_until(ms(30_000));
    assert!(off.commits().is_empty());
}

#[test]
fn a_commit_before_processing_and_one_after() {
    for mode in [CommitMode::BeforeProcessing, CommitMode::AfterProcessing] {
        let config = ConsumerConfig {
            auto_offset_reset: AutoOffsetReset::Earliest,
            max_poll_records: 10,
            ..ConsumerConfig::default()
        };
        let mut bench = Bench::new(config, mode, 1_000).settled();
        bench.produce(A, &[20]);
        bench.run_ms(60);
        let (polled, processed, commits) = (bench.polled(), bench.processed_at(), bench.commits());
        assert_eq!((polled.len(), processed.len(), commits.len()), (2, 2, 2));
        let answer_us = 2 * LATENCY_US;
        for i in 0..2 {
            assert_eq!(commits[i].1[0], (1, 10 * (i as u64 + 1)));
            if mode == CommitMode::BeforeProcessing {
                assert_eq!(commits[i].0, polled[i].0);
                assert_eq!(processed[i], polled[i].0.plus_us(answer_us + 10_000));
            } else {
                assert_eq!(commits[i].0, processed[i]);
                assert_eq!(processed[i], polled[i].0.plus_us(10_000));
            }
        }
        assert_eq!(bench.consumer.owned(A).expect("owned").committed, Some(20));
        if mode == CommitMode::AfterProcessing {
            assert_eq!(polled[1].0, processed[0].plus_us(answer_us), "it polls when the commit is answered");
        }
    }
}

#[test]
fn a_commit_that_is_waited_for_follows_its_coordinator() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::AfterProcessing, 10).settled();
    bench.coordinator = BrokerId(2);
    bench.produce(A, &[20]);
    bench.run_ms(500);
    let to: Vec<_> = bench.sent("OffsetCommit").iter().map(|sent| sent.1).collect();
    assert_eq!(to, [COORDINATOR, BrokerId(2)]);
    assert_eq!(bench.sent("FindCoordinator").len(), 1);
    assert_eq!(bench.committed.get(&1), Some(&20));
    assert_eq!(bench.consumer.state(), ConsumerState::Polling);
    // A failure for good: the application goes on.
    bench.commit_errors.push_back(ErrorCode::UnknownMemberId);
    bench.produce(A, &[20]);
    bench.run_ms(1_000);
    assert_eq!(bench.committed.get(&1), Some(&40), "read again by the next generation");
    assert_eq!(bench.generation, 2);
    let again = bench.polled().iter().filter(|polled| (polled.2, polled.3) == (20, 40)).count();
    assert_eq!(again, 2);
}

#[test]
fn an_offset_out_of_range_is_reset() {
    for (policy, to) in [(AutoOffsetReset::Earliest, 100), (AutoOffsetReset::Latest, 130)] {
        let config = ConsumerConfig { auto_offset_reset: policy, ..ConsumerConfig::default() };
        let mut bench = Bench::new(config, CommitMode::Auto, 0).settled();
        *bench.logs.entry(A).or_default() =
            Log { batches: vec![batch(100, 30, ms(0))], start: 100, error: None };
        bench.run_ms(1_100);
        let reset = bench.facts.iter().find_map(|(_, fact)| match fact {
            Fact::OffsetReset { partition, from, to, .. } => Some((*partition, *from, *to)),
            _ => None,
        });
        assert_eq!(reset, Some((A, Some(0), to)));
        assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(130));
        assert_eq!(bench.polled().len(), usize::from(to == 100));
    }
}

#[test]
fn without_a_reset_policy_the_application_ends() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::None, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config.clone(), CommitMode::Auto, 0);
    bench.committed.insert(B.0, 0);
    bench.run_until(ms(100));
    assert!(bench.exited);
    assert_eq!(bench.consumer.state(), ConsumerState::Stopped);
    let failed = bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::ConsumerFailed { partition, error, .. } => Some((*partition, *error)),
        _ => None,
    });
    assert_eq!(failed, Some((Some(A), ErrorCode::NoOffsetForPartition)));
    assert_eq!(bench.sent("LeaveGroup").len(), 1);
    let mut bench = Bench::new(config, CommitMode::Auto, 0);
    bench.committed.extend([(1, 5), (2, 0), (3, 0)]);
    bench.run_until(ms(100));
    let failed = |fact: &Fact| {
        matches!(fact, Fact::ConsumerFailed { partition: Some(A), error: ErrorCode::OffsetOutOfRange, .. })
    };
    assert!(bench.exited && bench.facts.iter().any(|(_, fact)| failed(fact)));
}

#[test]
fn a_duration_without_a_record_is_asked_again_much_later() {
    let config =
        ConsumerConfig { auto_offset_reset: AutoOffsetReset::ByDuration(1_000), ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 0);
    bench.run_until(ms(20));
    assert_eq!(bench.consumer.owned(A).expect("owned").position, None);
    let asked = bench.sent("ListOffsets").len();
    bench.run_until(ms(29_000));
    assert_eq!(bench.sent("ListOffsets").len(), asked);
    bench.run_until(ms(31_000));
    assert!(bench.sent("ListOffsets").len() > asked);
}

#[test]
fn a_rebalance_waits_for_the_application() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 100_000).settled();
    bench.produce(A, &[100, 100]);
    bench.run_ms(1);
    bench.heartbeat = ErrorCode::RebalanceInProgress;
    bench.run_ms(19_000);
    assert_eq!(bench.consumer.state(), ConsumerState::Processing);
    assert!(bench.sent("Heartbeat").len() >= 6, "a busy consumer still heartbeats");
    assert!(bench.sent("JoinGroup").is_empty());
    bench.run_ms(2_000);
    let done = bench.processed_at()[0];
    assert_eq!(bench.commits()[0], (done, vec![(1, 200), (2, 0), (3, 0)]), "before it gives all away");
    let revoked = &bench.assigned()[0];
    assert_eq!(revoked, &(done.plus_us(2 * LATENCY_US), Vec::new()));
    assert_eq!(bench.sent("JoinGroup"), [(revoked.0, COORDINATOR)]);
    assert_eq!(bench.assigned()[1].1, [A, B, C]);
    assert_eq!((bench.consumer.generation(), bench.polled().len()), (Some(2), 1));
    assert!(bench.fetches().iter().skip_while(|fetch| !fetch.1.full).count() > 0, "a new session");
}

#[test]
fn a_member_that_was_expelled_comes_back_as_another() {
    let mut bench = Bench::usual().settled();
    bench.produce(A, &[10]);
    bench.run_ms(10);
    bench.heartbeat = ErrorCode::UnknownMemberId;
    bench.run_ms(3_100);
    assert!(bench.commits().is_empty(), "what is lost is not committed");
    let joins: Vec<_> = bench
        .requests
        .iter()
        .filter_map(|request| match &request.2 {
            Message::JoinGroup(request) => Some(request.member.is_some()),
            _ => None,
        })
        .collect();
    assert_eq!(joins, [false, true]);
    assert_eq!(bench.consumer.generation(), Some(2));
    assert_eq!(bench.polled().len(), 2, "read again");
    bench.forget_what_happened();
    bench.heartbeat = ErrorCode::IllegalGeneration;
    bench.run_ms(3_100);
    assert_eq!(bench.sent("JoinGroup").len(), 1, "it keeps its id");
    assert_eq!(bench.consumer.generation(), Some(3));
}

#[test]
fn an_application_that_does_not_poll_leaves_its_group() {
    let config = ConsumerConfig {
        auto_offset_reset: AutoOffsetReset::Earliest,
        max_poll_interval_ms: 10_000,
        ..ConsumerConfig::default()
    };
    let mut bench = Bench::new(config, CommitMode::AfterProcessing, 100_000).settled();
    bench.run_ms(20_000);
    assert!(bench.sent("LeaveGroup").is_empty(), "an idle one polls all the time");
    bench.produce(A, &[200]);
    let start = bench.now;
    bench.run_ms(19_000);
    let left = bench.sent("LeaveGroup");
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].0.since_ms(start), 10_000);
    let beats = bench.sent("Heartbeat").iter().filter(|beat| beat.0 > left[0].0).count();
    assert_eq!((beats, bench.consumer.state()), (0, ConsumerState::Processing));
    bench.run_ms(2_000);
    assert!(bench.commits().is_empty(), "CommitFailedException");
    assert_eq!(bench.assigned()[0].1, []);
    assert_eq!(bench.consumer.generation(), Some(2));
    assert_eq!(bench.polled().len(), 2, "delivered again");
}

#[test]
fn a_new_leader_is_asked_at_once_if_it_is_named() {
    let mut bench = Bench::usual().settled();
    bench.lead(A, BrokerId(2), 1);
    let hint = Some((BrokerId(2), 1));
    bench.logs.entry(A).or_default().error = Some((ErrorCode::NotLeaderOrFollower, hint));
    bench.answer_parked(BrokerId(1), None);
    bench.run_until(bench.now.plus_us(LATENCY_US));
    bench.logs.entry(A).or_default().error = None;
    let at = bench.now;
    bench.run_ms(600);
    let (_, to_old) = bench.fetches().into_iter().find(|fetch| fetch.0 == BrokerId(1)).expect("goes on");
    assert_eq!(to_old.forgotten, [A]);
    let moved = bench.requests.iter().find_map(|(sent, broker, message)| match message {
        Message::Fetch(request) if *broker == BrokerId(2) && !request.partitions.is_empty() => {
            Some((*sent, request.full, request.partitions[0].current_leader_epoch))
        }
        _ => None,
    });
    let (sent, full, epoch) = moved.expect("fetched from the new leader");
    assert!(sent.since_ms(at) <= 501, "as soon as the request in flight is answered");
    assert_eq!((full, epoch), (false, 1));
    bench.produce(A, &[5]);
    bench.run_ms(10);
    assert_eq!(bench.polled().len(), 1);
}

/// A consumer that has read 20 records of A, whose leadership then moves to broker 2, told by the old leader.
fn after_twenty_records(policy: AutoOffsetReset) -> Bench {
    let config = ConsumerConfig { auto_offset_reset: policy, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 0);
    bench.committed.extend([(1, 0), (2, 0), (3, 0)]);
    bench.produce(A, &[12, 8]);
    bench.run_ms(200);
    assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(20));
    bench.forget_what_happened();
    bench.lead(A, BrokerId(2), 1);
    bench.logs.entry(A).or_default().error = Some((ErrorCode::NotLeaderOrFollower, Some((BrokerId(2), 1))));
    bench.answer_parked(BrokerId(1), None);
    bench.run_until(bench.now.plus_us(LATENCY_US));
    bench.logs.entry(A).or_default().error = None;
    bench
}

fn went_back(bench: &Bench) -> Option<(TopicPartition, u64, u64)> {
    bench.facts.iter().find_map(|(_, fact)| match fact {
        Fact::WentBack { partition, from, to, .. } => Some((*partition, *from, *to)),
        _ => None,
    })
}

#[test]
fn a_position_is_checked_against_a_new_leader_before_it_is_fetched_from() {
    let mut bench = after_twenty_records(AutoOffsetReset::Latest);
    bench.run_ms(600);
    let asked: Vec<_> = bench
        .requests
        .iter()
        .filter_map(|(_, broker, message)| match message {
            Message::OffsetForLeaderEpoch(asked) => Some((*broker, asked.clone())),
            _ => None,
        })
        .collect();
    let question = EpochAsked { partition: A, current_leader_epoch: 1, leader_epoch: 0 };
    assert_eq!(asked, [(BrokerId(2), vec![question])], "once");
    let fetches_a = |message: &Message| match message {
        Message::Fetch(request) => request.partitions.iter().any(|of| of.partition == A),
        _ => false,
    };
    let position = |api: &dyn Fn(&Message) -> bool| bench.requests.iter().position(|sent| api(&sent.2));
    let checked = position(&|message| matches!(message, Message::OffsetForLeaderEpoch(_)));
    assert!(position(&fetches_a) > checked, "nothing is fetched before");
    assert_eq!(went_back(&bench), None);
    bench.produce(A, &[5]);
    bench.run_ms(10);
    assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(25));
}

#[test]
fn a_new_leader_without_what_was_read_sends_the_position_back_to_where_the_logs_part() {
    let mut bench = after_twenty_records(AutoOffsetReset::Latest);
    bench.logs.entry(A).or_default().batches.pop();
    bench.run_ms(600);
    assert_eq!(went_back(&bench), Some((A, 20, 12)));
    assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(12));
    assert!(!bench.facts.iter().any(|(_, fact)| matches!(fact, Fact::OffsetReset { .. })));
    bench.produce(A, &[5]);
    bench.run_ms(10);
    assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(17), "what came there instead is read");
}

#[test]
fn what_was_buffered_of_a_truncated_log_is_not_polled() {
    let config = ConsumerConfig {
        auto_offset_reset: AutoOffsetReset::Latest,
        max_poll_records: 10,
        ..ConsumerConfig::default()
    };
    let mut bench = Bench::new(config, CommitMode::Auto, 10_000);
    bench.committed.extend([(1, 0), (2, 0), (3, 15)]);
    bench.append(A, &[30]);
    bench.append(C, &[12, 8]);
    bench.run_ms(50);
    // The first ten of A are processed; what came of C waits behind the rest of A, and its leader moves.
    assert_eq!(bench.consumer.owned(C).expect("owned").buffered, 5);
    bench.lead(C, BrokerId(2), 1);
    bench.logs.entry(C).or_default().batches.pop();
    bench.logs.entry(B).or_default().error = Some((ErrorCode::NotLeaderOrFollower, None));
    bench.answer_parked(BrokerId(2), None);
    bench.run_ms(20);
    bench.logs.entry(B).or_default().error = None;
    bench.run_ms(1_500);
    assert_eq!(went_back(&bench), Some((C, 15, 12)));
    assert_eq!(bench.consumer.owned(A).expect("owned").position, Some(30));
    assert_eq!(bench.consumer.owned(C).expect("owned").position, Some(12));
    bench.produce(C, &[5]);
    bench.run_ms(500);
    assert_eq!(bench.consumer.owned(C).expect("owned").position, Some(17));
}

#[test]
fn without_a_reset_policy_a_truncated_log_ends_the_application() {
    let mut bench = after_twenty_records(AutoOffsetReset::None);
    bench.logs.entry(A).or_default().batches.pop();
    bench.run_ms(600);
    assert!(bench.exited);
    assert_eq!(went_back(&bench), None);
}

#[test]
fn without_a_hint_metadata_tells_the_new_leader() {
    let mut bench = Bench::usual().settled();
    bench.run_ms(1_000);
    bench.forget_what_happened();
    bench.logs.entry(A).or_default().error = Some((ErrorCode::NotLeaderOrFollower, None));
    bench.run_ms(2_000);
    let (tries, refreshes) = (bench.fetches().len(), bench.sent("Metadata").len());
    assert!((2..=20).contains(&refreshes), "{refreshes}");
    assert!(tries <= 30, "the old leader is not asked in a loop: {tries}");
    bench.lead(A, BrokerId(2), 1);
    bench.logs.entry(A).or_default().error = None;
    bench.produce(A, &[5]);
    bench.run_ms(3_000);
    assert_eq!(bench.polled().len(), 1);
}

#[test]
fn a_lost_session_is_begun_anew() {
    let mut bench = Bench::usual().settled();
    bench.sessions.remove(&BrokerId(1));
    bench.parked.retain(|parked| parked.broker != BrokerId(1));
    bench.crash(BrokerId(1));
    bench.forget_what_happened();
    bench.run_ms(600);
    bench.produce(A, &[5]);
    bench.produce(C, &[5]);
    bench.run_ms(600);
    let to_first: Vec<_> = bench.fetches().into_iter().filter(|fetch| fetch.0 == BrokerId(1)).collect();
    assert!(to_first[0].1.full);
    assert_eq!(to_first[0].1.partitions.len(), 2);
    assert_eq!(bench.polled().len(), 2);
    // Without a broken connection: FETCH_SESSION_ID_NOT_FOUND.
    bench.sessions.remove(&BrokerId(2));
    bench.parked.retain(|parked| parked.broker != BrokerId(2));
    bench.crash(BrokerId(2));
    bench.run_ms(200);
    bench.forget_what_happened();
    bench.produce(B, &[5]);
    bench.run_until(bench.now.plus_us(LATENCY_US));
    bench.sessions.remove(&BrokerId(2));
    bench.run_ms(20);
    let to_second: Vec<_> = bench.fetches().into_iter().filter(|fetch| fetch.0 == BrokerId(2)).collect();
    assert_eq!(to_second.iter().map(|fetch| fetch.1.full).collect::<Vec<_>>(), [false, true]);
    assert_eq!(to_second[1].1.partitions[0].fetch_offset, 5);
}

#[test]
fn a_silent_coordinator_is_looked_for_again() {
    let mut bench = Bench::usual().settled();
    bench.silent.push(COORDINATOR);
    bench.coordinator = BrokerId(1);
    bench.run_until(ms(40_000));
    assert!(!bench.sent("FindCoordinator").is_empty());
    assert_eq!(bench.consumer.coordinator(), Some(BrokerId(1)));
    assert!(bench.sent("Heartbeat").iter().any(|sent| sent.1 == BrokerId(1)));
    assert_eq!(bench.consumer.generation(), Some(1), "no rebalance");
}

#[test]
fn a_join_that_breaks_off_is_made_again() {
    let mut bench = Bench::usual();
    bench.holds_join = true;
    bench.run_until(ms(100));
    assert_eq!(bench.joins.len(), 1);
    assert_eq!(bench.consumer.state(), ConsumerState::Joining);
    bench.crash(COORDINATOR);
    bench.coordinator = BrokerId(1);
    bench.holds_join = false;
    bench.run_ms(1_000);
    assert_eq!(bench.consumer.state(), ConsumerState::Polling);
    assert_eq!(bench.sent("JoinGroup").last().expect("joined").1, BrokerId(1));
}

#[test]
fn a_stopped_application_ends_its_work_first() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 1_000).settled();
    bench.produce(A, &[100]);
    bench.run_ms(10);
    bench.stop();
    assert_eq!(bench.consumer.state(), ConsumerState::Closing);
    bench.run_ms(50);
    assert!(!bench.exited && bench.commits().is_empty());
    bench.run_ms(100);
    assert!(bench.exited);
    let done = bench.processed_at()[0];
    assert_eq!(bench.commits(), [(done, vec![(1, 100), (2, 0), (3, 0)])]);
    assert_eq!(bench.sent("LeaveGroup"), [(done.plus_us(2 * LATENCY_US), COORDINATOR)]);
    assert_eq!(bench.assigned().last().expect("revoked").1, []);
    let inputs = bench.requests.len();
    bench.run_ms(100_000);
    assert_eq!(bench.requests.len(), inputs, "it does nothing any more");
}

#[test]
fn closing_gives_up_on_a_cluster_that_does_not_answer() {
    let mut bench = Bench::usual().settled();
    bench.silent = vec![BrokerId(1), BrokerId(2), BrokerId(3)];
    bench.stop();
    bench.run_ms(29_000);
    assert!(!bench.exited);
    bench.run_ms(2_000);
    assert!(bench.exited);
}

#[test]
fn a_slowdown_holds_from_the_next_poll() {
    let config = ConsumerConfig { auto_offset_reset: AutoOffsetReset::Earliest, ..ConsumerConfig::default() };
    let mut bench = Bench::new(config, CommitMode::Auto, 1_000).settled();
    bench.consumer.set_slowdown(400);
    bench.produce(A, &[10]);
    bench.run_ms(100);
    assert_eq!(bench.processed_at()[0].since_us(bench.polled()[0].0), 40_000);
}

#[test]
fn new_partitions_make_the_leader_rebalance() {
    let mut bench = Bench::usual().settled();
    let committed: Vec<_> = bench.committed.keys().copied().collect();
    assert!(committed.is_empty());
    bench.image = MetadataImage { offset: 11, ..image(4) };
    bench.run_until(ms(310_000));
    assert_eq!(bench.consumer.generation(), Some(2));
    assert_eq!(bench.assigned().last().expect("assigned").1.len(), 4);
}

#[test]
fn a_topic_that_does_not_exist_yet_is_waited_for() {
    let mut bench = Bench::usual();
    let mut without = image(3);
    without.topics.truncate(1);
    bench.image = without;
    bench.run_until(ms(5_000));
    assert_eq!(bench.assigned().last().expect("a member without partitions").1, []);
    assert!(bench.sent("Metadata").len() < 12, "at most one a second");
    bench.image = MetadataImage { offset: 11, ..image(3) };
    bench.run_ms(2_000);
    assert_eq!(bench.assigned().last().expect("assigned").1, [A, B, C]);
}

#[test]
fn what_was_in_flight_before_a_rebalance_is_not_used() {
    let mut bench = Bench::usual().settled();
    bench.heartbeat = ErrorCode::RebalanceInProgress;
    bench.assignment = Some(vec![B]);
    bench.run_until(ms(3_104));
    bench.produce(A, &[5]);
    bench.produce(B, &[5]);
    bench.run_ms(1_000);
    let polled: Vec<_> = bench.polled().iter().map(|polled| polled.1).collect();
    assert_eq!(polled, [B]);
    assert!(bench.consumer.owned(A).is_none());
}

#[test]
fn a_run_is_a_function_of_its_inputs() {
    let run = |records| {
        let mut bench = Bench::usual().settled();
        bench.produce(A, &[records]);
        bench.run_ms(8_000);
        let mut digest = Digest::default();
        bench.consumer.digest(&mut digest);
        digest.value()
    };
    assert_eq!(run(10), run(10));
    assert_ne!(run(10), run(11));
}
