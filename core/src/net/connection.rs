//! Connections: one a pair of nodes, made of two directed links; each link keeps its order.
use super::LinkSpec;
use crate::kernel::{Draws, Purpose, SimTime};

const JITTER: Purpose = Purpose::new("latency jitter");

/// One direction of a connection: one cache line.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub struct Link {
    /// One-way latency, microseconds; meaningful on an open connection.
    pub latency_us: u32,
    /// Draws for its jitter.
    pub draws: Draws,
    /// Nothing gets through.
    pub cut: bool,
    /// The connection is open.
    pub open: bool,
    /// Which of the connections of this pair, counted from 0.
    pub generation: u32,
    /// What was sent on a connection older than this one never arrives.
    pub arrives_from: u32,
    /// How many messages were sent.
    sent: u32,
    /// When the last message arrives.
    last_arrival: SimTime,
    /// When the last byte sent so far leaves.
    busy_until: SimTime,
}

impl Link {
    /// When a message sent now arrives, `extra_us` later than one on an open connection would.
    #[inline]
    pub fn arrival(&mut self, now: SimTime, bytes: u64, extra_us: u64, spec: &LinkSpec) -> SimTime {
        self.sent = self.sent.wrapping_add(1);
        let jitter_max_us = u64::from(self.latency_us) * u64::from(spec.jitter_percent) / 100;
        let jitter_us = self.draws.at(JITTER, u64::from(self.sent)).below(jitter_max_us as u32 + 1);
        let us_of_bytes = bytes * 1_000_000;
        // What takes less than a microsecond needs no division.
        let sending_us = if us_of_bytes < spec.bytes_per_s { 0 } else { us_of_bytes / spec.bytes_per_s };
        let leaves = self.busy_until.max(now).plus_us(sending_us);
        self.busy_until = leaves;
        let travelled = leaves.plus_us(u64::from(self.latency_us) + u64::from(jitter_us) + extra_us);
        self.last_arrival = travelled.max(self.last_arrival);
        self.last_arrival
    }

    /// When the news arrives that the sender closed the connection now: after all it sent before, and before what it
    /// sends on the next one.
    pub fn end_arrives(&mut self, now: SimTime) -> SimTime {
        self.last_arrival = self.last_arrival.max(now.plus_us(u64::from(self.latency_us).max(1)));
        self.last_arrival
    }
}

/// All links, by sender and receiver.
#[derive(Clone, Debug, Default)]
pub struct Network {
    links: Vec<Vec<Link>>,
    closings: u32,
}

impl Network {
    /// The link from the node numbered `from` to the one numbered `to`.
    #[inline]
    pub fn link(&mut self, from: u32, to: u32) -> &mut Link {
        if self.links.get(from as usize).is_none_or(|row| row.len() <= to as usize) {
            self.make_room(from as usize, to as usize);
        }
        &mut self.links[from as usize][to as usize]
    }

    #[cold]
    fn make_room(&mut self, from: usize, to: usize) {
        if self.links.len() <= from {
            self.links.resize_with(from + 1, Vec::new);
        }
        let row = &mut self.links[from];
        if row.len() <= to {
            row.resize_with(to + 1, Link::default);
        }
    }

    /// How many connections were closed since the run began. As long as none is, every message sent arrives.
    #[inline]
    pub fn closings(&self) -> u32 {
        self.closings
    }

    /// How many links it keeps books of.
    pub fn links(&self) -> usize {
        self.links.iter().map(Vec::len).sum()
    }

    /// Whether a connection from `from` to `to` is open.
    pub fn is_open(&self, from: u32, to: u32) -> bool {
        let link = self.links.get(from as usize).and_then(|row| row.get(to as usize));
        link.is_some_and(|link| link.open)
    }

    /// `node` closes its connection to `peer`: what it sent still arrives, what `peer` sent never does.
    pub fn close(&mut self, node: u32, peer: u32) {
        self.closings += 1;
        for (from, to) in [(node, peer), (peer, node)] {
            let link = self.link(from, to);
            link.open = false;
            link.generation += 1;
        }
        let lost = self.link(peer, node);
        lost.arrives_from = lost.generation;
    }
}
