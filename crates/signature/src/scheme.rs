//! What every scheme does, behind one trait: read what is presented, say which octets are signed,
//! hold the body against what the head says of it, and sign.
//!
//! A value that implements [`Scheme`] is a *configured* scheme: it knows the header names, the
//! coverage it demands and, where the dialect needs it, the external URL, region or template. It
//! knows no key and no clock. [`Scheme::guarantees`] says what every signature that passes is
//! certain to cover, so that a policy compiler can refuse what is weak.

use std::borrow::Cow;

use crate::{Algorithm, MacKey, Message, SignatureError, Signer, VerificationKey};

pub mod alibaba;
pub mod apisix;
pub mod aws_sigv4;
pub mod cavage;
mod concatenated;
pub mod coupang;
pub mod custom;
pub mod demand;
pub mod github;
pub mod kong;
pub mod listed;
pub mod naver_cloud;
pub mod raw_body;
pub mod rfc9421;
pub mod shopify;
pub mod slack;
pub mod standard_webhooks;
pub mod stripe;
pub mod twilio;
pub mod uk_open_banking;
pub mod visa_x_pay_token;

/// A configured signature scheme.
pub trait Scheme: Send + Sync {
    /// Name of the scheme in the policy file: `rfc9421`, `stripe`.
    fn name(&self) -> &'static str;

    /// What every signature that passes covers, whatever its sender chose.
    fn guarantees(&self) -> Coverage;

    /// The algorithms that the scheme knows; a key of another one never fits.
    fn algorithms(&self) -> &'static [Algorithm];

    /// Whether signatures can carry a signed nonce or message id ([`Presented::nonce`]).
    fn signs_nonce(&self) -> bool {
        false
    }

    /// Whether [`Scheme::derived_key`] makes a key of its own: such a secret cannot stay in a token.
    fn derives_keys(&self) -> bool {
        false
    }

    /// The value of `Accept-Signature` (RFC 9421 section 5) that asks for what this scheme demands;
    /// `None` where the scheme has no such request.
    fn accept_signature(&self) -> Option<String> {
        None
    }

    /// This scheme as RFC 9421, whose signatures may cover more than is demanded.
    fn as_rfc9421(&self) -> Option<&rfc9421::Rfc9421> {
        None
    }

    /// Header fields (lower case) that only this scheme reads: the gate takes them off before the
    /// request goes on.
    fn headers(&self) -> Vec<&str>;

    /// Reads every signature of the head, in wire order. Nothing here is verified.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] when the message carries no signature of this scheme, otherwise
    /// the first fault of its grammar.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError>;

    /// The octets under one presented signature. `body` is given when [`Presented::needs_body`].
    ///
    /// # Errors
    /// [`SignatureError::NotCovered`] when the signature leaves out what this scheme is configured
    /// to demand; what the scheme's canonical form says of absent and repeated parts.
    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError>;

    /// Holds the body as received against the digest that the head carries, after the signature
    /// over the head was found valid. Schemes whose octets contain the body have nothing to do.
    ///
    /// # Errors
    /// [`SignatureError::DigestMismatch`], [`SignatureError::DigestUnsupported`], and
    /// [`SignatureError::NotCovered`] for a body that nothing covers.
    fn check_body(
        &self,
        message: &Message<'_>,
        presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let _ = (message, presented, body);
        Ok(())
    }

    /// The key that is run, where the scheme derives one from the secret.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`] when nothing can be derived.
    fn derived_key(
        &self,
        presented: &Presented,
        key: &MacKey,
    ) -> Result<Option<MacKey>, SignatureError> {
        let _ = (presented, key);
        Ok(None)
    }

    /// Signs a message: the header lines to add, in order. Lines of the same name in `message`
    /// are to be replaced.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] when the order lacks what the scheme needs or the key's
    /// algorithm is not one of the scheme, and what [`Scheme::signed_octets`] may answer.
    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError>;
}

/// One signature found on a message, not yet verified.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// The key's name on the wire; `None` where the scheme names none.
    pub key_id: Option<String>,
    /// The algorithm the message claims; `None` where the scheme does not say. The key decides.
    pub algorithm: Option<Algorithm>,
    /// When it was signed, in seconds since the Unix epoch; `None` where the scheme has no time.
    pub created: Option<i64>,
    /// Until when it is valid, in seconds since the Unix epoch, where the sender says so.
    pub expires: Option<i64>,
    /// A signed value that the sender uses once (nonce, message id); at most 256 bytes.
    pub nonce: Option<Vec<u8>>,
    /// The signature values, 1 to 8; any one of them may match (key rotation at the sender).
    pub signatures: Vec<Vec<u8>>,
    /// Whether the signed octets contain the body, or something computed from it.
    pub needs_body: bool,
    /// Names of the covered parts as the scheme writes them, for logs and `explain`.
    pub covered: Vec<String>,
    /// What the scheme read and needs again; nothing outside the scheme looks at it.
    pub(crate) detail: Detail,
}

/// What one scheme keeps between reading a head and building its octets.
#[derive(Debug, Clone, Default)]
pub(crate) enum Detail {
    /// Nothing.
    #[default]
    None,
    /// A signature of RFC 9421.
    Rfc9421(rfc9421::Presented),
    /// Texts in an order that the scheme knows.
    Texts(Vec<String>),
    /// The claims of an AWS signature.
    AwsSigV4(aws_sigv4::Claim),
}

impl Detail {
    /// One of the texts, by its place in the scheme's order.
    pub(crate) fn text(&self, at: usize) -> Result<&[u8], SignatureError> {
        match self {
            Self::Texts(texts) => texts.get(at).map(String::as_bytes),
            _ => None,
        }
        .ok_or(SignatureError::Malformed)
    }
}

/// The octets under a signature, in parts: the body is not copied into them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignedOctets<'m> {
    parts: Vec<Cow<'m, [u8]>>,
}

impl<'m> SignedOctets<'m> {
    /// Appends borrowed octets.
    pub fn borrowed(mut self, part: &'m [u8]) -> Self {
        self.parts.push(Cow::Borrowed(part));
        self
    }

    /// Appends owned octets.
    pub fn owned(mut self, part: Vec<u8>) -> Self {
        self.parts.push(Cow::Owned(part));
        self
    }

    /// The parts in order.
    pub fn parts(&self) -> Vec<&[u8]> {
        self.parts.iter().map(AsRef::as_ref).collect()
    }

    /// All octets in one piece, for `explain` and for keys that sign elsewhere.
    pub fn concat(&self) -> Vec<u8> {
        self.parts().concat()
    }
}

/// Parts of a message that a signature covers, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage(u8);

impl Coverage {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The method.
    pub const METHOD: Self = Self(1);
    /// The path.
    pub const PATH: Self = Self(2);
    /// The query.
    pub const QUERY: Self = Self(4);
    /// The body, itself or by its digest.
    pub const BODY: Self = Self(8);
    /// A signed time.
    pub const FRESHNESS: Self = Self(16);

    /// The five parts with their names in the policy file.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("method", Self::METHOD),
        ("path", Self::PATH),
        ("query", Self::QUERY),
        ("body", Self::BODY),
        ("freshness", Self::FRESHNESS),
    ];

    /// Both sets together.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set, when the condition holds; else nothing.
    pub const fn when(self, condition: bool) -> Self {
        if condition { self } else { Self::NONE }
    }

    /// Whether all of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What the signer wants; each scheme reads what it has a place for.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignOrder<'a> {
    /// The key's name on the wire.
    pub key_id: Option<&'a str>,
    /// The time of signing in seconds since the Unix epoch.
    pub created: i64,
    /// Until when the signature is valid, in seconds since the Unix epoch.
    pub expires: Option<i64>,
    /// A nonce or message id that was never used before.
    pub nonce: Option<&'a str>,
}

/// Verifies one presented signature.
///
/// # Errors
/// [`SignatureError::AlgorithmMismatch`] when the message claims another algorithm than the key
/// has or the scheme does not know the key's; [`SignatureError::Mismatch`]; what
/// [`Scheme::signed_octets`] may answer.
pub fn verify<'m>(
    scheme: &dyn Scheme,
    message: &Message<'m>,
    presented: &'m Presented,
    body: &'m [u8],
    key: &VerificationKey,
) -> Result<(), SignatureError> {
    agree(scheme, presented, key.algorithm())?;
    let octets = scheme.signed_octets(message, presented, body)?;
    verify_octets(scheme, presented, &octets, key)
}

/// Verifies octets that were built before, with the key that the scheme derives, if it does.
///
/// # Errors
/// [`SignatureError::Mismatch`], whatever the cause.
pub fn verify_octets(
    scheme: &dyn Scheme,
    presented: &Presented,
    octets: &SignedOctets<'_>,
    key: &VerificationKey,
) -> Result<(), SignatureError> {
    let derived = match key {
        VerificationKey::Mac(secret) => scheme.derived_key(presented, secret)?,
        VerificationKey::Public(_) => None,
    };
    let derived = derived.map(VerificationKey::Mac);
    let key = derived.as_ref().unwrap_or(key);
    key.verify_any(&octets.parts(), &presented.signatures)
}

/// Whether the key's algorithm is one of the scheme, and the one the message claims.
///
/// # Errors
/// [`SignatureError::AlgorithmMismatch`].
pub fn agree(
    scheme: &dyn Scheme,
    presented: &Presented,
    algorithm: Algorithm,
) -> Result<(), SignatureError> {
    let claimed = presented
        .algorithm
        .is_none_or(|claimed| claimed == algorithm);
    if claimed && scheme.algorithms().contains(&algorithm) {
        Ok(())
    } else {
        Err(SignatureError::AlgorithmMismatch)
    }
}

/// Signs parts with a key whose algorithm is one of the scheme.
fn signed_by(
    scheme: &dyn Scheme,
    signer: &dyn Signer,
    parts: &[&[u8]],
) -> Result<Vec<u8>, SignatureError> {
    if scheme.algorithms().contains(&signer.algorithm()) {
        signer.sign(parts)
    } else {
        Err(SignatureError::InvalidSpec)
    }
}

/// The time of signing, for schemes that write it in digits.
fn time_of(order: &SignOrder<'_>) -> Result<i64, SignatureError> {
    if order.created < 0 {
        return Err(SignatureError::InvalidSpec);
    }
    Ok(order.created)
}

/// What stands before and after the first `separator`.
fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == separator)?;
    let (before, rest) = text.split_at_checked(at)?;
    Some((before, rest.get(1..)?))
}

/// Whether the octets are a method as every server has it: capital letters.
fn is_method(method: &[u8]) -> bool {
    !method.is_empty() && method.iter().all(u8::is_ascii_uppercase)
}
