//! The story, the markers, the bands and the metrics of a run, written once as it is first simulated.
use super::bands::Bands;
use super::changes::{self, Change, Kind};
use super::report::{Finding, Marker, Series, StoryLine, Subject, Timeline};
use super::series::SeriesBook;
use super::story::{self, Told};
use crate::kernel::SimTime;
use crate::trace::{ChangeCause, Fact};
use crate::world::World;

/// Lines of the story; beyond it only turning points are written down, up to twice as many.
const LINES_MAX: usize = 10_000;
/// The same thing going on is told once in so long, microseconds.
const AGAIN_US: u64 = 5_000_000;

/// Everything that is said of a run over time. Append-only, except that a fork forgets the future.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    lines: Vec<StoryLine>,
    markers: Vec<Marker>,
    bands: Bands,
    series: SeriesBook,
    /// What was told lately, and when.
    lately: Vec<(String, SimTime)>,
    open: Option<OpenChange>,
}

/// Partitions that one cause changes at one moment: one line that grows.
#[derive(Clone, Debug)]
struct OpenChange {
    at: SimTime,
    kind: Kind,
    cause: ChangeCause,
    changes: Vec<Change>,
    line: usize,
    marker: Option<usize>,
}

impl Journal {
    /// Another future begins: what was written of the time after `time` is dropped.
    pub fn forget_after(&mut self, time: SimTime) {
        self.lines.retain(|line| line.time_us <= time.0);
        self.markers.retain(|marker| marker.time_us <= time.0);
        self.bands.forget_after(time);
        self.series.forget_after(time);
        self.lately.retain(|(_, at)| *at <= time);
        self.open = None;
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

    /// The metrics over all time known.
    pub fn series(&self) -> Vec<Series> {
        self.series.series()
    }

    pub(super) fn sample(&mut self, at: SimTime, values: Vec<super::metrics::Value>) {
        self.series.add(at, values);
    }

    pub(super) fn see(&mut self, world: &World, fact: &Fact) {
        self.bands.see(world, fact);
        if let Fact::PartitionChanged { partition, before, after, cause } = fact {
            let change = Change { partition: *partition, before: before.clone(), after: after.clone() };
            self.changed(world, change, *cause);
        } else if let Some(told) = story::tell(world, fact) {
            self.tell(world, told);
        }
    }

    pub(super) fn found(&mut self, world: &World, finding: &Finding) {
        self.tell(world, story::found(finding));
    }

    fn tell(&mut self, world: &World, told: Told) {
        let now = world.now();
        if let Some(key) = told.again {
            self.lately.retain(|(_, at)| now.since_us(*at) < AGAIN_US);
            if self.lately.iter().any(|(other, _)| *other == key) {
                return;
            }
            self.lately.push((key, now));
        }
        let mut line = told.line;
        line.time_us = now.0;
        // While the cluster is set up, everything starts and joins: that is no news.
        if now < world.scenario().warm_up {
            line.weight = line.weight.saturating_sub(1);
        }
        let marker = Some(told.marker).filter(|label| line.weight >= 3 && !label.is_empty());
        self.write(line, marker);
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

    fn changed(&mut self, world: &World, change: Change, cause: ChangeCause) {
        let topic = world.controller().image().topic_of(change.partition);
        let Some(kind) = change.kind().filter(|_| !topic.internal) else { return };
        let now = world.now();
        match &mut self.open {
            Some(open) if open.at == now && open.kind == kind && open.cause == cause => {
                open.changes.push(change);
                let (line, label) = changes::line(world, kind, cause, &open.changes);
                self.lines[open.line] = line;
                if let Some(marker) = open.marker {
                    self.markers[marker].label = label;
                }
            }
            _ => {
                let changes = vec![change];
                let (line, label) = changes::line(world, kind, cause, &changes);
                let marked = line.weight >= 3;
                let before = self.lines.len();
                self.write(line, marked.then_some(label));
                let marker = marked.then(|| self.markers.len().saturating_sub(1));
                let open = OpenChange { at: now, kind, cause, changes, line: before, marker };
                self.open = (self.lines.len() > before).then_some(open);
            }
        }
    }
}
