//! Reading a scenario's text: everything it says, or everything that is wrong with it.
use super::advice;
use super::check::{Targets, nearest_to, note_without_effect};
use super::source::{Pair, Section, Source, Taken, clip, in_order, integer};
use super::words::{
    NAME_FORM, RATE_FORMS, Words, is_legal_name, nearest, parse_bandwidth, parse_milli, parse_percent,
    parse_range, parse_rate, parse_speed, show_duration, show_number,
};
use super::{
    BrokerSpec, Command, CommandError, Fact, GroupSpec, Note, Part, ProducerSpec, Scenario, ScenarioError,
    TimedCommand, TopicSpec, ViewHints, Whole, limits,
};
use crate::client::{CommitMode, Keys, Rate, Workload};
use crate::config::{BrokerConfig, Built, ConsumerConfig, ProducerConfig, TopicConfig};
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use crate::net::LinkSpec;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// The version of the format that this reads.
pub const FORMAT: u64 = 1;

/// Reads a scenario, or tells everything that is wrong with it.
pub fn read(text: &str) -> Result<Scenario, Vec<ScenarioError>> {
    let mut source = Source::new(text);
    if text.len() > limits::TEXT_BYTES {
        let (bytes, most) = (show_number(text.len() as u64), show_number(limits::TEXT_BYTES as u64));
        source.wrong(0, format!("the text is {bytes} bytes long"), &format!("at most {most}"));
        return Err(source.into_errors());
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(limits::ERRORS) {
        let at = error.span().map_or(0, |span| span.start);
        let what = match (error.message(), error.span().and_then(|span| text.get(span))) {
            ("duplicate key", Some(key)) => format!("`{}` is set twice", clip(key)),
            (message, _) => format!("this is not TOML: {message}"),
        };
        source.not_toml(at, what);
    }
    let top = Section { table: table.get_ref(), header: "", at: 0 };
    let mut reader = Reader { source, scenario: empty(), is_sound: true, producer_tables: Vec::new() };
    reader.read(top);
    if reader.source.is_faultless() { Ok(reader.scenario) } else { Err(reader.source.into_errors()) }
}

/// What every part of a text that says nothing is.
fn empty() -> Scenario {
    Scenario {
        title: String::new(),
        about: String::new(),
        try_this: String::new(),
        seed: 1,
        warm_up: SimTime::ZERO,
        duration: SimTime::from_secs(60),
        brokers: Vec::new(),
        broker_config: Arc::default(),
        topics: Vec::new(),
        producers: Vec::new(),
        groups: Vec::new(),
        links: LinkSpec::default(),
        timeline: Vec::new(),
        expectations: Vec::new(),
        view: ViewHints::default(),
        notes: Vec::new(),
    }
}

struct Reader<'t> {
    source: Source<'t>,
    scenario: Scenario,
    /// Whether the parts that others refer to were understood; if not, dangling names are not told.
    is_sound: bool,
    /// The `[[producer]]` that each producer comes from.
    producer_tables: Vec<u32>,
}

impl<'t> Reader<'t> {
    fn read(&mut self, top: Section<'_, 't>) {
        let parts = [
            "format", "title", "about", "try", "seed", "warm-up", "duration", "cluster", "topic", "producer",
            "group", "links", "timeline", "expect", "view",
        ];
        if !self.is_of_this_format(top) {
            return;
        }
        self.source.allow(top, &parts);
        self.head(top);
        self.cluster(top);
        self.topics(top);
        self.producers(top);
        self.groups(top);
        self.links(top);
        self.timeline(top);
        self.expectations(top);
        self.view(top);
        let advice = advice::notes(&self.scenario, &self.producer_tables);
        self.scenario.notes.extend(advice);
    }

    /// A text of a newer format may mean anything: nothing else is said of it.
    #[inline(never)]
    fn is_of_this_format(&mut self, top: Section<'_, 't>) -> bool {
        if top.table.get("format").is_none() {
            let what = "the scenario does not say which format it is written in";
            self.source.relative(0, what.into(), &format!("`format = {FORMAT}`"), None);
            return true;
        }
        let Some(format) = self.source.number(top, "format", 1..=u64::from(u32::MAX)) else { return true };
        if format.value > FORMAT {
            let what = format!("this scenario is of format {}, made for a newer Kafkarium", format.value);
            self.source.wrong(format.at, what, &format!("format {FORMAT}"));
        }
        format.value == FORMAT
    }

    #[inline(never)]
    fn head(&mut self, top: Section<'_, 't>) {
        let [title_max, about_max, try_max] = limits::PROSE_CHARS;
        let mut prose =
            |key, most| self.source.prose(top, key, most).map(|taken| taken.value).unwrap_or_default();
        self.scenario.title = prose("title", title_max);
        self.scenario.about = prose("about", about_max);
        self.scenario.try_this = prose("try", try_max);
        if let Some(seed) = self.source.number(top, "seed", 0..=(1 << 53) - 1) {
            self.scenario.seed = seed.value;
        }
        let duration = self.source.duration(top, "duration", 1_000..=limits::DURATION_US);
        if let Some(duration) = &duration {
            self.scenario.duration = SimTime(duration.value);
        }
        if let Some(warm_up) = self.source.duration(top, "warm-up", 0..=limits::DURATION_US) {
            self.scenario.warm_up = SimTime(warm_up.value);
            if self.scenario.warm_up > self.scenario.duration {
                let [warm_up_text, duration] = [warm_up.value, self.scenario.duration.0].map(show_duration);
                let what = format!("`warm-up` is {warm_up_text}, beyond the end at {duration}");
                self.source.relative(warm_up.at, what, "a warm-up shorter than `duration`", None);
            }
        }
    }

    #[inline(never)]
    fn cluster(&mut self, top: Section<'_, 't>) {
        let mut cluster = self.source.table(top, "cluster", "[cluster]");
        let nothing = DeTable::new();
        let section = *cluster.get_or_insert(Section { table: &nothing, header: "[cluster]", at: 0 });
        self.source.allow(section, &["brokers", "racks", "broker", "config"]);
        let count = self.source.number(section, "brokers", 1..=limits::BROKERS);
        let racks = self.names(section, "racks", limits::BROKERS);
        let single = self.source.tables(section, "broker", "[[cluster.broker]]", limits::BROKERS);
        self.is_sound &= count.is_some() || section.table.get("brokers").is_none();
        for broker in &single {
            self.source.allow(*broker, &["rack", "data-center"]);
            let rack = self.name(*broker, "rack").map(|taken| taken.value).unwrap_or_default();
            let data_center = self.name(*broker, "data-center").map(|taken| taken.value).unwrap_or_default();
            let elsewhere = |other: &&BrokerSpec| other.rack == rack && other.data_center != data_center;
            if !rack.is_empty() && self.scenario.brokers.iter().any(|broker| elsewhere(&broker)) {
                let what = format!("rack `{rack}` stands in two data centers");
                self.source.wrong(broker.at, what, "one name for each rack");
            }
            self.scenario.brokers.push(BrokerSpec { rack, data_center });
        }
        if single.is_empty() {
            let racks: Vec<String> = racks.into_iter().map(|taken| taken.value).collect();
            let rack = |index: u64| {
                let chosen = index.checked_rem(racks.len() as u64).map(|index| racks[index as usize].clone());
                BrokerSpec { rack: chosen.unwrap_or_default(), data_center: String::new() }
            };
            self.scenario.brokers = (0..count.map_or(3, |taken| taken.value)).map(rack).collect();
        } else {
            if let Some(racks) = racks.first() {
                let what = "`racks` are given beside `[[cluster.broker]]`".into();
                self.source.wrong(racks.at, what, "one or the other");
            }
            if let Some(count) = count.filter(|count| count.value != single.len() as u64) {
                let what =
                    format!("`brokers` is {}, and `[[cluster.broker]]` names {}", count.value, single.len());
                self.source.wrong(count.at, what, "the same number, or no `brokers`");
            }
        }
        let pairs = self.source.pairs(section, "[cluster.config]");
        let built = BrokerConfig::from_pairs(&texts(&pairs));
        let config = self.understand(&pairs, built, &Part::Cluster, "brokers").unwrap_or_default();
        self.scenario.broker_config = Arc::new(config);
        self.limit_offsets_partitions(&pairs);
    }

    /// `__consumer_offsets` has to fit beside the other topics.
    fn limit_offsets_partitions(&mut self, pairs: &[Pair]) {
        let partitions = u64::from(self.scenario.broker_config.offsets_topic_num_partitions);
        let said = pairs.iter().find(|pair| pair.key == "offsets.topic.num.partitions");
        if let Some(said) = said.filter(|_| partitions > limits::OFFSETS_PARTITIONS) {
            let what = format!("`{}` is {}", said.key, show_number(partitions));
            self.source.wrong(said.at, what, &format!("at most {}", show_number(limits::OFFSETS_PARTITIONS)));
        }
    }

    #[inline(never)]
    fn topics(&mut self, top: Section<'_, 't>) {
        for (index, section) in (0..).zip(self.source.tables(top, "topic", "[[topic]]", limits::TOPICS)) {
            self.source.allow(section, &["name", "partitions", "replication-factor", "config", "placement"]);
            let name = self.required_name(section, "name");
            if let Some(name) = &name {
                let metric = |name: &str| name.replace('.', "_");
                let alike =
                    self.scenario.topics.iter().find(|topic| metric(&topic.name) == metric(&name.value));
                if let Some(alike) = alike {
                    let what = if alike.name == name.value {
                        format!("two topics are named `{}`", name.value)
                    } else {
                        let both = format!("`{}` and `{}`", alike.name, name.value);
                        format!("{both} collide: Kafka's metrics write `.` as `_` (INVALID_TOPIC_EXCEPTION)")
                    };
                    self.source.wrong(name.at, what, "a name of its own for each");
                } else if name.value.starts_with("__") {
                    let what = format!("`{}` is named like a topic of Kafka's own", name.value);
                    self.source.wrong(name.at, what, "a name that does not begin with `__`");
                }
            }
            let placement = self.placement(section);
            let partitions = self.source.number(section, "partitions", 1..=limits::PARTITIONS);
            let factor = self.source.number(section, "replication-factor", 1..=limits::BROKERS);
            let (placed_partitions, placed_factor) = match &placement {
                Some(placement) => (Some(placement.len() as u64), placement.first().map(|p| p.len() as u64)),
                None => (None, None),
            };
            self.agrees("partitions", partitions.as_ref(), placed_partitions);
            self.agrees("replication-factor", factor.as_ref(), placed_factor);
            let brokers = self.scenario.brokers.len() as u64;
            if let Some(factor) = factor.as_ref().filter(|factor| factor.value > brokers && self.is_sound) {
                let there = if brokers == 1 { "is 1 broker" } else { &format!("are {brokers} brokers") };
                let what = format!(
                    "`replication-factor` is {}, and there {there} (INVALID_REPLICATION_FACTOR)",
                    factor.value
                );
                self.source.relative(factor.at, what, &format!("at most {brokers}"), None);
            }
            let pairs = self.source.pairs(section, "[topic.config]");
            let built = TopicConfig::from_pairs(&texts(&pairs), &self.scenario.broker_config);
            let shown = name.as_ref().map_or("a topic".into(), |name| format!("topic `{}`", name.value));
            let config = self.understand(&pairs, built, &Part::Topic(index), &shown).unwrap_or_default();
            let config = Arc::new(config);
            self.scenario.topics.push(TopicSpec {
                name: name.map(|name| name.value).unwrap_or_default(),
                partitions: placed_partitions.or(partitions.map(|taken| taken.value)).unwrap_or(1) as u32,
                replication_factor: placed_factor
                    .or(factor.map(|taken| taken.value))
                    .unwrap_or(brokers.min(3)) as u32,
                config,
                placement,
            });
            let all: u64 = self.scenario.topics.iter().map(|topic| u64::from(topic.partitions)).sum();
            if all > limits::PARTITIONS {
                let what = format!("up to this topic there are {} partitions", show_number(all));
                self.source.wrong(
                    section.at,
                    what,
                    &format!("at most {} in all", show_number(limits::PARTITIONS)),
                );
                break;
            }
        }
        self.is_sound &= self.scenario.topics.iter().all(|topic| !topic.name.is_empty());
    }

    #[inline(never)]
    fn placement(&mut self, topic: Section<'_, 't>) -> Option<Vec<Vec<BrokerId>>> {
        let expected = || "for each partition a list of brokers, such as `[[1, 2], [2, 3]]`".into();
        let placed = self.source.take(topic, "placement", expected, |value| {
            let ids = |partition: &DeValue<'_>| -> Option<Vec<BrokerId>> {
                let ids = partition
                    .as_array()?
                    .iter()
                    .map(|id| integer(id.get_ref())?.try_into().ok().map(BrokerId));
                ids.collect()
            };
            let partitions: Vec<_> =
                value.as_array()?.iter().map(|p| ids(p.get_ref())).collect::<Option<_>>()?;
            (!partitions.is_empty()).then_some(partitions)
        })?;
        let brokers = self.scenario.brokers.len() as u32;
        let factor = placed.value.first().map_or(0, Vec::len);
        for (index, replicas) in placed.value.iter().enumerate() {
            let mut distinct = replicas.clone();
            distinct.sort();
            distinct.dedup();
            let what = if replicas.len() != factor || replicas.is_empty() {
                format!("partition 0 has {factor} replicas, and partition {index} has {}", replicas.len())
            } else if distinct.len() != replicas.len() {
                format!("partition {index} has two replicas on one broker")
            } else if let Some(id) =
                replicas.iter().find(|id| self.is_sound && !(1..=brokers).contains(&id.0))
            {
                format!("partition {index} is placed on broker {}, and there are {brokers}", id.0)
            } else {
                continue;
            };
            self.source.wrong(placed.at, what, "as many different brokers for every partition");
            return None;
        }
        Some(placed.value)
    }

    /// Tells of a number that contradicts the placement.
    #[inline(never)]
    fn agrees(&mut self, key: &str, said: Option<&Taken<u64>>, placed: Option<u64>) {
        let (Some(said), Some(placed)) = (said, placed) else { return };
        if said.value != placed {
            let what = format!("`{key}` is {}, and `placement` has {placed}", said.value);
            self.source.wrong(said.at, what, "the same number, or only `placement`");
        }
    }

    #[inline(never)]
    fn producers(&mut self, top: Section<'_, 't>) {
        let mut per_s = 0_u64;
        for (index, section) in
            (0..).zip(self.source.tables(top, "producer", "[[producer]]", limits::PRODUCERS))
        {
            let parts =
                ["name", "topic", "count", "rate", "keys", "key-prefix", "value-bytes", "rack", "config"];
            self.source.allow(section, &parts);
            let name = self.name(section, "name");
            let at = name.as_ref().map_or(section.at, |name| name.at);
            let name = name.map_or_else(|| format!("producer-{}", index + 1), |name| name.value);
            let topic = self.topic_of(section);
            let count = self.source.number(section, "count", 1..=limits::PRODUCERS);
            let count = count.map(|count| count.value);
            let workload = Arc::new(self.workload(section));
            let rack = self.rack(section);
            let pairs = self.source.pairs(section, "[producer.config]");
            let built = ProducerConfig::from_pairs(&texts(&pairs));
            let whose = format!("producer `{name}`");
            let config = self.understand(&pairs, built, &Part::Producer(index), &whose).unwrap_or_default();
            let config = Arc::new(config);
            for n in 1..=count.unwrap_or(1) {
                let name = if count.is_some() { format!("{name}-{n}") } else { name.clone() };
                if self.scenario.producers.iter().any(|producer| producer.name == name) {
                    let what = format!("two producers are named `{name}`");
                    self.source.wrong(at, what, "a name of its own for each");
                    break;
                }
                let (topic, config) = (topic.clone(), Arc::clone(&config));
                let (workload, rack) = (Arc::clone(&workload), rack.clone());
                self.producer_tables.push(index);
                self.scenario.producers.push(ProducerSpec { name, topic, config, workload, rack });
            }
            per_s += peak_milli_per_s(&workload.rate).div_ceil(1_000) * count.unwrap_or(1);
            if self.scenario.producers.len() as u64 > limits::PRODUCERS {
                let what = format!("up to this one there are {} producers", self.scenario.producers.len());
                self.source.wrong(section.at, what, &format!("at most {} in all", limits::PRODUCERS));
                break;
            }
            // Rates that are no whole numbers are rounded up one by one: allow each its share.
            if per_s > limits::RECORDS_PER_S + limits::PRODUCERS {
                let what = format!("up to this producer there are {} records a second", show_number(per_s));
                let most = show_number(limits::RECORDS_PER_S);
                self.source.wrong(section.at, what, &format!("at most {most}/s in all"));
                break;
            }
        }
    }

    #[inline(never)]
    fn workload(&mut self, producer: Section<'_, 't>) -> Workload {
        let rate = self.source.written(producer, "rate", RATE_FORMS, parse_rate);
        let forms = "`none`, `uniform 6`, `zipf 100 1.1` or `hot 10 80%`, with at most 100,000 keys";
        let keys = self.source.written(producer, "keys", forms, parse_keys);
        let key_prefix = self.name(producer, "key-prefix");
        let most = show_number(limits::VALUE_BYTES);
        let sizes = || format!("a size such as `100`, or a range such as `\"100..2000\"`, at most {most}");
        let size = self.source.take(producer, "value-bytes", sizes, |value| {
            let (low, high) = match value {
                DeValue::String(text) => parse_range(text)?,
                _ => integer(value)?.try_into().map(|size: u32| (size, size)).ok()?,
            };
            (low <= high && u64::from(high) <= limits::VALUE_BYTES).then_some((low, high))
        });
        let (value_bytes_min, value_bytes_max) = size.map_or((100, 100), |taken| taken.value);
        Workload {
            rate: rate.map_or(Rate::Constant { milli_per_s: 10_000 }, |taken| taken.value),
            keys: keys.map_or(Keys::None, |taken| taken.value),
            key_prefix: key_prefix.map_or_else(|| "key-".into(), |taken| taken.value),
            value_bytes_min,
            value_bytes_max,
        }
    }

    #[inline(never)]
    fn groups(&mut self, top: Section<'_, 't>) {
        for (index, section) in (0..).zip(self.source.tables(top, "group", "[[group]]", limits::GROUPS)) {
            self.source
                .allow(section, &["name", "topics", "members", "processing", "commit", "rack", "config"]);
            let name = self.name(section, "name");
            if let Some(name) =
                name.as_ref().filter(|n| self.scenario.groups.iter().any(|g| g.name == n.value))
            {
                let what = format!("two groups are named `{}`", name.value);
                self.source.wrong(name.at, what, "a name of its own for each");
            }
            let name = name.map_or_else(|| format!("group-{}", index + 1), |name| name.value);
            let topics = self.names(section, "topics", limits::TOPICS);
            for topic in &topics {
                self.topic_exists(topic);
            }
            let mut topics: Vec<String> = topics.into_iter().map(|topic| topic.value).collect();
            if section.table.get("topics").is_none() {
                topics = self.scenario.topics.iter().map(|topic| topic.name.clone()).collect();
            }
            let members = self.source.number(section, "members", 0..=limits::MEMBERS);
            let processing = self.source.duration(section, "processing", 0..=limits::PROCESSING_US);
            let commit = self.source.written(section, "commit", "`auto`, `before` or `after`", |text| {
                Some(match text {
                    "auto" => CommitMode::Auto,
                    "before" => CommitMode::BeforeProcessing,
                    "after" => CommitMode::AfterProcessing,
                    _ => return None,
                })
            });
            let commit = commit.map_or(CommitMode::Auto, |taken| taken.value);
            let rack = self.rack(section);
            let pairs = self.source.pairs(section, "[group.config]");
            let built = ConsumerConfig::from_pairs(&texts(&pairs));
            let (of, whose) = (Part::Group(index), format!("group `{name}`"));
            let mut config = self.understand(&pairs, built, &of, &whose).unwrap_or_default();
            let says_auto = pairs.iter().any(|pair| pair.key == "enable.auto.commit");
            if commit == CommitMode::Auto && !config.enable_auto_commit {
                let why = "enable.auto.commit = false and no other commit: no offset is ever committed";
                self.note(&of, "enable.auto.commit", format!("{whose}: {why}"));
            } else if commit != CommitMode::Auto && says_auto && config.enable_auto_commit {
                let why = "it commits by itself, so enable.auto.commit = true is set to false";
                self.note(&of, "enable.auto.commit", format!("{whose}: {why}"));
            }
            if commit != CommitMode::Auto {
                config = config.with("enable.auto.commit", "false").unwrap_or(config);
            }
            self.scenario.groups.push(GroupSpec {
                name,
                topics,
                members: members.map_or(1, |taken| taken.value) as u32,
                config: Arc::new(config),
                processing_us_per_record: processing.map_or(1_000, |taken| taken.value),
                commit,
                rack,
            });
            let all: u64 = self.scenario.groups.iter().map(|group| u64::from(group.members)).sum();
            if all > limits::MEMBERS {
                let what = format!("up to this group there are {all} members");
                self.source.wrong(section.at, what, &format!("at most {} in all", limits::MEMBERS));
                break;
            }
        }
    }

    #[inline(never)]
    fn links(&mut self, top: Section<'_, 't>) {
        let Some(links) = self.source.table(top, "links", "[links]") else { return };
        let parts = ["same-rack", "between-racks", "between-data-centers", "jitter", "bandwidth"];
        self.source.allow(links, &parts);
        let mut latency = |key, us: &mut u64| {
            if let Some(taken) = self.source.duration(links, key, 1..=limits::LATENCY_US) {
                *us = taken.value;
            }
        };
        latency("same-rack", &mut self.scenario.links.same_rack_us);
        latency("between-racks", &mut self.scenario.links.between_racks_us);
        latency("between-data-centers", &mut self.scenario.links.between_data_centers_us);
        let jitter = |text: &str| parse_percent(text).filter(|percent| *percent <= 1_000);
        if let Some(jitter) =
            self.source.written(links, "jitter", "a share such as `\"20 %\"`, at most 1,000 %", jitter)
        {
            self.scenario.links.jitter_percent = jitter.value;
        }
        let bandwidth =
            |text: &str| parse_bandwidth(text).filter(|bytes| (1_000..=125_000_000_000).contains(bytes));
        let form = "a bandwidth such as `\"10 Gbit/s\"` or `\"50 MB/s\"`, from 8 kbit/s to 1,000 Gbit/s";
        if let Some(bandwidth) = self.source.written(links, "bandwidth", form, bandwidth) {
            self.scenario.links.bytes_per_s = bandwidth.value;
        }
    }

    #[inline(never)]
    fn timeline(&mut self, top: Section<'_, 't>) {
        let mut read: Vec<(TimedCommand, usize)> = Vec::new();
        for (index, section) in
            (0..).zip(self.source.tables(top, "timeline", "[[timeline]]", limits::TIMELINE))
        {
            self.source.allow(section, &["at", "do"]);
            self.has(section, "at", "a time such as `at = \"12 s\"`");
            self.has(section, "do", "a command such as `do = \"crash broker 2\"`");
            let at = self.source.duration(section, "at", 0..=limits::DURATION_US);
            let Some(text) = self.source.prose(section, "do", super::COMMAND_CHARS_MAX as u64) else {
                continue;
            };
            match text.value.parse::<Command>() {
                Ok(command) => {
                    let at = SimTime(at.map_or(0, |at| at.value));
                    if let Some(note) = note_without_effect(&command) {
                        let text = format!("`{command}` at {}: {note}", show_duration(at.0));
                        self.note(&Part::Event(index), "do", text);
                    }
                    let timed = TimedCommand { at, command };
                    self.scenario.notes.extend(advice::of_event(index, &timed, self.scenario.duration));
                    read.push((timed, text.at));
                }
                Err(CommandError::Unreadable { text: shown, expected }) => {
                    self.source.wrong(text.at, format!("`{}` is no command", clip(&shown)), &expected);
                }
                Err(error) => self.source.wrong(text.at, error.to_string(), ""),
            }
        }
        read = in_order(read, |(timed, _)| timed.at.0);
        if self.is_sound {
            let mut targets = Targets::of(&self.scenario);
            for (timed, at) in &read {
                if let Err(error) = targets.check(&timed.command) {
                    let near = nearest_to(&error, &self.scenario);
                    self.source.relative(
                        *at,
                        format!("`{}`: {error}", clip(&timed.command.to_string())),
                        "",
                        near,
                    );
                }
            }
        }
        self.scenario.timeline = read.into_iter().map(|(timed, _)| timed).collect();
    }

    #[inline(never)]
    fn expectations(&mut self, top: Section<'_, 't>) {
        let Some(expect) = self.source.table(top, "expect", "[expect]") else { return };
        let words = |is_of: fn(Fact) -> bool| -> Vec<&'static str> {
            Fact::WORDS.iter().filter(|(fact, _)| is_of(*fact)).map(|(_, word)| *word).collect()
        };
        let mut all = words(|_| true);
        all.extend(["topic", "group"]);
        self.source.allow(expect, &all);
        self.expectations_of(expect, &Whole::Cluster);
        let topics: Vec<String> = self.scenario.topics.iter().map(|topic| topic.name.clone()).collect();
        for (name, of) in self.expected_of(expect, "topic", "[expect.topic.orders]", &topics) {
            self.source.allow(of, &words(Fact::is_of_topics));
            self.expectations_of(of, &Whole::Topic(name));
        }
        let groups: Vec<String> = self.scenario.groups.iter().map(|group| group.name.clone()).collect();
        for (name, of) in self.expected_of(expect, "group", "[expect.group.billing]", &groups) {
            self.source.allow(of, &words(Fact::is_of_groups));
            self.expectations_of(of, &Whole::Group(name));
        }
    }

    /// The tables of `[expect.topic]` or `[expect.group]`, each under a name that is there.
    #[inline(never)]
    fn expected_of<'r>(
        &mut self,
        expect: Section<'r, 't>,
        what: &str,
        header: &'static str,
        names: &[String],
    ) -> Vec<(String, Section<'r, 't>)> {
        let Some(all) = self.source.table(expect, what, header) else { return Vec::new() };
        let mut found = Vec::new();
        for key in all.table.keys() {
            let name = key.get_ref().to_string();
            if self.is_sound && !names.contains(&name) {
                let near = nearest(&name, names.iter().map(String::as_str)).map(Into::into);
                self.source.relative(
                    key.span().start,
                    format!("there is no {what} `{}`", clip(&name)),
                    "",
                    near,
                );
            } else if let Some(of) = self.source.table(all, &name, header) {
                found.push((name, of));
            }
        }
        found
    }

    /// What is expected of one whole.
    #[inline(never)]
    fn expectations_of(&mut self, expect: Section<'_, 't>, of: &Whole) {
        for (fact, word) in Fact::WORDS {
            let form =
                if fact.is_time() { "`\"0 s\"` or `\"<= 12 s\"`" } else { "`0`, `\">= 1\"` or `\"<= 100\"`" };
            let form = format!("{form}, or a list of two");
            let one = |value: &DeValue<'t>| match value {
                DeValue::String(text) => fact.expect(of, text),
                value => fact.expect(of, &integer(value)?.to_string()),
            };
            let read = self.source.take(
                expect,
                word,
                || form,
                |value| match value {
                    DeValue::Array(list) => {
                        list.iter().map(|value| one(value.get_ref())).collect::<Option<Vec<_>>>()
                    }
                    value => one(value).map(|one| vec![one]),
                },
            );
            let Some(read) = read else { continue };
            self.scenario.expectations.extend(read.value);
            if self.scenario.expectations.len() as u64 > limits::EXPECTATIONS {
                let what = format!("there are {} expectations", self.scenario.expectations.len());
                self.source.wrong(read.at, what, &format!("at most {}", limits::EXPECTATIONS));
                break;
            }
        }
    }

    #[inline(never)]
    fn view(&mut self, top: Section<'_, 't>) {
        let Some(view) = self.source.table(top, "view", "[view]") else { return };
        self.source.allow(view, &["follow-key", "select", "speed"]);
        self.scenario.view.follow_key = self.source.prose(view, "follow-key", 100).map(|taken| taken.value);
        let form = "a share of real time such as `\"1/200\"` or `\"10x\"`, from 1/2000 to 1,000,000x";
        let speed = |text: &str| parse_speed(text).filter(|us| (500..=1_000_000_000_000).contains(us));
        self.scenario.view.speed_us_per_s =
            self.source.written(view, "speed", form, speed).map(|taken| taken.value);
        if let Some(select) = self.source.prose(view, "select", 200) {
            if self.is_sound && !self.can_select(&select.value) {
                let form = "`cluster`, `controller`, `broker 2`, `orders-1`, `producer checkout`, `group billing` or \
                            `consumer billing-1`";
                let what = format!("there is no `{}` to select", clip(&select.value));
                self.source.relative(select.at, what, form, None);
            }
            self.scenario.view.select = Some(select.value);
        }
    }

    #[inline(never)]
    fn can_select(&self, text: &str) -> bool {
        let scenario = &self.scenario;
        let mut words = Words::new(text);
        let (what, name) = (words.next(), words.rest());
        match what {
            "cluster" | "controller" => name.is_empty(),
            "broker" => name.parse::<u64>().is_ok_and(|id| (1..=scenario.brokers.len() as u64).contains(&id)),
            "producer" => scenario.producers.iter().any(|producer| producer.name == name),
            "group" => scenario.groups.iter().any(|group| group.name == name),
            "consumer" => scenario.groups.iter().any(|group| {
                (1..=group.members).any(|n| name.strip_prefix(&group.name) == Some(&format!("-{n}")))
            }),
            partition => partition.rsplit_once('-').is_some_and(|(topic, index)| {
                let index = index.parse::<u32>();
                name.is_empty()
                    && scenario
                        .topics
                        .iter()
                        .any(|t| t.name == topic && index.clone().is_ok_and(|i| i < t.partitions))
            }),
        }
    }

    /// Takes what the configuration room understood, and tells what it did not.
    fn understand<C>(&mut self, pairs: &[Pair], built: Built<C>, of: &Part, whose: &str) -> Option<C> {
        match built {
            Ok((config, notes)) => {
                for note in notes {
                    self.note(of, note.key, format!("{whose}: {note}"));
                }
                Some(config)
            }
            Err(errors) => {
                for (index, error) in &errors {
                    self.source.push_key(pairs.get(*index).map_or(0, |pair| pair.at), error);
                }
                None
            }
        }
    }

    #[inline(never)]
    fn note(&mut self, of: &Part, key: &str, text: String) {
        self.scenario.notes.push(Note { of: of.clone(), key: key.into(), is_warning: false, text });
    }

    #[inline(never)]
    fn has(&mut self, section: Section<'_, 't>, key: &str, expected: &str) {
        if section.table.get(key).is_none() {
            let what = format!("this `{}` has no `{key}`", section.header);
            self.source.relative(section.at, what, expected, None);
        }
    }

    #[inline(never)]
    fn required_name(&mut self, section: Section<'_, 't>, key: &str) -> Option<Taken<String>> {
        self.has(section, key, &format!("a name of {NAME_FORM}"));
        self.name(section, key)
    }

    #[inline(never)]
    fn name(&mut self, section: Section<'_, 't>, key: &str) -> Option<Taken<String>> {
        let form = format!("a name of {NAME_FORM}");
        self.source.written(section, key, &form, |text| is_legal_name(text).then(|| text.into()))
    }

    /// A list of names, or one name.
    #[inline(never)]
    fn names(&mut self, section: Section<'_, 't>, key: &str, count_max: u64) -> Vec<Taken<String>> {
        let form = || format!("a list of names, each of {NAME_FORM}");
        let legal = |value: &DeValue<'_>| value.as_str().filter(|text| is_legal_name(text)).map(String::from);
        let read = self.source.take(section, key, form, |value| match value {
            DeValue::Array(list) if list.len() as u64 <= count_max => {
                let one = |place: &toml::Spanned<DeValue<'_>>| {
                    legal(place.get_ref()).map(|value| Taken { value, at: place.span().start })
                };
                list.iter().map(one).collect::<Option<Vec<_>>>()
            }
            value => legal(value).map(|value| vec![Taken { value, at: 0 }]),
        });
        let Some(Taken { mut value, at }) = read else { return Vec::new() };
        value.iter_mut().filter(|taken| taken.at == 0).for_each(|taken| taken.at = at);
        value
    }

    /// The rack a client stands in: one that has brokers.
    #[inline(never)]
    fn rack(&mut self, section: Section<'_, 't>) -> String {
        let Some(rack) = self.name(section, "rack") else { return String::new() };
        let racks = || self.scenario.brokers.iter().map(|broker| broker.rack.as_str());
        if self.is_sound && racks().all(|other| other != rack.value) {
            let near = nearest(&rack.value, racks().filter(|name| !name.is_empty())).map(Into::into);
            let what = format!("no broker stands in rack `{}`", rack.value);
            self.source.relative(rack.at, what, "", near);
        }
        rack.value
    }

    /// The topic of a producer: the only one, if it names none.
    #[inline(never)]
    fn topic_of(&mut self, producer: Section<'_, 't>) -> String {
        match (self.name(producer, "topic"), self.scenario.topics.as_slice()) {
            (Some(topic), _) => {
                self.topic_exists(&topic);
                topic.value
            }
            (None, [only]) => only.name.clone(),
            (None, _) if producer.table.get("topic").is_some() => String::new(),
            (None, _) => {
                self.has(producer, "topic", "the name of a topic, since there is not exactly one");
                String::new()
            }
        }
    }

    #[inline(never)]
    fn topic_exists(&mut self, topic: &Taken<String>) {
        let names = || self.scenario.topics.iter().map(|topic| topic.name.as_str());
        if self.is_sound && names().all(|name| name != topic.value) {
            let near = nearest(&topic.value, names()).map(Into::into);
            self.source.relative(topic.at, format!("there is no topic `{}`", topic.value), "", near);
        }
    }
}

fn texts(pairs: &[Pair]) -> Vec<(String, String)> {
    pairs.iter().map(|pair| (pair.key.clone(), pair.value.clone())).collect()
}

fn peak_milli_per_s(rate: &Rate) -> u64 {
    match *rate {
        Rate::Constant { milli_per_s } | Rate::Poisson { milli_per_s } => milli_per_s,
        Rate::Bursts { base_milli_per_s, burst_milli_per_s, .. } => base_milli_per_s.max(burst_milli_per_s),
    }
}

fn parse_keys(text: &str) -> Option<Keys> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let count =
        |word: &str| word.parse().ok().filter(|count| (1..=limits::KEYS).contains(&u64::from(*count)));
    match words.as_slice() {
        ["none"] => Some(Keys::None),
        ["uniform", keys] => Some(Keys::Uniform { count: count(keys)? }),
        ["zipf", keys, exponent] => {
            let exponent_milli =
                parse_milli(exponent)?.try_into().ok().filter(|milli| (1..=10_000).contains(milli))?;
            Some(Keys::Zipf { count: count(keys)?, exponent_milli })
        }
        ["hot", keys, share @ ..] => {
            let hot_percent = parse_percent(&share.concat()).filter(|percent| (1..=100).contains(percent))?;
            Some(Keys::Hot { count: count(keys)?, hot_percent })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
