//! Room: history.
