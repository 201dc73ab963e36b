//! Signatures inside tokens and of messages: A38, A39, A41 and A47 of docs/jose.md. Wycheproof's sets
//! are in `crates/jose` and `crates/signature`.

use sealgate_engine::{Gate, NoMaterials, Reason};
use serde_json::{Value, json};

use crate::forge::{Forge, jws};
use crate::site::{Site, claims, document, shared};
use crate::support::{Sender, base64url};

#[track_caller]
fn refused(name: &str, alg: &str, kid: &str, signature: &[u8]) {
    let header = json!({ "alg": alg, "kid": kid }).to_string();
    let inner = jws(&header, claims().to_string().as_bytes(), |_| {
        signature.to_vec()
    });
    shared(|site| site.refuses(name, Forge::around(inner).token(), Reason::TokenSignature));
}

/// CVE-2022-21449 among them.
#[test]
fn a38_ecdsa_signatures_that_are_no_pair_of_scalars() {
    let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let one = [vec![0; 31], vec![1]].concat();
    for (name, r, s) in [
        ("both zero", vec![0; 32], vec![0; 32]),
        ("r zero", vec![0; 32], one.clone()),
        ("s zero", one.clone(), vec![0; 32]),
        ("r the order", order.clone(), one.clone()),
        ("s the order", one.clone(), order),
        ("beyond the order", vec![0xff; 32], vec![0xff; 32]),
        ("31 and 32", vec![1; 31], vec![1; 32]),
        ("33 and 32", vec![1; 33], vec![1; 32]),
        ("nothing", Vec::new(), Vec::new()),
    ] {
        refused(name, "ES256", "idp", &[r, s].concat());
    }
    // DER of a pair of ones, and one that is as long as a pair of scalars.
    refused("DER", "ES256", "idp", b"\x30\x06\x02\x01\x01\x02\x01\x01");
    let der = [
        b"\x30\x3e\x02\x1d".as_slice(),
        &[1; 29],
        b"\x02\x1d",
        &[1; 29],
    ]
    .concat();
    assert_eq!(der.len(), 64);
    refused("DER of 64 bytes", "ES256", "idp", &der);
}

#[test]
fn a39_rsa_signatures_of_other_lengths_and_paddings() {
    for (alg, kid) in [("RS256", "rs"), ("PS256", "ps")] {
        for length in [0, 1, 128, 255, 256, 257, 512] {
            refused(kid, alg, kid, &vec![0; length]);
            refused(kid, alg, kid, &vec![1; length]);
            refused(kid, alg, kid, &vec![0xff; length]);
        }
    }
}

#[test]
fn a41_macs_that_are_cut_empty_or_doubled() {
    let mut site = Site::new();
    let sender = Sender {
        target: "/compact/1".into(),
        ..Sender::default()
    };
    let body = Forge::around("{}").token().into_bytes();
    let good = sender.sign(body.clone(), &[("content-type", "application/jose")]);
    assert_eq!(site.judge(&good), None);
    let text = String::from_utf8(good.value("signature")).unwrap();
    let code = text
        .trim_start_matches("sig1=:")
        .trim_end_matches(':')
        .to_owned();
    let with = |value: &str| {
        let mut changed = good.clone();
        changed.set("signature", value.as_bytes());
        changed
    };
    for (name, value) in [
        ("cut", format!("sig1=:{}:", &code[..40])),
        ("empty", "sig1=::".to_owned()),
        ("zero", format!("sig1=:{}=:", "A".repeat(43))),
        ("another label", format!("sig2=:{code}:")),
    ] {
        let reason = site.judge(&with(&value)).unwrap();
        assert_eq!(reason.class().status(), 401, "{name}: {}", reason.code());
    }
    // The same code over another spelling of the body.
    let other = [body.as_slice(), b"\n"].concat();
    let mut changed = good.clone();
    changed.body = other.clone();
    changed.set("content-length", other.len().to_string().as_bytes());
    assert_eq!(site.judge(&changed), Some(Reason::DigestMismatch));
    // Two header lines are one list (RFC 9110 section 5.3): the label occurs twice, and neither wins.
    let mut doubled = good.clone();
    doubled.add(
        "signature",
        format!("sig1=:{}=:", "A".repeat(43)).as_bytes(),
    );
    let reason = site.judge(&doubled).unwrap();
    assert_eq!(reason.class().status(), 401, "{}", reason.code());
    site.asked_nobody("a MAC");
}

/// RFC 9964: the key says its algorithm, and that is the one.
#[test]
fn a47_keys_and_signatures_of_ml_dsa() {
    let fault = |jwk: Value, alg: &str| {
        let mut policy = document();
        let key = json!({ "id": "pq", "use": "verify", "alg": alg, "material": { "jwk": jwk } });
        policy["keys"].as_array_mut().unwrap().push(key);
        Gate::compile(policy.to_string().as_bytes(), &NoMaterials).is_err()
    };
    let public = base64url(&[0x21; 1952]);
    let good = json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": public });
    assert!(!fault(good.clone(), "ML-DSA-65"), "the control");
    assert!(
        fault(json!({ "kty": "AKP", "pub": public }), "ML-DSA-65"),
        "no alg"
    );
    assert!(fault(good.clone(), "ML-DSA-87"), "another alg");
    assert!(
        fault(
            json!({ "kty": "AKP", "alg": "ML-DSA-87", "pub": public }),
            "ML-DSA-87"
        ),
        "too short"
    );
    let mut policy = document();
    let key =
        json!({ "id": "pq", "use": "verify", "alg": "ML-DSA-65", "material": { "jwk": good } });
    policy["keys"].as_array_mut().unwrap().push(key);
    policy["policies"]["token"]["token"]["verify"] = json!(["pq"]);
    for length in [0, 64, 3308, 3309, 3310] {
        let header = json!({ "alg": "ML-DSA-65", "kid": "pq" }).to_string();
        let inner = jws(&header, claims().to_string().as_bytes(), |_| {
            vec![0; length]
        });
        let token = Forge::around(inner).token();
        Site::with(&policy).refuses("ML-DSA", token, Reason::TokenSignature);
    }
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}
