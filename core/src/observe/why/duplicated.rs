//! Why a record is in the log more than once: the first copy, the answer that did not come, the second copy.
use super::record;
use super::telling::Telling;
use crate::metadata::TopicPartition;
use crate::observe::follow::RecordId;
use crate::observe::report::Subject;
use crate::trace::Fact;

/// Says how the record at an offset came to be a second copy; the heading.
pub(super) fn tell(
    telling: &mut Telling,
    partition: TopicPartition,
    offset: u64,
    record: Option<RecordId>,
) -> String {
    let name = telling.name(partition);
    let title = format!("Why the record at offset {offset} of {name} is in the log more than once");
    let Some(id) = record else { return title };
    if record::into_log(telling, id, offset).is_none() {
        telling.gap =
            "Its first sending lies before what is known of this run, so the chain begins later.".to_owned();
    }
    let producer = Subject::Producer(u32::from(id.producer));
    let at = telling.at;
    let leader = telling.seen.back_from(at).find_map(|(_, fact)| match fact {
        Fact::Appended { broker, partition: of, batch } if id.within(*of, batch).is_some() => Some(*broker),
        _ => None,
    });
    let Some(leader) = leader else { return title };
    let idempotent = telling.world.producer_spec(id.producer).config.enable_idempotence;
    let why = if idempotent {
        "It did not recognise it: a leader knows the last five batches of each producer, by producer id, epoch and sequence number."
    } else {
        "Without idempotence a batch has no sequence number by which the leader could know it."
    };
    let text = format!(
        "Broker {}, the leader, appended the batch again: the record stands at offset {offset} too. {why}",
        leader.0
    );
    telling.say(at, Subject::Partition(partition.0), text);
    if !idempotent {
        telling.by(producer, "enable.idempotence");
    }
    title
}
