//! Hostile messages in the JSON serializations of JWE, each named after the row of the attack table
//! it stands for.

use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, GeneralRecipient, Json, KeyManagement,
    SealSpec, Sealed, seal_flattened, seal_general,
};
use sealgate_jose::{JoseError, Limits, Profile};
use serde_json::{Value, json};

mod support;
use support::{decode, encode, seeded};

const SECRET: [u8; 32] = [0x5a; 32];
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

fn lock(alg: KeyManagement) -> EncryptionKey {
    EncryptionKey::symmetric(alg, ENC, &SECRET).unwrap()
}

fn flattened() -> Value {
    let spec = SealSpec {
        kid: Some("a"),
        ..SealSpec::new(ENC)
    };
    let lock = lock(KeyManagement::A256Kw);
    let text = seal_flattened(b"plaintext", Some(b"aad"), &spec, &lock, &mut seeded(1));
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn general() -> Value {
    let (first, second) = (lock(KeyManagement::A256Kw), lock(KeyManagement::A256GcmKw));
    let recipients = [("a", &first), ("b", &second)].map(|(kid, key)| GeneralRecipient {
        key,
        kid: Some(kid),
    });
    let spec = SealSpec::new(ENC);
    let text = seal_general(b"plaintext", None, &spec, &recipients, &mut seeded(2));
    serde_json::from_str(&text.unwrap()).unwrap()
}

fn outcome(text: &str) -> Result<Vec<u8>, &'static str> {
    Json::parse(text.as_bytes(), &Limits::TOKEN)
        .and_then(|json| json.choose(|header| header.kid.as_deref() == Some("a")))
        .and_then(|sealed| {
            DecryptionKey::symmetric(KeyManagement::A256Kw, ENC, &SECRET)
                .unwrap()
                .open(sealed)
        })
        .map_err(JoseError::code)
}

fn edited(mut message: Value, edit: impl FnOnce(&mut Value)) -> String {
    edit(&mut message);
    message.to_string()
}

fn set_protected(message: &mut Value, edit: impl FnOnce(&mut Value)) {
    let text = message["protected"].as_str().unwrap();
    let mut header = serde_json::from_slice(&decode(text)).unwrap();
    edit(&mut header);
    message["protected"] = encode(header.to_string().as_bytes()).into();
}

fn remove(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name);
}

#[test]
fn the_undamaged_messages_open() {
    assert_eq!(outcome(&flattened().to_string()).unwrap(), b"plaintext");
    assert_eq!(outcome(&general().to_string()).unwrap(), b"plaintext");
}

/// A4, A28, A29, A30, A12: what stands where nothing protects it.
#[test]
fn unprotected_headers() {
    let member = "jose-header-member";
    let overlap = "jose-header-overlap";
    for (name, text, code) in [
        (
            "A4 alg only in `header`",
            edited(flattened(), |message| {
                set_protected(message, |header| remove(header, "alg"));
                message["header"] = json!({ "alg": "A256KW" });
            }),
            member,
        ),
        (
            "A4 alg only in `unprotected`",
            edited(flattened(), |message| {
                set_protected(message, |header| remove(header, "alg"));
                message["unprotected"] = json!({ "alg": "A256KW" });
            }),
            member,
        ),
        (
            "A4 alg in `unprotected`, several recipients",
            edited(general(), |message| {
                for recipient in message["recipients"].as_array_mut().unwrap() {
                    remove(&mut recipient["header"], "alg");
                }
                message["unprotected"] = json!({ "alg": "A256KW" });
            }),
            member,
        ),
        (
            "A4 alg overridden",
            edited(flattened(), |message| {
                message["header"] = json!({ "alg": "dir" })
            }),
            overlap,
        ),
        (
            "A28 the same name protected and shared",
            edited(flattened(), |message| {
                message["unprotected"] = json!({ "kid": "a" });
            }),
            overlap,
        ),
        (
            "A28 the same name shared and of the recipient",
            edited(flattened(), |message| {
                message["unprotected"] = json!({ "x": 1 });
                message["header"] = json!({ "x": 1 });
            }),
            overlap,
        ),
        (
            "A33 enc not protected",
            edited(flattened(), |message| {
                set_protected(message, |header| remove(header, "enc"));
                message["header"] = json!({ "enc": "A256GCM" });
            }),
            member,
        ),
        (
            "A33 enc of one recipient differs",
            edited(general(), |message| {
                message["recipients"][0]["header"]["enc"] = json!("A128GCM");
            }),
            overlap,
        ),
        (
            "A29 crit in `unprotected`",
            edited(flattened(), |message| {
                message["unprotected"] = json!({ "crit": ["x"], "x": 1 });
            }),
            "jose-critical-header",
        ),
        (
            "A12 zip in `header`",
            edited(flattened(), |message| {
                message["header"] = json!({ "zip": "DEF" })
            }),
            "jose-compression",
        ),
        (
            "A30 b64 in `unprotected`",
            edited(flattened(), |message| {
                message["unprotected"] = json!({ "b64": false })
            }),
            "jose-unencoded-payload",
        ),
        (
            "A7 jku in `header`",
            edited(flattened(), |message| {
                message["header"] = json!({ "jku": "http://x/" })
            }),
            "jose-key-in-header",
        ),
        (
            "protected missing",
            edited(flattened(), |message| remove(message, "protected")),
            "jose-serialization",
        ),
    ] {
        assert_eq!(outcome(&text), Err(code), "{name}");
    }
}

/// A24, A33, A34.
#[test]
fn members() {
    let form = "jose-serialization";
    let count = "jose-recipient-count";
    let many = |count: usize| {
        edited(general(), |message| {
            let one = message["recipients"][0].clone();
            message["recipients"] = json!(vec![one; count]);
        })
    };
    let duplicate = flattened().to_string().replacen('{', r#"{"tag":"AA","#, 1);
    for (name, text, code) in [
        (
            "A33 recipients and encrypted_key",
            edited(general(), |message| message["encrypted_key"] = json!("AA")),
            form,
        ),
        (
            "A33 recipients and header",
            edited(general(), |message| message["header"] = json!({})),
            form,
        ),
        (
            "A33 no recipient",
            edited(general(), |message| message["recipients"] = json!([])),
            count,
        ),
        ("A33 nine recipients", many(9), count),
        (
            "A33 a thousand recipients",
            many(1000),
            "jose-token-too-long",
        ),
        (
            "A33 recipients is an object",
            edited(general(), |message| message["recipients"] = json!({})),
            form,
        ),
        (
            "A33 a recipient is text",
            edited(general(), |message| message["recipients"][1] = json!("x")),
            form,
        ),
        (
            "A24 dir among several",
            edited(general(), |message| {
                message["recipients"][1] = json!({ "header": { "alg": "dir" } });
            }),
            count,
        ),
        (
            "A24 an encrypted key that is empty",
            edited(flattened(), |message| message["encrypted_key"] = json!("")),
            "jose-encrypted-key-length",
        ),
        (
            "A24 no encrypted key",
            edited(flattened(), |message| remove(message, "encrypted_key")),
            "jose-encrypted-key-length",
        ),
        (
            "A20 IV missing",
            edited(flattened(), |message| remove(message, "iv")),
            "jose-iv-length",
        ),
        (
            "A16 tag missing",
            edited(flattened(), |message| remove(message, "tag")),
            "jose-tag-length",
        ),
        (
            "A31 padding",
            edited(flattened(), |message| {
                message["tag"] = json!("AAAAAAAAAAAAAAAAAAAAAA==")
            }),
            "jose-base64",
        ),
        (
            "aad changed",
            edited(flattened(), |message| {
                message["aad"] = json!(encode(b"aae"))
            }),
            "jose-authentication",
        ),
        (
            "aad removed",
            edited(flattened(), |message| remove(message, "aad")),
            "jose-authentication",
        ),
        (
            "aad is an object",
            edited(flattened(), |message| message["aad"] = json!({})),
            form,
        ),
        ("A28 a member twice", duplicate, "json-duplicate-member"),
        (
            "A34 bytes behind",
            format!("{} x", flattened()),
            "json-syntax",
        ),
        (
            "A34 a byte order mark",
            format!("\u{feff}{}", flattened()),
            "json-syntax",
        ),
        ("A5 compact", "a.b.c.d.e".to_owned(), "json-syntax"),
    ] {
        assert_eq!(outcome(&text), Err(code), "{name}");
    }
}

/// A8: nobody else's key is tried, and a recipient that we cannot serve is passed over.
#[test]
fn recipients_are_chosen_by_name_only() {
    let others = edited(general(), |message| {
        message["recipients"][0]["header"]["kid"] = json!("A");
    });
    assert_eq!(outcome(&others), Err("jose-authentication"));
    let legacy = edited(general(), |message| {
        message["recipients"][1] = json!({ "header": { "alg": "RSA1_5" }, "encrypted_key": "AA" });
    });
    assert_eq!(outcome(&legacy).unwrap(), b"plaintext");
    let only_legacy = edited(general(), |message| {
        let one = json!({ "header": { "alg": "RSA1_5" }, "encrypted_key": "AA" });
        message["recipients"] = json!([one, one]);
    });
    assert_eq!(outcome(&only_legacy), Err("jose-unsupported-alg"));
}

/// A17, A31: what the profile for Mastercard accepts, and that it accepts nothing else.
#[test]
fn the_profile_for_mastercard() {
    use aes_gcm::aead::{AeadInOut, KeyInit};
    use aes_gcm::{AesGcm, aes::Aes256};
    use sealgate_aead::aead::consts::U16;

    let header = encode(br#"{"alg":"dir","enc":"A256GCM","kid":"a"}"#);
    let seal = |iv: [u8; 16]| {
        let mut buffer = b"plaintext \xff\xff\xff\xff\xff\xff".to_vec();
        let cipher = AesGcm::<Aes256, U16>::new(&SECRET.into());
        let tag = cipher
            .encrypt_inout_detached(&iv.into(), header.as_bytes(), buffer.as_mut_slice().into())
            .unwrap();
        [
            header.clone(),
            String::new(),
            encode(&iv),
            encode(&buffer),
            encode(&tag),
        ]
    };
    let open = |profile, token: &str| {
        Sealed::compact_as(profile, token.as_bytes(), &Limits::TOKEN)
            .and_then(|sealed| {
                DecryptionKey::symmetric(KeyManagement::Dir, ENC, &SECRET)
                    .unwrap()
                    .open(sealed)
            })
            .map_err(JoseError::code)
    };
    let standard = |token: &str| token.replace('-', "+").replace('_', "/");
    let parts = (0..=255_u8)
        .map(|byte| seal([byte; 16]))
        .find(|parts| parts[3].contains('_') && parts[4].contains('-'))
        .unwrap();
    let token = parts.join(".");
    let plaintext = b"plaintext \xff\xff\xff\xff\xff\xff".to_vec();
    for text in [token.clone(), standard(&token)] {
        assert_eq!(open(Profile::Mastercard, &text), Ok(plaintext.clone()));
    }
    assert_eq!(open(Profile::Strict, &token), Err("jose-iv-length"));
    assert_eq!(open(Profile::Strict, &standard(&token)), Err("jose-base64"));
    let with = |at: usize, text: &str| {
        let mut parts = parts.clone();
        parts[at] = text.to_owned();
        open(Profile::Mastercard, &parts.join("."))
    };
    assert_eq!(with(2, &encode(&[1; 8])), Err("jose-iv-length"));
    assert_eq!(with(2, &encode(&[1; 15])), Err("jose-iv-length"));
    assert_eq!(with(4, &encode(&[1; 4])), Err("jose-tag-length"));
    assert_eq!(with(4, &encode(&[0; 16])), Err("jose-authentication"));
    assert_eq!(with(4, &format!("{}==", parts[4])), Err("jose-base64"));
    assert_eq!(with(3, &format!("{}\n", parts[3])), Err("jose-base64"));
}
