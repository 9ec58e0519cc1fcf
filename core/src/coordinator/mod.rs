//! Room: coordinator.
