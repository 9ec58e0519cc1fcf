//! What happens next in a world.
use crate::kernel::EventQueue;
use crate::node::TimerKind;
use crate::wire::NodeId;

/// An event: 16 plain bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// A message arrives.
    Deliver { slot: u32 },
    /// A timer fires, if the process that set it still runs.
    Timer { node: NodeId, kind: TimerKind, incarnation: u16, key: u32, generation: u32 },
    /// A node learns that its connection to a peer is gone.
    Reset { node: NodeId, peer: NodeId },
    /// An entry of the scenario's timeline.
    Command { index: u32 },
    /// The cluster is set up step by step.
    Setup,
}

/// The events that wait, in the order (time, sequence).
///
/// Three of four are messages, which arrive soon; timers wait for long and rarely matter. So messages have a queue of
/// their own, a short one.
#[derive(Clone, Debug, Default)]
pub(super) struct Agenda {
    deliveries: EventQueue<u32>,
    others: EventQueue<Event>,
    sequence: u64,
}

impl Agenda {
    /// Adds an event to happen at `time` (microseconds).
    #[inline]
    pub(super) fn push(&mut self, time: u64, event: Event) {
        let sequence = self.sequence;
        self.sequence += 1;
        match event {
            Event::Deliver { slot } => self.deliveries.push_as(time, sequence, slot),
            other => self.others.push_as(time, sequence, other),
        }
    }

    /// Takes the next event and its time, if it happens at `until` (microseconds) or before.
    #[inline]
    pub(super) fn pop_until(&mut self, until: u64) -> Option<(u64, Event)> {
        let (delivery, other) = (self.deliveries.peek(), self.others.peek());
        let is_delivery = other.is_none_or(|other| delivery.is_some_and(|delivery| delivery < other));
        let (time, _) = if is_delivery { delivery? } else { other? };
        if time > until {
            return None;
        }
        if is_delivery {
            self.deliveries.pop().map(|(time, slot)| (time, Event::Deliver { slot }))
        } else {
            self.others.pop()
        }
    }

    /// When the next event happens, microseconds.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.deliveries.next_time().into_iter().chain(self.others.next_time()).min()
    }

    /// How many events wait.
    pub(super) fn len(&self) -> usize {
        self.deliveries.len() + self.others.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_the_rest_come_out_in_one_order() {
        let mut agenda = Agenda::default();
        agenda.push(5, Event::Command { index: 0 });
        agenda.push(5, Event::Deliver { slot: 1 });
        agenda.push(5, Event::Command { index: 2 });
        agenda.push(3, Event::Deliver { slot: 3 });
        agenda.push(4, Event::Command { index: 4 });
        assert_eq!((agenda.len(), agenda.next_time()), (5, Some(3)));
        let number = |event| match event {
            Event::Deliver { slot } => slot,
            Event::Command { index } => index,
            other => panic!("{other:?}"),
        };
        let mut out = Vec::new();
        while let Some((time, event)) = agenda.pop_until(4) {
            out.push((time, number(event)));
        }
        assert_eq!(out, [(3, 3), (4, 4)]);
        while let Some((time, event)) = agenda.pop_until(u64::MAX) {
            out.push((time, number(event)));
        }
        assert_eq!(out[2..], [(5, 0), (5, 1), (5, 2)]);
    }
}
