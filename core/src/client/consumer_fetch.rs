//! A consumer's partitions: where each starts, from whom it is fetched, what is buffered.
//!
//! This is where a consumer spends its time. A response costs what it names: each partition is found by one
//! look into a table, batches move into the partition's queue, and the next request names only partitions
//! whose position moved.
use super::consumer::{Consumer, NO_SLOT, OwnedPartition, Request};
use crate::config::AutoOffsetReset;
use crate::kernel::{Digest, SimTime};
use crate::log::{Batch, CommitRecord, EpochEnd};
use crate::metadata::{BrokerId, NO_OFFSET, TopicPartition};
use crate::node::Effects;
use crate::trace::Fact;
use crate::wire::{
    EpochAnswered, EpochAsked, ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition,
    LeaderHint, ListOffsetsAt, ListedOffset, Message, NO_EPOCH, NodeId,
};
use std::collections::VecDeque;

/// What is known of a partition's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// The group may have a committed offset.
    Uncommitted,
    /// `auto.offset.reset` decides.
    Reset,
    /// There is one, and a leader it was not yet checked against (KIP-320): nothing is fetched or polled.
    Unchecked,
    /// There is one.
    Position,
}

/// A partition this consumer owns.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Slot {
    pub(super) partition: TopicPartition,
    pub(super) settled: Settled,
    /// The next offset to poll; while there is none to use, the one that could not be used.
    pub(super) position: u64,
    /// Leader epoch of the last record polled, or that the commit named: [`NO_EPOCH`] after a reset.
    pub(super) consumed_epoch: u32,
    /// The leader and epoch the position is good for.
    checked: LeaderHint,
    pub(super) committed: u64,
    high_watermark: u64,
    /// Fetched and not yet polled; the first may be polled in part.
    pub(super) buffer: VecDeque<Batch>,
    /// Whom it is fetched from; `None` while it has no position, or no leader is known.
    broker: Option<BrokerId>,
    leader_epoch: u32,
    /// The offset last asked for.
    asked: u64,
    /// It is among those the next request names.
    named: bool,
    /// Whom ListOffsets or OffsetForLeaderEpoch was sent to.
    listing: Option<BrokerId>,
    /// Neither is sent before this moment.
    list_at: SimTime,
}

/// A fetch session with a broker (KIP-227), as the client keeps it.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    /// The broker knows the partitions; a request says what changed.
    open: bool,
    in_flight: bool,
    /// Slots fetched from this broker.
    slots: u32,
    /// Those with buffered records.
    buffered: u32,
    /// Slots to name in the next request.
    named: Vec<u32>,
    forgotten: Vec<TopicPartition>,
}

impl Slot {
    fn new(partition: TopicPartition) -> Self {
        Slot {
            partition,
            settled: Settled::Uncommitted,
            position: NO_OFFSET,
            consumed_epoch: NO_EPOCH,
            checked: None,
            committed: NO_OFFSET,
            high_watermark: 0,
            buffer: VecDeque::new(),
            broker: None,
            leader_epoch: NO_EPOCH,
            asked: NO_OFFSET,
            named: false,
            listing: None,
            list_at: SimTime::ZERO,
        }
    }

    pub(super) fn buffered(&self) -> u64 {
        let (Some(first), Some(last)) = (self.buffer.front(), self.buffer.back()) else { return 0 };
        last.end_offset() - self.position.max(first.base_offset)
    }

    pub(super) fn view(&self) -> OwnedPartition {
        OwnedPartition {
            partition: self.partition,
            position: matches!(self.settled, Settled::Position | Settled::Unchecked).then_some(self.position),
            committed: (self.committed != NO_OFFSET).then_some(self.committed),
            high_watermark: self.high_watermark,
            buffered: self.buffered(),
        }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.partition.0);
        digest.u32(self.settled as u32);
        digest.u64(self.position);
        digest.u32(self.consumed_epoch);
        digest.u32(self.checked.map_or(NO_EPOCH, |(_, epoch)| epoch));
        digest.u64(self.committed);
        digest.u64(self.high_watermark);
        digest.u64(self.buffer.len() as u64);
        digest.u64(self.buffered());
        digest.u32(self.broker.map_or(0, |broker| broker.0));
        digest.u32(self.leader_epoch);
        digest.u64(self.asked);
        digest.u32(self.listing.map_or(0, |broker| broker.0));
        digest.u64(self.list_at.0);
    }
}

impl Session {
    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.bool(self.open);
        digest.bool(self.in_flight);
        digest.u64(self.named.len() as u64);
        self.named.iter().for_each(|&slot| digest.u32(slot));
        digest.u64(self.forgotten.len() as u64);
    }
}

impl Consumer {
    // --- owning partitions ---

    pub(super) fn drop_partitions(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        for slot in self.slots.drain(..) {
            self.slot_of[slot.partition.index()] = NO_SLOT;
        }
        for session in &mut self.sessions {
            session.open = false;
            session.slots = 0;
            session.buffered = 0;
            session.named.clear();
            session.forgotten.clear();
        }
        self.unsettled = 0;
        self.unplaced = 0;
        self.offset_fetch_in_flight = false;
        self.offset_failures = 0;
        self.place_at = SimTime::NEVER;
        self.ready.clear();
        self.polled.clear();
    }

    /// Owns these, in ascending order, with no position yet.
    pub(super) fn own_partitions(&mut self, partitions: &[TopicPartition]) {
        self.drop_partitions();
        if let Some(last) = partitions.last()
            && self.slot_of.len() <= last.index()
        {
            self.slot_of.resize(last.index() + 1, NO_SLOT);
        }
        for (at, &partition) in (0..).zip(partitions) {
            self.slot_of[partition.index()] = at;
            self.slots.push(Slot::new(partition));
        }
        self.unsettled = self.slots.len() as u32;
    }

    pub(super) fn has_positions(&self) -> bool {
        (self.unsettled as usize) < self.slots.len()
    }

    /// What a commit says: every position.
    pub(super) fn positions(&self) -> Vec<CommitRecord> {
        let settled = self.slots.iter().filter(|slot| slot.settled == Settled::Position);
        settled
            .map(|slot| CommitRecord {
                partition: slot.partition.0,
                offset: slot.position,
                leader_epoch: slot.consumed_epoch,
            })
            .collect()
    }

    // --- positions ---

    /// Finds out where partitions without a position start.
    pub(super) fn settle_positions(&mut self, now: SimTime, fx: &mut Effects) {
        if self.slots.iter().any(|slot| slot.settled == Settled::Uncommitted) {
            self.fetch_committed(now, fx);
        }
        if self.slots.iter().any(|slot| slot.settled == Settled::Reset) {
            self.list_offsets(now, fx);
        }
        if self.slots.iter().any(|slot| slot.settled == Settled::Unchecked) {
            self.check_positions(now, fx);
        }
    }

    fn fetch_committed(&mut self, now: SimTime, fx: &mut Effects) {
        if self.offset_fetch_in_flight {
            return;
        }
        if self.offset_fetch_at > now {
            self.wake(now, self.offset_fetch_at, fx);
            return;
        }
        let Some(broker) = self.reachable_coordinator(now, fx) else { return };
        let unknown = self.slots.iter().filter(|slot| slot.settled == Settled::Uncommitted);
        let partitions = unknown.map(|slot| slot.partition).collect();
        let request = Message::OffsetFetch { group: self.spec.group, partitions };
        self.network.send(now, broker, request, Request::OffsetFetch { epoch: self.epoch }, fx);
        self.offset_fetch_in_flight = true;
    }

    pub(super) fn offset_fetch_failed(&mut self, now: SimTime) {
        let wait = self.backoff_ms(self.offset_failures);
        self.offset_failures = self.offset_failures.saturating_add(1);
        self.offset_fetch_at = now.plus_ms(wait);
        self.offset_fetch_in_flight = false;
    }

    pub(super) fn offsets_fetched(
        &mut self,
        now: SimTime,
        offsets: Result<Vec<CommitRecord>, ErrorCode>,
        fx: &mut Effects,
    ) {
        let offsets = match offsets {
            Ok(offsets) => offsets,
            Err(error) => {
                self.coordinator_error(now, error);
                return self.offset_fetch_failed(now);
            }
        };
        self.offset_fetch_in_flight = false;
        self.offset_failures = 0;
        for offset in offsets {
            let Some(at) = self.slot(TopicPartition(offset.partition)) else { continue };
            let slot = &mut self.slots[at as usize];
            slot.committed = offset.offset;
            slot.consumed_epoch = offset.leader_epoch;
            if slot.settled == Settled::Uncommitted {
                self.settle(now, at, offset.offset);
            }
        }
        for at in 0..self.slots.len() as u32 {
            if self.slots[at as usize].settled == Settled::Uncommitted {
                self.reset(at, ErrorCode::NoOffsetForPartition, fx);
            }
        }
        if self.unplaced > 0 {
            self.network.request_refresh(now, fx);
        }
    }

    /// The partition has a position: it can be fetched.
    fn settle(&mut self, now: SimTime, at: u32, position: u64) {
        let slot = &mut self.slots[at as usize];
        slot.settled = Settled::Position;
        slot.position = position;
        self.unsettled -= 1;
        self.unplaced += 1;
        self.place(now, at);
    }

    /// The position cannot be used: `auto.offset.reset` says what then.
    fn reset(&mut self, at: u32, error: ErrorCode, fx: &mut Effects) {
        self.withdraw(at);
        self.discard(at);
        let slot = &mut self.slots[at as usize];
        if slot.settled == Settled::Position {
            self.unsettled += 1;
            self.unplaced -= 1;
        }
        slot.settled = Settled::Reset;
        slot.list_at = SimTime::ZERO;
        if self.spec.config.auto_offset_reset == AutoOffsetReset::None {
            let partition = slot.partition;
            self.fail(Some(partition), error, fx);
        }
    }

    fn list_offsets(&mut self, now: SimTime, fx: &mut Effects) {
        let what = match self.spec.config.auto_offset_reset {
            AutoOffsetReset::Earliest => ListOffsetsAt::Earliest,
            AutoOffsetReset::Latest => ListOffsetsAt::Latest,
            AutoOffsetReset::ByDuration(ms) => {
                ListOffsetsAt::Time(SimTime(now.0.saturating_sub(ms.saturating_mul(1_000))))
            }
            AutoOffsetReset::None => return,
        };
        for (leader, slots) in self.questions(now, Settled::Reset, fx) {
            let asked = slots.iter().map(|&at| (self.slots[at as usize].partition, what)).collect();
            let tag = Request::ListOffsets { epoch: self.epoch };
            self.network.send(now, leader, Message::ListOffsets(asked), tag, fx);
        }
    }

    /// Asks the leaders how far the epochs of the last records reach in their logs (KIP-320).
    fn check_positions(&mut self, now: SimTime, fx: &mut Effects) {
        for (leader, slots) in self.questions(now, Settled::Unchecked, fx) {
            let asked = slots.iter().map(|&at| {
                let slot = &self.slots[at as usize];
                let current_leader_epoch = self.network.leader_epoch(slot.partition).unwrap_or(NO_EPOCH);
                let leader_epoch = slot.consumed_epoch;
                EpochAsked { partition: slot.partition, current_leader_epoch, leader_epoch }
            });
            let asked = Message::OffsetForLeaderEpoch(asked.collect());
            let tag = Request::OffsetForLeaderEpoch { epoch: self.epoch };
            self.network.send(now, leader, asked, tag, fx);
        }
    }

    /// The leaders to ask now about the slots in that state, each with its slots; marks them as asked.
    fn questions(&mut self, now: SimTime, state: Settled, fx: &mut Effects) -> Vec<(BrokerId, Vec<u32>)> {
        let mut due: Vec<(BrokerId, u32)> = Vec::new();
        let mut wake = SimTime::NEVER;
        let mut leaderless = false;
        for (at, slot) in (0..).zip(&self.slots) {
            if slot.settled != state || slot.listing.is_some() {
                continue;
            }
            let Some((leader, _)) = self.network.leader(slot.partition) else {
                leaderless = true;
                continue;
            };
            let ready_at = self.network.ready_at(leader).max(slot.list_at);
            if ready_at > now {
                wake = wake.min(ready_at);
            } else {
                due.push((leader, at));
            }
        }
        if leaderless {
            self.network.request_refresh(now, fx);
        }
        if wake != SimTime::NEVER {
            self.wake(now, wake, fx);
        }
        due.sort_unstable();
        for &(leader, at) in &due {
            self.slots[at as usize].listing = Some(leader);
        }
        let groups = due.chunk_by(|a, b| a.0 == b.0);
        groups.map(|group| (group[0].0, group.iter().map(|&(_, at)| at).collect())).collect()
    }

    pub(super) fn question_failed(&mut self, now: SimTime, broker: BrokerId) {
        let again = now.plus_ms(self.spec.config.retry_backoff_ms);
        for slot in self.slots.iter_mut().filter(|slot| slot.listing == Some(broker)) {
            slot.listing = None;
            slot.list_at = again;
        }
    }

    pub(super) fn offsets_listed(
        &mut self,
        now: SimTime,
        from: NodeId,
        listed: &[ListedOffset],
        fx: &mut Effects,
    ) {
        let config = self.spec.config.clone();
        for answer in listed {
            let Some(at) = self.slot(answer.partition) else { continue };
            let slot = &mut self.slots[at as usize];
            if slot.settled != Settled::Reset || slot.listing.is_none_or(|asked| NodeId::from(asked) != from)
            {
                continue;
            }
            slot.listing = None;
            match (answer.error, answer.offset) {
                (ErrorCode::None, Some(to)) => {
                    let before = (slot.position != NO_OFFSET).then_some(slot.position);
                    // Without an epoch it needs no checking (`OffsetFetcherUtils.resetPositionIfNeeded`).
                    slot.consumed_epoch = NO_EPOCH;
                    slot.checked = None;
                    let (consumer, partition) = (self.spec.index, slot.partition);
                    fx.report(|| Fact::OffsetReset { consumer, partition, from: before, to });
                    self.settle(now, at, to);
                }
                // No record is that young: asked again much later.
                (ErrorCode::None, None) => slot.list_at = now.plus_ms(config.request_timeout_ms),
                _ => {
                    slot.list_at = now.plus_ms(config.retry_backoff_ms);
                    self.network.request_refresh(now, fx);
                }
            }
        }
        if self.unplaced > 0 {
            self.network.request_refresh(now, fx);
        }
    }

    /// The leaders' answers (`SubscriptionState.maybeCompleteValidation`).
    pub(super) fn positions_checked(
        &mut self,
        now: SimTime,
        from: NodeId,
        answers: &[EpochAnswered],
        fx: &mut Effects,
    ) {
        for answer in answers {
            let Some(at) = self.slot(answer.partition) else { continue };
            let slot = &mut self.slots[at as usize];
            let asked = slot.listing.filter(|&asked| NodeId::from(asked) == from);
            if slot.settled != Settled::Unchecked || asked.is_none() {
                continue;
            }
            slot.listing = None;
            let leader = self.network.leader(answer.partition);
            if answer.error != ErrorCode::None || leader.map(|(broker, _)| broker) != asked {
                slot.list_at = now.plus_ms(self.spec.config.retry_backoff_ms);
                self.network.request_refresh(now, fx);
                continue;
            }
            slot.checked = leader;
            let position = slot.position;
            match answer.end {
                Some(end) if end.end_offset >= position => self.settle(now, at, position),
                Some(end) => self.go_back(now, at, end, fx),
                None => self.reset(at, ErrorCode::OffsetOutOfRange, fx),
            }
        }
        if self.unplaced > 0 {
            self.network.request_refresh(now, fx);
        }
    }

    /// The leader's log does not have what was read: goes on where the logs part, if `auto.offset.reset` says
    /// anything at all.
    fn go_back(&mut self, now: SimTime, at: u32, end: EpochEnd, fx: &mut Effects) {
        if self.spec.config.auto_offset_reset == AutoOffsetReset::None {
            return self.reset(at, ErrorCode::OffsetOutOfRange, fx);
        }
        self.discard(at);
        let slot = &mut self.slots[at as usize];
        slot.consumed_epoch = end.epoch;
        let (consumer, partition, from) = (self.spec.index, slot.partition, slot.position);
        fx.report(|| Fact::WentBack { consumer, partition, from, to: end.end_offset });
        self.settle(now, at, end.end_offset);
    }

    // --- who is fetched from whom ---

    fn session(&mut self, broker: BrokerId) -> &mut Session {
        if self.sessions.len() <= broker.index() {
            self.sessions.resize_with(broker.index() + 1, Session::default);
        }
        &mut self.sessions[broker.index()]
    }

    /// Newer metadata, or time to try again.
    pub(super) fn place_all(&mut self, now: SimTime) {
        self.place_at = SimTime::NEVER;
        for at in 0..self.slots.len() as u32 {
            if self.slots[at as usize].settled == Settled::Position {
                self.place(now, at);
            }
        }
    }

    /// Fetches a partition with a position from its leader, as far as one is known.
    fn place(&mut self, _now: SimTime, at: u32) {
        let slot = &self.slots[at as usize];
        let leader = self.network.leader(slot.partition);
        if leader.is_some() && leader == slot.broker.map(|broker| (broker, slot.leader_epoch)) {
            return;
        }
        if slot.broker != leader.map(|leader| leader.0) {
            self.withdraw(at);
        }
        let Some((broker, epoch)) = leader else { return };
        let slot = &mut self.slots[at as usize];
        if slot.consumed_epoch != NO_EPOCH && slot.checked != leader {
            return self.uncheck(at);
        }
        slot.checked = leader;
        slot.leader_epoch = epoch;
        if slot.broker.is_none() {
            slot.broker = Some(broker);
            let buffered = u32::from(!slot.buffer.is_empty());
            self.unplaced -= 1;
            let session = self.session(broker);
            session.slots += 1;
            session.buffered += buffered;
        }
        self.name(at);
    }

    /// Another leader: the position is not used until it is checked.
    fn uncheck(&mut self, at: u32) {
        self.withdraw(at);
        self.unsettled += 1;
        self.unplaced -= 1;
        let slot = &mut self.slots[at as usize];
        slot.settled = Settled::Unchecked;
        slot.listing = None;
        slot.list_at = SimTime::ZERO;
    }

    /// Fetches the partition from nobody. What is buffered stays good.
    fn withdraw(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        let Some(broker) = slot.broker.take() else { return };
        slot.named = false;
        slot.asked = NO_OFFSET;
        let (partition, buffered) = (slot.partition, u32::from(!slot.buffer.is_empty()));
        self.unplaced += 1;
        let session = &mut self.sessions[broker.index()];
        session.slots -= 1;
        session.buffered -= buffered;
        session.named.retain(|&named| named != at);
        if session.open {
            session.forgotten.push(partition);
        }
    }

    /// Throws away what is buffered of a partition that is fetched from nobody.
    fn discard(&mut self, at: u32) {
        self.slots[at as usize].buffer.clear();
        self.ready.retain(|&ready| ready != at);
    }

    /// The next request names the partition.
    #[inline]
    fn name(&mut self, at: u32) {
        let slot = &mut self.slots[at as usize];
        if let Some(broker) = slot.broker
            && !slot.named
        {
            slot.named = true;
            self.sessions[broker.index()].named.push(at);
        }
    }

    /// The application took all that was buffered of a partition.
    #[inline]
    pub(super) fn drained(&mut self, at: u32) {
        if let Some(broker) = self.slots[at as usize].broker {
            self.sessions[broker.index()].buffered -= 1;
            self.name(at);
        }
    }

    // --- fetching ---

    /// Asks every broker that has none of this consumer's requests and none of its records left (R-K1).
    pub(super) fn send_fetches(&mut self, now: SimTime, fx: &mut Effects) {
        if self.place_at <= now {
            self.place_all(now);
        } else if self.place_at != SimTime::NEVER {
            self.wake(now, self.place_at, fx);
        }
        for at in 0..self.sessions.len() {
            let session = &self.sessions[at];
            if session.in_flight || session.slots == 0 || session.buffered > 0 {
                continue;
            }
            let broker = BrokerId(at as u32 + 1);
            let ready_at = self.network.ready_at(broker);
            if ready_at > now {
                self.wake(now, ready_at, fx);
            } else {
                self.send_fetch(now, broker, fx);
            }
        }
    }

    fn send_fetch(&mut self, now: SimTime, broker: BrokerId, fx: &mut Effects) {
        let config = &self.spec.config;
        let session = &mut self.sessions[broker.index()];
        let full = !session.open;
        session.open = true;
        session.in_flight = true;
        let of = |slot: &mut Slot| {
            slot.named = false;
            slot.asked = slot.position;
            FetchPartition {
                partition: slot.partition,
                current_leader_epoch: slot.leader_epoch,
                fetch_offset: slot.position,
                log_start_offset: 0,
                last_fetched_epoch: NO_EPOCH,
                max_bytes: config.max_partition_fetch_bytes,
            }
        };
        let mut partitions = fx.spare.asked.take();
        if full {
            session.forgotten.clear();
            partitions.extend(self.slots.iter_mut().filter(|slot| slot.broker == Some(broker)).map(of));
        } else {
            partitions.extend(session.named.iter().map(|&at| of(&mut self.slots[at as usize])));
        }
        session.named.clear();
        let request = FetchRequest {
            broker_epoch: None,
            max_wait_ms: config.fetch_max_wait_ms.min(u64::from(u32::MAX)) as u32,
            min_bytes: config.fetch_min_bytes,
            max_bytes: config.fetch_max_bytes,
            full,
            partitions,
            forgotten: std::mem::take(&mut session.forgotten),
        };
        let tag = Request::Fetch { epoch: self.epoch };
        self.network.send(now, broker, Message::Fetch(request), tag, fx);
    }

    pub(super) fn fetch_failed(&mut self, broker: BrokerId) {
        let session = self.session(broker);
        session.in_flight = false;
        session.open = false;
    }

    pub(super) fn fetched(
        &mut self,
        now: SimTime,
        from: NodeId,
        epoch: u32,
        mut response: FetchResponse,
        fx: &mut Effects,
    ) {
        let NodeId::Broker(id) = from else { return };
        let broker = BrokerId(u32::from(id));
        let session = self.session(broker);
        session.in_flight = false;
        if response.error != ErrorCode::None {
            session.open = false;
        }
        if epoch != self.epoch || response.error != ErrorCode::None {
            return;
        }
        let mut batches = response.batches.drain(..);
        for fetched in &response.partitions {
            let of_partition = batches.by_ref().take(fetched.batches as usize);
            let found = self.slot_of.get(fetched.partition.index()).copied();
            let slot = found.and_then(|at| self.slots.get_mut(at as usize));
            // Also not if it is fetched from elsewhere by now, or from another offset (R-K8).
            let Some(slot) = slot.filter(|slot| slot.broker == Some(broker) && slot.asked == slot.position)
            else {
                of_partition.for_each(drop);
                continue;
            };
            if fetched.error != ErrorCode::None {
                of_partition.for_each(drop);
                self.fetch_error(now, fetched, fx);
                continue;
            }
            slot.high_watermark = fetched.high_watermark;
            if fetched.batches > 0 {
                slot.buffer.extend(of_partition);
                self.sessions[broker.index()].buffered += 1;
                self.ready.extend(found);
            }
        }
        drop(batches);
        fx.spare.batches.give(response.batches);
        fx.spare.fetched.give(response.partitions);
    }

    fn fetch_error(&mut self, now: SimTime, fetched: &FetchedPartition, fx: &mut Effects) {
        let Some(at) = self.slot(fetched.partition) else { return };
        if fetched.error == ErrorCode::OffsetOutOfRange {
            return self.reset(at, ErrorCode::OffsetOutOfRange, fx);
        }
        self.withdraw(at);
        if self.network.learn_leader(fetched.partition, fetched.leader) {
            self.place(now, at);
        } else if fetched.error == ErrorCode::UnknownLeaderEpoch {
            let again = now.plus_ms(self.spec.config.retry_backoff_ms);
            self.place_at = self.place_at.min(again);
        }
        if fetched.error != ErrorCode::UnknownLeaderEpoch {
            self.network.request_refresh(now, fx);
        }
    }
}
