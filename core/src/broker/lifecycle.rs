//! From process start to exit: registration, heartbeats, controlled shutdown (`BrokerLifecycleManager`).
use super::Broker;
use crate::kernel::SimTime;
use crate::node::{Effect, Effects, Timer, TimerKind};
use crate::wire::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, ErrorCode, Message,
};

/// Pause before the next heartbeat while catching up, ms.
const STARTING_HEARTBEAT_MS: u64 = 10;
/// Pause before the second heartbeat of a controlled shutdown, ms.
const SHUTDOWN_HEARTBEAT_MS: u64 = 50;
/// How long log recovery takes after an unclean end, ms (nothing of Kafka's: recovery is not simulated).
const UNCLEAN_RECOVERY_MS: u64 = 1_000;
/// A controlled shutdown is given up after this, ms.
const SHUTDOWN_GIVEN_UP_MS: u64 = 300_000;

/// What a broker's process does (`BrokerState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerState {
    /// No process.
    #[default]
    NotRunning,
    /// Registering, catching up on metadata.
    Starting,
    /// Recovering its logs; still fenced.
    Recovery,
    /// Ready; unfenced as soon as the controller agrees.
    Running,
    /// Asked for a controlled shutdown.
    PendingControlledShutdown,
}

/// The lifecycle's state, and what the disk keeps of it.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// What the process does.
    pub state: BrokerState,
    /// Which process start this is; also the generation of periodic timers.
    pub incarnation: u32,
    /// The broker epoch, once registered.
    pub epoch: Option<u64>,
    /// On disk: the epoch a clean shutdown left behind.
    previous_epoch: Option<u64>,
    heartbeat_generation: u32,
    heartbeat_in_flight: bool,
    answers_in_shutdown: u32,
    shutdown_since: SimTime,
}

impl Lifecycle {
    /// The process is gone.
    pub fn end(&mut self, clean: bool) {
        self.previous_epoch = if clean { self.epoch } else { None };
        self.state = BrokerState::NotRunning;
        self.epoch = None;
        self.heartbeat_in_flight = false;
        self.heartbeat_generation += 1;
        self.answers_in_shutdown = 0;
    }
}

impl Broker {
    pub(super) fn start(&mut self, fx: &mut Effects) {
        self.lifecycle.incarnation += 1;
        self.lifecycle.state = BrokerState::Starting;
        self.register(fx);
    }

    fn register(&mut self, fx: &mut Effects) {
        let request = BrokerRegistrationRequest {
            broker: self.id,
            incarnation: self.lifecycle.incarnation,
            rack: self.rack.clone(),
            previous_epoch: self.lifecycle.previous_epoch,
        };
        self.ask_controller(Message::BrokerRegistration(Box::new(request)), fx);
    }

    pub(super) fn registered(&mut self, now: SimTime, epoch: Result<u64, ErrorCode>, fx: &mut Effects) {
        if self.lifecycle.state != BrokerState::Starting || self.lifecycle.epoch.is_some() {
            return;
        }
        match epoch {
            Ok(epoch) => {
                self.lifecycle.epoch = Some(epoch);
                self.lifecycle.previous_epoch = None;
                self.fetch_metadata(fx);
                self.send_heartbeat(fx);
            }
            Err(_) => {
                let generation = self.lifecycle.incarnation;
                let retry = now.plus_ms(self.config().broker_heartbeat_interval_ms);
                fx.timer(retry, Timer::new(TimerKind::Lifecycle, generation));
            }
        }
    }

    /// Registration is to be tried again, or recovery is over.
    pub(super) fn lifecycle_due(&mut self, now: SimTime, generation: u32, fx: &mut Effects) {
        if generation != self.lifecycle.incarnation {
            return;
        }
        match self.lifecycle.state {
            BrokerState::Starting if self.lifecycle.epoch.is_none() => self.register(fx),
            BrokerState::Recovery => self.run(now, fx),
            _ => {}
        }
    }

    fn run(&mut self, now: SimTime, fx: &mut Effects) {
        self.lifecycle.state = BrokerState::Running;
        let config = self.image.broker_config.clone();
        self.periodic(now, TimerKind::IsrShrink, config.replica_lag_time_max_ms / 2, fx);
        let checkpoint_ms = config.replica_high_watermark_checkpoint_interval_ms;
        self.periodic(now, TimerKind::HighWatermarkCheckpoint, checkpoint_ms, fx);
        self.periodic(now, TimerKind::Retention, config.log_initial_task_delay_ms, fx);
        self.heartbeat_soon(fx);
    }

    fn send_heartbeat(&mut self, fx: &mut Effects) {
        let Some(epoch) = self.lifecycle.epoch else { return };
        self.lifecycle.heartbeat_in_flight = true;
        let request = BrokerHeartbeatRequest {
            broker: self.id,
            epoch,
            metadata_offset: self.image.offset,
            want_fence: matches!(self.lifecycle.state, BrokerState::Starting | BrokerState::Recovery),
            want_shutdown: self.lifecycle.state == BrokerState::PendingControlledShutdown,
        };
        self.ask_controller(Message::BrokerHeartbeat(request), fx);
    }

    /// The next heartbeat goes out now, or as soon as the one in flight is answered.
    fn heartbeat_soon(&mut self, fx: &mut Effects) {
        self.lifecycle.heartbeat_generation += 1;
        if !self.lifecycle.heartbeat_in_flight {
            self.send_heartbeat(fx);
        }
    }

    pub(super) fn heartbeat_due(&mut self, generation: u32, fx: &mut Effects) {
        if generation == self.lifecycle.heartbeat_generation && !self.lifecycle.heartbeat_in_flight {
            self.send_heartbeat(fx);
        }
    }

    pub(super) fn heartbeat_answered(
        &mut self,
        now: SimTime,
        answer: Result<BrokerHeartbeatResponse, ErrorCode>,
        fx: &mut Effects,
    ) {
        self.lifecycle.heartbeat_in_flight = false;
        let interval_ms = self.config().broker_heartbeat_interval_ms;
        let mut pause_ms = interval_ms;
        if let Ok(answer) = answer {
            match self.lifecycle.state {
                BrokerState::Starting if answer.is_caught_up => {
                    self.lifecycle.state = BrokerState::Recovery;
                    let unclean = self.replicas().any(|replica| replica.needs_recovery());
                    let recovery_ms = if unclean { UNCLEAN_RECOVERY_MS } else { 1 };
                    let generation = self.lifecycle.incarnation;
                    fx.timer(now.plus_ms(recovery_ms), Timer::new(TimerKind::Lifecycle, generation));
                }
                BrokerState::Starting => pause_ms = STARTING_HEARTBEAT_MS,
                BrokerState::Running if answer.is_fenced => pause_ms = STARTING_HEARTBEAT_MS,
                BrokerState::PendingControlledShutdown => {
                    let given_up = now.since_ms(self.lifecycle.shutdown_since) > SHUTDOWN_GIVEN_UP_MS;
                    if answer.should_shutdown || given_up {
                        fx.list.push(Effect::Exit);
                        return;
                    }
                    self.lifecycle.answers_in_shutdown += 1;
                    if self.lifecycle.answers_in_shutdown == 1 {
                        pause_ms = SHUTDOWN_HEARTBEAT_MS;
                    }
                }
                _ => {}
            }
        }
        self.lifecycle.heartbeat_generation += 1;
        let generation = self.lifecycle.heartbeat_generation;
        fx.timer(now.plus_ms(pause_ms), Timer::new(TimerKind::BrokerHeartbeat, generation));
    }

    /// SIGTERM: asks the controller for a controlled shutdown; the process exits when it may.
    pub fn stop(&mut self, now: SimTime, fx: &mut Effects) {
        match self.lifecycle.state {
            BrokerState::NotRunning | BrokerState::PendingControlledShutdown => {}
            BrokerState::Running => {
                self.lifecycle.state = BrokerState::PendingControlledShutdown;
                self.lifecycle.shutdown_since = now;
                self.heartbeat_soon(fx);
            }
            BrokerState::Starting | BrokerState::Recovery => fx.list.push(Effect::Exit),
        }
    }

    /// The connection to the controller broke; what was asked may be asked again.
    pub(super) fn controller_disconnected(&mut self, now: SimTime, fx: &mut Effects) {
        if self.lifecycle.state == BrokerState::NotRunning {
            return;
        }
        self.lifecycle.heartbeat_in_flight = false;
        self.heartbeat_answered(now, Err(ErrorCode::NetworkException), fx);
        if self.lifecycle.epoch.is_none() {
            self.register(fx);
        } else {
            self.fetch_metadata(fx);
        }
        self.isr_answered(now, Err(ErrorCode::NetworkException), fx);
    }

    pub(super) fn fetch_metadata(&mut self, fx: &mut Effects) {
        let offset = self.image.offset;
        self.ask_controller(Message::MetadataFetch { offset }, fx);
    }
}
