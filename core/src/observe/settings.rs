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
        let when = if spec.is_changed_cluster_wide() { "" } else { " Brokers read it only when they start." };
        let shown = !spec.internal || value != spec.default;
        shown.then(|| ConfigRow {
            key: spec.name.to_owned(),
            value,
            default: spec.default.to_owned(),
            effect: format!("{effect}{when}"),
            valid: spec.expected(),
            command: format!("set {target} {} = {{}}", spec.name),
            restarts: spec.change == Change::Restart,
        })
    };
    let mut rows: Vec<ConfigRow> = keys(scope).filter_map(row).collect();
    rows.sort_by_key(|row| row.value == row.default);
    rows
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
        assert_eq!((rows[0].value.as_str(), rows[0].default.as_str(), rows[0].restarts), ("20", "5", true));
        assert_eq!(rows[0].command, "set producer checkout linger.ms = {}");
        let brokers = settings(&world, Subject::Cluster);
        let lag = brokers.iter().find(|row| row.key == "replica.lag.time.max.ms").expect("it is simulated");
        assert!(lag.effect.ends_with("Brokers read it only when they start."), "{}", lag.effect);
        assert_eq!(settings(&world, Subject::Consumer(0)), settings(&world, Subject::Group(0)));
        assert!(settings(&world, Subject::Producer(9)).is_empty());
    }
}
