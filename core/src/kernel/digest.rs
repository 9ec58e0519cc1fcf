//! The digest: 64 bits that differ when anything in a run differed.

/// A running digest, written field by field in fixed widths.
///
/// Never fed by `derive(Hash)`, whose widths follow the machine's pointers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Digest(0x6b61_666b_6172_6975)
    }
}

impl Digest {
    /// Adds one number.
    #[inline]
    pub fn u64(&mut self, value: u64) {
        let z = (self.0.rotate_left(23) ^ value).wrapping_mul(0x9fb2_1c65_1e98_df25);
        self.0 = z ^ (z >> 32);
    }

    /// Adds one number.
    #[inline]
    pub fn u32(&mut self, value: u32) {
        self.u64(u64::from(value));
    }

    /// Adds one number, by its two's complement.
    #[inline]
    pub fn i64(&mut self, value: i64) {
        self.u64(value.cast_unsigned());
    }

    /// Adds a truth value.
    #[inline]
    pub fn bool(&mut self, value: bool) {
        self.u64(u64::from(value));
    }

    /// Adds a text: its length, then its bytes.
    pub fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        for &byte in text.as_bytes() {
            self.u64(u64::from(byte));
        }
    }

    /// The digest of everything added so far.
    pub const fn value(self) -> u64 {
        self.0
    }
}
