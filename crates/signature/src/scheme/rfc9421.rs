//! HTTP Message Signatures (RFC 9421) for requests and responses.
//!
//! [`Rfc9421`] is the configured [`Scheme`](crate::Scheme): which components a signature has to
//! cover, of which `tag`, and how to sign. What is below it, [`parse`], [`Presented::base`] and
//! [`sign()`], is for callers with rules of their own.
//!
//! The component model is whole: all derived components, `sf`, `bs`, `key`, `req`, `tr`,
//! `@query-param`, several labels. Where the text leaves a choice:
//!
//! - `sf` needs the field's type: the ones of the field name registry are known, a policy may name
//!   more ([`Rfc9421::structured`]), any other field is refused with `UnsupportedParameter`.
//!   `key` says itself that the field is a dictionary.
//! - A structured field that names a member twice is refused under `sf` and `key`: the value that
//!   is signed would leave one of the two out, and another reader might take that one.
//! - Values with bytes outside printable ASCII are refused unless `bs` is used.
//! - `tr` reads what the caller hands over as trailers; without them the component is absent.
//!
//! **The `@signature-params` line.** RFC 9421 section 3.2 step 7 has the verifier rebuild the line
//! from the parsed value with the strict serialisation of structured fields (section 2.3), not
//! copy the bytes: order of components and parameters is kept, optional spaces and leading zeros
//! are not. Since parsing forgets all but the last of two equal parameters, and a signature must
//! have one meaning only, every repetition is refused before anything is rebuilt.

mod accept;
mod base;
mod component;
mod configured;
mod derived;
mod field;
mod fields;
mod sign;

pub use accept::{ACCEPT_SIGNATURE, AcceptSignature};
pub use component::Component;
pub use configured::Rfc9421;
pub use sign::{SignSpec, SignedHeaders, sign};

use crate::limits::{MAX_LABELS, MAX_SIGNATURE_BYTES};
use crate::structured::{self, StructuredType};
use crate::{Message, SignatureError};

/// The registered name of HMAC with SHA-256 (RFC 9421 section 3.3.3).
pub const HMAC_SHA256: &str = "hmac-sha256";
/// The field that lists what is covered, lower case.
pub const SIGNATURE_INPUT: &str = "signature-input";
/// The field that carries the signature values, lower case.
pub const SIGNATURE: &str = "signature";

/// The signature parameters (RFC 9421 section 2.3), as presented: nothing here is verified yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    /// Creation time in seconds since the Unix epoch.
    pub created: Option<i64>,
    /// Expiry in seconds since the Unix epoch.
    pub expires: Option<i64>,
    /// A value the signer used once; at most 256 bytes of printable ASCII.
    pub nonce: Option<String>,
    /// The registered algorithm name; the key, not this, decides what is run.
    pub alg: Option<String>,
    /// The key's name at the signer.
    pub keyid: Option<String>,
    /// The application the signature is for.
    pub tag: Option<String>,
}

/// One signature found on a message, not yet verified.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The label both fields use for it; it is not signed, so it must carry no meaning.
    pub label: String,
    /// The covered components in order.
    pub components: Vec<Component>,
    /// The parameters.
    pub params: Params,
    /// The signature value, at most 1024 bytes.
    pub signature: Vec<u8>,
    /// The value of the `@signature-params` line: the strict serialisation of the inner list.
    signature_params: String,
}

impl Presented {
    /// Whether a component is covered, as it is or in another serialisation of the whole field
    /// (`sf`, `bs`).
    pub fn covers(&self, wanted: &Component) -> bool {
        self.components
            .iter()
            .any(|component| component.fulfils(wanted))
    }

    /// The signature base (RFC 9421 section 2.5) of this signature over `message`. `known` adds
    /// types of structured fields to the registered ones.
    ///
    /// # Errors
    /// A covered component that is absent, ambiguous, unsupported or holds an illegal byte.
    pub fn base(
        &self,
        message: &Message<'_>,
        known: &[(String, StructuredType)],
    ) -> Result<Vec<u8>, SignatureError> {
        base::build(message, &self.components, &self.signature_params, known)
    }

    /// The value of the `@signature-params` line.
    pub fn signature_params(&self) -> &str {
        &self.signature_params
    }
}

/// Reads every signature of the message, one to eight, in the order of `Signature-Input`.
///
/// A signature over components that we do not know is passed over when another one is there: it
/// may be meant for somebody else.
///
/// # Errors
/// [`SignatureError::Missing`] when both fields are absent or empty; otherwise the first fault found:
/// grammar, duplicate labels, labels in only one of the fields, unknown components or component
/// parameters, bounds.
pub fn parse(message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
    let input = fields::joined(message, SIGNATURE_INPUT.as_bytes())?;
    let values = fields::joined(message, SIGNATURE.as_bytes())?;
    let (input, values) = match (input, values) {
        (Some(input), Some(values)) => (input, values),
        (None, None) => return Err(SignatureError::Missing),
        _ => return Err(SignatureError::LabelMismatch),
    };
    let lists = fields::inner_lists(&input)?;
    let mut signatures = fields::signatures(&values)?;
    if lists.len() > MAX_LABELS || signatures.len() > MAX_LABELS {
        return Err(SignatureError::TooLarge);
    }
    if lists.len() != signatures.len() {
        return Err(SignatureError::LabelMismatch);
    }
    // Both fields may be valid and empty; a caller must never have to tell that from unsigned.
    let mut unusable = SignatureError::Missing;
    let mut presented = Vec::with_capacity(lists.len());
    for (label, list) in lists {
        let at = signatures
            .iter()
            .position(|(name, _)| *name == label)
            .ok_or(SignatureError::LabelMismatch)?;
        let (_, signature) = signatures.swap_remove(at);
        if signature.is_empty() || signature.len() > MAX_SIGNATURE_BYTES {
            return Err(SignatureError::Malformed);
        }
        let params = fields::params(&list.params)?;
        let signature_params = structured::inner_list(&list)?;
        match component::read_all(list.items) {
            Ok(components) => presented.push(Presented {
                label,
                components,
                params,
                signature,
                signature_params,
            }),
            Err(
                unknown @ (SignatureError::UnsupportedComponent
                | SignatureError::UnsupportedParameter),
            ) => unusable = unknown,
            Err(fault) => return Err(fault),
        }
    }
    if presented.is_empty() {
        Err(unusable)
    } else {
        Ok(presented)
    }
}
