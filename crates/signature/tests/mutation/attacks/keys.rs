//! Another algorithm, another key, another key's name.

use sealgate_signature::{Algorithm, VerificationKey};

use super::{refuse, victim};
use crate::gate::{judge, judge_with};
use crate::subject::{Draft, NOW, Subject, mac};

/// Names of algorithms as dialects spell them on the wire.
const NAMES: [&str; 18] = [
    "hmac-md5",
    "hmac-sha1",
    "hmac-sha224",
    "hmac-sha256",
    "hmac-sha384",
    "hmac-sha512",
    "HmacSHA1",
    "HmacSHA256",
    "HmacMD5",
    "ed25519",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "rsa-pss-sha512",
    "rsa-v1_5-sha256",
    "rsa-sha256",
    "rsa-sha1",
    "hs2019",
    "none",
];

pub(crate) fn exchanged(subject: &Subject) {
    let original = victim(subject);
    let [sender, stranger] = &subject.keys;

    // The same secret, pinned to another algorithm.
    if let Some(secret) = sender.secret {
        let others = Algorithm::ALL
            .into_iter()
            .filter(|other| other.is_mac() && *other != sender.key.algorithm());
        for other in others {
            let key = VerificationKey::Mac(mac(other, secret).unwrap());
            let keys = [(sender.id, &key)];
            assert!(
                judge_with(subject, &original, &keys, NOW).is_err(),
                "{other:?}"
            );
        }
    }

    // Somebody else's key under the sender's name, and a message of somebody else.
    let keys = [(sender.id, &stranger.key)];
    assert!(judge_with(subject, &original, &keys, NOW).is_err());
    let [draft, _] = Draft::two();
    let theirs = subject.signed_by(&draft, 1);
    let keys = [(sender.id, &sender.key)];
    assert!(judge_with(subject, &theirs, &keys, NOW).is_err());

    // The name rewritten.
    if let (Some(id), Some(other)) = (sender.id, stranger.id) {
        assert_eq!(
            judge(subject, &theirs),
            Ok(()),
            "the other party is trusted"
        );
        for new in [other, "", "nobody", &id.to_uppercase(), &format!("{id} ")] {
            if let Some(changed) = original.with_text(id.as_bytes(), new.as_bytes()) {
                refuse(subject, &original, &changed, &format!("key id {new:?}"));
            }
        }
    }

    // The algorithm's name rewritten, also in its case.
    for old in NAMES {
        let upper = old.to_uppercase();
        for new in NAMES.into_iter().chain(["", &upper]) {
            if let Some(changed) = original.with_text(old.as_bytes(), new.as_bytes()) {
                let what = format!("algorithm {old:?} called {new:?}");
                refuse(subject, &original, &changed, &what);
            }
        }
    }
}
