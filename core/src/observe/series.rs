//! Metrics over time, in bounded memory: when a run grows long, its curves grow coarser.
use super::metrics_table::Metric;
use crate::kernel::SimTime;

/// How often metrics are sampled, microseconds.
pub(super) const SAMPLE_US: u64 = 1_000_000;
/// Rows of a book; beyond it every other row is dropped.
const ROWS_MAX: usize = 2_048;
/// Values of all columns of a book, 16 bytes each; a book of many columns has fewer rows.
const VALUES_MAX: usize = 500_000;

/// What was measured at one moment, always in the same order.
pub(super) type Values = Vec<(Metric, Option<u64>)>;

/// Some metrics of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesBook {
    times_us: Vec<u64>,
    columns: Vec<(Metric, Vec<Option<u64>>)>,
    /// A row is kept if its second is a multiple of this; 0 before the first.
    every: u64,
    rewritten: u32,
}

impl SeriesBook {
    /// Takes the values of one moment.
    pub fn add(&mut self, at: SimTime, values: &Values) {
        // The second in which the run was forked is measured again.
        self.drop_rows(self.times_us.partition_point(|&time_us| time_us < at.0));
        if !(at.0 / SAMPLE_US).is_multiple_of(self.every.max(1)) {
            return;
        }
        self.times_us.push(at.0);
        for (place, &(metric, value)) in values.iter().enumerate() {
            let column = self.column(place, metric);
            self.columns[column].1.push(value);
        }
        let rows = self.times_us.len();
        self.columns.iter_mut().for_each(|(_, values)| values.resize(rows, None));
        while self.times_us.len() > ROWS_MAX.min(VALUES_MAX / self.columns.len().max(1)).max(2) {
            self.thin_out();
        }
    }

    /// The column of a metric that was last seen at this place; a new one is empty so far.
    fn column(&mut self, place: usize, metric: Metric) -> usize {
        let is = |column: &(Metric, _)| column.0 == metric;
        if self.columns.get(place).is_some_and(is) {
            return place;
        }
        self.columns.iter().position(is).unwrap_or_else(|| {
            self.columns.push((metric, vec![None; self.times_us.len() - 1]));
            self.rewritten += 1;
            self.columns.len() - 1
        })
    }

    fn thin_out(&mut self) {
        self.every = self.every.max(1) * 2;
        self.rewritten += 1;
        let stays: Vec<bool> =
            self.times_us.iter().map(|at| (at / SAMPLE_US).is_multiple_of(self.every)).collect();
        keep(&mut self.times_us, &stays);
        self.columns.iter_mut().for_each(|(_, values)| keep(values, &stays));
    }

    /// Drops the rows after `time`.
    pub fn forget_after(&mut self, time: SimTime) {
        self.drop_rows(self.times_us.partition_point(|&at| at <= time.0));
    }

    fn drop_rows(&mut self, from: usize) {
        if from < self.times_us.len() {
            self.rewritten += 1;
            self.times_us.truncate(from);
            self.columns.iter_mut().for_each(|(_, values)| values.truncate(from));
        }
    }

    /// The moments of the rows.
    pub fn times_us(&self) -> &[u64] {
        &self.times_us
    }

    /// The metrics with their values, one a row.
    pub fn columns(&self) -> &[(Metric, Vec<Option<u64>>)] {
        &self.columns
    }

    /// How often more was changed than a row added.
    pub fn rewritten(&self) -> u32 {
        self.rewritten
    }
}

fn keep<T>(list: &mut Vec<T>, stays: &[bool]) {
    let mut stays = stays.iter();
    list.retain(|_| stays.next().is_some_and(|&stays| stays));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seconds: u64, columns: u32) -> SeriesBook {
        let mut book = SeriesBook::default();
        for second in 1..=seconds {
            let lag = |partition| (Metric::PartitionLag { group: 0, partition }, Some(second));
            book.add(SimTime::from_secs(second), &(0..columns).map(lag).collect());
        }
        book
    }

    #[test]
    fn a_long_run_grows_coarser_not_longer() {
        let mut book = filled(20_000, 2);
        assert!((1_000..=ROWS_MAX).contains(&book.times_us.len()));
        let (_, values) = &book.columns[1];
        assert!(book.times_us.iter().zip(values).all(|(&at, &value)| value == Some(at / SAMPLE_US)));
        let apart: Vec<u64> = book.times_us.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.iter().all(|&apart_us| apart_us == 16 * SAMPLE_US), "on one grid");
        book.forget_after(SimTime::from_secs(10));
        assert_eq!((book.times_us.len(), book.columns[1].1.len()), (0, 0));
    }

    #[test]
    fn many_columns_have_fewer_rows() {
        let book = filled(300, 5_000);
        assert!((40..=100).contains(&book.times_us.len()), "{}", book.times_us.len());
    }

    #[test]
    fn a_second_measured_again_takes_the_place_of_what_was_forgotten() {
        let mut book = filled(10, 1);
        let rewritten = book.rewritten();
        book.add(SimTime::from_secs(8), &vec![(Metric::PartitionLag { group: 0, partition: 0 }, None)]);
        assert_eq!((book.times_us.len(), book.columns[0].1[7]), (8, None));
        assert!(book.rewritten() > rewritten);
    }

    #[test]
    fn a_metric_that_comes_later_had_no_values_before() {
        let mut book = filled(3, 1);
        book.add(
            SimTime::from_secs(4),
            &vec![
                (Metric::PartitionLag { group: 0, partition: 0 }, Some(4)),
                (Metric::PartitionLag { group: 0, partition: 1 }, Some(5)),
            ],
        );
        assert_eq!(book.columns[1].1, [None, None, None, Some(5)]);
    }
}
