//! What `send` does: records join open batches, batches take memory, the partitioner turns.
//!
//! Records of one shared stream go where the partitioner points, one partition at a time; records with keys,
//! and those sent round robin, come in one stream a partition. Either way a batch is looked at when something
//! about it changes, not when a record joins it.
use super::accumulator::{Fill, Open, Parcel, Place, Source, Stop};
use super::arrivals::Stream;
use super::producer::Producer;
use crate::assign::murmur2::partition_for_key;
use crate::assign::record_size::RecordShape;
use crate::assign::sticky_partitioner::{self, LoadStats, StickyPartitioner, TopicView};
use crate::kernel::{Digest, Purpose, SimTime};
use crate::log::{Batch, NO_PRODUCER, NO_SEQUENCE, Payload, TypedRecord};
use crate::node::Effects;
use crate::trace::Fact;
use crate::wire::ErrorCode;
use std::sync::Arc;

const TURN: Purpose = Purpose::new("sticky partition");
const TYPED: Purpose = Purpose::new("partition of a typed record");
/// How far ahead a batch that may be sent already is looked at.
const LOOK_AHEAD_MS: u64 = 1_000;

/// The shared stream and the partitioner that leads it.
#[derive(Clone, Debug)]
pub(super) struct Sticky {
    pub stream: Stream,
    partitioner: StickyPartitioner,
    /// The partition that records join now.
    pub target: Option<u32>,
    /// When something changes next: a batch is opened or full, the partitioner turns.
    pub event: SimTime,
    /// What will have joined the open batch by then.
    foreseen: Option<Box<Foreseen>>,
}

/// A fill that was worked out before its moment: it need not be again, unless something else happened meanwhile.
#[derive(Clone, Debug)]
struct Foreseen {
    at: SimTime,
    place: Place,
    fill: Fill,
    cursor: Stream,
}

impl Sticky {
    pub(super) fn new(stream: Stream, batch_size: u32, now: SimTime) -> Self {
        let partitioner = StickyPartitioner::new(batch_size);
        Sticky { stream, partitioner, target: None, event: now, foreseen: None }
    }

    /// Keeps what joins by `at`, in the room that is there.
    fn foresee(&mut self, at: SimTime, place: Place, foreseen: Option<(Fill, Stream)>) {
        let Some((fill, cursor)) = foreseen else { return };
        let foreseen = Foreseen { at, place, fill, cursor };
        match &mut self.foreseen {
            Some(before) => **before = foreseen,
            None => self.foreseen = Some(Box::new(foreseen)),
        }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        self.stream.digest(digest);
        digest.u32(self.target.unwrap_or(u32::MAX));
        digest.u64(self.partitioner.bytes_to_forced_switch());
        digest.u64(self.event.0);
    }
}

/// A `send` that waits for memory.
#[derive(Clone, Debug)]
pub(super) struct Blocked {
    /// Where its record goes.
    pub partition: u32,
    /// Since when, which is also the record's creation.
    pub since: SimTime,
    /// When it gives up (`max.block.ms`).
    pub until: SimTime,
    /// How much it needs.
    pub memory: u64,
}

impl Blocked {
    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.partition);
        digest.u64(self.since.0);
        digest.u64(self.until.0);
        digest.u64(self.memory);
    }
}

impl Producer {
    /// Brings everything that depends on the order of records up to `now`.
    pub(super) fn advance(&mut self, now: SimTime, fx: &mut Effects) {
        while self.sticky.as_ref().is_some_and(|sticky| sticky.event <= now) {
            if self.clock.is_stopped() || self.stopping {
                return;
            }
            self.step(now, fx);
        }
        if self.exhausted_at <= now {
            self.open_in_order(now, fx);
        }
    }

    // --- the shared stream ---

    /// One change in the shared stream's progress.
    fn step(&mut self, now: SimTime, fx: &mut Effects) {
        let Some(partition) = self.target(now, fx) else { return };
        let turn = self.bytes_to_turn(partition);
        let Some((source, _)) = self.source(partition) else { return };
        let Some(open) = &self.queues[partition as usize].open else { return };
        let (fill, cursor) = self.fill_shared(now, partition, &source, open, turn);
        let horizon = self.horizon(now, partition, open);
        self.join_shared(now, partition, fill, cursor);
        match fill.stop {
            Stop::Time => {
                let turn = self.bytes_to_turn(partition);
                let Some((source, _)) = self.source(partition) else { return };
                let Some(open) = &self.queues[partition as usize].open else { return };
                let place = source.place(partition, open, turn);
                let foreseen = source.foresee(partition, open, horizon, turn);
                let next = foreseen.as_ref().and_then(|(fill, _)| fill.stop.at()).unwrap_or(horizon);
                if let Some(sticky) = &mut self.sticky {
                    sticky.event = next.max(now.plus_us(1));
                    sticky.foresee(next, place, foreseen);
                }
            }
            Stop::NoRoom(_) | Stop::Full(_) => {
                self.close(partition);
                self.schedule(now, partition);
            }
            Stop::Turn(_) => {}
            Stop::TooLarge(_) => self.skip_shared(partition, 1, ErrorCode::MessageTooLarge, fx),
        }
    }

    /// What joins the open batch by now: as it was foreseen, or worked out anew.
    fn fill_shared(
        &self,
        now: SimTime,
        partition: u32,
        source: &Source<'_>,
        open: &Open,
        turn: u64,
    ) -> (Fill, Stream) {
        let work_out = || source.fill(partition, open, now, turn);
        let is_now =
            |known: &&Foreseen| known.at == now && known.place == source.place(partition, open, turn);
        let foreseen = self.sticky.as_ref().and_then(|sticky| sticky.foreseen.as_deref());
        match foreseen.filter(is_now) {
            Some(Foreseen { fill, cursor, .. }) => {
                debug_assert!(work_out() == (*fill, cursor.clone()), "what was foreseen is what comes");
                (*fill, cursor.clone())
            }
            None => work_out(),
        }
    }

    fn set_event(&mut self, at: SimTime) {
        if let Some(sticky) = &mut self.sticky {
            sticky.event = at;
        }
    }

    /// How far ahead it is worth knowing when a batch is full. A batch behind another makes that one's linger
    /// end, so then its first record is what matters.
    fn horizon(&self, now: SimTime, partition: u32, open: &Open) -> SimTime {
        if open.base > now && !self.queues[partition as usize].waiting.is_empty() {
            return open.base;
        }
        let due = open.created.plus_ms(self.spec.config.linger_ms);
        if due > now { due } else { now.plus_ms(LOOK_AHEAD_MS) }
    }

    /// Bytes that may still join the target's open batch before the partitioner turns in its middle.
    fn bytes_to_turn(&self, partition: u32) -> u64 {
        let Some(sticky) = &self.sticky else { return u64::MAX };
        let open = self.queues[partition as usize].open.as_ref();
        let header = open.filter(|open| open.count == 0).map_or(0, |open| open.bytes);
        sticky.partitioner.bytes_to_forced_switch().saturating_sub(header)
    }

    /// Records of the shared stream, up to the cursor, join the open batch, and the partitioner learns of it.
    fn join_shared(&mut self, now: SimTime, partition: u32, fill: Fill, cursor: Stream) {
        if fill.records == 0 {
            return;
        }
        let queue = &mut self.queues[partition as usize];
        let header = queue.open.as_ref().filter(|open| open.count == 0).map_or(0, |open| open.bytes);
        queue.join(&fill);
        if header > 0 {
            self.hold(partition);
            self.schedule(now, partition);
        }
        if let Some(sticky) = &mut self.sticky {
            sticky.stream = cursor;
        }
        self.count_appended(header + fill.bytes, matches!(fill.stop, Stop::Full(_)));
    }

    /// Tells the partitioner of bytes appended, and follows it.
    fn count_appended(&mut self, bytes: u64, complete: bool) {
        self.ask_partitioner(|partitioner, view, draw| {
            partitioner.appended(bytes, complete, view, draw);
            partitioner.current(view, draw)
        });
    }

    /// Asks the partitioner, which may draw among the partitions.
    fn ask_partitioner(
        &mut self,
        ask: impl FnOnce(&mut StickyPartitioner, TopicView, &mut dyn FnMut(u64) -> u32) -> u32,
    ) -> u32 {
        let Some(mut partitioner) = self.sticky.as_ref().map(|sticky| sticky.partitioner.clone()) else {
            return 0;
        };
        let view = TopicView { partitions: self.queues.len() as u32, available: &self.available };
        let mut draw = |ordinal| self.pick((self.draws.at(TURN, ordinal).0 >> 33) as u32);
        let target = ask(&mut partitioner, view, &mut draw);
        if let Some(sticky) = &mut self.sticky {
            sticky.partitioner = partitioner;
            sticky.target = Some(target);
        }
        target
    }

    /// Turns a random number into one that makes an even choice among the available partitions fall as their
    /// load wants it (`partitioner.adaptive.partitioning.enable`).
    pub(super) fn pick(&self, random: u32) -> u32 {
        let config = &self.spec.config;
        let partitions = self.queues.len() as u32;
        if !config.partitioner_adaptive || partitions < 2 || self.used < partitions {
            return random;
        }
        let all_led = self.available.len() as u32 == partitions;
        if all_led && config.partitioner_availability_timeout_ms == 0 {
            return self.pick_by_load(random);
        }
        let timeout = config.partitioner_availability_timeout_ms;
        let queues: Vec<_> = (0..partitions)
            .map(|partition| {
                let queue = &self.queues[partition as usize];
                let batches = queue.batches();
                let lane = queue.lane.and_then(|lane| self.lanes.get(lane as usize));
                let excluded = lane.is_some_and(|lane| {
                    let (ready, drained) = (lane.ready_at.as_ms(), lane.drained_at.as_ms());
                    sticky_partitioner::excluded(batches, ready, drained, timeout)
                });
                sticky_partitioner::Queue { partition, batches, has_leader: queue.lane.is_some(), excluded }
            })
            .collect();
        let Some(load) = LoadStats::from_queues(&queues, partitions) else { return random };
        let picked = load.pick(random);
        self.available.binary_search(&picked).map_or(random, |at| at as u32)
    }

    /// The same as [`LoadStats`] for partitions that all count, most of which hold nothing.
    fn pick_by_load(&self, random: u32) -> u32 {
        let partitions = self.queues.len() as u32;
        let held = |partition: u32| self.queues[partition as usize].batches();
        let longest = self.holding.iter().map(|&partition| held(partition)).max().unwrap_or(0);
        let queued: u32 = self.holding.iter().map(|&partition| held(partition)).sum();
        if queued == longest * partitions {
            return random;
        }
        let weight = longest + 1;
        let mut point = random % (weight * partitions - queued);
        let mut from = 0;
        for &partition in &self.holding {
            let between = (partition - from) * weight;
            if point < between {
                break;
            }
            point -= between;
            let its = weight - held(partition);
            if point < its {
                return partition;
            }
            point -= its;
            from = partition + 1;
        }
        from + point / weight
    }

    /// The partition whose open batch the next record of the shared stream joins; opens one if need be.
    /// `None` if that has to wait: until the next event, or for memory.
    fn target(&mut self, now: SimTime, fx: &mut Effects) -> Option<u32> {
        let mut partition = self.ask_partitioner(|partitioner, view, draw| partitioner.current(view, draw));
        if self.queues[partition as usize].open.is_some() {
            return Some(partition);
        }
        // Its last batch is complete, or there is none: the partitioner may turn before the next record.
        let at = self.source(partition).map(|(source, _)| source.next_at());
        if at.is_none_or(|at| at == SimTime::NEVER) {
            self.set_event(SimTime::NEVER);
        }
        let at = at.filter(|&at| at != SimTime::NEVER)?;
        partition = self.ask_partitioner(|partitioner, view, draw| {
            partitioner.reconsider(view, draw);
            partitioner.current(view, draw)
        });
        if self.queues[partition as usize].open.is_some() {
            return Some(partition);
        }
        let (source, _) = self.source(partition)?;
        let ordinal = self.queues[partition as usize].next_ordinal;
        if source.too_large(partition, ordinal) {
            if at > now {
                self.set_event(at);
            } else {
                let same = source.records.fixed_shape().is_some();
                let come = source.stream.count_by(source.clock.at(now), source.load) - source.stream.next();
                let count = if same { come.max(1) as u32 } else { 1 };
                self.skip_shared(partition, count, ErrorCode::MessageTooLarge, fx);
                if same {
                    // They all are: fail them a few times a second, not one by one.
                    self.set_event(now.plus_ms(LOOK_AHEAD_MS / 4));
                }
            }
            return None;
        }
        let limit = source.batch_limit(partition, ordinal, self.spec.config.batch_size_bytes);
        let free = self.spec.config.buffer_memory_bytes.saturating_sub(self.memory);
        // A batch is opened ahead of its first record unless memory is nearly exhausted.
        if at > now && free < 2 * limit {
            self.set_event(at);
            return None;
        }
        if free < limit {
            self.block(now, partition, at, limit, fx);
            return None;
        }
        self.open(partition, Open::new(ordinal, at, at, limit));
        Some(partition)
    }

    /// Fails the next records of the shared stream.
    fn skip_shared(&mut self, partition: u32, count: u32, error: ErrorCode, fx: &mut Effects) {
        if let Some(sticky) = &mut self.sticky {
            sticky.stream.take(u64::from(count), &self.load);
        }
        self.queues[partition as usize].next_ordinal += u64::from(count);
        self.refuse(partition, count, error, fx);
        // The batch goes on from the next ordinal only if it starts there.
        if let Some(open) = &mut self.queues[partition as usize].open {
            if open.count == 0 {
                self.forget_open(partition);
            } else {
                self.close(partition);
            }
        }
    }

    // --- one stream a partition ---

    /// The batch that the next record of a partition's own stream will open.
    pub(super) fn foreseen(&self, partition: u32, source: &Source<'_>) -> Option<Open> {
        let at = source.next_at();
        if at == SimTime::NEVER {
            return None;
        }
        let ordinal = self.queues[partition as usize].next_ordinal;
        let limit = source.batch_limit(partition, ordinal, self.spec.config.batch_size_bytes);
        Some(Open::new(ordinal, at, at, limit))
    }

    /// Lets every record that came to a partition by `now` join its batches.
    pub(super) fn settle(&mut self, now: SimTime, partition: u32, fx: &mut Effects) {
        let at = partition as usize;
        while self.blocked.is_none() {
            let Some((source, shared)) = self.source(partition) else { return };
            if shared {
                break;
            }
            let open = self.queues[at].open.as_ref();
            if open.is_some_and(|open| open.count > 0) && source.next_at() > now {
                return;
            }
            let Some(open) = open.cloned().or_else(|| self.foreseen(partition, &source)) else {
                return;
            };
            if open.count == 0 {
                if open.base > now {
                    self.queues[at].arrives = open.base;
                    return;
                }
                if source.too_large(partition, open.first_ordinal) {
                    self.skip_own(partition, ErrorCode::MessageTooLarge, fx);
                    continue;
                }
                let free = self.spec.config.buffer_memory_bytes.saturating_sub(self.memory);
                if free < open.limit {
                    self.block(now, partition, open.base, open.limit, fx);
                    return;
                }
            }
            let (fill, cursor) = source.fill(partition, &open, now, u64::MAX);
            if self.queues[at].open.is_none() {
                self.open(partition, open);
                self.queues[at].arrives = SimTime::NEVER;
            }
            self.queues[at].join(&fill);
            if let Some(stream) = self.queues[at].stream.as_deref_mut() {
                *stream = cursor;
            }
            match fill.stop {
                Stop::Time | Stop::Turn(_) => return,
                Stop::NoRoom(_) | Stop::Full(_) => self.close(partition),
                Stop::TooLarge(_) => {
                    self.skip_own(partition, ErrorCode::MessageTooLarge, fx);
                    self.close(partition);
                }
            }
        }
        // The shared stream is settled by `advance`, but for what joined the target since its last event.
        if self.sticky.as_ref().is_some_and(|sticky| sticky.target == Some(partition)) {
            let turn = self.bytes_to_turn(partition);
            let Some((source, _)) = self.source(partition) else { return };
            let Some(open) = &self.queues[at].open else { return };
            let (fill, cursor) = self.fill_shared(now, partition, &source, open, turn);
            self.join_shared(now, partition, fill, cursor);
        }
    }

    fn skip_own(&mut self, partition: u32, error: ErrorCode, fx: &mut Effects) {
        let queue = &mut self.queues[partition as usize];
        if let Some(stream) = &mut queue.stream {
            stream.take(1, &self.load);
        }
        queue.next_ordinal += 1;
        self.refuse(partition, 1, error, fx);
    }

    /// The same for every partition.
    pub(super) fn settle_all(&mut self, now: SimTime, fx: &mut Effects) {
        for partition in 0..self.queues.len() as u32 {
            self.settle(now, partition, fx);
        }
    }

    /// Near exhaustion it matters in which order batches are opened: the one too many blocks.
    fn open_in_order(&mut self, now: SimTime, fx: &mut Effects) {
        self.exhausted_at = SimTime::NEVER;
        let mut coming: Vec<(SimTime, u32)> = (0..)
            .zip(&self.queues)
            .filter(|(_, queue)| queue.open.is_none() && queue.arrives <= now)
            .map(|(partition, queue)| (queue.arrives, partition))
            .collect();
        coming.sort_unstable();
        for (_, partition) in coming {
            self.settle(now, partition, fx);
        }
    }

    /// Foresees when memory will be short: when one more partition opens a batch than there is memory for.
    pub(super) fn foresee_exhaustion(&mut self) {
        self.exhausted_at = SimTime::NEVER;
        if self.sticky.is_some() || self.blocked.is_some() || self.stopping {
            return;
        }
        let config = &self.spec.config;
        let free = config.buffer_memory_bytes.saturating_sub(self.memory);
        let each = u64::from(config.batch_size_bytes.max(1));
        let batches = (free / each) as usize;
        if batches >= self.queues.len() {
            return;
        }
        let closed = self.queues.iter().filter(|queue| queue.open.is_none());
        let mut coming: Vec<SimTime> = closed.map(|queue| queue.arrives).collect();
        if coming.len() > batches {
            self.exhausted_at = *coming.select_nth_unstable(batches).1;
        }
    }

    /// The future of every stream changed: no batch is open ahead of its record any more, and all is
    /// foreseen again.
    pub(super) fn foresee_again(&mut self, now: SimTime) {
        self.drop_future();
        self.set_event(now);
        for partition in 0..self.queues.len() as u32 {
            if self.queues[partition as usize].stream.is_some() {
                self.schedule(now, partition);
            }
        }
    }

    /// Forgets the batch that was opened ahead of its first record.
    pub(super) fn drop_future(&mut self) {
        if let Some(target) = self.sticky.as_ref().and_then(|sticky| sticky.target)
            && self.queues[target as usize].open.as_ref().is_some_and(|open| open.count == 0)
        {
            self.forget_open(target);
        }
    }

    fn forget_open(&mut self, partition: u32) {
        if let Some(open) = self.queues[partition as usize].open.take() {
            self.memory -= open.memory;
            self.outstanding -= 1;
        }
    }

    // --- batches ---

    fn open(&mut self, partition: u32, open: Open) {
        self.memory += open.memory;
        self.outstanding += 1;
        let expiry = open.created.plus_ms(self.spec.config.delivery_timeout_ms);
        self.expiry_at = self.expiry_at.min(expiry);
        let queue = &mut self.queues[partition as usize];
        queue.open = Some(open);
        if !queue.used {
            queue.used = true;
            self.used += 1;
        }
    }

    /// Closes the open batch: it takes no more records.
    pub(super) fn close(&mut self, partition: u32) {
        let source = self.source_id();
        let queue = &mut self.queues[partition as usize];
        if let Some(open) = queue.open.take() {
            queue.waiting.push_back(open.close(partition, source));
        }
    }

    /// Keeps count of the partitions that hold batches, for the partitioner.
    pub(super) fn hold(&mut self, partition: u32) {
        if self.sticky.is_some()
            && let Err(at) = self.holding.binary_search(&partition)
        {
            self.holding.insert(at, partition);
        }
    }

    /// Forgets a partition that holds nothing any more.
    pub(super) fn unhold(&mut self, partition: u32) {
        if self.queues[partition as usize].batches() == 0
            && let Ok(at) = self.holding.binary_search(&partition)
        {
            self.holding.remove(at);
        }
    }

    // --- memory ---

    /// `send` waits for memory, and so does everything the application would do after it.
    fn block(&mut self, now: SimTime, partition: u32, since: SimTime, memory: u64, fx: &mut Effects) {
        let until = since.plus_ms(self.spec.config.max_block_ms);
        if !self.stopping {
            self.clock.stop(now);
        }
        self.blocked = Some(Blocked { partition, since, until, memory });
        fx.report(|| Fact::Blocked {
            producer: self.spec.index,
            blocked: true,
            waited_us: 0,
            has_room: false,
        });
        // Everything may be sent at once now, however young.
        for partition in 0..self.queues.len() as u32 {
            let queue = &self.queues[partition as usize];
            if queue.open.is_some() || !queue.waiting.is_empty() || queue.alarm != SimTime::NEVER {
                self.schedule(now, partition);
            }
        }
    }

    /// Lets the waiting `send` go on if there is memory, or gives it up if it waited too long. True if either.
    pub(super) fn unblock(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        let Some(blocked) = &self.blocked else { return false };
        let free = self.spec.config.buffer_memory_bytes.saturating_sub(self.memory);
        let enough = free >= blocked.memory;
        if !enough && blocked.until > now {
            return false;
        }
        let Blocked { partition, since, memory, .. } = *blocked;
        self.blocked = None;
        self.clock.resume(now);
        let (waited_us, has_room) = (now.since_us(since), enough);
        fx.report(|| Fact::Blocked { producer: self.spec.index, blocked: false, waited_us, has_room });
        let at = partition as usize;
        if enough {
            let ordinal = self.queues[at].next_ordinal;
            let size = self
                .records
                .as_ref()
                .map_or(0, |records| records.shape(partition, ordinal).record_bytes(0, 0));
            self.open(partition, Open::new(ordinal, since, now, memory));
            let fill = Fill { records: 1, bytes: size, last: since, stop: Stop::Time };
            if let Some(stream) = &mut self.queues[at].stream {
                stream.take(1, &self.load);
                self.queues[at].join(&fill);
            } else if let Some(sticky) = &self.sticky {
                let mut cursor = sticky.stream.clone();
                cursor.take(1, &self.load);
                self.join_shared(now, partition, fill, cursor);
            }
        } else {
            self.queues[at].next_ordinal += 1;
            let stream = self.queues[at].stream.as_deref_mut();
            if let Some(stream) = stream.or(self.sticky.as_mut().map(|sticky| &mut sticky.stream)) {
                stream.take(1, &self.load);
            }
            self.refuse(partition, 1, ErrorCode::BufferExhausted, fx);
        }
        self.foresee_again(now);
        self.schedule(now, partition);
        true
    }

    // --- typed records ---

    /// Sends the typed records that can be sent. True if there were any.
    pub(super) fn send_typed(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        let mut any = false;
        while !self.queues.is_empty()
            && let Some(record) = self.typed.front()
        {
            let config = &self.spec.config;
            let key_bytes = record.key.as_ref().map(|key| key.len() as u32);
            let shape = RecordShape::new(key_bytes, Some(record.value.len() as u32));
            let limit = shape.batch_limit(config.batch_size_bytes);
            let too_large = shape.upper_bound()
                > u64::from(config.max_request_size_bytes).min(config.buffer_memory_bytes);
            if !too_large && self.memory + limit > config.buffer_memory_bytes {
                break;
            }
            let Some(record) = self.typed.pop_front() else { break };
            let partition = self.typed_partition(&record);
            any = true;
            if too_large {
                self.refuse(partition, 1, ErrorCode::MessageTooLarge, fx);
            } else {
                self.append_typed(now, partition, record, shape, limit, fx);
            }
        }
        any
    }

    fn typed_partition(&mut self, record: &TypedRecord) -> u32 {
        let partitions = self.queues.len() as u32;
        let round_robin = self.spec.config.partitioner == crate::config::Partitioner::RoundRobin;
        if let Some(key) = &record.key
            && !round_robin
            && !self.spec.config.partitioner_ignore_keys
        {
            return partition_for_key(key.as_bytes(), partitions);
        }
        if self.sticky.is_some() {
            return self.ask_partitioner(|partitioner, view, draw| partitioner.current(view, draw));
        }
        let turn = self.typed_count;
        self.typed_count += 1;
        let choose = |count: u32| match round_robin {
            true => (turn % u64::from(count)) as u32,
            false => self.draws.at(TYPED, turn).below(count),
        };
        match self.available.len() as u32 {
            0 => choose(partitions),
            available => self.available[choose(available) as usize],
        }
    }

    fn append_typed(
        &mut self,
        now: SimTime,
        partition: u32,
        record: TypedRecord,
        shape: RecordShape,
        limit: u64,
        fx: &mut Effects,
    ) {
        self.settle(now, partition, fx);
        let is_target = self.sticky.as_ref().is_some_and(|sticky| sticky.target == Some(partition));
        match &self.queues[partition as usize].open {
            Some(open) if open.count == 0 => self.forget_open(partition),
            _ => self.close(partition),
        }
        let ordinal = self.queues[partition as usize].next_ordinal;
        self.queues[partition as usize].next_ordinal += 1;
        let bytes = Open::new(ordinal, now, now, limit).bytes + shape.record_bytes(0, 0);
        let batch = Batch {
            base_offset: 0,
            base_time: now,
            first_ordinal: ordinal,
            payload: Some(Arc::new(Payload::Typed(record))),
            span_us: 0,
            count: 1,
            bytes: bytes as u32,
            source: self.source_id(),
            producer_id: NO_PRODUCER,
            base_sequence: NO_SEQUENCE,
            leader_epoch: 0,
            producer_epoch: 0,
            retries: 0,
        };
        fx.trace(|| Fact::Typed {
            producer: self.spec.index,
            partition: self.partitions[partition as usize],
            batch: Box::new(batch.clone()),
        });
        let mut parcel = Parcel::new(partition, batch, now, limit);
        parcel.linger_until = now.plus_ms(self.spec.config.linger_ms);
        self.memory += limit;
        self.outstanding += 1;
        self.expiry_at = self.expiry_at.min(now.plus_ms(self.spec.config.delivery_timeout_ms));
        self.queues[partition as usize].waiting.push_back(parcel);
        self.hold(partition);
        if is_target {
            self.count_appended(bytes, true);
            self.set_event(now);
        }
        self.schedule(now, partition);
    }
}
