//! How far apart nodes stand, and what commands did to their links.
use crate::wire::NodeId;

/// One-way latencies of links, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkSpec {
    /// Inside a rack.
    pub same_rack_us: u64,
    /// Between racks of one data centre, and wherever no rack is named.
    pub between_racks_us: u64,
    /// Between data centres.
    pub between_data_centers_us: u64,
    /// Up to this much more, uniformly, in per cent.
    pub jitter_percent: u32,
    /// What a link carries, in bytes a second.
    pub bytes_per_s: u64,
}

impl Default for LinkSpec {
    /// A data centre of today: 0.1 ms in a rack, 0.25 ms between racks, 30 ms between data centres, 10 Gbit/s.
    fn default() -> Self {
        LinkSpec {
            same_rack_us: 100,
            between_racks_us: 250,
            between_data_centers_us: 30_000,
            jitter_percent: 20,
            bytes_per_s: 1_250_000_000,
        }
    }
}

/// Where a node stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Its rack; empty for none.
    pub rack: String,
    /// Its data centre; empty for the only one.
    pub data_center: String,
}

/// What a command did to links, until healed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Disturbance {
    Slow { by_us: u64 },
    Cut,
}

/// Whose links are disturbed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    Node(NodeId),
    Rack(String),
}

/// Distances between all nodes.
#[derive(Clone, Debug, Default)]
pub struct Distances {
    spec: LinkSpec,
    disturbed: Vec<(Whose, Disturbance)>,
}

impl Distances {
    /// Distances by a scenario's links.
    pub fn new(spec: LinkSpec) -> Self {
        Distances { spec, disturbed: Vec::new() }
    }

    /// The scenario's links.
    pub fn spec(&self) -> &LinkSpec {
        &self.spec
    }

    /// One-way latency in microseconds without jitter, or `None` while cut.
    pub fn between(&self, a: (NodeId, &Site), b: (NodeId, &Site)) -> Option<u64> {
        let spec = &self.spec;
        let base = if a.1.data_center != b.1.data_center {
            spec.between_data_centers_us
        } else if a.1.rack == b.1.rack && !a.1.rack.is_empty() {
            spec.same_rack_us
        } else {
            spec.between_racks_us
        };
        let mut total_us = base.max(1);
        for (whose, disturbance) in &self.disturbed {
            let concerned = match whose {
                Whose::Node(node) => *node == a.0 || *node == b.0,
                Whose::Rack(rack) => (*rack == a.1.rack) != (*rack == b.1.rack),
            };
            match disturbance {
                Disturbance::Cut if concerned => return None,
                Disturbance::Slow { by_us } if concerned => total_us += by_us,
                _ => {}
            }
        }
        Some(total_us)
    }

    /// Slows a node's links.
    pub fn slow_node(&mut self, node: NodeId, by_us: u64) {
        self.disturb(Whose::Node(node), Disturbance::Slow { by_us });
    }

    /// Slows a rack's links with the outside.
    pub fn slow_rack(&mut self, rack: &str, by_us: u64) {
        self.disturb(Whose::Rack(rack.to_owned()), Disturbance::Slow { by_us });
    }

    /// Cuts a node's links.
    pub fn cut_node(&mut self, node: NodeId) {
        self.disturb(Whose::Node(node), Disturbance::Cut);
    }

    /// Cuts a rack off.
    pub fn cut_rack(&mut self, rack: &str) {
        self.disturb(Whose::Rack(rack.to_owned()), Disturbance::Cut);
    }

    /// Heals a node's links; false if nothing was wrong with them.
    pub fn heal_node(&mut self, node: NodeId) -> bool {
        self.heal(&Whose::Node(node))
    }

    /// Heals a rack's links; false if nothing was wrong with them.
    pub fn heal_rack(&mut self, rack: &str) -> bool {
        self.heal(&Whose::Rack(rack.to_owned()))
    }

    /// Whether commands slowed (first) or cut (second) links of a node that stands in `rack`.
    pub fn disturbances_of(&self, node: NodeId, rack: &str) -> (bool, bool) {
        let mut found = (false, false);
        for (whose, disturbance) in &self.disturbed {
            let concerned = match whose {
                Whose::Node(other) => *other == node,
                Whose::Rack(other) => other == rack,
            };
            match disturbance {
                Disturbance::Slow { .. } => found.0 |= concerned,
                Disturbance::Cut => found.1 |= concerned,
            }
        }
        found
    }

    fn disturb(&mut self, whose: Whose, disturbance: Disturbance) {
        self.disturbed.retain(|(other, _)| *other != whose);
        self.disturbed.push((whose, disturbance));
    }

    fn heal(&mut self, whose: &Whose) -> bool {
        let before = self.disturbed.len();
        self.disturbed.retain(|(other, _)| other != whose);
        self.disturbed.len() < before
    }
}
