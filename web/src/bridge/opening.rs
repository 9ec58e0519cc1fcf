//! An opening: what the worker says in the first seconds of a run, as a file. The page begins with it while the worker
//! is on its way.
//!
//! What is said again differs little from what was said before, so each item is written as a patch of the one before
//! it of the same kind. The whole is deflated afterwards, which this room knows nothing of.
use std::collections::BTreeMap;

/// Grows with every change of the layout.
const VERSION: u8 = 1;
/// The kind of frames; every other kind is one of messages.
pub const FRAME: u8 = 0;
/// No item is longer, bytes.
const ITEM_BYTES_MAX: usize = 4 << 20;

/// Something the worker said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// [`FRAME`], or which kind of message: only that alike ones have the same.
    pub kind: u8,
    /// The frame's buffer, or the message as it travels.
    pub bytes: Vec<u8>,
}

/// Reads items, one after the other.
#[derive(Debug)]
pub struct Reader {
    file: Vec<u8>,
    at: usize,
    /// The last item of each kind.
    before: Vec<Vec<u8>>,
}

impl Reader {
    /// `None` if this is no such file, or one of another build.
    pub fn new(file: Vec<u8>) -> Option<Reader> {
        (file.first() == Some(&VERSION)).then_some(Reader { file, at: 1, before: vec![Vec::new(); 256] })
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.file.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for digit in 0..4 {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << (7 * digit);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn item(&mut self) -> Option<Item> {
        let (kind, length) = (self.byte()?, self.number()?);
        if length > ITEM_BYTES_MAX {
            return None;
        }
        let before = std::mem::take(&mut self.before[usize::from(kind)]);
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let fresh = self.number()?;
            bytes.extend_from_slice(self.file.get(self.at..self.at + fresh)?);
            self.at += fresh;
            if bytes.len() < length {
                let (from, copied) = (self.number()?, self.number()?);
                bytes.extend_from_slice(before.get(from..from + copied)?);
            }
        }
        self.before[usize::from(kind)] = bytes.clone();
        (bytes.len() == length).then_some(Item { kind, bytes })
    }
}

impl Iterator for Reader {
    type Item = Item;

    /// The next item; `None` at the end, and where the file is damaged.
    fn next(&mut self) -> Option<Item> {
        let item = self.item();
        if item.is_none() {
            self.at = self.file.len();
        }
        item
    }
}

/// Writes items as a file.
pub fn write(items: &[Item]) -> Vec<u8> {
    let mut file = vec![VERSION];
    let mut before: BTreeMap<u8, &[u8]> = BTreeMap::new();
    for item in items {
        file.push(item.kind);
        put(&mut file, item.bytes.len());
        patch(before.insert(item.kind, &item.bytes).unwrap_or_default(), &item.bytes, &mut file);
    }
    file
}

fn put(file: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        file.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    file.push(number as u8);
}

/// A shorter copy costs more than it saves.
const COPY_MIN: usize = 6;
/// Several shorter copies in a row are a sign that something was put in or taken out: the rest is looked for elsewhere.
const COPY_GOOD: usize = 64;
/// So many.
const POOR_MAX: u32 = 4;
/// What is looked for is this long.
const GRAM: usize = 16;

/// What of `after` is new, and what is copied from which place of `before`, in turns.
fn patch(before: &[u8], after: &[u8], file: &mut Vec<u8>) {
    let mut index = None;
    // What is copied next is expected so far ahead of (or behind) its place in `after`.
    let mut shift = 0_isize;
    let (mut at, mut fresh_from, mut poor) = (0, 0, 0);
    while at < after.len() {
        let mut from = at.saturating_add_signed(shift);
        let mut copied = alike(before, from, after, at);
        if copied < COPY_GOOD && (poor >= POOR_MAX || at - fresh_from >= GRAM) {
            let index = index.get_or_insert_with(|| index_of(before));
            let found = after.get(at..at + GRAM).and_then(|gram| index.get(gram)).copied();
            let length = found.map_or(0, |found| alike(before, found, after, at));
            if let Some(found) = found.filter(|_| length > copied) {
                (from, copied) = (found, length);
                while at > fresh_from && from > 0 && before[from - 1] == after[at - 1] {
                    (from, at, copied) = (from - 1, at - 1, copied + 1);
                }
            }
        }
        if copied < COPY_MIN {
            at += 1;
            continue;
        }
        put(file, at - fresh_from);
        file.extend_from_slice(&after[fresh_from..at]);
        put(file, from);
        put(file, copied);
        shift = from as isize - at as isize;
        poor = if copied < COPY_GOOD { poor + 1 } else { 0 };
        at += copied;
        fresh_from = at;
    }
    if fresh_from < after.len() {
        put(file, after.len() - fresh_from);
        file.extend_from_slice(&after[fresh_from..]);
    }
}

/// For how many bytes both go on alike from there.
fn alike(before: &[u8], from: usize, after: &[u8], at: usize) -> usize {
    let before = before.get(from..).unwrap_or_default();
    before.iter().zip(&after[at..]).take_while(|(one, other)| one == other).count()
}

/// Where each run of bytes stands, the last place of each.
fn index_of(bytes: &[u8]) -> BTreeMap<&[u8], usize> {
    bytes.windows(GRAM).enumerate().map(|(at, gram)| (gram, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: u8, bytes: impl Into<Vec<u8>>) -> Item {
        Item { kind, bytes: bytes.into() }
    }

    /// Two kinds in turns: numbers that change, parts that come and go.
    fn items() -> Vec<Item> {
        let cells = |from: u32, to: u32| (from..to).flat_map(|cell| (cell * 7_919).to_le_bytes());
        let frame = |n: u32| {
            n.to_le_bytes().into_iter().chain(cells(n, n + 60)).chain(cells(900, 990)).collect::<Vec<u8>>()
        };
        let mut items = vec![item(1, ""), item(2, "{\"Ready\":1}")];
        for n in 0..40 {
            items.push(item(FRAME, frame(n / 3)));
            items.push(item(3, format!("{{\"Details\":{{\"at\":{n},\"sentence\":\"as before\"}}}}")));
        }
        items
    }

    #[test]
    fn what_was_written_is_read() {
        let file = write(&items());
        assert_eq!(Reader::new(file).map(Iterator::collect::<Vec<_>>), Some(items()));
    }

    #[test]
    fn what_stays_the_same_costs_little() {
        let all: usize = items().iter().map(|item| item.bytes.len()).sum();
        assert!(write(&items()).len() * 8 < all, "{} of {all}", write(&items()).len());
    }

    #[test]
    fn damaged_files_end_early() {
        let file = write(&items());
        for cut in 1..file.len() {
            let read: Vec<Item> = Reader::new(file[..cut].to_vec()).into_iter().flatten().collect();
            assert!(read.len() < items().len() && items().starts_with(&read), "{cut}");
        }
        for at in 0..file.len() {
            let mut wrong = file.clone();
            wrong[at] = 0xff;
            let _ = Reader::new(wrong).into_iter().flatten().count();
        }
        assert!(Reader::new(Vec::new()).is_none());
    }
}
