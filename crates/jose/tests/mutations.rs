//! Every parser of this crate under mutated input: nothing panics, and nothing opens that was not
//! made. A second per target, or as many as `SEALGATE_FUZZ_SECONDS` says.
#![cfg(not(target_arch = "wasm32"))]

use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, GeneralRecipient, Json, KeyManagement,
    SealSpec, Sealed, seal_compact, seal_flattened, seal_general,
};
use sealgate_jose::jwk::{JwkSet, OctJwk, PrivateJwk, PublicJwk};
use sealgate_jose::jws::{Detached, SignKey, SignSpec, Signed, VerifyKey, sign_compact, verify};
use sealgate_jose::jwt::Claims;
use sealgate_jose::{Limits, Profile};
use serde_json::json;

#[path = "support/mutator.rs"]
mod mutator;
mod support;
use mutator::run;
use support::{agreement_jwk, agreement_private, agreement_public, seeded, verify_key};

const SECRET: [u8; 32] = [0x6b; 32];
const PLAINTEXT: &[u8] = b"some plaintext";

fn lock_and_key(alg: KeyManagement, enc: ContentEncryption) -> (EncryptionKey, DecryptionKey) {
    match alg.is_ecdh() {
        true => (
            EncryptionKey::public(alg, &agreement_public(1)).unwrap(),
            DecryptionKey::private(alg, agreement_private(1)).unwrap(),
        ),
        false => (
            EncryptionKey::symmetric(alg, enc, &SECRET).unwrap(),
            DecryptionKey::symmetric(alg, enc, &SECRET).unwrap(),
        ),
    }
}

const PAIRS: [(KeyManagement, ContentEncryption); 4] = [
    (KeyManagement::Dir, ContentEncryption::A256Gcm),
    (KeyManagement::A256Kw, ContentEncryption::A128CbcHs256),
    (KeyManagement::A256GcmKw, ContentEncryption::A192Gcm),
    (KeyManagement::EcdhEsA128Kw, ContentEncryption::A256CbcHs512),
];

#[test]
fn jwe_compact() {
    let mut seeds = Vec::new();
    let mut keys = Vec::new();
    for (alg, enc) in PAIRS {
        let (lock, key) = lock_and_key(alg, enc);
        let token = seal_compact(PLAINTEXT, &SealSpec::new(enc), &lock, &mut seeded(2));
        seeds.push(token.unwrap().into_bytes());
        keys.push(key);
    }
    run("jwe_compact", &seeds, |input| {
        for profile in [Profile::Strict, Profile::Mastercard] {
            for key in &keys {
                let opened = Sealed::compact_as(profile, input, &Limits::TOKEN)
                    .and_then(|sealed| key.open(sealed));
                if let Ok(plaintext) = opened {
                    assert_eq!(plaintext, PLAINTEXT);
                    let same = seeds.iter().any(|seed| seed == input);
                    assert!(same || profile == Profile::Mastercard, "another spelling");
                }
            }
        }
    });
}

#[test]
fn jwe_json() {
    let mut seeds = Vec::new();
    let mut keys = Vec::new();
    for (alg, enc) in PAIRS {
        let (lock, key) = lock_and_key(alg, enc);
        let spec = SealSpec::new(enc);
        let text = seal_flattened(PLAINTEXT, Some(b"aad"), &spec, &lock, &mut seeded(3));
        seeds.push(text.unwrap().into_bytes());
        keys.push(key);
    }
    let (first, _) = lock_and_key(KeyManagement::A256Kw, ContentEncryption::A256Gcm);
    let (second, _) = lock_and_key(KeyManagement::EcdhEsA128Kw, ContentEncryption::A256Gcm);
    let recipients = [&first, &second].map(|key| GeneralRecipient { key, kid: None });
    let spec = SealSpec::new(ContentEncryption::A256Gcm);
    let text = seal_general(PLAINTEXT, None, &spec, &recipients, &mut seeded(4)).unwrap();
    seeds.push(text.into_bytes());
    run("jwe_json", &seeds, |input| {
        for key in &keys {
            let opened = Json::parse(input, &Limits::TOKEN)
                .and_then(|json| json.choose(|header| header.alg == key.alg()))
                .and_then(|sealed| key.open(sealed));
            if let Ok(plaintext) = opened {
                assert_eq!(plaintext, PLAINTEXT);
            }
        }
    });
}

#[test]
fn jws() {
    let signers = [
        SignKey::hs256(&SECRET).unwrap(),
        SignKey::es256(&SECRET).unwrap(),
        SignKey::ed25519(&SECRET),
    ];
    let mut keys = vec![VerifyKey::hs256(&SECRET).unwrap()];
    keys.extend(signers[1..].iter().map(verify_key));
    let mut seeds: Vec<Vec<u8>> = signers
        .iter()
        .map(|signer| {
            sign_compact(PLAINTEXT, &SignSpec::default(), signer)
                .unwrap()
                .into_bytes()
        })
        .collect();
    let compact = seeds.len();
    let parts: Vec<String> = String::from_utf8(seeds[0].clone())
        .unwrap()
        .split('.')
        .map(str::to_owned)
        .collect();
    let json = json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] });
    seeds.push(json.to_string().into_bytes());
    run("jws", &seeds, |input| {
        for key in &keys {
            if let Ok(verified) = verify(input, key, &Limits::TOKEN) {
                assert_eq!(verified.payload(), PLAINTEXT);
                assert!(
                    seeds[..compact].iter().any(|seed| seed == input),
                    "another spelling"
                );
            }
            if let Ok(signed) = Signed::json(input, &Limits::TOKEN, |_| true)
                && let Ok(verified) = signed.verify(key)
            {
                assert_eq!(verified.payload(), PLAINTEXT);
            }
        }
        for parse in [Detached::parse, Detached::unencoded] {
            if let Ok(detached) = parse(input, &Limits::TOKEN) {
                assert!(detached.verify(b"other", &keys[0]).is_err());
            }
        }
    });
}

#[test]
fn jwk() {
    let private = agreement_jwk(5);
    let public = agreement_public(5);
    let ec = agreement_private(5).public().to_value();
    let okp = SignKey::ed25519(&SECRET)
        .ed25519_public()
        .unwrap()
        .to_value();
    let oct = json!({ "kty": "oct", "k": support::encode(&SECRET), "alg": "HS256" });
    let set = json!({ "keys": [ec, okp] });
    let claims = json!({ "iss": "a", "aud": ["b"], "exp": 1_800_000_000_u64, "nbf": 1.5 });
    let seeds: Vec<Vec<u8>> = [private, ec.clone(), okp, oct, set, claims]
        .iter()
        .map(|value| value.to_string().into_bytes())
        .collect();
    let thumbprint = public.thumbprint();
    run("jwk", &seeds, |input| {
        if let Ok(read) = PublicJwk::from_slice(input) {
            // Another point than ours may be on the curve; the same members are the same key.
            assert!(read.thumbprint() != thumbprint || read.key == public.key);
        }
        let _ = PrivateJwk::from_slice(input);
        let _ = OctJwk::from_slice(input);
        let _ = JwkSet::from_slice(input);
        let _ = Claims::parse(input).map(|claims| claims.check(&Default::default(), 1));
    });
}
