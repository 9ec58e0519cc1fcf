//! Finds things on the stage by what people call them.
use crate::order::by_rank;
use kafkarium_core::observe::report::{Names, Subject};
use kafkarium_core::observe::view::{Frame, NONE};

/// Something found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is.
    pub subject: Subject,
    /// Its name.
    pub name: String,
    /// What kind of thing, in a few words.
    pub kind: String,
}

/// At most so many things, the best first: those called exactly so, those that begin so, those that hold the words.
pub fn find(text: &str, most: usize, frame: &Frame, names: &Names) -> Vec<Found> {
    let wanted = text.trim().to_ascii_lowercase();
    if wanted.is_empty() {
        return Vec::new();
    }
    let rank = |name: &str| {
        let name = name.to_ascii_lowercase();
        if name == wanted {
            Some(0_u64)
        } else if name.starts_with(&wanted) || name.strip_prefix("broker ") == Some(&wanted) {
            Some(1)
        } else {
            name.contains(&wanted).then_some(2)
        }
    };
    let ranked = |found: Found| Some((rank(&found.name)? << 32 | found.name.len() as u64, found));
    let found = by_rank(everything(frame, names).filter_map(ranked).collect(), |&(rank, _)| rank);
    found.into_iter().take(most).map(|(_, found)| found).collect()
}

fn everything<'a>(frame: &'a Frame, names: &'a Names) -> impl Iterator<Item = Found> + 'a {
    let found = |subject, name: &str, kind: String| Found { subject, name: name.to_owned(), kind };
    let brokers = frame.brokers.iter().enumerate().map(move |(at, broker)| {
        let rack = names.racks.get(at).filter(|rack| !rack.is_empty());
        let kind = rack.map_or_else(|| "broker".to_owned(), |rack| format!("in rack {rack}"));
        found(Subject::Broker(broker.id), &format!("broker {}", broker.id), kind)
    });
    let groups = names.groups.iter().enumerate();
    let groups = groups.map(move |(at, name)| found(Subject::Group(at as u32), name, "group".to_owned()));
    let producers = names.producers.iter().enumerate().map(move |(at, (name, topic, _))| {
        found(Subject::Producer(at as u32), name, format!("producer to {topic}"))
    });
    let consumers = names.consumers.iter().enumerate().map(move |(at, (name, group))| {
        let group = names.groups.get(*group as usize).map_or("", String::as_str);
        found(Subject::Consumer(at as u32), name, format!("consumer of {group}"))
    });
    let partitions = frame.partitions.iter().filter_map(move |partition| {
        let (topic, index, _) = names.partitions.get(partition.partition as usize)?;
        let kind = match partition.leader {
            NONE => "partition, offline".to_owned(),
            leader => format!("partition, led by broker {leader}"),
        };
        Some(found(Subject::Partition(partition.partition), &format!("{topic}-{index}"), kind))
    });
    brokers.chain(groups).chain(producers).chain(consumers).chain(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkarium_core::observe::view::{BrokerView, PartitionView};

    #[test]
    fn what_is_called_exactly_so_comes_first() {
        let frame = Frame {
            brokers: (1..=20).map(|id| BrokerView { id, ..BrokerView::default() }).collect(),
            partitions: (0..40)
                .map(|partition| PartitionView { partition, leader: 3, ..PartitionView::default() })
                .collect(),
            ..Frame::default()
        };
        let names = Names {
            partitions: (0..40).map(|index| ("orders".to_owned(), index, false)).collect(),
            groups: vec!["billing".to_owned()],
            ..Names::default()
        };
        let names_of = |text: &str| {
            find(text, 3, &frame, &names).into_iter().map(|found| found.name).collect::<Vec<_>>()
        };
        assert_eq!(names_of("Orders-1"), ["orders-1", "orders-10", "orders-11"]);
        assert_eq!(names_of("2"), ["broker 2", "orders-2", "broker 12"]);
        assert_eq!(names_of(" bill "), ["billing"]);
        assert_eq!(names_of("nothing of the kind"), [""; 0]);
        assert_eq!(names_of("  "), [""; 0]);
    }
}
