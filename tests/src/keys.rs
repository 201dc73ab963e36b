//! The keys of a test site, as senders hold them, and the policy that names them.

use josekit::jwk::alg::ec::EcKeyPair;
use serde_json::{Value, json};

use crate::certificates::PARTNER_A;
use crate::makers::{Lock, josekit as maker};

/// The token that the gateway shows to the bridge.
pub const BRIDGE_TOKEN: &str = "a-token-of-the-test-site";
/// The secret of the GitHub-style hook.
pub const GITHUB_SECRET: &str = "it is a secret to everybody";

/// Keys of one site. Private halves of `gw-ec` and `gw-rsa` are in the PKCS#11 token only.
#[derive(Debug)]
pub struct Keys {
    /// HMAC key `partner-a-mac`.
    pub mac: Vec<u8>,
    /// The identity provider's ES256 key `idp-2026`.
    pub idp: EcKeyPair,
    /// Key `shared-dir`: JWE `dir`.
    pub dir: Vec<u8>,
    /// Key `body-2026`: raw AES-256-GCM bodies.
    pub raw: Vec<u8>,
    /// The gate's key for tokens and bodies.
    pub gate: Lock,
}

impl Keys {
    /// Fresh keys, around a gate key that lives in a token.
    pub fn make(gate: Lock) -> Self {
        Self {
            mac: random(32),
            idp: maker::p256(),
            dir: random(32),
            raw: random(32),
            gate,
        }
    }

    /// Fresh keys, around a gate key that nobody can open: for sites whose bridge is a stand-in.
    pub fn without_bridge() -> Self {
        let nobody = maker::public(&maker::p256());
        Self::make(Lock::public("ECDH-ES+A256KW", "gw-ec", &nobody))
    }

    /// The lock `shared-dir`.
    pub fn shared_dir(&self) -> Lock {
        Lock::shared("shared-dir", &self.dir)
    }

    /// The policy of the suites: every stage, each format, and an open route.
    pub fn policy(&self) -> Value {
        let channel = json!({
            "min_tls": "1.3", "client_cert": { "required": true, "san": [PARTNER_A] },
        });
        let signature = json!({
            "scheme": "rfc9421", "keys": ["partner-a-mac"],
            "cover": ["@method", "@target-uri", "content-digest"], "tolerance_seconds": 300,
        });
        let replay = json!({ "by": "nonce", "store": "local" });
        let inspect = json!({ "classes": ["sqli", "xss"], "headers": ["user-agent", "referer"] });
        let token = |decrypt: &str, verify: &[&str]| {
            json!({
                "from": { "header": "authorization", "scheme": "Bearer" },
                "decrypt": [decrypt], "verify": verify,
                "issuer": "https://idp", "audience": ["payments"],
                "claims_to_headers": { "sub": "x-sub", "scope": "x-scope" },
            })
        };
        json!({
            "version": 1,
            "unmatched": "refuse",
            "bridge": {
                "cluster": "hsm-bridge", "timeout_ms": 1000,
                "token": { "inline": BRIDGE_TOKEN, "encoding": "text" },
            },
            "keys": [
                { "id": "partner-a-mac", "use": "mac", "alg": "HS256",
                  "material": { "inline": hex(&self.mac) } },
                { "id": "github-hook", "use": "mac", "alg": "HS256",
                  "material": { "inline": GITHUB_SECRET, "encoding": "text" } },
                { "id": self.gate.kid, "use": "decrypt", "alg": self.gate.alg,
                  "material": { "bridge": self.gate.kid } },
                { "id": "shared-dir", "use": "decrypt", "alg": "dir",
                  "material": { "inline": hex(&self.dir) } },
                { "id": "body-2026", "use": "decrypt", "alg": "A256GCM",
                  "material": { "inline": hex(&self.raw) } },
                { "id": "idp-2026", "use": "verify", "alg": "ES256",
                  "material": { "jwk": maker::public(&self.idp) } },
            ],
            "policies": {
                "payments": {
                    "limits": { "max_body_bytes": 1048576 },
                    "channel": channel, "signature": signature, "replay": replay,
                    "token": token(&self.gate.kid, &["idp-2026"]),
                    "payload": { "format": "jwe", "keys": [self.gate.kid, "shared-dir"],
                                 "content_type": "application/json" },
                    "inspect": inspect,
                },
                "shared": {
                    "channel": channel, "signature": signature, "replay": replay,
                    "token": token("shared-dir", &[]),
                    "payload": { "format": "jwe", "keys": ["shared-dir"],
                                 "content_type": "application/json" },
                    "inspect": inspect,
                },
                "raw": {
                    "channel": channel, "signature": signature, "replay": replay,
                    "payload": { "format": "aes-256-gcm", "keys": ["body-2026"] },
                    "inspect": inspect,
                },
                "hook": {
                    "signature": { "scheme": "github", "keys": ["github-hook"],
                                   "accept_weak": ["method", "path", "query", "freshness"] },
                    "replay": { "by": "signature", "ttl_seconds": 300 },
                    "inspect": inspect,
                },
            },
            "routes": [
                { "match": { "path_prefix": "/payments", "methods": ["POST"] }, "policy": "payments" },
                { "match": { "path_prefix": "/shared" }, "policy": "shared" },
                { "match": { "path_prefix": "/raw" }, "policy": "raw" },
                { "match": { "path_prefix": "/hook" }, "policy": "hook" },
                { "match": { "path": "/healthz" }, "open": true },
            ],
        })
    }
}

/// Random bytes.
pub fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    openssl::rand::rand_bytes(&mut bytes).expect("random bytes");
    bytes
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
