//! Values of configuration keys.
use crate::check::{Check, list};
use kafkarium_core::config::ConsumerConfig;
use serde_json::Value;

/// `AutoOffsetResetStrategyTest`: what `auto.offset.reset` can be. A null is no text that a key could have here.
pub fn auto_offset_reset(data: &Value, check: &mut Check) {
    for (kind, legal) in [("valid", true), ("invalid", false)] {
        for value in list(&data[kind]) {
            check.case(value);
            let said = value.as_str().map(|text| ConsumerConfig::default().with("auto.offset.reset", text));
            check.same(kind, said.is_some_and(|config| config.is_ok()), legal);
        }
    }
}
