//! A record's way into the log: each time its batch was sent, appended, given another try, acknowledged.
use super::away;
use super::telling::Telling;
use crate::client::ProducerSpec;
use crate::config::Acks;
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::BrokerId;
use crate::observe::follow::RecordId;
use crate::observe::report::Subject;
use crate::observe::story::error_sentence;
use crate::observe::told::count;
use crate::trace::Fact;
use crate::wire::{ErrorCode, NodeId};

/// What was seen of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    /// The broker that appended it the last time, and when.
    pub appended: Option<(BrokerId, SimTime)>,
    /// When its `send()` completed.
    pub acknowledged: Option<SimTime>,
}

/// Says how it was sent and appended up to the event, but not the acknowledgement; `None` if its sending was not seen.
/// Appends from offset `until` on are left out.
pub(super) fn into_log(telling: &mut Telling, id: RecordId, until: u64) -> Option<Met> {
    let seen = telling.seen;
    let at_event = telling.at;
    let mut met = Met { appended: None, acknowledged: None };
    let mut sent: Option<(SimTime, BrokerId)> = None;
    let mut begun = false;
    for (at, fact) in seen.facts().filter(|(at, _)| *at <= at_event) {
        match fact {
            Fact::Sent { broker, partition, batch, .. } if id.within(*partition, batch).is_some() => {
                begun |= batch.retries == 0;
                tell_sent(telling, id, at, *broker, batch);
                sent = Some((at, *broker));
            }
            Fact::Appended { broker, partition, batch } => {
                let Some(within) = id.within(*partition, batch) else { continue };
                let offset = batch.base_offset + u64::from(within);
                if offset >= until {
                    continue;
                }
                met.appended = Some((*broker, at));
                let text = format!(
                    "Broker {}, the leader, appended it at offset {offset} (leader epoch {}).",
                    broker.0, batch.leader_epoch
                );
                telling.say(at, Subject::Replica(id.partition.0, broker.0), text);
            }
            Fact::Acknowledged { partition, batch, .. } if id.within(*partition, batch).is_some() => {
                met.acknowledged = Some(at);
            }
            Fact::Retrying { producer, partition, first_ordinal, count, error, .. }
                if (*producer, *partition) == (id.producer, id.partition)
                    && (*first_ordinal..first_ordinal + u64::from(*count)).contains(&id.ordinal) =>
            {
                tell_retry(telling, id, at, *error, sent);
            }
            _ => {}
        }
    }
    begun.then_some(met)
}

fn tell_sent(telling: &mut Telling, id: RecordId, at: SimTime, broker: BrokerId, batch: &Batch) {
    let name = spec(telling, id).client_id.to_string();
    let text = if batch.retries == 0 {
        let records = count(u64::from(batch.count), "record");
        format!("Producer {name} sent its batch ({records}) to broker {}.", broker.0)
    } else {
        format!("Producer {name} sent the batch again, to broker {}.", broker.0)
    };
    telling.say(at, Subject::Producer(u32::from(id.producer)), text);
}

fn spec<'w>(telling: &Telling<'w>, id: RecordId) -> &'w ProducerSpec {
    telling.world.producer_spec(id.producer)
}

/// No good answer came: why, and what kept the broker that was asked from giving one.
fn tell_retry(
    telling: &mut Telling,
    id: RecordId,
    at: SimTime,
    error: ErrorCode,
    sent: Option<(SimTime, BrokerId)>,
) {
    if let Some((since, broker)) = sent {
        why_no_answer(telling, id, broker, (since, at), error);
    }
    let producer = Subject::Producer(u32::from(id.producer));
    let name = spec(telling, id).client_id.to_string();
    let text = format!("Producer {name} had no good answer. {} It tries again.", error_sentence(error));
    telling.say(at, producer, text);
    decided(telling, id, error);
}

/// What kept a broker from answering: its own trouble, or with acks=all that of the replicas it waits for.
pub(super) fn why_no_answer(
    telling: &mut Telling,
    id: RecordId,
    broker: BrokerId,
    when: (SimTime, SimTime),
    error: ErrorCode,
) {
    let at = when.1;
    let request_us = spec(telling, id).config.request_timeout_ms.saturating_mul(1_000);
    let slow_us = if error == ErrorCode::RequestTimedOut { request_us / 16 } else { away::HOWEVER_SLOW };
    away::trouble(telling, NodeId::Producer(id.producer), when, slow_us);
    if away::trouble(telling, NodeId::from(broker), when, slow_us)
        || spec(telling, id).config.acks != Acks::All
    {
        return;
    }
    let followers = telling.world.controller().image().partition(id.partition).isr.clone();
    for follower in followers.into_iter().filter(|follower| *follower != broker) {
        if away::trouble(telling, NodeId::from(follower), when, slow_us) {
            let text = format!(
                "Broker {} could not answer yet: with acks=all it waits until broker {}, which is in sync, has a copy.",
                broker.0, follower.0
            );
            let producer = Subject::Producer(u32::from(id.producer));
            telling.say(at, producer, text).by(producer, "acks");
        }
    }
}

/// The configuration behind an error.
pub(super) fn decided(telling: &mut Telling, id: RecordId, error: ErrorCode) {
    let producer = Subject::Producer(u32::from(id.producer));
    match error {
        ErrorCode::RequestTimedOut => telling.by(producer, "request.timeout.ms"),
        ErrorCode::DeliveryTimeout => telling.by(producer, "delivery.timeout.ms"),
        ErrorCode::BufferExhausted => telling.by(producer, "max.block.ms").by(producer, "buffer.memory"),
        ErrorCode::NotEnoughReplicas | ErrorCode::NotEnoughReplicasAfterAppend => {
            telling.by(Subject::Partition(id.partition.0), "min.insync.replicas")
        }
        ErrorCode::MessageTooLarge => telling.by(Subject::Partition(id.partition.0), "max.message.bytes"),
        _ => telling,
    };
}
