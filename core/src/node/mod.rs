//! What a node sees and what it may do.
//!
//! A node is plain data with `handle(now, input, &mut Effects)`. It performs nothing: it sends, sets timers,
//! reports. It never learns how a message travels, how long that takes, or who is alive.
mod mail;
mod spare;

pub use mail::Mail;
pub use spare::{Spare, Spares};

use crate::kernel::SimTime;
use crate::trace::Fact;
use crate::wire::{Message, NodeId};

/// What happens to a node.
#[derive(Debug)]
pub enum Input {
    /// A request or a response arrived.
    Message {
        /// The sender.
        from: NodeId,
        /// Chosen by the requester, echoed in the response.
        correlation: u32,
        /// What it says.
        message: Message,
    },
    /// A timer the node set fires.
    Timer(Timer),
    /// The connection to that node broke: its process is gone, or the node itself closed it. Requests in
    /// flight on it will not be answered.
    Disconnected(NodeId),
}

/// A timer. Never cancelled: a node ignores one whose `generation` is no longer its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// What for.
    pub kind: TimerKind,
    /// Which of several, if there are.
    pub key: u32,
    /// Tells a current timer from one that no longer matters.
    pub generation: u32,
}

impl Timer {
    /// The one timer of its kind.
    pub const fn new(kind: TimerKind, generation: u32) -> Self {
        Timer { kind, key: 0, generation }
    }
}

/// What a timer is for. One list for all nodes, so that a timer is twelve plain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum TimerKind {
    /// A process starts.
    Start,
    /// Producer: its sender has something to do (a batch is ready, a backoff or a timeout ended).
    Sender,
    /// Producer or consumer: a request may have timed out.
    RequestTimeout,
    /// Client: metadata is old, or a refresh may be tried again.
    Metadata,
    /// Consumer: records of the last poll are processed; poll again.
    Poll,
    /// Consumer: heartbeat to the coordinator.
    Heartbeat,
    /// Consumer: something to be tried again after a backoff.
    Retry,
    /// Consumer: `max.poll.interval.ms` may have passed.
    PollInterval,
    /// Broker: heartbeat to the controller.
    BrokerHeartbeat,
    /// Broker: registration or metadata fetch to be tried again.
    Lifecycle,
    /// Broker: a waiting Fetch reached its `max_wait_ms`.
    DelayedFetch,
    /// Broker: a waiting Produce reached its timeout.
    DelayedProduce,
    /// Broker: a fetcher thread tries again after its backoff.
    ReplicaFetchBackoff,
    /// Broker: check which followers fell out of sync.
    IsrShrink,
    /// Broker: AlterPartition to be sent or tried again.
    AlterPartition,
    /// Broker: high watermark checkpoint.
    HighWatermarkCheckpoint,
    /// Broker: retention.
    Retention,
    /// Coordinator on a broker: a group's join phase ends, or its initial delay.
    JoinPhase,
    /// Coordinator on a broker: a member's session may have expired.
    Session,
    /// Coordinator on a broker: members that did not SyncGroup in time.
    SyncPhase,
    /// Controller: look for brokers whose session expired.
    FenceCheck,
    /// Controller: preferred leaders.
    LeaderRebalance,
    /// Controller: unclean elections for leaderless partitions.
    UncleanElection,
    /// Controller: a parked metadata fetch reached 500 ms.
    MetadataFetchWait,
}

/// What a node does, in order.
#[derive(Clone, Copy, Debug)]
pub enum Effect {
    /// Send a message over the connection to `to`; opens one where there is none.
    Send {
        /// The receiver.
        to: NodeId,
        /// See [`Input::Message`].
        correlation: u32,
        /// Where in [`Effects::mail`] it is.
        slot: u32,
    },
    /// Let a timer fire at a moment after now.
    SetTimer {
        /// When.
        at: SimTime,
        /// Which.
        timer: Timer,
    },
    /// Close the connection to `peer`: nothing sent on it, either way, arrives any more.
    Disconnect {
        /// The other end.
        peer: NodeId,
    },
    /// The process ends (a clean stop completed).
    Exit,
}

/// Collects what a node does while it handles one input.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// In the order they were asked for.
    pub list: Vec<Effect>,
    /// The messages sent: by this input and, in a world, by all before it that have not arrived.
    pub mail: Mail,
    /// What happened, for observers; no node ever reads it.
    pub facts: Vec<Fact>,
    /// Report every fact, not only those observers always need. Changes nothing else.
    pub tracing: bool,
    /// Report none: nobody watches. Changes nothing else.
    pub unwatched: bool,
    /// To write messages into, and to give back what was read.
    pub spare: Spares,
}

impl Effects {
    /// Sends a message.
    #[inline]
    pub fn send(&mut self, to: impl Into<NodeId>, correlation: u32, message: Message) {
        let slot = self.mail.put(message);
        self.list.push(Effect::Send { to: to.into(), correlation, slot });
    }

    /// Takes what was asked for, in order, each message with its effect: for whoever carries it out at once.
    pub fn take(&mut self) -> Vec<(Effect, Option<Message>)> {
        let list = std::mem::take(&mut self.list);
        let with_message = |effect| match effect {
            Effect::Send { slot, .. } => (effect, Some(self.mail.take(slot))),
            _ => (effect, None),
        };
        list.into_iter().map(with_message).collect()
    }

    /// Sets a timer.
    #[inline]
    pub fn timer(&mut self, at: SimTime, timer: Timer) {
        self.list.push(Effect::SetTimer { at, timer });
    }

    /// Closes a connection. The node itself gets no [`Input::Disconnected`] for it.
    pub fn disconnect(&mut self, peer: impl Into<NodeId>) {
        self.list.push(Effect::Disconnect { peer: peer.into() });
    }

    /// Reports a fact that observers always need; `fact` is not computed where there are none.
    #[inline]
    pub fn report(&mut self, fact: impl FnOnce() -> Fact) {
        if !self.unwatched {
            self.facts.push(fact());
        }
    }

    /// Reports a fact that only a traced run collects; `fact` is not computed otherwise.
    #[inline]
    pub fn trace(&mut self, fact: impl FnOnce() -> Fact) {
        if self.tracing && !self.unwatched {
            self.facts.push(fact());
        }
    }
}
