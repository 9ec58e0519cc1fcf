//! Brokers come, live and go: registration, heartbeats, sessions, controlled shutdown.
use super::Controller;
use super::decision::Decision;
use super::elections::BrokerChange;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, BrokerRegistration, MetadataRecord};
use crate::node::Effects;
use crate::trace::{ChangeCause, Fact};
use crate::wire::{BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest, ErrorCode};

/// What the controller remembers of a broker's heartbeats.
#[derive(Clone, Debug, Default)]
pub struct BrokerState {
    /// The last heartbeat under the registered epoch, while that session lasts.
    pub contact: Option<SimTime>,
    /// The end offset of the metadata the broker said it applied.
    pub metadata_offset: u64,
    /// The offset of its registration record: its epoch, unless the registration was amended.
    pub registration_offset: u64,
    /// While it is in controlled shutdown: the end offset every active broker must have applied before it may go.
    pub shutdown_offset: Option<u64>,
}

/// What a heartbeat leads to (`BrokerControlState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ControlState {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Controller {
    /// A process introduces itself; the answer is its broker epoch.
    pub(super) fn register(
        &mut self,
        now: SimTime,
        request: &BrokerRegistrationRequest,
        fx: &mut Effects,
    ) -> Result<u64, ErrorCode> {
        let broker = request.broker;
        let mut decision = Decision::default();
        let known = self.image.broker(broker).cloned();
        let registration = match known {
            Some(known) if known.incarnation == request.incarnation => {
                BrokerRegistration { rack: request.rack.clone(), ..known }
            }
            known => {
                if let Some(known) = &known {
                    self.end_incarnation(now, request, known, &mut decision)?;
                }
                *self.state(broker) = BrokerState::default();
                decision.facts.insert(0, Fact::BrokerRegistered { broker });
                BrokerRegistration {
                    rack: request.rack.clone(),
                    epoch: self.image.offset + decision.records.len() as u64,
                    incarnation: request.incarnation,
                    registered: true,
                    fenced: true,
                    in_controlled_shutdown: false,
                }
            }
        };
        let epoch = registration.epoch;
        self.state(broker).registration_offset = self.image.offset + decision.records.len() as u64;
        decision.records.push(MetadataRecord::RegisterBroker { broker, registration });
        self.commit(decision, fx);
        Ok(epoch)
    }

    /// A new process of a registered broker: the old one's places are cleared, unless it may still be alive.
    fn end_incarnation(
        &self,
        now: SimTime,
        request: &BrokerRegistrationRequest,
        known: &BrokerRegistration,
        decision: &mut Decision,
    ) -> Result<(), ErrorCode> {
        let broker = request.broker;
        // What stopped in a controlled shutdown, or is about to, is no rival: a quick restart need not wait.
        if self.has_valid_session(now, broker) && !known.in_controlled_shutdown {
            return Err(ErrorCode::DuplicateBrokerRegistration);
        }
        let clean = request.previous_epoch == Some(known.epoch);
        let leaves = if clean { BrokerChange::Leaves } else { BrokerChange::LeavesUncleanly };
        self.remove_broker(leaves(broker), ChangeCause::Registered(broker), decision);
        Ok(())
    }

    /// A broker lives, and tells what it wants.
    pub(super) fn heartbeat(
        &mut self,
        now: SimTime,
        request: &BrokerHeartbeatRequest,
        fx: &mut Effects,
    ) -> Result<BrokerHeartbeatResponse, ErrorCode> {
        let broker = request.broker;
        self.check_broker_epoch(broker, request.epoch)?;
        self.state(broker).contact = Some(now);
        let is_caught_up = request.metadata_offset > self.state(broker).registration_offset;
        let current = self.current_state(broker);
        let next = self.next_state(current, request, is_caught_up);
        let mut decision = Decision::default();
        match next {
            ControlState::Fenced | ControlState::ShutdownNow if current == ControlState::Fenced => {}
            ControlState::Fenced => self.fence(broker, Some(now), &mut decision),
            ControlState::ShutdownNow => self.fence(broker, None, &mut decision),
            ControlState::Unfenced if current == ControlState::Fenced => self.unfence(broker, &mut decision),
            ControlState::Unfenced => {}
            ControlState::ControlledShutdown => self.move_leaders_away(broker, &mut decision),
        }
        let state = self.state(broker);
        state.metadata_offset = request.metadata_offset;
        let is_fenced = matches!(next, ControlState::Fenced | ControlState::ShutdownNow);
        if is_fenced {
            state.shutdown_offset = None;
        }
        self.commit(decision, fx);
        if next == ControlState::ControlledShutdown {
            let end = self.image.offset;
            self.state(broker).shutdown_offset.get_or_insert(end);
        }
        Ok(BrokerHeartbeatResponse {
            is_caught_up,
            is_fenced,
            should_shutdown: next == ControlState::ShutdownNow,
        })
    }

    /// Fences the broker whose session expired longest ago. True if one expired: there may be more.
    ///
    /// One at a time, so that each fencing sees what the one before changed.
    pub(super) fn fence_one_expired(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        let sessions = self.brokers.iter().enumerate();
        let expired = sessions
            .filter_map(|(at, state)| Some((state.contact?, at)))
            .filter(|&(contact, _)| self.is_expired(now, contact))
            .min();
        let Some((contact, at)) = expired else { return false };
        let broker = BrokerId(at as u32 + 1);
        let state = self.state(broker);
        state.contact = None;
        let mut decision = Decision::default();
        if self.current_state(broker) != ControlState::Fenced {
            self.state(broker).shutdown_offset = None;
            self.fence(broker, Some(contact), &mut decision);
        }
        self.commit(decision, fx);
        true
    }

    fn current_state(&self, broker: BrokerId) -> ControlState {
        let state = self.brokers.get(broker.index());
        if state.is_some_and(|state| state.shutdown_offset.is_some()) {
            ControlState::ControlledShutdown
        } else if self.image.broker(broker).is_some_and(|known| !known.fenced) {
            ControlState::Unfenced
        } else {
            ControlState::Fenced
        }
    }

    fn next_state(
        &self,
        current: ControlState,
        request: &BrokerHeartbeatRequest,
        is_caught_up: bool,
    ) -> ControlState {
        let &BrokerHeartbeatRequest { broker, want_fence, want_shutdown, .. } = request;
        let leads = || self.index.leads_any(broker);
        match current {
            ControlState::Fenced if want_shutdown => ControlState::ShutdownNow,
            ControlState::Fenced if !want_fence && is_caught_up => ControlState::Unfenced,
            ControlState::Fenced => ControlState::Fenced,
            ControlState::Unfenced if want_fence && !want_shutdown => ControlState::Fenced,
            ControlState::Unfenced if !want_shutdown => ControlState::Unfenced,
            ControlState::Unfenced if !want_fence && leads() => ControlState::ControlledShutdown,
            ControlState::ControlledShutdown if leads() || !self.all_have_seen_shutdown(broker) => {
                ControlState::ControlledShutdown
            }
            _ => ControlState::ShutdownNow,
        }
    }

    /// Whether every active broker applied the records that moved this one's leaderships.
    fn all_have_seen_shutdown(&self, broker: BrokerId) -> bool {
        let needed = self.brokers[broker.index()].shutdown_offset;
        let states = self.brokers.iter().zip(&self.image.brokers);
        let mut active = states.filter(|(_, known)| known.is_active());
        active.all(|(state, _)| needed.is_some_and(|needed| needed <= state.metadata_offset))
    }

    fn fence(&self, broker: BrokerId, last_contact: Option<SimTime>, decision: &mut Decision) {
        self.remove_broker(BrokerChange::Leaves(broker), ChangeCause::Fenced(broker), decision);
        decision.facts.insert(0, Fact::BrokerFenced { broker, last_contact });
        decision.records.push(MetadataRecord::BrokerRegistrationChange {
            broker,
            fenced: true,
            in_controlled_shutdown: self.in_controlled_shutdown(broker),
        });
    }

    fn unfence(&self, broker: BrokerId, decision: &mut Decision) {
        decision.facts.push(Fact::BrokerUnfenced { broker });
        decision.records.push(MetadataRecord::BrokerRegistrationChange {
            broker,
            fenced: false,
            in_controlled_shutdown: self.in_controlled_shutdown(broker),
        });
        self.elect_for_joining(broker, decision);
    }

    fn move_leaders_away(&self, broker: BrokerId, decision: &mut Decision) {
        if !self.in_controlled_shutdown(broker) {
            decision.facts.push(Fact::ControlledShutdown { broker });
            decision.records.push(MetadataRecord::BrokerRegistrationChange {
                broker,
                fenced: false,
                in_controlled_shutdown: true,
            });
        }
        self.remove_broker(BrokerChange::Leaves(broker), ChangeCause::ControlledShutdown(broker), decision);
    }

    /// The image's word for it, which stays while the broker is fenced and until it registers anew.
    fn in_controlled_shutdown(&self, broker: BrokerId) -> bool {
        self.image.broker(broker).is_some_and(|known| known.in_controlled_shutdown)
    }

    fn has_valid_session(&self, now: SimTime, broker: BrokerId) -> bool {
        let contact = self.brokers.get(broker.index()).and_then(|state| state.contact);
        contact.is_some_and(|contact| !self.is_expired(now, contact))
    }

    fn is_expired(&self, now: SimTime, contact: SimTime) -> bool {
        contact.plus_ms(self.image.broker_config.broker_session_timeout_ms) < now
    }

    fn state(&mut self, broker: BrokerId) -> &mut BrokerState {
        if self.brokers.len() <= broker.index() {
            self.brokers.resize_with(broker.index() + 1, BrokerState::default);
        }
        &mut self.brokers[broker.index()]
    }
}
