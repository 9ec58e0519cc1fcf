//! What keeps a record's batch from being sent though it is ready: too many requests without an answer, nobody who
//! leads, earlier batches that go first.
use super::{Follow, RecordId};
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::BrokerId;
use crate::observe::story::error_sentence;
use crate::observe::told::{count, ms};
use crate::scenario::words::show_duration;
use crate::wire::ErrorCode;
use crate::world::World;

/// Whoever waits for less needs no reason, microseconds.
const WAITED_LONG_US: u64 = 100_000;

/// Something that stood in the way for a while.
#[derive(Clone, Debug)]
pub(super) struct Hold {
    why: Obstacle,
    since: SimTime,
    until: SimTime,
    /// What ended it, if that was the end of a connection.
    ended: Option<ErrorCode>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    /// As many requests to the leader without an answer as may be.
    Full(BrokerId),
    NoLeader,
    /// An earlier batch goes first, again.
    Behind(ErrorCode),
}

impl Follow {
    /// Looks at what stands in the record's way, until its batch was sent.
    pub(super) fn look_for_holds(&mut self, world: &World, id: RecordId) {
        let producer = world.producer(id.producer);
        let limit = world.producer_spec(id.producer).config.max_in_flight;
        match producer.leader(id.partition) {
            None => self.held_by(world.now(), Obstacle::NoLeader),
            Some(leader) if producer.in_flight(leader) >= limit => {
                self.held_by(world.now(), Obstacle::Full(leader));
            }
            _ => {}
        }
    }

    /// An earlier batch of its partition failed and will be sent again.
    pub(super) fn earlier_failed(&mut self, now: SimTime, error: ErrorCode) {
        let connection_ended = matches!(error, ErrorCode::RequestTimedOut | ErrorCode::NetworkException);
        match self.holds.last_mut() {
            Some(Hold { why: Obstacle::Full(_), until, ended, .. }) if connection_ended => {
                (*until, *ended) = (now, Some(error));
            }
            _ => self.held_by(now, Obstacle::Behind(error)),
        }
    }

    fn held_by(&mut self, now: SimTime, why: Obstacle) {
        match self.holds.last_mut() {
            Some(last) if last.why == why => last.until = now,
            _ => self.holds.push(Hold { why, since: now, until: now, ended: None }),
        }
    }

    /// Why the batch is sent so late, if it is; a sentence with a space before it.
    pub(super) fn waited(&mut self, world: &World, id: RecordId, batch: &Batch, within: u32) -> String {
        let now = world.now();
        let config = &world.producer_spec(id.producer).config;
        let ready = batch.record_time(within).plus_ms(config.linger_ms);
        let waited_us = now.since_us(ready);
        let mut holds = std::mem::take(&mut self.holds);
        if let Some(last) = holds.last_mut().filter(|last| matches!(last.why, Obstacle::Behind(_))) {
            last.until = now;
        }
        let share = |hold: &Hold| hold.until.since_us(hold.since.max(ready));
        let Some(hold) = holds.iter().max_by_key(|hold| share(hold)) else { return String::new() };
        if waited_us < WAITED_LONG_US || share(hold) < waited_us / 2 {
            return String::new();
        }
        let waited = show_duration(waited_us / 1_000 * 1_000);
        let name = &self.life.partition_name;
        match hold.why {
            Obstacle::NoLeader => format!(" It waited {waited}: its producer knew of no leader of {name}."),
            Obstacle::Behind(error) => format!(
                " It waited {waited} behind earlier batches of {name}, which are sent again first. {}",
                error_sentence(error)
            ),
            Obstacle::Full(broker) => format!(
                " It waited {waited}: {} to broker {} had no answer, and max.in.flight.requests.per.connection allows no more.{}",
                count(config.max_in_flight.into(), "request"),
                broker.0,
                match hold.ended {
                    Some(ErrorCode::RequestTimedOut) => format!(
                        " They were given up after request.timeout.ms ({}).",
                        ms(config.request_timeout_ms)
                    ),
                    Some(_) => " Then the connection broke.".to_owned(),
                    None => String::new(),
                }
            ),
        }
    }
}
