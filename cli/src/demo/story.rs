//! The requests of the demo and what must become of each.

use std::time::Duration;

use anyhow::Result;
use hyper::Uri;
use sealgate_format::{Name, SealKey};
use sealgate_signature::MacKey;
use sealgate_signature::scheme::rfc9421::Rfc9421;
use serde_json::{Value, json};

use crate::http::Outgoing;
use crate::sealing::formats::FormatArgs;
use crate::sealing::keys::Recipient;
use crate::sealing::token::{Issuer, TokenRecipient};
use crate::sealing::{self, BodySeal, Plan};
use crate::signing::Signing;

/// The body of every honest request.
pub(crate) const ORDER: &str =
    r#"{"amount":"12.50","currency":"EUR","to":"DE02","note":"O'Brien & sons"}"#;
/// The same with an injection in one field; nobody outside the encryption can see it.
const INJECTION: &str = r#"{"amount":"12.50","currency":"EUR","to":"DE02' UNION SELECT iban, balance FROM accounts --"}"#;

/// What a client of the demo holds.
pub(crate) struct Client {
    pub(crate) url: Uri,
    pub(crate) issuer: Issuer,
    /// The gate's public key.
    pub(crate) gate: Value,
    pub(crate) mac: Vec<u8>,
}

/// One request of the story.
pub(crate) struct Scene {
    pub(crate) title: &'static str,
    pub(crate) detail: &'static str,
    /// Whose certificate is shown.
    pub(crate) who: &'static str,
    pub(crate) request: Outgoing,
    pub(crate) must: Must,
}

/// The only right verdict.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Must {
    /// 200, and the upstream saw the plaintext and the proven identity.
    Pass,
    /// This status, and the upstream saw not one byte.
    Refuse(u16),
    /// No TLS connection at all.
    NoHandshake,
}

/// What is repeated under the eyes of `sealgate watch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attack {
    TamperedBody,
    AlteredCiphertext,
    UnknownKey,
    Replay,
    ExpiredToken,
    FalseIssuer,
    Injection,
    OtherCertificate,
    Stranger,
}

impl Client {
    /// The whole story, in order.
    ///
    /// # Errors
    /// When a request cannot be made.
    pub(crate) fn story(&self) -> Result<Vec<Scene>> {
        let clean = self.request(ORDER, &self.claims(3600)?)?;
        let mut forged = self.request(ORDER, &self.claims(3600)?)?;
        forged.headers.push(("x-sub".into(), "admin".into()));
        let scene = |title, detail, request, must| Scene {
            title,
            detail,
            who: "partner-a",
            request,
            must,
        };
        Ok(vec![
            scene(
                "clean",
                "signed, encrypted body, encrypted token",
                clean.clone(),
                Must::Pass,
            ),
            scene(
                "tampered body",
                "one bit of the ciphertext changed on its way",
                tampered(self.request(ORDER, &self.claims(3600)?)?),
                Must::Refuse(401),
            ),
            scene(
                "replayed",
                "the first request once more, byte for byte",
                clean,
                Must::Refuse(409),
            ),
            scene(
                "expired token",
                "valid until an hour ago",
                self.request(ORDER, &self.claims(-3600)?)?,
                Must::Refuse(401),
            ),
            scene(
                "SQL injection",
                "hidden inside the ciphertext, signed and sealed correctly",
                self.request(INJECTION, &self.claims(3600)?)?,
                Must::Refuse(403),
            ),
            Scene {
                who: "partner-b",
                ..scene(
                    "another partner's certificate",
                    "same authority, not on the policy's list",
                    self.request(ORDER, &self.claims(3600)?)?,
                    Must::Refuse(403),
                )
            },
            Scene {
                who: "stranger",
                ..scene(
                    "a stranger's certificate",
                    "claims to be partner-a, signed by an unknown authority",
                    self.request(ORDER, &self.claims(3600)?)?,
                    Must::NoHandshake,
                )
            },
            scene(
                "a token of a false issuer",
                "encrypted to the gate's public key, signed by somebody else",
                self.with_issuer(&Issuer::generate("idp-2026")?.0)?,
                Must::Refuse(401),
            ),
            scene(
                "body in the clear",
                "signed, with a good token, but not encrypted",
                self.plan(&self.claims(3600)?, BodySeal::Plain)?
                    .seal(ORDER.as_bytes())?,
                Must::Refuse(415),
            ),
            scene(
                "forged identity header",
                "clean, but with `x-sub: admin` sent by the client",
                forged,
                Must::Pass,
            ),
        ])
    }

    /// A request that is right, whoever shows which certificate.
    pub(crate) fn clean(&self) -> Result<Outgoing> {
        self.request(ORDER, &self.claims(3600)?)
    }

    /// The attacks that are repeated under the eyes of `sealgate watch`, by name. Each call makes a
    /// new message, but for the replay.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn hostile(&self, attack: Attack) -> Result<Outgoing> {
        let claims = self.claims(3600)?;
        match attack {
            Attack::TamperedBody => Ok(tampered(self.clean()?)),
            Attack::ExpiredToken => self.request(ORDER, &self.claims(-3600)?),
            Attack::Injection => self.request(INJECTION, &claims),
            Attack::FalseIssuer => self.with_issuer(&Issuer::generate("idp-2026")?.0),
            Attack::AlteredCiphertext => {
                // Altered before it is signed: the signature is right, the ciphertext is not.
                let sealed = tampered(self.clean()?);
                let plan = Plan {
                    content_type: "application/jose".into(),
                    ..self.plan(&claims, BodySeal::Plain)?
                };
                plan.seal(&sealed.body)
            }
            Attack::UnknownKey => {
                let mut plan = self.plan(&claims, self.jwe()?)?;
                if let Some(signing) = &mut plan.signing {
                    signing.key_id = format!("partner-{}", sealing::random_text::<4>()?);
                }
                plan.seal(ORDER.as_bytes())
            }
            Attack::Replay | Attack::OtherCertificate | Attack::Stranger => self.clean(),
        }
    }

    fn request(&self, body: &str, claims: &Value) -> Result<Outgoing> {
        self.plan(claims, self.jwe()?)?.seal(body.as_bytes())
    }

    fn with_issuer(&self, issuer: &Issuer) -> Result<Outgoing> {
        let token = issuer.token(&self.claims(3600)?, Some(&self.gate_key()?))?;
        let plan = Plan {
            token: Some(token),
            ..self.plan(&self.claims(3600)?, self.jwe()?)?
        };
        plan.seal(ORDER.as_bytes())
    }

    fn plan(&self, claims: &Value, body: BodySeal) -> Result<Plan> {
        let key = MacKey::new(self.mac.clone()).map_err(|_| anyhow::anyhow!("an empty key"))?;
        Ok(Plan {
            method: "POST".into(),
            url: self.url.clone(),
            headers: vec![("user-agent".into(), "sealgate-demo".into())],
            content_type: "application/json".into(),
            token: Some(self.issuer.token(claims, Some(&self.gate_key()?))?),
            body,
            signing: Some(Signing {
                scheme: Box::new(Rfc9421::default()),
                key_id: "partner-a-mac".into(),
                signer: Box::new(key),
                created: sealing::now()?,
                nonce: None,
            }),
        })
    }

    fn jwe(&self) -> Result<BodySeal> {
        let key = SealKey::from_jwk(&self.gate, Some("ECDH-ES+A256KW"))
            .map_err(|fault| anyhow::anyhow!("the gate's key is unusable: {fault}"))?;
        Ok(BodySeal::Sealed {
            format: Box::new(FormatArgs::default().build(Name::Jwe, false)?),
            key,
            kid: "gw-ec".into(),
            status: None,
            session: None,
            signer: None,
        })
    }

    fn gate_key(&self) -> Result<TokenRecipient> {
        let key = Recipient::from_jwk(&self.gate, Some("ECDH-ES+A256KW"))?;
        Ok(TokenRecipient {
            key,
            kid: Some("gw-ec".into()),
        })
    }

    /// Claims that end `seconds` from now.
    pub(crate) fn claims(&self, seconds: i64) -> Result<Value> {
        claims(seconds)
    }
}

/// Claims of the demo's user that end `seconds` from now.
pub(crate) fn claims(seconds: i64) -> Result<Value> {
    let now = sealing::now()?;
    Ok(json!({
        "iss": "https://idp",
        "aud": "payments",
        "sub": "alice",
        "scope": "payments:write",
        "iat": now - Duration::from_secs(7200).as_secs() as i64,
        "exp": now + seconds,
    }))
}

/// Changes one character in the middle of the JWE's ciphertext, so that its grammar stays right.
fn tampered(mut request: Outgoing) -> Outgoing {
    let dots: Vec<usize> = request
        .body
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'.')
        .map(|(at, _)| at)
        .collect();
    if let [.., start, _] = dots.as_slice()
        && let Some(byte) = request.body.get_mut(start + 5)
    {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    request
}
