//! What this crate reads of a peer, under mutated input: nothing panics, nothing opens that was not
//! sealed, and what is replaced in a body stays where it was. A second per target, or as many as
//! `SEALGATE_FUZZ_SECONDS` says.

use sealgate_format::records::{self, RecordHeader, Records};
use sealgate_format::{
    Demand, Entropy, Field, Format, Head, Name, OpenFault, Opener, Options, Path, SealKey, Sealing,
    Text, json,
};
use sealgate_jose::jwe::{ContentEncryption, DecryptionKey, KeyManagement};

#[path = "../../jose/tests/support/mutator.rs"]
mod mutator;
use mutator::run;

const SECRET: [u8; 32] = [7; 32];
const BODY: &[u8] = br#"{ "n" : 1.50, "items":[ {"id":"\u00e9" ,"account" : {"iban": "DE1"} }, {"account":"x","id":2}] ,
    "card" : [1, 2] , "z":null }"#;

/// Every text that is a path is written as it was read, and finds what a body has there.
#[test]
fn json_paths() {
    let seeds = [
        "$.items[*].account",
        "$.card.box.value",
        "$",
        "$.\u{fc}[*][*].b-c",
    ];
    run(
        "json_paths",
        &seeds.map(|text| text.as_bytes().to_vec()),
        |input| {
            let Ok(text) = core::str::from_utf8(input) else {
                return;
            };
            let Ok(path) = Path::parse(text) else { return };
            assert_eq!(path.to_string(), text, "one spelling");
            let plain = Path::parse("$").unwrap();
            for (sealed, plain) in [(path.clone(), plain), (path.clone(), path)] {
                if let Some(field) = Field::new(sealed, plain, true) {
                    let options = Options {
                        fields: vec![field],
                        ..Options::default()
                    };
                    if let Ok(format) = Format::new(Name::Jwe, false, options) {
                        let _ = format.take(&head(), BODY, &mut |_| true);
                    }
                }
            }
        },
    );
}

/// The walk over a body's bytes, and the values that it would replace.
#[test]
fn json_members() {
    let nested = br#"{"a":[[{"b":"]}"}],"\"",{}],"c":{"d":{"e":[]}},"\u0061b":-1e-2}"#;
    run(
        "json_members",
        &[BODY.to_vec(), nested.to_vec()],
        json::fuzz,
    );
}

/// Whole bodies whose members are sealed: what comes out is one strict JSON object.
#[test]
fn json_fields() {
    let path = |text| Path::parse(text).unwrap();
    let fields = [
        ("$.items[*].sealed", "$.items[*].account"),
        ("$.card.box.value", "$.card"),
    ];
    let fields = fields.map(|(sealed, plain)| Field::new(path(sealed), path(plain), true).unwrap());
    let options = Options {
        fields: fields.to_vec(),
        ..Options::default()
    };
    let format = Format::new(Name::Jwe, false, options).unwrap();
    let seeds = [
        seal(&format, BODY),
        seal(&format, br#"{"items":[],"card":{"a":1}}"#),
    ];
    run("json_fields", &seeds, |input| {
        if let Ok(opened) = open(&format, input) {
            assert!(
                json::check(&opened).is_ok(),
                "what comes out is strict JSON"
            );
        }
    });
}

/// The bodies of the formats that are no plain JWE.
#[test]
fn vendor_bodies() {
    let names = [
        Name::Toss,
        Name::VisaMle,
        Name::Juspay,
        Name::WechatPay,
        Name::MastercardJwe,
    ];
    let mut formats: Vec<Format> = names
        .into_iter()
        .map(|name| Format::new(name, false, Options::default()).unwrap())
        .collect();
    let plain = Format::new(Name::Jwe, false, Options::default()).unwrap();
    let token = String::from_utf8(seal(&plain, br#"{"a":1}"#)).unwrap();
    let mut seeds = vec![token.clone().into_bytes()];
    for member in ["encData", "encryptedValue", "encryptedRequest"] {
        seeds.push(format!(r#"{{"{member}":"{token}"}}"#).into_bytes());
    }
    let text = Options {
        fields: vec![
            Field::new(
                Path::parse("$.encryptedData").unwrap(),
                Path::parse("$").unwrap(),
                false,
            )
            .unwrap(),
        ],
        text: Some(Text::Base64),
        ..Options::default()
    };
    formats.extend(Format::new(Name::MastercardField, false, text));
    seeds.push(br#"{"encryptedData":"00ff","iv":"00","encryptedKey":"00","oaepHashingAlgorithm":"SHA256"}"#.to_vec());
    seeds.push(br#"{"resource":{"algorithm":"AEAD_AES_256_GCM","ciphertext":"AAAA","nonce":"abcdefghijkl","associated_data":"t"}}"#.to_vec());
    seeds.push(
        br#"{"header":"e30","encryptedKey":"AA","iv":"AA","encryptedPayload":"AA","tag":"AA"}"#
            .to_vec(),
    );
    run("vendor_bodies", &seeds, |input| {
        for format in &formats {
            let _ = open(format, input);
        }
    });
}

/// Records: nothing but what was sealed opens, wherever it is cut, swapped or lengthened.
#[test]
fn record_framing() {
    const DATA: &[u8] = b"POST\n/";
    let mut seeds = Vec::new();
    let mut plaintexts = vec![Vec::new()];
    for records in [Records::Aes128Gcm, Records::Aes256Gcm] {
        for (length, size) in [(0, 18), (1, 18), (40, 25), (64, 33), (200, 64)] {
            let plaintext: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let sealed = records.seal(&plaintext, &SECRET, b"k1", size, [9; 16], DATA);
            seeds.push(sealed.unwrap());
            plaintexts.push(plaintext);
        }
    }
    run("record_framing", &seeds, |input| {
        for records in [Records::Aes128Gcm, Records::Aes256Gcm] {
            records::fuzz(records, input);
            let Ok(header) = RecordHeader::parse(input) else {
                return;
            };
            let mut body = input.to_vec();
            match records.open(&mut body, &header, &SECRET, DATA) {
                Ok(()) => assert!(plaintexts.contains(&body), "a part of what was sealed"),
                Err(fault) => assert_eq!(fault, OpenFault::NotOpened),
            }
        }
    });
}

fn head() -> Head<'static> {
    Head {
        header: &|name| match name {
            "content-type" => Some(b"application/json"),
            _ => None,
        },
    }
}

fn seal(format: &Format, plaintext: &[u8]) -> Vec<u8> {
    let key = SealKey::shared("dir", &SECRET).unwrap();
    let sealing = Sealing {
        key: Some(&key),
        kid: "k1",
        content_type: "application/json",
        method: b"POST",
        target: b"/pay",
        status: None,
        now: 1_800_000_000,
        session: None,
        sign: None,
    };
    let mut entropy = Entropy::from_seed([3; 32]);
    let sealed = format.seal(plaintext, &sealing, &mut |bytes| entropy.fill(bytes));
    sealed.unwrap().body
}

/// Opens as the gate does, with one shared key.
fn open(format: &Format, body: &[u8]) -> Result<Vec<u8>, OpenFault> {
    let mut taken = format.take(&head(), body, &mut |_| true)?;
    let demand = Demand {
        now: 1_800_000_000,
        verify: &|_| None,
    };
    let enc = ContentEncryption::A256Gcm;
    let key = DecryptionKey::symmetric(KeyManagement::Dir, enc, &SECRET).unwrap();
    while let Some(part) = taken.next() {
        let opener = match part.alg() {
            None => Opener::Shared(&SECRET),
            Some(_) if part.enc() == Some(ContentEncryption::A128Gcm) => {
                Opener::ContentKey(&SECRET[..16])
            }
            Some(_) => Opener::Jwe(&key),
        };
        taken.open(opener, &demand)?;
    }
    taken.finish(body).map(|plain| plain.body)
}
