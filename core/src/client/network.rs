//! What every client keeps about the cluster: metadata as last heard, connections, requests without an answer.
//!
//! Kafka's `NetworkClient`, `Metadata` and `ClusterConnectionStates`. There is no handshake here: a connection
//! exists from the first request on, so a broker that never answers costs `request.timeout.ms`, not
//! `socket.connection.setup.timeout.ms`.
use crate::assign::backoff::{CLIENT_JITTER_PERMILLE, ExponentialBackoff};
use crate::config::{ConsumerConfig, ProducerConfig};
use crate::kernel::{Digest, Draw, Draws, Purpose, SimTime, take_first};
use crate::metadata::{BrokerId, MetadataImage, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, LeaderHint, Message, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

const RECONNECT: Purpose = Purpose::new("reconnect backoff");
const REFRESH: Purpose = Purpose::new("metadata backoff");
const LEAST_LOADED: Purpose = Purpose::new("least loaded broker");

/// The configuration keys a connection to the cluster follows, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// `request.timeout.ms`.
    pub request_timeout_ms: u64,
    /// `retry.backoff.ms`.
    pub retry_backoff_ms: u64,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max_ms: u64,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff_ms: u64,
    /// `reconnect.backoff.max.ms`.
    pub reconnect_backoff_max_ms: u64,
    /// `metadata.max.age.ms`.
    pub metadata_max_age_ms: u64,
}

impl From<&ProducerConfig> for NetworkSettings {
    fn from(config: &ProducerConfig) -> Self {
        NetworkSettings {
            request_timeout_ms: config.request_timeout_ms,
            retry_backoff_ms: config.retry_backoff_ms,
            retry_backoff_max_ms: config.retry_backoff_max_ms,
            reconnect_backoff_ms: config.reconnect_backoff_ms,
            reconnect_backoff_max_ms: config.reconnect_backoff_max_ms,
            metadata_max_age_ms: config.metadata_max_age_ms,
        }
    }
}

impl From<&ConsumerConfig> for NetworkSettings {
    fn from(config: &ConsumerConfig) -> Self {
        NetworkSettings {
            request_timeout_ms: config.request_timeout_ms,
            retry_backoff_ms: config.retry_backoff_ms,
            retry_backoff_max_ms: config.retry_backoff_max_ms,
            reconnect_backoff_ms: config.reconnect_backoff_ms,
            reconnect_backoff_max_ms: config.reconnect_backoff_max_ms,
            metadata_max_age_ms: config.metadata_max_age_ms,
        }
    }
}

/// A request that will not be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed<T> {
    /// Whom it was sent to.
    pub broker: BrokerId,
    /// `REQUEST_TIMED_OUT` or `NETWORK_EXCEPTION`.
    pub error: ErrorCode,
    /// What its sender called it.
    pub tag: T,
}

/// One client's side of its connections. `T` says what a pending request was about.
///
/// The client passes on to it every [`Message::MetadataResponse`], every [`Input::Disconnected`] and the timers
/// of the kinds [`TimerKind::RequestTimeout`] and [`TimerKind::Metadata`]; everything else is the client's.
///
/// [`Input::Disconnected`]: crate::node::Input::Disconnected
#[derive(Clone, Debug)]
pub struct Network<T> {
    settings: NetworkSettings,
    draws: Draws,
    bootstrap: Vec<BrokerId>,
    image: Option<Arc<MetadataImage>>,
    /// Leaders heard of in error responses (KIP-951), newer than the image; by partition.
    hints: Vec<(TopicPartition, BrokerId, u32)>,
    refresh: Refresh,
    connections: Vec<Connection<T>>,
    next_correlation: u32,
    choices: u64,
    request_timer: Alarm,
    metadata_timer: Alarm,
}

/// When metadata is fetched again.
#[derive(Clone, Debug, Default)]
struct Refresh {
    /// Somebody asked, and no request was sent since.
    wanted: bool,
    /// Whom a request is in flight to.
    asked: Option<BrokerId>,
    /// Failures since the last answer.
    attempts: u32,
    /// Answers in a row that brought nothing new.
    equivalent: u32,
    /// The last answer or failure, if any.
    last: Option<SimTime>,
    /// The last answer.
    last_answer: SimTime,
    /// Draws made for backoffs.
    ordinal: u64,
    /// Not before this moment.
    allowed: SimTime,
}

#[derive(Clone, Debug)]
struct Connection<T> {
    /// Oldest first.
    in_flight: VecDeque<Pending<T>>,
    /// It answered since it was opened.
    answered: bool,
    /// Broken connections since the last answer.
    failures: u32,
    /// Broken connections ever.
    broken: u64,
    /// Not before this moment (`reconnect.backoff.ms`).
    ready_at: SimTime,
}

impl<T> Default for Connection<T> {
    fn default() -> Self {
        let in_flight = VecDeque::new();
        Connection { in_flight, answered: false, failures: 0, broken: 0, ready_at: SimTime::ZERO }
    }
}

#[derive(Clone, Debug)]
struct Pending<T> {
    correlation: u32,
    deadline: SimTime,
    /// `None` for a metadata request.
    tag: Option<T>,
}

/// One timer that is set anew only to fire earlier; a later wish waits for it to fire.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alarm {
    at: SimTime,
    generation: u32,
}

impl Default for Alarm {
    fn default() -> Self {
        Alarm { at: SimTime::NEVER, generation: 0 }
    }
}

impl Alarm {
    /// Makes sure the timer fires at `at` or before.
    pub(super) fn set(&mut self, now: SimTime, at: SimTime, kind: TimerKind, fx: &mut Effects) {
        if at < self.at {
            let at = at.max(now.plus_us(1));
            if at < self.at {
                self.at = at;
                self.generation = self.generation.wrapping_add(1);
                fx.timer(at, Timer::new(kind, self.generation));
            }
        }
    }

    /// Whether `timer` is the current one, which by firing is no longer set.
    pub(super) fn fired(&mut self, timer: Timer) -> bool {
        let current = timer.generation == self.generation && self.at != SimTime::NEVER;
        if current {
            self.at = SimTime::NEVER;
        }
        current
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u64(self.at.0);
        digest.u32(self.generation);
    }
}

impl<T> Network<T> {
    /// A client that knows nothing of the cluster but where to ask (`bootstrap.servers`).
    pub fn new(settings: NetworkSettings, bootstrap: Vec<BrokerId>, draws: Draws) -> Self {
        Network {
            settings,
            draws,
            bootstrap,
            image: None,
            hints: Vec::new(),
            refresh: Refresh::default(),
            connections: Vec::new(),
            next_correlation: 0,
            choices: 0,
            request_timer: Alarm::default(),
            metadata_timer: Alarm::default(),
        }
    }

    /// Draws anew for a process that was started again, `life` times before this one.
    pub fn set_life(&mut self, life: u32) {
        self.draws = self.draws.part(u64::MAX - u64::from(life));
    }

    // --- metadata ---

    /// The metadata as last heard; `None` before the first answer.
    pub fn image(&self) -> Option<&Arc<MetadataImage>> {
        self.image.as_ref()
    }

    /// The leader of a partition and its epoch, as far as this client knows.
    pub fn leader(&self, partition: TopicPartition) -> Option<(BrokerId, u32)> {
        if !self.hints.is_empty()
            && let Ok(at) = self.hints.binary_search_by_key(&partition, |hint| hint.0)
        {
            return Some((self.hints[at].1, self.hints[at].2));
        }
        let registration = self.image.as_ref()?.partitions.get(partition.index())?;
        Some((registration.leader?, registration.leader_epoch))
    }

    /// The newest leader epoch known of a partition, with a leader or without.
    pub fn leader_epoch(&self, partition: TopicPartition) -> Option<u32> {
        let registered = || Some(self.image.as_ref()?.partitions.get(partition.index())?.leader_epoch);
        self.leader_hint(partition).map(|hint| hint.1).or_else(registered)
    }

    fn leader_hint(&self, partition: TopicPartition) -> LeaderHint {
        let at = self.hints.binary_search_by_key(&partition, |hint| hint.0).ok()?;
        Some((self.hints[at].1, self.hints[at].2))
    }

    /// Takes a leader named in an error response, if it is newer than what is known. True if it is.
    pub fn learn_leader(&mut self, partition: TopicPartition, hint: LeaderHint) -> bool {
        let Some((leader, epoch)) = hint else { return false };
        if self.leader_epoch(partition).is_some_and(|known| known >= epoch) {
            return false;
        }
        match self.hints.binary_search_by_key(&partition, |hint| hint.0) {
            Ok(at) => self.hints[at] = (partition, leader, epoch),
            Err(at) => self.hints.insert(at, (partition, leader, epoch)),
        }
        true
    }

    /// Asks for fresh metadata, as soon as the backoff after the last answer allows.
    pub fn request_refresh(&mut self, now: SimTime, fx: &mut Effects) {
        self.refresh.wanted = true;
        self.refresh_if_due(now, fx);
    }

    /// Takes an answer to this client's metadata request. True if the image is newer than the last.
    pub fn metadata_response(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        image: &Arc<MetadataImage>,
        fx: &mut Effects,
    ) -> bool {
        if self.take(from, correlation).is_none() {
            return false;
        }
        let newer = self.image.as_ref().is_none_or(|known| image.offset > known.offset);
        if newer {
            self.hints.retain(|&(partition, _, epoch)| {
                image.partitions.get(partition.index()).is_none_or(|known| known.leader_epoch < epoch)
            });
            self.image = Some(image.clone());
            let offset = image.offset;
            fx.trace(|| Fact::MetadataLearned { offset });
        }
        let refresh = &mut self.refresh;
        refresh.asked = None;
        refresh.attempts = 0;
        refresh.equivalent = if newer { 0 } else { refresh.equivalent.saturating_add(1) };
        refresh.last_answer = now;
        self.after_refresh(now);
        self.refresh_if_due(now, fx);
        newer
    }

    /// Draws how long no other refresh is made.
    fn after_refresh(&mut self, now: SimTime) {
        let refresh = &mut self.refresh;
        refresh.last = Some(now);
        let times = refresh.attempts.max(refresh.equivalent).saturating_sub(1);
        let draw = self.draws.at(REFRESH, refresh.ordinal);
        refresh.ordinal += 1;
        let wait =
            backoff_ms(self.settings.retry_backoff_ms, self.settings.retry_backoff_max_ms, times, draw);
        refresh.allowed = now.plus_ms(wait);
    }

    fn refresh_if_due(&mut self, now: SimTime, fx: &mut Effects) {
        if self.refresh.asked.is_some() {
            return;
        }
        let due = if self.refresh.wanted || self.refresh.last.is_none() {
            self.refresh.allowed
        } else {
            let age = self.settings.metadata_max_age_ms;
            self.refresh.last_answer.plus_ms(age).max(self.refresh.allowed)
        };
        if due > now {
            self.metadata_timer.set(now, due, TimerKind::Metadata, fx);
        } else if let Some(broker) = self.least_loaded(now) {
            self.refresh.wanted = false;
            self.refresh.asked = Some(broker);
            let timeout_ms = self.settings.request_timeout_ms;
            self.send_tagged(now, broker, Message::Metadata, None, timeout_ms, fx);
        } else {
            let first = self.known_brokers().into_iter().map(|broker| self.ready_at(broker)).min();
            self.metadata_timer.set(now, first.unwrap_or(SimTime::NEVER), TimerKind::Metadata, fx);
        }
    }

    // --- brokers ---

    /// The brokers this client may ask anything: those of its image, else those it was started with.
    fn known_brokers(&self) -> Vec<BrokerId> {
        let mut known: Vec<BrokerId> = Vec::new();
        if let Some(image) = &self.image {
            let live =
                (1_u32..).zip(&image.brokers).filter(|(_, broker)| broker.registered && !broker.fenced);
            known.extend(live.map(|(id, _)| BrokerId(id)));
        }
        if known.is_empty() { self.bootstrap.clone() } else { known }
    }

    /// A broker for a request that any can answer: the one with the fewest requests in flight, those that
    /// answered on their connection before the rest, ties from a drawn place on. `None` while every broker
    /// is in its reconnect backoff.
    ///
    /// When none of the image's brokers can be asked it starts again from the bootstrap servers
    /// (`metadata.recovery.strategy=rebootstrap`).
    pub fn least_loaded(&mut self, now: SimTime) -> Option<BrokerId> {
        let draw = self.draws.at(LEAST_LOADED, self.choices);
        self.choices += 1;
        let known = self.known_brokers();
        let choose = |brokers: &[BrokerId]| {
            let start = draw.below(brokers.len() as u32) as usize;
            let (tail, head) = brokers.split_at(start);
            let turn = head.iter().chain(tail).copied();
            turn.filter(|&broker| self.can_send(now, broker)).min_by_key(|&broker| {
                let answered = self.connection(broker).is_some_and(|connection| connection.answered);
                let waiting = self.in_flight(broker);
                // A connection that never answered and has requests waiting may be to a dead machine.
                (u32::from(!answered) + u32::from(!answered && waiting > 0), waiting)
            })
        };
        choose(&known).or_else(|| choose(&self.bootstrap))
    }

    fn connection(&self, broker: BrokerId) -> Option<&Connection<T>> {
        self.connections.get(broker.index())
    }

    fn connection_mut(&mut self, broker: BrokerId) -> &mut Connection<T> {
        if self.connections.len() <= broker.index() {
            self.connections.resize_with(broker.index() + 1, Connection::default);
        }
        &mut self.connections[broker.index()]
    }

    /// Whether a request may be sent to the broker now: it is not in its reconnect backoff.
    pub fn can_send(&self, now: SimTime, broker: BrokerId) -> bool {
        self.ready_at(broker) <= now
    }

    /// From when on a request may be sent to the broker.
    pub fn ready_at(&self, broker: BrokerId) -> SimTime {
        self.connection(broker).map_or(SimTime::ZERO, |connection| connection.ready_at)
    }

    /// Whether the connection broke and nobody answered since: what is sent may reach nobody.
    pub fn is_broken(&self, broker: BrokerId) -> bool {
        self.connection(broker).is_some_and(|connection| connection.failures > 0)
    }

    /// Tries a broken connection by a request that any broker answers, as Kafka does with ApiVersions.
    pub fn try_connection(&mut self, now: SimTime, broker: BrokerId, fx: &mut Effects) {
        if self.in_flight(broker) == 0 {
            let timeout_ms = self.settings.request_timeout_ms;
            self.send_tagged(now, broker, Message::Metadata, None, timeout_ms, fx);
        }
    }

    /// How many requests to the broker wait for their answers, metadata requests included.
    pub fn in_flight(&self, broker: BrokerId) -> u32 {
        self.connection(broker).map_or(0, |connection| connection.in_flight.len() as u32)
    }

    /// Every request of the client's own that waits for its answer, by broker, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = (BrokerId, &T)> {
        (1_u32..).zip(&self.connections).flat_map(|(id, connection)| {
            connection.in_flight.iter().filter_map(move |pending| Some((BrokerId(id), pending.tag.as_ref()?)))
        })
    }

    /// The same, to be changed.
    pub fn pending_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.connections
            .iter_mut()
            .flat_map(|connection| connection.in_flight.iter_mut().filter_map(|pending| pending.tag.as_mut()))
    }

    // --- requests ---

    /// Sends a request that will be answered, and returns its correlation id.
    pub fn send(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        message: Message,
        tag: T,
        fx: &mut Effects,
    ) -> u32 {
        let timeout_ms = self.settings.request_timeout_ms;
        self.send_tagged(now, broker, message, Some(tag), timeout_ms, fx)
    }

    /// The same with a timeout of its own instead of `request.timeout.ms` (JoinGroup waits for the others).
    pub fn send_with_timeout(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        message: Message,
        tag: T,
        timeout_ms: u64,
        fx: &mut Effects,
    ) -> u32 {
        self.send_tagged(now, broker, message, Some(tag), timeout_ms, fx)
    }

    /// Sends a request that gets no answer (Produce with `acks=0`).
    pub fn send_unanswered(&mut self, broker: BrokerId, message: Message, fx: &mut Effects) {
        let correlation = self.correlation();
        fx.send(broker, correlation, message);
    }

    fn correlation(&mut self) -> u32 {
        let correlation = self.next_correlation;
        self.next_correlation = correlation.wrapping_add(1);
        correlation
    }

    fn send_tagged(
        &mut self,
        now: SimTime,
        broker: BrokerId,
        message: Message,
        tag: Option<T>,
        timeout_ms: u64,
        fx: &mut Effects,
    ) -> u32 {
        let correlation = self.correlation();
        let deadline = now.plus_ms(timeout_ms);
        self.connection_mut(broker).in_flight.push_back(Pending { correlation, deadline, tag });
        self.request_timer.set(now, deadline, TimerKind::RequestTimeout, fx);
        fx.send(broker, correlation, message);
        correlation
    }

    /// Takes the request that a response answers. `None`: it was given up before, or it is a metadata request,
    /// which [`Network::metadata_response`] takes.
    pub fn response(&mut self, from: NodeId, correlation: u32) -> Option<T> {
        self.take(from, correlation)?.tag
    }

    fn take(&mut self, from: NodeId, correlation: u32) -> Option<Pending<T>> {
        let NodeId::Broker(broker) = from else { return None };
        let connection = self.connections.get_mut(usize::from(broker).checked_sub(1)?)?;
        let is_first = connection.in_flight.front()?.correlation == correlation;
        let taken = if is_first {
            take_first(&mut connection.in_flight)
        } else {
            let at = connection.in_flight.iter().position(|pending| pending.correlation == correlation)?;
            connection.in_flight.remove(at)
        };
        connection.answered = true;
        connection.failures = 0;
        taken
    }

    /// The connection broke: every request in flight on it fails with `NETWORK_EXCEPTION`, metadata is asked
    /// for. Failed requests come in the order they were sent.
    pub fn disconnected(&mut self, now: SimTime, peer: NodeId, fx: &mut Effects) -> Vec<Failed<T>> {
        let NodeId::Broker(broker) = peer else { return Vec::new() };
        let failed = self.break_connection(now, BrokerId(u32::from(broker)), ErrorCode::NetworkException);
        self.request_refresh(now, fx);
        failed
    }

    /// Closes a connection of this client's own accord, as if it had broken.
    pub fn disconnect(&mut self, now: SimTime, broker: BrokerId, fx: &mut Effects) -> Vec<Failed<T>> {
        fx.disconnect(broker);
        self.disconnected(now, broker.into(), fx)
    }

    fn break_connection(&mut self, now: SimTime, broker: BrokerId, error: ErrorCode) -> Vec<Failed<T>> {
        let NetworkSettings { reconnect_backoff_ms, reconnect_backoff_max_ms, .. } = self.settings;
        let draws = self.draws.part(u64::from(broker.0));
        let connection = self.connection_mut(broker);
        let draw = draws.at(RECONNECT, connection.broken);
        let wait = backoff_ms(reconnect_backoff_ms, reconnect_backoff_max_ms, connection.failures, draw);
        connection.ready_at = now.plus_ms(wait);
        connection.broken += 1;
        connection.failures = connection.failures.saturating_add(1);
        connection.answered = false;
        let lost = std::mem::take(&mut connection.in_flight);
        if self.refresh.asked == Some(broker) {
            self.refresh.asked = None;
            self.refresh.wanted = true;
            self.refresh.attempts = self.refresh.attempts.saturating_add(1);
            self.after_refresh(now);
        }
        let tags = lost.into_iter().filter_map(|pending| pending.tag);
        tags.map(|tag| Failed { broker, error, tag }).collect()
    }

    /// One of the two timers that are the network's fires. Returns the requests that were given up: when the
    /// oldest on a connection is late, that connection is closed and all on it fail with `REQUEST_TIMED_OUT`.
    pub fn timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) -> Vec<Failed<T>> {
        let mut failed = Vec::new();
        match timer.kind {
            TimerKind::Metadata if self.metadata_timer.fired(timer) => self.refresh_if_due(now, fx),
            TimerKind::RequestTimeout if self.request_timer.fired(timer) => {
                for at in 0..self.connections.len() {
                    let broker = BrokerId(at as u32 + 1);
                    if self.oldest_deadline(at).is_some_and(|deadline| deadline <= now) {
                        fx.disconnect(broker);
                        failed.append(&mut self.break_connection(now, broker, ErrorCode::RequestTimedOut));
                        self.refresh.wanted = true;
                    }
                }
                let next = (0..self.connections.len()).filter_map(|at| self.oldest_deadline(at)).min();
                if let Some(deadline) = next {
                    self.request_timer.set(now, deadline, TimerKind::RequestTimeout, fx);
                }
                self.refresh_if_due(now, fx);
            }
            _ => {}
        }
        failed
    }

    fn oldest_deadline(&self, at: usize) -> Option<SimTime> {
        self.connections[at].in_flight.iter().map(|pending| pending.deadline).min()
    }

    /// Adds everything the future depends on; `tag` adds what a pending request was about.
    pub fn digest(&self, digest: &mut Digest, mut tag: impl FnMut(&T, &mut Digest)) {
        digest.u64(self.image.as_ref().map_or(u64::MAX, |image| image.offset));
        digest.u64(self.hints.len() as u64);
        for &(partition, broker, epoch) in &self.hints {
            digest.u32(partition.0);
            digest.u32(broker.0);
            digest.u32(epoch);
        }
        let refresh = &self.refresh;
        digest.bool(refresh.wanted);
        digest.u32(refresh.asked.map_or(0, |broker| broker.0));
        digest.u32(refresh.attempts);
        digest.u32(refresh.equivalent);
        digest.u64(refresh.last.unwrap_or(SimTime::NEVER).0);
        digest.u64(refresh.last_answer.0);
        digest.u64(refresh.ordinal);
        digest.u64(refresh.allowed.0);
        digest.u64(self.connections.len() as u64);
        for connection in &self.connections {
            digest.bool(connection.answered);
            digest.u32(connection.failures);
            digest.u64(connection.broken);
            digest.u64(connection.ready_at.0);
            digest.u64(connection.in_flight.len() as u64);
            for pending in &connection.in_flight {
                digest.u32(pending.correlation);
                digest.u64(pending.deadline.0);
                digest.bool(pending.tag.is_some());
                if let Some(of) = &pending.tag {
                    tag(of, digest);
                }
            }
        }
        digest.u32(self.next_correlation);
        digest.u64(self.choices);
        self.request_timer.digest(digest);
        self.metadata_timer.digest(digest);
    }
}

/// One wait of Kafka's exponential backoff, after `times` earlier ones.
fn backoff_ms(initial: u64, max: u64, times: u32, draw: Draw) -> u64 {
    ExponentialBackoff::new(initial, 2, max, CLIENT_JITTER_PERMILLE).wait_ms(times, draw.bits16() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{BrokerRegistration, PartitionRegistration};
    use crate::node::Effect;

    const SETTINGS: NetworkSettings = NetworkSettings {
        request_timeout_ms: 30_000,
        retry_backoff_ms: 100,
        retry_backoff_max_ms: 1_000,
        reconnect_backoff_ms: 50,
        reconnect_backoff_max_ms: 1_000,
        metadata_max_age_ms: 300_000,
    };

    fn ms(n: u64) -> SimTime {
        SimTime::from_ms(n)
    }

    fn image(offset: u64, leader: u32, epoch: u32) -> Arc<MetadataImage> {
        let broker = BrokerRegistration { registered: true, ..BrokerRegistration::default() };
        let partition = PartitionRegistration {
            leader: Some(BrokerId(leader)),
            leader_epoch: epoch,
            ..PartitionRegistration::default()
        };
        Arc::new(MetadataImage {
            offset,
            brokers: vec![broker; 3],
            partitions: vec![Arc::new(partition)],
            ..MetadataImage::default()
        })
    }

    /// A network that knows brokers 1 to 3, and when it may refresh again.
    fn started() -> (Network<u32>, Effects) {
        let mut network = Network::new(SETTINGS, vec![BrokerId(1)], Draws::new(1, "client"));
        let mut fx = Effects::default();
        network.request_refresh(ms(0), &mut fx);
        let (to, correlation) = metadata_request(&fx).expect("asks its bootstrap server at once");
        assert_eq!(to, NodeId::Broker(1));
        assert!(network.metadata_response(ms(1), to, correlation, &image(10, 2, 4), &mut fx));
        (network, Effects::default())
    }

    fn metadata_request(fx: &Effects) -> Option<(NodeId, u32)> {
        fx.list.iter().find_map(|effect| match *effect {
            Effect::Send { to, correlation, slot } => {
                matches!(fx.mail.get(slot), Message::Metadata).then_some((to, correlation))
            }
            _ => None,
        })
    }

    fn timers(fx: &Effects, kind: TimerKind) -> Vec<(SimTime, Timer)> {
        let of = fx.list.iter().filter_map(|effect| match effect {
            Effect::SetTimer { at, timer } if timer.kind == kind => Some((*at, *timer)),
            _ => None,
        });
        of.collect()
    }

    fn any() -> Message {
        Message::InitProducerId
    }

    #[test]
    fn only_a_newer_image_is_adopted() {
        let (mut network, mut fx) = started();
        for (offset, newer) in [(9, false), (10, false), (11, true)] {
            let now = ms(10_000 * offset);
            network.request_refresh(now, &mut fx);
            let (to, correlation) = metadata_request(&fx).expect("the backoff is long over");
            fx.list.clear();
            let answer = image(offset, 3, 5);
            assert_eq!(network.metadata_response(now.plus_ms(1), to, correlation, &answer, &mut fx), newer);
        }
        assert_eq!(network.leader(TopicPartition(0)), Some((BrokerId(3), 5)));
    }

    #[test]
    fn a_leader_hint_holds_until_an_image_is_as_new() {
        let (mut network, mut fx) = started();
        let partition = TopicPartition(0);
        assert!(!network.learn_leader(partition, Some((BrokerId(1), 4))), "no newer than the image");
        assert!(network.learn_leader(partition, Some((BrokerId(3), 6))));
        assert_eq!(network.leader(partition), Some((BrokerId(3), 6)));
        for (offset, epoch, leader) in [(11, 5, 3), (12, 6, 1)] {
            let now = ms(10_000 * offset);
            network.request_refresh(now, &mut fx);
            let (to, correlation) = metadata_request(&fx).expect("asks");
            fx.list.clear();
            network.metadata_response(now.plus_ms(1), to, correlation, &image(offset, 1, epoch), &mut fx);
            assert_eq!(network.leader(partition), Some((BrokerId(leader), 6)));
        }
    }

    #[test]
    fn refreshes_keep_the_backoff_between_them_and_grow_while_nothing_is_new() {
        let (mut network, mut fx) = started();
        let mut now = ms(1);
        let mut gaps = Vec::new();
        for _ in 0..6 {
            network.request_refresh(now, &mut fx);
            assert!(metadata_request(&fx).is_none(), "an answer came just now");
            let (at, timer) = *timers(&fx, TimerKind::Metadata).last().expect("waits");
            fx.list.clear();
            network.timer(at, timer, &mut fx);
            let (to, correlation) = metadata_request(&fx).expect("the backoff is over");
            fx.list.clear();
            gaps.push(at.since_ms(now));
            now = at.plus_us(500);
            network.metadata_response(now, to, correlation, &image(10, 2, 4), &mut fx);
        }
        for (gap, nominal) in gaps.iter().zip([100, 100, 200, 400, 800, 1_000]) {
            assert!((nominal * 8 / 10..=nominal * 12 / 10).contains(gap), "{gaps:?}");
        }
    }

    #[test]
    fn metadata_requests_that_fail_are_spaced_ever_wider() {
        let (mut network, mut fx) = started();
        let mut now = ms(10_000);
        network.request_refresh(now, &mut fx);
        let mut gaps = Vec::new();
        for _ in 0..6 {
            let (to, _) = metadata_request(&fx).expect("asks");
            fx.list.clear();
            network.disconnected(now, to, &mut fx);
            let mut at = now;
            while metadata_request(&fx).is_none() {
                let (next, timer) = *timers(&fx, TimerKind::Metadata).last().expect("waits");
                at = next;
                network.timer(at, timer, &mut fx);
            }
            gaps.push(at.since_ms(now));
            now = at;
        }
        for (gap, nominal) in gaps.iter().zip([100, 200, 400, 800, 1_000, 1_000]) {
            assert!((nominal * 8 / 10..=nominal * 12 / 10).contains(gap), "{gaps:?}");
        }
    }

    #[test]
    fn metadata_is_fetched_again_when_it_is_old() {
        let (mut network, mut fx) = started();
        let alarm = network.metadata_timer;
        assert_eq!(alarm.at, ms(300_001));
        let (at, timer) = (alarm.at, Timer::new(TimerKind::Metadata, alarm.generation));
        network.timer(at, timer, &mut fx);
        assert!(metadata_request(&fx).is_some());
    }

    #[test]
    fn a_request_asked_for_while_one_is_in_flight_follows_it() {
        let (mut network, mut fx) = started();
        network.request_refresh(ms(1_000), &mut fx);
        let (to, correlation) = metadata_request(&fx).expect("asks");
        fx.list.clear();
        network.request_refresh(ms(1_001), &mut fx);
        assert!(fx.list.is_empty());
        network.metadata_response(ms(1_002), to, correlation, &image(11, 2, 5), &mut fx);
        let (at, timer) = timers(&fx, TimerKind::Metadata).pop().expect("waits its backoff");
        network.timer(at, timer, &mut fx);
        assert!(metadata_request(&fx).is_some());
    }

    #[test]
    fn one_timer_serves_all_requests_and_a_late_one_breaks_its_connection() {
        let (mut network, mut fx) = started();
        for i in 0..5 {
            network.send(ms(100 + u64::from(i)), BrokerId(2), any(), i, &mut fx);
        }
        network.send(ms(200), BrokerId(3), any(), 9, &mut fx);
        let set = timers(&fx, TimerKind::RequestTimeout);
        assert!(set.is_empty(), "the timer of the first metadata request is still out: {set:?}");
        fx.list.clear();
        let first = Timer::new(TimerKind::RequestTimeout, network.request_timer.generation);
        assert!(network.timer(ms(30_000), first, &mut fx).is_empty());
        let (at, timer) = timers(&fx, TimerKind::RequestTimeout).pop().expect("armed again");
        assert_eq!(at, ms(30_100));
        fx.list.clear();
        let failed = network.timer(at, timer, &mut fx);
        let expected: Vec<_> = (0..5)
            .map(|tag| Failed { broker: BrokerId(2), error: ErrorCode::RequestTimedOut, tag })
            .collect();
        assert_eq!(failed, expected);
        assert!(matches!(fx.list[0], Effect::Disconnect { peer: NodeId::Broker(2) }));
        assert_eq!(timers(&fx, TimerKind::RequestTimeout)[0].0, ms(30_200));
        let (to, _) = metadata_request(&fx).expect("a broken connection asks for metadata");
        assert_ne!(to, NodeId::Broker(2), "in its reconnect backoff");
        assert_eq!(network.in_flight(BrokerId(3)), 1 + u32::from(to == NodeId::Broker(3)));
    }

    #[test]
    fn a_request_with_a_longer_timeout_outlives_the_others() {
        let (mut network, mut fx) = started();
        network.send_with_timeout(ms(100), BrokerId(2), any(), 1, 305_000, &mut fx);
        let first = Timer::new(TimerKind::RequestTimeout, network.request_timer.generation);
        fx.list.clear();
        assert!(network.timer(ms(30_000), first, &mut fx).is_empty());
        assert_eq!(timers(&fx, TimerKind::RequestTimeout)[0].0, ms(305_100));
        network.send(ms(40_000), BrokerId(3), any(), 2, &mut fx);
        assert_eq!(timers(&fx, TimerKind::RequestTimeout)[1].0, ms(70_000), "armed to fire earlier");
    }

    #[test]
    fn responses_are_matched_once() {
        let (mut network, mut fx) = started();
        let a = network.send(ms(100), BrokerId(2), any(), 1, &mut fx);
        let b = network.send(ms(100), BrokerId(2), any(), 2, &mut fx);
        assert_eq!(network.response(NodeId::Broker(3), a), None, "another broker's");
        assert_eq!(network.response(NodeId::Broker(2), a), Some(1));
        assert_eq!(network.response(NodeId::Broker(2), a), None);
        assert_eq!(network.response(NodeId::Broker(2), b), Some(2));
        assert_eq!(network.in_flight(BrokerId(2)), 0);
    }

    #[test]
    fn a_lost_connection_fails_its_requests_and_backs_off_longer_each_time() {
        let (mut network, mut fx) = started();
        let mut now = ms(100);
        let mut waits = Vec::new();
        for tag in 0..7 {
            network.send(now, BrokerId(2), any(), tag, &mut fx);
            let failed = network.disconnected(now, NodeId::Broker(2), &mut fx);
            assert_eq!(failed, [Failed { broker: BrokerId(2), error: ErrorCode::NetworkException, tag }]);
            assert!(!network.can_send(now, BrokerId(2)));
            waits.push(network.ready_at(BrokerId(2)).since_ms(now));
            now = network.ready_at(BrokerId(2));
            assert!(network.can_send(now, BrokerId(2)));
        }
        for (wait, nominal) in waits.iter().zip([50, 100, 200, 400, 800, 1_000, 1_000]) {
            assert!((nominal * 8 / 10..=nominal * 12 / 10).contains(wait), "{waits:?}");
        }
        let correlation = network.send(now, BrokerId(2), any(), 9, &mut fx);
        network.response(NodeId::Broker(2), correlation);
        network.disconnected(now, NodeId::Broker(2), &mut fx);
        assert!(network.ready_at(BrokerId(2)).since_ms(now) <= 60, "an answer forgets the failures");
    }

    #[test]
    fn the_least_loaded_broker_is_alive_idle_and_known_to_answer() {
        let (mut network, mut fx) = started();
        let now = ms(1_000);
        assert_eq!(network.least_loaded(now), Some(BrokerId(1)), "the only one that ever answered");
        network.disconnected(now, NodeId::Broker(1), &mut fx);
        let asked = metadata_request(&fx).expect("asks another").0;
        assert_ne!(asked, NodeId::Broker(1));
        let other = if asked == NodeId::Broker(2) { BrokerId(3) } else { BrokerId(2) };
        assert_eq!(network.least_loaded(now), Some(other), "the asked one is not known to live");
        for broker in [2, 3] {
            network.disconnected(now, NodeId::Broker(broker), &mut fx);
        }
        assert_eq!(network.least_loaded(now), None);
        let wait = timers(&fx, TimerKind::Metadata);
        assert!(!wait.is_empty(), "tries again when a backoff ends");
    }

    #[test]
    fn the_choice_among_equals_is_spread() {
        let network = Network::<u32>::new(
            SETTINGS,
            vec![BrokerId(1), BrokerId(2), BrokerId(3)],
            Draws::new(1, "another"),
        );
        let mut seen = [0_u32; 3];
        let mut network = network;
        for _ in 0..300 {
            seen[network.least_loaded(ms(0)).expect("all can be asked").index()] += 1;
        }
        assert!(seen.iter().all(|&n| n > 60), "{seen:?}");
    }
}
