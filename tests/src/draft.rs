//! A sealed request before it is made: the suites change one thing and make it.

use std::time::{SystemTime, UNIX_EPOCH};

use josekit::jwk::alg::ec::EcKeyPair;
use openssl::base64::encode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use openssl::symm::{Cipher, encrypt_aead};
use serde_json::{Value, json};

use crate::keys::{GITHUB_SECRET, Keys, hex, random};
use crate::makers::{Lock, josekit as maker};
use crate::message::Request;

/// Everything a sender decides about a request.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `POST`.
    pub method: String,
    /// Request target.
    pub target: String,
    /// Host.
    pub authority: String,
    /// Headers outside the gate's formats.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The token, when the route wants one.
    pub token: Option<Token>,
    /// The body's format and key.
    pub seal: Seal,
    /// The body before it is sealed.
    pub plaintext: Vec<u8>,
    /// Content type of the plaintext.
    pub content_type: String,
    /// The message signature.
    pub signature: Signature,
}

/// The token of a draft.
#[derive(Clone, Debug)]
pub struct Token {
    /// Claims.
    pub claims: Value,
    /// Signer of the inner JWS and its `kid`; `None` puts the claims into the JWE as they are.
    pub signer: Option<(EcKeyPair, String)>,
    /// The JWE's key.
    pub lock: Lock,
}

/// How the body is sealed.
#[derive(Clone, Debug)]
pub enum Seal {
    /// As it is.
    None,
    /// One compact JWE.
    Jwe(Lock),
    /// Nonce, ciphertext and tag under this key and key id.
    Raw(Vec<u8>, String),
}

/// How the request is signed.
#[derive(Clone, Debug)]
pub enum Signature {
    /// Not at all.
    None,
    /// RFC 9421 with HMAC.
    Rfc9421(Rfc9421),
    /// `X-Hub-Signature-256` with this secret.
    Github(Vec<u8>),
}

/// Parameters of an RFC 9421 signature.
#[derive(Clone, Debug)]
pub struct Rfc9421 {
    /// HMAC key.
    pub key: Vec<u8>,
    /// `keyid`.
    pub keyid: String,
    /// `alg`, when it is written.
    pub alg: Option<String>,
    /// Covered components.
    pub cover: Vec<String>,
    /// `created`, when it is written.
    pub created: Option<i64>,
    /// `expires`, when it is written.
    pub expires: Option<i64>,
    /// `nonce`, when it is written.
    pub nonce: Option<String>,
}

impl Draft {
    /// The main case: signed, with a nested token and a JWE body, both to the gate's key in its token.
    pub fn payments(keys: &Keys) -> Self {
        Self {
            method: "POST".to_owned(),
            target: "/payments/42?currency=EUR".to_owned(),
            authority: "api.bank.test".to_owned(),
            headers: vec![("user-agent".to_owned(), b"partner-a/1.0".to_vec())],
            token: Some(Token {
                claims: claims(),
                signer: Some((keys.idp.clone(), "idp-2026".to_owned())),
                lock: keys.gate.clone(),
            }),
            seal: Seal::Jwe(keys.gate.clone()),
            plaintext: json!({ "amount": 1250, "to": "DE02120300000000202051", "note": "rent" })
                .to_string()
                .into_bytes(),
            content_type: "application/json".to_owned(),
            signature: Signature::Rfc9421(Rfc9421 {
                key: keys.mac.clone(),
                keyid: "partner-a-mac".to_owned(),
                alg: Some("hmac-sha256".to_owned()),
                cover: ["@method", "@target-uri", "content-digest"]
                    .map(str::to_owned)
                    .to_vec(),
                created: Some(now()),
                expires: None,
                nonce: Some(hex(&random(16))),
            }),
        }
    }

    /// The same with the shared `dir` key for token and body; needs no bridge.
    pub fn shared(keys: &Keys) -> Self {
        let lock = keys.shared_dir();
        let token = Token {
            claims: claims(),
            signer: None,
            lock: lock.clone(),
        };
        Self {
            target: "/shared/42".to_owned(),
            token: Some(token),
            seal: Seal::Jwe(lock),
            ..Self::payments(keys)
        }
    }

    /// Signed, with a raw AES-256-GCM body.
    pub fn raw(keys: &Keys) -> Self {
        Self {
            target: "/raw/42?x=1".to_owned(),
            token: None,
            seal: Seal::Raw(keys.raw.clone(), "body-2026".to_owned()),
            ..Self::payments(keys)
        }
    }

    /// A GitHub-style hook with a plain body.
    pub fn hook(keys: &Keys) -> Self {
        let delivery = hex(&random(8));
        Self {
            target: "/hook".to_owned(),
            token: None,
            seal: Seal::None,
            plaintext: json!({ "action": "opened", "delivery": delivery })
                .to_string()
                .into_bytes(),
            signature: Signature::Github(GITHUB_SECRET.as_bytes().to_vec()),
            ..Self::payments(keys)
        }
    }

    /// The RFC 9421 parameters, to change them.
    pub fn rfc9421(&mut self) -> &mut Rfc9421 {
        match &mut self.signature {
            Signature::Rfc9421(parameters) => parameters,
            other => panic!("not an RFC 9421 draft: {other:?}"),
        }
    }

    /// The token, to change it.
    pub fn token(&mut self) -> &mut Token {
        self.token.as_mut().expect("a draft with a token")
    }

    /// Makes the request: token, body, then the signature over both.
    pub fn make(&self) -> Request {
        self.make_with(|_| {})
    }

    /// As [`Draft::make`], with `edit` between sealing and signing.
    pub fn make_with(&self, edit: impl FnOnce(&mut Request)) -> Request {
        let mut request = Request::new(&self.method, &self.target, self.plaintext.clone());
        request.authority.clone_from(&self.authority);
        request.headers.clone_from(&self.headers);
        if let Some(token) = &self.token {
            request.set("authorization", format!("Bearer {}", token.make()));
        }
        self.seal_body(&mut request);
        edit(&mut request);
        self.sign(&mut request);
        request
    }

    fn seal_body(&self, request: &mut Request) {
        match &self.seal {
            Seal::None => request.set("content-type", self.content_type.as_str()),
            Seal::Jwe(lock) => {
                let extra = json!({ "cty": self.content_type });
                request.body = maker::seal(lock, &self.plaintext, &extra).into_bytes();
                request.set("content-type", "application/jose");
            }
            Seal::Raw(key, id) => {
                request.body = raw(key, id, &self.method, &self.target, &self.plaintext);
                request.set("content-type", self.content_type.as_str());
                request.set("content-encoding", "sealgate-a256gcm");
                request.set("sealgate-key", id.as_str());
            }
        }
    }

    fn sign(&self, request: &mut Request) {
        match &self.signature {
            Signature::None => {}
            Signature::Rfc9421(parameters) => parameters.sign(request),
            Signature::Github(secret) => {
                let mac = hex(&hmac(secret, &request.body));
                request.set("x-hub-signature-256", format!("sha256={mac}"));
            }
        }
    }
}

impl Token {
    /// The compact JWE.
    pub fn make(&self) -> String {
        let inner = match &self.signer {
            Some((key, kid)) => maker::sign(key, kid, &self.claims).into_bytes(),
            None => self.claims.to_string().into_bytes(),
        };
        maker::seal(&self.lock, &inner, &json!({ "cty": "JWT" }))
    }
}

impl Rfc9421 {
    /// Adds `content-digest` (when covered and absent), `signature-input` and `signature`.
    pub fn sign(&self, request: &mut Request) {
        if self.cover.iter().any(|name| name == "content-digest")
            && request.value("content-digest").is_none()
        {
            request.set("content-digest", content_digest(&request.body));
        }
        let parameters = self.parameters();
        let mut base = String::new();
        for name in &self.cover {
            let value = match name.as_str() {
                "@method" => request.method.clone(),
                "@target-uri" => format!("https://{}{}", request.authority, request.target),
                "@authority" => request.authority.clone(),
                header => {
                    String::from_utf8_lossy(request.value(header).unwrap_or_default()).into_owned()
                }
            };
            base.push_str(&format!("\"{name}\": {value}\n"));
        }
        base.push_str(&format!("\"@signature-params\": {parameters}"));
        let mac = encode_block(&hmac(&self.key, base.as_bytes()));
        request.set("signature-input", format!("sig1={parameters}"));
        request.set("signature", format!("sig1=:{mac}:"));
    }

    fn parameters(&self) -> String {
        let names: Vec<_> = self
            .cover
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect();
        let mut text = format!("({})", names.join(" "));
        let mut add = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(";{name}={value}"));
            }
        };
        add("created", self.created.map(|seconds| seconds.to_string()));
        add("expires", self.expires.map(|seconds| seconds.to_string()));
        add(
            "nonce",
            self.nonce.as_ref().map(|nonce| format!("\"{nonce}\"")),
        );
        add("keyid", Some(format!("\"{}\"", self.keyid)));
        add("alg", self.alg.as_ref().map(|alg| format!("\"{alg}\"")));
        text
    }
}

/// Claims of a good token.
pub fn claims() -> Value {
    json!({
        "iss": "https://idp", "aud": "payments", "sub": "alice", "scope": "pay read",
        "iat": now(), "nbf": now() - 5, "exp": now() + 300,
    })
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock after 1970");
    i64::try_from(since.as_secs()).expect("a clock before the year 292 billion")
}

/// RFC 9530 `Content-Digest` with SHA-256.
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", encode_block(&openssl::sha::sha256(body)))
}

/// HMAC-SHA256 by OpenSSL.
pub fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).expect("key");
    let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("signer");
    signer.sign_oneshot_to_vec(data).expect("MAC")
}

/// A raw AES-256-GCM body by OpenSSL, bound to method, target and key id.
pub fn raw(key: &[u8], id: &str, method: &str, target: &str, plaintext: &[u8]) -> Vec<u8> {
    let associated = format!("sealgate-a256gcm\n{method}\n{target}\n{id}");
    let nonce = random(12);
    let mut tag = [0; 16];
    let cipher = Cipher::aes_256_gcm();
    let sealed = encrypt_aead(
        cipher,
        key,
        Some(&nonce),
        associated.as_bytes(),
        plaintext,
        &mut tag,
    )
    .expect("sealed");
    [nonce.as_slice(), &sealed, &tag].concat()
}
