//! What becomes of `orders-0` when all its brokers end one after the other, and come back in the same order.
use super::{Played, brokers, cluster, leader, leaders::values};
use crate::recordings::Recording;
use crate::stage::{Stage, TYPIST};
use kafkarium_core::trace::Process;
use kafkarium_core::wire::NodeId;
use serde_json::json;

/// Each is stopped cleanly.
pub fn stopped_in_turn(recording: &Recording, seed: u64) -> Played {
    in_turn(recording, seed, "stop")
}

/// Each is killed.
pub fn killed_in_turn(recording: &Recording, seed: u64) -> Played {
    in_turn(recording, seed, "crash")
}

fn in_turn(recording: &Recording, seed: u64, ending: &str) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, TYPIST);
    for number in 0..10 {
        stage.act(&format!("send by typist no key value \"{number}\""));
    }
    stage.go_on(2_000);
    for broker in 1..=3 {
        stage.act(&format!("{ending} broker {broker}"));
        stage.go_until(60_000, |stage| {
            let process = stage.world.process(NodeId::Broker(broker)).0;
            stage.is_fenced(u32::from(broker)) && matches!(process, Process::Stopped | Process::Crashed)
        });
        stage.go_on(2_000);
        tell(&mut played, &stage, format!("when broker {broker} is down"));
    }
    for broker in 1..=3 {
        stage.act(&format!("start broker {broker}"));
        stage.go_until(60_000, |stage| !stage.is_fenced(broker));
        stage.go_on(6_000);
        tell(&mut played, &stage, format!("when broker {broker} is back"));
    }
    played.fact("records in the end", values(&stage, stage.leader(0)));
    played
}

fn tell(played: &mut Played, stage: &Stage, when: String) {
    let now = stage.registration(0);
    let state = json!({
        "ELR": brokers(&now.elr), "ISR": brokers(&now.isr), "leader": leader(now), "leader epoch": now.leader_epoch
    });
    played.fact(when, state);
}
