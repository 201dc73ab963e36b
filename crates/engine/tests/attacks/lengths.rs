//! Keys, IVs, tags and ciphertexts of wrong lengths: A16 to A24 of docs/jose.md.

use sealgate_engine::Reason;
use serde_json::{Value, json};

use crate::forge::{Forge, direct_header};
use crate::site::Site;
use crate::support::base64url;

fn direct() -> Forge {
    Forge::direct(direct_header(&json!({})))
}

#[test]
fn a16_tags_that_are_not_whole() {
    let mut site = Site::new();
    let whole = direct().tag;
    for length in [0, 4, 8, 12, 15, 17, 32] {
        let tag: Vec<u8> = whole.iter().copied().cycle().take(length).collect();
        let bad = Forge { tag, ..direct() };
        site.refuses("tag", bad.token(), Reason::TokenMalformed);
        site.refuses_json("tag", &bad.flattened(), Reason::PayloadNotOpened);
    }
}

/// 16 bytes are for the profile of Mastercard alone, and this is none of its formats.
#[test]
fn a17_initialization_vectors_of_other_lengths() {
    let mut site = Site::new();
    for length in [0, 8, 11, 13, 16] {
        let bad = Forge {
            iv: vec![9; length],
            ..direct()
        };
        site.refuses("IV", bad.token(), Reason::TokenMalformed);
        site.refuses_json("IV", &bad.flattened(), Reason::PayloadNotOpened);
    }
}

/// One failure, whether the padding would be good or bad: the MAC is judged first.
#[test]
fn a18_padding_of_cbc() {
    let mut site = Site::new();
    let blocks = [0x5c; 32];
    let bad_padding_good_tag = Forge::cbc(&blocks);
    let mut bad_tag = Forge::cbc(&blocks);
    bad_tag.tag[0] ^= 1;
    let mut full_length = Forge::cbc(&blocks);
    full_length.tag = [full_length.tag.clone(), vec![0; 16]].concat();
    for (name, token) in [
        ("bad padding, good tag", &bad_padding_good_tag),
        ("bad padding, bad tag", &bad_tag),
    ] {
        site.refuses(name, token.token(), Reason::TokenNotOpened);
        site.refuses_body(name, token.token(), Reason::PayloadNotOpened);
    }
    site.refuses(
        "the whole HMAC",
        full_length.token(),
        Reason::TokenMalformed,
    );
}

#[test]
fn a20_blocks_of_cbc() {
    let mut site = Site::new();
    for length in [0, 1, 15, 17, 31] {
        let bad = Forge::cbc(&vec![0x5c; length]);
        site.refuses("blocks", bad.token(), Reason::TokenMalformed);
    }
    for length in [0, 12, 15, 17] {
        let bad = Forge {
            iv: vec![7; length],
            ..Forge::cbc(&[0x5c; 16])
        };
        site.refuses("IV", bad.token(), Reason::TokenMalformed);
    }
}

/// The key service is not asked about a key that no honest sender makes.
#[test]
fn a21_encrypted_keys_of_other_lengths() {
    let mut site = Site::new();
    for kid in ["kw", "wrap"] {
        let header = json!({ "alg": "A256KW", "enc": "A256GCM", "kid": kid }).to_string();
        for length in [0, 8, 16, 23, 24, 25, 39, 41, 48, 4096] {
            let bad = Forge::direct(&header).with_key(&vec![1; length]);
            site.refuses(kid, bad.token(), Reason::TokenMalformed);
        }
    }
    let header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "rsa" }).to_string();
    for length in [0, 40, 128, 255, 1025] {
        let bad = Forge::direct(&header).with_key(&vec![1; length]);
        site.refuses("rsa", bad.token(), Reason::TokenMalformed);
    }
    let huge = Forge::direct(&header).with_key(&vec![1; 16 << 20]);
    site.refuses("16 MiB", huge.token(), Reason::TokenMalformed);
}

#[test]
fn a22_content_keys_of_other_lengths() {
    let mut site = Site::new();
    for bytes in [16, 24, 48, 64] {
        let token = Forge::wrapped(bytes).token();
        site.refuses("wrapped", token, Reason::TokenMalformed);
    }
    // Whatever a key service answers.
    let header = json!({ "alg": "A256KW", "enc": "A256GCM", "kid": "wrap" }).to_string();
    let token = Forge::direct(header).with_key(&[1; 40]).token();
    for bytes in [0, 16, 31, 33, 64] {
        let answer = json!({ "cek": base64url(&vec![0x11; bytes]), "kid": "hw-wrap", "ver": 1,
                             "fp": "a".repeat(43), "cached": false });
        site.host.key_answer = Some((200, answer.to_string().into_bytes()));
        let reason = site.token(&token);
        assert!(
            matches!(
                reason,
                Some(Reason::TokenNotOpened | Reason::TokenKeyService)
            ),
            "{bytes}: {reason:?}"
        );
    }
}

#[test]
fn a23_parameters_of_gcm_key_wrap() {
    let mut site = Site::new();
    let good = json!({ "alg": "A256GCMKW", "enc": "A256GCM", "kid": "gcmkw",
                       "iv": base64url(&[1; 12]), "tag": base64url(&[1; 16]) });
    let with = |name: &str, value: Option<Value>| {
        let mut header = good.clone();
        match value {
            Some(value) => header[name] = value,
            None => drop(header.as_object_mut().unwrap().remove(name)),
        }
        Forge::direct(header.to_string()).with_key(&[1; 32]).token()
    };
    for name in ["iv", "tag"] {
        for value in [
            None,
            Some(json!("")),
            Some(json!(base64url(&[1; 8]))),
            Some(json!(base64url(&[1; 17]))),
            Some(json!(12)),
            Some(json!(null)),
        ] {
            site.refuses(name, with(name, value), Reason::TokenMalformed);
        }
    }
    let control = with("kid", Some(json!("gcmkw")));
    site.refuses("well formed and wrong", control, Reason::TokenNotOpened);
}

#[test]
fn a24_encrypted_keys_where_there_are_none() {
    let mut site = Site::new();
    for length in [1, 40, 256] {
        let bad = direct().with_key(&vec![1; length]);
        site.refuses("dir", bad.token(), Reason::TokenMalformed);
        site.refuses_json("dir", &bad.flattened(), Reason::PayloadNotOpened);
    }
    let none = Forge::wrapped(32).with_key(&[]);
    site.refuses("A256KW", none.token(), Reason::TokenMalformed);
    let mut empty = Forge::wrapped(32).flattened();
    empty["encrypted_key"] = json!("");
    site.refuses_json("an empty one", &empty, Reason::PayloadNotOpened);
}
