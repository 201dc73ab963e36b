//! What can be wrong with a signature, grouped by who is at fault.

use core::fmt;

/// Who caused a [`SignatureError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The message: what the peer sent is absent, malformed or does not verify.
    Peer,
    /// The caller: a key or a signing order that cannot be used.
    Config,
}

/// A signature that could not be read, rebuilt, verified or made.
///
/// No variant carries bytes of the message or of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// Peer: the signature field is not there.
    Missing,
    /// Peer: a field that must occur once occurs several times.
    Repeated,
    /// Peer: a signature field does not follow its grammar.
    Malformed,
    /// Peer: two signatures carry the same label.
    DuplicateLabel,
    /// Peer: `Signature-Input` and `Signature` do not name the same labels.
    LabelMismatch,
    /// Peer: one signature parameter, or parameter of a component, is given twice.
    DuplicateParameter,
    /// Peer: one component is listed twice.
    DuplicateComponent,
    /// Peer: more labels, components or bytes than the limits allow.
    TooLarge,
    /// Peer: a derived component we do not know, or one that has no meaning in a request.
    UnsupportedComponent,
    /// Peer: a component parameter we do not implement (`sf`, `bs`, `key`, `req`, `tr`).
    UnsupportedParameter,
    /// Peer: a covered component is not part of the message.
    AbsentComponent,
    /// Peer: a covered query parameter occurs several times (RFC 9421 section 2.2.8).
    AmbiguousComponent,
    /// Peer: a covered value holds a byte that has no place in a signature base.
    IllegalValue,
    /// Peer: a request target that is neither origin-form nor `*`.
    UnsupportedTarget,
    /// Peer: the signature leaves out what the scheme is configured to demand.
    NotCovered,
    /// Peer: the message claims another algorithm than its key has.
    AlgorithmMismatch,
    /// Peer: the signature does not verify.
    Mismatch,
    /// Peer: no digest of an algorithm we know.
    DigestUnsupported,
    /// Peer: a digest does not match the content.
    DigestMismatch,
    /// Config: a MAC key without a byte.
    EmptyKey,
    /// Config: a public key that is no point of its curve, or too short.
    WeakKey,
    /// Config: the private key's holder did not sign.
    SigningFailed,
    /// Config: a label, parameter or component that cannot be serialised.
    InvalidSpec,
}

impl SignatureError {
    /// A stable kebab-case name for logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "signature-missing",
            Self::Repeated => "signature-field-repeated",
            Self::Malformed => "signature-malformed",
            Self::DuplicateLabel => "signature-label-duplicate",
            Self::LabelMismatch => "signature-label-mismatch",
            Self::DuplicateParameter => "signature-parameter-duplicate",
            Self::DuplicateComponent => "signature-component-duplicate",
            Self::TooLarge => "signature-too-large",
            Self::UnsupportedComponent => "signature-component-unsupported",
            Self::UnsupportedParameter => "signature-parameter-unsupported",
            Self::AbsentComponent => "signature-component-absent",
            Self::AmbiguousComponent => "signature-component-ambiguous",
            Self::IllegalValue => "signature-value-illegal",
            Self::UnsupportedTarget => "signature-target-unsupported",
            Self::NotCovered => "signature-coverage",
            Self::AlgorithmMismatch => "signature-algorithm",
            Self::Mismatch => "signature-mismatch",
            Self::DigestUnsupported => "digest-unsupported",
            Self::DigestMismatch => "digest-mismatch",
            Self::EmptyKey => "signature-key-empty",
            Self::WeakKey => "signature-key-weak",
            Self::SigningFailed => "signature-not-made",
            Self::InvalidSpec => "signature-spec-invalid",
        }
    }

    /// Who is at fault.
    pub const fn fault(self) -> Fault {
        match self {
            Self::EmptyKey | Self::InvalidSpec | Self::WeakKey | Self::SigningFailed => {
                Fault::Config
            }
            _ => Fault::Peer,
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for SignatureError {}
