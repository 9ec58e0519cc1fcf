//! The configuration of a subject, key by key.
use super::report::{ConfigRow, Subject};
use crate::config::{Change, Effect, KeySpec, Scope, keys};
use crate::metadata::TopicPartition;
use crate::world::World;

/// The simulated keys of a subject: those that differ from Kafka's default first.
pub(super) fn settings(world: &World, subject: Subject) -> Vec<ConfigRow> {
    let image = world.controller().image();
    match subject {
        Subject::Cluster | Subject::Controller | Subject::Broker(_) => {
            rows(Scope::Broker, "brokers", |key| image.broker_config.value(key))
        }
        Subject::Partition(at) | Subject::Replica(at, _) => {
            if at as usize >= image.partitions.len() {
                return Vec::new();
            }
            let topic = image.topic_of(TopicPartition(at));
            rows(Scope::Topic, &format!("topic {}", topic.name), |key| topic.config.value(key))
        }
        Subject::Producer(at) => {
            let Some(at) = u16::try_from(at).ok().filter(|at| *at < world.producer_count()) else {
                return Vec::new();
            };
            let spec = world.producer_spec(at);
            rows(Scope::Producer, &format!("producer {}", spec.client_id), |key| spec.config.value(key))
        }
        Subject::Group(at) => of_group(world, at as usize),
        Subject::Consumer(at) => {
            let Some(at) = u16::try_from(at).ok().filter(|at| *at < world.consumer_count()) else {
                return Vec::new();
            };
            of_group(world, usize::from(world.consumer_slot(at).spec.group.0))
        }
    }
}

/// The members of a group share their configuration.
fn of_group(world: &World, at: usize) -> Vec<ConfigRow> {
    let Some(group) = world.groups().get(at) else { return Vec::new() };
    rows(Scope::Consumer, &format!("group {}", group.name), |key| group.config.value(key))
}

fn rows(scope: Scope, target: &str, value_of: impl Fn(&str) -> Option<String>) -> Vec<ConfigRow> {
    let row = |spec: KeySpec| {
        let Effect::Simulated(effect) = spec.effect else { return None };
        let value = value_of(spec.name)?;
        let shown = !spec.internal || value != spec.default;
        shown.then(|| ConfigRow {
            key: spec.name.to_owned(),
            value,
            default: spec.default.to_owned(),
            effect: effect.to_owned(),
            valid: spec.expected(),
            command: spec.is_changed_cluster_wide().then(|| format!("set {target} {} = {{}}", spec.name)),
            needs: needs(spec.change).to_owned(),
        })
    };
    let mut rows: Vec<ConfigRow> = keys(scope).filter_map(row).collect();
    // What was said comes first; then what a command can change; and together what takes the same to be changed.
    rows.sort_by_cached_key(|row| (row.value == row.default, row.command.is_none(), row.needs.clone()));
    rows
}

/// What it takes to change a key, where that is more than a command.
fn needs(change: Change) -> &'static str {
    match change {
        Change::AtRunTime | Change::ClusterWide => "",
        Change::Restart => "Clients read it when they start: setting it restarts the client.",
        Change::PerBroker => {
            "In Kafka set for one broker at a time; here in [cluster.config] of the scenario."
        }
        Change::ReadOnly => "Read-only while brokers run; set in [cluster.config] of the scenario.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_were_said_come_first_with_the_command_that_sets_them() {
        let text = "format = 1\ntitle = \"x\"\n[[topic]]\nname = \"orders\"\n[[producer]]\nname = \"checkout\"\n\
                    [producer.config]\nretries = 5\nlinger.ms = 20\n[[group]]\nname = \"billing\"\n";
        let scenario = crate::scenario::read(text).expect("a faultless text");
        let world = World::new(&scenario, 1);
        let rows = settings(&world, Subject::Producer(0));
        let said: Vec<&str> = rows.iter().take(2).map(|row| row.key.as_str()).collect();
        assert_eq!(said, ["linger.ms", "retries"]);
        assert_eq!((rows[0].value.as_str(), rows[0].default.as_str()), ("20", "5"));
        assert_eq!(rows[0].command.as_deref(), Some("set producer checkout linger.ms = {}"));
        assert!(rows[0].needs.ends_with("restarts the client."), "{}", rows[0].needs);
        assert_eq!(settings(&world, Subject::Consumer(0)), settings(&world, Subject::Group(0)));
        assert!(settings(&world, Subject::Producer(9)).is_empty());
    }

    #[test]
    fn a_key_has_a_command_exactly_if_it_can_be_set_while_all_runs() {
        let text = "format = 1\ntitle = \"x\"\n[[topic]]\nname = \"orders\"\n[[producer]]\nname = \"checkout\"\n\
                    [[group]]\nname = \"billing\"\n";
        let scenario = crate::scenario::read(text).expect("a faultless text");
        let subjects = [Subject::Broker(1), Subject::Partition(0), Subject::Producer(0), Subject::Group(0)];
        for subject in subjects {
            let mut world = World::new(&scenario, 1);
            world.run_until(crate::kernel::SimTime::from_secs(12), u64::MAX);
            let rows = settings(&world, subject);
            assert!(!rows.is_empty(), "{subject:?}");
            for row in rows.iter().filter(|row| row.value != "null") {
                let text = match &row.command {
                    Some(command) => command.replace("{}", &row.value),
                    None => format!("set brokers {} = {}", row.key, row.value),
                };
                let done = world.clone().apply(&text.parse().expect("a command"));
                assert_eq!(done.is_ok(), row.command.is_some(), "{text}: {done:?}");
                assert!(row.command.is_some() || row.needs.starts_with("Read-only"), "{text}");
            }
        }
    }
}
