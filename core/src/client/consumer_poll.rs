//! The application's loop: poll, process, commit, and `close()` at its end.
use super::consumer::{CommitMode, Consumer, Request};
use super::consumer_fetch::Settled;
use super::consumer_group::Membership;
use crate::kernel::{Digest, SimTime, take_first};
use crate::log::CommitRecord;
use crate::metadata::{NO_OFFSET, TopicPartition};
use crate::node::{Effect, Effects, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, Message};

/// How long `close()` takes at most.
const CLOSE_TIMEOUT_MS: u64 = 30_000;

/// Where the application's thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    /// In `poll()`, or in `close()`.
    Polling,
    /// In its own code, with the records of the last poll.
    Processing,
    /// In `commitSync()`.
    Committing,
}

/// How far `close()` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It was not called.
    No,
    /// It waits for the last commit.
    Committing(SimTime),
    /// It waits for LeaveGroup.
    Leaving(SimTime),
    /// The process ended.
    Ended,
}

impl Closing {
    pub(super) fn digest(self, digest: &mut Digest) {
        let (kind, until) = match self {
            Closing::No => (0, SimTime::NEVER),
            Closing::Committing(until) => (1, until),
            Closing::Leaving(until) => (2, until),
            Closing::Ended => (3, SimTime::NEVER),
        };
        digest.u32(kind);
        digest.u64(until.0);
    }
}

/// A commit that somebody waits for; retried until it succeeds, fails for good or takes too long.
#[derive(Clone, Debug)]
pub(super) struct SyncCommit {
    offsets: Vec<CommitRecord>,
    until: SimTime,
    retry_at: SimTime,
    failures: u32,
    in_flight: bool,
    over: bool,
}

impl SyncCommit {
    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u64(self.offsets.len() as u64);
        for offset in &self.offsets {
            digest.u32(offset.partition);
            digest.u64(offset.offset);
        }
        digest.u64(self.until.0);
        digest.u64(self.retry_at.0);
        digest.u32(self.failures);
        digest.bool(self.in_flight);
        digest.bool(self.over);
    }
}

impl Consumer {
    /// Whether the client commits by itself.
    pub(super) fn auto_commits(&self) -> bool {
        self.spec.commit == CommitMode::Auto && self.spec.config.enable_auto_commit
    }

    /// One turn of `poll()`. True if there may be another at once.
    pub(super) fn turn(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        if self.stopping {
            return self.close(now, fx);
        }
        if !self.ensure_joined(now, fx) {
            return false;
        }
        self.poll_deadline = SimTime::NEVER;
        if self.auto_commits() {
            self.commit_automatically(now, fx);
        }
        if self.unsettled > 0 {
            self.settle_positions(now, fx);
        }
        let records = if self.ready.is_empty() { 0 } else { self.take_records(fx) };
        self.send_fetches(now, fx);
        if records == 0 {
            return false;
        }
        self.polls = self.polls.wrapping_add(1);
        self.poll_deadline = now.plus_ms(self.spec.config.max_poll_interval_ms);
        let deadline = self.poll_deadline;
        self.poll_interval.set(now, deadline, TimerKind::PollInterval, fx);
        if self.spec.commit == CommitMode::BeforeProcessing {
            self.commit_before(now, fx);
        } else {
            self.process(now, records, fx);
        }
        false
    }

    /// Takes up to `max.poll.records` from what is buffered, one partition until it is drained, then the next
    /// (R-K7). Returns how many.
    fn take_records(&mut self, fx: &mut Effects) -> u64 {
        let max = u64::from(self.spec.config.max_poll_records.max(1));
        let mut left = max;
        self.polled.clear();
        while left > 0
            && let Some(&at) = self.ready.front()
        {
            let slot = &mut self.slots[at as usize];
            if slot.settled != Settled::Position {
                // Kafka's `FetchCollector` throws away what it holds of a partition that is not fetchable.
                slot.buffer.clear();
            }
            let mut from = NO_OFFSET;
            let mut created = (SimTime::ZERO, SimTime::ZERO);
            while left > 0
                && let Some(batch) = slot.buffer.front()
            {
                let (start, end) = (slot.position.max(batch.base_offset), batch.end_offset());
                if start < end {
                    let count = left.min(end - start);
                    let first = (start - batch.base_offset) as u32;
                    if from == NO_OFFSET {
                        from = start;
                        created.0 = batch.record_time(first);
                    }
                    created.1 = batch.record_time(first + count as u32 - 1);
                    slot.position = start + count;
                    slot.consumed_epoch = batch.leader_epoch;
                    left -= count;
                }
                if slot.position >= end {
                    take_first(&mut slot.buffer);
                }
            }
            if from != NO_OFFSET {
                let (partition, to) = (slot.partition, slot.position);
                self.polled.push((at, from, to));
                fx.report(|| Fact::Polled {
                    consumer: self.spec.index,
                    partition,
                    from,
                    to,
                    first_created: created.0,
                    last_created: created.1,
                });
            }
            if self.slots[at as usize].buffer.is_empty() {
                self.ready.pop_front();
                self.drained(at);
            }
        }
        max - left
    }

    // --- processing ---

    fn process(&mut self, now: SimTime, records: u64, fx: &mut Effects) {
        let share = u64::from(self.slowdown_percent);
        let us = records.saturating_mul(self.spec.processing_us_per_record).saturating_mul(share) / 100;
        self.application = Application::Processing;
        fx.timer(now.plus_us(us.max(1)), Timer::new(TimerKind::Poll, self.polls));
    }

    /// The application is done with the records of its last poll.
    pub(super) fn processed(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        if self.application != Application::Processing || timer.generation != self.polls {
            return;
        }
        for &(slot, from, to) in &self.polled {
            let partition = self.slots[slot as usize].partition;
            fx.report(|| Fact::Processed { consumer: self.spec.index, partition, from, to });
        }
        self.application = Application::Polling;
        if self.spec.commit == CommitMode::AfterProcessing {
            self.application = Application::Committing;
            self.begin_sync_commit(now, self.spec.config.default_api_timeout_ms, fx);
        }
    }

    fn commit_before(&mut self, now: SimTime, fx: &mut Effects) {
        self.application = Application::Committing;
        self.begin_sync_commit(now, self.spec.config.default_api_timeout_ms, fx);
    }

    // --- commits ---

    fn commit_automatically(&mut self, now: SimTime, fx: &mut Effects) {
        if self.auto_commit_at > now {
            self.wake(now, self.auto_commit_at, fx);
            return;
        }
        let interval_ms = self.spec.config.auto_commit_interval_ms.max(1);
        self.auto_commit_at = now.plus_ms(interval_ms);
        self.wake(now, self.auto_commit_at, fx);
        if self.has_positions()
            && let Some(broker) = self.coordinator.known()
            && self.network.can_send(now, broker)
        {
            let offsets = self.positions();
            self.send_commit(now, offsets, false, fx);
        }
    }

    fn send_commit(
        &mut self,
        now: SimTime,
        offsets: Vec<CommitRecord>,
        waited_for: bool,
        fx: &mut Effects,
    ) -> bool {
        let (Some(broker), Some(generation), Some(member)) =
            (self.coordinator.known(), self.generation, self.member.clone())
        else {
            return false;
        };
        let group = self.spec.group;
        let request = Message::OffsetCommit { group, generation, member, offsets: offsets.clone() };
        let tag = Request::Commit { offsets, waited_for, attempt: self.commit_attempt };
        self.network.send(now, broker, request, tag, fx);
        true
    }

    /// Commits all positions; whoever asked waits until it is over, one way or the other.
    pub(super) fn begin_sync_commit(&mut self, now: SimTime, patience_ms: u64, fx: &mut Effects) {
        self.commit_attempt = self.commit_attempt.wrapping_add(1);
        self.sync_commit = Some(SyncCommit {
            offsets: self.positions(),
            until: now.plus_ms(patience_ms),
            retry_at: now,
            failures: 0,
            in_flight: false,
            over: false,
        });
        self.drive_sync_commit(now, fx);
    }

    pub(super) fn drive_sync_commit(&mut self, now: SimTime, fx: &mut Effects) {
        let Some(commit) = &mut self.sync_commit else { return };
        // Without a generation there is nothing to commit to (`CommitFailedException`).
        if self.generation.is_none() || commit.offsets.is_empty() || now >= commit.until {
            commit.over = true;
        }
        if commit.over {
            self.sync_commit = None;
            self.sync_commit_over(now, fx);
            return;
        }
        let (until, retry_at, in_flight) = (commit.until, commit.retry_at, commit.in_flight);
        self.wake(now, if in_flight || retry_at <= now { until } else { retry_at.min(until) }, fx);
        if in_flight || retry_at > now || self.reachable_coordinator(now, fx).is_none() {
            return;
        }
        let offsets = self.sync_commit.as_ref().map_or_else(Vec::new, |commit| commit.offsets.clone());
        if self.send_commit(now, offsets, true, fx)
            && let Some(commit) = &mut self.sync_commit
        {
            commit.in_flight = true;
        }
    }

    fn sync_commit_over(&mut self, now: SimTime, fx: &mut Effects) {
        if self.application != Application::Committing {
            return;
        }
        self.application = Application::Polling;
        if self.spec.commit == CommitMode::BeforeProcessing {
            let records = self.polled.iter().map(|&(_, from, to)| to - from).sum();
            self.process(now, records, fx);
        }
    }

    /// A commit was answered, or its request failed.
    pub(super) fn commit_answered(
        &mut self,
        now: SimTime,
        offsets: &[CommitRecord],
        waited_for: bool,
        attempt: u32,
        error: ErrorCode,
    ) {
        let mut retriable = false;
        if error == ErrorCode::None {
            for offset in offsets {
                if let Some(at) = self.slot(TopicPartition(offset.partition)) {
                    self.slots[at as usize].committed = offset.offset;
                }
            }
        } else if !self.membership.is_under_way() {
            retriable = self.coordinator_error(now, error);
        }
        if !waited_for {
            if retriable {
                let wait = self.spec.config.retry_backoff_ms;
                self.auto_commit_at = self.auto_commit_at.min(now.plus_ms(wait));
            }
            return;
        }
        let failures = self.sync_commit.as_ref().map_or(0, |commit| commit.failures);
        let wait = if retriable { self.backoff_ms(failures) } else { 0 };
        if let Some(commit) = self.sync_commit.as_mut().filter(|_| attempt == self.commit_attempt) {
            commit.in_flight = false;
            if retriable {
                commit.failures = commit.failures.saturating_add(1);
                commit.retry_at = now.plus_ms(wait);
            } else {
                commit.over = true;
            }
        }
    }

    // --- the end ---

    /// `poll()` throws: the application closes its consumer.
    pub(super) fn fail(&mut self, partition: Option<TopicPartition>, error: ErrorCode, fx: &mut Effects) {
        if !self.stopping {
            self.stopping = true;
            fx.report(|| Fact::ConsumerFailed { consumer: self.spec.index, partition, error });
        }
    }

    /// One step of `close()`. True if there is another at once.
    fn close(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        match self.closing {
            Closing::No => {
                let until = now.plus_ms(CLOSE_TIMEOUT_MS);
                self.closing = Closing::Committing(until);
                self.wake(now, until, fx);
                let owns = self.membership == Membership::Stable && self.generation.is_some();
                if self.auto_commits() && owns && self.has_positions() {
                    self.begin_sync_commit(now, CLOSE_TIMEOUT_MS, fx);
                }
                true
            }
            Closing::Committing(until) if self.sync_commit.is_none() => {
                self.revoke(fx);
                self.closing = Closing::Leaving(until);
                if !self.send_leave(now, true, fx) {
                    self.end(fx);
                }
                false
            }
            Closing::Committing(until) | Closing::Leaving(until) => {
                if now >= until {
                    self.end(fx);
                } else {
                    self.wake(now, until, fx);
                }
                false
            }
            Closing::Ended => false,
        }
    }

    /// The process ends.
    pub(super) fn end(&mut self, fx: &mut Effects) {
        self.closing = Closing::Ended;
        self.drop_partitions();
        fx.list.push(Effect::Exit);
    }
}
