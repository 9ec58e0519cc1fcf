//! Links: a run's inputs and a moment in it, as the fragment of a URL. The form is described in docs/link-format.md.
//!
//! What arrives here was written by anyone: every length is checked before it is believed, and nothing panics.
mod base64;
mod codec;
mod error;

pub use codec::{ENCODED_CHARS_MAX, INFLATED_BYTES_MAX, SELECTION_CHARS_MAX, decode, encode, split_embed};
pub use error::LinkError;

use crate::kernel::SimTime;
use crate::scenario::{self, Scenario, ScenarioError, TimedCommand};

/// What a link carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The scenario.
    pub scenario: LinkScenario,
    /// The seed.
    pub seed: u64,
    /// The commands given live, in time order.
    pub commands: Vec<TimedCommand>,
    /// The moment to stand at.
    pub moment: SimTime,
    /// What is selected, as a scenario's `select` writes it; empty for nothing.
    pub selection: String,
    /// The run's digest at that moment, if it was known: tells whether the engine has changed since.
    pub digest: Option<u64>,
}

/// The scenario of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkScenario {
    /// One that comes with Kafkarium, by name.
    Shipped(String),
    /// Its own text.
    Text(String),
}

impl Link {
    /// The beginning of what is seen of a scenario: its own seed, the end of its warm-up.
    pub fn to(scenario: LinkScenario) -> Result<Self, Vec<ScenarioError>> {
        let mut link = Link {
            scenario,
            seed: 0,
            commands: Vec::new(),
            moment: SimTime::ZERO,
            selection: String::new(),
            digest: None,
        };
        let scenario = link.read()?;
        link.seed = scenario.seed;
        link.moment = scenario.warm_up;
        Ok(link)
    }

    /// The text of its scenario.
    pub fn text(&self) -> &str {
        match &self.scenario {
            LinkScenario::Shipped(name) => scenario::shipped_named(name).map_or("", |shipped| shipped.text),
            LinkScenario::Text(text) => text,
        }
    }

    /// Reads its scenario.
    pub fn read(&self) -> Result<Scenario, Vec<ScenarioError>> {
        scenario::read(self.text())
    }
}
