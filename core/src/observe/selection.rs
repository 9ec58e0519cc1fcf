//! What a person selects, as text: `orders-1`, `broker 2`, `group billing`. Links and scenarios carry it.
use super::report::Subject;
use crate::metadata::TopicPartition;
use crate::world::World;

/// The subject a text names now, if there is one.
pub fn read(world: &World, text: &str) -> Option<Subject> {
    let image = world.controller().image();
    if text == "controller" {
        return Some(Subject::Controller);
    }
    if let Some(id) = text.strip_prefix("broker ") {
        let id: u32 = id.parse().ok()?;
        return world.brokers().iter().any(|broker| broker.id.0 == id).then_some(Subject::Broker(id));
    }
    if let Some(name) = text.strip_prefix("group ") {
        return world
            .groups()
            .iter()
            .position(|group| group.name == name)
            .map(|at| Subject::Group(at as u32));
    }
    if let Some(name) = text.strip_prefix("producer ") {
        let found = (0..world.producer_count()).find(|&at| *world.producer_spec(at).client_id == *name);
        return found.map(|at| Subject::Producer(u32::from(at)));
    }
    if let Some(name) = text.strip_prefix("consumer ") {
        let found = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name);
        return found.map(|at| Subject::Consumer(u32::from(at)));
    }
    let (name, broker) =
        text.split_once(" on broker ").map_or((text, None), |(name, id)| (name, id.parse().ok()));
    let all = 0..image.partitions.len() as u32;
    let at = all.into_iter().find(|&at| image.partition_name(TopicPartition(at)) == name)?;
    Some(broker.map_or(Subject::Partition(at), |id| Subject::Replica(at, id)))
}

/// The text of a subject; empty for the cluster.
pub fn show(world: &World, subject: Subject) -> String {
    let image = world.controller().image();
    let partition = |at: u32| match image.partitions.get(at as usize) {
        Some(_) => image.partition_name(TopicPartition(at)),
        None => String::new(),
    };
    match subject {
        Subject::Cluster => String::new(),
        Subject::Controller => "controller".to_owned(),
        Subject::Broker(id) => format!("broker {id}"),
        Subject::Partition(at) => partition(at),
        Subject::Replica(at, id) => format!("{} on broker {id}", partition(at)),
        Subject::Group(at) => {
            world.groups().get(at as usize).map_or(String::new(), |group| format!("group {}", group.name))
        }
        Subject::Producer(at) if at < u32::from(world.producer_count()) => {
            format!("producer {}", world.producer_spec(at as u16).client_id)
        }
        Subject::Consumer(at) if at < u32::from(world.consumer_count()) => {
            format!("consumer {}", world.consumer_slot(at as u16).spec.client_id)
        }
        Subject::Producer(_) | Subject::Consumer(_) => String::new(),
    }
}
