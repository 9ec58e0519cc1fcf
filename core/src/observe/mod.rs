//! Metrics, story, audit, view: what can be said of a run. Observers read the world and its facts; they never
//! change either.
mod audit;
mod availability;
mod bands;
mod changes;
mod cuts;
pub mod describe;
pub mod follow;
pub mod frame;
pub mod frame_codec;
mod histogram;
pub mod inspect;
mod invariants;
mod journal;
mod lag;
pub mod life;
mod metrics;
pub mod metrics_table;
mod names;
mod observers;
mod offers;
pub mod orders;
mod piles;
mod ranges;
pub mod records;
pub mod report;
pub mod selection;
mod series;
mod settings;
mod story;
mod summary;
mod told;
pub mod view;

pub use invariants::Invariants;
pub use journal::Journal;
pub use names::NameBook;
pub use observers::Observers;
