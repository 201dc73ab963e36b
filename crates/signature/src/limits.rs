//! Bounds on what a peer may make us read, each with its unit and reason.

/// Labels in one `Signature-Input`: a proxy chain adds one each, eight hops are generous.
pub(crate) const MAX_LABELS: usize = 8;
/// Components one signature may cover: all header fields of a large request, and then some.
pub(crate) const MAX_COMPONENTS: usize = 64;
/// Bytes of all lines of one signature field together.
pub(crate) const MAX_FIELD_BYTES: usize = 16 * 1024;
/// Bytes of one `nonce`, `keyid`, `alg` or `tag`; these become cache keys and log fields.
pub(crate) const MAX_PARAM_BYTES: usize = 256;
/// Bytes of one signature value: RSA-8192 is 1024.
pub(crate) const MAX_SIGNATURE_BYTES: usize = 1024;
/// Bytes of one signature base; it is built in memory once per signature.
pub(crate) const MAX_BASE_BYTES: usize = 256 * 1024;
/// Characters of a JOSE header in base64url; the longest in use have some 400.
pub(crate) const MAX_JOSE_HEADER_BYTES: usize = 4096;
/// Bits of an RSA modulus: 2048 is the least that NIST SP 800-131A allows, 8192 bounds the work.
pub(crate) const RSA_MODULUS_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;
/// Bytes of an RSA public exponent: it bounds the work, and common libraries read 32 bits.
pub(crate) const MAX_RSA_EXPONENT_BYTES: usize = 4;
/// Parameters of one form body that a signature covers one by one; Twilio sends some thirty.
pub(crate) const MAX_FORM_PARAMETERS: usize = 256;
