//! A sealed request as an honest sender makes it, and a host that drives the engine.
#![allow(dead_code, unreachable_pub, reason = "each suite uses its part")]

use std::collections::HashMap;

use aes_kw::cipher::KeyInit;
use sealgate_engine::{
    Channel, Effect, Event, Exchange, Forward, Gate, KeySetQuestion, NoMaterials, Reason, Refusal,
    RequestHead, SharedAnswer, SharedRequest,
};
use sealgate_jose::jwe::{self, ContentEncryption, EncryptionKey, KeyManagement, SealSpec};
use sealgate_jose::jws::{self, SignKey, SignSpec};
use sealgate_signature::scheme::rfc9421;
use sealgate_signature::{MacKey, Message, content_digest};
use serde_json::{Value, json};

pub const NOW: i64 = 1_800_000_000;
pub const MAC: [u8; 32] = [7; 32];
pub const BODY_KEY: [u8; 32] = [9; 32];
pub const WRAP_KEY: [u8; 32] = [5; 32];
pub const IDP_KEY: [u8; 32] = [3; 32];

/// The full policy; tests change members of it.
pub fn policy() -> Value {
    json!({
        "version": 1,
        "unmatched": "refuse",
        "bridge": { "cluster": "hsm-bridge", "token": { "inline": "0123456789abcdef", "encoding": "text" } },
        "keys": [
            { "id": "partner", "use": "mac", "alg": "HS256", "material": { "inline": hex(&MAC) } },
            { "id": "wrap", "use": "decrypt", "alg": "A256KW", "material": { "bridge": "hw-wrap" } },
            { "id": "raw", "use": "decrypt", "alg": "A256GCM", "material": { "inline": hex(&BODY_KEY) } },
            { "id": "idp", "use": "verify", "alg": "HS256", "material": { "inline": hex(&IDP_KEY) } }
        ],
        "policies": { "pay": {
            "limits": { "max_body_bytes": 4096 },
            "channel": { "client_cert": { "required": true, "san": ["spiffe://bank/a"] } },
            "signature": { "scheme": "rfc9421", "keys": ["partner"] },
            "replay": { "by": "nonce" },
            "token": { "decrypt": ["wrap"], "verify": ["idp"], "issuer": "https://idp", "audience": ["pay"],
                       "claims_to_headers": { "sub": "x-sub" } },
            "payload": { "format": "jwe", "keys": ["wrap"] },
            "inspect": { "classes": ["sqli", "xss"], "headers": ["user-agent"] }
        } },
        "routes": [
            { "match": { "path_prefix": "/pay", "methods": ["POST"] }, "policy": "pay" },
            { "match": { "path": "/healthz" }, "open": true }
        ]
    })
}

pub fn gate(policy: &Value) -> Gate {
    Gate::compile(policy.to_string().as_bytes(), &NoMaterials)
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
}

/// What an honest sender puts together; tests break one thing of it.
#[derive(Clone)]
pub struct Sender {
    pub method: &'static str,
    pub target: String,
    pub plaintext: Vec<u8>,
    pub claims: Value,
    pub nonce: String,
    pub created: i64,
    pub kid: &'static str,
    pub extra: Vec<(String, Vec<u8>)>,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            method: "POST",
            target: "/pay/1?ref=a".into(),
            plaintext: br#"{"to":"Zoe O'Hara","amount":12}"#.to_vec(),
            claims: json!({ "iss": "https://idp", "aud": "pay", "exp": NOW + 60, "sub": "alice" }),
            nonce: "n-1".into(),
            created: NOW,
            kid: "partner",
            extra: Vec::new(),
        }
    }
}

/// A request as the host would hand it over.
#[derive(Clone)]
pub struct Sealed {
    pub head: RequestHead,
    pub channel: Channel,
    pub body: Vec<u8>,
}

impl Sender {
    pub fn seal(&self) -> Sealed {
        let body = seal_jwe(&self.plaintext, Some("wrap"), Some("json")).into_bytes();
        let token = sealed_token(&self.claims);
        self.sign(
            body,
            &[
                ("content-type", "application/jose"),
                ("authorization", &format!("Bearer {token}")),
            ],
        )
    }

    /// Signs a body as it will be sent, with these further headers.
    pub fn sign(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> Sealed {
        let mut lines: Vec<(Vec<u8>, Vec<u8>)> = headers
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        lines.push((
            b"content-digest".to_vec(),
            content_digest::sha256(&body).into_bytes(),
        ));
        let signed = {
            let message = Message {
                method: self.method.as_bytes(),
                scheme: b"https",
                authority: b"api.bank.test",
                target: self.target.as_bytes(),
                headers: &lines,
                ..Default::default()
            };
            let components: Vec<rfc9421::Component> = ["@method", "@target-uri", "content-digest"]
                .iter()
                .map(|name| rfc9421::Component::new(name).unwrap())
                .collect();
            let spec = rfc9421::SignSpec {
                label: "sig1",
                components: &components,
                created: Some(self.created),
                expires: None,
                nonce: Some(&self.nonce),
                keyid: Some(self.kid),
                alg: Some("hmac-sha256"),
                tag: None,
                structured: &[],
            };
            rfc9421::sign(&message, &spec, &MacKey::new(MAC.to_vec()).unwrap()).unwrap()
        };
        lines.push((
            b"signature-input".to_vec(),
            signed.signature_input.into_bytes(),
        ));
        lines.push((b"signature".to_vec(), signed.signature.into_bytes()));
        lines.push((
            b"content-length".to_vec(),
            body.len().to_string().into_bytes(),
        ));
        for (name, value) in &self.extra {
            lines.push((name.clone().into_bytes(), value.clone()));
        }
        let pseudo = [
            (":method", self.method),
            (":path", self.target.as_str()),
            (":scheme", "https"),
            (":authority", "api.bank.test"),
        ];
        let mut headers: Vec<(Vec<u8>, Vec<u8>)> = pseudo
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        headers.extend(lines);
        Sealed {
            head: RequestHead {
                headers,
                end_of_stream: false,
                ..RequestHead::default()
            },
            channel: Channel {
                tls_version: Some("TLSv1.3".into()),
                client_certificate: true,
                san: vec!["spiffe://bank/a".into()],
            },
            body,
        }
    }
}

impl Sealed {
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.head
            .headers
            .retain(|(line, _)| line != name.as_bytes());
        self.head
            .headers
            .push((name.as_bytes().to_vec(), value.to_vec()));
    }

    pub fn add(&mut self, name: &str, value: &[u8]) {
        self.head
            .headers
            .push((name.as_bytes().to_vec(), value.to_vec()));
    }

    pub fn remove(&mut self, name: &str) {
        self.head
            .headers
            .retain(|(line, _)| line != name.as_bytes());
    }

    pub fn value(&self, name: &str) -> Vec<u8> {
        let line = self
            .head
            .headers
            .iter()
            .find(|(line, _)| line == name.as_bytes());
        line.unwrap().1.clone()
    }
}

pub fn seal_jwe(plaintext: &[u8], kid: Option<&str>, cty: Option<&str>) -> String {
    let spec = SealSpec {
        kid,
        cty,
        ..SealSpec::new(ContentEncryption::A256Gcm)
    };
    let key = EncryptionKey::shared(KeyManagement::A256Kw, &WRAP_KEY).unwrap();
    jwe::seal_compact(plaintext, &spec, &key, &mut fixed_random()).unwrap()
}

pub fn seal_dir(plaintext: &[u8], key: &[u8]) -> String {
    let spec = SealSpec {
        kid: Some("direct"),
        ..SealSpec::new(ContentEncryption::A256Gcm)
    };
    let key = EncryptionKey::symmetric(KeyManagement::Dir, ContentEncryption::A256Gcm, key);
    jwe::seal_compact(plaintext, &spec, &key.unwrap(), &mut fixed_random()).unwrap()
}

pub fn sealed_token(claims: &Value) -> String {
    signed_token(claims, &SignKey::hs256(&IDP_KEY).unwrap(), Some("idp"))
}

pub fn signed_token(claims: &Value, key: &SignKey, kid: Option<&str>) -> String {
    let spec = SignSpec {
        kid,
        ..SignSpec::default()
    };
    let signed = jws::sign_compact(claims.to_string().as_bytes(), &spec, key).unwrap();
    seal_jwe(signed.as_bytes(), Some("wrap"), Some("JWT"))
}

/// Repeats itself in every test run: fine for tests, useless for anything else.
fn fixed_random() -> impl FnMut(&mut [u8]) -> Result<(), sealgate_jose::RandomError> {
    let mut next = 1_u8;
    move |bytes| {
        for byte in bytes {
            next = next.wrapping_mul(167).wrapping_add(13);
            *byte = next;
        }
        Ok(())
    }
}

/// Everything a host has: a shared store and a key service.
#[derive(Default)]
pub struct Host {
    pub shared: HashMap<String, (Vec<u8>, u32)>,
    pub key_answer: Option<(u16, Vec<u8>)>,
    pub questions: Vec<String>,
    pub store_fails: bool,
    /// What the issuer answers to whoever fetches its key set.
    pub key_set: Option<(u16, Vec<u8>)>,
    /// Where key sets were fetched.
    pub fetched: Vec<KeySetQuestion>,
    /// The last answer to a client that was refused.
    pub answered: Option<Refusal>,
}

/// The verdict and what led to it.
pub enum Verdict {
    Forwarded(Forward, Exchange),
    Refused(Reason, Exchange),
}

impl Verdict {
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Refused(reason, _) => Some(*reason),
            Self::Forwarded(..) => None,
        }
    }

    pub fn exchange(&self) -> &Exchange {
        match self {
            Self::Refused(_, exchange) | Self::Forwarded(_, exchange) => exchange,
        }
    }

    pub fn forwarded(self) -> Forward {
        match self {
            Self::Forwarded(forward, _) => forward,
            Self::Refused(reason, _) => panic!("refused: {}", reason.code()),
        }
    }
}

impl Host {
    pub fn judge(&mut self, gate: &Gate, sealed: &Sealed) -> Verdict {
        self.judge_at(gate, sealed, NOW)
    }

    pub fn judge_at(&mut self, gate: &Gate, sealed: &Sealed, now: i64) -> Verdict {
        let mut exchange = gate.begin(sealed.head.clone(), sealed.channel.clone());
        let mut event = Event::Head;
        loop {
            event = match exchange.handle(event, now) {
                Effect::Wait => panic!("waits without a question"),
                Effect::NeedBody => Event::Body(sealed.body.clone()),
                Effect::AskKey { ticket, question } => {
                    self.questions.push(question.path.clone());
                    let (status, body) = self
                        .key_answer
                        .clone()
                        .unwrap_or_else(|| unwrap(&question.path, &question.body));
                    Event::KeyAnswer {
                        ticket,
                        status,
                        body: body.into(),
                    }
                }
                Effect::FetchKeySet { ticket, question } => {
                    self.fetched.push(question);
                    let (status, body) = self.key_set.clone().unwrap_or_default();
                    Event::KeyAnswer {
                        ticket,
                        status,
                        body: body.into(),
                    }
                }
                Effect::Shared { ticket, request } => Event::SharedAnswer {
                    ticket,
                    answer: self.shared(request),
                },
                Effect::Forward(forward) => return Verdict::Forwarded(forward, exchange),
                Effect::NeedResponseBody | Effect::Respond(_) => panic!("no response yet"),
                Effect::Refuse(refusal) => {
                    let reason = refusal.reason;
                    self.answered = Some(refusal);
                    return Verdict::Refused(reason, exchange);
                }
            };
        }
    }

    fn shared(&mut self, request: SharedRequest) -> SharedAnswer {
        if self.store_fails {
            return SharedAnswer::Failed;
        }
        match request {
            SharedRequest::Get { key } => match self.shared.get(&key) {
                Some((value, version)) => SharedAnswer::Value {
                    value: value.clone(),
                    version: *version,
                },
                None => SharedAnswer::Absent,
            },
            SharedRequest::CompareAndSwap {
                key,
                value,
                version,
            } => {
                let current = self.shared.get(&key).map(|(_, version)| *version);
                if current != version {
                    return SharedAnswer::Conflict;
                }
                self.shared.insert(key, (value, current.unwrap_or(0) + 1));
                SharedAnswer::Stored
            }
        }
    }
}

/// A key service that holds the wrapping key `hw-wrap`.
fn unwrap(path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    assert_eq!(path, "/v1/keys/hw-wrap/unwrap");
    let request = sealgate_wire::decode_unwrap_request(body).unwrap();
    let mut cek = [0; 32];
    let key = aes_kw::KwAes256::new(&WRAP_KEY.into());
    match key.unwrap_key(&request.ek, &mut cek) {
        Ok(_) => {
            let answer = json!({
                "cek": base64url(&cek), "kid": "hw-wrap", "ver": 1, "fp": "a".repeat(43), "cached": false
            });
            (200, answer.to_string().into_bytes())
        }
        Err(_) => crypto_failed(),
    }
}

/// What a key service answers about whatever it cannot open.
pub fn crypto_failed() -> (u16, Vec<u8>) {
    let failure = sealgate_wire::KeyFailure::CryptoFailed;
    (422, sealgate_wire::encode_failure(failure))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn base64url(bytes: &[u8]) -> String {
    use base64ct::Encoding;
    base64ct::Base64UrlUnpadded::encode_string(bytes)
}
