//! JOSE HPKE: every suite both ways, and what is refused (A45, A46, A47 of the attack table).

use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, HpkeSuite, Json, KeyManagement, SealSpec,
    Sealed, seal_compact, seal_flattened,
};
use sealgate_jose::{JoseError, Limits};
use serde_json::{Value, json};

mod support;
use support::{decode, encode, seeded};

const PLAINTEXT: &[u8] = br#"{"amount":"10.00"}"#;
const SPEC: SealSpec<'_> = SealSpec::new(ContentEncryption::A256Gcm);

/// A private JWK of this algorithm, reproducible.
fn private_jwk(alg: KeyManagement, seed: u64) -> Value {
    let (KeyManagement::Hpke(suite) | KeyManagement::HpkeKe(suite)) = alg else {
        panic!("{} is not of HPKE", alg.name());
    };
    let mut private = vec![0; suite.private_key_bytes()];
    seeded(seed)(&mut private).unwrap();
    if suite == HpkeSuite::P521Aes256 {
        private[0] &= 1;
    }
    suite.private_jwk(alg, &private).unwrap()
}

fn public_jwk(private: &Value) -> Value {
    let mut public = private.clone();
    let members = public.as_object_mut().unwrap();
    members.retain(|name, _| name != "d" && name != "priv");
    public
}

fn keys(alg: KeyManagement, seed: u64) -> (EncryptionKey, DecryptionKey) {
    let private = private_jwk(alg, seed);
    (
        EncryptionKey::hpke(alg, &public_jwk(&private)).unwrap(),
        DecryptionKey::hpke(alg, &private).unwrap(),
    )
}

fn algorithms() -> impl Iterator<Item = KeyManagement> {
    HpkeSuite::ALL
        .into_iter()
        .flat_map(|suite| [KeyManagement::Hpke(suite), KeyManagement::HpkeKe(suite)])
}

fn parse(token: &str) -> Result<Sealed<'_>, JoseError> {
    Sealed::compact(token.as_bytes(), &Limits::TOKEN)
}

#[test]
fn every_suite_both_ways() {
    assert_eq!(algorithms().count(), 32);
    for alg in algorithms() {
        let name = alg.name();
        assert_eq!(KeyManagement::from_name(name), Some(alg));
        let (lock, key) = keys(alg, 1);
        let (_, other) = keys(alg, 2);
        let token = seal_compact(PLAINTEXT, &SPEC, &lock, &mut seeded(3)).unwrap();
        assert_eq!(
            key.open(parse(&token).unwrap()).unwrap(),
            PLAINTEXT,
            "{name}"
        );
        let refused = other.open(parse(&token).unwrap());
        assert_eq!(refused, Err(JoseError::Authentication), "{name}");

        let header: Value =
            serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap();
        let integrated = matches!(alg, KeyManagement::Hpke(_));
        assert_eq!(header.get("enc").is_none(), integrated, "{name}");
        assert_eq!(header.get("ek").is_none(), integrated, "{name}");
        let empty = token
            .split('.')
            .filter(|segment| segment.is_empty())
            .count();
        assert_eq!(empty, if integrated { 2 } else { 0 }, "{name}: IV and tag");

        let aad = Some(b"aad".as_slice());
        let text = seal_flattened(PLAINTEXT, aad, &SPEC, &lock, &mut seeded(4)).unwrap();
        let json = |text: &str| Json::parse(text.as_bytes(), &Limits::TOKEN).unwrap();
        let sealed = json(&text).choose(|_| true).unwrap();
        assert_eq!(key.open(sealed).unwrap(), PLAINTEXT, "{name}");
        let changed = text.replace(&encode(b"aad"), &encode(b"aae"));
        let sealed = json(&changed).choose(|_| true).unwrap();
        assert_eq!(
            key.open(sealed),
            Err(JoseError::Authentication),
            "{name}: aad"
        );
    }
}

#[test]
fn no_bit_of_a_token_can_change() {
    for alg in [
        KeyManagement::HpkeKe(HpkeSuite::XWingAes),
        KeyManagement::HpkeKe(HpkeSuite::MlKem768Aes),
        KeyManagement::Hpke(HpkeSuite::P256Aes128),
    ] {
        let (lock, key) = keys(alg, 5);
        let token = seal_compact(PLAINTEXT, &SPEC, &lock, &mut seeded(6)).unwrap();
        for at in (0..token.len()).step_by(7) {
            let mut changed = token.clone().into_bytes();
            changed[at] ^= 1;
            let opened =
                Sealed::compact(&changed, &Limits::TOKEN).and_then(|sealed| key.open(sealed));
            assert!(opened.is_err(), "{} byte {at}", alg.name());
        }
    }
}

/// A45 and A46.
#[test]
fn headers() {
    let ke = KeyManagement::HpkeKe(HpkeSuite::XWingAes);
    let integrated = KeyManagement::Hpke(HpkeSuite::XWingAes);
    let token = |alg, edit: &dyn Fn(&mut Value)| {
        let (lock, _) = keys(alg, 7);
        let token = seal_compact(PLAINTEXT, &SPEC, &lock, &mut seeded(8)).unwrap();
        let (header, rest) = token.split_once('.').unwrap();
        let mut header: Value = serde_json::from_slice(&decode(header)).unwrap();
        edit(&mut header);
        format!("{}.{rest}", encode(header.to_string().as_bytes()))
    };
    let remove = |name: &'static str| {
        move |header: &mut Value| {
            header.as_object_mut().unwrap().remove(name);
        }
    };
    let set =
        |name: &'static str, value: Value| move |header: &mut Value| header[name] = value.clone();
    for (name, token, code) in [
        (
            "A45 integrated with enc",
            token(integrated, &set("enc", json!("A256GCM"))),
            "jose-header-member",
        ),
        (
            "A45 integrated with ek",
            token(integrated, &set("ek", json!("AA"))),
            "jose-header-member",
        ),
        (
            "A45 KE without ek",
            token(ke, &remove("ek")),
            "jose-header-member",
        ),
        (
            "A45 KE without enc",
            token(ke, &remove("enc")),
            "jose-header-member",
        ),
        (
            "A45 psk_id",
            token(ke, &set("psk_id", json!("a"))),
            "jose-pre-shared-key",
        ),
        (
            "A45 psk_id, integrated",
            token(integrated, &set("psk_id", json!("a"))),
            "jose-pre-shared-key",
        ),
        (
            "A46 ek one byte short",
            token(ke, &set("ek", json!(encode(&[1; 1119])))),
            "jose-encrypted-key-length",
        ),
        (
            "A46 ek empty",
            token(ke, &set("ek", json!(""))),
            "jose-encrypted-key-length",
        ),
        (
            "HPKE-5, on X448",
            token(ke, &set("alg", json!("HPKE-5-KE"))),
            "jose-unsupported-alg",
        ),
    ] {
        assert_eq!(parse(&token).unwrap_err().code(), code, "{name}");
    }
    // A46: another encapsulated key of the right length is rejected without saying so.
    let (_, key) = keys(ke, 7);
    let token = token(ke, &set("ek", json!(encode(&[1; 1120]))));
    assert_eq!(
        key.open(parse(&token).unwrap()),
        Err(JoseError::Authentication)
    );
}

/// A45: a message encrypted by HPKE itself has one recipient.
#[test]
fn integrated_has_one_recipient() {
    let alg = KeyManagement::Hpke(HpkeSuite::P256Aes128);
    let (lock, _) = keys(alg, 9);
    let text = seal_flattened(PLAINTEXT, None, &SPEC, &lock, &mut seeded(10)).unwrap();
    let mut message: Value = serde_json::from_str(&text).unwrap();
    let recipient = json!({ "encrypted_key": message["encrypted_key"] });
    message.as_object_mut().unwrap().remove("encrypted_key");
    message["recipients"] = json!([recipient, recipient]);
    let refused = Json::parse(message.to_string().as_bytes(), &Limits::TOKEN).unwrap_err();
    assert_eq!(refused.code(), "jose-recipient-count");
}

/// A47.
#[test]
fn keys_of_another_algorithm_are_refused() {
    let alg = KeyManagement::HpkeKe(HpkeSuite::MlKem768Aes);
    let private = private_jwk(alg, 11);
    let with = |name: &str, value: Value| {
        let mut jwk = private.clone();
        jwk[name] = value;
        jwk
    };
    let without = |name: &str| {
        let mut jwk = private.clone();
        jwk.as_object_mut().unwrap().remove(name);
        jwk
    };
    let other = private_jwk(alg, 12);
    for (name, jwk, code) in [
        ("alg missing", without("alg"), "jose-key-malformed"),
        (
            "alg another",
            with("alg", json!("HPKE-16-KE")),
            "jose-key-purpose",
        ),
        (
            "alg integrated",
            with("alg", json!("HPKE-14")),
            "jose-key-purpose",
        ),
        (
            "pub short",
            with("pub", json!("AAAA")),
            "jose-key-invalid-point",
        ),
        ("priv missing", without("priv"), "jose-key-malformed"),
        (
            "priv of another key",
            with("priv", other["priv"].clone()),
            "jose-key-mismatch",
        ),
        ("use sig", with("use", json!("sig")), "jose-key-purpose"),
        (
            "kty OKP",
            with("kty", json!("OKP")),
            "jose-key-unsupported-type",
        ),
    ] {
        let refused = DecryptionKey::hpke(alg, &jwk).unwrap_err();
        assert_eq!(refused.code(), code, "{name}");
    }
    // FIPS 203 section 7.2: a public key whose numbers are not reduced.
    let mut public = decode(private["pub"].as_str().unwrap());
    public[..3].fill(0xff);
    let jwk = with("pub", json!(encode(&public)));
    assert!(
        EncryptionKey::hpke(alg, &public_jwk(&jwk)).is_err(),
        "A46 not canonical"
    );
}

#[test]
fn a_failing_random_source_seals_nothing() {
    let (lock, _) = keys(KeyManagement::HpkeKe(HpkeSuite::XWingAes), 13);
    let mut failing = |_: &mut [u8]| Err(sealgate_jose::RandomError);
    let sealed = seal_compact(PLAINTEXT, &SPEC, &lock, &mut failing);
    assert_eq!(sealed, Err(JoseError::Random));
}
