//! Which coordinator a group or transactional id has: Java's string hash over the internal topic's partitions.
//!
//! Source: `GroupCoordinatorService.partitionFor`, `TransactionStateManager.partitionFor`, `String.hashCode`.
use std::cmp::Ordering;

/// The partition of the internal topic (`__consumer_offsets`, `__transaction_state`) that owns `id`.
///
/// Kafka's `Utils.abs` gives 0 for the one hash that has no absolute value.
pub fn coordinator_partition(id: &str, partitions: u32) -> u32 {
    java_hash(id).checked_abs().unwrap_or(0) as u32 % partitions
}

/// `String.hashCode`: 31·h + unit over the UTF-16 units, wrapping at 32 bits.
pub fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `String.compareTo`: by UTF-16 units, which differs from Rust's order beyond the basic plane.
pub fn java_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}
