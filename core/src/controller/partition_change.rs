//! Every change of a partition's leader, ISR or replicas, as the controller decides it.
//!
//! Source: `PartitionChangeBuilder`, `PartitionReassignmentReplicas`, `PartitionReassignmentRevert` and
//! `PartitionRegistration.merge` of Kafka 4.3, with eligible leader replicas (KIP-966). The builder holds what is
//! wanted; what comes out is the record: the fields that change, or nothing.

/// Decides one change of one partition. Begin with [`PartitionChangeBuilder::new`], overwrite what is wanted
/// otherwise, then [`PartitionChangeBuilder::build`].
#[derive(Clone)]
pub struct PartitionChangeBuilder<'a> {
    /// The partition as it is.
    pub partition: &'a Partition,
    /// Whether a replica could lead: its broker is active and its directory online.
    pub acceptable: &'a dyn Fn(u32) -> bool,
    /// The effective `min.insync.replicas`: never above the replication factor.
    pub min_isr: u32,
    /// Which replicas may be elected.
    pub election: Election,
    /// Feature `eligible.leader.replicas.version` 1.
    pub elr_enabled: bool,
    /// Whether `last_known_elr` holds the last leader only (Kafka's default).
    pub use_last_known_leader: bool,
    /// The ISR wanted.
    pub target_isr: Vec<u32>,
    /// The replicas wanted.
    pub target_replicas: Vec<u32>,
    /// The replicas to be on their way in.
    pub target_adding: Vec<u32>,
    /// The replicas to be on their way out.
    pub target_removing: Vec<u32>,
    /// Whether the partition is to be in recovery.
    pub target_recovering: bool,
    /// Replicas that reported an unclean shutdown.
    pub unclean_shutdown: Vec<u32>,
    elr: Vec<u32>,
    last_known_elr: Vec<u32>,
}

impl<'a> PartitionChangeBuilder<'a> {
    /// A change that wants everything to stay as it is, with an ONLINE election and ELR on.
    pub fn new(partition: &'a Partition, acceptable: &'a dyn Fn(u32) -> bool, min_isr: u32) -> Self {
        Self {
            partition,
            acceptable,
            min_isr,
            election: Election::Online,
            elr_enabled: true,
            use_last_known_leader: true,
            target_isr: partition.isr.clone(),
            target_replicas: partition.replicas.clone(),
            target_adding: partition.adding.clone(),
            target_removing: partition.removing.clone(),
            target_recovering: partition.recovering,
            unclean_shutdown: Vec::new(),
            elr: partition.elr.clone(),
            last_known_elr: partition.last_known_elr.clone(),
        }
    }

    /// The record, or none if nothing changes.
    pub fn build(mut self) -> Option<PartitionChange> {
        let mut change = PartitionChange::default();
        self.complete_reassignment();
        self.populate_elr();
        self.apply_election(&mut change);
        self.bump_epoch_for_removed_replicas(&mut change);
        self.record_elr(&mut change);
        if change.isr.is_none() && (self.elr_enabled || !self.target_isr.is_empty()) {
            change.isr = changed(&self.partition.isr, self.target_isr.clone());
        }
        self.record_last_known_leader(&mut change);
        change.replicas = changed(&self.partition.replicas, self.target_replicas);
        change.removing = changed(&self.partition.removing, self.target_removing);
        change.adding = changed(&self.partition.adding, self.target_adding);
        if self.target_recovering != self.partition.recovering {
            change.recovering = Some(self.target_recovering);
        }
        (change != PartitionChange::default()).then_some(change)
    }

    /// Who would lead: the choice alone, from the wanted ISR and the ELR as they stand.
    pub fn elect(&self) -> ElectionResult {
        let current = self.partition.leader.filter(|&leader| self.valid(leader));
        let preferred = self.target_replicas.first().copied();
        let preferred = preferred.filter(|&first| self.election == Election::Preferred && self.valid(first));
        let first_valid = || self.target_replicas.iter().copied().find(|&replica| self.valid(replica));
        if let Some(leader) = preferred.or(current).or_else(first_valid) {
            return ElectionResult { leader: Some(leader), unclean: false };
        }
        let first_acceptable = || {
            let unclean = self.election == Election::Unclean;
            self.target_replicas.iter().copied().find(|&replica| unclean && (self.acceptable)(replica))
        };
        let leader = self.last_known_leader().or_else(first_acceptable);
        ElectionResult { leader, unclean: leader.is_some() }
    }

    fn valid(&self, replica: u32) -> bool {
        let member = if self.target_isr.is_empty() { &self.elr } else { &self.target_isr };
        member.contains(&replica) && (self.acceptable)(replica)
    }

    /// The one who led last, when nobody else is known to hold everything.
    fn last_known_leader(&self) -> Option<u32> {
        let allowed = self.elr_enabled && self.use_last_known_leader;
        match self.partition.last_known_elr[..] {
            [last] if allowed && self.target_isr.is_empty() && self.elr.is_empty() => {
                (self.acceptable)(last).then_some(last)
            }
            _ => None,
        }
    }

    fn complete_reassignment(&mut self) {
        let done =
            completed(&self.target_replicas, &self.target_isr, &self.target_adding, &self.target_removing);
        if let Some((replicas, isr)) = done {
            self.target_replicas = replicas;
            self.target_isr = isr;
            self.target_adding.clear();
            self.target_removing.clear();
        }
    }

    /// Who leaves an ISR that is too small stays eligible, unless it stopped uncleanly.
    fn populate_elr(&mut self) {
        if !self.elr_enabled {
            return;
        }
        if self.target_isr.len() as u32 >= self.min_isr {
            self.elr.clear();
            self.last_known_elr.clear();
            return;
        }
        let mut candidates = [&self.elr[..], &self.partition.isr].concat();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|replica| !self.target_isr.contains(replica));
        let (unclean, clean): (Vec<u32>, _) =
            candidates.into_iter().partition(|replica| self.unclean_shutdown.contains(replica));
        self.elr = clean;
        self.last_known_elr.extend(unclean);
        self.last_known_elr.sort_unstable();
        self.last_known_elr.dedup();
        self.last_known_elr.retain(|member| !self.target_isr.contains(member) && !self.elr.contains(member));
    }

    fn apply_election(&mut self, change: &mut PartitionChange) {
        let result = self.elect();
        if result.leader == self.partition.leader {
            return;
        }
        change.leader = Some(result.leader);
        let Some(leader) = result.leader else { return };
        if result.unclean {
            change.isr = Some(vec![leader]);
            change.recovering = (!self.partition.recovering).then_some(true);
        } else if self.elr.contains(&leader) {
            self.target_isr = vec![leader];
            self.elr.retain(|&member| member != leader);
        }
    }

    /// A replica that is gone must not be able to act on the old epoch.
    fn bump_epoch_for_removed_replicas(&self, change: &mut PartitionChange) {
        let removed = self.partition.replicas.iter().any(|replica| !self.target_replicas.contains(replica));
        if removed && change.leader.is_none() {
            change.leader = Some(self.partition.leader);
        }
    }

    fn record_elr(&mut self, change: &mut PartitionChange) {
        let unclean = change.isr.is_some();
        if unclean || !self.elr_enabled {
            self.elr.clear();
            self.last_known_elr.clear();
        }
        change.elr = changed(&self.partition.elr, std::mem::take(&mut self.elr));
        if !self.use_last_known_leader {
            let last_known = std::mem::take(&mut self.last_known_elr);
            change.last_known_elr = changed(&self.partition.last_known_elr, last_known);
        }
    }

    fn record_last_known_leader(&self, change: &mut PartitionChange) {
        if !self.elr_enabled || !self.use_last_known_leader {
            return;
        }
        let known = &self.partition.last_known_elr;
        match (change.leader, self.partition.leader) {
            (Some(None), Some(previous)) if known.is_empty() => change.last_known_elr = Some(vec![previous]),
            (Some(Some(_)), _) if !known.is_empty() => change.last_known_elr = Some(Vec::new()),
            _ => {}
        }
    }
}

/// A partition as the controller knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Brokers that hold it, the preferred leader first.
    pub replicas: Vec<u32>,
    /// Replicas in sync.
    pub isr: Vec<u32>,
    /// Replicas that may lead though they left the ISR.
    pub elr: Vec<u32>,
    /// The last leader, or the ELR's former members in the other mode.
    pub last_known_elr: Vec<u32>,
    /// Replicas that a reassignment adds.
    pub adding: Vec<u32>,
    /// Replicas that a reassignment removes.
    pub removing: Vec<u32>,
    /// Who leads.
    pub leader: Option<u32>,
    /// Counts the leader's terms.
    pub leader_epoch: i32,
    /// Counts the changes.
    pub partition_epoch: i32,
    /// Whether an uncleanly elected leader has not yet said that it recovered.
    pub recovering: bool,
}

impl Partition {
    /// A new partition: the active replicas are in sync and the first of them leads. None if there are none.
    pub fn create(replicas: Vec<u32>, active: &dyn Fn(u32) -> bool) -> Option<Self> {
        let isr: Vec<u32> = replicas.iter().copied().filter(|&replica| active(replica)).collect();
        let leader = Some(*isr.first()?);
        Some(Self { replicas, isr, leader, ..Self::default() })
    }

    /// The partition after a record: every one counts, and whoever the leader field names begins a new term.
    pub fn apply(&mut self, change: &PartitionChange) {
        overwrite(&mut self.replicas, &change.replicas);
        overwrite(&mut self.isr, &change.isr);
        overwrite(&mut self.elr, &change.elr);
        overwrite(&mut self.last_known_elr, &change.last_known_elr);
        overwrite(&mut self.adding, &change.adding);
        overwrite(&mut self.removing, &change.removing);
        overwrite(&mut self.leader, &change.leader);
        overwrite(&mut self.recovering, &change.recovering);
        self.leader_epoch += i32::from(change.leader.is_some());
        self.partition_epoch += 1;
    }
}

/// Kafka's `PartitionChangeRecord`: the fields that change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionChange {
    /// The new replicas.
    pub replicas: Option<Vec<u32>>,
    /// The new ISR.
    pub isr: Option<Vec<u32>>,
    /// The new ELR.
    pub elr: Option<Vec<u32>>,
    /// The new last known ELR.
    pub last_known_elr: Option<Vec<u32>>,
    /// The new replicas on their way in.
    pub adding: Option<Vec<u32>>,
    /// The new replicas on their way out.
    pub removing: Option<Vec<u32>>,
    /// The new leader, or nobody; present with the same leader it only begins a new leader epoch.
    pub leader: Option<Option<u32>>,
    /// Whether recovery begins or ends.
    pub recovering: Option<bool>,
}

/// Which replicas an election may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Election {
    /// The first replica if it can lead, else as online.
    Preferred,
    /// The current leader if it can go on, else the first replica in sync.
    Online,
    /// As online, then any acceptable replica.
    Unclean,
}

/// The outcome of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElectionResult {
    /// Who leads, if anybody can.
    pub leader: Option<u32>,
    /// Whether records may be lost by it.
    pub unclean: bool,
}

/// What a reassignment asks for at its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reassignment {
    /// The target, followed by the replicas on their way out.
    pub replicas: Vec<u32>,
    /// The replicas on their way in.
    pub adding: Vec<u32>,
    /// The replicas on their way out.
    pub removing: Vec<u32>,
}

impl Reassignment {
    /// The way from the `current` replicas to the `target`.
    pub fn start(current: &[u32], target: &[u32]) -> Self {
        let mut adding = without(target, current);
        let mut removing = without(current, target);
        adding.sort_unstable();
        removing.sort_unstable();
        Self { replicas: [target, &removing].concat(), adding, removing }
    }
}

/// What cancelling a reassignment leads back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// The replicas without those being added.
    pub replicas: Vec<u32>,
    /// The ISR without those being added.
    pub isr: Vec<u32>,
    /// Whether nobody of the old ISR is left, so that only an unclean election can go on from here.
    pub needs_unclean: bool,
}

impl Cancellation {
    /// The way back for a partition that is being reassigned.
    pub fn of(partition: &Partition) -> Self {
        let replicas = without(&partition.replicas, &partition.adding);
        let isr = without(&partition.isr, &partition.adding);
        let needs_unclean = isr.is_empty();
        let isr = if needs_unclean { replicas.iter().take(1).copied().collect() } else { isr };
        Self { replicas, isr, needs_unclean }
    }
}

/// Replicas and ISR at the end of a reassignment, if it has come to its end: all added replicas are in sync, and
/// where more leave than come, all that stay.
pub fn completed(
    replicas: &[u32],
    isr: &[u32],
    adding: &[u32],
    removing: &[u32],
) -> Option<(Vec<u32>, Vec<u32>)> {
    if adding.is_empty() && removing.is_empty() {
        return None;
    }
    let (replicas, isr) = (without(replicas, removing), without(isr, removing));
    let needed = if adding.len() < removing.len() { &replicas[..] } else { adding };
    let in_sync = needed.iter().all(|replica| isr.contains(replica));
    (in_sync && !replicas.is_empty() && !isr.is_empty()).then_some((replicas, isr))
}

fn without(list: &[u32], excluded: &[u32]) -> Vec<u32> {
    list.iter().copied().filter(|member| !excluded.contains(member)).collect()
}

fn changed(old: &[u32], new: Vec<u32>) -> Option<Vec<u32>> {
    (old != new).then_some(new)
}

fn overwrite<T: Clone>(field: &mut T, new: &Option<T>) {
    if let Some(new) = new {
        field.clone_from(new);
    }
}
