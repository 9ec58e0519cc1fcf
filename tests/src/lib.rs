//! Kafkarium.
