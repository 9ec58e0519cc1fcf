//! What real Kafka would warn of or refuse at run time, what its documentation advises against, and what would
//! surprise an author: every rule between the things of a scenario that is right.
//!
//! Kafka's rules between the keys of one configuration are in `config`; those are errors.
use super::part::{Note, Part};
use super::words::{show_duration, show_number};
use super::{BrokerSpec, GroupSpec, ProducerSpec, Scenario, TimedCommand, TopicSpec};
use crate::config::{Acks, AutoOffsetReset, BrokerConfig};
use crate::kernel::SimTime;

/// The cluster is set up by then, even one that lacks a broker.
const SETTLED: SimTime = SimTime::from_secs(6);

/// All notes, in the order of the parts. `tables` says of each producer which `[[producer]]` it comes from.
pub(super) fn notes(scenario: &Scenario, tables: &[u32]) -> Vec<Note> {
    let mut advice = Advice { scenario, of: Part::Cluster, whose: String::new(), notes: Vec::new() };
    advice.cluster();
    for (index, topic) in (0..).zip(&scenario.topics) {
        advice.on(Part::Topic(index), format!("topic `{}`: ", topic.name));
        advice.topic(topic);
    }
    let mut before = None;
    for (producer, &table) in scenario.producers.iter().zip(tables) {
        // Producers of one table are alike.
        if before.replace(table) != Some(table) {
            advice.on(Part::Producer(table), format!("producer `{}`: ", producer.name));
            advice.producer(producer);
        }
    }
    for (index, group) in (0..).zip(&scenario.groups) {
        advice.on(Part::Group(index), format!("group `{}`: ", group.name));
        advice.group(group);
    }
    advice.notes
}

/// What an author should know of the timeline's command of that number.
pub(super) fn of_event(index: u32, timed: &TimedCommand, duration: SimTime) -> Vec<Note> {
    let moment = show_duration(timed.at.0);
    let note = |text: String| Note { of: Part::Event(index), key: "do".into(), is_warning: false, text };
    let mut notes = Vec::new();
    if timed.at > duration {
        notes.push(note(format!("`{}` at {moment} comes after the end of the run", timed.command)));
    }
    if timed.at < SETTLED && timed.command.takes_brokers_away() {
        notes.push(note(format!(
            "`{}` at {moment} comes while topics are created: without enough brokers they never are",
            timed.command
        )));
    }
    notes
}

struct Advice<'s> {
    scenario: &'s Scenario,
    of: Part,
    whose: String,
    notes: Vec<Note>,
}

impl Advice<'_> {
    fn on(&mut self, of: Part, whose: String) {
        (self.of, self.whose) = (of, whose);
    }

    fn warn(&mut self, key: &str, text: String) {
        let text = format!("{}{text}", self.whose);
        self.notes.push(Note { of: self.of.clone(), key: key.into(), is_warning: true, text });
    }

    fn cluster(&mut self) {
        let config: &BrokerConfig = &self.scenario.broker_config;
        let brokers = self.scenario.brokers.len() as u64;
        let factor = config.offsets_topic_replication_factor;
        if factor as u64 > brokers && !self.scenario.groups.is_empty() {
            self.warn("offsets.topic.replication.factor", format!(
                "offsets.topic.replication.factor = {factor} is more than the number of brokers, {brokers}: in \
                 Kafka no group would find a coordinator; here it counts as {brokers}"
            ));
        }
        let (heartbeat_ms, session_ms) =
            (config.broker_heartbeat_interval_ms, config.broker_session_timeout_ms);
        if heartbeat_ms.saturating_mul(2) > session_ms {
            self.warn("broker.heartbeat.interval.ms", format!(
                "broker.heartbeat.interval.ms = {heartbeat_ms} is more than half of broker.session.timeout.ms = \
                 {session_ms}: one late heartbeat fences a broker; send them at least three times as often"
            ));
        }
        let is_without = |broker: &&BrokerSpec| broker.rack.is_empty();
        let without = self.scenario.brokers.iter().filter(is_without).count() as u64;
        if (1..brokers).contains(&without) {
            let what = format!(
                "{without} of {brokers} brokers stand in no rack: Kafka spreads replicas as if these were one rack \
                 together; say `rack` for each broker or for none"
            );
            self.warn("racks", what);
        }
        let has = |mark: char| self.scenario.topics.iter().find(|topic| topic.name.contains(mark));
        if let (Some(dot), Some(line)) = (has('.'), has('_')) {
            self.warn("", format!(
                "topics `{}` and `{}`: `.` and `_` are the same in the names of metrics, so topics could collide; \
                 kafka-topics advises to use one of them, not both",
                dot.name, line.name
            ));
        }
    }

    fn topic(&mut self, topic: &TopicSpec) {
        let (least, factor) = (topic.config.min_insync_replicas, topic.replication_factor);
        let key = "min.insync.replicas";
        if least > factor {
            let replicas = if factor == 1 { "its one replica" } else { &format!("its {factor} replicas") };
            self.warn(
                key,
                format!("min.insync.replicas = {least} is more than {replicas} and counts as {factor}"),
            );
        } else if factor == 1 {
            let why = "replication-factor = 1: while its broker is down nobody can write or read, and with its disk \
                       the records are gone; 3 is usual";
            self.warn("replication-factor", why.into());
        } else if self.is_written_with_all(topic) && least == factor {
            self.warn(key, format!(
                "min.insync.replicas = {least} is the replication factor: one replica that falls behind stops every \
                 producer with acks = all; {} leaves room for one",
                factor - 1
            ));
        } else if self.is_written_with_all(topic) && least == 1 {
            let why = "min.insync.replicas = 1: when its followers fall behind, acks = all acknowledges records that \
                       only the leader has, and they are lost with it; 2 makes that impossible";
            self.warn(key, why.into());
        }
        if topic.config.unclean_leader_election {
            let why = "unclean.leader.election.enable = true: a replica that lacks acknowledged records may become \
                       leader, and they are lost; false waits for one that has them";
            self.warn("unclean.leader.election.enable", why.into());
        }
        let (keep, segment) = (topic.config.retention_bytes, topic.config.segment_bytes);
        if u64::try_from(keep).is_ok_and(|keep| keep < segment) {
            let [keep, segment] = [keep.unsigned_abs(), segment].map(show_number);
            self.warn("retention.bytes", format!(
                "retention.bytes = {keep} is less than segment.bytes = {segment}: only whole segments go, so a \
                 partition grows to about both together; make segment.bytes smaller"
            ));
        }
        self.placement(topic);
    }

    fn is_written_with_all(&self, topic: &TopicSpec) -> bool {
        let all = |producer: &&ProducerSpec| producer.config.acks == Acks::All;
        self.scenario.producers.iter().filter(all).any(|producer| producer.topic == topic.name)
    }

    /// Replicas that the author has put into one rack, though there are more.
    fn placement(&mut self, topic: &TopicSpec) {
        let rack =
            |id: u32| self.scenario.brokers.get(id.wrapping_sub(1) as usize).map_or("", |b| b.rack.as_str());
        let racks = |ids: &mut dyn Iterator<Item = u32>| {
            let mut racks: Vec<&str> = ids.map(rack).collect();
            racks.sort_unstable();
            racks.dedup();
            racks.into_iter().map(String::from).collect::<Vec<_>>()
        };
        let all = racks(&mut (1..=self.scenario.brokers.len() as u32));
        let placed = (0_u32..).zip(topic.placement.iter().flatten());
        let together = placed.filter(|(_, replicas)| replicas.len() > 1 && all.len() > 1).find_map(
            |(index, replicas)| {
                let [rack] = racks(&mut replicas.iter().map(|id| id.0)).try_into().ok()?;
                Some((index, rack))
            },
        );
        if let Some((index, rack)) = together {
            self.warn("placement", format!(
                "all replicas of partition {index} stand in rack `{rack}`: it is offline when that rack is; spread \
                 them over racks"
            ));
        }
    }

    fn producer(&mut self, producer: &ProducerSpec) {
        let config = &producer.config;
        match config.acks {
            Acks::None => {
                self.warn(
                    "acks",
                    "acks = 0: nothing it sends counts as acknowledged, and so nothing as lost".into(),
                );
            }
            Acks::Leader => {
                let why = "acks = 1: a record acknowledged by the leader is lost if the leader fails before a follower \
                           has it, and min.insync.replicas does not count; acks = all waits for it";
                self.warn("acks", why.into());
            }
            Acks::All => {}
        }
        if !config.enable_idempotence
            && config.max_in_flight > 1
            && config.retries > 0
            && config.acks != Acks::None
        {
            let key = "max.in.flight.requests.per.connection";
            let is_off = config.overrides.contains("enable.idempotence");
            let idempotence = if is_off { "with enable.idempotence = false" } else { "without idempotence" };
            self.warn(
                key,
                format!(
                    "{key} = {} {idempotence}: a batch sent again may come after a later one, and twice; \
                 acks = all with idempotence, or 1 in flight, keeps the order",
                    config.max_in_flight
                ),
            );
        }
        let lag_ms = self.scenario.broker_config.replica_lag_time_max_ms;
        if config.acks == Acks::All && config.request_timeout_ms < lag_ms {
            self.warn("request.timeout.ms", format!(
                "request.timeout.ms = {} is shorter than the brokers' replica.lag.time.max.ms = {lag_ms}: it sends \
                 again while a leader still waits for a slow follower; make it longer",
                config.request_timeout_ms
            ));
        }
        self.backoff(config.retry_backoff_ms, config.retry_backoff_max_ms);
        self.sizes(producer);
    }

    /// `CommonClientConfigs.warnDisablingExponentialBackoff`.
    fn backoff(&mut self, first_ms: u64, longest_ms: u64) {
        if first_ms > longest_ms {
            self.warn("retry.backoff.ms", format!(
                "retry.backoff.ms = {first_ms} is more than retry.backoff.max.ms = {longest_ms}: every pause is \
                 {longest_ms} ms; raise the longest"
            ));
        }
    }

    /// Batches and records that do not fit.
    fn sizes(&mut self, producer: &ProducerSpec) {
        let config = &producer.config;
        let batch = u64::from(config.batch_size_bytes);
        let [batch_text, memory] = [batch, config.buffer_memory_bytes].map(show_number);
        if batch > config.buffer_memory_bytes {
            self.warn("buffer.memory", format!(
                "buffer.memory = {memory} holds not even one batch of batch.size = {batch_text}: every send fails; \
                 make it many times as large"
            ));
        }
        let value = u64::from(producer.workload.value_bytes_max);
        let request = u64::from(config.max_request_size_bytes);
        let topic = self.scenario.topics.iter().find(|topic| topic.name == producer.topic);
        let message = topic.map_or(u64::MAX, |topic| u64::from(topic.config.max_message_bytes));
        if value > request {
            self.warn(
                "value-bytes",
                format!(
                    "values of {} bytes make records larger than max.request.size = {}: send() refuses them \
                 (RecordTooLargeException)",
                    show_number(value),
                    show_number(request)
                ),
            );
        } else if value > message {
            self.warn("value-bytes", format!(
                "values of {} bytes make records larger than the topic's max.message.bytes = {}: the leader refuses \
                 them (RecordTooLargeException)",
                show_number(value),
                show_number(message)
            ));
        } else if batch > message {
            self.warn("batch.size", format!(
                "batch.size = {batch_text} is more than the topic's max.message.bytes = {}: the leader refuses full \
                 batches (MESSAGE_TOO_LARGE) and they are split; make batch.size smaller",
                show_number(message)
            ));
        }
    }

    fn group(&mut self, group: &GroupSpec) {
        let config = &group.config;
        let poll_us = group.processing_us_per_record.saturating_mul(u64::from(config.max_poll_records));
        if poll_us > config.max_poll_interval_ms.saturating_mul(1_000) {
            self.warn("max.poll.records", format!(
                "a full poll (max.poll.records = {}) takes {}, longer than max.poll.interval.ms ({}): the member \
                 leaves its group",
                config.max_poll_records,
                show_duration(poll_us),
                show_duration(config.max_poll_interval_ms * 1_000),
            ));
        }
        self.members(group);
        self.session(group);
        let (wait_ms, request_ms) = (config.fetch_max_wait_ms, config.request_timeout_ms);
        if wait_ms >= request_ms {
            self.warn("fetch.max.wait.ms", format!(
                "fetch.max.wait.ms = {wait_ms} is not shorter than request.timeout.ms = {request_ms}: where nothing \
                 comes in, the connection is closed before the answer; make the wait shorter"
            ));
        }
        if config.fetch_min_bytes > config.fetch_max_bytes {
            self.warn(
                "fetch.min.bytes",
                format!(
                    "fetch.min.bytes = {} is more than fetch.max.bytes = {}: make it smaller",
                    show_number(u64::from(config.fetch_min_bytes)),
                    show_number(u64::from(config.fetch_max_bytes))
                ),
            );
        }
        if config.auto_offset_reset == AutoOffsetReset::None {
            let why = "auto.offset.reset = none: a member that finds no committed offset fails at its first poll, and a \
                       new group has none; earliest or latest say where to begin";
            self.warn("auto.offset.reset", why.into());
        }
        self.backoff(config.retry_backoff_ms, config.retry_backoff_max_ms);
    }

    fn members(&mut self, group: &GroupSpec) {
        let topics = self.scenario.topics.iter().filter(|topic| group.topics.contains(&topic.name));
        let partitions: u64 = topics.map(|topic| u64::from(topic.partitions)).sum();
        if u64::from(group.members) > partitions {
            let idle = u64::from(group.members) - partitions;
            let [members, stay] = if idle == 1 { ["member", "stays"] } else { ["members", "stay"] };
            self.warn("members", format!("{idle} {members} more than partitions {stay} idle"));
        }
        let most = self.scenario.broker_config.group_max_size;
        if group.members > most {
            self.warn(
                "members",
                format!(
                    "{} members are more than the brokers' group.max.size = {most}: the others are refused \
                 (GROUP_MAX_SIZE_REACHED); raise it or start fewer",
                    group.members
                ),
            );
        }
    }

    fn session(&mut self, group: &GroupSpec) {
        let (session_ms, heartbeat_ms) =
            (group.config.session_timeout_ms, group.config.heartbeat_interval_ms);
        let brokers = &self.scenario.broker_config;
        let (least_ms, most_ms) =
            (brokers.group_min_session_timeout_ms, brokers.group_max_session_timeout_ms);
        if !(least_ms..=most_ms).contains(&session_ms) {
            self.warn("session.timeout.ms", format!(
                "session.timeout.ms = {session_ms} is not within the brokers' group.min.session.timeout.ms = {least_ms} \
                 and group.max.session.timeout.ms = {most_ms}: no member can join (INVALID_SESSION_TIMEOUT)"
            ));
        }
        if heartbeat_ms.saturating_mul(3) > session_ms {
            self.warn("heartbeat.interval.ms", format!(
                "heartbeat.interval.ms = {heartbeat_ms} is more than a third of session.timeout.ms = {session_ms}: a \
                 few late heartbeats cost a member its place; Kafka advises a third at most"
            ));
        }
    }
}
