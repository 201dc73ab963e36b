//! No byte of a token can be changed, removed or doubled without a refusal.

use proptest::prelude::*;
use sealgate_jose::jwe::{
    Compact, ContentEncryption, ContentEncryptionKey, KeyEncryptionKey, Recipient, SealSpec,
    seal_compact,
};
use sealgate_jose::jws::{SignKey, SignSpec, VerifyKey, sign_compact, verify};
use sealgate_jose::{JoseError, Limits, jwe};

mod support;
use support::{EcHolder, seeded};

const KEY: [u8; 32] = [0x21; 32];
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

type Open = dyn Fn(&[u8]) -> Result<Vec<u8>, JoseError>;

/// A token and the way its recipient opens it.
struct Sealed {
    token: String,
    open: Box<Open>,
}

fn tokens() -> Vec<Sealed> {
    let spec = SealSpec {
        kid: Some("k1"),
        cty: Some("json"),
        ..SealSpec::new(ENC)
    };
    let seal = |recipient: &Recipient<'_>| {
        seal_compact(b"some plaintext", &spec, recipient, &mut seeded(5)).unwrap()
    };
    let cek = || ContentEncryptionKey::from_slice(ENC, &KEY).unwrap();
    let kek = || KeyEncryptionKey::from_slice(&KEY).unwrap();
    let holder = || EcHolder::seeded(6);
    let parse = |token: &[u8]| Compact::parse(token, &Limits::TOKEN).map(Compact::into_owned);
    let mut sealed = vec![
        Sealed {
            token: seal(&Recipient::Dir(&cek())),
            open: Box::new(move |token| parse(token)?.open(&cek())),
        },
        Sealed {
            token: seal(&Recipient::A256Kw(&kek())),
            open: Box::new(move |token| {
                let compact = parse(token)?;
                let cek = kek().unwrap_key(ENC, compact.encrypted_key())?;
                compact.open(&cek)
            }),
        },
        Sealed {
            token: seal(&Recipient::EcdhEs(&holder().public())),
            open: Box::new(move |token| {
                let compact = parse(token)?;
                if compact.header().alg != jwe::KeyManagement::EcdhEs {
                    return Err(JoseError::Authentication);
                }
                let cek = holder().content_key(&compact);
                compact.open(&cek)
            }),
        },
    ];
    for (signer, key) in [
        (
            SignKey::hs256(&KEY).unwrap(),
            VerifyKey::hs256(&KEY).unwrap(),
        ),
        {
            let signer = SignKey::es256(&KEY).unwrap();
            let key = VerifyKey::es256(&signer.ec_public().unwrap()).unwrap();
            (signer, key)
        },
        {
            let signer = SignKey::ed25519(&KEY);
            let key = VerifyKey::ed25519(&signer.ed25519_public().unwrap()).unwrap();
            (signer, key)
        },
    ] {
        sealed.push(Sealed {
            token: sign_compact(b"some plaintext", &SignSpec::default(), &signer).unwrap(),
            open: Box::new(move |token| {
                verify(token, &key, &Limits::TOKEN).map(sealgate_jose::jws::Verified::into_payload)
            }),
        });
    }
    sealed
}

#[test]
fn every_byte_counts() {
    for Sealed { token, open } in tokens() {
        let token = token.into_bytes();
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
    let cek = ContentEncryptionKey::from_slice(ENC, &KEY).unwrap();
    let spec = SealSpec::new(ENC);
    let mut random = seeded(9);
    let mut seal = |plaintext: &[u8], kid| {
        let spec = SealSpec { kid, ..spec };
        seal_compact(plaintext, &spec, &Recipient::Dir(&cek), &mut random).unwrap()
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
        let opened = Compact::parse(mixed.as_bytes(), &Limits::TOKEN)
            .unwrap()
            .open(&cek);
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
        let kek = KeyEncryptionKey::from_slice(&KEY).unwrap();
        let spec = SealSpec { kid: kid.as_deref(), ..SealSpec::new(ENC) };
        let token = seal_compact(&plaintext, &spec, &Recipient::A256Kw(&kek), &mut seeded(seed));
        let token = token.unwrap();
        let compact = Compact::parse(token.as_bytes(), &Limits::TOKEN).unwrap();
        prop_assert_eq!(&compact.header().kid, &kid);
        let cek = kek.unwrap_key(ENC, compact.encrypted_key()).unwrap();
        prop_assert_eq!(compact.open(&cek).unwrap(), plaintext);
    }

    #[test]
    fn arbitrary_bytes_never_panic(token in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Compact::parse(&token, &Limits::TOKEN).is_err());
    }

    #[test]
    fn arbitrary_segments_never_panic(token in "[A-Za-z0-9_-]{0,60}(\\.[A-Za-z0-9_-]{0,60}){4}") {
        prop_assert!(Compact::parse(token.as_bytes(), &Limits::TOKEN).is_err());
    }
}
