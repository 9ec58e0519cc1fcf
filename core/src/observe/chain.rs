//! The chain of causes of one event, as a person reads it: plain data that crosses to the page as it is.
use super::report::Subject;

/// Why something happened, earliest cause first.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Chain {
    /// What was asked, as a heading: `Why broker 3 leads orders-0`.
    pub title: String,
    /// What led to it, in order; the last is the event itself. Empty until it is found.
    pub causes: Vec<Cause>,
    /// What came of it, in order, as far as the run is known.
    pub after: Vec<Cause>,
    /// What could not be found out: one sentence; empty if nothing is missing.
    pub gap: String,
    /// How much of the run was looked through, in words; empty when it is done.
    pub looking: String,
}

/// One link of the chain.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cause {
    /// When, in microseconds of virtual time.
    pub time_us: u64,
    /// What happened: one or two plain sentences.
    pub text: String,
    /// The configuration that decided it; mostly none or one.
    pub settings: Vec<Setting>,
    /// Whom it is about, to be selected.
    pub about: Option<Subject>,
}

/// A configuration key with the value it had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Setting {
    /// As in a properties file: `acks=1`.
    pub line: String,
    /// Whose: `producer checkout`, `topic orders`, `group billing`, `brokers`.
    pub of: String,
}
