//! No byte of a token can be changed, removed or doubled without a refusal.
#![cfg(not(target_arch = "wasm32"))]

use proptest::prelude::*;
use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, SealSpec, Sealed, seal_compact,
};
use sealgate_jose::jws::{SignKey, SignSpec, Signed, VerifyKey, sign_compact, verify};
use sealgate_jose::{JoseError, Limits};

mod support;
use support::{agreement_private, agreement_public, seeded, verify_key};

const KEY: [u8; 32] = [0x21; 32];
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

type Open = dyn Fn(&[u8]) -> Result<Vec<u8>, JoseError>;

/// A token and the way its recipient opens it.
struct Token {
    text: String,
    open: Box<Open>,
}

fn sealed(alg: KeyManagement, enc: ContentEncryption) -> Token {
    let spec = SealSpec {
        kid: Some("k1"),
        cty: Some("json"),
        ..SealSpec::new(enc)
    };
    let (lock, key) = match alg.is_ecdh() {
        true => (
            EncryptionKey::public(alg, &agreement_public(6)),
            DecryptionKey::private(alg, agreement_private(6)),
        ),
        false => (
            EncryptionKey::symmetric(alg, enc, &KEY),
            DecryptionKey::symmetric(alg, enc, &KEY),
        ),
    };
    let (lock, key) = (lock.unwrap(), key.unwrap());
    Token {
        text: seal_compact(b"some plaintext", &spec, &lock, &mut seeded(5)).unwrap(),
        open: Box::new(move |token| key.open(Sealed::compact(token, &Limits::TOKEN)?)),
    }
}

fn tokens() -> Vec<Token> {
    let cbc = ContentEncryption::A128CbcHs256;
    let mut tokens = vec![
        sealed(KeyManagement::Dir, ENC),
        sealed(KeyManagement::Dir, cbc),
        sealed(KeyManagement::A256Kw, ENC),
        sealed(KeyManagement::A256GcmKw, cbc),
        sealed(KeyManagement::EcdhEs, ENC),
    ];
    let ec = SignKey::es256(&KEY).unwrap();
    let ed = SignKey::ed25519(&KEY);
    for (key, signer) in [
        (
            VerifyKey::hs256(&KEY).unwrap(),
            SignKey::hs256(&KEY).unwrap(),
        ),
        (verify_key(&ec), ec),
        (verify_key(&ed), ed),
    ] {
        tokens.push(Token {
            text: sign_compact(b"some plaintext", &SignSpec::default(), &signer).unwrap(),
            open: Box::new(move |token| {
                verify(token, &key, &Limits::TOKEN).map(sealgate_jose::jws::Verified::into_payload)
            }),
        });
    }
    tokens
}

#[test]
fn every_byte_counts() {
    for Token { text, open } in tokens() {
        let token = text.into_bytes();
        assert_eq!(open(&token).unwrap(), b"some plaintext");
        for at in 0..token.len() {
            for bit in 0..8 {
                let mut changed = token.clone();
                changed[at] ^= 1 << bit;
                assert!(open(&changed).is_err(), "byte {at} bit {bit}");
            }
            let mut removed = token.clone();
            removed.remove(at);
            assert!(open(&removed).is_err(), "byte {at} removed");
            let mut doubled = token.clone();
            doubled.insert(at, token[at]);
            assert!(open(&doubled).is_err(), "byte {at} doubled");
            assert!(open(&token[..at]).is_err(), "cut to {at}");
        }
    }
}

/// Segments of one token inside another under the same key.
#[test]
fn segments_cannot_be_exchanged() {
    let lock = EncryptionKey::symmetric(KeyManagement::Dir, ENC, &KEY).unwrap();
    let key = DecryptionKey::symmetric(KeyManagement::Dir, ENC, &KEY).unwrap();
    let spec = SealSpec::new(ENC);
    let mut random = seeded(9);
    let mut seal = |plaintext: &[u8], kid| {
        let spec = SealSpec { kid, ..spec };
        seal_compact(plaintext, &spec, &lock, &mut random).unwrap()
    };
    let (first, second) = (
        seal(b"first message", None),
        seal(b"other message", Some("k")),
    );
    let (first, second): (Vec<_>, Vec<_>) =
        (first.split('.').collect(), second.split('.').collect());
    for segment in [0, 2, 3, 4] {
        let mut mixed = first.clone();
        mixed[segment] = second[segment];
        let mixed = mixed.join(".");
        let opened = key.open(Sealed::compact(mixed.as_bytes(), &Limits::TOKEN).unwrap());
        assert_eq!(opened, Err(JoseError::Authentication), "segment {segment}");
    }
}

proptest! {
    #[test]
    fn every_plaintext_comes_back(
        plaintext in prop::collection::vec(any::<u8>(), 0..3000),
        kid in prop::option::of(".{0,40}"),
        seed: u64,
    ) {
        let lock = EncryptionKey::shared(KeyManagement::A256Kw, &KEY).unwrap();
        let key = DecryptionKey::symmetric(KeyManagement::A256Kw, ENC, &KEY).unwrap();
        for enc in ContentEncryption::ALL {
            let spec = SealSpec { kid: kid.as_deref(), ..SealSpec::new(enc) };
            let token = seal_compact(&plaintext, &spec, &lock, &mut seeded(seed)).unwrap();
            let sealed = Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
            prop_assert_eq!(&sealed.header().kid, &kid);
            prop_assert_eq!(&key.open(sealed).unwrap(), &plaintext);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(token in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Sealed::compact(&token, &Limits::TOKEN).is_err());
        prop_assert!(Signed::compact(&token, &Limits::TOKEN).is_err());
    }

    #[test]
    fn arbitrary_segments_never_panic(token in "[A-Za-z0-9_-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){4}") {
        prop_assert!(Sealed::compact(token.as_bytes(), &Limits::TOKEN).is_err());
    }
}
