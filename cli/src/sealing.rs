//! Making a sealed request: token, encrypted body, signature. The client's half of the gate, used
//! by `sealgate seal` and by the demo.

pub(crate) mod from_policy;
pub(crate) mod keys;
pub(crate) mod token;

use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use hyper::Uri;
use sealgate_jose::RandomError;
use sealgate_jose::jwe::{ContentEncryption, SealSpec, seal_compact};
use zeroize::Zeroizing;

use crate::http::Outgoing;
use crate::signing::Signing;
use keys::Recipient;

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
    /// One compact JWE.
    Jwe {
        recipient: Recipient,
        kid: Option<String>,
    },
    /// Nonce, ciphertext, tag; bound to method, path and key id (docs/formats.md).
    Aes256Gcm {
        key_id: String,
        key: Zeroizing<[u8; 32]>,
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
            BodySeal::Jwe { recipient, kid } => {
                header("content-type", "application/jose");
                let spec = SealSpec {
                    kid: kid.as_deref(),
                    cty: Some(&self.content_type),
                    ..SealSpec::new(ContentEncryption::A256Gcm)
                };
                Ok(seal_compact(plaintext, &spec, recipient.key(), &mut random)?.into_bytes())
            }
            BodySeal::Aes256Gcm { key_id, key } => {
                header("content-type", &self.content_type);
                header("content-encoding", "sealgate-a256gcm");
                header("sealgate-key", key_id);
                let target = target(&self.url);
                let aad = format!("sealgate-a256gcm\n{}\n{target}\n{key_id}", self.method);
                let mut nonce = [0; sealgate_aead::NONCE_BYTES];
                random(&mut nonce)?;
                let mut sealed = plaintext.to_vec();
                sealgate_aead::seal_in_place(key, &nonce, aad.as_bytes(), &mut sealed)
                    .map_err(|_| anyhow::anyhow!("the body is too long for AES-GCM"))?;
                Ok([nonce.as_slice(), &sealed].concat())
            }
        }
    }
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
