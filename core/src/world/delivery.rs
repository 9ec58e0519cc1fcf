//! Messages on their way: sending, arriving, connections that open and break.
use super::{Envelope, Event, Sent, World};
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
    pub(super) fn send(&mut self, from: NodeId, to: NodeId, correlation: u32, message: Message) {
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        self.refresh_link(from, to);
        let target = &self.hosts[to_number as usize];
        let (process, incarnation) = (target.process, target.incarnation);
        let spec = self.distances.spec();
        let (jitter_percent, bytes_per_s) = (spec.jitter_percent, spec.bytes_per_s);
        let draws = self.draws.part(u64::from(from_number) << 16 | u64::from(to_number)).part(LINK_PART);
        let bytes = message.bytes();
        let link = self.network.link(from_number, to_number);
        let mut handshake_us = 0;
        if !link.open {
            handshake_us = 2 * u64::from(link.latency_us);
            let cut = link.cut;
            if cut || process == Process::MachineDown {
                self.queue
                    .push(self.now.plus_ms(CONNECT_TIMEOUT_MS).0, Event::Reset { node: from, peer: to });
                return;
            }
            if matches!(process, Process::Crashed | Process::Stopped) {
                let refused = self.now.plus_us(handshake_us.max(1));
                self.queue.push(refused.0, Event::Reset { node: from, peer: to });
                return;
            }
            link.open = true;
            link.incarnation = incarnation;
            let generation = link.generation;
            let back = self.network.link(to_number, from_number);
            back.open = true;
            back.generation = generation;
            back.incarnation = self.hosts[from_number as usize].incarnation;
        }
        let link = self.network.link(from_number, to_number);
        let held = link.cut;
        let connection = link.generation;
        let arrival = if held {
            SimTime::NEVER
        } else {
            link.arrival(self.now, bytes, handshake_us, jitter_percent, bytes_per_s, draws)
        };
        let id = self.next_message_id();
        let envelope =
            Envelope { from, to, correlation, connection, id, start: self.now, end: arrival, message };
        if self.tracing {
            self.flights.push(envelope.sent());
        }
        let slot = self.store(envelope);
        if held {
            self.held.push(slot);
        } else {
            self.queue.push(arrival.0.max(self.now.0 + 1), Event::Deliver { slot });
        }
    }

    fn store(&mut self, envelope: Envelope) -> u32 {
        match self.free_slots.pop() {
            Some(slot) => {
                self.mail[slot as usize] = Some(envelope);
                slot
            }
            None => {
                self.mail.push(Some(envelope));
                self.mail.len() as u32 - 1
            }
        }
    }

    pub(super) fn deliver(&mut self, slot: u32) {
        let envelope = self.mail[slot as usize].as_ref().expect("every slot is delivered once");
        let (from, to) = (envelope.from, envelope.to);
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        self.digest.u64(u64::from(from_number) << 40 | u64::from(to_number) << 16);
        let host = &mut self.hosts[to_number as usize];
        if host.process == Process::Frozen {
            host.inbox.push(Event::Deliver { slot });
            return;
        }
        let up = host.is_up();
        let envelope = self.mail[slot as usize].take().expect("just seen");
        self.free_slots.push(slot);
        let link = self.network.link(from_number, to_number);
        if !up || link.generation != envelope.connection {
            return;
        }
        self.digest.u64(u64::from(envelope.correlation));
        let Envelope { correlation, message, .. } = envelope;
        self.dispatch(to, Input::Message { from, correlation, message });
    }

    /// Takes the distances into a link, if they changed since it last looked.
    #[inline]
    fn refresh_link(&mut self, from: NodeId, to: NodeId) {
        let version = self.distances.version();
        let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
        if self.network.link(from_number, to_number).version == version {
            return;
        }
        let between = self.distances.between((from, self.site(from)), (to, self.site(to)));
        let link = self.network.link(from_number, to_number);
        link.version = version;
        link.cut = between.is_none();
        link.latency_us = between.unwrap_or(u64::from(link.latency_us)).min(u64::from(u32::MAX)) as u32;
    }

    /// A node closes a connection: nothing under way on it arrives; the other end learns it if links allow.
    pub(super) fn disconnect(&mut self, node: NodeId, peer: NodeId) {
        let (number, peer_number) = (self.number(node) as u32, self.number(peer) as u32);
        if !self.network.is_open(number, peer_number) {
            return;
        }
        self.refresh_link(node, peer);
        self.network.close(number, peer_number);
        let link = *self.network.link(number, peer_number);
        if !link.cut {
            let at = self.now.plus_us(u64::from(link.latency_us).max(1));
            self.queue.push(at.0, Event::Reset { node: peer, peer: node });
        }
    }

    /// All connections of a node break; its peers learn it after the latency, unless nobody tells them.
    pub(super) fn break_connections(&mut self, node: NodeId, peers_learn: bool) {
        for peer in self.all_nodes() {
            let (number, peer_number) = (self.number(node) as u32, self.number(peer) as u32);
            if peer == node || !self.network.is_open(number, peer_number) {
                continue;
            }
            self.refresh_link(peer, node);
            let link = *self.network.link(peer_number, number);
            if peers_learn {
                self.network.close(number, peer_number);
                let at =
                    if link.cut { None } else { Some(self.now.plus_us(u64::from(link.latency_us).max(1))) };
                if let Some(at) = at {
                    self.queue.push(at.0, Event::Reset { node: peer, peer: node });
                }
            }
        }
    }

    /// Links changed: what a cut held and no longer does goes on its way.
    pub(super) fn release_held(&mut self) {
        for slot in std::mem::take(&mut self.held) {
            let Some(envelope) = self.mail[slot as usize].as_ref() else { continue };
            let (from, to) = (envelope.from, envelope.to);
            self.refresh_link(from, to);
            let (from_number, to_number) = (self.number(from) as u32, self.number(to) as u32);
            let link = self.network.link(from_number, to_number);
            if link.cut {
                self.held.push(slot);
                continue;
            }
            let arrival = self.now.plus_us(RETRANSMISSION_US + u64::from(link.latency_us));
            self.queue.push(arrival.0, Event::Deliver { slot });
            let envelope = self.mail[slot as usize].as_mut().expect("just seen");
            (envelope.start, envelope.end) = (self.now, arrival);
            if self.tracing {
                self.flights.push(envelope.sent());
            }
        }
    }

    fn next_message_id(&mut self) -> u64 {
        self.message_ids += 1;
        self.message_ids
    }
}

/// Keeps the draws of links apart from everybody else's.
const LINK_PART: u64 = 0x6c69_6e6b;

impl Envelope {
    /// What observers see of it.
    pub(super) fn sent(&self) -> Sent {
        let &Envelope { id, from, to, start, end, ref message, .. } = self;
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
