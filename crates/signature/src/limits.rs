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
