//! The controller: who lives, who leads, where replicas are.
//!
//! Every decision goes one way: it is made against the image as it stands, becomes records, and the records
//! are replayed on the image and handed to the brokers. Nothing else changes the image.
//!
//! By role: `lifecycle` (registration, heartbeats, sessions), `elections` (every change of a partition),
//! `isr` (what leaders ask for), `topics` (creation, configurations), `metadata_log` (the records and those who
//! fetch them), `index` (which broker has what, so that nothing walks over all partitions).
pub mod placement;
pub mod partition_change;
mod convert;
mod decision;
mod elections;
mod index;
mod isr;
mod lifecycle;
mod metadata_log;
mod state_digest;
mod topics;
#[cfg(test)]
mod tests;

pub use isr::NO_BROKER_EPOCH;
pub use topics::CreateTopicError;

use crate::config::BrokerConfig;
use crate::kernel::{Draws, SimTime};
use crate::metadata::{MetadataImage, MetadataRecord};
use crate::node::{Effects, Input, Timer, TimerKind};
use crate::wire::{Message, NodeId};
use index::PartitionIndex;
use lifecycle::BrokerState;
use metadata_log::MetadataLog;
use std::sync::Arc;

/// Pause before a periodic task that left work behind runs again, ms.
const IMMEDIATELY_MS: u64 = 10;

/// The one controller, which cannot fail yet.
///
/// The seam for a quorum is [`Controller::commit`]: there records are applied, and there alone would they have to
/// wait for a majority; replies, which leave after it in the same step, would wait with them.
#[derive(Clone, Debug)]
pub struct Controller {
    draws: Draws,
    image: Arc<MetadataImage>,
    log: MetadataLog,
    /// Follows from the image.
    index: PartitionIndex,
    /// What heartbeats told, by broker: not in the image, and lost with the controller.
    brokers: Vec<BrokerState>,
    /// Tells the timers of this start from older ones.
    generation: u32,
}

impl Controller {
    /// A controller of a cluster without brokers and topics. The first record is the configuration, so no broker
    /// epoch is 0.
    pub fn new(seed_draws: Draws, broker_config: Arc<BrokerConfig>) -> Self {
        let mut image = MetadataImage::default();
        image.replay(&MetadataRecord::BrokerConfig { config: broker_config });
        Controller {
            draws: seed_draws,
            image: Arc::new(image),
            log: MetadataLog::default(),
            index: PartitionIndex::default(),
            brokers: Vec::new(),
            generation: 0,
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, now: SimTime, input: Input, fx: &mut Effects) {
        match input {
            Input::Message { from, correlation, message } => {
                self.request(now, from, correlation, message, fx)
            }
            Input::Timer(timer) => self.timer(now, timer, fx),
            Input::Disconnected(node) => self.log.forget(node),
        }
    }

    /// The metadata as of now.
    pub fn image(&self) -> &Arc<MetadataImage> {
        &self.image
    }

    fn request(&mut self, now: SimTime, from: NodeId, correlation: u32, message: Message, fx: &mut Effects) {
        let answer = match message {
            Message::BrokerRegistration(request) => {
                Message::BrokerRegistrationResponse { epoch: self.register(now, &request, fx) }
            }
            Message::BrokerHeartbeat(request) => {
                Message::BrokerHeartbeatResponse(self.heartbeat(now, &request, fx))
            }
            Message::AlterPartition(request) => {
                Message::AlterPartitionResponse(self.alter_partition(&request, fx))
            }
            Message::MetadataFetch { offset } => {
                self.log.fetch(now, from, correlation, offset, &self.image, fx);
                return;
            }
            _ => return,
        };
        fx.send(from, correlation, answer);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        match timer.kind {
            TimerKind::Start => self.start(now, fx),
            TimerKind::MetadataFetchWait => self.log.waited(timer, fx),
            _ if timer.generation != self.generation => {}
            kind @ (TimerKind::FenceCheck | TimerKind::LeaderRebalance | TimerKind::UncleanElection) => {
                let more = match kind {
                    TimerKind::FenceCheck => self.fence_one_expired(now, fx),
                    TimerKind::LeaderRebalance => self.elect_preferred(fx),
                    _ => self.elect_unclean(fx),
                };
                let period_ms = if more { IMMEDIATELY_MS } else { self.period_ms(kind) };
                fx.timer(now.plus_ms(period_ms), timer);
            }
            _ => {}
        }
    }

    fn start(&mut self, now: SimTime, fx: &mut Effects) {
        self.generation += 1;
        for kind in [TimerKind::FenceCheck, TimerKind::LeaderRebalance, TimerKind::UncleanElection] {
            fx.timer(now.plus_ms(self.period_ms(kind)), Timer::new(kind, self.generation));
        }
    }

    fn period_ms(&self, kind: TimerKind) -> u64 {
        let config = &self.image.broker_config;
        let period_ms = match kind {
            TimerKind::FenceCheck => config.broker_session_timeout_ms / 8,
            TimerKind::LeaderRebalance => {
                config.leader_imbalance_check_interval_seconds.saturating_mul(1_000)
            }
            _ => config.unclean_leader_election_interval_ms,
        };
        period_ms.max(1)
    }
}
