//! The little DER that certificate requests and public keys need.

/// INTEGER of a number without a sign.
pub(super) fn integer(number: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    let sign = digits.first().is_none_or(|first| first & 0x80 != 0);
    let digits = [if sign { &[0][..] } else { &[] }, &digits].concat();
    [&[0x02], length(digits.len()).as_slice(), &digits].concat()
}

/// SEQUENCE.
pub(super) fn sequence(content: &[u8]) -> Vec<u8> {
    [&[0x30], length(content.len()).as_slice(), content].concat()
}

/// RSAPublicKey (RFC 8017, appendix A.1.1).
pub(super) fn rsa_public_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    sequence(&[integer(modulus), integer(exponent)].concat())
}

/// DER length; nothing here is longer than 65,535 bytes.
fn length(bytes: usize) -> Vec<u8> {
    let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
    let [high, low] = bytes.to_be_bytes();
    match bytes {
        0..=0x7f => vec![low],
        0x80..=0xff => vec![0x81, low],
        _ => vec![0x82, high, low],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_der_has_them() {
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x7f]), [2, 1, 0x7f]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(length(0x80), [0x81, 0x80]);
        assert_eq!(length(300), [0x82, 1, 44]);
    }
}
