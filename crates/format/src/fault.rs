//! What goes wrong with a sealed body, by whose fault it is.

use core::fmt;

/// Why a body was not opened. A peer must not be told which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenFault {
    /// Peer: it is not in this format at all.
    Format,
    /// Peer: it is in this format, and malformed.
    Malformed,
    /// Peer: no key of ours, another algorithm, a wrong tag.
    NotOpened,
    /// Peer: made too long ago, or in the future, or without saying when.
    Stale,
    /// Peer: the JWS inside is none, or by nobody we know.
    Signature,
    /// Peer: the plaintext cannot stand where it belongs.
    Content,
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealFault {
    /// Config: the key does not fit the format.
    Key,
    /// Caller: no randomness.
    Random,
    /// Caller: the plaintext is longer than the format allows.
    TooLong,
    /// Caller: the body is no JSON, or has nothing at the places that are to be sealed.
    NotThere,
    /// Caller: the request left no key for its answer.
    Session,
    /// Caller: the format has a JWS inside, and nobody signs it.
    Signature,
}

impl fmt::Display for OpenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "it is not in this format",
            Self::Malformed => "it is malformed",
            Self::NotOpened => "another key or algorithm, or changed on its way",
            Self::Stale => "it does not say that it was made just now",
            Self::Signature => "the signature inside is by nobody known",
            Self::Content => "its plaintext cannot stand where it belongs",
        })
    }
}

impl core::error::Error for OpenFault {}

impl fmt::Display for SealFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "the key does not fit the format",
            Self::Random => "there is no randomness",
            Self::TooLong => "the body is too long",
            Self::NotThere => "there is nothing at the places that are to be sealed",
            Self::Session => "only an answer to a request can be sealed this way",
            Self::Signature => "the format has a JWS inside, and nobody signs it",
        })
    }
}

impl core::error::Error for SealFault {}
