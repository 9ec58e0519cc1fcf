//! Room: scenario.
