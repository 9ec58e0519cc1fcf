//! The coordinator against members played by the test.
use super::*;
use crate::kernel::EventQueue;
use crate::metadata::TopicId;
use crate::node::Effect;

const GROUP: GroupId = GroupId(0);
const INDEX: u32 = 24;

/// One coordinator, its timers, and an offsets partition that commits when told.
struct Bench {
    coordinator: Coordinator,
    config: BrokerConfig,
    now: SimTime,
    timers: EventQueue<Timer>,
    sent: Vec<(SimTime, NodeId, u32, Message)>,
    facts: Vec<Fact>,
    log: Vec<GroupRecord>,
    /// Appends are committed at once.
    commits: bool,
    waiting: Vec<u32>,
    correlation: u32,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Bench {
            coordinator: Coordinator::new(BrokerId(1), Draws::new(1, "broker-1"), [INDEX, 12].into()),
            config: BrokerConfig::default(),
            now: SimTime::ZERO,
            timers: EventQueue::default(),
            sent: Vec::new(),
            facts: Vec::new(),
            log: Vec::new(),
            commits: true,
            waiting: Vec::new(),
            correlation: 0,
        };
        bench.load(&[]);
        bench
    }

    fn load(&mut self, records: &[GroupRecord]) {
        let mut fx = Effects::default();
        self.coordinator.load(self.now, INDEX, records.iter(), &mut fx);
        self.take(fx);
    }

    fn take(&mut self, mut fx: Effects) {
        for effect in fx.take() {
            match effect {
                (Effect::Send { to, correlation, .. }, Some(message)) => {
                    self.sent.push((self.now, to, correlation, message));
                }
                (Effect::SetTimer { at, timer }, _) => self.timers.push(at.0, timer),
                (other, _) => panic!("a coordinator does not {other:?}"),
            }
        }
        self.facts.extend(fx.facts);
    }

    fn appended(&mut self, appends: impl IntoIterator<Item = Append>) {
        for Append { index, token, record } in appends {
            assert_eq!(index, INDEX);
            self.log.push(record);
            if self.commits {
                self.committed(token, Ok(()));
            } else {
                self.waiting.push(token);
            }
        }
    }

    fn committed(&mut self, token: u32, result: Result<(), ErrorCode>) {
        let mut fx = Effects::default();
        self.coordinator.committed(self.now, token, result, &mut fx);
        self.take(fx);
    }

    fn run_until(&mut self, until: SimTime) {
        while self.timers.next_time().is_some_and(|at| at <= until.0) {
            let (at, timer) = self.timers.pop().expect("it has a time");
            self.now = SimTime(at);
            let mut fx = Effects::default();
            let appends = self.coordinator.timer(self.now, timer, &self.config, &mut fx);
            self.take(fx);
            self.appended(appends);
        }
        self.now = until;
    }

    /// Sends a request; the answer, if there is one at once.
    fn ask(&mut self, client: u16, message: Message) -> Option<Message> {
        self.correlation += 1;
        let (from, correlation) = (NodeId::Consumer(client), self.correlation);
        let mut fx = Effects::default();
        let append = self.coordinator.handle(self.now, from, correlation, message, &self.config, &mut fx);
        self.take(fx);
        self.appended(append);
        let of = |sent: &&(SimTime, NodeId, u32, Message)| sent.1 == from && sent.2 == correlation;
        self.sent.iter().find(of).map(|sent| sent.3.clone())
    }

    fn join(
        &mut self,
        client: u16,
        member: Option<&MemberId>,
        rebalance_ms: u32,
    ) -> Option<JoinGroupResponse> {
        let request = JoinGroupRequest {
            group: GROUP,
            member: member.cloned(),
            client_id: format!("c{client}").into(),
            session_timeout_ms: 45_000,
            rebalance_timeout_ms: rebalance_ms,
            topics: vec![TopicId(1)],
        };
        match self.ask(client, Message::JoinGroup(Box::new(request))) {
            Some(Message::JoinGroupResponse(response)) => Some(*response),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    /// Joins for the first time: gets an id, comes back with it and is parked.
    fn enter(&mut self, client: u16, rebalance_ms: u32) -> MemberId {
        let response = self.join(client, None, rebalance_ms).expect("is answered at once");
        assert_eq!(response.error, ErrorCode::MemberIdRequired);
        assert!(self.join(client, Some(&response.member), rebalance_ms).is_none(), "parked");
        response.member
    }

    fn joined(&mut self, client: u16) -> Option<(SimTime, JoinGroupResponse)> {
        let last = self.sent.iter().rev().find_map(|(at, to, _, message)| match message {
            Message::JoinGroupResponse(response) if *to == NodeId::Consumer(client) => {
                Some((*at, (**response).clone()))
            }
            _ => None,
        });
        last.filter(|(_, response)| response.error != ErrorCode::MemberIdRequired)
    }

    fn sync(
        &mut self,
        client: u16,
        member: &MemberId,
        generation: u32,
        given: &[(&MemberId, &[u32])],
    ) -> Option<Result<Vec<TopicPartition>, ErrorCode>> {
        let assignments = given
            .iter()
            .map(|(id, of)| (MemberId::clone(id), of.iter().map(|&p| TopicPartition(p)).collect()))
            .collect();
        let member = member.clone();
        match self.ask(client, Message::SyncGroup { group: GROUP, generation, member, assignments }) {
            Some(Message::SyncGroupResponse { assignment }) => Some(assignment),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn synced(&self, client: u16) -> Option<Result<Vec<TopicPartition>, ErrorCode>> {
        self.sent.iter().rev().find_map(|(_, to, _, message)| match message {
            Message::SyncGroupResponse { assignment } if *to == NodeId::Consumer(client) => {
                Some(assignment.clone())
            }
            _ => None,
        })
    }

    fn beat(&mut self, client: u16, member: &str, generation: u32) -> ErrorCode {
        match self.ask(client, Message::Heartbeat { group: GROUP, generation, member: member.into() }) {
            Some(Message::HeartbeatResponse(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    fn leave(&mut self, client: u16, member: &str) -> ErrorCode {
        match self.ask(client, Message::LeaveGroup { group: GROUP, member: member.into() }) {
            Some(Message::LeaveGroupResponse(error)) => error,
            other => panic!("{other:?}"),
        }
    }

    fn commit(&mut self, client: u16, member: &str, generation: u32, offset: u64) -> Option<ErrorCode> {
        let offsets = vec![CommitRecord { partition: 7, offset, leader_epoch: 0 }];
        let member = member.into();
        match self.ask(client, Message::OffsetCommit { group: GROUP, generation, member, offsets }) {
            Some(Message::OffsetCommitResponse(error)) => Some(error),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn fetch(&mut self, client: u16) -> Option<Result<Vec<CommitRecord>, ErrorCode>> {
        let partitions = vec![TopicPartition(7), TopicPartition(8)];
        match self.ask(client, Message::OffsetFetch { group: GROUP, partitions }) {
            Some(Message::OffsetFetchResponse { offsets }) => Some(offsets),
            None => None,
            other => panic!("{other:?}"),
        }
    }

    fn group(&self) -> &Group {
        self.coordinator.group(GROUP).expect("is known")
    }

    fn state(&self) -> GroupState {
        self.group().state
    }

    /// Members 0 and 1 in a Stable group of generation 1; 0 leads.
    fn stable() -> (Self, MemberId, MemberId) {
        let mut bench = Bench::new();
        let (a, b) = (bench.enter(0, 300_000), bench.enter(1, 300_000));
        bench.run_until(SimTime::from_ms(6_000));
        assert_eq!(bench.state(), GroupState::CompletingRebalance);
        assert!(bench.sync(1, &b, 1, &[]).is_none());
        assert_eq!(bench.sync(0, &a, 1, &[(&a, &[7]), (&b, &[8])]), Some(Ok(vec![TopicPartition(7)])));
        assert_eq!(bench.synced(1), Some(Ok(vec![TopicPartition(8)])));
        assert_eq!(bench.state(), GroupState::Stable);
        (bench, a, b)
    }
}

#[test]
fn the_initial_delay_is_kafkas() {
    // classic_initial_rebalance of Kafka's own tests: single, second_just_before, up_to_rebalance_timeout.
    let cases: [(u32, &[u64], u64); 3] =
        [(90_000, &[0], 3_000), (9_000, &[0, 2_999], 6_000), (6_000, &[0, 0, 3_001], 6_000)];
    for (rebalance_ms, joins, expected) in cases {
        let mut bench = Bench::new();
        for (client, &at) in (0..).zip(joins) {
            bench.run_until(SimTime::from_ms(at));
            bench.enter(client, rebalance_ms);
        }
        bench.run_until(SimTime::from_ms(20_000));
        for client in 0..joins.len() as u16 {
            let (at, response) = bench.joined(client).expect("joined");
            assert_eq!((at, response.generation), (SimTime::from_ms(expected), 1), "{joins:?}");
            assert_eq!(response.members.len(), if client == 0 { joins.len() } else { 0 });
        }
    }
}

#[test]
fn a_new_group_is_a_record_and_its_members_have_ids() {
    let mut bench = Bench::new();
    let a = bench.enter(0, 300_000);
    assert_eq!(bench.log.len(), 1);
    let (prefix, digits) = a.split_once('-').expect("client id and digits");
    assert_eq!(prefix, "c0");
    assert!(digits.len() == 8 && digits.chars().all(|c| c.is_ascii_hexdigit()));
    let again = bench.join(0, None, 300_000).expect("answered").member;
    assert_ne!(again, a, "another member of the same client");
    let unknown = bench.join(3, Some(&"c3-0".into()), 300_000).expect("answered");
    assert_eq!(unknown.error, ErrorCode::UnknownMemberId);
}

#[test]
fn requests_of_groups_hosted_elsewhere_are_refused() {
    let mut bench = Bench::new();
    let member: MemberId = "m".into();
    let other = GroupId(1);
    let beat = Message::Heartbeat { group: other, generation: 1, member };
    let answer = bench.ask(0, beat);
    assert!(matches!(answer, Some(Message::HeartbeatResponse(ErrorCode::NotCoordinator))));
    let answer = bench.ask(0, Message::OffsetFetch { group: other, partitions: Vec::new() });
    let refused = Err(ErrorCode::NotCoordinator);
    assert!(matches!(answer, Some(Message::OffsetFetchResponse { offsets }) if offsets == refused));
}

#[test]
fn session_timeouts_have_bounds_and_groups_a_size() {
    let mut bench = Bench::new();
    bench.config.group_min_session_timeout_ms = 50_000;
    let refused = bench.join(0, None, 1).expect("answered");
    assert_eq!(refused.error, ErrorCode::InvalidSessionTimeout);
    let (mut bench, a, _) = Bench::stable();
    bench.config.group_max_size = 2;
    assert_eq!(bench.join(2, None, 1).expect("answered").error, ErrorCode::GroupMaxSizeReached);
    assert!(bench.join(0, Some(&a), 300_000).is_none(), "a member of it may join again");
}

#[test]
fn heartbeats_by_state() {
    let mut bench = Bench::new();
    assert_eq!(bench.beat(0, "nobody", 0), ErrorCode::UnknownMemberId);
    let (mut bench, a, b) = Bench::stable();
    assert_eq!(bench.beat(0, &a, 1), ErrorCode::None);
    assert_eq!(bench.beat(0, &a, 0), ErrorCode::IllegalGeneration);
    assert_eq!(bench.beat(0, "nobody", 1), ErrorCode::UnknownMemberId);
    // The leader joins again: the others are told to.
    assert!(bench.join(0, Some(&a), 300_000).is_none());
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    assert_eq!(bench.beat(1, &b, 1), ErrorCode::RebalanceInProgress);
    assert!(bench.join(1, Some(&b), 300_000).is_some(), "the last one ends the phase");
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    assert_eq!(bench.beat(1, &b, 2), ErrorCode::None);
    assert_eq!(bench.beat(1, &b, 1), ErrorCode::IllegalGeneration);
}

#[test]
fn joining_again_by_state() {
    let (mut bench, a, b) = Bench::stable();
    let same = bench.join(1, Some(&b), 300_000).expect("a follower with the same topics");
    assert_eq!((same.error, same.generation), (ErrorCode::None, 1));
    assert_eq!(bench.state(), GroupState::Stable);
    assert!(bench.join(0, Some(&a), 300_000).is_none());
    assert!(bench.join(1, Some(&b), 300_000).is_some());
    let repeated = bench.join(0, Some(&a), 300_000).expect("completing, same topics");
    assert_eq!((repeated.generation, repeated.members.len()), (2, 2));
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
}

#[test]
fn commits_by_state() {
    let mut bench = Bench::new();
    assert_eq!(bench.commit(0, "nobody", 1, 5), Some(ErrorCode::IllegalGeneration), "no such group");
    let (mut bench, a, b) = Bench::stable();
    assert_eq!(bench.commit(0, &a, 1, 5), Some(ErrorCode::None));
    assert_eq!(bench.commit(0, &a, 0, 6), Some(ErrorCode::IllegalGeneration));
    assert_eq!(bench.commit(0, "nobody", 1, 6), Some(ErrorCode::UnknownMemberId));
    assert!(bench.join(0, Some(&a), 300_000).is_none());
    assert_eq!(bench.commit(1, &b, 1, 7), Some(ErrorCode::None), "allowed while preparing");
    assert!(bench.join(1, Some(&b), 300_000).is_some());
    assert_eq!(bench.commit(1, &b, 2, 8), Some(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.commit(1, &b, 1, 8), Some(ErrorCode::IllegalGeneration));
    assert_eq!(bench.fetch(1), Some(Ok(vec![CommitRecord { partition: 7, offset: 7, leader_epoch: 0 }])));
}

#[test]
fn a_commit_counts_when_its_record_is_committed() {
    let (mut bench, a, _) = Bench::stable();
    bench.commits = false;
    assert_eq!(bench.commit(0, &a, 1, 5), None);
    assert_eq!(bench.fetch(0), None, "a fetch follows the commits before it");
    assert!(!bench.facts.iter().any(|fact| matches!(fact, Fact::Committed { .. })));
    let token = bench.waiting.remove(0);
    bench.sent.clear();
    bench.committed(token, Ok(()));
    assert!(matches!(bench.sent[0].3, Message::OffsetCommitResponse(ErrorCode::None)));
    assert!(
        matches!(&bench.sent[1].3, Message::OffsetFetchResponse { offsets: Ok(of) } if of[0].offset == 5)
    );
    assert!(matches!(bench.facts.last(), Some(Fact::Committed { offset: 5, .. })));
    for (error, told, after) in [
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable, 5),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator, 5),
        (ErrorCode::RequestTimedOut, ErrorCode::CoordinatorNotAvailable, 9),
    ] {
        assert_eq!(bench.commit(0, &a, 1, 9), None);
        let token = bench.waiting.remove(0);
        bench.committed(token, Err(error));
        let last = &bench.sent.last().expect("answered").3;
        assert!(matches!(last, Message::OffsetCommitResponse(error) if *error == told), "{last:?}");
        assert_eq!(bench.group().offset(TopicPartition(7)).map(|of| of.offset), Some(after));
    }
}

#[test]
fn an_assignment_that_cannot_be_written_is_asked_for_again() {
    let mut bench = Bench::new();
    let a = bench.enter(0, 300_000);
    bench.run_until(SimTime::from_ms(3_000));
    bench.commits = false;
    assert_eq!(bench.sync(0, &a, 1, &[(&a, &[7])]), None);
    let token = bench.waiting.remove(0);
    bench.committed(token, Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(bench.synced(0), Some(Err(ErrorCode::CoordinatorNotAvailable)));
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    assert!(bench.join(0, Some(&a), 300_000).is_some_and(|response| response.generation == 2));
}

#[test]
fn a_newcomer_waits_for_the_others() {
    let (mut bench, a, b) = Bench::stable();
    let c = bench.enter(2, 300_000);
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    assert!(bench.join(0, Some(&a), 300_000).is_none());
    assert!(bench.join(1, Some(&b), 300_000).is_some());
    let (_, joined) = bench.joined(2).expect("with the last");
    assert_eq!((joined.generation, &joined.leader), (2, &a));
    assert!(bench.sync(0, &a, 2, &[(&a, &[7]), (&c, &[8])]).is_some());
    assert_eq!(bench.sync(1, &b, 2, &[]), Some(Ok(Vec::new())), "more members than partitions");
}

#[test]
fn an_id_given_away_is_awaited_until_its_session_ends() {
    let (mut bench, a, b) = Bench::stable();
    bench.join(2, None, 300_000);
    assert_eq!(bench.state(), GroupState::Stable);
    bench.join(0, Some(&a), 300_000);
    assert!(bench.join(1, Some(&b), 300_000).is_none());
    let start = bench.now;
    bench.run_until(start.plus_ms(44_000));
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    bench.run_until(start.plus_ms(46_000));
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    assert_eq!(bench.joined(1).expect("answered").1.generation, 2);
}

#[test]
fn a_silent_member_is_removed_after_its_session() {
    let (mut bench, a, b) = Bench::stable();
    let start = bench.now;
    for i in 1..=15 {
        bench.run_until(start.plus_ms(3_000 * i - 1));
        assert_eq!(bench.beat(0, &a, 1), ErrorCode::None);
    }
    bench.run_until(start.plus_ms(45_001));
    assert_eq!(bench.state(), GroupState::PreparingRebalance);
    assert_eq!(bench.beat(1, &b, 1), ErrorCode::UnknownMemberId);
    let expired = GroupCause::SessionExpired(b);
    assert!(
        bench.facts.iter().any(|fact| matches!(fact, Fact::GroupChanged { cause, .. } if *cause == expired))
    );
    assert!(bench.join(0, Some(&a), 300_000).is_some_and(|response| response.members.len() == 1));
    assert!(bench.timers.len() < 8, "no timer a heartbeat: {}", bench.timers.len());
}

#[test]
fn members_that_do_not_join_or_sync_in_time_are_removed() {
    let (mut bench, a, b) = Bench::stable();
    let start = bench.now;
    bench.join(0, Some(&a), 300_000);
    for i in 1..100 {
        bench.run_until(start.plus_ms(3_000 * i));
        assert_eq!(bench.beat(1, &b, 1), ErrorCode::RebalanceInProgress);
    }
    bench.run_until(start.plus_ms(300_000));
    assert_eq!(bench.state(), GroupState::CompletingRebalance);
    assert_eq!(bench.group().members.len(), 1);
    // It heartbeats but never syncs.
    for i in 1..=100 {
        bench.run_until(start.plus_ms(300_000 + 3_000 * i - 1));
        assert_eq!(bench.beat(0, &a, 2), ErrorCode::None);
    }
    bench.run_until(start.plus_ms(600_000));
    assert_eq!((bench.state(), bench.group().generation), (GroupState::Empty, 3));
}

#[test]
fn leaving_and_an_empty_group() {
    let (mut bench, a, b) = Bench::stable();
    assert_eq!(bench.leave(0, "nobody"), ErrorCode::UnknownMemberId);
    assert_eq!(bench.leave(0, &a), ErrorCode::None);
    assert_eq!(bench.group().leader, Some(b.clone()));
    assert_eq!(bench.leave(1, &b), ErrorCode::None);
    assert_eq!((bench.state(), bench.group().generation), (GroupState::Empty, 2));
    let last = bench.log.last().expect("a record");
    assert!(matches!(last, GroupRecord::Generation { generation: 2, members, .. } if members.is_empty()));
    let start = bench.now;
    bench.enter(2, 300_000);
    bench.run_until(start.plus_ms(3_000));
    assert_eq!(bench.state(), GroupState::CompletingRebalance, "an empty group waits its delay again");
}

#[test]
fn a_parked_member_whose_connection_broke_hears_nothing_but_counts() {
    let (mut bench, a, b) = Bench::stable();
    bench.join(0, Some(&a), 300_000);
    bench.coordinator.disconnected(bench.now, NodeId::Consumer(0), &mut Effects::default());
    bench.sent.clear();
    assert!(bench.join(1, Some(&b), 300_000).is_some());
    assert!(bench.sent.iter().all(|sent| sent.1 != NodeId::Consumer(0)));
    assert_eq!(bench.group().members.len(), 2);
    let start = bench.now;
    for i in 1..=15 {
        bench.run_until(start.plus_ms(3_000 * i - 1));
        bench.beat(1, &b, 2);
    }
    bench.run_until(start.plus_ms(45_001));
    assert_eq!(bench.group().members.len(), 1, "its session ran from the end of the join phase");
}

#[test]
fn a_new_coordinator_resumes_the_group() {
    let (mut old, a, b) = Bench::stable();
    old.commit(0, &a, 1, 42);
    let mut bench = Bench::new();
    bench.now = old.now.plus_ms(10_000);
    bench.load(&old.log);
    assert_eq!((bench.state(), bench.group().generation), (GroupState::Stable, 1));
    assert!(bench.facts.iter().any(|fact| matches!(fact, Fact::CoordinatorLoaded { group: GROUP, .. })));
    assert_eq!(bench.group().offset(TopicPartition(7)).map(|of| of.offset), Some(42));
    let start = bench.now;
    bench.run_until(start.plus_ms(44_000));
    assert_eq!(bench.beat(0, &a, 1), ErrorCode::None, "sessions begin anew");
    assert_eq!(bench.sync(1, &b, 1, &[]), Some(Ok(vec![TopicPartition(8)])), "the assignment is known");
}

#[test]
fn an_old_coordinator_sends_all_away() {
    let (mut bench, a, b) = Bench::stable();
    bench.join(0, Some(&a), 300_000);
    bench.commits = false;
    assert_eq!(bench.commit(1, &b, 1, 5), None);
    assert_eq!(bench.fetch(2), None);
    bench.sent.clear();
    let mut fx = Effects::default();
    bench.coordinator.unload(bench.now, INDEX, &mut fx);
    bench.take(fx);
    let gone = ErrorCode::NotCoordinator;
    assert_eq!(bench.sent.len(), 3);
    assert!(matches!(&bench.sent[0].3, Message::OffsetCommitResponse(error) if *error == gone));
    assert!(
        matches!(&bench.sent[1].3, Message::OffsetFetchResponse { offsets: Err(error) } if *error == gone)
    );
    assert!(matches!(&bench.sent[2].3, Message::JoinGroupResponse(response) if response.error == gone));
    assert_eq!(bench.beat(1, &b, 1), gone);
    let token = bench.waiting.remove(0);
    bench.committed(token, Ok(()));
    assert_eq!(bench.coordinator.groups().count(), 0);
}

#[test]
fn a_digest_tells_histories_apart() {
    let digest = |bench: &Bench| {
        let mut digest = Digest::default();
        bench.coordinator.digest(&mut digest);
        digest.value()
    };
    let (mut one, a, _) = Bench::stable();
    let (two, ..) = Bench::stable();
    assert_eq!(digest(&one), digest(&two));
    one.beat(0, &a, 1);
    assert_eq!(digest(&one), digest(&two), "the same session end");
    one.now = one.now.plus_us(1);
    one.beat(0, &a, 1);
    assert_ne!(digest(&one), digest(&two));
}
