//! Random draws: each is a hash of what it decides, never the next number of a stream.
//!
//! One more message, or one more consumer, therefore changes nobody else's luck.

/// Hashes a name (FNV-1a, then mixed), to stand for an entity in its draws.
pub const fn name_hash(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    mix(hash)
}

/// The finaliser of SplitMix64: every bit of the input reaches every bit of the output.
const fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a draw decides; part of its identity. Made from a name, so rooms need no common list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(u64);

impl Purpose {
    /// The purpose called `name`.
    pub const fn new(name: &str) -> Self {
        Purpose(name_hash(name))
    }
}

/// The draws of one entity under one seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    base: u64,
}

impl Draws {
    /// The draws of the entity called `name` in the run seeded `seed`.
    pub const fn new(seed: u64, name: &str) -> Self {
        Draws { base: mix(mix(seed) ^ name_hash(name)) }
    }

    /// The draws of a part of this entity: its `n`-th.
    #[must_use]
    pub const fn part(self, n: u64) -> Self {
        Draws { base: mix(self.base ^ n.wrapping_mul(0xd6e8_feb8_6659_fd93)) }
    }

    /// The draw that decides the `ordinal`-th thing of `purpose`.
    pub const fn at(self, purpose: Purpose, ordinal: u64) -> Draw {
        Draw(mix(mix(self.base ^ purpose.0) ^ ordinal))
    }
}

/// 64 uniform random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw(pub u64);

impl Draw {
    /// Uniform in `0..n`; 0 when `n` is 0.
    pub const fn below(self, n: u32) -> u32 {
        (((self.0 >> 32) * n as u64) >> 32) as u32
    }

    /// Uniform in `0..n` for ranges up to 2^63 (by remainder: the bias is below n / 2^64).
    pub const fn below_u64(self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0 % n }
    }

    /// Uniform in 0..65,536: sixteen bits for integer tables.
    pub const fn bits16(self) -> u32 {
        (self.0 >> 48) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mix_is_split_mix_64() {
        // The first outputs of SplitMix64 seeded 0, as published with the algorithm.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(0x9e37_79b9_7f4a_7c15), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn a_draw_depends_on_everything_that_names_it() {
        let a = Draws::new(1, "x").at(Purpose::new("p"), 0).0;
        for other in [
            Draws::new(2, "x").at(Purpose::new("p"), 0).0,
            Draws::new(1, "y").at(Purpose::new("p"), 0).0,
            Draws::new(1, "x").at(Purpose::new("q"), 0).0,
            Draws::new(1, "x").at(Purpose::new("p"), 1).0,
            Draws::new(1, "x").part(0).at(Purpose::new("p"), 0).0,
        ] {
            assert_ne!(a, other);
        }
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let draws = Draws::new(7, "die");
        let mut seen = [0_u32; 6];
        for i in 0..6_000 {
            seen[draws.at(Purpose::new("roll"), i).below(6) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (850..1150).contains(&n)), "{seen:?}");
    }
}
