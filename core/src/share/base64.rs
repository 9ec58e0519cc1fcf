//! Base64 as URLs take it (RFC 4648, section 5), without padding.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut bits = [0_u8; 4];
        bits[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(bits);
        for i in 0..=three.len() {
            text.push(LETTERS[(bits >> (18 - 6 * i) & 63) as usize] as char);
        }
    }
    text
}

/// `None` for anything that [`encode`] does not write.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for (i, letter) in four.iter().enumerate() {
            bits |= u32::from(value(*letter)?) << (18 - 6 * i);
        }
        let count = four.len() - 1;
        let [_, all @ ..] = bits.to_be_bytes();
        if count == 0 || all[count..].iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(&all[..count]);
    }
    Some(bytes)
}

fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold_without_padding() {
        let vectors = ["", "f", "fo", "foo", "foob", "fooba", "foobar"];
        let encoded = ["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"];
        for (text, encoded) in vectors.into_iter().zip(encoded) {
            assert_eq!(encode(text.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(encode(&[0xfb, 0xff]), "-_8");
        for not in ["Z", "Zg=", "Zh", "Zm9", "Z m8", "é"] {
            assert_eq!(decode(not), None, "{not}");
        }
    }
}
