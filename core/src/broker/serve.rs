//! Fetch, as the leader serves it: sessions (KIP-227), waiting requests, what a response holds.
//!
//! A session remembers which of its partitions have news, so an answer looks at those and no others.
use super::Broker;
use super::produce::{forget_watcher, leader_hint};
use super::replica::{Replica, Watcher};
use crate::kernel::SimTime;
use crate::log::LogPosition;
use crate::metadata::{BrokerId, NO_OFFSET, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::wire::{
    EpochAnswered, EpochAsked, ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition,
    ListOffsetsAt, ListedOffset, Message, NO_EPOCH, NodeId,
};

/// The fetch sessions of all clients and followers.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    list: Vec<Session>,
    /// The session of each follower, by broker, and of each consumer; [`NO_SESSION`] where there is none.
    of_followers: Vec<u32>,
    of_consumers: Vec<u32>,
}

const NO_SESSION: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Session {
    client: NodeId,
    follower: Option<BrokerId>,
    open: bool,
    parts: Vec<Part>,
    /// Parts with news, in the order the news came.
    news: Vec<u32>,
    /// Parts whose high watermark the request at hand moved.
    moved: Vec<u32>,
    /// Bytes known to be available over all parts.
    available_bytes: u64,
    waiting: Option<Waiting>,
    /// When the last fetch came.
    last_fetch: SimTime,
    timer_set: bool,
    /// Whether the follower may be taken into an ISR again is to be looked at with its next fetch.
    recheck: bool,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    correlation: u32,
    min_bytes: u64,
    max_bytes: u64,
    deadline: SimTime,
}

/// A partition of a session: one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Part {
    partition: TopicPartition,
    /// The leader epoch the client knows.
    current_leader_epoch: u32,
    /// Epoch of a follower's last record.
    last_fetched_epoch: u32,
    /// Most bytes of an answer.
    max_bytes: u32,
    /// Where the client is, in this leader's log.
    at: LogPosition,
    /// What was sent last.
    sent: Stretch,
    /// The high watermark before the request at hand moved it: what an answer given at once tells (R-HW7);
    /// [`NO_OFFSET`] if it did not.
    stale: u64,
    has_news: bool,
    diverging: bool,
    /// What is wrong with it, until it is asked for anew.
    error: ErrorCode,
}

const _: () = assert!(size_of::<Part>() == 64);

/// A stretch of a log that fits into an answer.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    records: u32,
    batches: u32,
    bytes: u32,
}

impl Part {
    fn new(asked: &FetchPartition, at: LogPosition, error: ErrorCode, diverging: bool) -> Self {
        Part {
            partition: asked.partition,
            current_leader_epoch: asked.current_leader_epoch,
            last_fetched_epoch: asked.last_fetched_epoch,
            max_bytes: asked.max_bytes,
            at,
            sent: Stretch::default(),
            stale: NO_OFFSET,
            has_news: false,
            diverging,
            error,
        }
    }

    /// Where the client will be when it has taken what was sent last.
    #[inline]
    fn next(&self) -> LogPosition {
        let Stretch { records, batches, bytes } = self.sent;
        LogPosition {
            offset: self.at.offset + u64::from(records),
            index: self.at.index + u64::from(batches),
            position: self.at.position + u64::from(bytes),
        }
    }
}

impl Sessions {
    #[inline]
    fn of(&self, client: NodeId) -> Option<u32> {
        let session = match client {
            NodeId::Broker(id) => self.of_followers.get(usize::from(id)),
            NodeId::Consumer(at) => self.of_consumers.get(usize::from(at)),
            NodeId::Controller(_) | NodeId::Producer(_) => None,
        };
        session.copied().filter(|&session| session != NO_SESSION)
    }

    #[inline]
    fn open(&mut self, client: NodeId, follower: Option<BrokerId>) -> u32 {
        self.of(client).unwrap_or_else(|| self.add(client, follower))
    }

    #[cold]
    fn add(&mut self, client: NodeId, follower: Option<BrokerId>) -> u32 {
        let session = self.list.len() as u32;
        let (table, at) = match client {
            NodeId::Broker(id) => (&mut self.of_followers, usize::from(id)),
            // Of these only consumers fetch.
            NodeId::Controller(at) | NodeId::Producer(at) | NodeId::Consumer(at) => {
                (&mut self.of_consumers, usize::from(at))
            }
        };
        if table.len() <= at {
            table.resize(at + 1, NO_SESSION);
        }
        table[at] = session;
        self.list.push(Session {
            client,
            follower,
            open: false,
            parts: Vec::new(),
            news: Vec::new(),
            moved: Vec::new(),
            available_bytes: 0,
            waiting: None,
            last_fetch: SimTime::ZERO,
            timer_set: false,
            recheck: false,
        });
        session
    }

    /// When a follower last fetched.
    pub fn last_fetch(&self, follower: BrokerId) -> SimTime {
        self.of(follower.into()).map_or(SimTime::ZERO, |session| self.list[session as usize].last_fetch)
    }

    /// Something changed that may let a follower into an ISR: every fetch looks at all partitions of its
    /// session in Kafka, here the next one does.
    pub fn recheck_followers(&mut self) {
        for session in self.list.iter_mut().filter(|session| session.follower.is_some()) {
            session.recheck = true;
        }
    }

    /// Ends a client's session; what it waited for is not answered.
    pub fn close(&mut self, client: NodeId, replicas: &mut [Option<Box<Replica>>]) {
        let Some(number) = self.of(client) else { return };
        let session = &mut self.list[number as usize];
        session.open = false;
        session.waiting = None;
        session.news.clear();
        session.moved.clear();
        session.available_bytes = 0;
        for part in session.parts.drain(..) {
            forget_watcher(replicas, part.partition, number);
        }
    }

    /// `bytes` more can be read by a session; true if its waiting request can be answered now.
    #[inline]
    pub fn news(&mut self, watcher: Watcher, bytes: u64) -> bool {
        let session = &mut self.list[watcher.session as usize];
        session.mark(watcher.part);
        session.available_bytes += bytes;
        session.waiting.is_some_and(|waiting| session.available_bytes >= waiting.min_bytes)
    }

    /// A follower will learn of a new high watermark with its next answer; that alone completes none (R-HW7).
    #[inline]
    pub fn high_watermark_news(&mut self, watcher: Watcher) {
        self.list[watcher.session as usize].mark(watcher.part);
    }

    /// Leadership changed: the session must hear of it at once; true if a request waits.
    pub fn upset(&mut self, watcher: Watcher) -> bool {
        let session = &mut self.list[watcher.session as usize];
        session.mark(watcher.part);
        session.waiting.is_some()
    }
}

impl Session {
    /// An answer given later tells the high watermark of that moment.
    #[inline]
    fn forget_stale(&mut self) {
        while let Some(part) = self.moved.pop() {
            self.parts[part as usize].stale = NO_OFFSET;
        }
    }

    #[inline]
    fn mark(&mut self, part: u32) {
        let state = &mut self.parts[part as usize];
        if !state.has_news {
            state.has_news = true;
            self.news.push(part);
        }
    }
}

impl Broker {
    pub(super) fn fetch(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        request: FetchRequest,
        fx: &mut Effects,
    ) {
        let follower = match (from, request.broker_epoch) {
            (NodeId::Broker(id), Some(_)) => Some(BrokerId(u32::from(id))),
            _ => None,
        };
        let number = self.sessions.open(from, follower);
        if request.full {
            self.sessions.close(from, &mut self.replicas);
            self.sessions.list[number as usize].open = true;
        }
        if !self.sessions.list[number as usize].open {
            let error = ErrorCode::FetchSessionIdNotFound;
            let response = FetchResponse { error, partitions: Vec::new(), batches: Vec::new() };
            fx.send(from, correlation, Message::FetchResponse(response));
            return;
        }
        if !request.forgotten.is_empty() {
            self.forget_parts(number, &request.forgotten);
        }
        let previous_fetch = self.sessions.list[number as usize].last_fetch;
        let mut urgent = false;
        for asked in &request.partitions {
            urgent |= self.place_part(now, number, *asked, previous_fetch, fx);
        }
        fx.spare.asked.give(request.partitions);
        self.recheck(number, fx);
        let session = &mut self.sessions.list[number as usize];
        session.last_fetch = now;
        let broker_max = if follower.is_some() { u32::MAX } else { self.image.broker_config.fetch_max_bytes };
        session.waiting = Some(Waiting {
            correlation,
            min_bytes: u64::from(request.min_bytes.min(request.max_bytes)),
            max_bytes: u64::from(request.max_bytes.min(broker_max)),
            deadline: now.plus_ms(u64::from(request.max_wait_ms)),
        });
        let enough = session.available_bytes >= u64::from(request.min_bytes) && session.available_bytes > 0;
        if urgent || enough || request.max_wait_ms == 0 || request.min_bytes == 0 {
            self.answer_fetch(number, fx);
            return;
        }
        session.forget_stale();
        if !session.timer_set {
            session.timer_set = true;
            let generation = self.lifecycle.incarnation;
            let timer = Timer { kind: TimerKind::DelayedFetch, key: number, generation };
            fx.timer(now.plus_ms(u64::from(request.max_wait_ms)), timer);
        }
    }

    fn recheck(&mut self, number: u32, fx: &mut Effects) {
        let session = &mut self.sessions.list[number as usize];
        let Some(follower) = session.follower.filter(|_| std::mem::take(&mut session.recheck)) else {
            return;
        };
        let partitions: Vec<_> = session.parts.iter().map(|part| part.partition).collect();
        for partition in partitions {
            self.maybe_expand_isr(partition, follower, fx);
        }
    }

    fn forget_parts(&mut self, number: u32, forgotten: &[TopicPartition]) {
        let parts = std::mem::take(&mut self.sessions.list[number as usize].parts);
        let session = &mut self.sessions.list[number as usize];
        session.news.clear();
        session.available_bytes = 0;
        for part in &parts {
            forget_watcher(&mut self.replicas, part.partition, number);
        }
        for part in parts.iter().filter(|part| !forgotten.contains(&part.partition)) {
            self.add_part(number, *part);
        }
    }

    fn add_part(&mut self, number: u32, mut part: Part) -> u32 {
        part.has_news = false;
        let session = &mut self.sessions.list[number as usize];
        let slot = session.parts.len() as u32;
        let follower = session.follower.is_some();
        session.parts.push(part);
        self.watch(part.partition, Watcher { session: number, part: slot, follower });
        self.count_available(number, slot);
        slot
    }

    /// Lets a replica know who waits for its news, if it is there and does not know yet.
    fn watch(&mut self, partition: TopicPartition, watcher: Watcher) {
        let replica = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut);
        if let Some(replica) = replica.filter(|replica| !replica.watchers.contains(&watcher)) {
            replica.watchers.push(watcher);
        }
    }

    /// Recounts what a part has to offer, after its place was set anew.
    fn count_available(&mut self, number: u32, slot: u32) {
        let session = &mut self.sessions.list[number as usize];
        let follower = session.follower.is_some();
        let part = session.parts[slot as usize];
        let replica = self.replicas.get(part.partition.index()).and_then(Option::as_deref);
        let Some(replica) = replica else { return };
        let Some(leading) = replica.leading.as_deref() else { return };
        let limit = if follower { replica.log.end() } else { leading.high_watermark };
        let bytes = limit.position.saturating_sub(part.at.position);
        session.available_bytes += bytes.min(u64::from(part.max_bytes));
        if bytes > 0 {
            session.mark(slot);
        }
    }

    /// Takes a partition of a request into the session; true if it must be answered at once.
    fn place_part(
        &mut self,
        now: SimTime,
        number: u32,
        asked: FetchPartition,
        previous_fetch: SimTime,
        fx: &mut Effects,
    ) -> bool {
        let known = self.part_of(number, asked.partition);
        let session = &self.sessions.list[number as usize];
        let expected = known.map(|slot| session.parts[slot].next());
        let follower = session.follower;
        let placed = self.locate(&asked, follower, expected);
        let (at, error, diverging) = match placed {
            Ok(at) => (at, ErrorCode::None, false),
            Err(ErrorCode::None) => (LogPosition::default(), ErrorCode::None, true),
            Err(error) => (LogPosition::default(), error, false),
        };
        let part = Part::new(&asked, at, error, diverging);
        let slot = match known {
            None => self.add_part(number, part),
            Some(slot) => {
                let state = &mut self.sessions.list[number as usize].parts[slot];
                let moved_as_expected = expected == Some(at) && state.error == ErrorCode::None;
                let failed = state.error != ErrorCode::None;
                *state = Part { has_news: state.has_news, ..part };
                if failed {
                    // It may have been asked for before this broker heard that it has a replica.
                    let watcher =
                        Watcher { session: number, part: slot as u32, follower: follower.is_some() };
                    self.watch(asked.partition, watcher);
                }
                if !moved_as_expected {
                    self.count_available(number, slot as u32);
                }
                slot as u32
            }
        };
        if error != ErrorCode::None || diverging {
            self.sessions.list[number as usize].mark(slot);
            return true;
        }
        if let Some(follower) = follower {
            let before = self.replica(asked.partition).map(Replica::high_watermark);
            self.follower_fetched(now, asked.partition, follower, at, previous_fetch, fx);
            if before != self.replica(asked.partition).map(Replica::high_watermark) {
                let session = &mut self.sessions.list[number as usize];
                session.parts[slot as usize].stale = before.unwrap_or(NO_OFFSET);
                session.moved.push(slot);
            }
        }
        false
    }

    /// The part of a session that a partition is. Its replica knows; one that does not is searched for.
    fn part_of(&self, number: u32, partition: TopicPartition) -> Option<usize> {
        let watchers = self.replica(partition).map_or(&[][..], |replica| &replica.watchers);
        let known = watchers.iter().find(|watcher| watcher.session == number);
        let parts = &self.sessions.list[number as usize].parts;
        let search = || parts.iter().position(|part| part.partition == partition);
        known.map(|watcher| watcher.part as usize).or_else(search)
    }

    /// Where a request's offset stands in the log, or what is wrong: `Err(None)` means the logs diverge.
    fn locate(
        &self,
        asked: &FetchPartition,
        follower: Option<BrokerId>,
        expected: Option<LogPosition>,
    ) -> Result<LogPosition, ErrorCode> {
        let replica = self.leads(asked.partition, asked.current_leader_epoch)?;
        let leading = replica.leading.as_deref().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if let Some(broker) = follower {
            if !leading.followers.iter().any(|known| known.broker == broker) {
                return Err(ErrorCode::UnknownLeaderEpoch);
            }
            if asked.last_fetched_epoch != NO_EPOCH {
                let end = replica.log.end_of_epoch(asked.last_fetched_epoch);
                let end = end.ok_or(ErrorCode::OffsetOutOfRange)?;
                if asked.fetch_offset < replica.log.start().offset {
                    return Err(ErrorCode::OffsetOutOfRange);
                }
                if end.epoch < asked.last_fetched_epoch || end.end_offset < asked.fetch_offset {
                    return Err(ErrorCode::None);
                }
            }
        }
        if let Some(expected) = expected
            && expected.offset == asked.fetch_offset
            && expected.offset >= replica.log.start().offset
            && expected.offset <= replica.log.end().offset
        {
            return Ok(expected);
        }
        replica.log.position_of(asked.fetch_offset).ok_or(ErrorCode::OffsetOutOfRange)
    }

    /// A follower fetched at `at`: it has everything below (5.2.5).
    fn follower_fetched(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        broker: BrokerId,
        at: LogPosition,
        previous_fetch: SimTime,
        fx: &mut Effects,
    ) {
        let replica = self.replicas[partition.index()].as_deref_mut().expect("located");
        let end = replica.log.end().offset;
        let leading = replica.leading.as_deref_mut().expect("located");
        let Some(follower) = leading.follower_mut(broker) else { return };
        let last_fetch = follower.last_fetch.max(previous_fetch);
        if at.offset >= end {
            follower.last_caught_up = now;
        } else if at.offset >= follower.last_fetch_leader_end {
            follower.last_caught_up = follower.last_caught_up.max(last_fetch);
        }
        follower.last_fetch = now;
        follower.last_fetch_leader_end = follower.last_fetch_leader_end.max(end);
        let moved = follower.log_end != Some(at);
        follower.log_end = Some(at);
        let holds_back = follower.holds_back;
        if !holds_back {
            self.maybe_expand_isr(partition, broker, fx);
        }
        if moved {
            self.try_advance_high_watermark(now, partition, fx);
        }
    }

    /// Answers a session's waiting request with what is new.
    pub(super) fn answer_fetch(&mut self, number: u32, fx: &mut Effects) {
        let session = &mut self.sessions.list[number as usize];
        let Some(waiting) = session.waiting.take() else { return };
        let client = session.client;
        let mut news = std::mem::take(&mut session.news);
        let with_data = if session.available_bytes > 0 { news.len() } else { 0 };
        session.available_bytes = 0;
        let mut response = FetchResponse {
            error: ErrorCode::None,
            partitions: fx.spare.fetched.take(),
            batches: fx.spare.batches.take(),
        };
        response.partitions.reserve(news.len());
        response.batches.reserve(with_data);
        let mut budget = waiting.max_bytes;
        let mut kept = Vec::new();
        for &slot in &news {
            let part = &mut self.sessions.list[number as usize].parts[slot as usize];
            part.has_news = false;
            let stale = part.stale != NO_OFFSET;
            let more = fill(&self.replicas, &self.image, self.id, client, part, &mut budget, &mut response);
            if more > 0 || stale {
                kept.push((slot, more));
            }
        }
        news.clear();
        let session = &mut self.sessions.list[number as usize];
        session.news = news;
        session.forget_stale();
        for (slot, more) in kept {
            session.mark(slot);
            session.available_bytes += more;
        }
        fx.send(client, waiting.correlation, Message::FetchResponse(response));
    }

    pub(super) fn delayed_fetch_due(&mut self, now: SimTime, number: u32, fx: &mut Effects) {
        let Some(session) = self.sessions.list.get_mut(number as usize) else { return };
        session.timer_set = false;
        match session.waiting {
            Some(waiting) if waiting.deadline <= now => self.answer_fetch(number, fx),
            Some(waiting) => {
                session.timer_set = true;
                let generation = self.lifecycle.incarnation;
                let timer = Timer { kind: TimerKind::DelayedFetch, key: number, generation };
                fx.timer(waiting.deadline, timer);
            }
            None => {}
        }
    }

    /// A replica began or ceased to lead: sessions that include it hear of it at once.
    pub(super) fn upset_watchers(&mut self, partition: TopicPartition, fx: &mut Effects) {
        let Some(replica) = self.replicas[partition.index()].as_deref_mut() else { return };
        for watcher in replica.watchers.clone() {
            if self.sessions.upset(watcher) {
                self.answer_fetch(watcher.session, fx);
            }
        }
    }

    pub(super) fn list_offsets(
        &mut self,
        from: NodeId,
        correlation: u32,
        asked: &[(TopicPartition, ListOffsetsAt)],
        fx: &mut Effects,
    ) {
        let listed = asked.iter().map(|&(partition, at)| self.list_offset(partition, at)).collect();
        fx.send(from, correlation, Message::ListOffsetsResponse(listed));
    }

    /// Where the epochs end in the logs this broker leads (`ReplicaManager.lastOffsetForLeaderEpoch`).
    pub(super) fn ends_of_epochs(
        &self,
        from: NodeId,
        correlation: u32,
        asked: &[EpochAsked],
        fx: &mut Effects,
    ) {
        let answers =
            asked.iter().map(|asked| match self.leads(asked.partition, asked.current_leader_epoch) {
                Ok(replica) => {
                    let end = replica.log.end_of_epoch(asked.leader_epoch);
                    EpochAnswered { partition: asked.partition, error: ErrorCode::None, end }
                }
                Err(error) => EpochAnswered { partition: asked.partition, error, end: None },
            });
        fx.send(from, correlation, Message::OffsetForLeaderEpochResponse(answers.collect()));
    }

    /// The replica of a partition this broker leads in the epoch the sender knows.
    fn leads(&self, partition: TopicPartition, current_epoch: u32) -> Result<&Replica, ErrorCode> {
        let replica = self.replica(partition).filter(|replica| replica.leading.is_some());
        let replica = replica.ok_or(ErrorCode::NotLeaderOrFollower)?;
        match current_epoch {
            NO_EPOCH => Ok(replica),
            known if known < replica.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            known if known > replica.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(replica),
        }
    }

    fn list_offset(&self, partition: TopicPartition, at: ListOffsetsAt) -> ListedOffset {
        let mut listed =
            ListedOffset { partition, at, error: ErrorCode::None, offset: None, leader_epoch: NO_EPOCH };
        let leader = self.replica(partition).and_then(|replica| Some((replica, replica.leading.as_deref()?)));
        let Some((replica, leading)) = leader else {
            listed.error = ErrorCode::NotLeaderOrFollower;
            return listed;
        };
        listed.leader_epoch = replica.leader_epoch;
        let high_watermark = leading.high_watermark.offset;
        match at {
            ListOffsetsAt::Earliest => listed.offset = Some(replica.log.start().offset),
            ListOffsetsAt::LogEnd => listed.offset = Some(replica.log.end().offset),
            ListOffsetsAt::Latest if high_watermark < leading.epoch_start => {
                listed.error = ErrorCode::OffsetNotAvailable;
            }
            ListOffsetsAt::Latest => listed.offset = Some(high_watermark),
            ListOffsetsAt::Time(time) => {
                let mut batches = replica.log.batches_from(0).take_while(|b| b.base_offset < high_watermark);
                let batch = batches.find(|batch| batch.max_time() >= time);
                listed.offset = batch.map(|batch| {
                    let n = (0..batch.count).find(|&n| batch.record_time(n) >= time).unwrap_or(0);
                    batch.base_offset + u64::from(n)
                });
            }
        }
        listed
    }
}

/// Adds one part to a response; returns how many bytes it still has after that.
fn fill(
    replicas: &[Option<Box<Replica>>],
    image: &crate::metadata::MetadataImage,
    own: BrokerId,
    client: NodeId,
    part: &mut Part,
    budget: &mut u64,
    response: &mut FetchResponse,
) -> u64 {
    let partition = part.partition;
    let mut fetched = FetchedPartition {
        partition,
        batches: 0,
        error: part.error,
        high_watermark: 0,
        log_start_offset: 0,
        diverging: None,
        leader: None,
    };
    let replica = replicas.get(partition.index()).and_then(Option::as_deref);
    let leader = replica.and_then(|replica| Some((replica, replica.leading.as_deref()?)));
    let Some((replica, leading)) = leader else {
        fetched.error = ErrorCode::NotLeaderOrFollower;
        fetched.leader = leader_hint(image, partition).filter(|&(leader, _)| leader != own);
        response.partitions.push(fetched);
        return 0;
    };
    fetched.high_watermark = if part.stale == NO_OFFSET { leading.high_watermark.offset } else { part.stale };
    fetched.log_start_offset = replica.log.start().offset;
    if part.diverging {
        fetched.diverging = replica.log.end_of_epoch(part.last_fetched_epoch);
        response.partitions.push(fetched);
        return 0;
    }
    if part.current_leader_epoch != NO_EPOCH && part.current_leader_epoch < replica.leader_epoch {
        fetched.error = ErrorCode::FencedLeaderEpoch;
    }
    if fetched.error != ErrorCode::None {
        response.partitions.push(fetched);
        return 0;
    }
    let follower = matches!(client, NodeId::Broker(_));
    let limit = if follower { replica.log.end() } else { leading.high_watermark };
    let before = response.batches.len();
    let first = response.batches.is_empty();
    let max_bytes = (*budget).min(u64::from(part.max_bytes));
    let next = replica.log.read(part.at, limit, max_bytes, first, &mut response.batches);
    fetched.batches = (response.batches.len() - before) as u32;
    let bytes = next.position - part.at.position;
    let records = (next.offset - part.at.offset) as u32;
    part.sent = Stretch { records, batches: fetched.batches, bytes: bytes as u32 };
    *budget = budget.saturating_sub(bytes);
    response.partitions.push(fetched);
    limit.position.saturating_sub(next.position).min(u64::from(part.max_bytes))
}
