//! What the benchmark of JOSE repeats. The native side compiles this very file, so that all engines do
//! the same, and hands its keys and messages to the libraries that it is compared with.

use sealgate_jose::jwe::{
    ContentEncryption, DecryptionKey, EncryptionKey, KeyManagement, SealSpec, Sealed, seal_compact,
};
use sealgate_jose::jwk::{PrivateJwk, PublicJwk};
use sealgate_jose::jws::{SignKey, SignSpec, VerifyKey, sign_compact, verify};
use sealgate_jose::{JoseError, Limits};
use serde_json::{Value, json};

/// Secret of `A256KW`, under which bodies are sealed.
pub(crate) const SECRET: [u8; 32] = [7; 32];
const GATE: [u8; 32] = [0x31; 32];
const GATE_BASE64URL: &str = "MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE";
const ISSUER: [u8; 32] = [0x32; 32];

/// One kind of work, as a request costs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// An access token: JWE `ECDH-ES+A256KW` with `A256GCM` on P-256, in it a JWS `ES256`.
    Token,
    /// A body: JWE `A256KW` with `A256GCM`.
    Body,
}

impl Operation {
    pub(crate) const ALL: [Self; 2] = [Self::Token, Self::Body];
}

/// Prepared input of one operation.
pub(crate) struct Work {
    operation: Operation,
    sealed: Vec<u8>,
    key: DecryptionKey,
    issuer: VerifyKey,
}

impl Work {
    /// For a body, of `bytes` plaintext bytes.
    ///
    /// # Errors
    /// None with these keys.
    pub(crate) fn new(operation: Operation, bytes: usize) -> Result<Self, JoseError> {
        let issuer = SignKey::es256(&ISSUER)?;
        let (alg, plaintext, lock, key) = match operation {
            Operation::Token => {
                let alg = KeyManagement::EcdhEsA256Kw;
                let claims = json!({ "iss": "https://idp.bank.test", "aud": "payments", "sub": "alice",
                                     "scope": "payments:write accounts:read", "exp": 1_800_000_300,
                                     "iat": 1_800_000_000, "jti": "3f2504e0-4f89-11d3-9a0c-0305e82c3301" });
                let claims = claims.to_string();
                let signed = sign_compact(claims.as_bytes(), &SignSpec::default(), &issuer)?;
                let private = PrivateJwk::from_value(&gate_jwk())?;
                let public = PublicJwk::from_value(&private.public().to_value())?;
                let lock = EncryptionKey::public(alg, &public)?;
                (
                    alg,
                    signed.into_bytes(),
                    lock,
                    DecryptionKey::private(alg, private)?,
                )
            }
            Operation::Body => {
                let alg = KeyManagement::A256Kw;
                let lock = EncryptionKey::shared(alg, &SECRET)?;
                let key = DecryptionKey::symmetric(alg, ContentEncryption::A256Gcm, &SECRET)?;
                (alg, vec![0x5a; bytes], lock, key)
            }
        };
        debug_assert_eq!(key.alg(), alg);
        let spec = SealSpec::new(ContentEncryption::A256Gcm);
        let mut next = 1_u8;
        let sealed = seal_compact(&plaintext, &spec, &lock, &mut |bytes| {
            for byte in bytes {
                next = next.wrapping_mul(167).wrapping_add(13);
                *byte = next;
            }
            Ok(())
        })?;
        Ok(Self {
            operation,
            sealed: sealed.into_bytes(),
            key,
            issuer: VerifyKey::from_jwk(&PublicJwk::from_value(&issuer_jwk())?)?,
        })
    }

    /// The message.
    pub(crate) fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// Does it `times` times; `false` when a single result was wrong.
    pub(crate) fn run(&mut self, times: u32) -> bool {
        (0..times).all(|_| self.once().is_ok())
    }

    fn once(&self) -> Result<(), JoseError> {
        let message = std::hint::black_box(self.sealed.as_slice());
        let limits = Limits::body(message.len());
        let opened = self.key.open(Sealed::compact(message, &limits)?)?;
        match self.operation {
            Operation::Token => verify(&opened, &self.issuer, &Limits::TOKEN).map(drop),
            Operation::Body => Ok(()),
        }
    }
}

/// The gate's private key.
pub(crate) fn gate_jwk() -> Value {
    let mut jwk = public(&GATE);
    jwk["d"] = json!(GATE_BASE64URL);
    jwk
}

/// The issuer's public key.
pub(crate) fn issuer_jwk() -> Value {
    public(&ISSUER)
}

/// A signing key of the same scalar knows the public half.
fn public(scalar: &[u8; 32]) -> Value {
    let key = SignKey::es256(scalar).ok().and_then(|key| key.ec_public());
    key.map(|key| key.to_value()).unwrap_or_default()
}
