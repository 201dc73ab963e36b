//! Keys whose value the test knows: A256KW against RFC 3394 wrapping of RustCrypto, AES-GCM key wrap
//! against its AES-GCM, HS256 and HS512 against its HMAC, and the vector of RFC 3394.

#[path = "support/import.rs"]
mod import;
mod support;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use aes_kw::KwAes256;
use hmac::{Hmac, Mac as _};
use import::{Import, import};
use sha2::{Sha256, Sha512};
use support::*;

#[test]
fn softhsm_unwraps_and_macs_with_keys_we_know() {
    known(Kind::SoftHsm);
}

#[test]
fn kryoptic_unwraps_and_macs_with_keys_we_know() {
    known(Kind::Kryoptic);
}

/// RFC 3394 section 4.6: wrap 256 bits of key data with a 256-bit KEK.
const KEK: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
const KEY_DATA: &str = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F";
const WRAPPED: &str = "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43B\
                       FB988B9B7A02DD21";

fn known(kind: Kind) {
    let place = Place::new(kind);
    let long: Key = ("long", "mac", &["HS512"], "");
    let gcm: Key = ("gcm", "unwrap", &["A256GCMKW"], "");
    place.configure(&[EC, AES, MAC, long, gcm], "", "");
    place.keygen("ec", "ec-p256");
    let mac_key = [0x0b; 32];
    let long_key = [0x0c; 64];
    let gcm_key = [0x0d; 32];
    import(
        &place,
        vec![
            ("aes".into(), Import::Aes(hex(KEK))),
            ("mac".into(), Import::Secret(mac_key.to_vec())),
            ("long".into(), Import::Secret(long_key.to_vec())),
            ("gcm".into(), Import::AesGcm(gcm_key.to_vec())),
        ],
    );
    let bridge = place.serve();

    let unwrap = |ek: &[u8], enc: &str| {
        let request = serde_json::json!({ "alg": "A256KW", "ek": b64(ek), "enc": enc });
        bridge.post("aes/unwrap", &request)
    };
    let answer = unwrap(&hex(WRAPPED), "A256GCM");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(unb64(answer.json()["cek"].as_str().unwrap()), hex(KEY_DATA));

    let kek: KwAes256 = aes_kw::KeyInit::new_from_slice(&hex(KEK)).unwrap();
    for (enc, bytes) in [
        ("A128GCM", 16),
        ("A192GCM", 24),
        ("A256GCM", 32),
        ("A128CBC-HS256", 32),
        ("A192CBC-HS384", 48),
        ("A256CBC-HS512", 64),
    ] {
        let cek: Vec<u8> = (0..bytes).collect();
        let mut wrapped = vec![0; cek.len() + 8];
        kek.wrap_key(&cek, &mut wrapped).unwrap();
        let answer = unwrap(&wrapped, enc);
        assert_eq!(answer.status, 200, "{kind:?} {enc}: {answer:?}");
        assert_eq!(unb64(answer.json()["cek"].as_str().unwrap()), cek, "{enc}");
        // Every single-byte change is the same refusal.
        for at in 0..wrapped.len() {
            let mut bad = wrapped.clone();
            bad[at] ^= 0x80;
            assert_eq!(unwrap(&bad, enc).code(), "crypto_failed", "{enc} byte {at}");
        }
    }

    wraps_with_gcm(&bridge, &gcm_key);

    for data in [&b""[..], b"Hi There", &[0xdd; 4096]] {
        let request = |alg| serde_json::json!({ "alg": alg, "data": b64(data) });
        let mut expected = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&mac_key).unwrap();
        expected.update(data);
        let answer = bridge.post("mac/mac", &request("HS256")).json();
        assert_eq!(answer["mac"], b64(&expected.finalize().into_bytes()));
        let mut expected = <Hmac<Sha512> as hmac::KeyInit>::new_from_slice(&long_key).unwrap();
        expected.update(data);
        let answer = bridge.post("long/mac", &request("HS512")).json();
        assert_eq!(
            answer["mac"],
            b64(&expected.finalize().into_bytes()),
            "{kind:?}"
        );
    }
    assert_eq!(bridge.metric("hsmb_token_epoch", ""), 1.0);
}

/// RFC 7518 section 4.7: the key encrypted as any text, with nonce and tag beside it.
fn wraps_with_gcm(bridge: &Bridge<'_>, key: &[u8]) {
    let cipher = Aes256Gcm::new_from_slice(key).unwrap();
    let iv = [9; 12];
    let cek: Vec<u8> = (0..32).collect();
    let nonce = Nonce::try_from(&iv[..]).unwrap();
    let sealed = cipher.encrypt(&nonce, cek.as_slice()).unwrap();
    let (ek, tag) = sealed.split_at(32);
    let ask = |iv: &[u8], ek: &[u8], tag: &[u8]| {
        let request = serde_json::json!({
            "alg": "A256GCMKW", "iv": b64(iv), "ek": b64(ek), "tag": b64(tag), "enc": "A256GCM",
        });
        bridge.post("gcm/unwrap", &request)
    };
    let answer = ask(&iv, ek, tag);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(unb64(answer.json()["cek"].as_str().unwrap()), cek);
    let spoilt = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let bad = [
        ask(&spoilt(&iv, 11), ek, tag),
        ask(&iv, &spoilt(ek, 0), tag),
        ask(&iv, ek, &spoilt(tag, 15)),
    ];
    for answer in bad {
        assert_eq!(answer.code(), "crypto_failed", "{answer:?}");
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}
