//! The client-side range assignor, with its rack-aware form (KIP-881).
//!
//! Source: `org.apache.kafka.clients.consumer.RangeAssignor`. Each topic is cut into consecutive ranges, the
//! first members getting one more where it does not come out even. Where racks matter, partitions with a replica
//! in a member's rack go to it first, topics with the same members and as many partitions moving together.
use super::subscription::{Member, Topic, TopicPartition, member_order, topic_order};
use std::collections::BTreeMap;

/// Each member's partitions, in the order of `members`, sorted by topic name and partition.
pub fn assign(members: &[Member], topics: &[Topic]) -> Vec<Vec<TopicPartition>> {
    let order = member_order(members);
    let names = topic_order(topics);
    let states = names.iter().map(|&topic| State::new(members, &order, topics, topic));
    let mut states: Vec<State> = states.filter(|state| !state.subscribed.is_empty()).collect();
    if states.iter().any(|state| state.needs_racks) {
        match_racks(&mut states);
    }
    for state in &mut states {
        state.assign_ranges(|_, _, _| true);
    }
    let mut assignment = vec![Vec::new(); members.len()];
    for state in &states {
        for (partition, owner) in (0..).zip(&state.owners) {
            let owner = owner.expect("the ranges cover every partition");
            assignment[owner as usize].push(TopicPartition { topic: state.topic, partition });
        }
    }
    assignment
}

/// One topic while it is being assigned.
struct State<'a> {
    topic: u32,
    racks: &'a [Vec<&'a str>],
    /// Its members, in order, with their racks.
    subscribed: Vec<(u32, Option<&'a str>)>,
    /// The member that has each partition.
    owners: Vec<Option<u32>>,
    /// How many partitions each of `subscribed` has.
    counts: Vec<u32>,
    quota: u32,
    extras: u32,
    needs_racks: bool,
}

impl<'a> State<'a> {
    fn new(members: &[Member<'a>], order: &[u32], topics: &'a [Topic<'a>], index: u32) -> Self {
        let topic = &topics[index as usize];
        let wanting = order.iter().filter(|&&member| members[member as usize].wants(topic));
        let subscribed: Vec<_> = wanting.map(|&member| (member, members[member as usize].rack)).collect();
        let share = (subscribed.len() as u32).max(1);
        Self {
            topic: index,
            racks: &topic.racks,
            owners: vec![None; topic.partitions as usize],
            counts: vec![0; subscribed.len()],
            quota: topic.partitions / share,
            extras: topic.partitions % share,
            needs_racks: needs_racks(&subscribed, &topic.racks),
            subscribed,
        }
    }

    /// Gives each member in turn the first free partitions that `fits` allows, up to its share.
    fn assign_ranges(&mut self, fits: impl Fn(&Self, u32, u32) -> bool) {
        for place in 0..self.subscribed.len() as u32 {
            for partition in 0..self.owners.len() as u32 {
                if self.capacity(place) == 0 {
                    break;
                }
                if self.owners[partition as usize].is_none() && fits(self, place, partition) {
                    self.give(place, partition);
                }
            }
        }
    }

    /// How many more partitions the member at `place` may take.
    fn capacity(&self, place: u32) -> u32 {
        (self.quota + u32::from(self.extras > 0)).saturating_sub(self.counts[place as usize])
    }

    fn give(&mut self, place: u32, partition: u32) {
        self.owners[partition as usize] = Some(self.subscribed[place as usize].0);
        let count = &mut self.counts[place as usize];
        *count += 1;
        if *count > self.quota {
            self.extras -= 1;
        }
    }

    /// Whether the partition has a replica in the member's rack; a member without one fits everywhere.
    fn rack_fits(&self, place: u32, partition: u32) -> bool {
        match self.subscribed[place as usize].1 {
            None => true,
            Some(rack) => self.racks.get(partition as usize).is_some_and(|racks| racks.contains(&rack)),
        }
    }
}

/// Whether racks can make a difference: members and replicas share some, and not all partitions are everywhere.
fn needs_racks(subscribed: &[(u32, Option<&str>)], racks: &[Vec<&str>]) -> bool {
    let mut all: Vec<&str> = racks.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let shared = subscribed.iter().any(|(_, rack)| rack.is_some_and(|rack| all.contains(&rack)));
    shared && racks.iter().any(|racks| all.iter().any(|rack| !racks.contains(rack)))
}

/// The pass by racks, over groups of topics with the same members and equally many partitions.
fn match_racks(states: &mut [State]) {
    let mut groups: BTreeMap<(Vec<u32>, u32), Vec<u32>> = BTreeMap::new();
    for (index, state) in (0..).zip(states.iter()) {
        let subscribed = state.subscribed.iter().map(|(member, _)| *member).collect();
        let partitions = state.owners.len() as u32;
        groups.entry((subscribed, partitions)).or_default().push(index);
    }
    for ((subscribed, partitions), group) in groups {
        if let [only] = group[..] {
            if states[only as usize].needs_racks {
                states[only as usize].assign_ranges(State::rack_fits);
            }
        } else {
            match_together(states, &group, subscribed.len() as u32, partitions);
        }
    }
}

/// Gives partition by partition, of all topics of a group at once, to the first member whose rack fits them all.
fn match_together(states: &mut [State], group: &[u32], members: u32, partitions: u32) {
    for partition in 0..partitions {
        let fitting = (0..members).find(|&place| {
            let mut topics = group.iter().map(|&topic| &states[topic as usize]);
            topics.all(|topic| topic.capacity(place) > 0 && topic.rack_fits(place, partition))
        });
        let Some(place) = fitting else { continue };
        for &topic in group {
            states[topic as usize].give(place, partition);
        }
    }
}
