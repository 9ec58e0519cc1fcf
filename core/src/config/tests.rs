//! The tables, the typed configurations, and Kafka's rules between keys.
use super::*;

const SCOPES: [Scope; 5] = [Scope::Producer, Scope::Consumer, Scope::Topic, Scope::Broker, Scope::Group];

fn pairs(said: &[(&str, &str)]) -> Vec<(String, String)> {
    said.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_tables_hold_every_key_of_kafka_once() {
    let counts = SCOPES.map(|scope| keys(scope).filter(|spec| !spec.internal).count());
    assert_eq!(counts, [113, 115, 33, 340, 17], "the keys of the released 4.3.0 classes");
    assert_eq!(SCOPES.map(|scope| keys(scope).filter(|spec| spec.internal).count()), [0, 1, 1, 20, 0]);
    for scope in SCOPES {
        let names: Vec<&str> = keys(scope).map(|spec| spec.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{scope} keys are in order, each once");
    }
}

#[test]
fn every_row_is_readable_and_its_default_is_a_legal_value() {
    for spec in SCOPES.into_iter().flat_map(keys) {
        if !["null", "(required)", ""].contains(&spec.default) {
            assert_eq!(spec.check(spec.default), Ok(()), "{spec:?}");
        }
        let (Effect::Simulated(sentence) | Effect::KnownWithoutEffect(sentence)) = spec.effect;
        assert!(sentence.is_empty() || sentence.ends_with('.'), "{spec:?}");
        assert!(!spec.is_simulated() || sentence.len() > 10, "{spec:?}");
    }
}

/// A legal value of the key that is not its default.
fn another_value(spec: &KeySpec) -> String {
    let said = match (spec.name, spec.kind) {
        ("acks", _) => "0".into(),
        ("partitioner.class", _) => "org.apache.kafka.clients.producer.RoundRobinPartitioner".into(),
        ("auto.offset.reset", _) => "by_duration:PT1H".into(),
        ("internal.segment.bytes" | "log.roll.ms" | "log.retention.ms" | "log.retention.minutes", _) => {
            "60000".into()
        }
        (_, Kind::Boolean) => (spec.default == "false").to_string(),
        ("replica.fetch.wait.max.ms", _) => "400".into(),
        // Not against the rules between keys: an idempotent producer, a delivery as long as it takes.
        ("max.in.flight.requests.per.connection", _) => "4".into(),
        ("heartbeat.interval.ms", _) => "2000".into(),
        (_, _) => {
            let default: i64 = spec.default.parse().unwrap_or_else(|_| panic!("{spec:?}"));
            let more = default.checked_add(1).filter(|more| spec.check(&more.to_string()).is_ok());
            more.unwrap_or(default - 1).to_string()
        }
    };
    assert_ne!(said, spec.default);
    said
}

/// A typed configuration forgets what was said: what is left is what nodes read.
macro_rules! changes_what_is_read {
    ($config:ty, $scope:expr) => {
        for spec in keys($scope).filter(KeySpec::is_simulated) {
            let value = another_value(&spec);
            let before = <$config>::default();
            let after = before.with(spec.name, &value).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(after.value(spec.name), Some(value), "{}", spec.name);
            let mut read = after;
            read.overrides = Overrides::default();
            assert_ne!(read, before, "{} {} is marked as simulated", $scope, spec.name);
        }
    };
}

#[test]
fn every_simulated_key_changes_what_its_owner_reads() {
    changes_what_is_read!(ProducerConfig, Scope::Producer);
    changes_what_is_read!(ConsumerConfig, Scope::Consumer);
    changes_what_is_read!(TopicConfig, Scope::Topic);
    changes_what_is_read!(BrokerConfig, Scope::Broker);
    assert!(keys(Scope::Group).all(|spec| !spec.is_simulated()));
}

#[test]
fn keys_without_effect_change_nothing_that_is_read() {
    for spec in keys(Scope::Broker).filter(|spec| !spec.is_simulated() && spec.default != "(required)") {
        let value = if ["null", ""].contains(&spec.default) { continue } else { spec.default };
        let mut after = BrokerConfig::default().with(spec.name, value).expect("its default is legal");
        after.overrides = Overrides::default();
        assert_eq!(after, BrokerConfig::default(), "{}", spec.name);
    }
}

#[test]
fn fields_begin_with_kafkas_defaults() {
    macro_rules! begins {
        ($config:ty, $scope:expr) => {
            for spec in keys($scope).filter(KeySpec::is_simulated) {
                let value = <$config>::default().value(spec.name);
                assert_eq!(value.as_deref(), Some(spec.default), "{}", spec.name);
            }
        };
    }
    begins!(ProducerConfig, Scope::Producer);
    begins!(ConsumerConfig, Scope::Consumer);
    begins!(TopicConfig, Scope::Topic);
    begins!(BrokerConfig, Scope::Broker);
}

#[test]
fn values_are_checked_as_kafka_checks_them() {
    let cases = [
        (Scope::Producer, "linger.ms", "-1", "`linger.ms` is `-1`; expected is a whole number from 0"),
        (Scope::Producer, "acks", "2", "`acks` is `2`; expected is `all`, `-1`, `0` or `1`"),
        (Scope::Producer, "acks", "ALL", "`acks` is `ALL`; expected is `all`, `-1`, `0` or `1`"),
        (
            Scope::Producer,
            "batch.size",
            "2147483648",
            "`batch.size` is `2147483648`; expected is a whole number from 0 to 2147483647",
        ),
        (
            Scope::Producer,
            "compression.gzip.level",
            "0",
            "`compression.gzip.level` is `0`; expected is a whole number from 1 to 9, or -1",
        ),
        (
            Scope::Producer,
            "lingr.ms",
            "1",
            "`lingr.ms` is not a producer key of Kafka 4.3; the nearest is `linger.ms`",
        ),
        (Scope::Producer, "qwertyuiop", "1", "`qwertyuiop` is not a producer key of Kafka 4.3"),
        (
            Scope::Topic,
            "acks",
            "1",
            "`acks` is not a topic key of Kafka 4.3; expected is `[producer.config]` around it",
        ),
        (
            Scope::Broker,
            "retention.ms",
            "1",
            "`retention.ms` is not a broker key of Kafka 4.3; expected is `[topic.config]` around it; the nearest is `log.retention.ms`",
        ),
        (
            Scope::Consumer,
            "enable.auto.commit",
            "yes",
            "`enable.auto.commit` is `yes`; expected is `true` or `false`",
        ),
        (
            Scope::Consumer,
            "auto.offset.reset",
            "LATEST",
            "`auto.offset.reset` is `LATEST`; expected is `earliest`, `latest`, `none` or `by_duration:PT1H`",
        ),
        (
            Scope::Consumer,
            "max.poll.records",
            "0",
            "`max.poll.records` is `0`; expected is a whole number from 1 to 2147483647",
        ),
        (
            Scope::Topic,
            "segment.bytes",
            "1048575",
            "`segment.bytes` is `1048575`; expected is a whole number from 1048576 to 2147483647",
        ),
        (
            Scope::Topic,
            "cleanup.policy",
            "compact,drop",
            "`cleanup.policy` is `compact,drop`; expected is a list of `compact` and `delete`",
        ),
        (
            Scope::Topic,
            "min.cleanable.dirty.ratio",
            "1.01",
            "`min.cleanable.dirty.ratio` is `1.01`; expected is a number from 0 to 1",
        ),
        (Scope::Topic, "retention.ms", "1 h", "`retention.ms` is `1 h`; expected is a whole number from -1"),
        (
            Scope::Broker,
            "replica.lag.time.max.ms",
            "-1",
            "`replica.lag.time.max.ms` is `-1`; expected is a whole number from 0",
        ),
        (
            Scope::Group,
            "share.auto.offset.reset",
            "none",
            "`share.auto.offset.reset` is `none`; expected is `earliest`, `latest` or `by_duration:PT1H`",
        ),
    ];
    for (scope, key, value, sentence) in cases {
        let answer = check_pair(scope, key, value).map_err(|error| error.to_string());
        assert_eq!(answer, Err(sentence.to_owned()), "{scope} {key} = {value}");
    }
    let fine = [
        (Scope::Producer, "linger.ms", " 5 "),
        (Scope::Producer, "enable.idempotence", "TRUE"),
        (Scope::Producer, "security.protocol", "ssl"),
        (Scope::Producer, "compression.gzip.level", "-1"),
        (Scope::Topic, "cleanup.policy", "compact, delete"),
        (Scope::Topic, "min.cleanable.dirty.ratio", "5e-1"),
        (Scope::Topic, "leader.replication.throttled.replicas", "0:1,0:2"),
    ];
    for (scope, key, value) in fine {
        assert!(check_pair(scope, key, value).is_ok(), "{scope} {key} = {value}");
    }
}

#[test]
fn a_moment_to_start_reading_from_is_an_iso_duration() {
    let cases = [
        ("by_duration:PT1H", Some(3_600_000)),
        ("by_duration:P2D", Some(172_800_000)),
        ("by_duration:P1DT2H3M4.5S", Some(93_784_500)),
        ("by_duration:pt0.001s", Some(1)),
        ("by_duration:PT1H-30M", Some(1_800_000)),
        ("by_duration:-PT1H", None),
        ("by_duration:PT", None),
        ("by_duration:P", None),
        ("by_duration:PT1M1H", None),
        ("by_duration:P1.5D", None),
        ("by_duration:1000", None),
    ];
    for (text, ms) in cases {
        assert_eq!(AutoOffsetReset::parse(text), ms.map(AutoOffsetReset::ByDuration), "{text}");
    }
    for shown in
        [AutoOffsetReset::None, AutoOffsetReset::ByDuration(93_784_500), AutoOffsetReset::ByDuration(0)]
    {
        assert_eq!(AutoOffsetReset::parse(&shown.show()), Some(shown));
    }
}

#[test]
fn idempotence_by_default_gives_way_and_idempotence_asked_for_does_not() {
    let built = |said: &[(&str, &str)]| ProducerConfig::from_pairs(&pairs(said));
    for hindrance in [("acks", "0"), ("acks", "1"), ("retries", "0")] {
        let (config, notes) = built(&[hindrance]).expect("fine without idempotence");
        assert!(!config.enable_idempotence);
        assert_eq!(notes.len(), 1, "{notes:?}");
        let again = config.with(hindrance.0, if hindrance.0 == "acks" { "all" } else { "3" });
        assert!(again.expect("legal").enable_idempotence, "back as soon as nothing hinders it");
        let errors = built(&[hindrance, ("enable.idempotence", "true")]).expect_err("a contradiction");
        assert_eq!(errors[0].0, 1);
        assert!(config.with("enable.idempotence", "true").is_err());
    }
    let errors =
        built(&[("max.in.flight.requests.per.connection", "6")]).expect_err("more than brokers remember");
    assert_eq!(errors[0].1.key(), "max.in.flight.requests.per.connection");
    let quick = [("max.in.flight.requests.per.connection", "6"), ("enable.idempotence", "false")];
    assert_eq!(built(&quick).expect("fine").0.max_in_flight, 6);
    assert!(built(&[("transactional.id", "t"), ("acks", "1")]).is_err());
}

#[test]
fn a_delivery_takes_at_least_a_linger_and_a_request() {
    let built = |said: &[(&str, &str)]| ProducerConfig::from_pairs(&pairs(said));
    let (raised, notes) = built(&[("request.timeout.ms", "130000")]).expect("the default is raised");
    assert_eq!((raised.delivery_timeout_ms, notes.len()), (130_005, 1));
    assert_eq!(raised.with("request.timeout.ms", "1000").expect("fine").delivery_timeout_ms, 120_000);
    let errors = built(&[("linger.ms", "1"), ("delivery.timeout.ms", "30000")]).expect_err("too short");
    let sentence = "`delivery.timeout.ms` is 30000, shorter than linger.ms and request.timeout.ms together; \
                    expected is 30001 at least";
    assert_eq!(
        errors.iter().map(|(at, e)| (*at, e.to_string())).collect::<Vec<_>>(),
        [(1, sentence.to_owned())]
    );
    assert!(built(&[("linger.ms", "1"), ("delivery.timeout.ms", "30001")]).is_ok());
}

#[test]
fn a_heartbeat_comes_within_the_session() {
    let built = |said: &[(&str, &str)]| ConsumerConfig::from_pairs(&pairs(said));
    assert!(built(&[("session.timeout.ms", "3001")]).is_ok());
    let errors = built(&[("fetch.min.bytes", "2"), ("session.timeout.ms", "3000")]).expect_err("as long");
    assert_eq!(errors[0].0, 1);
    assert!(built(&[("group.protocol", "CONSUMER"), ("session.timeout.ms", "9000")]).is_err());
    assert!(built(&[("group.protocol", "CONSUMER")]).is_ok());
    assert!(built(&[("group.remote.assignor", "uniform")]).is_err());
}

#[test]
fn the_first_backoff_said_alone_is_the_longest_too() {
    let config = ProducerConfig::default().with("reconnect.backoff.ms", "5000").expect("legal");
    assert_eq!(config.reconnect_backoff_max_ms, 5_000);
    let config = config.with("reconnect.backoff.max.ms", "6000").expect("legal");
    assert_eq!((config.reconnect_backoff_ms, config.reconnect_backoff_max_ms), (5_000, 6_000));
}

#[test]
fn the_finest_unit_of_retention_counts() {
    let cases: [(&[(&str, &str)], i64); 5] = [
        (&[], 604_800_000),
        (&[("log.retention.hours", "2")], 7_200_000),
        (&[("log.retention.hours", "2"), ("log.retention.minutes", "3")], 180_000),
        (&[("log.retention.ms", "4"), ("log.retention.hours", "2"), ("log.retention.minutes", "3")], 4),
        (&[("log.retention.hours", "-1")], -1),
    ];
    for (said, retention_ms) in cases {
        let (config, _) = BrokerConfig::from_pairs(&pairs(said)).expect("legal");
        assert_eq!(config.topic_defaults.retention_ms, retention_ms, "{said:?}");
    }
    assert!(BrokerConfig::from_pairs(&pairs(&[("log.retention.minutes", "0")])).is_err());
    assert!(BrokerConfig::from_pairs(&pairs(&[("replica.fetch.wait.max.ms", "30001")])).is_err());
}

#[test]
fn brokers_defaults_reach_topics_that_do_not_say_otherwise() {
    let brokers = BrokerConfig::default().with("log.retention.ms", "1000").expect("legal");
    let said = pairs(&[("segment.bytes", "2000000"), ("retention.bytes", "5")]);
    let (topic, _) = TopicConfig::from_pairs(&said, &brokers).expect("legal");
    assert_eq!((topic.retention_ms, topic.segment_bytes), (1_000, 2_000_000));
    let brokers = brokers.with_at_run_time("log.retention.ms", "2000").expect("dynamic");
    let brokers = brokers.with_at_run_time("log.segment.bytes", "3000000").expect("dynamic");
    let topic = topic.under(&brokers);
    assert_eq!((topic.retention_ms, topic.segment_bytes, topic.retention_bytes), (2_000, 2_000_000, 5));
    let topic = topic.with("internal.segment.bytes", "100").expect("legal");
    assert_eq!(topic.with("segment.bytes", "4000000").expect("legal").segment_bytes, 100);
}

#[test]
fn running_brokers_refuse_what_they_read_only_at_the_start() {
    let refused =
        |key, value| BrokerConfig::default().with_at_run_time(key, value).map_err(|e| e.to_string());
    let sentence = "`replica.lag.time.max.ms` cannot change while brokers run: they read it when they start; \
                    expected is the key in `[cluster.config]`";
    assert_eq!(refused("replica.lag.time.max.ms", "5000"), Err(sentence.to_owned()));
    assert!(refused("ssl.keystore.type", "PKCS12").is_err());
    assert!(refused("min.insync.replicas", "2").is_ok());
}

#[test]
fn everything_wrong_is_told_at_once_and_notes_name_what_has_no_effect() {
    let said = pairs(&[("ack", "1"), ("linger.ms", "x"), ("delivery.timeout.ms", "1"), ("retries", "-1")]);
    let errors = ProducerConfig::from_pairs(&said).expect_err("much is wrong");
    assert_eq!(errors.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 3]);
    let said = pairs(&[("client.rack", "a"), ("check.crcs", "false"), ("max.poll.records", "5")]);
    let (config, notes) = ConsumerConfig::from_pairs(&said).expect("legal");
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "`client.rack` is a key of Kafka that has no effect here: consumers fetch from leaders",
            "`check.crcs` is a key of Kafka that has no effect here",
        ]
    );
    assert_eq!(config.value("client.rack").as_deref(), Some("a"));
    assert_eq!(config.value("group.instance.id").as_deref(), Some("null"));
    assert_eq!(config.value("no.such.key"), None);
}
