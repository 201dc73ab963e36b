//! A message as one recipient sees it: parsing of the compact serialization, and opening
//! (RFC 7516 sections 5.2 and 7.1).

use core::fmt;
use std::borrow::Cow;

use super::algorithm::Family;
use super::{ContentEncryptionKey, Header, KeyEncryptionKey, content, key_wrap};
use crate::limits::RSA_ENCRYPTED_KEY_BYTES;
use crate::{JoseError, Limits, Malformed, Profile, base64url, concat_kdf};

/// A well-formed but not yet authenticated message.
///
/// Everything but the tag has been checked: the spelling of each segment, the header, and the
/// length of the encrypted key, IV, ciphertext and tag. So whatever fails later is one error.
pub struct Sealed<'a> {
    header: Header,
    encrypted_key: Vec<u8>,
    content: Content<'a>,
}

/// What all recipients of a message share.
pub(super) struct Content<'a> {
    /// The encoded protected header as received and, in the JSON serialization, a dot and the
    /// encoded `aad`: these octets are the associated data.
    pub(super) associated: Cow<'a, [u8]>,
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl<'a> Sealed<'a> {
    /// Parses a compact token without copying it; only the decoded segments are allocated.
    ///
    /// # Errors
    /// [`JoseError::Malformed`] or [`JoseError::Unsupported`].
    pub fn compact(token: &'a [u8], limits: &Limits) -> Result<Self, JoseError> {
        Self::compact_as(Profile::Strict, token, limits)
    }

    /// [`Sealed::compact`] of a peer that departs from the RFCs in a known way.
    ///
    /// # Errors
    /// As [`Sealed::compact`].
    pub fn compact_as(
        profile: Profile,
        token: &'a [u8],
        limits: &Limits,
    ) -> Result<Self, JoseError> {
        if token.len() > limits.max_token_bytes {
            return Err(Malformed::TokenTooLong.into());
        }
        let [header_segment, encrypted_key, iv, ciphertext, tag] = segments(token)?;
        let header = Header::parse(&profile.decode(header_segment)?, limits)?;
        let encrypted_key = profile.decode(encrypted_key)?;
        let content = Content {
            associated: Cow::Borrowed(header_segment),
            iv: profile.decode(iv)?,
            ciphertext: profile.decode(ciphertext)?,
            tag: profile.decode(tag)?,
        };
        Self::assemble(profile, header, encrypted_key, content)
    }

    /// Puts a recipient's part and the shared part together, when every length fits.
    ///
    /// # Errors
    /// [`JoseError::Malformed`].
    pub(super) fn assemble(
        profile: Profile,
        header: Header,
        encrypted_key: Vec<u8>,
        content: Content<'a>,
    ) -> Result<Self, JoseError> {
        check_encrypted_key_length(&header, encrypted_key.len())?;
        let enc = header.enc;
        let iv_fits = match enc.is_gcm() {
            true => profile.accepts_gcm_iv(content.iv.len()),
            false => content.iv.len() == enc.iv_bytes(),
        };
        if !iv_fits {
            return Err(Malformed::InitializationVectorLength.into());
        }
        content::check_length(enc, content.ciphertext.len())?;
        if content.tag.len() != enc.tag_bytes() {
            return Err(Malformed::TagLength.into());
        }
        Ok(Self {
            header,
            encrypted_key,
            content,
        })
    }

    /// Cuts the borrow of the token, for callers that wait for a key; copies only the header.
    #[must_use]
    pub fn into_owned(self) -> Sealed<'static> {
        let content = Content {
            associated: Cow::Owned(self.content.associated.into_owned()),
            ..self.content
        };
        Sealed {
            content,
            header: self.header,
            encrypted_key: self.encrypted_key,
        }
    }

    /// The header; unauthenticated until [`Sealed::open`] succeeds.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The decoded encrypted key; empty for `dir` and `ECDH-ES`.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        &self.encrypted_key
    }

    /// Length of the ciphertext in bytes: that of the plaintext, which CBC pads by up to a block.
    #[must_use]
    pub const fn ciphertext_bytes(&self) -> usize {
        self.content.ciphertext.len()
    }

    /// The content-encryption key from the shared secret Z of an ECDH-ES token, for callers whose
    /// private key only multiplies: derived, and where `alg` wraps, unwrapped.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also for a token of another algorithm.
    pub fn content_key_from_z(&self, z: &[u8]) -> Result<ContentEncryptionKey, JoseError> {
        let Header { alg, enc, .. } = self.header;
        let (algorithm_id, bytes) = match alg.family() {
            Family::Agree => (enc.name(), enc.cek_bytes()),
            Family::AgreeWrap(bytes) => (alg.name(), bytes),
            _ => return Err(JoseError::Authentication),
        };
        let apu = self.header.apu.as_deref().unwrap_or_default();
        let apv = self.header.apv.as_deref().unwrap_or_default();
        let derived = concat_kdf::derive(z, algorithm_id, apu, apv, bytes)
            .ok_or(JoseError::Authentication)?;
        if alg.family() == Family::Agree {
            return ContentEncryptionKey::from_slice(enc, &derived)
                .map_err(|_| JoseError::Authentication);
        }
        KeyEncryptionKey::from_slice(&derived)
            .map_err(|_| JoseError::Authentication)?
            .unwrap_key(enc, &self.encrypted_key)
    }

    /// Associated data and ciphertext, for HPKE, which opens both itself.
    #[cfg(feature = "pq")]
    pub(super) fn integrated(&self) -> (&[u8], &[u8]) {
        (&self.content.associated, &self.content.ciphertext)
    }

    /// Authenticates the message and decrypts in place.
    ///
    /// # Errors
    /// [`JoseError::Authentication`], also when `cek` is for another `enc`; the plaintext is not
    /// produced at all then.
    pub fn open(self, cek: &ContentEncryptionKey) -> Result<Vec<u8>, JoseError> {
        if cek.enc() != self.header.enc {
            return Err(JoseError::Authentication);
        }
        let Content {
            associated,
            iv,
            ciphertext: mut buffer,
            tag,
        } = self.content;
        content::open(cek, &iv, &associated, &mut buffer, &tag)?;
        Ok(buffer)
    }
}

impl fmt::Debug for Sealed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
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
    let cek_bytes = header.enc.cek_bytes();
    let fits = match header.alg.family() {
        Family::Direct | Family::Agree => bytes == 0,
        Family::Wrap(_) | Family::AgreeWrap(_) => {
            cek_bytes.checked_add(key_wrap::OVERHEAD_BYTES) == Some(bytes)
        }
        Family::GcmWrap(_) => cek_bytes == bytes,
        Family::RsaOaep => RSA_ENCRYPTED_KEY_BYTES.contains(&bytes),
        #[cfg(feature = "pq")]
        Family::Hpke(suite) => suite.encapsulated_bytes() == bytes,
        #[cfg(feature = "pq")]
        Family::HpkeKe(_) => cek_bytes.checked_add(super::hpke::AEAD_TAG_BYTES) == Some(bytes),
    };
    if fits {
        Ok(())
    } else {
        Err(Malformed::EncryptedKeyLength)
    }
}

/// The octets that the tag covers besides the ciphertext (RFC 7516 section 5.1 step 14).
pub(super) fn associated_data(protected_segment: &str, aad: Option<&[u8]>) -> Vec<u8> {
    let mut associated = protected_segment.as_bytes().to_vec();
    if let Some(aad) = aad {
        associated.push(b'.');
        associated.extend_from_slice(base64url::encode(aad).as_bytes());
    }
    associated
}
