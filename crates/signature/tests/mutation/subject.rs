//! What the suite has to know of a scheme.

use sealgate_signature::{
    Algorithm, MacKey, PublicKey, Scheme, SignOrder, SignatureError, Signer, VerificationKey,
};

use crate::request::{Part, Request};

/// When the messages of the suite are signed, in seconds since the Unix epoch.
pub(crate) const NOW: i64 = 1_700_000_000;

/// A configured scheme under attack.
pub(crate) struct Subject {
    pub(crate) scheme: Box<dyn Scheme>,
    /// The sender's key first, then that of somebody else whom the gate trusts as well. Their
    /// names are what the scheme has on the wire, or nothing.
    pub(crate) keys: [Party; 2],
    /// The parts in which no change may survive, the signature's own fields among them.
    pub(crate) covers: Vec<Part>,
    /// Makes a message to be signed; other octets in every covered part for every other `draft`.
    pub(crate) message: fn(draft: &Draft) -> Request,
    /// Whether two requests that differ mean the same to this scheme by its own text, so that one
    /// signature is right for both (upper case in a host name).
    pub(crate) same: fn(&Request, &Request) -> bool,
}

/// Somebody who signs.
pub(crate) struct Party {
    /// The key's name on the wire.
    pub(crate) id: Option<&'static str>,
    pub(crate) signer: Box<dyn Signer>,
    pub(crate) key: VerificationKey,
    /// The secret, for the same one under another algorithm.
    pub(crate) secret: Option<&'static [u8]>,
}

/// The free parts of a message.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// A path segment: lower-case letters and digits, at least one.
    pub(crate) path: String,
    /// `name=value` pairs, or nothing.
    pub(crate) query: String,
    /// A header value: printable, no space at its ends.
    pub(crate) note: String,
    /// At least one byte.
    pub(crate) body: Vec<u8>,
    /// A nonce that fits every scheme: lower-case letters and digits.
    pub(crate) nonce: String,
    /// The signer's name on the wire, for schemes that have it outside their own fields; or nothing.
    pub(crate) key_id: &'static str,
    /// When it is signed, in seconds since the Unix epoch.
    pub(crate) created: i64,
}

impl Subject {
    /// A message of this draft, signed by the first party.
    pub(crate) fn signed(&self, draft: &Draft) -> Request {
        self.signed_by(draft, 0)
    }

    /// A message of this draft, signed by one of the parties.
    pub(crate) fn signed_by(&self, draft: &Draft, party: usize) -> Request {
        let Party { id, signer, .. } = &self.keys[party];
        let mut request = (self.message)(&Draft {
            key_id: id.unwrap_or_default(),
            ..draft.clone()
        });
        let order = SignOrder {
            key_id: *id,
            created: draft.created,
            nonce: Some(&draft.nonce),
            ..SignOrder::default()
        };
        let lines = self
            .scheme
            .sign(&request.message(), &request.body, &order, signer.as_ref())
            .unwrap();
        request.replace_headers(lines);
        request
    }

    /// Whether a change left every covered part as it was, or meaning the same.
    pub(crate) fn harmless(&self, original: &Request, changed: &Request) -> bool {
        let untouched = |part: &Part| original.read(*part) == changed.read(*part);
        self.covers.iter().all(untouched) || (self.same)(original, changed)
    }
}

impl Draft {
    /// Two messages that differ in everything.
    pub(crate) fn two() -> [Self; 2] {
        let first = Self {
            path: "a".into(),
            query: "id=7&x=%2F".into(),
            note: "seven, eight".into(),
            body: br#"{"amount":1}"#.to_vec(),
            nonce: "n0001".into(),
            key_id: "",
            created: NOW,
        };
        let second = Self {
            path: "b2".into(),
            query: "id=8".into(),
            note: "nine".into(),
            body: br#"{"amount":25}"#.to_vec(),
            nonce: "m0002".into(),
            key_id: "",
            created: NOW + 1,
        };
        [first, second]
    }
}

/// Two parties with a shared secret each, under their names on the wire.
pub(crate) fn mac_parties(algorithm: Algorithm, ids: [Option<&'static str>; 2]) -> [Party; 2] {
    const SECRETS: [&[u8]; 2] = [
        b"0123456789abcdef0123456789abcdef",
        b"another-secret-of-32-bytes-.....",
    ];
    let party = |id, secret: &'static [u8]| Party {
        id,
        signer: Box::new(mac(algorithm, secret).unwrap()),
        key: VerificationKey::Mac(mac(algorithm, secret).unwrap()),
        secret: Some(secret),
    };
    [party(ids[0], SECRETS[0]), party(ids[1], SECRETS[1])]
}

/// Two parties with an Ed25519 key each.
pub(crate) fn ed25519_parties(ids: [Option<&'static str>; 2]) -> [Party; 2] {
    let party = |id, seed: u8| {
        let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap();
        Party {
            id,
            signer: Box::new(Ed25519(key)),
            key: VerificationKey::Public(public),
            secret: None,
        }
    };
    [party(ids[0], 1), party(ids[1], 2)]
}

/// Two parties with a P-256 key each.
pub(crate) fn p256_parties(ids: [Option<&'static str>; 2]) -> [Party; 2] {
    let party = |id, seed: u8| {
        let key = p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        let public = PublicKey::p256(point.as_bytes()).unwrap();
        Party {
            id,
            signer: Box::new(P256(key)),
            key: VerificationKey::Public(public),
            secret: None,
        }
    };
    [party(ids[0], 1), party(ids[1], 2)]
}

/// A private key of the tests; the crate itself has no place for one.
struct Ed25519(ed25519_dalek::SigningKey);

impl Signer for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::Ed25519
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        use ed25519_dalek::Signer as _;
        Ok(self.0.sign(&parts.concat()).to_bytes().to_vec())
    }
}

/// Likewise.
struct P256(p256::ecdsa::SigningKey);

impl Signer for P256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EcdsaP256Sha256
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        use p256::ecdsa::signature::Signer as _;
        let signature: p256::ecdsa::Signature = self.0.sign(&parts.concat());
        Ok(signature.to_bytes().to_vec())
    }
}

/// A secret under an algorithm.
pub(crate) fn mac(algorithm: Algorithm, secret: &[u8]) -> Result<MacKey, SignatureError> {
    MacKey::with_algorithm(algorithm, secret.to_vec())
}

/// For schemes in which no two requests mean the same.
pub(crate) fn never(_: &Request, _: &Request) -> bool {
    false
}
