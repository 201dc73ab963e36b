//! Parsing and opening of the compact serialization (RFC 7516 sections 5.2 and 7.1).

use core::fmt;
use std::borrow::Cow;

use super::key::KEY_WRAP_OVERHEAD_BYTES;
use super::{ContentEncryptionKey, Header, KeyManagement};
use crate::limits::RSA_ENCRYPTED_KEY_BYTES;
use crate::{JoseError, Limits, Malformed, base64url};

/// A well-formed but not yet authenticated token.
///
/// Everything but the tag has been checked: the spelling of each segment, the header, and the
/// length of the encrypted key, IV and tag. So whatever fails later is one error.
pub struct Compact<'a> {
    /// The encoded header as received: these octets are the associated data.
    header_segment: Cow<'a, [u8]>,
    header: Header,
    encrypted_key: Vec<u8>,
    iv: [u8; 12],
    ciphertext: Vec<u8>,
    tag: [u8; 16],
}

impl<'a> Compact<'a> {
    /// Parses `token` without copying it; only the decoded segments are allocated.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn parse(token: &'a [u8], limits: &Limits) -> Result<Self, JoseError> {
        if token.len() > limits.max_token_bytes {
            return Err(Malformed::TokenTooLong.into());
        }
        let [header_segment, encrypted_key, iv, ciphertext, tag] = segments(token)?;
        let header = Header::parse(&base64url::decode(header_segment)?, limits)?;
        let encrypted_key = base64url::decode(encrypted_key)?;
        check_encrypted_key_length(&header, encrypted_key.len())?;
        let iv = base64url::decode(iv)?
            .try_into()
            .map_err(|_| Malformed::InitializationVectorLength)?;
        let tag = base64url::decode(tag)?
            .try_into()
            .map_err(|_| Malformed::TagLength)?;
        Ok(Self {
            header_segment: Cow::Borrowed(header_segment),
            header,
            encrypted_key,
            iv,
            ciphertext: base64url::decode(ciphertext)?,
            tag,
        })
    }

    /// Cuts the borrow of the token, for callers that wait for a key; copies only the header.
    #[must_use]
    pub fn into_owned(self) -> Compact<'static> {
        Compact {
            header_segment: Cow::Owned(self.header_segment.into_owned()),
            ..self
        }
    }

    /// The protected header; unauthenticated until [`Compact::open`] succeeds.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The decoded encrypted key; empty for `dir` and `ECDH-ES`.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// Length of the plaintext in bytes, known before it is opened.
    #[must_use]
    pub const fn plaintext_bytes(&self) -> usize {
        self.ciphertext.len()
    }

    /// Authenticates the token and decrypts in place.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also when `cek` is for another `enc`; the plaintext is not
    /// produced at all then.
    pub fn open(self, cek: &ContentEncryptionKey) -> Result<Vec<u8>, JoseError> {
        if cek.enc() != self.header.enc {
            return Err(JoseError::Authentication);
        }
        let mut buffer = self.ciphertext;
        sealgate_aead::open_detached(
            cek.expose(),
            &self.iv,
            &self.header_segment,
            &mut buffer,
            &self.tag,
        )
        .map_err(|_| JoseError::Authentication)?;
        Ok(buffer)
    }
}

impl fmt::Debug for Compact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compact")
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// Exactly five segments; stops at the sixth, so a million dots cost nothing.
fn segments(token: &[u8]) -> Result<[&[u8]; 5], Malformed> {
    let mut parts = token.split(|&byte| byte == b'.');
    let mut next = || parts.next().ok_or(Malformed::SegmentCount);
    let segments = [next()?, next()?, next()?, next()?, next()?];
    match parts.next() {
        None => Ok(segments),
        Some(_) => Err(Malformed::SegmentCount),
    }
}

/// RFC 7516 section 5.2 steps 9 and 10: no encrypted key for direct modes, one of the only
/// possible length for the others.
fn check_encrypted_key_length(header: &Header, bytes: usize) -> Result<(), Malformed> {
    let fits = match header.alg {
        KeyManagement::Dir | KeyManagement::EcdhEs => bytes == 0,
        KeyManagement::A256Kw | KeyManagement::EcdhEsA256Kw => {
            header.enc.cek_bytes().checked_add(KEY_WRAP_OVERHEAD_BYTES) == Some(bytes)
        }
        KeyManagement::RsaOaep | KeyManagement::RsaOaep256 => {
            RSA_ENCRYPTED_KEY_BYTES.contains(&bytes)
        }
    };
    if fits {
        Ok(())
    } else {
        Err(Malformed::EncryptedKeyLength)
    }
}
