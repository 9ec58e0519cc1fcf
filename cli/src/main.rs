//! Kafkarium.
fn main() {}
