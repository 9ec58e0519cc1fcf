//! Virtual time, draws, the event queue, the digest: what any deterministic simulation needs.
//!
//! This room must never know anything of Kafka.
mod digest;
mod draw;
mod fifo;
mod queue;
mod time;

pub use digest::Digest;
pub use draw::{Draw, Draws, Purpose, name_hash};
pub use fifo::take_first;
pub use queue::EventQueue;
pub use time::SimTime;
