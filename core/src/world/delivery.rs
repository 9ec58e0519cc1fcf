//! Messages on their way: sending, arriving, connections that open and break.
use super::{Event, Head, Sent, World};
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::TopicPartition;
use crate::node::Input;
use crate::trace::Process;
use crate::wire::{ErrorCode, Message, NodeId};

/// `socket.connection.setup.timeout.ms`: how long a connection is tried that nobody answers.
const CONNECT_TIMEOUT_MS: u64 = 10_000;
/// After a cut heals, what was held arrives with TCP's next retransmission: this much later, microseconds.
const RETRANSMISSION_US: u64 = 200_000;

impl World {
    /// Puts the message in a slot on its way over the connection from a node, given with its number, to `to`; opens one
    /// where there is none.
    pub(super) fn send(
        &mut self,
        (from, from_number): (NodeId, usize),
        to: NodeId,
        correlation: u32,
        slot: u32,
    ) {
        let (from_number, to_number) = (from_number as u32, self.number(to) as u32);
        let mut handshake_us = 0;
        let mut link = self.network.link(from_number, to_number);
        if !link.open {
            match self.connect(from, to) {
                Ok(round_trip_us) => handshake_us = round_trip_us,
                Err(noticed) => {
                    drop(self.fx.mail.take(slot));
                    return self.agenda.push(noticed.0, Event::Reset { node: from, peer: to });
                }
            }
            link = self.network.link(from_number, to_number);
        }
        let connection = link.generation;
        let end = if link.cut {
            SimTime::NEVER
        } else {
            link.arrival(self.now, self.fx.mail.get(slot).bytes(), handshake_us, self.distances.spec())
        };
        self.message_ids += 1;
        let (id, start, closings) = (self.message_ids, self.now, self.network.closings());
        let head = Head { from, to, correlation, connection, closings, id, start, end };
        match self.heads.get_mut(slot as usize) {
            Some(place) => *place = head,
            None => self.heads.resize(slot as usize + 1, head),
        }
        if self.fx.tracing {
            self.flights.push(head.sent(self.fx.mail.get(slot)));
        }
        if end == SimTime::NEVER {
            self.held.push(slot);
        } else {
            self.agenda.push(end.0.max(self.now.0 + 1), Event::Deliver { slot });
        }
    }

    /// Opens a connection: how long the handshake takes, microseconds, or when the sender learns that there is none.
    #[cold]
    fn connect(&mut self, from: NodeId, to: NodeId) -> Result<u64, SimTime> {
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        self.refresh_link(from, to);
        self.refresh_link(to, from);
        let process = self.host(to).process;
        let link = self.network.link(from_number, to_number);
        let handshake_us = 2 * u64::from(link.latency_us);
        if link.cut || process == Process::MachineDown {
            return Err(self.now.plus_ms(CONNECT_TIMEOUT_MS));
        }
        if matches!(process, Process::Crashed | Process::Stopped) {
            return Err(self.now.plus_us(handshake_us.max(1)));
        }
        link.open = true;
        let generation = link.generation;
        let back = self.network.link(to_number, from_number);
        back.open = true;
        back.generation = generation;
        Ok(handshake_us)
    }

    pub(super) fn deliver(&mut self, slot: u32) {
        let Head { from, to, connection, closings, correlation, .. } = self.heads[slot as usize];
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        self.digest.u64(u64::from(from_number) << 40 | u64::from(to_number) << 16);
        let host = &mut self.hosts[to_number as usize];
        if host.process == Process::Frozen {
            host.inbox.push(Event::Deliver { slot });
            return;
        }
        let up = host.is_up();
        let message = self.fx.mail.take(slot);
        let is_lost = closings != self.network.closings()
            && connection < self.network.link(from_number, to_number).arrives_from;
        if !up || is_lost {
            return;
        }
        self.digest.u64(u64::from(correlation));
        self.dispatch((to, to_number as usize), Input::Message { from, correlation, message });
    }

    /// Takes the distances into a link.
    fn refresh_link(&mut self, from: NodeId, to: NodeId) {
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        let between = self.distances.between((from, self.site(from)), (to, self.site(to)));
        let part = u64::from(from_number) << 16 | u64::from(to_number);
        let link = self.network.link(from_number, to_number);
        link.draws = self.draws.part(part).part(LINK_PART);
        link.cut = between.is_none();
        link.latency_us = between.unwrap_or(u64::from(link.latency_us)).min(u64::from(u32::MAX)) as u32;
    }

    /// The distances changed: every connection learns it, and what a cut held and no longer does goes on its way.
    pub(super) fn links_changed(&mut self) {
        let nodes = self.all_nodes();
        for &from in &nodes {
            for &to in &nodes {
                if self.network.is_open(self.number(from) as u32, self.number(to) as u32) {
                    self.refresh_link(from, to);
                }
            }
        }
        self.release_held();
    }

    /// A node closes a connection: what it sent on it still arrives unless a cut holds it, nothing else does; the other
    /// end learns it if links allow.
    pub(super) fn disconnect(&mut self, node: NodeId, peer: NodeId) {
        if self.network.is_open(self.number(node) as u32, self.number(peer) as u32) {
            self.close(node, peer);
        }
    }

    /// All connections of a node break, and its peers learn it.
    pub(super) fn break_connections(&mut self, node: NodeId) {
        for peer in self.all_nodes().into_iter().filter(|&peer| peer != node) {
            self.disconnect(node, peer);
        }
    }

    /// The end of a connection reaches the peer after the latency, and before anything that `node` sends it on the
    /// next connection; never over a cut link.
    fn close(&mut self, node: NodeId, peer: NodeId) {
        let (number, peer_number) = (self.number(node) as u32, self.number(peer) as u32);
        self.network.close(number, peer_number);
        let link = self.network.link(number, peer_number);
        if !link.cut {
            let at = link.end_arrives(self.now);
            self.agenda.push(at.0, Event::Reset { node: peer, peer: node });
        }
    }

    fn release_held(&mut self) {
        for slot in std::mem::take(&mut self.held) {
            let Head { from, to, connection, .. } = self.heads[slot as usize];
            let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
            // Its connection may be closed by now, and the link as it was then.
            self.refresh_link(from, to);
            let link = self.network.link(from_number, to_number);
            if link.cut {
                self.held.push(slot);
                continue;
            }
            if connection < link.generation {
                // Whoever closed it gave up what was on it: it comes to its end, and nobody takes it.
                link.arrives_from = link.generation;
            }
            let arrival = self.now.plus_us(RETRANSMISSION_US + u64::from(link.latency_us));
            self.agenda.push(arrival.0, Event::Deliver { slot });
            let head = &mut self.heads[slot as usize];
            (head.start, head.end) = (self.now, arrival);
            if self.fx.tracing {
                self.flights.push(head.sent(self.fx.mail.get(slot)));
            }
        }
    }
}

/// Keeps the draws of links apart from everybody else's.
const LINK_PART: u64 = 0x6c69_6e6b;

impl Head {
    /// What observers see of a message.
    pub(super) fn sent(self, message: &Message) -> Sent {
        let Head { id, from, to, start, end, .. } = self;
        let (partition, records, error, batch) = seen(message);
        let batch = batch.map(|batch| Box::new(batch.clone()));
        let (api, response) = (message.api_name(), message.is_response());
        Sent { id, from, to, start, end, api, response, partition, records, error, batch }
    }
}

/// The (first) partition concerned, how many records, whether it is an error, the first batch.
fn seen(message: &Message) -> (Option<TopicPartition>, u32, bool, Option<&Batch>) {
    match message {
        Message::Produce(request) => {
            let first = request.batches.first();
            let records = request.batches.iter().map(|(_, batch)| batch.count).sum();
            (first.map(|&(partition, _)| partition), records, false, first.map(|(_, batch)| batch))
        }
        Message::ProduceResponse(results) => {
            let error = results.iter().any(|result| result.error != ErrorCode::None);
            (results.first().map(|result| result.partition), 0, error, None)
        }
        Message::Fetch(request) => (request.partitions.first().map(|asked| asked.partition), 0, false, None),
        Message::FetchResponse(response) => {
            let error = response.partitions.iter().any(|fetched| fetched.error != ErrorCode::None);
            let records = response.batches.iter().map(|batch| batch.count).sum();
            let partition = response.partitions.iter().find(|fetched| fetched.batches > 0);
            let partition = partition.or(response.partitions.first()).map(|fetched| fetched.partition);
            (partition, records, error, response.batches.first())
        }
        Message::HeartbeatResponse(code) | Message::OffsetCommitResponse(code) => {
            (None, 0, *code != ErrorCode::None, None)
        }
        _ => (None, 0, false, None),
    }
}
