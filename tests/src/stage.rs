//! A cluster on a stage: built from a scenario's text, driven by commands, everything it tells is kept.
use kafkarium_core::broker::{Leading, Replica};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::metadata::{BrokerId, PartitionRegistration, TopicPartition};
use kafkarium_core::observe::Observers;
use kafkarium_core::observe::report::AuditReport;
use kafkarium_core::scenario;
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::NodeId;
use kafkarium_core::world::{Sent, World};

/// What a scenario's text is made of: a cluster and its one topic `orders`.
pub struct Setting<'t> {
    /// How many brokers.
    pub brokers: u32,
    /// Lines of `[cluster.config]`.
    pub cluster: &'t str,
    /// The replicas of each partition, the preferred leader first.
    pub placement: &'t str,
    /// Lines of `[topic.config]`.
    pub topic: &'t str,
    /// Producers, groups and links.
    pub rest: &'t str,
}

/// Three brokers, one partition on all of them, broker 1 preferred, nobody who sends.
pub const PLAIN: Setting<'static> =
    Setting { brokers: 3, cluster: "", placement: "[[1, 2, 3]]", topic: "", rest: "" };

/// A producer that sends only what a person types.
pub const TYPIST: &str = "[[producer]]\nname = \"typist\"\nrate = \"0/s\"\n";

/// By when brokers run, topics are there and clients work, ms.
pub const READY_MS: u64 = 2_000;

impl Setting<'_> {
    /// The scenario's text.
    pub fn text(&self) -> String {
        let Setting { brokers, cluster, placement, topic, rest } = self;
        format!(
            "format = 1\n[cluster]\nbrokers = {brokers}\n[cluster.config]\noffsets.topic.num.partitions = 1\n{cluster}\n\
             [[topic]]\nname = \"orders\"\nplacement = {placement}\n[topic.config]\n{topic}\n{rest}"
        )
    }

    /// The cluster, run until it works.
    pub fn up(&self) -> Stage {
        let mut stage = Stage::new(&self.text());
        stage.go(READY_MS);
        stage
    }
}

/// A run and everything it told.
pub struct Stage {
    /// The world.
    pub world: World,
    observers: Observers,
    /// Every fact, with its moment and who told it.
    pub told: Vec<(SimTime, NodeId, Fact)>,
    /// Every message.
    pub sent: Vec<Sent>,
}

impl Stage {
    /// A world of this scenario, at its first moment.
    pub fn new(text: &str) -> Self {
        let scenario = scenario::read(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
        let mut world = World::new(&scenario, scenario.seed);
        world.set_tracing(true);
        Stage { observers: Observers::new(&world), world, told: Vec::new(), sent: Vec::new() }
    }

    fn listen(&mut self) {
        let facts = std::mem::take(&mut self.world.facts);
        self.observers.after_event(&self.world, &facts, None);
        let now = self.world.now();
        self.told.extend(facts.into_iter().map(|(node, fact)| (now, node, fact)));
        self.sent.append(&mut self.world.flights);
    }

    fn step(&mut self) {
        assert!(self.world.step(), "a cluster always has something to do");
        self.listen();
    }

    /// Runs up to that moment.
    pub fn go(&mut self, ms: u64) {
        let until = SimTime::from_ms(ms);
        while self.world.next_event_time().is_some_and(|next| next <= until) {
            self.step();
        }
        self.world.settle_at(until);
    }

    /// Runs so much longer.
    pub fn go_on(&mut self, ms: u64) {
        self.go(self.now_ms() + ms);
    }

    /// Runs until `there` holds after an event, and tells when; within that many ms.
    #[track_caller]
    pub fn go_until(&mut self, within_ms: u64, there: impl Fn(&Stage) -> bool) -> u64 {
        let limit = self.world.now().plus_ms(within_ms);
        while !there(self) {
            assert!(self.world.now() <= limit, "not within {within_ms} ms");
            self.step();
        }
        self.now_ms()
    }

    /// A person's command, now.
    #[track_caller]
    pub fn act(&mut self, command: &str) {
        let read = command.parse().unwrap_or_else(|error| panic!("{error}"));
        self.world.apply(&read).unwrap_or_else(|error| panic!("{command}: {error}"));
        self.listen();
    }

    /// The typist sends so many records, each a batch of its own.
    pub fn type_records(&mut self, count: u32) {
        for _ in 0..count {
            self.act("send by typist no key value \"x\"");
        }
    }

    /// The moment, ms.
    pub fn now_ms(&self) -> u64 {
        self.world.now().as_ms()
    }

    // --- the controller's word ---

    /// The partition of `orders` with this number.
    pub fn partition(&self, index: u32) -> TopicPartition {
        let (_, topic) = self.world.controller().image().topic("orders").expect("created by now");
        topic.partitions[index as usize]
    }

    /// What the controller holds of it.
    pub fn registration(&self, index: u32) -> &PartitionRegistration {
        self.world.controller().image().partition(self.partition(index))
    }

    /// Who leads a partition; 0 for nobody.
    pub fn leader(&self, index: u32) -> u32 {
        self.registration(index).leader.map_or(0, |leader| leader.0)
    }

    /// Its in-sync replicas.
    pub fn isr(&self, index: u32) -> Vec<u32> {
        ids(&self.registration(index).isr)
    }

    /// Its eligible leader replicas.
    pub fn elr(&self, index: u32) -> Vec<u32> {
        ids(&self.registration(index).elr)
    }

    /// Its leader epoch.
    pub fn epoch(&self, index: u32) -> u32 {
        self.registration(index).leader_epoch
    }

    /// Whether a broker is fenced, or not known.
    pub fn is_fenced(&self, broker: u32) -> bool {
        self.world.controller().image().broker(BrokerId(broker)).is_none_or(|known| known.fenced)
    }

    // --- the brokers' ---

    /// A broker's replica of it.
    pub fn replica(&self, broker: u32, index: u32) -> &Replica {
        self.world.broker(BrokerId(broker)).replica(self.partition(index)).expect("a replica")
    }

    /// What that replica knows as its leader.
    pub fn leading(&self, broker: u32, index: u32) -> &Leading {
        self.replica(broker, index).leading.as_deref().expect("it leads")
    }

    /// The high watermark of `orders-0` as a broker knows it.
    pub fn high_watermark(&self, broker: u32) -> u64 {
        self.replica(broker, 0).high_watermark()
    }

    /// The log end offset of a broker's `orders-0`.
    pub fn log_end(&self, broker: u32) -> u64 {
        self.log_end_of(broker, 0)
    }

    /// The log end offset of a broker's replica of a partition.
    pub fn log_end_of(&self, broker: u32, index: u32) -> u64 {
        self.replica(broker, index).log.end().offset
    }

    /// Epoch, base offset and first ordinal of every batch: what two logs must have in common.
    pub fn log(&self, broker: u32, index: u32) -> Vec<(u32, u64, u64)> {
        let batches = self.replica(broker, index).log.batches_from(0);
        batches.map(|batch| (batch.leader_epoch, batch.base_offset, batch.first_ordinal)).collect()
    }

    /// Panics unless all replicas hold the same batches.
    #[track_caller]
    pub fn logs_agree(&self, index: u32) {
        let replicas = ids(&self.registration(index).replicas);
        for &other in &replicas[1..] {
            assert_eq!(
                self.log(replicas[0], index),
                self.log(other, index),
                "brokers {} and {other}",
                replicas[0]
            );
        }
    }

    // --- what was told ---

    /// Moments, in ms, and what `pick` makes of the facts it wants.
    pub fn tell<T>(&self, pick: impl Fn(&Fact) -> Option<T>) -> Vec<(u64, T)> {
        self.told.iter().filter_map(|(at, _, fact)| Some((at.as_ms(), pick(fact)?))).collect()
    }

    /// The moment of the first such fact at or after `from_ms`.
    #[track_caller]
    pub fn first(&self, from_ms: u64, is: impl Fn(&Fact) -> bool) -> u64 {
        let times = self.tell(|fact| is(fact).then_some(()));
        times.iter().map(|&(at, ())| at).find(|&at| at >= from_ms).expect("told")
    }

    /// How many such facts were told.
    pub fn count(&self, is: impl Fn(&Fact) -> bool) -> u64 {
        self.told.iter().filter(|(_, _, fact)| is(fact)).count() as u64
    }

    /// The audit; no invariant may be broken.
    pub fn audit(&self) -> AuditReport {
        let audit = self.observers.audit(&self.world);
        assert_eq!(audit.broken_invariants, [] as [String; 0]);
        audit
    }

    /// Records sent and acknowledged by the first producer.
    pub fn acknowledged(&self) -> u64 {
        self.world.producer(0).totals().acknowledged
    }
}

/// Brokers by number.
pub fn ids(brokers: &[BrokerId]) -> Vec<u32> {
    brokers.iter().map(|broker| broker.0).collect()
}
