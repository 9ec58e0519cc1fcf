//! A chain while it is put together: sentences with their moments, and the configuration that decided.
use super::witness::Witness;
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use crate::observe::chain::{Cause, Chain, Setting};
use crate::observe::report::Subject;
use crate::observe::told::ms;
use crate::scenario::words::show_duration;
use crate::wire::NodeId;
use crate::world::World;

/// Causes being told, in any order.
pub(super) struct Telling<'a> {
    /// The world at the event.
    pub world: &'a World,
    pub seen: &'a Witness,
    /// When the event happened.
    pub at: SimTime,
    causes: Vec<Cause>,
    /// Which was said last.
    last: usize,
    /// The chain may begin before what was seen: from here on more has to be.
    pub wants: Option<SimTime>,
    /// The leader that was replaced.
    pub replaced: Option<NodeId>,
    /// What happened to it, and when: `broker 2 crashed`.
    pub trouble: Option<(SimTime, String)>,
    pub gap: String,
}

impl<'a> Telling<'a> {
    pub fn new(world: &'a World, seen: &'a Witness, at: SimTime) -> Self {
        Telling {
            world,
            seen,
            at,
            causes: Vec::new(),
            last: 0,
            wants: None,
            replaced: None,
            trouble: None,
            gap: String::new(),
        }
    }

    /// Says something, unless it was said.
    pub fn say(&mut self, at: SimTime, about: Subject, text: impl Into<String>) -> &mut Self {
        let cause = Cause { time_us: at.0, text: text.into(), settings: Vec::new(), about: Some(about) };
        let said = self.causes.iter().position(|other| other.time_us == at.0 && other.text == cause.text);
        self.last = said.unwrap_or(self.causes.len());
        if said.is_none() {
            self.causes.push(cause);
        }
        self
    }

    /// Whether something with this word was said of a moment and a subject.
    pub fn has_said(&self, at: SimTime, about: Subject, word: &str) -> bool {
        let same = |cause: &&Cause| cause.time_us == at.0 && cause.about == Some(about);
        self.causes.iter().filter(same).any(|cause| cause.text.contains(word))
    }

    /// This configuration decided what was said last.
    pub fn by(&mut self, whose: Subject, key: &str) -> &mut Self {
        if let (Some(setting), Some(last)) = (setting(self.world, whose, key), self.causes.get_mut(self.last))
            && !last.settings.contains(&setting)
        {
            last.settings.push(setting);
        }
        self
    }

    /// More of the run has to be seen, if there is more.
    pub fn want(&mut self, from: SimTime) {
        if self.seen.from > SimTime::ZERO && from < self.seen.from {
            self.wants = Some(self.wants.map_or(from, |wants| wants.min(from)));
        }
    }

    /// A cause lies somewhere before what was seen: twice as far back.
    pub fn want_more(&mut self) {
        let seen_us = self.at.since_us(self.seen.from).max(5_000_000);
        self.want(SimTime(self.seen.from.0.saturating_sub(2 * seen_us)));
    }

    /// Remembers what happened to the leader that was replaced, the last thing of several.
    pub fn troubled(&mut self, node: NodeId, at: SimTime, what: String) {
        let is_last = self.trouble.as_ref().is_none_or(|(last, _)| at > *last);
        if self.replaced == Some(node) && is_last {
            self.trouble = Some((at, what));
        }
    }

    /// The chain: causes in order, the event, which was said last, at the end.
    pub fn into_chain(self, title: String) -> Chain {
        let Telling { mut causes, gap, at, .. } = self;
        causes.retain(|cause| cause.time_us <= at.0);
        causes.sort_by_key(|cause| cause.time_us);
        Chain { title, causes, gap, ..Chain::default() }
    }

    pub fn name(&self, partition: crate::metadata::TopicPartition) -> String {
        self.world.controller().image().partition_name(partition)
    }
}

/// A key and its value, as a person would write it.
pub(super) fn setting(world: &World, whose: Subject, key: &str) -> Option<Setting> {
    let image = world.controller().image();
    let (value, of) = match whose {
        Subject::Producer(at) => {
            let spec = world.producer_spec(at as u16);
            (spec.config.value(key), format!("producer {}", spec.client_id))
        }
        Subject::Group(at) => {
            let group = &world.groups()[at as usize];
            (group.config.value(key), format!("group {}", group.name))
        }
        Subject::Partition(at) => {
            let topic = image.topic_of(crate::metadata::TopicPartition(at));
            (topic.config.value(key), format!("topic {}", topic.name))
        }
        _ => (image.broker_config.value(key), "brokers".to_owned()),
    };
    // Kafka's own classes go by their last name.
    let value = value?.replace("org.apache.kafka.clients.consumer.", "");
    Some(Setting { line: format!("{key}={value}"), of })
}

pub(super) fn broker(id: BrokerId) -> Subject {
    Subject::Broker(id.0)
}

/// A stretch of time in words: `8.312 s`, `3 ms`.
pub(super) fn took(from: SimTime, to: SimTime) -> String {
    let us = to.since_us(from);
    if us >= 1_000 { show_duration(us / 1_000 * 1_000) } else { show_duration(us) }
}

/// A configured time in words, with its key.
pub(super) fn span(key: &str, value_ms: u64) -> String {
    format!("{key} ({})", ms(value_ms))
}
