//! Between page and worker: one versioned protocol, the worker's desk, the page's client.
mod answer;
#[cfg(feature = "page")]
pub mod client;
pub mod desk;
pub mod opening;
pub mod protocol;
