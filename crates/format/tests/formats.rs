//! Every format both ways: what it seals it opens, in the bytes its vendor documents; and what is
//! not that format, or was touched, is refused.

use sealgate_format::{
    Demand, Entropy, Field, Format, Head, Name, OpenFault, Opener, Options, Path, Plain, SealFault,
    SealKey, Sealed, Sealing,
};
use sealgate_jose::jwe::{ContentEncryption, DecryptionKey, KeyManagement};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const SECRET: [u8; 32] = [7; 32];

fn format(name: Name, options: Options) -> Format {
    Format::new(name, false, options).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn field(sealed: &str, plain: &str) -> Field {
    let path = |text| Path::parse(text).unwrap();
    Field::new(path(sealed), path(plain), false).unwrap()
}

fn seal_as(format: &Format, plaintext: &[u8], alg: &str) -> Result<Sealed, SealFault> {
    let key = SealKey::shared(alg, &SECRET).unwrap();
    let sealing = Sealing {
        key: Some(&key),
        kid: "k1",
        content_type: "application/json",
        method: b"POST",
        target: b"/pay",
        status: None,
        now: NOW,
        session: None,
        sign: None,
    };
    let mut entropy = Entropy::from_seed([3; 32]);
    format.seal(plaintext, &sealing, &mut |bytes| entropy.fill(bytes))
}

/// Opens a message as the gate does, with one shared key.
fn open_at(format: &Format, sealed: &Sealed, alg: &str, now: i64) -> Result<Plain, OpenFault> {
    let headers: Vec<(&str, &str)> = sealed
        .headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .chain([("content-type", sealed.content_type.as_str())])
        .collect();
    let header = |name: &str| {
        let line = headers.iter().find(|(line, _)| *line == name);
        line.map(|(_, value)| value.as_bytes())
    };
    let head = Head { header: &header };
    let mut taken = format.take(&head, &sealed.body, &mut |header| {
        header.kid.as_deref() == Some("k1")
    })?;
    let demand = Demand {
        now,
        verify: &|_| None,
    };
    let management = KeyManagement::from_name(alg);
    while taken.next().is_some() {
        match management {
            None => taken.open(Opener::Shared(&SECRET), &demand)?,
            Some(management) => {
                let enc = ContentEncryption::A256Gcm;
                let key = DecryptionKey::symmetric(management, enc, &SECRET).unwrap();
                taken.open(Opener::Jwe(&key), &demand)?;
            }
        }
    }
    taken.finish(&sealed.body)
}

fn open(format: &Format, sealed: &Sealed, alg: &str) -> Result<Vec<u8>, OpenFault> {
    open_at(format, sealed, alg, NOW).map(|plain| plain.body)
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn jwe_opens_what_it_seals_in_both_serializations() {
    for json in [false, true] {
        let format = format(
            Name::Jwe,
            Options {
                json,
                ..Options::default()
            },
        );
        let sealed = seal_as(&format, b"{\"a\":1}", "A256KW").unwrap();
        assert_eq!(sealed.body.starts_with(b"{"), json);
        let plain = open_at(&format, &sealed, "A256KW", NOW).unwrap();
        assert_eq!(plain.body, b"{\"a\":1}");
        assert_eq!(plain.content_type.as_deref(), Some("application/json"));
    }
    let compact = format(Name::Jwe, Options::default());
    let json = format(
        Name::Jwe,
        Options {
            json: true,
            ..Options::default()
        },
    );
    let mut sealed = seal_as(&json, b"{}", "A256KW").unwrap();
    assert_eq!(open(&compact, &sealed, "A256KW"), Err(OpenFault::Format));
    sealed.content_type = "application/jose".into();
    assert_eq!(open(&compact, &sealed, "A256KW"), Err(OpenFault::Malformed));
}

#[test]
fn members_are_replaced_and_every_other_byte_stays() {
    let fields = vec![
        field("$.items[*].sealed", "$.items[*].account"),
        field("$.card.box.value", "$.card"),
    ];
    let format = format(
        Name::Jwe,
        Options {
            fields,
            ..Options::default()
        },
    );
    let body = br#"{ "n" : 1.50, "items":[ {"id":"\u00e9" ,"account" : {"iban": "DE1"} }, {"account":"x","id":2}] ,
        "card" : [1, 2] , "z":null }"#;
    let sealed = seal_as(&format, body, "dir").unwrap();
    let text = String::from_utf8(sealed.body.clone()).unwrap();
    assert!(!text.contains("DE1") && !text.contains("account"), "{text}");
    assert!(text.starts_with("{ \"n\" : 1.50, \"items\":[ {\"id\":\"\\u00e9\" ,\"sealed\":\"ey"));
    assert!(text.ends_with("\"}} , \"z\":null }"), "{text}");
    let opened = open(&format, &sealed, "dir").unwrap();
    let expected = br#"{ "n" : 1.50, "items":[ {"id":"\u00e9" ,"account":{"iban": "DE1"} }, {"account":"x","id":2}] ,
        "card":[1, 2] , "z":null }"#;
    assert_eq!(
        String::from_utf8_lossy(&opened),
        String::from_utf8_lossy(expected)
    );
}

#[test]
fn members_that_are_missing_doubled_or_hidden_are_refused() {
    let format = format(
        Name::Jwe,
        Options {
            fields: vec![field("$.a.sealed", "$.a.plain")],
            ..Options::default()
        },
    );
    let sealed = seal_as(&format, br#"{"a":{"plain":1,"b":2}}"#, "dir").unwrap();
    let with = |from: &str, to: &str| {
        let text = String::from_utf8(sealed.body.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Sealed {
            body: text.replace(from, to).into_bytes(),
            ..sealed.clone()
        }
    };
    let refused = |sealed: &Sealed| open(&format, sealed, "dir").unwrap_err();
    assert_eq!(refused(&with("\"sealed\"", "\"other\"")), OpenFault::Format);
    assert_eq!(refused(&with("\"b\":2", "\"plain\":2")), OpenFault::Content);
    assert_eq!(
        refused(&with("\"b\"", "\"\\u0070lain\"")),
        OpenFault::Content
    );
    assert_eq!(
        refused(&with("\"b\":2", "\"sealed\":2")),
        OpenFault::Malformed
    );
    assert_eq!(refused(&with("\"ey", "\"fy")), OpenFault::Malformed);
    assert_eq!(
        seal_as(&format, br#"{"a":{"b":2}}"#, "dir"),
        Err(SealFault::NotThere)
    );
    assert_eq!(seal_as(&format, b"[1]", "dir"), Err(SealFault::NotThere));
}

#[test]
fn a_plaintext_that_is_no_json_value_does_not_stand_in_json() {
    let whole = format(Name::Jwe, Options::default());
    let fields = format(
        Name::Jwe,
        Options {
            fields: vec![field("$.a", "$.b")],
            ..Options::default()
        },
    );
    for plaintext in ["1,\"admin\":true", "{\"a\":1,\"a\":2}", "x", "1 2", ""] {
        let token = seal_as(&whole, plaintext.as_bytes(), "dir").unwrap().body;
        let token = String::from_utf8(token).unwrap();
        let sealed = Sealed {
            body: json!({ "a": token }).to_string().into_bytes(),
            content_type: "application/json".into(),
            headers: Vec::new(),
        };
        let refused = open(&fields, &sealed, "dir");
        assert_eq!(refused, Err(OpenFault::Content), "{plaintext}");
    }
}

#[test]
fn toss_says_when_and_only_once_and_is_marked() {
    let format = format(
        Name::Toss,
        Options {
            tolerance_seconds: Some(300),
            ..Options::default()
        },
    );
    let sealed = seal_as(&format, b"{\"amount\":1}", "dir").unwrap();
    assert_eq!(sealed.content_type, "text/plain");
    assert_eq!(
        sealed.headers,
        [("tosspayments-api-security-mode", "ENCRYPTION".to_owned())]
    );
    let header = sealed.body.split(|byte| *byte == b'.').next().unwrap();
    let header = json_of(&base64url(header));
    assert_eq!(header["alg"], "dir");
    assert_eq!(header["enc"], "A256GCM");
    assert_eq!(header["iat"], "2027-01-15T17:00:00+09:00");
    assert_eq!(header["nonce"].as_str().map(str::len), Some(36));
    assert_eq!(open(&format, &sealed, "dir").unwrap(), b"{\"amount\":1}");
    for now in [NOW - 301, NOW + 301] {
        let stale = open_at(&format, &sealed, "dir", now).err();
        assert_eq!(stale, Some(OpenFault::Stale));
    }
    let mut unmarked = sealed.clone();
    unmarked.headers.clear();
    assert_eq!(open(&format, &unmarked, "dir"), Err(OpenFault::Format));
}

#[test]
fn visa_token_service_opens_members_by_their_prefix() {
    let service = format(Name::VisaTokenService, Options::default());
    let sealing = format(
        Name::VisaTokenService,
        Options {
            fields: vec![field("$.encPaymentInstrument", "$.paymentInstrument")],
            ..Options::default()
        },
    );
    let body = br#"{"clientAppID":"a","paymentInstrument":{"pan":"4111"}}"#;
    let sealed = seal_as(&sealing, body, "A256GCMKW").unwrap();
    let value = json_of(&sealed.body);
    let token = value["encPaymentInstrument"].as_str().unwrap();
    let header = json_of(&base64url(token.split('.').next().unwrap().as_bytes()));
    assert_eq!(header["channelSecurityContext"], "SHARED_SECRET");
    assert_eq!(header["iat"], NOW.to_string());
    assert_eq!(open(&service, &sealed, "A256GCMKW").unwrap(), body);
    let plain = Sealed {
        body: br#"{"encounter":"x","paymentInstrument":1}"#.to_vec(),
        ..sealed
    };
    let refused = open(&service, &plain, "A256GCMKW");
    assert_eq!(refused, Err(OpenFault::Format), "nothing is sealed in it");
}

#[test]
fn wechat_pay_resource_opens_in_place() {
    let format = format(Name::WechatPay, Options::default());
    let body = br#"{"id":"e1", "resource":{"mchid":"1"},"summary":"ok"}"#;
    let sealed = seal_as(&format, body, "A256GCM").unwrap();
    let value = json_of(&sealed.body);
    assert_eq!(value["resource"]["algorithm"], "AEAD_AES_256_GCM");
    assert_eq!(value["resource"]["nonce"].as_str().map(str::len), Some(12));
    assert_eq!(open(&format, &sealed, "A256GCM").unwrap(), body);
    let mut other = value;
    other["resource"]["associated_data"] = json!("transaction");
    let other = Sealed {
        body: other.to_string().into_bytes(),
        ..sealed
    };
    assert_eq!(open(&format, &other, "A256GCM"), Err(OpenFault::NotOpened));
}

#[test]
fn a_touched_message_does_not_open() {
    let cases = [
        (Name::Jwe, "A256KW"),
        (Name::Toss, "dir"),
        (Name::WechatPay, "A256GCM"),
    ];
    for (name, alg) in cases {
        let format = format(name, Options::default());
        let sealed = seal_as(&format, br#"{"resource":{"a":1}}"#, alg).unwrap();
        // Every tenth byte, so that each part of the message is met.
        for at in (0..sealed.body.len()).step_by(10) {
            let mut touched = sealed.clone();
            touched.body[at] ^= 4;
            let opened = open(&format, &touched, alg);
            let same = opened.as_deref() == Ok(br#"{"resource":{"a":1}}"#.as_slice());
            // Outside the sealed value of a JSON body, bytes are not this format's to protect.
            assert!(opened.is_err() || !same, "{} at {at}", name.name());
            if name != Name::WechatPay {
                assert!(opened.is_err(), "{} at {at}", name.name());
            }
        }
    }
}

#[test]
fn options_without_meaning_are_refused() {
    let fault =
        |name, response, options| Format::new(name, response, options).err().unwrap().option;
    let with = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        options
    };
    let fields = || with(|options| options.fields = vec![field("$.a", "$.b")]);
    let json = || with(|options| options.json = true);
    let time = || with(|options| options.tolerance_seconds = Some(1));
    let signed = || with(|options| options.signed_inside = true);
    assert_eq!(fault(Name::Toss, false, fields()), "fields");
    assert_eq!(fault(Name::WechatPay, false, fields()), "fields");
    assert_eq!(fault(Name::Aes256Gcm, false, json()), "serialization");
    assert_eq!(fault(Name::Jwe, false, time()), "tolerance_seconds");
    assert_eq!(fault(Name::Toss, false, signed()), "verify");
    assert_eq!(fault(Name::Toss, true, signed()), "verify");
    assert!(!format(Name::VisaTokenService, Options::default()).can_seal());
    assert!(format(Name::VisaTokenService, fields()).can_seal());
    let two = with(|options| options.fields = vec![field("$.a", "$"), field("$.b", "$.c")]);
    assert_eq!(fault(Name::Jwe, false, two), "fields");
    let bare = with(|options| options.fields = vec![field("$.a", "$.b")]);
    assert_eq!(fault(Name::MastercardField, false, bare), "fields");
    for name in Name::ALL {
        assert_eq!(Name::from_name(name.name()), Some(name));
    }
}

fn base64url(text: &[u8]) -> Vec<u8> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    Base64UrlUnpadded::decode_vec(std::str::from_utf8(text).unwrap()).unwrap()
}
