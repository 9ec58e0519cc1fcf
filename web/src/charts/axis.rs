//! Axes with round numbers that change in few, large steps, so that nothing jitters while time runs.

/// The top of an axis from zero that holds `most`: 2, 4 or 10 times a power of ten, so that its half is round too.
pub fn top(most: u64, least_top: u64) -> u64 {
    let most = most.max(least_top).max(2);
    let mut unit = 1;
    loop {
        if let Some(top) = [2, 4, 10].into_iter().map(|times| times * unit).find(|top| *top >= most) {
            return top;
        }
        unit *= 10;
    }
}

/// Seconds between two marks of a time axis with at most so many of them.
pub fn seconds_apart(span_s: u64, marks: u64) -> u64 {
    const STEPS: [u64; 14] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 1_200, 1_800, 3_600];
    STEPS
        .into_iter()
        .find(|step| span_s / step <= marks)
        .unwrap_or_else(|| span_s.div_ceil(marks * 3_600) * 3_600)
}

/// A number that fits beside an axis: `250`, `40k`, `1.5M`.
pub fn short(value: u64) -> String {
    let scaled = |unit: u64, letter: &str| match value % unit * 10 / unit {
        0 => format!("{}{letter}", value / unit),
        tenth => format!("{}.{tenth}{letter}", value / unit),
    };
    match value {
        1_000_000_000.. => scaled(1_000_000_000, "G"),
        1_000_000.. => scaled(1_000_000, "M"),
        10_000.. => scaled(1_000, "k"),
        _ => value.to_string(),
    }
}

/// A latency as it stands beside an axis or a name: `0.8 ms`, `20 ms`, `8.6 s`.
pub fn latency(us: u64) -> String {
    let tenths = |tenths: u64, unit: &str| match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    };
    match us {
        1_000_000.. => tenths(us / 100_000, "s"),
        10_000.. => format!("{} ms", us / 1_000),
        _ => tenths(us / 100, "ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tops_are_round_and_so_are_their_halves() {
        let tops: Vec<u64> = [0, 3, 5, 10, 11, 39, 41, 53, 101, 8_600_000].map(|most| top(most, 0)).to_vec();
        assert_eq!(tops, [2, 4, 10, 10, 20, 40, 100, 100, 200, 10_000_000]);
        assert_eq!(top(3, 10), 10);
    }

    #[test]
    fn a_time_axis_has_few_round_marks() {
        assert_eq!([60, 90, 120, 240, 100_000].map(|span| seconds_apart(span, 4)), [15, 20, 30, 60, 25_200]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([7, 9_999, 40_000, 1_500_000].map(short), ["7", "9999", "40k", "1.5M"]);
        assert_eq!([0, 850, 20_400, 8_612_000].map(latency), ["0 ms", "0.8 ms", "20 ms", "8.6 s"]);
    }
}
