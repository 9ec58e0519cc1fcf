//! Kafkarium's core: a run is a pure function `run(scenario, seed, commands) -> history`.
//!
//! Rooms, in building order; a room imports only from rooms listed before it (`tests` holds it to that).
pub mod kernel;
pub mod config;
pub mod log;
pub mod metadata;
pub mod wire;
pub mod trace;
pub mod node;
pub mod assign;
pub mod client;
pub mod coordinator;
pub mod controller;
pub mod broker;
pub mod net;
pub mod scenario;
pub mod world;
pub mod observe;
pub mod history;
pub mod share;
