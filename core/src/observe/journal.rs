//! The story, the markers, the bands and the metrics of a run, written once as it is first simulated.
use super::bands::Bands;
use super::metrics::Sample;
use super::metrics_table::{Metric, MetricColumn, MetricsTable};
use super::piles::Pile;
use super::question::Question;
use super::report::{Finding, Marker, StoryLine, Subject, Timeline};
use super::series::SeriesBook;
use super::story;
use super::told::Told;
use super::writes::Again;
use crate::kernel::SimTime;
use crate::metadata::TopicPartition;
use crate::trace::Fact;
use crate::wire::NodeId;
use crate::world::World;

/// Lines of the story; beyond it only turning points are written down, up to twice as many.
const LINES_MAX: usize = 10_000;
/// The same thing going on is told again only after it was quiet for so long, microseconds.
const AGAIN_US: u64 = 10_000_000;
/// What goes on is remembered once in so long, microseconds.
const REMEMBER_US: u64 = 1_000_000;
/// So many of a crowd are told one by one.
const CROWD_TOLD: u32 = 3;
/// Memories kept; beyond it the older half goes.
const LATELY_MAX: usize = 50_000;

/// Everything that is said of a run over time. Append-only, except that a fork forgets the future.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    lines: Vec<StoryLine>,
    markers: Vec<Marker>,
    bands: Bands,
    series: SeriesBook,
    /// The lag of every group at every partition.
    lags: SeriesBook,
    /// What was told or went on, and when.
    lately: Vec<(String, SimTime)>,
    /// Piles of this moment.
    open: Vec<Open>,
}

/// A pile that may still grow.
#[derive(Clone, Debug)]
struct Open {
    at: SimTime,
    pile: Pile,
    /// Its line, unless that speaks for a crowd or was left out.
    line: Option<usize>,
    marker: Option<usize>,
}

impl Journal {
    /// Another future begins: what was written of the time after `time` is dropped.
    pub fn forget_after(&mut self, time: SimTime) {
        self.lines.retain(|line| line.time_us <= time.0);
        self.markers.retain(|marker| marker.time_us <= time.0);
        self.bands.forget_after(time);
        self.series.forget_after(time);
        self.lags.forget_after(time);
        self.lately.retain(|(_, at)| *at <= time);
        self.open.clear();
    }

    /// How many lines the story has.
    pub fn story_len(&self) -> u32 {
        self.lines.len() as u32
    }

    /// The story from its `from`-th line on.
    pub fn story(&self, from: u32) -> Vec<StoryLine> {
        self.lines.get(from as usize..).unwrap_or_default().to_vec()
    }

    /// Markers of the whole run, and the bands of one subject.
    pub fn timeline(&self, world: &World, of: Subject, known_until: SimTime) -> Timeline {
        Timeline {
            known_until_us: known_until.0,
            markers: self.markers.clone(),
            bands: self.bands.of(world, of, known_until),
        }
    }

    /// The metrics over all time known, and the lag of each partition that concerns a subject.
    pub fn metrics(&self, world: &World, of: Subject) -> MetricsTable {
        let times_us = self.series.times_us();
        let named = |metric, values| named(world, metric, values);
        let whole = self.series.columns().iter().map(|(metric, values)| named(*metric, values.clone()));
        let lags = self.lags.columns().iter().filter(|(metric, _)| concerns(world, *metric, of));
        // The book of lags may be the coarser one.
        let spread = |values: &[Option<u64>]| {
            let mut known = self.lags.times_us().iter().zip(values).peekable();
            let at = |time_us: &u64| {
                while known.next_if(|(at, _)| *at < time_us).is_some() {}
                known.next_if(|(at, _)| *at == time_us).and_then(|(_, value)| *value)
            };
            times_us.iter().map(at).collect()
        };
        let lags = lags.map(|(metric, values)| named(*metric, spread(values)));
        MetricsTable { times_us: times_us.to_vec(), columns: whole.chain(lags).collect() }
    }

    /// Tells one table of metrics from another: how often more was changed than rows added, and how many there are.
    pub fn metrics_state(&self) -> (u32, u32) {
        (self.series.rewritten() + self.lags.rewritten(), self.series.times_us().len() as u32)
    }

    pub(super) fn sample(&mut self, at: SimTime, found: &Sample) {
        self.series.add(at, &found.whole);
        self.lags.add(at, &found.lags);
    }

    /// Sees the facts of one event. A command comes first: what it did follows from it.
    pub(super) fn see(&mut self, world: &World, facts: &[(NodeId, Fact)]) {
        let is_command = |fact: &Fact| matches!(fact, Fact::CommandDone { .. });
        for (_, fact) in facts.iter().filter(|(_, fact)| is_command(fact)) {
            self.open.clear();
            self.see_one(world, fact);
        }
        facts.iter().filter(|(_, fact)| !is_command(fact)).for_each(|(_, fact)| self.see_one(world, fact));
    }

    fn see_one(&mut self, world: &World, fact: &Fact) {
        self.bands.see(world, fact);
        if let Some(pile) = Pile::of(world, fact) {
            self.heap(world, pile);
        } else if let Some(told) = story::tell(world, fact) {
            self.tell(world, told);
        }
    }

    pub(super) fn found(&mut self, world: &World, finding: &Finding) {
        self.heap(world, Pile::Found(vec![finding.clone()]));
    }

    pub(super) fn written(&mut self, world: &World, partition: TopicPartition, again: Again) {
        self.heap(world, Pile::Written { again, list: vec![partition] });
    }

    /// Adds to the line of its pile, or begins one.
    fn heap(&mut self, world: &World, pile: Pile) {
        let now = world.now();
        self.open.retain(|open| open.at == now);
        if let Some(at) = self.open.iter_mut().position(|open| open.pile.take(&pile)) {
            let Open { pile, line, marker, .. } = &self.open[at];
            let Some(line) = *line else { return };
            let told = finished(world, pile.told(world));
            if let Some(marker) = *marker {
                self.markers[marker].label = told.marker;
            }
            self.lines[line] = told.line;
            return;
        }
        let told = pile.told(world);
        let (lines, markers) = (self.lines.len(), self.markers.len());
        let speaks_for_itself = self.tell(world, told);
        let line = (speaks_for_itself && self.lines.len() > lines).then_some(lines);
        let marker = (self.markers.len() > markers).then_some(markers);
        self.open.push(Open { at: now, pile, line, marker });
    }

    /// Writes a line unless the same goes on; true if it speaks for itself and not for a crowd.
    fn tell(&mut self, world: &World, mut told: Told) -> bool {
        let now = world.now();
        if let Some(key) = told.again.take()
            && self.heard(key, now) > 0
        {
            return false;
        }
        let mut speaks_for_itself = true;
        if let Some(crowd) = told.crowd.take() {
            let before = self.heard(crowd.key, now);
            if before > CROWD_TOLD {
                return false;
            }
            if before == CROWD_TOLD {
                speaks_for_itself = false;
                told.line.what = crowd.more;
                if let Some(why) = crowd.why {
                    told.line.why = why.to_owned();
                }
                if let Some(next) = crowd.next {
                    told.line.next = next.to_owned();
                }
                told.marker.clear();
            }
        }
        let told = finished(world, told);
        let marker = Some(told.marker).filter(|label| told.line.weight >= 3 && !label.is_empty());
        self.write(told.line, marker);
        speaks_for_itself
    }

    /// How often this was heard lately, before now.
    fn heard(&mut self, key: String, now: SimTime) -> u32 {
        let lately = self.lately.iter().rev().take_while(|(_, at)| now.since_us(*at) < AGAIN_US);
        let mut times = lately.filter(|(other, _)| *other == key).map(|&(_, at)| at);
        let last = times.next();
        let count = last.map_or(0, |_| 1 + times.count() as u32);
        if count <= CROWD_TOLD || last.is_none_or(|at| now.since_us(at) >= REMEMBER_US) {
            if self.lately.len() >= LATELY_MAX {
                self.lately.drain(..LATELY_MAX / 2);
            }
            self.lately.push((key, now));
        }
        count
    }

    fn write(&mut self, line: StoryLine, marker: Option<String>) {
        let room = if line.weight >= 3 { 2 * LINES_MAX } else { LINES_MAX };
        if self.lines.len() >= room {
            return;
        }
        if let Some(label) = marker {
            self.markers.push(Marker { time_us: line.time_us, kind: line.kind, label });
        }
        self.lines.push(line);
    }
}

/// The line as it stands in the story.
fn finished(world: &World, mut told: Told) -> Told {
    let now = world.now();
    told.line.time_us = now.0;
    told.line.ask = told.event.map_or_else(String::new, |about| Question { at: now, about }.to_string());
    // While the cluster is set up, everything starts and joins: that is no news.
    if now < world.scenario().warm_up {
        told.line.weight = told.line.weight.saturating_sub(1);
    }
    told
}

/// Whether the lag of a partition is shown with a subject.
fn concerns(world: &World, metric: Metric, of: Subject) -> bool {
    let Metric::PartitionLag { group, partition } = metric else { return false };
    match of {
        Subject::Group(at) => group == at,
        Subject::Consumer(at) => u16::try_from(at).is_ok_and(|at| {
            at < world.consumer_count() && u32::from(world.consumer_slot(at).spec.group.0) == group
        }),
        Subject::Partition(at) | Subject::Replica(at, _) => partition == at,
        _ => false,
    }
}

fn named(world: &World, metric: Metric, values: Vec<Option<u64>>) -> MetricColumn {
    let (group, partition) = match metric {
        Metric::RecordsConsumedRate { group } | Metric::GroupLag { group } => (Some(group), None),
        Metric::PartitionLag { group, partition } => (Some(group), Some(partition)),
        _ => (None, None),
    };
    let group = group.and_then(|group| world.groups().get(group as usize)).map(|group| group.name.clone());
    let image = world.controller().image();
    let partition = partition
        .filter(|&partition| (partition as usize) < image.partitions.len())
        .map(|partition| image.partition_name(TopicPartition(partition)));
    MetricColumn { metric, group, partition, values }
}
