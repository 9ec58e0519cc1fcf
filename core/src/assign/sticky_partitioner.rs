//! Where records without a key go: one partition until enough bytes went there, then another (KIP-480, KIP-794).
//!
//! Source: `BuiltInPartitioner` and `RecordAccumulator`. The producer calls [`StickyPartitioner::current`] for
//! the partition to append to, [`StickyPartitioner::reconsider`] when that partition's last batch is complete or
//! its queue is empty before it appends (also right after it closed a batch for want of room), and
//! [`StickyPartitioner::appended`] after each append, of one record or of a whole batch of them.

/// One topic's sticky state in one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickyPartitioner {
    sticky_bytes: u64,
    partition: Option<u32>,
    produced: u64,
    choices: u64,
    load: Option<LoadStats>,
}

impl StickyPartitioner {
    /// A partitioner that has chosen nothing yet.
    pub fn new(batch_size: u32) -> Self {
        let sticky_bytes = u64::from(batch_size.max(1));
        Self { sticky_bytes, partition: None, produced: 0, choices: 0, load: None }
    }

    /// The partition for the next record, chosen now if none is.
    pub fn current(&mut self, topic: TopicView, draw: &mut dyn FnMut(u64) -> u32) -> u32 {
        match self.partition {
            Some(partition) => partition,
            None => self.choose_next(topic, draw),
        }
    }

    /// Counts `bytes` by which the partition's batches have grown (61 for a new batch's header included), and
    /// switches if it is time. `complete`: the partition's last batch takes no more records. True when switched.
    ///
    /// `draw` is asked only on a switch, with the ordinal of the choice, for a number of 31 bits.
    pub fn appended(
        &mut self,
        bytes: u64,
        complete: bool,
        topic: TopicView,
        draw: &mut dyn FnMut(u64) -> u32,
    ) -> bool {
        self.produced += bytes;
        let switch = self.partition.is_some() && switch_due(self.produced, self.sticky_bytes, complete);
        if switch {
            self.choose_next(topic, draw);
        }
        switch
    }

    /// Switches if that was only put off until the last batch was complete. True when switched.
    pub fn reconsider(&mut self, topic: TopicView, draw: &mut dyn FnMut(u64) -> u32) -> bool {
        self.appended(0, true, topic, draw)
    }

    /// How many more bytes the current partition takes before it is left even in the middle of a batch.
    pub fn bytes_to_forced_switch(&self) -> u64 {
        (2 * self.sticky_bytes).saturating_sub(self.produced)
    }

    /// What the sender's last pass saw of the queues.
    pub fn set_load(&mut self, load: Option<LoadStats>) {
        self.load = load;
    }

    fn choose_next(&mut self, topic: TopicView, draw: &mut dyn FnMut(u64) -> u32) -> u32 {
        let partition = choose(draw(self.choices), topic, self.load.as_ref());
        self.choices += 1;
        self.produced = 0;
        self.partition = Some(partition);
        partition
    }
}

/// The switch rule: enough bytes and a complete batch, or twice as many in any case.
pub fn switch_due(produced: u64, sticky_bytes: u64, complete: bool) -> bool {
    produced >= sticky_bytes && complete || produced >= 2 * sticky_bytes
}

/// What the producer's metadata say of the topic.
#[derive(Clone, Copy, Debug)]
pub struct TopicView<'a> {
    /// How many partitions it has.
    pub partitions: u32,
    /// Those with a leader, in the metadata's order.
    pub available: &'a [u32],
}

/// Picks a partition by a random number of 31 bits: by load where it is known, else evenly.
pub fn choose(random: u32, topic: TopicView, load: Option<&LoadStats>) -> u32 {
    match (load, topic.available) {
        (Some(load), _) => load.pick(random),
        (None, []) => random % topic.partitions,
        (None, available) => available[(random % available.len() as u32) as usize],
    }
}

/// The odds of each partition: the shorter its queue, the better.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadStats {
    partitions: Vec<u32>,
    cumulative: Vec<u32>,
}

impl LoadStats {
    /// The odds seen by a sender pass, if they matter: `queues` are those of the topic's `partitions`, as many as
    /// the producer has. None means an even choice. Only with `partitioner.adaptive.partitioning.enable`.
    pub fn from_queues(queues: &[Queue], partitions: u32) -> Option<Self> {
        if (queues.len() as u32) < partitions.max(2) {
            return None;
        }
        let usable: Vec<&Queue> = queues.iter().filter(|queue| queue.has_leader && !queue.excluded).collect();
        let longest = usable.iter().map(|queue| queue.batches).max()?;
        let all_equal = usable.iter().all(|queue| queue.batches == longest);
        if all_equal && usable.len() == queues.len() {
            return None;
        }
        let weights = usable.iter().map(|queue| longest + 1 - queue.batches);
        let cumulative = weights.scan(0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let cumulative = cumulative.collect();
        Some(Self { partitions: usable.iter().map(|queue| queue.partition).collect(), cumulative })
    }

    /// The partition a random number of 31 bits falls on.
    pub fn pick(&self, random: u32) -> u32 {
        let point = random % self.cumulative[self.cumulative.len() - 1];
        self.partitions[self.cumulative.partition_point(|&sum| sum <= point)]
    }

    /// The running sums of the weights, in the order of the queues.
    pub fn cumulative(&self) -> &[u32] {
        &self.cumulative
    }
}

/// One partition's queue as the sender finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    /// The partition.
    pub partition: u32,
    /// Batches that wait to be sent.
    pub batches: u32,
    /// Whether its leader is known.
    pub has_leader: bool,
    /// Left out of the choice, see [`excluded`].
    pub excluded: bool,
}

/// Whether a partition with `batches` waiting is left out because its broker has had data ready for longer than
/// `partitioner.availability.timeout.ms` since it could last be drained. A timeout of 0 turns this off.
pub fn excluded(batches: u32, ready_at: u64, drained_at: u64, timeout: u64) -> bool {
    timeout > 0 && batches > 0 && ready_at.saturating_sub(drained_at) > timeout
}
