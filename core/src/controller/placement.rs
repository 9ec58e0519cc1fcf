//! Where the replicas of new partitions go.
//!
//! Source: `StripedReplicaPlacer` of Kafka 4.3. Brokers stand in their racks in two lists, unfenced and fenced;
//! partition after partition the walk begins one rack and one broker further, and lists are shuffled once as many
//! partitions were placed as there are unfenced brokers. Spreading over racks is this walk and nothing else.
use crate::assign::java_hash::java_order;
use std::fmt;

/// Replicas of `partitions` new partitions, the preferred leader first in each.
///
/// `uniform(n)` is a random number below n. It is asked in Kafka's order: per rack (ascending, no rack first) an
/// offset into its fenced and its unfenced brokers where there are any, an offset among the racks, then what the
/// shuffles need. The brokers are those registered that are not in controlled shutdown.
pub fn place(
    brokers: &[UsableBroker],
    partitions: u32,
    replication_factor: i32,
    uniform: &mut dyn FnMut(u32) -> u32,
) -> Result<Vec<Vec<u32>>, PlacementError> {
    let mut stripes = Stripes::new(brokers, uniform);
    let Some(wanted) = u32::try_from(replication_factor).ok().filter(|&wanted| wanted > 0) else {
        return Err(PlacementError::NotPositive(replication_factor));
    };
    if stripes.unfenced == 0 {
        return Err(PlacementError::AllFenced);
    }
    if wanted as usize > brokers.len() {
        return Err(PlacementError::TooFew { wanted, registered: brokers.len() as u32 });
    }
    Ok((0..partitions).map(|_| stripes.next_partition(wanted, uniform)).collect())
}

/// A broker that may be given replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsableBroker<'a> {
    /// Its id.
    pub id: u32,
    /// `broker.rack`.
    pub rack: Option<&'a str>,
    /// Whether it is fenced: then it comes last and never leads.
    pub fenced: bool,
}

/// Why no replicas could be placed; displayed in Kafka's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlacementError {
    /// A replication factor of zero or less.
    NotPositive(i32),
    /// No broker could lead.
    AllFenced,
    /// Fewer brokers than replicas.
    TooFew {
        /// The replication factor.
        wanted: u32,
        /// Brokers there are.
        registered: u32,
    },
}

impl fmt::Display for PlacementError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::NotPositive(factor) => {
                write!(out, "Invalid replication factor {factor}: the replication factor must be positive.")
            }
            Self::AllFenced => {
                out.write_str("All brokers are currently fenced, or have all their log directories cordoned.")
            }
            Self::TooFew { wanted, registered } => write!(
                out,
                "The target replication factor of {wanted} cannot be reached because only {registered} \
                 broker(s) are registered or some brokers have all their log directories cordoned."
            ),
        }
    }
}

/// The racks and how far the walk has come.
struct Stripes {
    racks: Vec<Rack>,
    /// Indices of `racks` in the order of the walk.
    walk: Vec<u32>,
    /// Where in the walk the next partition begins.
    start: u32,
    epoch: u32,
    unfenced: u32,
}

impl Stripes {
    fn new(brokers: &[UsableBroker], uniform: &mut dyn FnMut(u32) -> u32) -> Self {
        let mut names: Vec<Option<&str>> = brokers.iter().map(|broker| broker.rack).collect();
        names.sort_by(|a, b| match (a, b) {
            (Some(a), Some(b)) => java_order(a, b),
            _ => a.cmp(b),
        });
        names.dedup();
        let list = |rack, fenced| {
            let here = brokers.iter().filter(|broker| broker.rack == rack && broker.fenced == fenced);
            here.map(|broker| broker.id).collect()
        };
        let mut racks = Vec::new();
        for rack in &names {
            let fenced = BrokerList::new(list(*rack, true), uniform);
            let unfenced = BrokerList::new(list(*rack, false), uniform);
            racks.push(Rack { fenced, unfenced });
        }
        let start = if names.is_empty() { 0 } else { uniform(names.len() as u32) };
        let unfenced = brokers.iter().filter(|broker| !broker.fenced).count() as u32;
        Self { racks, walk: (0..names.len() as u32).collect(), start, epoch: 0, unfenced }
    }

    fn next_partition(&mut self, wanted: u32, uniform: &mut dyn FnMut(u32) -> u32) -> Vec<u32> {
        if self.epoch == self.unfenced && self.unfenced > 1 {
            self.shuffle(uniform);
        }
        self.start %= self.walk.len() as u32;
        let (leader, leader_place) = self.next_leader();
        let mut replicas = vec![leader];
        let mut to_skip = Some(leader_place);
        let mut place = self.start;
        while (replicas.len() as u32) < wanted {
            replicas.push(self.next_follower(&mut place, &mut to_skip));
        }
        self.epoch += 1;
        self.start += 1;
        replicas
    }

    /// The first unfenced broker along the walk, and the place it was found at.
    fn next_leader(&mut self) -> (u32, u32) {
        let (racks, epoch) = (self.walk.len() as u32, self.epoch);
        let mut places = (self.start..racks).chain(0..self.start);
        let found = places.find_map(|place| Some((self.rack(place).unfenced.next(epoch)?, place)));
        found.expect("an unfenced broker has not led in this epoch")
    }

    /// The next broker along the walk from `place`, passing once over the leader's rack.
    fn next_follower(&mut self, place: &mut u32, to_skip: &mut Option<u32>) -> u32 {
        let racks = self.walk.len() as u32;
        for _ in 0..2 * racks {
            let (here, epoch) = (*place, self.epoch);
            *place = (here + 1) % racks;
            if *to_skip == Some(here) {
                *to_skip = None;
                continue;
            }
            let rack = self.rack(here);
            if let Some(broker) = rack.unfenced.next(epoch).or_else(|| rack.fenced.next(epoch)) {
                return broker;
            }
        }
        unreachable!("there are at least as many brokers as replicas")
    }

    fn shuffle(&mut self, uniform: &mut dyn FnMut(u32) -> u32) {
        shuffle(&mut self.walk, uniform);
        for rack in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, uniform);
            shuffle(&mut rack.unfenced.brokers, uniform);
        }
        self.epoch = 0;
    }

    fn rack(&mut self, place: u32) -> &mut Rack {
        &mut self.racks[self.walk[place as usize] as usize]
    }
}

struct Rack {
    fenced: BrokerList,
    unfenced: BrokerList,
}

/// Brokers handed out once an epoch each, every epoch beginning one further.
struct BrokerList {
    brokers: Vec<u32>,
    epoch: u32,
    index: u32,
    offset: u32,
}

impl BrokerList {
    fn new(mut brokers: Vec<u32>, uniform: &mut dyn FnMut(u32) -> u32) -> Self {
        brokers.sort_unstable();
        let offset = if brokers.is_empty() { 0 } else { uniform(brokers.len() as u32) };
        Self { brokers, epoch: 0, index: 0, offset }
    }

    fn next(&mut self, epoch: u32) -> Option<u32> {
        let len = self.brokers.len() as u32;
        if self.epoch != epoch && len > 0 {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % len;
        }
        if self.index >= len {
            return None;
        }
        let broker = self.brokers[((self.index + self.offset) % len) as usize];
        self.index += 1;
        Some(broker)
    }
}

/// Fisher-Yates from the end, as `Collections.shuffle`.
fn shuffle(items: &mut [u32], uniform: &mut dyn FnMut(u32) -> u32) {
    for size in (2..=items.len() as u32).rev() {
        items.swap(size as usize - 1, uniform(size) as usize);
    }
}
