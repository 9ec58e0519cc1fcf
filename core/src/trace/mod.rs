//! Room: trace.
