//! The Leptos page and the worker that runs the simulation.
pub mod bridge;
#[cfg(feature = "page")]
pub mod charts;
#[cfg(feature = "page")]
pub mod order;
#[cfg(feature = "page")]
pub mod panels;
#[cfg(feature = "page")]
pub mod stage;
pub mod state;
#[cfg(feature = "page")]
pub mod workshop;
