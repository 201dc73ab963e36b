//! What a request of `whatsapp-flows` leaves for its answer, in a file.

use std::path::Path;

use anyhow::{Context, Result};
use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_format::Session;
use zeroize::Zeroizing;

use super::random;
use crate::keygen::write_private;

/// A fresh session, kept in `path` if there is one.
///
/// # Errors
/// Without randomness, and when the file cannot be made.
pub(crate) fn make(path: Option<&Path>) -> Result<Session> {
    let session = Session::generate(&mut random)
        .map_err(|fault| anyhow::anyhow!("no session was made: {fault}"))?;
    if let Some(path) = path {
        let text = Base64UrlUnpadded::encode_string(session.to_bytes().as_slice());
        write_private(path, Zeroizing::new(text).as_bytes())?;
    }
    Ok(session)
}

/// The session of a file that [`make`] wrote.
///
/// # Errors
/// When it is another file.
pub(crate) fn read(path: &Path) -> Result<Session> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = Base64UrlUnpadded::decode_vec(text.trim()).map(Zeroizing::new);
    bytes
        .ok()
        .and_then(|bytes| bytes.as_slice().try_into().ok().map(Zeroizing::new))
        .map(|bytes| Session::from_bytes(&bytes))
        .with_context(|| format!("{} holds no session", path.display()))
}
