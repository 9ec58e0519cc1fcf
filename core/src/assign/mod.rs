//! Room: assign. Partitioners, assignors and the small sums clients make: pure functions and plain state.
//!
//! Nothing here draws, waits or sends. Random values come in as arguments, results go out as values, and the
//! vectors under `tests/vectors` hold each piece to what Kafka 4.3.0 answers.
pub mod murmur2;
pub mod java_hash;
pub mod sticky_partitioner;
pub mod round_robin;
pub mod compression;
pub mod record_size;
pub mod sequence;
pub mod backoff;
pub mod subscription;
pub mod range;
pub mod round_robin_assignor;
pub mod initial_rebalance;
