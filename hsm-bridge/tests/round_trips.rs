//! What a sender seals for a key in the token, the bridge opens: messages made by josekit
//! (OpenSSL), over SoftHSM2 and over kryoptic.

mod support;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use josekit::jwe::{ECDH_ES, ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256};
use josekit::jwk::Jwk;
use josekit::jws::{ES256, JwsVerifier, PS256};
use sha2::{Digest, Sha256};
use support::*;

const PLAINTEXT: &[u8] = b"{\"amount\":\"12.50\"}";

#[test]
fn softhsm_unwraps_what_josekit_seals() {
    unwraps(Kind::SoftHsm, &["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP"]);
}

#[test]
fn kryoptic_unwraps_what_josekit_seals() {
    unwraps(
        Kind::Kryoptic,
        &["ECDH-ES", "ECDH-ES+A256KW", "RSA-OAEP", "RSA-OAEP-256"],
    );
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
}

#[test]
fn softhsm_signs_what_josekit_verifies() {
    signs(Kind::SoftHsm);
}

#[test]
fn kryoptic_signs_what_josekit_verifies() {
    signs(Kind::Kryoptic);
}

fn unwraps(kind: Kind, algs: &[&str]) {
    let place = Place::with_keys(kind, &[EC, RSA]);
    let bridge = place.serve();
    for alg in algs {
        let kid = if alg.starts_with("RSA") { "rsa" } else { "ec" };
        let public = bridge.get(&format!("/v1/keys/{kid}/public")).json();
        for parties in [false, true] {
            if parties && kid == "rsa" {
                continue;
            }
            let sealed = split(&seal(alg, &public, parties));
            let answer = bridge.post(&format!("{kid}/unwrap"), &sealed.request);
            assert_eq!(answer.status, 200, "{kind:?} {alg}: {answer:?}");
            let answer = answer.json();
            assert_eq!(answer["kid"], kid);
            assert_eq!(answer["ver"], 1);
            assert_eq!(answer["cached"], false);
            assert_eq!(answer["fp"], thumbprint(&public), "{alg}");
            let cek = unb64(answer["cek"].as_str().unwrap());
            assert_eq!(open(&cek, &sealed), PLAINTEXT, "{kind:?} {alg}");
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
        "ECDH-ES+A256KW" => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap()),
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
        _ => format!(
            r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#,
            member("e"),
            member("n")
        ),
    };
    b64(&Sha256::digest(canonical))
}

fn signs(kind: Kind) {
    let place = Place::with_keys(kind, &[ES, PS]);
    let bridge = place.serve();
    let data = b"what is signed";
    for (kid, alg) in [("es", "ES256"), ("ps", "PS256")] {
        let mut public = bridge.get(&format!("/v1/keys/{kid}/public")).json();
        assert_eq!(public["use"], "sig");
        public["alg"] = alg.into();
        let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
        let verifier: Box<dyn JwsVerifier> = match alg {
            "ES256" => Box::new(ES256.verifier_from_jwk(&jwk).unwrap()),
            _ => Box::new(PS256.verifier_from_jwk(&jwk).unwrap()),
        };
        let whole = serde_json::json!({ "alg": alg, "data": b64(data) });
        let hashed = serde_json::json!({ "alg": alg, "digest": b64(&Sha256::digest(data)) });
        for request in [whole, hashed] {
            let answer = bridge.post(&format!("{kid}/sign"), &request);
            assert_eq!(answer.status, 200, "{kind:?} {alg}: {answer:?}");
            let sig = unb64(answer.json()["sig"].as_str().unwrap());
            verifier.verify(data, &sig).unwrap();
            assert!(verifier.verify(b"something else", &sig).is_err());
        }
    }
}
