//! The wire form of a header map: count, then (name length, value length) pairs, then the bytes,
//! each followed by a zero. All numbers are u32 little-endian.

use crate::headers::Headers;
use crate::limits;

/// Encodes a map for the guest.
pub fn encode(headers: &Headers) -> Vec<u8> {
    let pairs = headers.iter().count();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 10)
        .sum();
    let mut out = Vec::with_capacity(4 + bytes);
    out.extend_from_slice(&(pairs as u32).to_le_bytes());
    for (name, value) in headers.iter() {
        out.extend_from_slice(&(name.len() as u32).to_le_bytes());
        out.extend_from_slice(&(value.len() as u32).to_le_bytes());
    }
    for (name, value) in headers.iter() {
        out.extend_from_slice(name);
        out.push(0);
        out.extend_from_slice(value);
        out.push(0);
    }
    out
}

/// Decodes a guest's map; `None` when its lengths do not fit its bytes. An empty input is an
/// empty map, as the SDK of other languages sends it.
pub fn decode(bytes: &[u8]) -> Option<Headers> {
    let mut headers = Headers::new();
    if bytes.is_empty() {
        return Some(headers);
    }
    let count = number(bytes, 0)?;
    if count > limits::MAP_PAIRS {
        return None;
    }
    let mut at = 4usize.checked_add(count.checked_mul(8)?)?;
    for pair in 0..count {
        let sizes = 4 + pair * 8;
        let name = part(bytes, &mut at, number(bytes, sizes)?)?;
        let value = part(bytes, &mut at, number(bytes, sizes + 4)?)?;
        headers.add(name, value);
    }
    Some(headers)
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four: [u8; 4] = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

fn part<'a>(bytes: &'a [u8], at: &mut usize, size: usize) -> Option<&'a [u8]> {
    let end = at.checked_add(size)?;
    let found = bytes.get(*at..end)?;
    (*bytes.get(end)? == 0).then_some(())?;
    *at = end + 1;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decode_restores_what_encode_wrote() {
        let mut map = Headers::new();
        map.add(b":path", b"/a?b=1");
        map.add(b"x-raw", &[0xff, 0x00, 0x01]);
        map.add(b"x-empty", b"");
        let decoded = decode(&encode(&map)).unwrap();
        assert_eq!(map, decoded);
    }

    #[test]
    fn lengths_beyond_the_input_are_refused() {
        let mut bytes = encode(&Headers::from_pairs([("a", "b")]));
        bytes[4] = 200;
        assert_eq!(decode(&bytes), None);
        assert_eq!(decode(&[255, 255, 255, 255]), None);
        assert_eq!(decode(&[1, 0, 0]), None);
    }

    #[test]
    fn an_empty_input_is_an_empty_map() {
        assert_eq!(decode(&[]), Some(Headers::new()));
        assert_eq!(decode(&[0, 0, 0, 0]), Some(Headers::new()));
    }
}
