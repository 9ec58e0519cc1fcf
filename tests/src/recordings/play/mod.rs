//! Every recorded situation as the simulator plays it: the same cluster, the same faults, the same facts by the same names.
//!
//! A player tells what happened and judges nothing.
pub mod assignors;
pub mod followers;
pub mod groups;
pub mod keys;
pub mod leaders;
pub mod offsets;
pub mod outages;
pub mod producers;
pub mod retention;

use super::Recording;
use crate::stage::{Stage, ids};
use kafkarium_core::metadata::{BrokerId, PartitionRegistration};
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::ErrorCode;
use serde_json::Value;
use std::sync::Arc;

/// What one run told, in the order in which it did.
#[derive(Debug, Default)]
pub struct Played {
    /// Facts by name.
    pub facts: Vec<(String, Value)>,
    /// Durations and counts by name.
    pub measured: Vec<(String, u64)>,
}

impl Played {
    pub(super) fn fact(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.facts.push((name.into(), value.into()));
    }

    pub(super) fn measured(&mut self, name: impl Into<String>, value: u64) {
        self.measured.push((name.into(), value));
    }
}

/// A moment of a fault, in ms: some seconds after everything works, and another one for each seed. Heartbeats come every
/// 2 s, the controller looks for ended sessions every 1,125 ms: 50 seeds go evenly over the 9 s after which both meet again.
fn moment(from_ms: u64, seed: u64) -> u64 {
    from_ms + seed * 180
}

/// Three brokers with the recording's keys and a topic `orders` placed as there, run until they work.
fn cluster(recording: &Recording, seed: u64, clients: &str) -> Stage {
    let placement = recording.given.get("placement").map_or(String::from("[[1, 2, 3]]"), Value::to_string);
    let mut stage = Stage::new(&format!(
        "format = 1\nseed = {seed}\n[cluster]\nbrokers = 3\n[cluster.config]\n{}\n[[topic]]\nname = \"orders\"\n\
         placement = {placement}\n[topic.config]\n{}\n{clients}",
        recording.keys("brokers"),
        recording.keys("topic"),
    ));
    stage.go(crate::stage::READY_MS);
    stage
}

/// The changes of `orders-0` from a moment on: when, and what it was then.
fn changes(stage: &Stage, from_ms: u64) -> Vec<(u64, Arc<PartitionRegistration>)> {
    let orders = stage.partition(0);
    let mut changes = stage.tell(|fact| match fact {
        Fact::PartitionChanged { partition, after, .. } if *partition == orders => Some(after.clone()),
        _ => None,
    });
    changes.retain(|&(at, _)| at >= from_ms);
    changes
}

/// The first change of `orders-0` from a moment on that `is`; runs until it comes.
fn await_change(
    stage: &mut Stage,
    from_ms: u64,
    within_ms: u64,
    is: impl Fn(&PartitionRegistration) -> bool,
) -> (u64, Arc<PartitionRegistration>) {
    let orders = stage.partition(0);
    let found = |stage: &Stage| changes(stage, from_ms).into_iter().find(|(_, after)| is(after));
    // Looking through everything told after every event would take long: the newest state says when to look.
    if found(stage).is_none() {
        stage.go_until(within_ms, |stage| is(stage.world.controller().image().partition(orders)));
    }
    found(stage).expect("it was just seen")
}

/// Brokers as a list.
fn brokers(list: &[BrokerId]) -> Value {
    ids(list).into()
}

/// A leader's number, -1 for nobody.
fn leader(registration: &PartitionRegistration) -> Value {
    registration.leader.map_or(Value::from(-1), |leader| leader.0.into())
}

/// The first time from a moment on that a broker was unfenced; runs until it is.
fn await_unfenced(stage: &mut Stage, broker: u32, from_ms: u64, within_ms: u64) -> u64 {
    stage.go_until(within_ms, |stage| !stage.is_fenced(broker));
    stage.first(from_ms, |fact| matches!(fact, Fact::BrokerUnfenced { broker: one } if one.0 == broker))
}

/// The longest time between two acknowledgements of a producer of which the later came at `from_ms` or after.
fn longest_silence(stage: &Stage, producer: u16, from_ms: u64) -> u64 {
    let times = stage.tell(|fact| match fact {
        Fact::Acknowledged { producer: one, .. } if *one == producer => Some(()),
        _ => None,
    });
    let gaps = times.windows(2).filter(|pair| pair[1].0 >= from_ms).map(|pair| pair[1].0 - pair[0].0);
    gaps.max().unwrap_or(0)
}

/// The exception that a Java client throws for it.
fn exception(error: ErrorCode) -> String {
    match error {
        ErrorCode::DeliveryTimeout | ErrorCode::RequestTimedOut => String::from("TimeoutException"),
        other => format!("{other:?}Exception"),
    }
}
