//! What the page knows: signals for the panels, and the engine that plays.
#[cfg(feature = "page")]
pub mod app;
#[cfg(feature = "page")]
pub mod browser;
#[cfg(feature = "page")]
pub mod caption;
#[cfg(feature = "page")]
pub mod door;
#[cfg(feature = "page")]
pub mod engine;
#[cfg(feature = "page")]
pub mod files;
#[cfg(feature = "page")]
pub mod film;
#[cfg(feature = "page")]
pub mod offline;
#[cfg(feature = "page")]
mod link;
#[cfg(feature = "page")]
mod opening;
pub mod pace;
#[cfg(feature = "page")]
pub mod record;
#[cfg(feature = "page")]
mod why;
pub mod worth;

#[cfg(feature = "page")]
pub use app::App;
