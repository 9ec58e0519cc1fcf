//! Why a producer gave records up: what became of each attempt, and which limit ended them.
use super::away;
use super::leader;
use super::record;
use super::refused;
use super::telling::{Telling, span};
use crate::kernel::SimTime;
use crate::metadata::TopicPartition;
use crate::observe::follow::RecordId;
use crate::observe::report::Subject;
use crate::observe::story::error_sentence;
use crate::observe::told::count;
use crate::trace::Fact;
use crate::wire::ErrorCode;

/// Attempts told one by one.
const ATTEMPTS_TOLD: u32 = 4;

/// Says why `send()` failed at the event; the heading.
pub(super) fn tell(telling: &mut Telling, producer: u16, partition: TopicPartition) -> String {
    let name = telling.world.producer_spec(producer).client_id.to_string();
    let of = telling.name(partition);
    let title = format!("Why producer {name} gave records of {of} up");
    let at = telling.at;
    let failed = telling.seen.back_from(at).find_map(|(_, fact)| match fact {
        Fact::SendFailed { producer: by, partition: to, first_ordinal, count, error }
            if (*by, *to) == (producer, partition) =>
        {
            Some((*first_ordinal, *count, *error))
        }
        _ => None,
    });
    let Some((first, records, error)) = failed else { return title };
    let id = RecordId { producer, partition, ordinal: first.unwrap_or(0) };
    match first {
        Some(_) => attempts(telling, id, at),
        None => blocked(telling, producer, at),
    }
    why_not_there(telling, partition, at);
    let records = count(u64::from(records), "record");
    let text = format!("Producer {name} gave {records} of {of} up: send() failed. {}", error_sentence(error));
    telling.say(at, Subject::Producer(u32::from(producer)), text);
    record::decided(telling, id, error);
    title
}

/// What became of each time the batch was sent.
fn attempts(telling: &mut Telling, id: RecordId, until: SimTime) {
    let timeout_ms = telling.world.producer_spec(id.producer).config.delivery_timeout_ms;
    telling.want(SimTime(until.0.saturating_sub(timeout_ms.saturating_mul(1_000)).saturating_sub(1)));
    let seen = telling.seen;
    let mut told = 0;
    for (at, fact) in seen.facts().filter(|(at, _)| *at <= until) {
        let Fact::Retrying { producer, partition, first_ordinal, count, error, attempts } = fact else {
            continue;
        };
        let its = (*producer, *partition) == (id.producer, id.partition)
            && (*first_ordinal..first_ordinal + u64::from(*count)).contains(&id.ordinal);
        told += u32::from(its);
        if !its || told > ATTEMPTS_TOLD {
            continue;
        }
        why_silent(telling, id, at, *error);
        let text = format!("Attempt {attempts} had no good answer. {}", error_sentence(*error));
        telling.say(at, Subject::Producer(u32::from(id.producer)), text);
        record::decided(telling, id, *error);
    }
    if told > ATTEMPTS_TOLD {
        let text =
            format!("{} had no good answer either.", count(u64::from(told - ATTEMPTS_TOLD), "more attempt"));
        telling.say(until, Subject::Producer(u32::from(id.producer)), text);
    }
}

/// What kept the leader that was asked from answering, if nothing came of an attempt.
fn why_silent(telling: &mut Telling, id: RecordId, at: SimTime, error: ErrorCode) {
    if !matches!(error, ErrorCode::RequestTimedOut | ErrorCode::NetworkException) {
        return;
    }
    let timeout_ms = telling.world.producer_spec(id.producer).config.request_timeout_ms;
    let since = SimTime(at.0.saturating_sub(timeout_ms.saturating_mul(1_000)));
    let now = telling.world.controller().image().partition(id.partition).leader;
    let mut changes = telling.seen.changes(id.partition, telling.at);
    let before = changes.by_ref().take_while(|change| change.at > since).last();
    let asked = before.map_or(now, |change| change.before.leader);
    if let Some(asked) = asked {
        record::why_no_answer(telling, id, asked, (since, at), error);
    }
}

/// `send()` never got its record into a batch.
fn blocked(telling: &mut Telling, producer: u16, until: SimTime) {
    let max_ms = telling.world.producer_spec(producer).config.max_block_ms;
    telling.want(SimTime(until.0.saturating_sub(max_ms.saturating_mul(1_000)).saturating_sub(1)));
    let since = telling.seen.back_from(until).find_map(|(at, fact)| match fact {
        Fact::Blocked { producer: of, blocked: true, .. } if *of == producer => Some(at),
        _ => None,
    });
    if let Some(since) = since {
        let whose = Subject::Producer(u32::from(producer));
        let text = format!(
            "send() began to wait: buffer.memory was full of records without an answer. It waits {} at most.",
            span("max.block.ms", max_ms)
        );
        telling.say(since, whose, text).by(whose, "buffer.memory");
    }
}

/// What is wrong with the partition at the event: no leader, or too few in sync.
fn why_not_there(telling: &mut Telling, partition: TopicPartition, until: SimTime) {
    let image = telling.world.controller().image();
    let registration = image.partition(partition);
    if let Some(leader) = registration.leader {
        if (registration.isr.len() as u32) < image.min_insync_replicas(partition) {
            refused::too_few(telling, partition, until);
        } else {
            let since = SimTime(until.0.saturating_sub(30_000_000)).max(telling.seen.from);
            away::trouble(telling, leader.into(), (since, until), 1_000_000);
        }
        return;
    }
    let seen = telling.seen;
    let gone = seen.changes(partition, until).find(|change| change.after.leader.is_none());
    match gone {
        Some(change) => leader::election(telling, partition, change),
        None => telling.want_more(),
    }
}
