//! Sequence numbers of an idempotent producer: 0 to 2147483647, then 0 again.
//!
//! Source: `DefaultRecordBatch.incrementSequence` and `decrementSequence`. Arguments are never negative.

/// The sequence number `by` places after `sequence`.
pub fn increment(sequence: i32, by: i32) -> i32 {
    (sequence as u32).wrapping_add(by as u32) as i32 & i32::MAX
}

/// The sequence number `by` places before `sequence`.
pub fn decrement(sequence: i32, by: i32) -> i32 {
    (sequence as u32).wrapping_sub(by as u32) as i32 & i32::MAX
}
