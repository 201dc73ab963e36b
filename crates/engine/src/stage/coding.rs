//! The content coding of an unsealed body (RFC 9110 section 8.4): undone before the scan.
//!
//! The upstream gets what was scanned: the decoded body, without `content-encoding`. Another
//! decoder could read the same stream differently; nobody decodes it after us. A sealed body has
//! no coding of its own.

use sealgate_scan::Limits;
use sealgate_scan::extract::{self, Codings};

use super::inspect::extraction;
use crate::refusal::Reason;

/// The body without its coding; `None` when it had none.
pub(crate) fn undo(
    limits: &Limits,
    content_encoding: Option<&[u8]>,
    body: &[u8],
) -> Result<Option<Vec<u8>>, Reason> {
    let Some(value) = content_encoding else {
        return Ok(None);
    };
    if body.is_empty() {
        return Ok(None);
    }
    let codings = Codings::parse(value, limits).map_err(extraction)?;
    if codings.is_identity() {
        return Ok(None);
    }
    extract::decoded(&codings, body, limits)
        .map(Some)
        .map_err(extraction)
}
