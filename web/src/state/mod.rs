//! What the page knows: signals for the panels, and the engine that plays.
pub mod app;
pub mod browser;
pub mod engine;
pub mod pace;
pub mod record;

pub use app::App;
