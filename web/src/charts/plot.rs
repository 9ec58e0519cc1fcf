//! What each chart shows of the metrics: its lines, how they look, and what they are called.
use super::axis;
use kafkarium_core::observe::metrics_table::{Metric, MetricColumn, MetricsTable, Percentile};

/// Lines of a chart at most: more cannot be told apart.
const LINES_MAX: usize = 4;
/// A chart shows at least so much time, microseconds, if the run is longer.
const SPAN_US: u64 = 120_000_000;
/// And so many rows.
const ROWS: u64 = 120;

/// The four charts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chart {
    /// How far consumer groups are behind.
    Lag,
    /// Records in, out, and waiting in producers.
    Records,
    /// Partitions that are not as they should be.
    Partitions,
    /// From send to acknowledgement and to poll.
    Latency,
}

/// What charts show of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its left edge, microseconds.
    pub from_us: u64,
    /// Its right edge, microseconds.
    pub to_us: u64,
}

/// What a chart shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plot {
    /// What it is about, and in what unit.
    pub title: String,
    /// The moments of the values, microseconds.
    pub times_us: Vec<u64>,
    /// From one moment to the next.
    pub every_us: u64,
    /// Its lines, those drawn last on top.
    pub lines: Vec<Line>,
    /// The values are latencies in microseconds.
    pub latencies: bool,
    /// The top of its axis.
    pub top: u64,
    /// Zero is as it should be: lines are drawn where they leave it.
    pub zero_is_calm: bool,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is, in a word or two.
    pub label: String,
    /// Kafka's name for it, and what it means.
    pub hint: String,
    /// Its colour.
    pub tint: Tint,
    /// Its pattern.
    pub dash: Dash,
    /// Its values, one a moment.
    pub values: Vec<Option<u64>>,
}

/// A colour of lines: a token of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// `--curve-1`
    First,
    /// `--curve-2`
    Second,
    /// `--curve-3`
    Third,
    /// `--bad`
    Bad,
}

/// A pattern of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dash {
    /// Whole.
    Solid,
    /// Long strokes.
    Dashed,
    /// Short strokes.
    Dotted,
    /// Long and short strokes in turns.
    Mixed,
}

const LOOKS: [(Tint, Dash); LINES_MAX] = [
    (Tint::First, Dash::Solid),
    (Tint::Second, Dash::Dashed),
    (Tint::Third, Dash::Dotted),
    (Tint::First, Dash::Mixed),
];

impl Chart {
    /// All of them, in the order of the page.
    pub const ALL: [Chart; 4] = [Chart::Lag, Chart::Records, Chart::Partitions, Chart::Latency];

    /// What it shows of the metrics within a window; of too many lines those that are the highest at the playhead.
    pub fn plot(self, table: &MetricsTable, window: Window, playhead_us: u64) -> Plot {
        let from = table.times_us.partition_point(|&at| at < window.from_us);
        let to = table.times_us.partition_point(|&at| at <= window.to_us);
        let rows = Rows { table, from, to, now: table.row_at(playhead_us) };
        let (title, lines, least_top) = match self {
            Chart::Lag => rows.lag(),
            Chart::Records => ("Records: in, out, waiting".to_owned(), rows.records(), 10),
            Chart::Partitions => ("Partitions in trouble".to_owned(), rows.partitions(), 4),
            Chart::Latency => ("Latency since send()".to_owned(), rows.latencies(), 10_000),
        };
        let most = lines.iter().flat_map(|line| line.values.iter().flatten().copied()).max();
        Plot {
            title,
            times_us: table.times_us[from..to].to_vec(),
            every_us: every_us(table),
            top: axis::top(most.unwrap_or(0), least_top),
            latencies: self == Chart::Latency,
            zero_is_calm: self == Chart::Partitions,
            lines,
        }
    }
}

impl Window {
    /// The whole run as the timeline shows it, up to `end_us`; of a longer one two minutes or more around the playhead,
    /// that move on by half of them at once.
    pub fn around(playhead_us: u64, end_us: u64, table: &MetricsTable) -> Window {
        let span_us = SPAN_US.max(ROWS * every_us(table));
        if end_us <= span_us {
            return Window { from_us: 0, to_us: end_us };
        }
        let from_us = (playhead_us / (span_us / 2)).saturating_sub(1) * (span_us / 2);
        Window { from_us, to_us: from_us + span_us }
    }

    /// Where a moment stands in it, 0 to 1; beyond its edges at them.
    pub fn part(self, time_us: u64) -> f64 {
        let (from, to) = (self.from_us as f64, self.to_us as f64);
        ((time_us as f64 - from) / (to - from).max(1.0)).clamp(0.0, 1.0)
    }

    /// Whether a moment stands in it.
    pub fn holds(self, time_us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&time_us)
    }

    /// The moment that stands there.
    pub fn moment(self, part: f64) -> u64 {
        self.from_us + (part.clamp(0.0, 1.0) * (self.to_us - self.from_us) as f64) as u64
    }
}

impl Plot {
    /// The row that speaks of a moment, if one does.
    pub fn row_at(&self, time_us: u64) -> Option<usize> {
        let row = self.times_us.partition_point(|&at| at <= time_us).checked_sub(1)?;
        (time_us < self.times_us[row] + 2 * self.every_us).then_some(row)
    }

    /// A line's value in a row, as text.
    pub fn text(&self, line: usize, row: Option<usize>) -> String {
        let value = row.and_then(|row| *self.lines.get(line)?.values.get(row)?);
        value.map_or_else(|| "–".to_owned(), |value| self.value_text(value))
    }

    /// A value as it stands beside the axis.
    pub fn value_text(&self, value: u64) -> String {
        if self.latencies { axis::latency(value) } else { axis::short(value) }
    }
}

fn every_us(table: &MetricsTable) -> u64 {
    let last = table.times_us.len().saturating_sub(2);
    table.times_us.get(last..).and_then(|pair| Some(pair.last()? - pair.first()?)).unwrap_or(0).max(1_000_000)
}

/// The rows of a table within a window.
struct Rows<'a> {
    table: &'a MetricsTable,
    from: usize,
    to: usize,
    /// The playhead's.
    now: Option<usize>,
}

impl Rows<'_> {
    fn values(&self, column: &MetricColumn) -> Vec<Option<u64>> {
        column.values[self.from..self.to].to_vec()
    }

    fn line(&self, metric: Metric, label: &str, hint: &str, look: (Tint, Dash)) -> Line {
        let column = self.table.columns.iter().find(|column| column.metric == metric);
        Line {
            label: label.to_owned(),
            hint: format!("{}: {hint}", metric.name()),
            tint: look.0,
            dash: look.1,
            values: column.map(|column| self.values(column)).unwrap_or_default(),
        }
    }

    /// By partition if several concern what is selected, else by group.
    fn lag(&self) -> (String, Vec<Line>, u64) {
        let of_partitions = |column: &&MetricColumn| matches!(column.metric, Metric::PartitionLag { .. });
        let of_groups = |column: &&MetricColumn| matches!(column.metric, Metric::GroupLag { .. });
        let selected: Vec<&MetricColumn> = self.table.columns.iter().filter(of_partitions).collect();
        let same = |name: fn(&MetricColumn) -> &Option<String>| {
            let first = selected.first().map(|column| name(column))?;
            selected.iter().all(|column| name(column) == first).then(|| first.clone()).flatten()
        };
        let (group, partition) = (same(|column| &column.group), same(|column| &column.partition));
        let (mut title, mut shown) = match (group, partition) {
            (_, Some(partition)) => (format!("Lag at {partition}"), selected),
            (Some(group), None) => (format!("Lag of {group}"), selected),
            (None, None) => {
                ("Lag of groups".to_owned(), self.table.columns.iter().filter(of_groups).collect())
            }
        };
        let by_group = title.starts_with("Lag at ") || title.starts_with("Lag of groups");
        if shown.len() > LINES_MAX {
            let most = |column: &MetricColumn| column.values[self.from..self.to].iter().max().copied();
            let now = |column: &MetricColumn| self.now.and_then(|row| column.values[row]);
            title.push_str(&format!(", top {LINES_MAX} of {}", shown.len()));
            let highest =
                |of: &Vec<&MetricColumn>| (0..of.len()).rev().max_by_key(|&at| (now(of[at]), most(of[at])));
            let mut rest = std::mem::take(&mut shown);
            while let Some(at) = highest(&rest).filter(|_| shown.len() < LINES_MAX) {
                shown.push(rest.remove(at));
            }
        }
        title.push_str(" (from committed)");
        let line = |(column, look): (&MetricColumn, (Tint, Dash))| {
            let label = if by_group { &column.group } else { &column.partition };
            Line {
                label: label.clone().unwrap_or_default(),
                hint: format!(
                    "{}: high watermark minus committed offset, as kafka-consumer-groups.sh shows it",
                    column.name()
                ),
                tint: look.0,
                dash: look.1,
                values: self.values(column),
            }
        };
        (title, shown.into_iter().zip(LOOKS).map(line).collect(), 10)
    }

    fn records(&self) -> Vec<Line> {
        let consumed = |column: &&MetricColumn| matches!(column.metric, Metric::RecordsConsumedRate { .. });
        let columns: Vec<&MetricColumn> = self.table.columns.iter().filter(consumed).collect();
        let sum =
            |row| columns.iter().filter_map(|column| column.values[row]).reduce(|sum, value| sum + value);
        let out = Line {
            label: if columns.len() > 1 { "out, all groups, /s" } else { "out, /s" }.to_owned(),
            hint: "records-consumed-rate: records that polls returned to members of groups, a second"
                .to_owned(),
            tint: Tint::Second,
            dash: Dash::Dashed,
            values: (self.from..self.to).map(sum).collect(),
        };
        let into = "records that leaders appended for producers, a second";
        let waiting = "records in producers' buffers that wait to be sent; Kafka counts no records there, but buffer-available-bytes";
        vec![
            self.line(Metric::MessagesInPerSec, "in, /s", into, LOOKS[0]),
            out,
            self.line(Metric::RecordsWaiting, "waiting", waiting, LOOKS[2]),
        ]
    }

    fn partitions(&self) -> Vec<Line> {
        let under = "partitions with a leader, and fewer replicas in sync than replicas; __consumer_offsets counts too";
        let least = "partitions with a leader, and fewer replicas in sync than min.insync.replicas: acks=all is refused there";
        let offline = "partitions without a leader: nobody can write or read there";
        vec![
            self.line(Metric::UnderReplicatedPartitions, "under-replicated", under, LOOKS[0]),
            self.line(Metric::UnderMinIsrPartitionCount, "under min ISR", least, LOOKS[1]),
            self.line(Metric::OfflinePartitionsCount, "offline", offline, (Tint::Bad, Dash::Dotted)),
        ]
    }

    /// Colour tells acknowledgement from poll, the pattern the percentile.
    fn latencies(&self) -> Vec<Line> {
        let percentiles = [
            (Percentile::P50, "p50", Dash::Solid),
            (Percentile::P95, "p95", Dash::Dashed),
            (Percentile::P99, "p99", Dash::Dotted),
        ];
        let acknowledged = percentiles.map(|(percentile, label, dash)| {
            let hint = "from send to acknowledgement, of the records acknowledged in this second";
            self.line(Metric::ProduceLatency(percentile), &format!("ack {label}"), hint, (Tint::First, dash))
        });
        let polled = percentiles.map(|(percentile, label, dash)| {
            let hint = "from send to the poll that returned them, of the records polled in this second";
            self.line(
                Metric::EndToEndLatency(percentile),
                &format!("poll {label}"),
                hint,
                (Tint::Second, dash),
            )
        });
        acknowledged.into_iter().chain(polled).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(group: &str, partition: u32, values: &[u64]) -> MetricColumn {
        MetricColumn {
            metric: Metric::PartitionLag { group: 0, partition },
            group: Some(group.to_owned()),
            partition: Some(format!("orders-{partition}")),
            values: values.iter().copied().map(Some).collect(),
        }
    }

    fn table(columns: Vec<MetricColumn>) -> MetricsTable {
        MetricsTable { times_us: vec![1_000_000, 2_000_000], columns }
    }

    const WHOLE: Window = Window { from_us: 0, to_us: 60_000_000 };

    #[test]
    fn lag_is_by_partition_of_a_group_and_by_group_of_a_partition() {
        let by_partition =
            Chart::Lag.plot(&table(vec![lag("billing", 0, &[1, 2]), lag("billing", 1, &[3, 4])]), WHOLE, 0);
        assert_eq!(by_partition.title, "Lag of billing (from committed)");
        let labels = |plot: &Plot| plot.lines.iter().map(|line| line.label.clone()).collect::<Vec<_>>();
        assert_eq!(labels(&by_partition), ["orders-0", "orders-1"]);
        let by_group =
            Chart::Lag.plot(&table(vec![lag("billing", 0, &[1, 2]), lag("search", 0, &[3, 4])]), WHOLE, 0);
        assert_eq!(
            (by_group.title.as_str(), labels(&by_group)),
            ("Lag at orders-0 (from committed)", vec!["billing".to_owned(), "search".to_owned()])
        );
    }

    #[test]
    fn of_many_partitions_those_with_the_largest_lag_now_are_shown() {
        // All but the first two had a lag, and only the first has one at 2 s.
        let values = |at: u64| [at.saturating_sub(1) * 10, u64::from(at == 0)];
        let many = table((0..6).map(|at| lag("billing", at, &values(u64::from(at)))).collect());
        let labels = |playhead_us| {
            let lines = Chart::Lag.plot(&many, WHOLE, playhead_us).lines;
            lines.into_iter().map(|line| line.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(1_500_000), ["orders-5", "orders-4", "orders-3", "orders-2"]);
        assert_eq!(labels(2_500_000), ["orders-0", "orders-5", "orders-4", "orders-3"]);
        let plot = Chart::Lag.plot(&many, WHOLE, 1_500_000);
        assert_eq!(plot.title, "Lag of billing, top 4 of 6 (from committed)");
        assert_eq!(
            (plot.top, plot.text(0, Some(0)), plot.text(0, None)),
            (40, "40".to_owned(), "–".to_owned())
        );
    }

    #[test]
    fn a_window_stands_still_and_then_moves_by_half() {
        let rows = table(Vec::new());
        let at =
            |playhead_s: u64, end_s: u64| Window::around(playhead_s * 1_000_000, end_s * 1_000_000, &rows);
        assert_eq!(at(30, 60), Window { from_us: 0, to_us: 60_000_000 });
        assert_eq!(at(61, 600), at(119, 600));
        assert_eq!(at(120, 600), Window { from_us: 60_000_000, to_us: 180_000_000 });
        assert_eq!(at(120, 600).moment(at(120, 600).part(150_000_000)), 150_000_000);
    }

    #[test]
    fn a_moment_that_is_not_known_has_no_row() {
        let plot = Chart::Records.plot(&table(Vec::new()), WHOLE, 0);
        assert_eq!(
            [0, 1_500_000, 3_000_000, 9_000_000].map(|at| plot.row_at(at)),
            [None, Some(0), Some(1), None]
        );
    }
}
