//! Room: node.
