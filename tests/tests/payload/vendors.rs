//! Messages as vendors make them: by Mastercard's own libraries, by `josekit` with the header members
//! that a vendor documents, and by OpenSSL where a format has no JOSE. What they seal we open, what
//! we seal they open, and what was touched is refused.

use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use sealgate_format::{
    Demand, Entropy, Field, Format, Head, Name, OpenFault, Opener, Options, Path, Plain, SealKey,
    Sealed, Sealing, Text,
};
use sealgate_jose::jwk::PublicJwk;
use sealgate_jose::jws::{SignatureAlgorithm, VerifyKey};
use sealgate_tests::keys::random;
use serde_json::{Value, json};

use crate::peers::{
    GATE, SENDER, Vendor, josekit_opens, josekit_seals, josekit_signs, jwk, unwrapped, wrapped,
};

const NOW: i64 = 1_800_000_000;
const CARD: &str = r#"{"pan":"4111111111111111","cvc":"123"}"#;

fn format(name: Name, options: Options) -> Format {
    Format::new(name, false, options).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn fields(pairs: &[(&str, &str)]) -> Options {
    let path = |text: &str| Path::parse(text).unwrap();
    let field = |(sealed, plain): &(&str, &str)| Field::new(path(sealed), path(plain), false);
    Options {
        fields: pairs.iter().map(|pair| field(pair).unwrap()).collect(),
        ..Options::default()
    }
}

/// A message by somebody else.
fn message(content_type: &str, body: impl Into<Vec<u8>>) -> Sealed {
    Sealed {
        body: body.into(),
        content_type: content_type.to_owned(),
        headers: Vec::new(),
    }
}

fn open_whole(format: &Format, message: &Sealed) -> Result<Plain, OpenFault> {
    let header = |name: &str| match name {
        "content-type" => Some(message.content_type.as_bytes()),
        name => message
            .headers
            .iter()
            .find(|(line, _)| *line == name)
            .map(|(_, value)| value.as_bytes()),
    };
    let head = Head { header: &header };
    let mut taken = format.take(&head, &message.body, &mut |_| true)?;
    let sender = PublicJwk::from_value(&jwk(&SENDER)).unwrap();
    let alg = match format.name() {
        Name::Juspay => SignatureAlgorithm::Rs256,
        _ => SignatureAlgorithm::Ps256,
    };
    let key = VerifyKey::public(alg, &sender).unwrap();
    let verify = |_: Option<&str>| Some(&key);
    let demand = Demand {
        now: NOW,
        verify: &verify,
    };
    while let Some(part) = taken.next() {
        let key = unwrapped(part.encrypted_key());
        taken.open(Opener::ContentKey(&key), &demand)?;
    }
    taken.finish(&message.body)
}

fn open(format: &Format, message: &Sealed) -> Result<Value, OpenFault> {
    let plain = open_whole(format, message)?;
    Ok(serde_json::from_slice(&plain.body).unwrap())
}

fn seal(format: &Format, plaintext: &str) -> Sealed {
    let key = SealKey::from_jwk(&jwk(&GATE), Some("RSA-OAEP-256")).unwrap();
    let sealing = Sealing {
        key: Some(&key),
        kid: "gate-2026",
        content_type: "application/json",
        method: b"POST",
        target: b"/pay",
        status: None,
        now: NOW,
        session: None,
        sign: None,
    };
    let mut entropy = Entropy::from_seed(random(32).try_into().unwrap());
    format
        .seal(plaintext.as_bytes(), &sealing, &mut |bytes| {
            entropy.fill(bytes)
        })
        .unwrap()
}

/// The last letter but some of a token changed: its tag, or its ciphertext.
fn touched(token: &str) -> String {
    let at = token.len() - 5;
    let other = if token.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

#[test]
fn visa_message_level_encryption() {
    let mle = format(
        Name::VisaMle,
        Options {
            tolerance_seconds: Some(120),
            ..Options::default()
        },
    );
    let made = |iat: i64, enc: &str, change: fn(&str) -> String| {
        let token = josekit_seals(enc, json!({ "iat": iat }), CARD.as_bytes());
        message(
            "application/json",
            json!({ "encData": change(&token) }).to_string(),
        )
    };
    let same = |token: &str| token.to_owned();
    let card: Value = serde_json::from_str(CARD).unwrap();
    for enc in ["A128GCM", "A256GCM"] {
        assert_eq!(open(&mle, &made(NOW * 1000, enc, same)), Ok(card.clone()));
    }
    assert_eq!(
        open(&mle, &made(NOW, "A128GCM", same)),
        Err(OpenFault::Stale),
        "seconds"
    );
    assert_eq!(
        open(&mle, &made((NOW - 121) * 1000, "A128GCM", same)),
        Err(OpenFault::Stale)
    );
    assert_eq!(
        open(&mle, &made(NOW * 1000, "A128CBC-HS256", same)),
        Err(OpenFault::NotOpened)
    );
    assert_eq!(
        open(&mle, &made(NOW * 1000, "A128GCM", touched)),
        Err(OpenFault::NotOpened)
    );
    let mut beside: Value =
        serde_json::from_slice(&made(NOW * 1000, "A128GCM", same).body).unwrap();
    beside["amount"] = json!(1);
    let beside = message("application/json", beside.to_string());
    assert_eq!(
        open(&mle, &beside),
        Err(OpenFault::Format),
        "a member in the clear"
    );
    let ours: Value = serde_json::from_slice(&seal(&mle, CARD).body).unwrap();
    assert_eq!(
        josekit_opens(ours["encData"].as_str().unwrap()),
        CARD.as_bytes()
    );
}

#[test]
fn cybersource_message_level_encryption() {
    let request = format(Name::CyberSource, Options::default());
    let token = josekit_seals(
        "A256GCM",
        json!({ "iat": format!("{NOW}000"), "cty": "JWT" }),
        CARD.as_bytes(),
    );
    let sealed = message(
        "application/json",
        json!({ "encryptedRequest": token }).to_string(),
    );
    assert_eq!(
        open(&request, &sealed),
        Ok(json!({ "cvc": "123", "pan": "4111111111111111" }))
    );
    let response = Format::new(Name::CyberSource, true, Options::default()).unwrap();
    let ours: Value = serde_json::from_slice(&seal(&response, CARD).body).unwrap();
    assert_eq!(
        josekit_opens(ours["encryptedResponse"].as_str().unwrap()),
        CARD.as_bytes()
    );
}

#[test]
fn wise_seals_whole_bodies_and_signs_inside_where_asked() {
    let plain = format(Name::Wise, Options::default());
    let signed = format(
        Name::Wise,
        Options {
            signed_inside: true,
            ..Options::default()
        },
    );
    let with_mark = |token: String, mark: &str| Sealed {
        headers: vec![
            ("x-tw-jose-method", mark.to_owned()),
            ("content-encoding", "identity".to_owned()),
        ],
        ..message("application/jose+json", token)
    };
    let token = josekit_seals("A256GCM", json!({}), CARD.as_bytes());
    let card: Value = serde_json::from_str(CARD).unwrap();
    assert_eq!(
        open(&plain, &with_mark(token.clone(), "jwe")),
        Ok(card.clone())
    );
    assert_eq!(
        open(&plain, &with_mark(token.clone(), "jws")),
        Err(OpenFault::Format)
    );
    assert_eq!(
        open(&signed, &with_mark(token, "jws-jwe")),
        Err(OpenFault::Signature)
    );
    let nested = |key| {
        josekit_seals(
            "A256GCM",
            json!({}),
            josekit_signs("PS256", key, CARD.as_bytes()).as_bytes(),
        )
    };
    assert_eq!(
        open(&signed, &with_mark(nested(&SENDER), "jws-jwe")),
        Ok(card)
    );
    assert_eq!(
        open(&signed, &with_mark(nested(&GATE), "jws-jwe")),
        Err(OpenFault::Signature)
    );
}

#[test]
fn juspay_names_the_parts_of_a_token_its_own_way() {
    let juspay = format(Name::Juspay, Options::default());
    let made = |key, change: fn(&str) -> String| {
        let signed = josekit_signs("RS256", key, CARD.as_bytes());
        let token = change(&josekit_seals("A256GCM", json!({}), signed.as_bytes()));
        let parts: Vec<&str> = token.split('.').collect();
        let object = json!({ "header": parts[0], "encryptedKey": parts[1], "iv": parts[2],
                             "encryptedPayload": parts[3], "tag": parts[4] });
        message("application/json", object.to_string())
    };
    let same = |token: &str| token.to_owned();
    assert_eq!(
        open(&juspay, &made(&SENDER, same)),
        Ok(serde_json::from_str(CARD).unwrap())
    );
    assert_eq!(open(&juspay, &made(&GATE, same)), Err(OpenFault::Signature));
    assert_eq!(
        open(&juspay, &made(&SENDER, touched)),
        Err(OpenFault::NotOpened)
    );
}

#[test]
fn uae_open_finance_hides_a_signed_member() {
    let finance = format(Name::UaeOpenFinance, Options::default());
    let made = |alg: &str, key| {
        let token = josekit_seals(
            "A256GCM",
            json!({}),
            josekit_signs(alg, key, CARD.as_bytes()).as_bytes(),
        );
        let body =
            json!({ "consent": { "ConsentId": "c1", "PersonalIdentifiableInformation": token } });
        message("application/json", body.to_string())
    };
    let expected = json!({ "consent": { "ConsentId": "c1",
        "PersonalIdentifiableInformation": serde_json::from_str::<Value>(CARD).unwrap() } });
    assert_eq!(open(&finance, &made("PS256", &SENDER)), Ok(expected));
    assert_eq!(
        open(&finance, &made("RS256", &SENDER)),
        Err(OpenFault::Signature)
    );
    assert_eq!(
        open(&finance, &made("PS256", &GATE)),
        Err(OpenFault::Signature)
    );
}

#[test]
fn whatsapp_flows_answers_with_the_key_of_the_request() {
    let flows = format(Name::WhatsappFlows, Options::default());
    let (secret, iv) = (random(16), random(16));
    let question = br#"{"version":"3.0","action":"ping"}"#;
    let base64 = |bytes: &[u8]| openssl::base64::encode_block(bytes).replace('\n', "");
    let made = |flip: bool| {
        let mut tag = [0; 16];
        let mut data = encrypt_aead(
            Cipher::aes_128_gcm(),
            &secret,
            Some(&iv),
            &[],
            question,
            &mut tag,
        )
        .unwrap();
        data.extend_from_slice(&tag);
        data[0] ^= u8::from(flip);
        let body = json!({ "encrypted_flow_data": base64(&data), "encrypted_aes_key": base64(&wrapped(&secret)),
                           "initial_vector": base64(&iv) });
        message("application/json", body.to_string())
    };
    let plain = open_whole(&flows, &made(false)).unwrap();
    assert_eq!(plain.body, question);
    assert_eq!(
        open_whole(&flows, &made(true)).err(),
        Some(OpenFault::NotOpened)
    );
    let sealing = Sealing {
        key: None,
        kid: "",
        content_type: "application/json",
        method: b"POST",
        target: b"/flow",
        status: Some(200),
        now: NOW,
        session: plain.session.as_ref(),
        sign: None,
    };
    let answer = flows
        .seal(b"{\"data\":1}", &sealing, &mut |_| Ok(()))
        .unwrap();
    assert_eq!(answer.content_type, "text/plain");
    let sealed = openssl::base64::decode_block(std::str::from_utf8(&answer.body).unwrap()).unwrap();
    let (data, tag) = sealed.split_at(sealed.len() - 16);
    let flipped: Vec<u8> = iv.iter().map(|byte| !byte).collect();
    let opened = decrypt_aead(
        Cipher::aes_128_gcm(),
        &secret,
        Some(&flipped),
        &[],
        data,
        tag,
    );
    assert_eq!(opened.unwrap(), b"{\"data\":1}");
}

fn order() -> Value {
    json!({ "card": { "foo": { "pan": "4111", "name": "Zo\u{eb}" }, "z": 1 }, "amount": 12 })
}

#[test]
fn mastercards_libraries_and_we_open_each_others_jwe() {
    let whole = format(Name::MastercardJwe, Options::default());
    let member = format(
        Name::MastercardJwe,
        fields(&[("$.card.encryptedFoo.encryptedValue", "$.card.foo")]),
    );
    let strict = format(Name::Jwe, fields(&[("$.encryptedValue", "$")]));
    for mut vendor in Vendor::both() {
        let made = vendor
            .ask(json!({ "do": "seal", "kind": "jwe", "seal": { "$": "$" }, "payload": order() }));
        let sealed = message("application/json", made.to_string());
        assert_eq!(open(&whole, &sealed), Ok(order()));
        // Their initialisation vectors have 16 bytes: only the named profile takes them.
        assert_eq!(open(&strict, &sealed), Err(OpenFault::Malformed));
        let token = made["encryptedValue"].as_str().unwrap();
        let bad = message(
            "application/json",
            json!({ "encryptedValue": touched(token) }).to_string(),
        );
        assert_eq!(open(&whole, &bad), Err(OpenFault::NotOpened));

        let made = vendor.ask(json!({ "do": "seal", "kind": "jwe", "seal": { "card.foo": "card.encryptedFoo" }, "payload": order() }));
        assert_eq!(
            open(&member, &message("application/json", made.to_string())),
            Ok(order())
        );

        let ours: Value =
            serde_json::from_slice(&seal(&member, &order().to_string()).body).unwrap();
        assert!(!ours.to_string().contains("4111"));
        let opened = vendor.ask(json!({ "do": "open", "kind": "jwe", "payload": ours,
            "text": "hex",
            "open": { "card.encryptedFoo": "card.foo" } }));
        assert_eq!(opened["card"]["foo"], order()["card"]["foo"]);
    }
}

#[test]
fn mastercards_libraries_and_we_open_each_others_fields() {
    for (text, name) in [(Text::Hex, "hex"), (Text::Base64, "base64")] {
        let field = format(
            Name::MastercardField,
            Options {
                text: Some(text),
                ..fields(&[("$.card.encryptedFoo.encryptedValue", "$.card.foo")])
            },
        );
        for mut vendor in Vendor::both() {
            let made = vendor.ask(json!({ "do": "seal", "kind": "field", "text": name,
                "seal": { "card.foo": "card.encryptedFoo" }, "payload": order() }));
            let sealed = message("application/json", made.to_string());
            assert_eq!(open(&field, &sealed), Ok(order()), "{made}");
            let mut bad = made.clone();
            bad["card"]["encryptedFoo"]["oaepHashingAlgorithm"] = json!("SHA1");
            let bad = message("application/json", bad.to_string());
            assert_eq!(open(&field, &bad), Err(OpenFault::NotOpened));

            // The library of npm reads what it opened as Latin-1.
            let mut plain = order();
            plain["card"]["foo"]["name"] = json!("Zoe");
            let ours: Value =
                serde_json::from_slice(&seal(&field, &plain.to_string()).body).unwrap();
            assert!(!ours.to_string().contains("4111"));
            let opened = vendor.ask(
                json!({ "do": "open", "kind": "field", "text": name, "payload": ours,
                "open": { "card.encryptedFoo": "card.foo" } }),
            );
            assert_eq!(opened["card"]["foo"], plain["card"]["foo"]);
        }
    }
}
