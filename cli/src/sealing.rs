//! Making a sealed request: token, encrypted body, signature. The client's half of the gate, used
//! by `sealgate seal` and by the demo.

pub(crate) mod formats;
pub(crate) mod from_policy;
pub(crate) mod inside;
pub(crate) mod keys;
pub(crate) mod private;
pub(crate) mod session;
pub(crate) mod token;

use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use hyper::Uri;
use sealgate_format::{Format, Name, SealFault, SealKey, Sealing, Session};
use sealgate_jose::RandomError;

use crate::http::Outgoing;
use crate::signing::Signing;
use inside::InnerSigner;

/// Everything that is done to a body and its request before it is sent.
pub(crate) struct Plan {
    pub(crate) method: String,
    pub(crate) url: Uri,
    /// Headers of the caller's, sent as they are.
    pub(crate) headers: Vec<(String, String)>,
    /// Type of the plaintext.
    pub(crate) content_type: String,
    /// A finished token for `Authorization: Bearer`.
    pub(crate) token: Option<String>,
    pub(crate) body: BodySeal,
    pub(crate) signing: Option<Signing>,
}

/// How the body is sealed.
pub(crate) enum BodySeal {
    /// Sent in the clear.
    Plain,
    /// In one of the formats of `docs/formats.md`.
    Sealed {
        format: Box<Format>,
        key: SealKey,
        /// The recipient's name for the key; may be empty.
        kid: String,
        /// Status, where it is a response.
        status: Option<u16>,
        /// What `whatsapp-flows` is sealed with.
        session: Option<Session>,
        /// Who signs the JWS inside, if there is one.
        signer: Option<Box<InnerSigner>>,
    },
}

impl Plan {
    /// Seals `plaintext` and signs the result.
    ///
    /// # Errors
    /// When a key does not fit its use, or the request cannot be signed as asked.
    pub(crate) fn seal(&self, plaintext: &[u8]) -> Result<Outgoing> {
        let mut headers = self.headers.clone();
        if let Some(token) = &self.token {
            headers.push(("authorization".into(), format!("Bearer {token}")));
        }
        let body = self.seal_body(plaintext, &mut headers)?;
        let mut sealed = Outgoing {
            method: self.method.clone(),
            url: self.url.clone(),
            headers,
            body,
        };
        if let Some(signing) = &self.signing {
            signing.sign(&mut sealed)?;
        }
        Ok(sealed)
    }

    fn seal_body(&self, plaintext: &[u8], headers: &mut Vec<(String, String)>) -> Result<Vec<u8>> {
        let mut header = |name: &str, value: &str| headers.push((name.into(), value.into()));
        match &self.body {
            BodySeal::Plain => {
                if !plaintext.is_empty() {
                    header("content-type", &self.content_type);
                }
                Ok(plaintext.to_vec())
            }
            BodySeal::Sealed {
                format,
                key,
                kid,
                status,
                session,
                signer,
            } => {
                let sign = |payload: &[u8], cty: Option<&str>| match signer {
                    Some(signer) => signer.sign(payload, cty),
                    None => Err(SealFault::Signature),
                };
                let sealing = Sealing {
                    key: Some(key),
                    kid,
                    content_type: &self.content_type,
                    method: self.method.as_bytes(),
                    target: target(&self.url).as_bytes(),
                    status: *status,
                    now: now()?,
                    session: session.as_ref(),
                    sign: Some(&sign),
                };
                let sealed = format
                    .seal(plaintext, &sealing, &mut random)
                    .map_err(|fault| not_sealed(format.name(), fault))?;
                header("content-type", &sealed.content_type);
                for (name, value) in &sealed.headers {
                    header(name, value);
                }
                Ok(sealed.body)
            }
        }
    }
}

/// What went wrong, and what to write.
fn not_sealed(format: Name, fault: SealFault) -> anyhow::Error {
    let remedy = match fault {
        SealFault::Signature => "; --sign-inside names the private key",
        SealFault::Session => "; --session names the file that its request wrote",
        SealFault::NotThere => "; --field says where they are",
        _ => "",
    };
    anyhow::anyhow!("not sealed as {}: {fault}{remedy}", format.name())
}

/// Unpredictable bytes from the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), RandomError> {
    getrandom::fill(bytes).map_err(|_| RandomError)
}

/// `N` random bytes as base64url text.
pub(crate) fn random_text<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    random(&mut bytes)?;
    Ok(Base64UrlUnpadded::encode_string(&bytes))
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> Result<i64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(i64::try_from(now.as_secs())?)
}

/// Reads an absolute http or https URL.
pub(crate) fn url(text: &str) -> Result<Uri> {
    let url: Uri = text
        .parse()
        .with_context(|| format!("{text} is not a URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) || url.authority().is_none() {
        bail!("{text} is not an absolute http or https URL");
    }
    Ok(url)
}

/// The request target as it goes on the wire.
pub(crate) fn target(url: &Uri) -> &str {
    url.path_and_query().map_or("/", |target| target.as_str())
}
