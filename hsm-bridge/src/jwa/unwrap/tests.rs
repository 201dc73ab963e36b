use super::*;
use crate::jwa::base_point;
use sealgate_wire::EphemeralPublicKey;

const EC: KeyKind = KeyKind::Ec {
    curve: Curve::P256,
    point: None,
};

fn request(alg: &str, ek: usize) -> UnwrapRequest {
    UnwrapRequest {
        alg: alg.into(),
        ek: vec![1; ek],
        epk: None,
        apu: None,
        apv: None,
        iv: None,
        tag: None,
        enc: "A256GCM".into(),
    }
}

fn base() -> EphemeralPublicKey {
    EphemeralPublicKey {
        kty: "EC".into(),
        crv: "P-256".into(),
        x: base_point(Curve::P256)[1..33].to_vec(),
        y: Some(base_point(Curve::P256)[33..].to_vec()),
    }
}

fn refused(request: UnwrapRequest, key: &KeyKind) -> KeyFailure {
    unwrap(&request, key).err().expect("must be refused")
}

#[test]
fn a_point_off_the_curve_never_becomes_an_order() {
    let good = UnwrapRequest {
        epk: Some(base()),
        ..request("ECDH-ES+A256KW", 40)
    };
    assert!(unwrap(&good, &EC).is_ok());
    let mut off = base();
    off.x[31] ^= 1;
    let infinity = EphemeralPublicKey {
        x: vec![0; 32],
        y: Some(vec![0; 32]),
        ..base()
    };
    let large = EphemeralPublicKey {
        x: vec![0xff; 32],
        ..base()
    };
    let short = EphemeralPublicKey {
        x: vec![1; 31],
        ..base()
    };
    let half = EphemeralPublicKey { y: None, ..base() };
    let other = EphemeralPublicKey {
        crv: "P-384".into(),
        ..base()
    };
    let okp = EphemeralPublicKey {
        kty: "OKP".into(),
        ..base()
    };
    for epk in [off, infinity, large, short, half, other, okp] {
        let bad = UnwrapRequest {
            epk: Some(epk),
            ..good.clone()
        };
        assert_eq!(refused(bad, &EC), KeyFailure::BadRequest);
    }
    assert_eq!(
        refused(request("ECDH-ES+A256KW", 40), &EC),
        KeyFailure::BadRequest
    );
}

#[test]
fn lengths_are_checked_before_the_token_is_asked() {
    let aes = KeyKind::Aes { bytes: 32 };
    for wrong in [0, 8, 32, 39, 41, 48, 72] {
        assert_eq!(
            refused(request("A256KW", wrong), &aes),
            KeyFailure::BadRequest,
            "{wrong}"
        );
    }
    assert!(unwrap(&request("A256KW", 40), &aes).is_ok());
    let rsa = KeyKind::Rsa {
        modulus: vec![0x80; 256],
        exponent: vec![1, 0, 1],
    };
    for wrong in [0, 255, 257, 512] {
        let failure = refused(request("RSA-OAEP-256", wrong), &rsa);
        assert_eq!(failure, KeyFailure::BadRequest, "{wrong}");
    }
    let direct = UnwrapRequest {
        epk: Some(base()),
        ..request("ECDH-ES", 40)
    };
    assert_eq!(refused(direct, &EC), KeyFailure::BadRequest);
}

#[test]
fn parts_of_another_algorithm_are_refused() {
    let aes = KeyKind::Aes { bytes: 32 };
    let mixed = UnwrapRequest {
        epk: Some(base()),
        ..request("A256KW", 40)
    };
    assert_eq!(refused(mixed, &aes), KeyFailure::BadRequest);
    assert_eq!(
        refused(request("A256KW", 40), &EC),
        KeyFailure::AlgUnsupported
    );
    assert_eq!(refused(request("RSA1_5", 256), &EC), KeyFailure::BadRequest);
    assert_eq!(refused(request("HS256", 40), &EC), KeyFailure::BadRequest);
    let odd = UnwrapRequest {
        enc: "none".into(),
        ..request("A256KW", 40)
    };
    assert_eq!(refused(odd, &aes), KeyFailure::BadRequest);
}

#[test]
fn every_curve_takes_its_own_points_only() {
    let epk = |curve: Curve| {
        let point = base_point(curve);
        let (x, y) = curve.coordinates(&point).unwrap();
        EphemeralPublicKey {
            kty: if curve.has_y() { "EC" } else { "OKP" }.into(),
            crv: curve.name().into(),
            x: x.to_vec(),
            y: y.map(<[u8]>::to_vec),
        }
    };
    for key in [Curve::P256, Curve::P384, Curve::P521, Curve::X25519] {
        let kind = KeyKind::Ec {
            curve: key,
            point: None,
        };
        for sent in Curve::ALL {
            let request = UnwrapRequest {
                epk: Some(epk(sent)),
                ..request("ECDH-ES+A128KW", 40)
            };
            assert_eq!(
                unwrap(&request, &kind).is_ok(),
                key == sent,
                "{key:?} {sent:?}"
            );
        }
        let mut off = epk(key);
        if let Some(y) = &mut off.y {
            y[5] ^= 1;
            let request = UnwrapRequest {
                epk: Some(off),
                ..request("ECDH-ES", 0)
            };
            assert_eq!(refused(request, &kind), KeyFailure::BadRequest);
        }
    }
}

#[test]
fn a_shared_secret_of_zero_is_a_cryptographic_failure() {
    let kind = KeyKind::Ec {
        curve: Curve::X25519,
        point: None,
    };
    let zero = EphemeralPublicKey {
        kty: "OKP".into(),
        crv: "X25519".into(),
        x: vec![0; 32],
        y: None,
    };
    let request = UnwrapRequest {
        epk: Some(zero),
        ..request("ECDH-ES", 0)
    };
    let (_, rest) = unwrap(&request, &kind).unwrap();
    let failure = rest.finish(Zeroizing::new(vec![0; 32])).unwrap_err();
    assert_eq!(failure, KeyFailure::CryptoFailed);
}

#[test]
fn gcm_key_wrap_needs_nonce_and_tag_and_nobody_else_may_have_them() {
    let aes = KeyKind::Aes { bytes: 32 };
    let good = UnwrapRequest {
        iv: Some(vec![0; 12]),
        tag: Some(vec![0; 16]),
        ..request("A256GCMKW", 32)
    };
    assert!(unwrap(&good, &aes).is_ok());
    let long = UnwrapRequest {
        iv: Some(vec![0; 13]),
        ..good.clone()
    };
    let short = UnwrapRequest {
        tag: Some(vec![0; 12]),
        ..good.clone()
    };
    let none = UnwrapRequest {
        iv: None,
        ..good.clone()
    };
    let key = UnwrapRequest {
        ek: vec![0; 24],
        ..good.clone()
    };
    let other = UnwrapRequest {
        alg: "A256KW".into(),
        ek: vec![0; 40],
        ..good
    };
    for bad in [long, short, none, key, other] {
        assert_eq!(refused(bad, &aes), KeyFailure::BadRequest);
    }
}

#[test]
fn a_content_key_of_the_wrong_length_is_a_cryptographic_failure() {
    let rsa = KeyKind::Rsa {
        modulus: vec![0x80; 256],
        exponent: vec![1, 0, 1],
    };
    let (_, rest) = unwrap(&request("RSA-OAEP", 256), &rsa).unwrap();
    let failure = rest.finish(Zeroizing::new(vec![0; 31])).unwrap_err();
    assert_eq!(failure, KeyFailure::CryptoFailed);
}
