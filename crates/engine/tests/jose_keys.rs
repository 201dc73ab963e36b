//! Which JOSE algorithms a policy can name, and what it is told about the others.

use sealgate_engine::{Gate, NoMaterials, Reason};
use sealgate_jose::jwe::{
    ContentEncryption, EncryptionKey, HpkeSuite, KeyManagement, SealSpec, seal_compact,
};
use sealgate_jose::jwk::{PrivateJwk, PublicJwk};
use serde_json::{Value, json};

mod support;
use support::{Host, Sender, Verdict, base64url, hex, policy};

/// P-256, private.
const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
/// X25519 of RFC 7748 section 6.1, private.
const X25519: &str = r#"{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",
    "d":"dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo"}"#;

/// The policy whose only key for bodies is this one.
fn with_key(key: Value) -> Value {
    let mut policy = policy();
    let keys = policy["keys"].as_array_mut().unwrap();
    keys.retain(|other| other["id"] != "wrap");
    keys.push(key);
    let pay = &mut policy["policies"]["pay"];
    pay.as_object_mut().unwrap().remove("token");
    pay["payload"] = json!({ "format": "jwe", "keys": ["body"] });
    policy
}

fn compile(key: &Value) -> Result<Gate, Vec<String>> {
    let text = with_key(key.clone()).to_string();
    Gate::compile(text.as_bytes(), &NoMaterials).map_err(|faults| {
        faults
            .iter()
            .map(|fault| format!("{}: {}", fault.path, fault.problem))
            .collect()
    })
}

fn key(alg: &str, enc: &[&str], material: Value) -> Value {
    json!({ "id": "body", "use": "decrypt", "alg": alg, "enc": enc, "material": material })
}

/// Sends a body sealed with `lock` and gives what the upstream gets.
fn judge(gate: &Gate, lock: &EncryptionKey, enc: ContentEncryption, kid: &str) -> Verdict {
    let spec = SealSpec {
        kid: Some(kid),
        ..SealSpec::new(enc)
    };
    let mut next = 0_u8;
    let token = seal_compact(br#"{"a":1}"#, &spec, lock, &mut |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(167).wrapping_add(13);
            *byte = next;
        }
        Ok(())
    });
    let sealed = Sender::default().sign(
        token.unwrap().into_bytes(),
        &[("content-type", "application/jose")],
    );
    Host::default().judge(gate, &sealed)
}

#[test]
fn every_shared_key_algorithm_with_every_content_encryption() {
    for alg in KeyManagement::ALL {
        if alg.is_asymmetric() {
            continue;
        }
        for enc in ContentEncryption::ALL {
            let secret = vec![0x42; alg.shared_key_bytes().unwrap_or(enc.cek_bytes())];
            let gate = compile(&key(
                alg.name(),
                &[enc.name()],
                json!({ "inline": hex(&secret) }),
            ));
            let lock = EncryptionKey::symmetric(alg, enc, &secret).unwrap();
            let verdict = judge(&gate.unwrap(), &lock, enc, "body");
            assert!(verdict.reason().is_none(), "{} {}", alg.name(), enc.name());
        }
    }
}

#[test]
fn key_agreement_with_a_private_jwk_of_the_policy() {
    for jwk in [EC, X25519] {
        let jwk: Value = serde_json::from_str(jwk).unwrap();
        let private = PrivateJwk::from_value(&jwk).unwrap();
        let public = PublicJwk::from_value(&private.public().to_value()).unwrap();
        for alg in KeyManagement::ALL.into_iter().filter(|alg| alg.is_ecdh()) {
            let gate = compile(&key(alg.name(), &[], json!({ "jwk": jwk }))).unwrap();
            let warned = gate
                .warnings()
                .iter()
                .any(|warning| warning.code == "private-key-outside-hardware");
            assert!(warned, "{}", alg.name());
            let lock = EncryptionKey::public(alg, &public).unwrap();
            let enc = ContentEncryption::A256Gcm;
            for kid in ["body", &base64url(&public.thumbprint())] {
                assert!(
                    judge(&gate, &lock, enc, kid).reason().is_none(),
                    "{} {kid}",
                    alg.name()
                );
            }
            let reason = judge(&gate, &lock, enc, "other").reason();
            assert_eq!(
                reason,
                Some(Reason::PayloadKeyUnknown),
                "an unknown kid tries no key"
            );
            let other = ContentEncryption::A256CbcHs512;
            let reason = judge(&gate, &lock, other, "body").reason();
            assert_eq!(
                reason,
                Some(Reason::PayloadKeyUnknown),
                "an enc that is not the key's"
            );
        }
    }
}

#[test]
fn what_is_weak_or_unknown_is_a_fault_that_says_so() {
    let secret = |bytes: usize| json!({ "inline": "42".repeat(bytes) });
    let ec = json!({ "jwk": serde_json::from_str::<Value>(EC).unwrap() });
    let mut public: Value = serde_json::from_str(EC).unwrap();
    public.as_object_mut().unwrap().remove("d");
    let mut foreign: Value = serde_json::from_str(EC).unwrap();
    foreign["d"] = json!(base64url(&[1; 32]));
    let bridge = json!({ "bridge": "gw" });
    for (key, expected) in [
        (
            key("RSA1_5", &[], bridge.clone()),
            "alg: RSA1_5 is refused: its padding is an oracle",
        ),
        (
            key("none", &[], secret(32)),
            "alg: none is refused: it protects nothing",
        ),
        (
            key("PBES2-HS256+A128KW", &[], secret(32)),
            "alg: PBES2-HS256+A128KW is refused: passwords can be guessed, and the sender sets the cost",
        ),
        (
            key("a256kw", &[], secret(32)),
            "alg: a256kw is not a decryption algorithm",
        ),
        (
            key("A256KW", &["A256CTR"], secret(32)),
            "enc[0]: A256CTR is not a content encryption",
        ),
        (key("A128KW", &[], secret(32)), "material: is 32 bytes long"),
        (
            key("A256GCMKW", &[], secret(16)),
            "material: is 16 bytes long",
        ),
        (
            key("dir", &["A256CBC-HS512"], secret(32)),
            "material: is 32 bytes long",
        ),
        (
            key("dir", &["A256GCM", "A128CBC-HS256"], secret(32)),
            "enc: names several, and a dir key is the content key of one",
        ),
        (
            key("A256GCM", &["A256GCM"], secret(32)),
            "enc: has no meaning for raw AES-256-GCM",
        ),
        (
            key("RSA-OAEP-256", &[], ec),
            "material: a RSA-OAEP-256 key must stay in hardware",
        ),
        (
            key("HPKE-10-KE", &[], bridge.clone()),
            "alg: HPKE-10-KE is post-quantum, and the policy does not allow that",
        ),
        (
            key("dir", &[], bridge),
            "material: dir works with the secret itself, which a token does not give away",
        ),
        (
            key("ECDH-ES", &[], json!({ "jwk": public })),
            "material: is not a usable private key: not a JWK with the members its type requires",
        ),
        (
            key("ECDH-ES", &[], json!({ "jwk": foreign })),
            "material: is not a usable private key: its public members are not those of the private one",
        ),
    ] {
        let faults = compile(&key).err().expect(expected);
        assert!(
            faults.iter().any(|fault| fault.ends_with(expected)),
            "{expected}: {faults:?}"
        );
    }
}

#[test]
fn post_quantum_keys_when_the_policy_allows_them() {
    for suite in [
        HpkeSuite::XWingAes,
        HpkeSuite::MlKem768Aes,
        HpkeSuite::P256Aes128,
    ] {
        for alg in [KeyManagement::HpkeKe(suite), KeyManagement::Hpke(suite)] {
            let jwk = suite
                .private_jwk(alg, &vec![0x17; suite.private_key_bytes()])
                .unwrap();
            let mut policy = with_key(key(alg.name(), &[], json!({ "jwk": jwk })));
            policy["pq"] = json!("allow");
            let gate = Gate::compile(policy.to_string().as_bytes(), &NoMaterials)
                .ok()
                .unwrap();
            let mut public = jwk.clone();
            public
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name != "d" && name != "priv");
            let lock = EncryptionKey::hpke(alg, &public).unwrap();
            let verdict = judge(&gate, &lock, ContentEncryption::A256Gcm, "body");
            assert!(verdict.reason().is_none(), "{}", alg.name());
        }
    }
}
