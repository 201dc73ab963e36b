//! Hostile JWE tokens (segments, lengths, ephemeral keys, randomness), each named after the row of
//! the attack table it stands for. Headers are in `jwe_header_refusals.rs`.
#![cfg(not(target_arch = "wasm32"))]

use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, EncryptionKey, KeyManagement, SealSpec, Sealed,
};
use sealgate_jose::{JoseError, Limits, RandomError, jwe};
use serde_json::json;

mod support;
use support::forge::{DIR, Forge, KEY, check, outcome};
use support::{agreement_private, agreement_public, encode, seeded};

#[test]
fn the_undamaged_token_opens() {
    assert_eq!(outcome(&Forge::sealed(DIR).token()).unwrap(), b"plaintext");
}

/// A4, A5, A31, A32, A33.
#[test]
fn segments_and_spelling() {
    let good = Forge::sealed(DIR);
    let text = String::from_utf8(good.token()).unwrap();
    let count = "jose-segment-count";
    let json = json!({
        "protected": good.header, "iv": good.iv, "ciphertext": good.ciphertext, "tag": good.tag,
    });
    let mut rows = vec![
        (
            "A4 A33 flattened JSON",
            json.to_string().into_bytes(),
            count,
        ),
        ("A5 a JWS", b"eyJhbGciOiJIUzI1NiJ9.e30.AAAA".to_vec(), count),
        (
            "A32 four segments",
            text.rsplit_once('.').unwrap().0.into(),
            count,
        ),
        (
            "A32 six segments",
            format!("{text}.AAAA").into_bytes(),
            count,
        ),
        ("A32 trailing dot", format!("{text}.").into_bytes(), count),
        ("A32 leading dot", format!(".{text}").into_bytes(), count),
        ("A32 empty", Vec::new(), count),
        ("A32 10 000 dots", vec![b'.'; 10_000], count),
        (
            "A32 a million dots",
            vec![b'.'; 1_000_000],
            "jose-token-too-long",
        ),
        ("A32 four dots", b"....".to_vec(), "json-syntax"),
        (
            "white space around",
            format!(" {text}").into_bytes(),
            "jose-base64",
        ),
        (
            "line feed at the end",
            format!("{text}\n").into_bytes(),
            "jose-base64",
        ),
        (
            "NUL at the end",
            format!("{text}\0").into_bytes(),
            "jose-base64",
        ),
    ];
    type Respell = fn(&str) -> String;
    let respell: [(&str, Respell); 8] = [
        ("A31 padding", |s| format!("{s}=")),
        ("A31 double padding", |s| format!("{s}==")),
        ("A31 plus", |s| format!("+{}", &s[1..])),
        ("A31 slash", |s| format!("/{}", &s[1..])),
        ("A31 inner space", |s| format!("{} {}", &s[..4], &s[4..])),
        ("A31 inner line feed", |s| {
            format!("{}\r\n{}", &s[..4], &s[4..])
        }),
        ("A31 length 1 mod 4", |s| {
            format!("{}A", &s[..s.len() / 4 * 4])
        }),
        ("A31 not ASCII", |s| format!("\u{e9}{s}")),
    ];
    for (name, change) in respell {
        for part in 0..4 {
            let mut bad = good.clone();
            let segment = match part {
                0 => &mut bad.header,
                1 => &mut bad.iv,
                2 => &mut bad.ciphertext,
                _ => &mut bad.tag,
            };
            *segment = change(segment);
            rows.push((name, bad.token(), "jose-base64"));
        }
        let mut bad = Forge::sealed(r#"{"alg":"A256KW","enc":"A256GCM"}"#).key_bytes(40);
        bad.encrypted_key = change(&bad.encrypted_key);
        rows.push((name, bad.token(), "jose-base64"));
    }
    // The 22 characters of a 16-byte tag hold 132 bits: the last 4 must be zero.
    let mut bad = good.clone();
    let last = bad.tag.pop().unwrap();
    bad.tag.push(char::from(
        u32::from(last).checked_add(1).map(|c| c as u8).unwrap(),
    ));
    rows.push(("A31 trailing bits", bad.token(), "jose-base64"));
    check(&rows);
}

/// A16, A17, A21, A22, A24.
#[test]
fn lengths() {
    let iv = |length| {
        Forge {
            iv: encode(&vec![9; length]),
            ..Forge::sealed(DIR)
        }
        .token()
    };
    for length in [0, 8, 11, 13, 16] {
        assert_eq!(
            outcome(&iv(length)),
            Err("jose-iv-length"),
            "A17 IV of {length}"
        );
    }
    let good_tag = support::decode(&Forge::sealed(DIR).tag);
    let tag = |length: usize| {
        let bytes: Vec<u8> = good_tag.iter().copied().cycle().take(length).collect();
        Forge {
            tag: encode(&bytes),
            ..Forge::sealed(DIR)
        }
        .token()
    };
    for length in [0, 4, 8, 12, 15, 17, 32] {
        assert_eq!(
            outcome(&tag(length)),
            Err("jose-tag-length"),
            "A16 tag of {length}"
        );
    }
    for (alg, wrong) in [
        ("dir", [1, 8, 40, 256].as_slice()),
        ("A256KW", &[0, 8, 16, 23, 24, 25, 39, 41, 48, 256, 8192]),
        ("RSA-OAEP-256", &[0, 40, 128, 255, 1025, 8192]),
        ("RSA-OAEP", &[0, 40, 128, 255, 1025]),
    ] {
        for length in wrong {
            let header = format!(r#"{{"alg":"{alg}","enc":"A256GCM"}}"#);
            let token = Forge::sealed(header).key_bytes(*length).token();
            assert_eq!(
                outcome(&token),
                Err("jose-encrypted-key-length"),
                "A21 A24 {alg} {length}"
            );
        }
    }
    for length in [0, 16, 24, 31, 33, 64] {
        let cek = ContentEncryptionKey::from_slice(ContentEncryption::A256Gcm, &vec![1; length]);
        assert_eq!(
            cek.unwrap_err().code(),
            "jose-key-length",
            "A22 CEK of {length}"
        );
    }
    let body = Limits::body(Forge::sealed(DIR).token().len());
    assert!(Sealed::compact(&Forge::sealed(DIR).token(), &body).is_ok());
    let longer = [Forge::sealed(DIR).token(), b"A".to_vec()].concat();
    let refused = Sealed::compact(&longer, &body);
    assert_eq!(refused.unwrap_err().code(), "jose-token-too-long");
}

/// A13, A14, A15, A24: all before any private key is touched.
#[test]
fn ephemeral_keys() {
    let good = agreement_private(7).public().clone();
    let (x, y) = (encode(good.x()), encode(good.y().unwrap()));
    // p = 2^256 - 2^224 + 2^192 + 2^96 - 1
    let p = "_____wAAAAEAAAAAAAAAAAAAAAD_______________8";
    let zero = encode(&[0; 32]);
    let epk = |crv: &str, x: &str, y: &str| json!({"kty":"EC","crv":crv,"x":x,"y":y});
    let mut private = epk("P-256", &x, &y);
    private["d"] = zero.clone().into();
    let rows = [
        ("A13 off the curve", epk("P-256", &x, &x)),
        ("A13 infinity", epk("P-256", &zero, &zero)),
        ("A13 coordinate p", epk("P-256", p, &y)),
        (
            "A13 x of 31 bytes",
            epk("P-256", &encode(&good.x()[1..]), &y),
        ),
        (
            "A13 x of 33 bytes",
            epk("P-256", &encode(&[&[0], good.x()].concat()), &y),
        ),
        ("A13 y missing", json!({"kty":"EC","crv":"P-256","x":x})),
        ("A13 padded x", epk("P-256", &format!("{x}="), &y)),
        ("A14 P-384", epk("P-384", &x, &y)),
        ("A14 secp256k1", epk("secp256k1", &x, &y)),
        ("A14 p-256", epk("p-256", &x, &y)),
        (
            "A14 X25519 of order 1",
            json!({"kty":"OKP","crv":"X25519","x":zero}),
        ),
        (
            "A14 X25519 of order 8",
            json!({"kty":"OKP","crv":"X25519","x":"4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA"}),
        ),
        ("A14 Ed25519", json!({"kty":"OKP","crv":"Ed25519","x":x})),
        ("A14 kty oct", json!({"kty":"oct","k":x})),
        ("A14 epk with d", private),
        ("epk is a string", json!("epk")),
        ("epk is null", json!(null)),
    ];
    for alg in ["ECDH-ES", "ECDH-ES+A256KW"] {
        let bytes = if alg == "ECDH-ES" { 0 } else { 40 };
        let refuse = |header: serde_json::Value, code: &str, name: &str| {
            let token = Forge::sealed(header.to_string()).key_bytes(bytes).token();
            assert_eq!(outcome(&token), Err(code), "{alg}: {name}");
        };
        for (name, epk) in &rows {
            let header = json!({"alg":alg,"enc":"A256GCM","epk":epk});
            refuse(header, "jose-ephemeral-key", name);
        }
        refuse(
            json!({"alg":alg,"enc":"A256GCM"}),
            "jose-header-member",
            "epk missing",
        );
        for (name, info) in [
            ("A15 number", json!(1)),
            ("A15 null", json!(null)),
            ("A15 not base64url", json!("a+b/")),
            ("A15 padded", json!("QWxpY2U=")),
            ("A15 513 bytes", json!(encode(&[1; 513]))),
        ] {
            for member in ["apu", "apv"] {
                let mut header = json!({"alg":alg,"enc":"A256GCM","epk":good.to_value()});
                header[member] = info.clone();
                refuse(header, "jose-party-info", name);
            }
        }
        let header = json!({"alg":alg,"enc":"A256GCM","epk":good.to_value()}).to_string();
        let wrong = if alg == "ECDH-ES" { 40 } else { 0 };
        let token = Forge::sealed(&header).key_bytes(wrong).token();
        assert_eq!(
            outcome(&token),
            Err("jose-encrypted-key-length"),
            "A24 {alg}"
        );
        let control = Forge::sealed(&header).key_bytes(bytes).token();
        assert!(
            Sealed::compact(&control, &Limits::TOKEN).is_ok(),
            "control {alg}"
        );
    }
}

/// A44: a failing random source seals nothing, and every token has its own IV.
#[test]
fn randomness() {
    let public = agreement_public(1);
    let spec = SealSpec::new(ContentEncryption::A256Gcm);
    let recipients = [
        EncryptionKey::symmetric(KeyManagement::Dir, spec.enc, &KEY).unwrap(),
        EncryptionKey::public(KeyManagement::EcdhEsA256Kw, &public).unwrap(),
    ];
    for recipient in &recipients {
        let failing = &mut |_: &mut [u8]| Err(RandomError);
        assert_eq!(
            jwe::seal_compact(b"x", &spec, recipient, failing),
            Err(JoseError::Random)
        );
        let mut random = seeded(1);
        let first = jwe::seal_compact(b"x", &spec, recipient, &mut random).unwrap();
        let second = jwe::seal_compact(b"x", &spec, recipient, &mut random).unwrap();
        assert_ne!(first.split('.').nth(2), second.split('.').nth(2));
    }
    let zeros = &mut |bytes: &mut [u8]| {
        bytes.fill(0);
        Ok(())
    };
    let direct = EncryptionKey::public(KeyManagement::EcdhEs, &public).unwrap();
    let stuck = jwe::seal_compact(b"x", &spec, &direct, zeros);
    assert_eq!(
        stuck,
        Err(JoseError::Random),
        "the scalar 0 is no ephemeral key"
    );
}
