//! Room: log.
