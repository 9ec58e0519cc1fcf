//! Classic groups.
use crate::check::{Check, list, number, numbers};
use kafkarium_core::assign::initial_rebalance::InitialRebalance;
use serde_json::Value;

pub fn initial_rebalance(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let joins = numbers(&case["join_times_ms"]);
        let timeout = u64::from(number(&case["rebalance_timeout_ms"]));
        let (mut wait, first) =
            InitialRebalance::start(u64::from(number(&case["initial_delay_ms"])), timeout);
        let (mut from, mut until) = (0, first);
        let mut waiting = joins[1..].iter().map(|&time| u64::from(time)).collect::<Vec<_>>();
        let completed = loop {
            if waiting.iter().any(|&time| (from..until).contains(&time)) {
                wait.member_joined();
            }
            waiting.retain(|&time| time >= until);
            match wait.interval_passed() {
                Some(next) => (from, until) = (until, until + next),
                None => break until,
            }
        };
        check.same("completion", completed, u64::from(number(&case["expected_completion_ms"])));
    }
}
