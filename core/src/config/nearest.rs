//! The word that was perhaps meant.

/// The candidate written most like `word`, if one is close enough to be meant: a third of its letters may differ.
pub fn nearest_word<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let mut nearest: Option<(u32, &str)> = None;
    for candidate in candidates {
        let allowed = (word.len().max(candidate.len()) / 3).max(1) as u32;
        let most = nearest.map_or(allowed, |(best, _)| best.min(allowed));
        if let Some(parts) = distance(word, candidate, most) {
            nearest = Some(nearest.map_or((parts, candidate), |best| best.min((parts, candidate))));
        }
    }
    nearest.map(|(_, candidate)| candidate)
}

/// How many insertions, removals, replacements and swaps of neighbours part the two, if not more than `most`.
fn distance(a: &str, b: &str, most: u32) -> Option<u32> {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) as u64 > u64::from(most) {
        return None;
    }
    let mut before: Vec<u32> = Vec::new();
    let mut last: Vec<u32> = (0..=b.len() as u32).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i as u32 + 1];
        for (j, y) in b.iter().enumerate() {
            let mut least = (last[j] + u32::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        // A swap reaches back two rows: only when both are beyond it can the distance never come back.
        if last.iter().chain(&row).all(|parts| *parts > most) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    Some(last[b.len()]).filter(|parts| *parts <= most)
}
