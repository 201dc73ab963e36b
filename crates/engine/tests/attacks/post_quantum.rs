//! JOSE HPKE and its post-quantum suites: A45 and A46 of docs/jose.md.

use sealgate_engine::{Gate, NoMaterials, Reason};
use sealgate_jose::RandomError;
use sealgate_jose::jwe::{
    ContentEncryption, EncryptionKey, HpkeSuite, KeyManagement, SealSpec, seal_compact,
    seal_flattened,
};
use serde_json::{Value, json};

use crate::forge::signed_claims;
use crate::site::{Site, document, hpke_jwk};
use crate::support::base64url;

const SUITE: HpkeSuite = HpkeSuite::XWingAes;

fn lock(alg: KeyManagement) -> (EncryptionKey, SealSpec<'static>) {
    let mut public = hpke_jwk(alg, SUITE);
    public.as_object_mut().unwrap().remove("priv");
    let kid = match alg {
        KeyManagement::HpkeKe(_) => "hpke-ke",
        _ => "hpke",
    };
    let spec = SealSpec {
        kid: Some(kid),
        ..SealSpec::new(ContentEncryption::A256Gcm)
    };
    (EncryptionKey::hpke(alg, &public).unwrap(), spec)
}

fn random() -> impl FnMut(&mut [u8]) -> Result<(), RandomError> {
    let mut next = 3_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(167).wrapping_add(13);
            *byte = next;
        }
        Ok(())
    }
}

/// A good token, its header edited afterwards.
fn edited(alg: KeyManagement, edit: impl FnOnce(&mut Value)) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let (lock, spec) = lock(alg);
    let token = seal_compact(signed_claims().as_bytes(), &spec, &lock, &mut random()).unwrap();
    let (header, rest) = token.split_once('.').unwrap();
    let header = Base64UrlUnpadded::decode_vec(header).unwrap();
    let mut header: Value = serde_json::from_slice(&header).unwrap();
    edit(&mut header);
    format!("{}.{rest}", base64url(header.to_string().as_bytes()))
}

#[test]
fn a45_headers_of_hpke() {
    let (ke, integrated) = (KeyManagement::HpkeKe(SUITE), KeyManagement::Hpke(SUITE));
    let mut site = Site::new();
    for alg in [ke, integrated] {
        assert_eq!(site.token(edited(alg, |_| ())), None, "the control");
    }
    for (name, alg, member, value) in [
        ("integrated with enc", integrated, "enc", json!("A256GCM")),
        ("integrated with ek", integrated, "ek", json!("AA")),
        ("a pre-shared key", integrated, "psk_id", json!("a")),
        ("a pre-shared key", ke, "psk_id", json!("a")),
        ("KE without ek", ke, "ek", Value::Null),
        ("KE without enc", ke, "enc", Value::Null),
        ("a suite on X448", ke, "alg", json!("HPKE-5-KE")),
    ] {
        let token = edited(alg, |header| header[member] = value);
        site.refuses(name, token, Reason::TokenMalformed);
    }
    let (lock, spec) = lock(integrated);
    let text = seal_flattened(b"{}", None, &spec, &lock, &mut random()).unwrap();
    let mut message: Value = serde_json::from_str(&text).unwrap();
    let one = json!({ "encrypted_key": message["encrypted_key"] });
    message.as_object_mut().unwrap().remove("encrypted_key");
    message["recipients"] = json!([one, one]);
    site.refuses_json("a second recipient", &message, Reason::PayloadMalformed);
    let mut without = document();
    without.as_object_mut().unwrap().remove("pq");
    assert!(
        Gate::compile(without.to_string().as_bytes(), &NoMaterials).is_err(),
        "not allowed"
    );
}

/// A wrong encapsulation gives another secret, not an error, and the answer is the same.
#[test]
fn a46_encapsulated_keys() {
    let ke = KeyManagement::HpkeKe(SUITE);
    let mut site = Site::new();
    for length in [0, 1119, 1121] {
        let token = edited(ke, |header| {
            header["ek"] = json!(base64url(&vec![1; length]))
        });
        site.refuses("another length", token, Reason::TokenMalformed);
    }
    let token = edited(ke, |header| header["ek"] = json!(base64url(&[1; 1120])));
    site.refuses("a corrupted one", token, Reason::TokenNotOpened);
    let mut policy = document();
    let mut key = hpke_jwk(ke, SUITE);
    key["pub"] = json!(base64url(&[0xff; 1216]));
    policy["keys"][10]["material"] = json!({ "jwk": key });
    assert!(
        Gate::compile(policy.to_string().as_bytes(), &NoMaterials).is_err(),
        "not canonical"
    );
}
