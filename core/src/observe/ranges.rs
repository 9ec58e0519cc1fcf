//! A set of offsets, kept as few ranges: `from` included, `to` not.

/// Sorted, disjoint, never touching.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    list: Vec<(u64, u64)>,
}

impl Ranges {
    /// Adds a range; how many of its offsets were there already.
    pub fn add(&mut self, from: u64, to: u64) -> u64 {
        if from >= to {
            return 0;
        }
        // Nearly everything comes at the end.
        if let Some(last) = self.list.last_mut()
            && last.1 == from
        {
            last.1 = to;
            return 0;
        }
        let first = self.list.partition_point(|&(_, end)| end < from);
        let behind = self.list.partition_point(|&(start, _)| start <= to);
        let (mut new, mut known) = ((from, to), 0);
        for &(start, end) in &self.list[first..behind] {
            known += end.min(to).saturating_sub(start.max(from));
            new = (new.0.min(start), new.1.max(end));
        }
        self.list.splice(first..behind, [new]);
        known
    }

    /// Removes all offsets from `from` on; the ranges removed.
    pub fn cut_from(&mut self, from: u64) -> Vec<(u64, u64)> {
        let mut removed = Vec::new();
        while let Some(&(start, end)) = self.list.last().filter(|&&(_, end)| end > from) {
            self.list.pop();
            removed.push((start.max(from), end));
            if start < from {
                self.list.push((start, from));
            }
        }
        removed.reverse();
        removed
    }

    /// Removes the offsets from `from` up to, not including, `to`.
    pub fn remove(&mut self, from: u64, to: u64) {
        let behind = self.cut_from(to);
        self.cut_from(from);
        self.list.extend(behind);
    }

    /// Removes all offsets below `to`; the ranges removed.
    pub fn take_below(&mut self, to: u64) -> Vec<(u64, u64)> {
        let behind = self.cut_from(to);
        std::mem::replace(&mut self.list, behind)
    }

    /// Whether the offset is in it.
    pub fn contains(&self, offset: u64) -> bool {
        let at = self.list.partition_point(|&(_, end)| end <= offset);
        self.list.get(at).is_some_and(|&(start, _)| start <= offset)
    }

    /// The first offset.
    pub fn first(&self) -> Option<u64> {
        self.list.first().map(|&(start, _)| start)
    }

    /// The offset after the last.
    pub fn end(&self) -> Option<u64> {
        self.list.last().map(|&(_, end)| end)
    }

    /// The ranges between its first offset and `to` that are not in it.
    pub fn gaps_below(&self, to: u64) -> Vec<(u64, u64)> {
        let mut gaps = Vec::new();
        let mut at = self.first().unwrap_or(to);
        for &(start, end) in &self.list {
            if start.min(to) > at {
                gaps.push((at, start.min(to)));
            }
            at = at.max(end);
        }
        if at < to {
            gaps.push((at, to));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_and_count_what_was_there() {
        let mut ranges = Ranges::default();
        assert_eq!(ranges.add(0, 10), 0);
        assert_eq!(ranges.add(20, 30), 0);
        assert_eq!(ranges.add(10, 12), 0);
        assert_eq!(ranges.gaps_below(40), [(12, 20), (30, 40)]);
        assert_eq!(ranges.add(5, 25), 7 + 5);
        assert_eq!(ranges.list, [(0, 30)]);
        assert!(ranges.contains(29) && !ranges.contains(30));
    }

    #[test]
    fn cutting_tells_what_went() {
        let mut ranges = Ranges::default();
        ranges.add(0, 10);
        ranges.add(20, 30);
        assert_eq!(ranges.cut_from(5), [(5, 10), (20, 30)]);
        assert_eq!(ranges.list, [(0, 5)]);
        assert_eq!(ranges.cut_from(5), []);
    }

    #[test]
    fn what_is_removed_leaves_the_rest() {
        let mut ranges = Ranges::default();
        ranges.add(0, 30);
        ranges.remove(10, 20);
        assert_eq!(ranges.list, [(0, 10), (20, 30)]);
        assert_eq!(ranges.take_below(25), [(0, 10), (20, 25)]);
        assert_eq!(ranges.list, [(25, 30)]);
    }
}
