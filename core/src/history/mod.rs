//! Checkpoints, seek, fork: a run as something one can move through.
//!
//! This room knows the world as a thing that can be cloned and run; it knows nothing of Kafka's rules.

mod asker;
mod checkpoints;
mod flights;
mod follower;
mod future;
mod just_changed;
mod rerun;
mod session;
pub use session::{Progress, Session};
