//! Fixed limits of the engine. What an operator sets is in the policy.

/// Largest policy document, in bytes: far above any real one, far below a worker's memory.
pub(crate) const MAX_POLICY_BYTES: usize = 4 * 1024 * 1024;
/// Deepest nesting of a policy document; the schema needs 8.
pub(crate) const MAX_POLICY_DEPTH: usize = 16;
/// Largest compact token, in bytes: proxies allow about 60 KiB of headers in all.
pub(crate) const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Longest text made from one claim, in bytes.
pub(crate) const MAX_CLAIM_BYTES: usize = 1024;
/// Longest values of all claims that one policy hands on, together, in bytes: a proxy's headers have room for it.
pub(crate) const MAX_CLAIMS_BYTES: usize = 8 * 1024;
/// Longest signed nonce, in bytes.
pub(crate) const MAX_NONCE_BYTES: usize = 256;
/// Most signatures of one request that are tried; each costs one MAC.
pub(crate) const MAX_SIGNATURES_TRIED: usize = 4;
/// Most attempts to write a contended replay slot; beyond that the store counts as unavailable.
pub(crate) const MAX_REPLAY_ATTEMPTS: u8 = 32;
