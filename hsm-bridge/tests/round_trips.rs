//! What a sender seals for a key in the token, the bridge opens: messages made by josekit
//! (OpenSSL), over SoftHSM2, kryoptic, and opencryptoki, which has RSA and HMAC only.

mod support;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use josekit::jwe::{
    ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A192KW, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP,
    RSA_OAEP_256, RSA_OAEP_384, RSA_OAEP_512,
};
use josekit::jwk::Jwk;
use josekit::jws::{
    ES256, ES384, ES512, EdDSA, JwsVerifier, PS256, PS384, PS512, RS256, RS384, RS512,
};
use sha2::{Digest, Sha256};
use support::*;

const PLAINTEXT: &[u8] = b"{\"amount\":\"12.50\"}";
const AGREE: [&str; 4] = [
    "ECDH-ES",
    "ECDH-ES+A128KW",
    "ECDH-ES+A192KW",
    "ECDH-ES+A256KW",
];
const OAEP: [&str; 4] = ["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512"];
const SENDERS: [Key; 5] = [
    ("ec", "unwrap", &AGREE, "ec-p256"),
    ("ec384", "unwrap", &AGREE, "ec-p384"),
    ("ec521", "unwrap", &AGREE, "ec-p521"),
    ("x", "unwrap", &AGREE, "x25519"),
    ("rsa", "unwrap", &OAEP, "rsa-2048"),
];
const RSA_SIGNATURES: [&str; 6] = ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"];
const SIGNERS: [Key; 5] = [
    ("es", "sign", &["ES256"], "ec-p256"),
    ("es384", "sign", &["ES384"], "ec-p384"),
    ("es512", "sign", &["ES512"], "ec-p521"),
    ("ed", "sign", &["EdDSA"], "ed25519"),
    ("rs", "sign", &RSA_SIGNATURES, "rsa-2048"),
];

#[test]
fn softhsm_unwraps_what_josekit_seals() {
    unwraps(Kind::SoftHsm, &SENDERS, &OAEP[1..]);
}

#[test]
fn kryoptic_unwraps_what_josekit_seals() {
    unwraps(Kind::Kryoptic, &SENDERS, &[]);
}

#[test]
fn opencryptoki_unwraps_what_josekit_seals() {
    if Kind::OpenCryptoki.is_here() {
        unwraps(Kind::OpenCryptoki, &SENDERS[4..], &[]);
    }
}

#[test]
fn an_algorithm_the_token_lacks_is_501_and_no_order() {
    let place = Place::with_keys(Kind::SoftHsm, &[EC, RSA, MAC]);
    let bridge = place.serve();
    let ek = b64(&[1; 256]);
    let oaep = serde_json::json!({ "alg": "RSA-OAEP-256", "ek": ek, "enc": "A256GCM" });
    let answer = bridge.post("rsa/unwrap", &oaep);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (501, "alg_unsupported")
    );
    let mac = serde_json::json!({ "alg": "HS512", "data": "AAAA" });
    assert_eq!(bridge.post("mac/mac", &mac).status, 501);
    assert_eq!(bridge.orders(), 0.0);
    // Known at the start, key by key, for whoever operates it.
    let keys = bridge.admin("/admin/v1/keys").json();
    let off = serde_json::json!([{ "alg": "RSA-OAEP-256", "why": "unsupported_by_token" }]);
    assert_eq!(keys[1]["off"], off);
    assert!(
        bridge
            .log()
            .iter()
            .any(|line| { line.contains("unsupported_by_token") && line.contains("RSA-OAEP-256") })
    );
}

#[test]
fn softhsm_signs_what_josekit_verifies() {
    signs(Kind::SoftHsm, &SIGNERS);
}

#[test]
fn kryoptic_signs_what_josekit_verifies() {
    signs(Kind::Kryoptic, &SIGNERS);
}

#[test]
fn opencryptoki_signs_what_josekit_verifies() {
    if Kind::OpenCryptoki.is_here() {
        signs(Kind::OpenCryptoki, &SIGNERS[4..]);
    }
}

/// Every algorithm of every sender's key; `lacking` are those the token has not.
fn unwraps(kind: Kind, senders: &[Key], lacking: &[&str]) {
    let place = Place::with_keys(kind, senders);
    let bridge = place.serve();
    let cases = senders
        .iter()
        .flat_map(|(kid, _, algs, _)| algs.iter().map(move |alg| (*kid, *alg)));
    for (kid, alg) in cases {
        let public = bridge.get(&format!("/v1/keys/{kid}/public")).json();
        for parties in [false, true] {
            if parties && kid == "rsa" {
                continue;
            }
            let sealed = split(&seal(alg, &public, parties));
            let answer = bridge.post(&format!("{kid}/unwrap"), &sealed.request);
            if lacking.contains(&alg) {
                assert_eq!(answer.status, 501, "{kind:?} {kid} {alg}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 200, "{kind:?} {kid} {alg}: {answer:?}");
            let answer = answer.json();
            assert_eq!(answer["kid"], kid);
            assert_eq!(answer["ver"], 1);
            assert_eq!(answer["cached"], false);
            assert_eq!(answer["fp"], thumbprint(&public), "{alg}");
            let cek = unb64(answer["cek"].as_str().unwrap());
            assert_eq!(open(&cek, &sealed), PLAINTEXT, "{kind:?} {kid} {alg}");
        }
    }
    assert_eq!(bridge.metric("hsmb_token_epoch", ""), 1.0);
}

fn seal(alg: &str, public: &serde_json::Value, parties: bool) -> String {
    let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
    let mut head = JweHeader::new();
    head.set_content_encryption("A256GCM");
    if parties {
        head.set_agreement_partyuinfo(b"Alice");
        head.set_agreement_partyvinfo(b"Bob");
    }
    let encrypter: Box<dyn JweEncrypter> = match alg {
        "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A128KW" => Box::new(ECDH_ES_A128KW.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A192KW" => Box::new(ECDH_ES_A192KW.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A256KW" => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP-384" => Box::new(RSA_OAEP_384.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP-512" => Box::new(RSA_OAEP_512.encrypter_from_jwk(&jwk).unwrap()),
        other => panic!("{other}"),
    };
    josekit::jwe::serialize_compact(PLAINTEXT, &head, &*encrypter).unwrap()
}

fn open(cek: &[u8], sealed: &Sealed) -> Vec<u8> {
    let cipher = Aes256Gcm::new_from_slice(cek).unwrap();
    let nonce = Nonce::try_from(sealed.iv.as_slice()).unwrap();
    let message = [sealed.ciphertext.as_slice(), &sealed.tag].concat();
    let payload = Payload {
        msg: &message,
        aad: sealed.protected.as_bytes(),
    };
    cipher
        .decrypt(&nonce, payload)
        .expect("the content key must open the message")
}

/// RFC 7638, worked out here on its own.
fn thumbprint(jwk: &serde_json::Value) -> String {
    let member = |name: &str| jwk[name].as_str().unwrap();
    let canonical = match member("kty") {
        "EC" => format!(
            r#"{{"crv":"{}","kty":"EC","x":"{}","y":"{}"}}"#,
            member("crv"),
            member("x"),
            member("y")
        ),
        "OKP" => format!(
            r#"{{"crv":"{}","kty":"OKP","x":"{}"}}"#,
            member("crv"),
            member("x")
        ),
        _ => format!(
            r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
            member("e"),
            member("n")
        ),
    };
    b64(&Sha256::digest(canonical))
}

fn signs(kind: Kind, signers: &[Key]) {
    let place = Place::with_keys(kind, signers);
    let bridge = place.serve();
    let data = b"what is signed";
    let cases = signers
        .iter()
        .flat_map(|(kid, _, algs, _)| algs.iter().map(move |alg| (*kid, *alg)));
    for (kid, alg) in cases {
        let mut public = bridge.get(&format!("/v1/keys/{kid}/public")).json();
        assert_eq!(public["use"], "sig");
        public["alg"] = alg.into();
        let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
        let verifier = verifier(alg, &jwk);
        let whole = serde_json::json!({ "alg": alg, "data": b64(data) });
        let digest = match &alg[2..] {
            "256" => Sha256::digest(data).to_vec(),
            "384" => sha2::Sha384::digest(data).to_vec(),
            _ => sha2::Sha512::digest(data).to_vec(),
        };
        let hashed = serde_json::json!({ "alg": alg, "digest": b64(&digest) });
        for request in [whole.clone(), hashed] {
            let answer = bridge.post(&format!("{kid}/sign"), &request);
            if alg == "EdDSA" && request.get("digest").is_some() {
                assert_eq!(answer.status, 400, "{answer:?}");
                continue;
            }
            assert_eq!(answer.status, 200, "{kind:?} {alg}: {answer:?}");
            let sig = unb64(answer.json()["sig"].as_str().unwrap());
            verifier.verify(data, &sig).unwrap();
            assert!(verifier.verify(b"something else", &sig).is_err());
            verifies(&bridge, kid, &request, &sig);
        }
    }
}

/// The bridge's own word on a signature: right for it, wrong for any other.
fn verifies(bridge: &Bridge<'_>, kid: &str, signed: &serde_json::Value, sig: &[u8]) {
    let ask = |sig: &[u8]| {
        let mut request = signed.clone();
        request["sig"] = b64(sig).into();
        let answer = bridge.post(&format!("{kid}/verify"), &request);
        assert_eq!(answer.status, 200, "{kid}: {answer:?}");
        answer.json()["valid"].as_bool().unwrap()
    };
    assert!(ask(sig), "{kid}");
    for at in [0, sig.len() / 2, sig.len() - 1] {
        let mut other = sig.to_vec();
        other[at] ^= 1;
        assert!(!ask(&other), "{kid} byte {at}");
    }
    assert!(!ask(&sig[..sig.len() - 1]), "{kid}");
}

fn verifier(alg: &str, jwk: &Jwk) -> Box<dyn JwsVerifier> {
    match alg {
        "ES256" => Box::new(ES256.verifier_from_jwk(jwk).unwrap()),
        "ES384" => Box::new(ES384.verifier_from_jwk(jwk).unwrap()),
        "ES512" => Box::new(ES512.verifier_from_jwk(jwk).unwrap()),
        "EdDSA" => Box::new(EdDSA.verifier_from_jwk(jwk).unwrap()),
        "PS256" => Box::new(PS256.verifier_from_jwk(jwk).unwrap()),
        "PS384" => Box::new(PS384.verifier_from_jwk(jwk).unwrap()),
        "PS512" => Box::new(PS512.verifier_from_jwk(jwk).unwrap()),
        "RS256" => Box::new(RS256.verifier_from_jwk(jwk).unwrap()),
        "RS384" => Box::new(RS384.verifier_from_jwk(jwk).unwrap()),
        _ => Box::new(RS512.verifier_from_jwk(jwk).unwrap()),
    }
}

#[test]
fn kryoptic_decapsulates_and_signs_with_lattices() {
    let kem: Key = ("kem", "unwrap", &["ML-KEM-768"], "ml-kem-768");
    let dsa: Key = ("dsa", "sign", &["ML-DSA-65"], "ml-dsa-65");
    let place = Place::with_keys(Kind::Kryoptic, &[kem, dsa]);
    let bridge = place.serve();
    let public = bridge.get("/v1/keys/kem/public").json();
    assert_eq!(public["alg"], "ML-KEM-768");
    assert_eq!(unb64(public["pub"].as_str().unwrap()).len(), 1184);
    let ask = |bytes: usize, enc: &str| {
        let ek = b64(&vec![7; bytes]);
        let request = serde_json::json!({ "alg": "ML-KEM-768", "ek": ek, "enc": enc });
        bridge.post("kem/unwrap", &request)
    };
    // No ciphertext fails: one that nobody made leads to a secret that nobody knows, the same one
    // each time (FIPS 203, implicit rejection). Known answers are in known_keys.rs.
    let (one, two) = (ask(1088, "A256GCM"), ask(1088, "A256GCM"));
    assert_eq!(one.status, 200, "{one:?}");
    assert_eq!(unb64(one.json()["cek"].as_str().unwrap()).len(), 32);
    assert_eq!(one.json()["cek"], two.json()["cek"]);
    for (bytes, enc) in [(1087, "A256GCM"), (1089, "A256GCM"), (1088, "A128GCM")] {
        assert_eq!(ask(bytes, enc).status, 400, "{bytes} {enc}");
    }
    let request = serde_json::json!({ "alg": "ML-DSA-65", "data": b64(b"what is signed") });
    let answer = bridge.post("dsa/sign", &request);
    assert_eq!(answer.status, 200, "{answer:?}");
    let sig = unb64(answer.json()["sig"].as_str().unwrap());
    assert_eq!(sig.len(), 3309);
    verifies(&bridge, "dsa", &request, &sig);
}

#[test]
fn softhsm_says_what_it_lacks_and_gives_the_rest() {
    others(Kind::SoftHsm, &[EC, ES]);
    let place = Place::new(Kind::SoftHsm);
    place.configure(&[("kem", "unwrap", &["ML-KEM-768"], "")], "", "");
    let made = place.verb("keygen", &["--kid", "kem", "--type", "ml-kem-768"]);
    assert!(!made.status.success(), "the token has no ML-KEM");
    let words = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(words.contains("MechanismInvalid"), "{words}");
}

#[test]
fn kryoptic_gives_random_bytes_and_checks_macs() {
    others(Kind::Kryoptic, &[EC, ES]);
}

#[test]
fn opencryptoki_gives_random_bytes_and_checks_macs() {
    if Kind::OpenCryptoki.is_here() {
        others(Kind::OpenCryptoki, &[RSA, PS]);
    }
}

/// What is no unwrap and no signature: MACs checked, random bytes, the set of public keys.
fn others(kind: Kind, pairs: &[Key; 2]) {
    const LONG: Key = ("long", "mac", &["HS512"], "hmac-512");
    let place = Place::with_keys(kind, &[MAC, LONG, pairs[0], pairs[1]]);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    place.write("bridge.toml", &(text + "random = [\"t\"]\n"));
    let bridge = place.serve();
    for (kid, alg, bytes) in [("mac", "HS256", 32), ("long", "HS512", 64)] {
        let request = serde_json::json!({ "alg": alg, "data": b64(b"m") });
        let made = bridge.post(&format!("{kid}/mac"), &request).json();
        let made = unb64(made["mac"].as_str().unwrap());
        assert_eq!(made.len(), bytes);
        let ask = |mac: &[u8], data: &[u8]| {
            let request = serde_json::json!({ "alg": alg, "data": b64(data), "mac": b64(mac) });
            bridge.post(&format!("{kid}/mac/verify"), &request)
        };
        assert_eq!(ask(&made, b"m").json()["valid"], true, "{kind:?} {kid}");
        assert_eq!(ask(&made, b"n").json()["valid"], false);
        for at in 0..bytes {
            let mut other = made.clone();
            other[at] ^= 1;
            assert_eq!(ask(&other, b"m").json()["valid"], false, "byte {at}");
        }
        assert_eq!(ask(&made[..16], b"m").status, 400, "no MAC is truncated");
    }
    let random = |token: &str, bytes: u32| {
        let body = serde_json::json!({ "bytes": bytes }).to_string();
        let path = format!("/v1/random/{token}");
        bridge
            .send(&request("POST", &path, TOKEN, "", body.as_bytes()))
            .unwrap()
    };
    let drawn = [random("t", 32), random("t", 32)];
    for answer in &drawn {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(unb64(answer.json()["random"].as_str().unwrap()).len(), 32);
    }
    assert_ne!(drawn[0].body, drawn[1].body);
    assert_eq!(random("t", 1025).status, 400);
    assert_eq!(random("u", 32).code(), "no_key");
    let set = bridge.get("/v1/jwks").json();
    let kids: Vec<_> = set["keys"].as_array().unwrap().iter().collect();
    let kids: Vec<_> = kids
        .iter()
        .map(|key| key["kid"].as_str().unwrap())
        .collect();
    let expected = pairs.map(|(kid, ..)| format!("{kid}#1"));
    assert_eq!(kids, expected, "secret keys have no public half");
}
