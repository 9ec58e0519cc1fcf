//! Metrics over time, in bounded memory: when a run grows long, its curves grow coarser.
use super::metrics::Value;
use super::report::Series;
use crate::kernel::SimTime;

/// Points of one metric; beyond it every other point is dropped.
const POINTS_MAX: usize = 2_048;

/// All metrics of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct SeriesBook {
    list: Vec<Series>,
    /// One sample in so many is kept.
    every: u64,
    samples: u64,
}

impl SeriesBook {
    /// Takes the values of one moment.
    pub fn add(&mut self, at: SimTime, values: Vec<Value>) {
        self.samples += 1;
        if !self.samples.is_multiple_of(self.every.max(1)) {
            return;
        }
        for Value { name, unit, value } in values {
            let found = self.list.iter_mut().find(|series| series.name == name);
            match found {
                Some(series) => series.points.push((at.0, value)),
                None => self.list.push(Series { name, unit: unit.to_owned(), points: vec![(at.0, value)] }),
            }
        }
        if self.list.iter().any(|series| series.points.len() > POINTS_MAX) {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        self.every = self.every.max(1) * 2;
        for series in &mut self.list {
            let mut at = 0;
            series.points.retain(|_| {
                at += 1;
                at % 2 == 0
            });
        }
    }

    /// Drops the points after `time`.
    pub fn forget_after(&mut self, time: SimTime) {
        for series in &mut self.list {
            let keep = series.points.partition_point(|&(at, _)| at <= time.0);
            series.points.truncate(keep);
        }
        self.list.retain(|series| !series.points.is_empty());
    }

    /// All of them.
    pub fn series(&self) -> Vec<Series> {
        self.list.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_grows_coarser_not_longer() {
        let mut book = SeriesBook::default();
        for second in 1..20_000 {
            let value = Value { name: "m".to_owned(), unit: "records", value: second };
            book.add(SimTime::from_secs(second), vec![value]);
        }
        let series = book.series();
        assert!((1_000..=POINTS_MAX).contains(&series[0].points.len()));
        assert!(series[0].points.iter().all(|&(at, value)| at == value * 1_000_000));
        book.forget_after(SimTime::from_secs(10));
        assert!(book.series().is_empty());
    }
}
