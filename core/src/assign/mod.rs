//! Room: assign.
