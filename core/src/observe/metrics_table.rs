//! The metrics of a run as a table: a row a second, a column a metric under Kafka's name; also as CSV.

/// The metrics of a run. Every column has a value, or none, for every row.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MetricsTable {
    /// The moments of the rows in microseconds, oldest first. A row speaks of the second that ends then.
    pub times_us: Vec<u64>,
    /// The metrics.
    pub columns: Vec<MetricColumn>,
}

/// One metric over time.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MetricColumn {
    /// Which.
    pub metric: Metric,
    /// Of which consumer group, if of one.
    pub group: Option<String>,
    /// Of which partition, if of one: `orders-1`.
    pub partition: Option<String>,
    /// Its values; `None` where there was nothing to measure.
    pub values: Vec<Option<u64>>,
}

/// What is measured, of whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Metric {
    /// Records that leaders appended for producers (`kafka.server:type=BrokerTopicMetrics`).
    MessagesInPerSec,
    /// Bytes of their batches.
    BytesInPerSec,
    /// Records in producers' buffers that wait to be sent. Kafka has `buffer-available-bytes` and counts no records.
    RecordsWaiting,
    /// Records that polls returned to the members of a group.
    RecordsConsumedRate {
        /// The group's index.
        group: u32,
    },
    /// High watermarks minus committed offsets of a group: `LAG` of `kafka-consumer-groups.sh`, summed.
    GroupLag {
        /// The group's index.
        group: u32,
    },
    /// The same of one partition.
    PartitionLag {
        /// The group's index.
        group: u32,
        /// The partition's number.
        partition: u32,
    },
    /// Partitions that have a leader, and fewer replicas in sync than replicas.
    UnderReplicatedPartitions,
    /// Partitions without a leader.
    OfflinePartitionsCount,
    /// Partitions that have a leader, and fewer replicas in sync than `min.insync.replicas`.
    UnderMinIsrPartitionCount,
    /// ISRs that lost a replica.
    IsrShrinksPerSec,
    /// ISRs that gained one.
    IsrExpandsPerSec,
    /// From `send` to its completion: what `kafka-producer-perf-test.sh` prints. Microseconds.
    ProduceLatency(Percentile),
    /// From `send` to the return of the `poll` that delivered: what `kafka-e2e-latency.sh` prints. Microseconds.
    EndToEndLatency(Percentile),
}

/// So many of all records took no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Percentile {
    /// Half of them.
    P50,
    /// 95 %.
    P95,
    /// 99 %.
    P99,
}

impl Metric {
    /// Kafka's name, or one in Kafka's manner where Kafka has none.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::MessagesInPerSec => "MessagesInPerSec",
            Metric::BytesInPerSec => "BytesInPerSec",
            Metric::RecordsWaiting => "records-waiting",
            Metric::RecordsConsumedRate { .. } => "records-consumed-rate",
            Metric::GroupLag { .. } | Metric::PartitionLag { .. } => "LAG",
            Metric::UnderReplicatedPartitions => "UnderReplicatedPartitions",
            Metric::OfflinePartitionsCount => "OfflinePartitionsCount",
            Metric::UnderMinIsrPartitionCount => "UnderMinIsrPartitionCount",
            Metric::IsrShrinksPerSec => "IsrShrinksPerSec",
            Metric::IsrExpandsPerSec => "IsrExpandsPerSec",
            Metric::ProduceLatency(Percentile::P50) => "produce-latency-p50",
            Metric::ProduceLatency(Percentile::P95) => "produce-latency-p95",
            Metric::ProduceLatency(Percentile::P99) => "produce-latency-p99",
            Metric::EndToEndLatency(Percentile::P50) => "end-to-end-latency-p50",
            Metric::EndToEndLatency(Percentile::P95) => "end-to-end-latency-p95",
            Metric::EndToEndLatency(Percentile::P99) => "end-to-end-latency-p99",
        }
    }

    /// The unit of [`Metric::text`].
    pub const fn unit(self) -> &'static str {
        match self {
            Metric::MessagesInPerSec | Metric::RecordsConsumedRate { .. } => "records/s",
            Metric::BytesInPerSec => "bytes/s",
            Metric::RecordsWaiting | Metric::GroupLag { .. } | Metric::PartitionLag { .. } => "records",
            Metric::UnderReplicatedPartitions
            | Metric::OfflinePartitionsCount
            | Metric::UnderMinIsrPartitionCount => "partitions",
            Metric::IsrShrinksPerSec => "shrinks/s",
            Metric::IsrExpandsPerSec => "expands/s",
            Metric::ProduceLatency(_) | Metric::EndToEndLatency(_) => "ms",
        }
    }

    /// A value as text, in its unit: latencies in milliseconds with three decimals, the rest as it is.
    pub fn text(self, value: u64) -> String {
        match self {
            Metric::ProduceLatency(_) | Metric::EndToEndLatency(_) => {
                format!("{}.{:03}", value / 1_000, value % 1_000)
            }
            _ => value.to_string(),
        }
    }
}

impl MetricColumn {
    /// The metric's name and whose it is: `LAG billing orders-1`.
    pub fn name(&self) -> String {
        let of = [self.group.as_deref(), self.partition.as_deref()];
        of.into_iter().flatten().fold(self.metric.name().to_owned(), |name, of| format!("{name} {of}"))
    }
}

impl MetricsTable {
    /// The row that speaks of a moment: the last that is not after it.
    pub fn row_at(&self, time_us: u64) -> Option<usize> {
        self.times_us.partition_point(|&at| at <= time_us).checked_sub(1)
    }

    /// Its rows from the `row`-th on.
    #[must_use]
    pub fn from_row(mut self, row: u32) -> Self {
        let row = (row as usize).min(self.times_us.len());
        self.times_us.drain(..row);
        self.columns.iter_mut().for_each(|column| drop(column.values.drain(..row)));
        self
    }

    /// Takes what follows the first `row` rows from another; those must have the same columns, if there are any.
    pub fn follow(&mut self, row: u32, rest: MetricsTable) {
        if row == 0 {
            *self = rest;
            return;
        }
        self.times_us.truncate(row as usize);
        self.times_us.extend(rest.times_us);
        for (column, more) in self.columns.iter_mut().zip(rest.columns) {
            column.values.truncate(row as usize);
            column.values.extend(more.values);
        }
    }

    /// As CSV (RFC 4180): a header, then a line a row; virtual time in seconds first. Nothing measured: an empty cell.
    pub fn csv(&self) -> String {
        let mut text = String::from("time [s]");
        for column in &self.columns {
            text.push(',');
            text.push_str(&quoted(&format!("{} [{}]", column.name(), column.metric.unit())));
        }
        text.push_str("\r\n");
        for (row, time_us) in self.times_us.iter().enumerate() {
            text.push_str(&(time_us / 1_000_000).to_string());
            for column in &self.columns {
                text.push(',');
                if let Some(value) = column.values[row] {
                    text.push_str(&column.metric.text(value));
                }
            }
            text.push_str("\r\n");
        }
        text
    }
}

/// A cell of CSV: in quotes where it holds what means something there.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> MetricsTable {
        let column = |metric, group: Option<&str>, values: &[Option<u64>]| MetricColumn {
            metric,
            group: group.map(str::to_owned),
            partition: None,
            values: values.to_vec(),
        };
        MetricsTable {
            times_us: vec![1_000_000, 2_000_000, 3_000_000],
            columns: vec![
                column(Metric::MessagesInPerSec, None, &[Some(40), Some(0), Some(7)]),
                column(Metric::GroupLag { group: 0 }, Some("a, \"b\""), &[Some(1), None, Some(3)]),
                column(Metric::ProduceLatency(Percentile::P99), None, &[Some(12_345), None, Some(8)]),
            ],
        }
    }

    #[test]
    fn csv_has_a_header_a_line_a_second_and_empty_cells() {
        let expected = "time [s],MessagesInPerSec [records/s],\"LAG a, \"\"b\"\" [records]\",produce-latency-p99 [ms]\r\n\
                        1,40,1,12.345\r\n2,0,,\r\n3,7,3,0.008\r\n";
        assert_eq!(table().csv(), expected);
    }

    #[test]
    fn a_table_sent_in_parts_is_the_whole_again() {
        let mut parts = MetricsTable::default();
        let mut first = table();
        first.times_us.truncate(2);
        first.columns.iter_mut().for_each(|column| column.values.truncate(2));
        parts.follow(0, first);
        parts.follow(2, table().from_row(2));
        assert_eq!(parts, table());
    }

    #[test]
    fn a_moment_belongs_to_the_last_row_not_after_it() {
        let rows = [999_999, 1_000_000, 2_999_999, 9_000_000].map(|time_us| table().row_at(time_us));
        assert_eq!(rows, [None, Some(0), Some(1), Some(2)]);
    }
}
