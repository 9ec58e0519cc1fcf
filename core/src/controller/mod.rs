//! Room: controller.
pub mod placement;
pub mod partition_change;
