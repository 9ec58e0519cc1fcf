//! Links between nodes: TCP connections, ordered, never losing a single message (rule: loss is delay).
//!
//! This room knows distances and connections; it never knows what a message says or who is alive.
mod connection;
mod distance;

pub use connection::{Link, Network};
pub use distance::{Distances, LinkSpec, Site};
