//! Putting lists into an order. One sort serves them all: each further one would be some kilobytes to download.

/// The same things, those of the least rank first; things of one rank stay as they were.
pub fn by_rank<T>(things: Vec<T>, rank: impl Fn(&T) -> u64) -> Vec<T> {
    let mut order: Vec<(u64, u32)> = (0..).zip(&things).map(|(at, thing)| (rank(thing), at)).collect();
    order.sort_unstable();
    let mut things: Vec<Option<T>> = things.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, at)| things[at as usize].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_rank_comes_first_and_equal_ones_stay() {
        assert_eq!(by_rank(vec!["bb", "a", "cc", "d"], |text| text.len() as u64), ["a", "d", "bb", "cc"]);
    }
}
