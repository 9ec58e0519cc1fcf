//! Where a keyed record goes: Kafka's 32-bit murmur2 over the key's bytes.
//!
//! Source: `BuiltInPartitioner.partitionForKey` and `Utils.murmur2`. All partitions of the topic count, those
//! without a leader too, so adding partitions moves keys.

/// The partition of a key among `partitions`. An empty key is a key; a record without one does not come here.
pub fn partition_for_key(key: &[u8], partitions: u32) -> u32 {
    to_positive(murmur2(key)) % partitions
}

/// Clears the sign bit, as Kafka's `Utils.toPositive`: not the absolute value (-1 gives 2147483647).
pub fn to_positive(n: i32) -> u32 {
    n as u32 & 0x7fff_ffff
}

/// Kafka's murmur2 of some bytes.
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    (hash ^ hash >> 15) as i32
}
