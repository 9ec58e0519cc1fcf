//! Short queues that are often empty.
use std::collections::VecDeque;

/// Takes the first of a queue. One that is empty then begins again at its first place: there are thousands of them, and
/// each that wanders through all its places takes several times the room in the processor's cache.
#[inline]
pub fn take_first<T>(queue: &mut VecDeque<T>) -> Option<T> {
    let first = queue.pop_front();
    if queue.is_empty() {
        queue.clear();
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_queue_begins_at_its_first_place() {
        let mut queue = VecDeque::with_capacity(4);
        queue.push_back(1);
        let place = queue.as_slices().0.as_ptr();
        for number in 2..10 {
            assert_eq!(take_first(&mut queue), Some(number - 1));
            queue.push_back(number);
            assert_eq!(queue.as_slices().0.as_ptr(), place);
        }
        assert_eq!((take_first(&mut queue), take_first(&mut queue)), (Some(9), None));
    }
}
