//! What the page knows: signals for the panels, and the engine that plays.
pub mod app;
pub mod browser;
pub mod door;
pub mod engine;
pub mod files;
pub mod pace;
pub mod record;

pub use app::App;
