//! A policy with one key of each kind, and what a client sees of a refusal.

use std::cell::RefCell;

use sealgate_engine::{Gate, HeaderLine, ProblemClass, Reason};
use sealgate_jose::jwe::{HpkeSuite, KeyManagement};
use sealgate_jose::jwk::Curve;
use sealgate_jose::jws::SignKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{self, Host, NOW, Sealed, Sender, Verdict, hex};

/// `direct`: `dir`, A256GCM.
pub(crate) const DIRECT: [u8; 32] = [0x11; 32];
/// `cbc`: `dir`, A128CBC-HS256.
pub(crate) const CBC: [u8; 32] = [0x22; 32];
/// `kw`: A256KW, at hand.
pub(crate) const KW: [u8; 32] = [0x33; 32];
/// `gcmkw`: A256GCMKW, at hand.
pub(crate) const GCMKW: [u8; 32] = [0x44; 32];

/// A gate and what is around it.
pub(crate) struct Site {
    gate: Gate,
    /// What every client is told whose request proves nothing.
    reference: Answer,
    /// The key service and the issuer; one that is not expected to be asked answers nothing good.
    pub(crate) host: Host,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with(&document())
    }

    pub(crate) fn with(document: &Value) -> Self {
        let gate = support::gate(document);
        Self {
            reference: reference(&gate),
            gate,
            host: Host::default(),
        }
    }

    /// The reason for which a token is refused; `None` when it passes.
    pub(crate) fn token(&mut self, token: impl AsRef<[u8]>) -> Option<Reason> {
        self.token_at("/token/1", token)
    }

    pub(crate) fn token_at(&mut self, target: &str, token: impl AsRef<[u8]>) -> Option<Reason> {
        let sender = Sender {
            target: target.into(),
            ..Sender::default()
        };
        let mut sealed = sender.sign(b"{}".to_vec(), &[("content-type", "application/json")]);
        sealed.set(
            "authorization",
            &[b"Bearer ".as_slice(), token.as_ref()].concat(),
        );
        self.judge(&sealed)
    }

    /// The reason for which a compact body is refused.
    pub(crate) fn body(&mut self, body: impl AsRef<[u8]>) -> Option<Reason> {
        self.body_at("/compact/1", "application/jose", body.as_ref())
    }

    /// The reason for which a body in JSON is refused.
    pub(crate) fn json(&mut self, body: &Value) -> Option<Reason> {
        self.json_text(&body.to_string())
    }

    pub(crate) fn json_text(&mut self, body: &str) -> Option<Reason> {
        self.body_at("/json/1", "application/jose+json", body.as_bytes())
    }

    pub(crate) fn body_at(
        &mut self,
        target: &str,
        content_type: &str,
        body: &[u8],
    ) -> Option<Reason> {
        let sender = Sender {
            target: target.into(),
            ..Sender::default()
        };
        self.judge(&sender.sign(body.to_vec(), &[("content-type", content_type)]))
    }

    /// Judges a request; one that is refused for what it proves is answered as all others are.
    pub(crate) fn judge(&mut self, sealed: &Sealed) -> Option<Reason> {
        self.host.answered = None;
        match self.host.judge(&self.gate, sealed) {
            Verdict::Forwarded(..) => None,
            Verdict::Refused(reason, _) => {
                if reason.class() == ProblemClass::Unauthenticated {
                    assert_eq!(answer(&self.host), self.reference, "{}", reason.code());
                }
                Some(reason)
            }
        }
    }

    /// A token that must be refused for this reason without anybody being asked.
    #[track_caller]
    pub(crate) fn refuses(&mut self, name: &str, token: impl AsRef<[u8]>, reason: Reason) {
        assert_eq!(self.token(token), Some(reason), "{name}");
        self.asked_nobody(name);
    }

    /// The same of a compact body.
    #[track_caller]
    pub(crate) fn refuses_body(&mut self, name: &str, body: impl AsRef<[u8]>, reason: Reason) {
        assert_eq!(self.body(body), Some(reason), "{name}");
        self.asked_nobody(name);
    }

    /// The same of a JSON body.
    #[track_caller]
    pub(crate) fn refuses_json(&mut self, name: &str, body: &Value, reason: Reason) {
        assert_eq!(self.json(body), Some(reason), "{name}");
        self.asked_nobody(name);
    }

    #[track_caller]
    pub(crate) fn asked_nobody(&self, name: &str) {
        assert!(
            self.host.questions.is_empty(),
            "{name} asks the key service"
        );
        assert!(self.host.fetched.is_empty(), "{name} fetches keys");
    }
}

/// Lends a site that one test uses again and again.
#[track_caller]
pub(crate) fn shared(run: impl FnOnce(&mut Site)) {
    thread_local! { static SITE: RefCell<Site> = RefCell::new(Site::new()); }
    SITE.with_borrow_mut(run);
}

#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    headers: Vec<HeaderLine>,
    body: Vec<u8>,
}

/// What a client is told whose message signature is not one.
fn reference(gate: &Gate) -> Answer {
    let mut sealed = Sender {
        target: "/token/1".into(),
        ..Sender::default()
    }
    .sign(b"{}".to_vec(), &[]);
    sealed.set("signature", b"sig1=:AAAA:");
    let mut host = Host::default();
    let reason = host.judge(gate, &sealed).reason();
    assert_eq!(reason, Some(Reason::SignatureMismatch));
    answer(&host)
}

fn answer(host: &Host) -> Answer {
    let refusal = host.answered.as_ref().expect("an answer");
    let line = |(name, value): (&str, &str)| (name.into(), value.into());
    Answer {
        status: refusal.status(),
        headers: refusal.headers().into_iter().map(line).collect(),
        body: refusal.body("request-1"),
    }
}

/// The issuer's key `idp`, ES256.
pub(crate) fn idp() -> SignKey {
    SignKey::es256(&[0x51; 32]).unwrap()
}

/// The key of another issuer, whom only the route `/other` trusts.
pub(crate) fn other_issuer() -> SignKey {
    SignKey::ed25519(&[0x52; 32])
}

/// Claims that are good for the policy.
pub(crate) fn claims() -> Value {
    json!({ "iss": "https://idp", "aud": "pay", "exp": NOW + 60, "sub": "alice" })
}

/// A P-256 private JWK whose private half no key service of these tests uses.
pub(crate) fn ec_jwk(seed: u8, curve: Curve) -> Value {
    let scalar = vec![seed; curve.field_bytes() - 1];
    let scalar = [vec![0], scalar].concat();
    let key = SignKey::ecdsa(curve, &scalar).unwrap();
    let mut jwk = key.ec_public().unwrap().to_value();
    jwk["d"] = json!(support::base64url(&scalar));
    jwk
}

/// A private JWK of JOSE HPKE.
pub(crate) fn hpke_jwk(alg: KeyManagement, suite: HpkeSuite) -> Value {
    let private = vec![0x17; suite.private_key_bytes()];
    suite.private_jwk(alg, &private).unwrap()
}

/// One key of each kind, one route for each place that a message can be in.
pub(crate) fn document() -> Value {
    let x_wing = HpkeSuite::XWingAes;
    let ke = KeyManagement::HpkeKe(x_wing);
    let integrated = KeyManagement::Hpke(x_wing);
    let secret = |id: &str, alg: &str, enc: &[&str], secret: &[u8]| json!({ "id": id, "use": "decrypt", "alg": alg, "enc": enc, "material": { "inline": hex(secret) } });
    let bridge = |id: &str, alg: &str| json!({ "id": id, "use": "decrypt", "alg": alg, "material": { "bridge": format!("hw-{id}") } });
    let decrypt = [
        "direct",
        "cbc",
        "kw",
        "gcmkw",
        "wrap",
        "agree",
        "rsa",
        "agree-here",
        "hpke",
        "hpke-ke",
    ];
    let verify = ["idp", "rs", "ps"];
    let signature = json!({ "scheme": "rfc9421", "keys": ["partner"] });
    let token = |verify: &[&str]| json!({ "decrypt": decrypt, "verify": verify, "issuer": "https://idp", "audience": ["pay"] });
    let payload = |serialization: &str| json!({ "format": "jwe", "keys": decrypt, "options": { "serialization": serialization } });
    let route =
        |name: &str| json!({ "match": { "path_prefix": format!("/{name}") }, "policy": name });
    let names = ["token", "other", "compact", "json"];
    json!({
        "version": 1,
        "unmatched": "refuse",
        "pq": "allow",
        "bridge": { "cluster": "hsm-bridge", "token": { "inline": "0123456789abcdef", "encoding": "text" } },
        "keys": [
            { "id": "partner", "use": "mac", "alg": "HS256", "material": { "inline": hex(&support::MAC) } },
            secret("direct", "dir", &["A256GCM"], &DIRECT),
            secret("cbc", "dir", &["A128CBC-HS256"], &CBC),
            secret("kw", "A256KW", &["A256GCM", "A128CBC-HS256"], &KW),
            secret("gcmkw", "A256GCMKW", &["A256GCM"], &GCMKW),
            bridge("wrap", "A256KW"),
            bridge("agree", "ECDH-ES+A256KW"),
            bridge("rsa", "RSA-OAEP-256"),
            { "id": "agree-here", "use": "decrypt", "alg": "ECDH-ES+A256KW",
              "material": { "jwk": ec_jwk(0x61, Curve::P256) } },
            { "id": "hpke", "use": "decrypt", "alg": integrated.name(),
              "material": { "jwk": hpke_jwk(integrated, x_wing) } },
            { "id": "hpke-ke", "use": "decrypt", "alg": ke.name(), "material": { "jwk": hpke_jwk(ke, x_wing) } },
            { "id": "idp", "use": "verify", "alg": "ES256",
              "material": { "jwk": idp().ec_public().unwrap().to_value() } },
            { "id": "idp-other", "use": "verify", "alg": "EdDSA",
              "material": { "jwk": other_issuer().ed25519_public().unwrap().to_value() } },
            { "id": "rs", "use": "verify", "alg": "RS256", "material": { "jwk": rsa_jwk() } },
            { "id": "ps", "use": "verify", "alg": "PS256", "material": { "jwk": rsa_jwk() } },
        ],
        "policies": {
            "token": { "signature": signature, "token": token(&verify) },
            "other": { "signature": signature, "token": token(&["idp-other"]) },
            "compact": { "signature": signature, "payload": payload("compact") },
            "json": { "signature": signature, "payload": payload("json") },
        },
        "routes": names.map(route),
    })
}

/// A public RSA key: 2048 bits, odd, of which nobody knows the factors.
pub(crate) fn rsa_jwk() -> Value {
    let mut modulus: Vec<u8> = (0..8_u8)
        .flat_map(|block| Sha256::digest([block]))
        .collect();
    modulus[0] |= 0x80;
    modulus[255] |= 1;
    json!({ "kty": "RSA", "e": "AQAB", "n": support::base64url(&modulus) })
}
