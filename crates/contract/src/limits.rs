//! Bounds, each with its unit and reason.

/// Schema applications for each byte of a body. An honest body needs about one for each of its
/// values; alternatives that branch in each other could ask for a power of that.
pub(crate) const STEPS_PER_BYTE: usize = 16;
/// Schema applications that even the shortest body may cost.
pub(crate) const FREE_STEPS: usize = 10_000;
/// Schemas of one document.
pub(crate) const MAX_SCHEMAS: usize = 50_000;
/// Applications inside each other, on one value or down a body: the checker recurses.
pub(crate) const MAX_DEPTH: usize = 256;
/// Bytes of one compiled pattern.
pub(crate) const MAX_PATTERN_BYTES: usize = 256 * 1024;
/// Characters of a place in a violation; names in it come from the peer.
pub(crate) const MAX_PLACE_CHARS: usize = 128;
