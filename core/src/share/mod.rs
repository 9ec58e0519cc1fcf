//! Room: share.
