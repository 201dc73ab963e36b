//! Raw AES-256-GCM bodies: nonce (12), ciphertext, tag (16), bound to where they belong
//! (docs/formats.md).

use crate::fault::SealFault;

/// Content coding of raw bodies.
pub const CODING: &str = "sealgate-a256gcm";
/// Header that names the key of a raw body.
pub const KEY_HEADER: &str = "sealgate-key";
/// Bytes before the ciphertext.
pub const NONCE_BYTES: usize = 12;
/// Bytes behind it.
pub const TAG_BYTES: usize = 16;

/// What a raw body of a request is bound to: method, request target and key id.
#[must_use]
pub fn request_data(method: &[u8], target: &[u8], key_id: &[u8]) -> Vec<u8> {
    [CODING.as_bytes(), method, target, key_id].join(&b'\n')
}

/// What a raw body of a response is bound to: the request it answers, its status and key id. The
/// word `response` keeps a body from being sent back as a request.
#[must_use]
pub fn response_data(method: &[u8], target: &[u8], status: u16, key_id: &[u8]) -> Vec<u8> {
    let status = status.to_string();
    [
        CODING.as_bytes(),
        b"response",
        status.as_bytes(),
        method,
        target,
        key_id,
    ]
    .join(&b'\n')
}

/// The parts of a raw body; `None` when it is shorter than nonce and tag.
pub fn parts(body: &mut [u8]) -> Option<(&mut [u8; NONCE_BYTES], &mut [u8], &mut [u8; TAG_BYTES])> {
    let (nonce, sealed) = body.split_first_chunk_mut::<NONCE_BYTES>()?;
    let (ciphertext, tag) = sealed.split_last_chunk_mut::<TAG_BYTES>()?;
    Some((nonce, ciphertext, tag))
}

/// Seals a body; draws the nonce from `random`.
///
/// # Errors
/// [`SealFault::Random`] and [`SealFault::TooLong`].
pub fn seal(
    plaintext: &[u8],
    key: &[u8; 32],
    associated_data: &[u8],
    random: &mut sealgate_jose::jwe::Random<'_>,
) -> Result<Vec<u8>, SealFault> {
    let mut nonce = [0; NONCE_BYTES];
    random(&mut nonce).map_err(|_| SealFault::Random)?;
    let mut sealed = plaintext.to_vec();
    sealgate_aead::seal_in_place(key, &nonce, associated_data, &mut sealed)
        .map_err(|_| SealFault::TooLong)?;
    Ok([nonce.as_slice(), &sealed].concat())
}
