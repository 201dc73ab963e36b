//! Curves and points as PKCS#11 writes them.

use crate::token::Curve;

/// DER of the object identifier of a curve, for CKA_EC_PARAMS.
pub(super) fn params(curve: Curve) -> &'static [u8] {
    match curve {
        // 1.2.840.10045.3.1.7
        Curve::P256 => &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
        // 1.3.132.0.34 and 1.3.132.0.35
        Curve::P384 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22],
        Curve::P521 => &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23],
        // 1.3.101.110 and 1.3.101.112 (RFC 8410)
        Curve::X25519 => &[0x06, 0x03, 0x2b, 0x65, 0x6e],
        Curve::Ed25519 => &[0x06, 0x03, 0x2b, 0x65, 0x70],
    }
}

/// The curve of CKA_EC_PARAMS. PKCS#11 3.0 allows a name in place of the identifier.
pub(super) fn of(der: &[u8]) -> Option<Curve> {
    match der {
        [0x13, 10, name @ ..] if name == b"curve25519" => Some(Curve::X25519),
        [0x13, 12, name @ ..] if name == b"edwards25519" => Some(Curve::Ed25519),
        _ => Curve::ALL.into_iter().find(|curve| params(*curve) == der),
    }
}

/// The point of CKA_EC_POINT, bare or in a DER OCTET STRING.
pub(super) fn point(written: &[u8], curve: Curve) -> Option<&[u8]> {
    let length = curve.point_bytes();
    let fits = |point: &&[u8]| point.len() == length;
    match written {
        bare if bare.len() == length => Some(bare),
        [0x04, 0x81, _, point @ ..] if length > 0x7f => Some(point).filter(fits),
        [0x04, _, point @ ..] => Some(point).filter(fits),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_bare_and_wrapped() {
        for curve in Curve::ALL {
            let bare = vec![9; curve.point_bytes()];
            assert_eq!(point(&bare, curve), Some(bare.as_slice()), "{curve:?}");
            let length = u8::try_from(bare.len()).unwrap();
            let head: &[u8] = match length {
                0..=0x7f => &[0x04, length],
                _ => &[0x04, 0x81, length],
            };
            let wrapped = [head, &bare].concat();
            assert_eq!(point(&wrapped, curve), Some(bare.as_slice()), "{curve:?}");
            assert_eq!(point(&wrapped[1..], curve), None, "{curve:?}");
            assert_eq!(of(params(curve)), Some(curve));
        }
    }
}
