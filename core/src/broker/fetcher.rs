//! Following: one fetcher a leader (`ReplicaFetcherThread`), truncation where logs diverge (R-E4, R-E5).
use super::Broker;
use crate::kernel::SimTime;
use crate::log::EpochEnd;
use crate::metadata::{BrokerId, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{
    ErrorCode, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, ListOffsetsAt, ListedOffset,
    Message, NO_EPOCH, NodeId,
};

/// Everything this broker fetches from one leader.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    leader: BrokerId,
    /// The partitions fetched, ascending.
    partitions: Vec<TopicPartition>,
    /// To be named in the next request: their offset or epoch changed.
    changed: Vec<TopicPartition>,
    forgotten: Vec<TopicPartition>,
    /// Set aside after an error, until then.
    delayed: Vec<(SimTime, TopicPartition)>,
    /// The request not yet answered, and when it was sent.
    in_flight: Option<(u32, SimTime)>,
    /// The next request starts the session anew.
    full: bool,
    /// No request before this moment.
    paused_until: SimTime,
    /// One timer at a time for backoffs, one for the request timeout.
    backoff_timer: bool,
    timeout_timer: bool,
}

/// What a fetcher's timer is about: `Timer::key` is the leader, twice, plus this.
const KEY_BACKOFF: u32 = 0;
const KEY_TIMEOUT: u32 = 1;

impl Broker {
    fn fetcher(&mut self, leader: BrokerId) -> &mut Fetcher {
        let at = match self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) {
            Ok(at) => at,
            Err(at) => {
                let fetcher = Fetcher {
                    leader,
                    partitions: Vec::new(),
                    changed: Vec::new(),
                    forgotten: Vec::new(),
                    delayed: Vec::new(),
                    in_flight: None,
                    full: true,
                    paused_until: SimTime::ZERO,
                    backoff_timer: false,
                    timeout_timer: false,
                };
                self.fetchers.insert(at, fetcher);
                at
            }
        };
        &mut self.fetchers[at]
    }

    /// Begins (or goes on, with a new epoch) to fetch a partition from `leader`.
    pub(super) fn follow(&mut self, partition: TopicPartition, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.delayed.retain(|&(_, other)| other != partition);
        fetcher.forgotten.retain(|&other| other != partition);
        if let Err(at) = fetcher.partitions.binary_search(&partition) {
            fetcher.partitions.insert(at, partition);
        }
        if !fetcher.changed.contains(&partition) {
            fetcher.changed.push(partition);
        }
    }

    /// Ceases to fetch a partition from `leader`.
    pub(super) fn unfollow(&mut self, partition: TopicPartition, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.set_aside(partition);
        fetcher.delayed.retain(|&(_, other)| other != partition);
    }

    /// Sends what can be sent, after partitions were added or answered.
    pub(super) fn run_fetchers(&mut self, now: SimTime, fx: &mut Effects) {
        for at in 0..self.fetchers.len() {
            self.run_fetcher(now, at, fx);
        }
    }

    fn run_fetcher(&mut self, now: SimTime, at: usize, fx: &mut Effects) {
        let Some(broker_epoch) = self.lifecycle.epoch else { return };
        let fetcher = &mut self.fetchers[at];
        if fetcher.in_flight.is_some() || fetcher.partitions.is_empty() || fetcher.paused_until > now {
            return;
        }
        let full = std::mem::take(&mut fetcher.full);
        let mut named = std::mem::take(&mut fetcher.changed);
        if full {
            named.clone_from(&fetcher.partitions);
        }
        let forgotten = std::mem::take(&mut fetcher.forgotten);
        let leader = fetcher.leader;
        let config = &self.image.broker_config;
        let described = named.drain(..).filter_map(|partition| {
            let replica = self.replicas[partition.index()].as_deref()?;
            let end = replica.log.end().offset;
            Some(FetchPartition {
                partition,
                current_leader_epoch: replica.leader_epoch,
                fetch_offset: end,
                log_start_offset: replica.log.start().offset,
                last_fetched_epoch: replica.log.last_epoch().unwrap_or(NO_EPOCH),
                max_bytes: config.replica_fetch_max_bytes,
            })
        });
        let mut partitions = fx.spare.asked.take();
        partitions.extend(described);
        let request = FetchRequest {
            broker_epoch: Some(broker_epoch),
            max_wait_ms: config.replica_fetch_wait_max_ms as u32,
            min_bytes: config.replica_fetch_min_bytes,
            max_bytes: config.replica_fetch_response_max_bytes,
            full,
            partitions,
            forgotten: if full { Vec::new() } else { forgotten },
        };
        let timeout_ms = config.replica_socket_timeout_ms;
        let correlation = self.next_correlation();
        let incarnation = self.lifecycle.incarnation;
        let fetcher = &mut self.fetchers[at];
        fetcher.changed = named;
        fetcher.in_flight = Some((correlation, now));
        if !fetcher.timeout_timer {
            fetcher.timeout_timer = true;
            fx.timer(now.plus_ms(timeout_ms), fetcher_timer(leader, KEY_TIMEOUT, incarnation));
        }
        fx.send(leader, correlation, Message::Fetch(request));
    }

    pub(super) fn fetched(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        mut response: FetchResponse,
        fx: &mut Effects,
    ) {
        let NodeId::Broker(id) = from else { return };
        let leader = BrokerId(u32::from(id));
        let Ok(at) = self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) else { return };
        if self.fetchers[at].in_flight.is_none_or(|(expected, _)| expected != correlation) {
            return;
        }
        self.fetchers[at].in_flight = None;
        if response.error != ErrorCode::None {
            self.fetchers[at].full = true;
        }
        let mut batches = response.batches.drain(..);
        for fetched in &response.partitions {
            let own = batches.by_ref().take(fetched.batches as usize);
            let partition = fetched.partition;
            // What is fetched from this leader, and was not set aside.
            let is_delayed = self.fetchers[at].delayed.iter().any(|&(_, delayed)| delayed == partition);
            let replica = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut);
            let replica = replica.filter(|replica| replica.follows == Some(leader) && !is_delayed);
            debug_assert_eq!(
                replica.is_some(),
                self.fetchers[at].partitions.binary_search(&partition).is_ok(),
                "the replica knows whom it follows"
            );
            let Some(replica) = replica else {
                own.for_each(drop);
                continue;
            };
            if fetched.error != ErrorCode::None {
                self.fetch_failed(now, at, *fetched, fx);
                continue;
            }
            if let Some(end) = fetched.diverging {
                self.cut_diverged(partition, end, fx);
                self.fetchers[at].changed.push(partition);
                continue;
            }
            let mut appended = false;
            for batch in own {
                if batch.leader_epoch <= replica.leader_epoch && batch.base_offset == replica.log.end().offset
                {
                    replica.log.append(batch, &replica.config);
                    appended = true;
                }
            }
            replica.follow_high_watermark(fetched.high_watermark);
            replica.log.advance_start_to(fetched.log_start_offset.min(replica.high_watermark()));
            if appended {
                let log_end_offset = replica.log.end().offset;
                fx.trace(|| Fact::Replicated { broker: self.id, partition, log_end_offset });
                self.fetchers[at].changed.push(partition);
            }
        }
        drop(batches);
        fx.spare.batches.give(response.batches);
        fx.spare.fetched.give(response.partitions);
        self.run_fetcher(now, at, fx);
    }

    fn fetch_failed(&mut self, now: SimTime, at: usize, fetched: FetchedPartition, fx: &mut Effects) {
        let partition = fetched.partition;
        if fetched.error == ErrorCode::OffsetOutOfRange {
            let correlation = self.next_correlation();
            let asked = vec![(partition, ListOffsetsAt::LogEnd), (partition, ListOffsetsAt::Earliest)];
            fx.send(self.fetchers[at].leader, correlation, Message::ListOffsets(asked));
        }
        self.delay(now, at, partition, fx);
    }

    /// Sets a partition aside for `replica.fetch.backoff.ms`.
    fn delay(&mut self, now: SimTime, at: usize, partition: TopicPartition, fx: &mut Effects) {
        let until = now.plus_ms(self.image.broker_config.replica_fetch_backoff_ms);
        let incarnation = self.lifecycle.incarnation;
        let fetcher = &mut self.fetchers[at];
        fetcher.set_aside(partition);
        fetcher.delayed.push((until, partition));
        if !fetcher.backoff_timer {
            fetcher.backoff_timer = true;
            fx.timer(until, fetcher_timer(fetcher.leader, KEY_BACKOFF, incarnation));
        }
    }

    /// The leader's answer to "where do you begin and end", after an offset out of range (R-E5).
    pub(super) fn offsets_listed(
        &mut self,
        now: SimTime,
        from: NodeId,
        listed: &[ListedOffset],
        fx: &mut Effects,
    ) {
        let [end, start] = listed else { return };
        let (Some(leader_end), Some(leader_start)) = (end.offset, start.offset) else { return };
        let own = self.id;
        let Some(replica) = self.replicas.get_mut(end.partition.index()).and_then(Option::as_deref_mut)
        else {
            return;
        };
        if replica.follows.map(NodeId::from) != Some(from) {
            return;
        }
        if leader_end < replica.log.end().offset {
            replica.truncate_to(leader_end, own, fx);
        } else if leader_start > replica.log.end().offset {
            replica.log.restart_at(leader_start, now);
            replica.follow_high_watermark(leader_start);
        }
    }

    /// The logs diverge: cuts the own one as far as the leader's answer tells (R-E4).
    fn cut_diverged(&mut self, partition: TopicPartition, end: EpochEnd, fx: &mut Effects) {
        let own = self.id;
        let replica = self.replicas[partition.index()].as_deref_mut().expect("checked by the caller");
        let log_end = replica.log.end().offset;
        let target = match replica.log.end_of_epoch(end.epoch) {
            None => end.end_offset.min(log_end),
            Some(mine) if mine.epoch != end.epoch => mine.end_offset.min(log_end),
            Some(mine) => end.end_offset.min(mine.end_offset).min(log_end),
        };
        replica.truncate_to(target, own, fx);
    }

    pub(super) fn fetcher_due(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        let leader = BrokerId(timer.key / 2);
        let Ok(at) = self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) else { return };
        if timer.key % 2 == KEY_TIMEOUT {
            self.fetcher_timeout_due(now, at, fx);
            return;
        }
        self.fetchers[at].backoff_timer = false;
        let delayed = std::mem::take(&mut self.fetchers[at].delayed);
        for (until, partition) in delayed {
            let follows = self.replica(partition).is_some_and(|replica| replica.follows == Some(leader));
            if until <= now && follows {
                self.follow(partition, leader);
            } else if follows {
                self.fetchers[at].delayed.push((until, partition));
            }
        }
        let incarnation = self.lifecycle.incarnation;
        let fetcher = &mut self.fetchers[at];
        let paused = (fetcher.paused_until > now).then_some(fetcher.paused_until);
        if let Some(next) = fetcher.delayed.iter().map(|&(until, _)| until).chain(paused).min() {
            fetcher.backoff_timer = true;
            fx.timer(next, fetcher_timer(leader, KEY_BACKOFF, incarnation));
        }
        self.run_fetcher(now, at, fx);
    }

    fn fetcher_timeout_due(&mut self, now: SimTime, at: usize, fx: &mut Effects) {
        let timeout_ms = self.image.broker_config.replica_socket_timeout_ms;
        let incarnation = self.lifecycle.incarnation;
        let fetcher = &mut self.fetchers[at];
        fetcher.timeout_timer = false;
        let leader = fetcher.leader;
        let Some((_, sent)) = fetcher.in_flight else { return };
        let deadline = sent.plus_ms(timeout_ms);
        if deadline <= now {
            fx.disconnect(leader);
            self.fetcher_disconnected(now, leader, fx);
        } else {
            fetcher.timeout_timer = true;
            fx.timer(deadline, fetcher_timer(leader, KEY_TIMEOUT, incarnation));
        }
    }

    /// The connection to a leader broke: the session is lost, the fetcher backs off.
    pub(super) fn fetcher_disconnected(&mut self, now: SimTime, leader: BrokerId, fx: &mut Effects) {
        let until = now.plus_ms(self.image.broker_config.replica_fetch_backoff_ms);
        let incarnation = self.lifecycle.incarnation;
        let Ok(at) = self.fetchers.binary_search_by_key(&leader, |fetcher| fetcher.leader) else { return };
        let fetcher = &mut self.fetchers[at];
        fetcher.in_flight = None;
        fetcher.full = true;
        fetcher.paused_until = until;
        if !fetcher.backoff_timer {
            fetcher.backoff_timer = true;
            fx.timer(until, fetcher_timer(leader, KEY_BACKOFF, incarnation));
        }
    }
}

impl Fetcher {
    fn set_aside(&mut self, partition: TopicPartition) {
        if let Ok(at) = self.partitions.binary_search(&partition) {
            self.partitions.remove(at);
            self.forgotten.push(partition);
        }
        self.changed.retain(|&other| other != partition);
    }
}

fn fetcher_timer(leader: BrokerId, what: u32, incarnation: u32) -> Timer {
    Timer { kind: TimerKind::ReplicaFetchBackoff, key: leader.0 * 2 + what, generation: incarnation }
}
