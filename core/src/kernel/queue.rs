//! The event queue: what happens next, in the order (time, sequence).

/// A priority queue of plain events. Equal times come out in the order they went in.
///
/// A four-ary heap: half the levels of a binary one, and a node's children share cache lines. Events are
/// never searched for; a timer that no longer matters is ignored when it comes out.
#[derive(Clone, Debug)]
pub struct EventQueue<E> {
    heap: Vec<Entry<E>>,
    sequence: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    time: u64,
    sequence: u64,
    event: E,
}

impl<E> Entry<E> {
    #[inline]
    fn before(&self, other: &Self) -> bool {
        (self.time, self.sequence) < (other.time, other.sequence)
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        EventQueue { heap: Vec::new(), sequence: 0 }
    }
}

impl<E: Copy> EventQueue<E> {
    /// Adds `event` to happen at `time` (microseconds).
    #[inline]
    pub fn push(&mut self, time: u64, event: E) {
        self.sequence += 1;
        self.push_as(time, self.sequence, event);
    }

    /// The same for one of several queues that share a count: `sequence` is larger than all before it.
    #[inline]
    pub fn push_as(&mut self, time: u64, sequence: u64, event: E) {
        let entry = Entry { time, sequence, event };
        let mut i = self.heap.len();
        self.heap.push(entry);
        while i > 0 {
            let parent = (i - 1) / 4;
            if !entry.before(&self.heap[parent]) {
                break;
            }
            self.heap[i] = self.heap[parent];
            i = parent;
        }
        self.heap[i] = entry;
    }

    /// Takes the next event and its time.
    #[inline]
    pub fn pop(&mut self) -> Option<(u64, E)> {
        let last = self.heap.pop()?;
        let Some(&top) = self.heap.first() else { return Some((last.time, last.event)) };
        let heap = self.heap.as_mut_slice();
        let mut i = 0;
        loop {
            let first = 4 * i + 1;
            if first >= heap.len() {
                break;
            }
            let mut least = first;
            for child in first + 1..(first + 4).min(heap.len()) {
                if heap[child].before(&heap[least]) {
                    least = child;
                }
            }
            if !heap[least].before(&last) {
                break;
            }
            heap[i] = heap[least];
            i = least;
        }
        heap[i] = last;
        Some((top.time, top.event))
    }

    /// Time and sequence of the next event.
    #[inline]
    pub fn peek(&self) -> Option<(u64, u64)> {
        self.heap.first().map(|entry| (entry.time, entry.sequence))
    }

    /// When the next event happens.
    #[inline]
    pub fn next_time(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.time)
    }

    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// The waiting events with their times, in no order a reader may rely on.
    pub fn iter_unordered(&self) -> impl Iterator<Item = (u64, &E)> {
        self.heap.iter().map(|entry| (entry.time, &entry.event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Draws, Purpose};

    #[test]
    fn equal_times_keep_their_order() {
        let mut queue = EventQueue::default();
        for i in 0..100_u32 {
            queue.push(u64::from(i % 3), i);
        }
        let mut out = Vec::new();
        while let Some((time, event)) = queue.pop() {
            out.push((time, event));
        }
        let mut expected: Vec<_> = (0..100_u32).map(|i| (u64::from(i % 3), i)).collect();
        expected.sort_by_key(|&(time, _)| time);
        assert_eq!(out, expected);
    }

    #[test]
    fn pops_in_order_while_pushing() {
        let draws = Draws::new(3, "queue");
        let mut queue = EventQueue::default();
        for i in 0..500 {
            queue.push(draws.at(Purpose::new("t"), i).below_u64(1_000), i);
        }
        let mut last = 0;
        for i in 500..5_000 {
            let (time, _) = queue.pop().expect("never empty here");
            assert!(time >= last);
            last = time;
            queue.push(time + 1 + draws.at(Purpose::new("t"), i).below_u64(1_000), i);
        }
        assert_eq!(queue.len(), 500);
    }
}
