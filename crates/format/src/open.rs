//! Opening: what of a body is sealed, part by part, and the plaintext that comes of it.
//!
//! [`Format::take`] finds the sealed parts. Each is opened with a key that the caller chooses by
//! [`Part::kid`] and [`Part::alg`]; the key may be elsewhere, so the caller may come back later.
//! [`Taken::finish`] puts the plaintext where it belongs.

use std::collections::VecDeque;

use sealgate_jose::Limits;
use sealgate_jose::jwe::{ContentEncryption, ContentEncryptionKey, Header, KeyManagement, Sealed};
use sealgate_jose::jws::{self, VerifyKey};

use crate::fault::OpenFault;
use crate::issued;
use crate::place::Place;
use crate::preset::IssuedAt;
use crate::session::{Session, SessionSealed};

/// One sealed part of a body.
pub enum Part {
    /// A JWE for one of our keys.
    Jwe(Box<Sealed<'static>>),
    /// Content under a key that is itself encrypted, without JOSE around it.
    Session(Box<SessionSealed>),
    /// AES-256-GCM under a shared key.
    Shared(Box<SharedSealed>),
}

/// Content under a shared AES-256 key.
pub struct SharedSealed {
    pub(crate) nonce: [u8; 12],
    pub(crate) associated_data: Vec<u8>,
    /// Ciphertext and tag.
    pub(crate) sealed: Vec<u8>,
}

/// What opens a part.
pub enum Opener<'a> {
    /// A key at hand, for [`Part::Jwe`].
    Jwe(&'a sealgate_jose::jwe::DecryptionKey),
    /// The content-encryption key, from whoever unwrapped it.
    ContentKey(&'a [u8]),
    /// The shared secret, for [`Part::Shared`].
    Shared(&'a [u8; 32]),
}

/// What is demanded of an opened part.
#[derive(Clone, Copy)]
pub struct Demand<'a> {
    /// Seconds since 1970.
    pub now: i64,
    /// The key of the JWS inside, by its `kid`, if it names one.
    pub verify: &'a dyn Fn(Option<&str>) -> Option<&'a VerifyKey>,
}

/// A body whose sealed parts are being opened.
pub struct Taken {
    expected: Expected,
    waiting: VecDeque<Part>,
    opened: Vec<Vec<u8>>,
    content_type: Option<String>,
    place: Place,
    session: Option<Session>,
}

/// What a format expects of a JWE once it is open.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    /// How it says when it was made, and how far that may be away in seconds.
    pub(crate) issued_at: Option<(IssuedAt, u32)>,
    pub(crate) signed_inside: bool,
}

/// A body in the clear.
pub struct Plain {
    /// Content type, where the sealed form names one.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
    /// The key of the request, for formats whose answer is sealed with it.
    pub session: Option<Session>,
}

impl Part {
    /// The key that the sender names.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        match self {
            Self::Jwe(sealed) => sealed.header().kid.as_deref(),
            Self::Session(sealed) => sealed.kid.as_deref(),
            Self::Shared(_) => None,
        }
    }

    /// How the content key is managed; `None` for a shared AES-256 key.
    #[must_use]
    pub fn alg(&self) -> Option<KeyManagement> {
        match self {
            Self::Jwe(sealed) => Some(sealed.header().alg),
            Self::Session(sealed) => Some(sealed.alg),
            Self::Shared(_) => None,
        }
    }

    /// The content encryption whose key length the content key has; `None` for a shared key.
    #[must_use]
    pub fn enc(&self) -> Option<ContentEncryption> {
        match self {
            Self::Jwe(sealed) => Some(sealed.header().enc),
            Self::Session(_) => Some(ContentEncryption::A128Gcm),
            Self::Shared(_) => None,
        }
    }

    /// The encrypted content key; empty where there is none.
    #[must_use]
    pub fn encrypted_key(&self) -> &[u8] {
        match self {
            Self::Jwe(sealed) => sealed.encrypted_key(),
            Self::Session(sealed) => &sealed.encrypted_key,
            Self::Shared(_) => &[],
        }
    }

    /// The header of a JWE.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        match self {
            Self::Jwe(sealed) => Some(sealed.header()),
            _ => None,
        }
    }
}

impl Taken {
    pub(crate) fn new(expected: Expected, parts: Vec<Part>, place: Place) -> Self {
        Self {
            expected,
            waiting: parts.into(),
            opened: Vec::new(),
            content_type: None,
            place,
            session: None,
        }
    }

    /// The part that is to be opened now; `None` when all are.
    #[must_use]
    pub fn next(&self) -> Option<&Part> {
        self.waiting.front()
    }

    /// How many parts are still sealed.
    #[must_use]
    pub fn left(&self) -> usize {
        self.waiting.len()
    }

    /// Opens the part that [`Taken::next`] shows.
    ///
    /// # Errors
    /// [`OpenFault`]; the message is to be refused then.
    pub fn open(&mut self, opener: Opener<'_>, demand: &Demand<'_>) -> Result<(), OpenFault> {
        let part = self.waiting.pop_front().ok_or(OpenFault::NotOpened)?;
        let plaintext = match (part, opener) {
            (Part::Jwe(sealed), opener) => self.open_jwe(*sealed, opener, demand)?,
            (Part::Session(sealed), Opener::ContentKey(key)) => {
                let (plaintext, session) = sealed.open(key)?;
                self.session = session;
                plaintext
            }
            (Part::Shared(sealed), Opener::Shared(key)) => sealed.open(key)?,
            _ => return Err(OpenFault::NotOpened),
        };
        self.opened.push(plaintext);
        Ok(())
    }

    /// Puts the plaintexts where they belong in `body`, the body that was taken apart.
    ///
    /// # Errors
    /// [`OpenFault::Content`] when a plaintext cannot stand there.
    pub fn finish(self, body: &[u8]) -> Result<Plain, OpenFault> {
        if !self.waiting.is_empty() {
            return Err(OpenFault::NotOpened);
        }
        let whole = matches!(self.place, Place::Whole);
        let body = self.place.fill(body, self.opened)?;
        Ok(Plain {
            content_type: self.content_type.filter(|_| whole),
            body,
            session: self.session,
        })
    }

    fn open_jwe(
        &mut self,
        sealed: Sealed<'static>,
        opener: Opener<'_>,
        demand: &Demand<'_>,
    ) -> Result<Vec<u8>, OpenFault> {
        let header = sealed.header().clone();
        let not_opened = |_| OpenFault::NotOpened;
        let plaintext = match opener {
            Opener::Jwe(key) => key.open(sealed).map_err(not_opened)?,
            Opener::ContentKey(bytes) => {
                let key = ContentEncryptionKey::from_slice(header.enc, bytes)
                    .map_err(|_| OpenFault::NotOpened)?;
                sealed.open(&key).map_err(not_opened)?
            }
            Opener::Shared(_) => return Err(OpenFault::NotOpened),
        };
        if let Some((how, tolerance)) = self.expected.issued_at {
            let issued = issued::read(how, header.member("iat")).ok_or(OpenFault::Stale)?;
            if issued.abs_diff(demand.now) > u64::from(tolerance) {
                return Err(OpenFault::Stale);
            }
        }
        if !self.expected.signed_inside {
            self.content_type = header.cty;
            return Ok(plaintext);
        }
        let (payload, content_type) = verified(&plaintext, demand)?;
        // What is around a JWS tells its type, or that it is a JWS.
        self.content_type = content_type.or(header.cty.filter(|cty| !is_jose(cty)));
        Ok(payload)
    }
}

/// The payload of the JWS inside, and its `cty`.
fn verified(plaintext: &[u8], demand: &Demand<'_>) -> Result<(Vec<u8>, Option<String>), OpenFault> {
    let limits = Limits::body(plaintext.len());
    let signed = jws::Signed::compact(plaintext, &limits).map_err(|_| OpenFault::Signature)?;
    let content_type = signed.header().cty.clone();
    let key = (demand.verify)(signed.header().kid.as_deref()).ok_or(OpenFault::Signature)?;
    let verified = signed.verify(key).map_err(|_| OpenFault::Signature)?;
    Ok((verified.into_payload(), content_type))
}

/// Whether a `cty` says that JOSE is inside (RFC 7515 section 4.1.10, RFC 7519 section 5.2).
fn is_jose(cty: &str) -> bool {
    ["JWT", "JOSE", "application/jwt", "application/jose"]
        .iter()
        .any(|one| cty.eq_ignore_ascii_case(one))
}

impl SharedSealed {
    fn open(self, key: &[u8; 32]) -> Result<Vec<u8>, OpenFault> {
        let mut buffer = self.sealed;
        sealgate_aead::open_in_place(key, &self.nonce, &self.associated_data, &mut buffer)
            .map_err(|_| OpenFault::NotOpened)?;
        Ok(buffer)
    }
}
