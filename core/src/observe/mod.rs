//! Metrics, story, audit, view: what can be said of a run. Observers read the world and its facts; they never
//! change either.
pub mod report;
pub mod view;
