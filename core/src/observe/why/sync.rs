//! Why a replica was not in the ISR at some moment: when it left, and what made it leave.
use super::away;
use super::telling::{Telling, broker as subject, span};
use super::witness::Changed;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, TopicPartition};
use crate::observe::report::Subject;
use crate::trace::ChangeCause;
use crate::wire::NodeId;

/// Says when and why a replica left the ISR, the last time up to a moment.
pub(super) fn left(telling: &mut Telling, partition: TopicPartition, replica: BrokerId, until: SimTime) {
    let seen = telling.seen;
    let leaves =
        |change: &Changed| change.before.isr.contains(&replica) && !change.after.isr.contains(&replica);
    let Some(change) = seen.changes(partition, until).find(leaves) else {
        return telling.want_more();
    };
    // The replica that led is what the change of the leader tells of.
    if change.before.leader == Some(replica)
        && telling.has_said(change.at, Subject::Partition(partition.0), "Nobody leads")
    {
        return;
    }
    let name = telling.name(partition);
    let rest: Vec<String> = change.after.isr.iter().map(|member| member.0.to_string()).collect();
    let rest = if rest.is_empty() { "nobody".to_owned() } else { rest.join(", ") };
    let left = format!("Broker {} left the ISR of {name} (now: {rest})", replica.0);
    match change.cause {
        ChangeCause::LeaderAsked(leader) => fell_behind(telling, replica, leader, change.at, &left),
        ChangeCause::Fenced(broker) => {
            away::fenced(telling, broker, change.at);
            telling.say(
                change.at,
                Subject::Partition(partition.0),
                format!("{left}: fenced brokers are in none."),
            );
        }
        ChangeCause::ControlledShutdown(broker) => {
            away::shut_down(telling, broker, change.at);
            telling.say(
                change.at,
                Subject::Partition(partition.0),
                format!("{left}: brokers that shut down are in none."),
            );
        }
        ChangeCause::Registered(broker) => {
            away::returned(telling, broker, change.at);
            telling.say(
                change.at,
                Subject::Partition(partition.0),
                format!("{left}: a new process of broker {} registered, so the old one is gone.", broker.0),
            );
        }
        ChangeCause::UncleanElection | ChangeCause::Unfenced(_) => {
            let text = format!("{left}: an unclean election leaves nobody in it but the new leader.");
            telling
                .say(change.at, Subject::Partition(partition.0), text)
                .by(Subject::Partition(partition.0), "unclean.leader.election.enable");
        }
        ChangeCause::PreferredElection | ChangeCause::MinInsyncReplicas => {
            telling.say(change.at, Subject::Partition(partition.0), format!("{left}."));
        }
    }
}

fn fell_behind(telling: &mut Telling, replica: BrokerId, leader: BrokerId, at: SimTime, left: &str) {
    let lag_ms = telling.world.controller().image().broker_config.replica_lag_time_max_ms;
    let since = SimTime(at.0.saturating_sub(lag_ms.saturating_mul(2_000)));
    telling.want(since);
    // A fetch and its answer that take about as long as the limit make a follower late.
    let slow_us = lag_ms.saturating_mul(1_000) / 8;
    if !away::trouble(telling, NodeId::from(replica), (since, at), slow_us) {
        away::trouble(telling, NodeId::from(leader), (since, at), slow_us);
    }
    let text = format!(
        "{left}: its leader, broker {}, had not seen it caught up for {}, and asked the controller (AlterPartition).",
        leader.0,
        span("replica.lag.time.max.ms", lag_ms)
    );
    telling.say(at, subject(replica), text).by(Subject::Controller, "replica.lag.time.max.ms");
}
