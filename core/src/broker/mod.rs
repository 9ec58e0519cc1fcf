//! Room: broker.
