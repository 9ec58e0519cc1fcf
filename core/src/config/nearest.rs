//! The word that was perhaps meant.

/// The candidate written most like `word`, if one is close enough to be meant.
pub fn nearest_word<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > 100 {
        return None;
    }
    let closest = candidates.into_iter().map(|c| (distance(word, c), c)).min()?;
    let allowed = (word.len().max(closest.1.len()) / 3).max(1) as u32;
    (closest.0 <= allowed).then_some(closest.1)
}

/// How many insertions, removals, replacements and swaps of neighbours part the two.
fn distance(a: &str, b: &str) -> u32 {
    let (a, b) = (a.as_bytes(), b.as_bytes());
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
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}
