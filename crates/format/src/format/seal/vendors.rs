//! What vendors put around sealed values, and the formats of theirs that are no JOSE.

use base64ct::{Base64, Encoding};
use sealgate_jose::jwe::{ContentEncryption, ContentEncryptionKey, EncryptionKey, Random};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Sealed, Sealing, fault};
use crate::fault::SealFault;
use crate::format::Text;
use crate::key::SealKey;
use crate::session::{BLOCK_BYTES, seal_cbc};

/// Juspay's object around the parts of a compact JWE.
pub(super) fn juspay(token: &str) -> Result<Vec<u8>, SealFault> {
    let segments: Vec<&str> = token.split('.').collect();
    let [header, key, iv, payload, tag] = segments.as_slice() else {
        return Err(SealFault::Key);
    };
    let object = json!({
        "header": header, "encryptedKey": key, "iv": iv, "encryptedPayload": payload, "tag": tag,
    });
    Ok(object.to_string().into_bytes())
}

/// Mastercard's object, or for a whole body its members besides the value.
pub(super) fn mastercard_object(
    value_name: &str,
    form: Text,
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<String, SealFault> {
    let key = sealing.key.and_then(SealKey::jwe).ok_or(SealFault::Key)?;
    let mut secret = Zeroizing::new([0; BLOCK_BYTES]);
    let mut iv = [0; BLOCK_BYTES];
    random(secret.as_mut_slice()).map_err(|_| SealFault::Random)?;
    random(&mut iv).map_err(|_| SealFault::Random)?;
    let content = seal_cbc(&secret, &iv, plaintext)?;
    let encrypted_key = encrypted_key(key, secret.as_slice(), random)?;
    let mut object = Map::new();
    object.insert("iv".into(), encode(form, &iv).into());
    object.insert("encryptedKey".into(), encode(form, &encrypted_key).into());
    object.insert(value_name.into(), encode(form, &content).into());
    object.insert("oaepHashingAlgorithm".into(), "SHA256".into());
    object.insert("publicKeyFingerprint".into(), sealing.kid.into());
    Ok(Value::Object(object).to_string())
}

fn encrypted_key(
    key: &EncryptionKey,
    secret: &[u8],
    random: &mut Random<'_>,
) -> Result<Vec<u8>, SealFault> {
    let cek = ContentEncryptionKey::from_slice(ContentEncryption::A128Gcm, secret)
        .map_err(|_| SealFault::Key)?;
    key.encrypt_key(&cek, random).map_err(fault)
}

pub(super) fn wechat_resource(
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<String, SealFault> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789AB";
    let key = sealing.key.and_then(SealKey::raw).ok_or(SealFault::Key)?;
    let mut nonce = [0; 12];
    random(&mut nonce).map_err(|_| SealFault::Random)?;
    let nonce = nonce.map(|byte| *LETTERS.get(usize::from(byte & 63)).unwrap_or(&b'A'));
    let mut sealed = plaintext.to_vec();
    sealgate_aead::seal_in_place(key, &nonce, b"", &mut sealed).map_err(|_| SealFault::TooLong)?;
    let object = json!({
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": Base64::encode_string(&sealed),
        "associated_data": "",
        "nonce": String::from_utf8_lossy(&nonce),
    });
    Ok(object.to_string())
}

/// WhatsApp Flows: a request with its key beside it, or the answer under the key of its request.
pub(super) fn whatsapp_flows(
    plaintext: &[u8],
    sealing: &Sealing<'_>,
    random: &mut Random<'_>,
) -> Result<Sealed, SealFault> {
    let session = sealing.session.ok_or(SealFault::Session)?;
    if sealing.status.is_some() {
        let sealed = Base64::encode_string(&session.seal_answer(plaintext)?);
        return Ok(Sealed::new(sealed.into_bytes(), "text/plain"));
    }
    let key = sealing.key.and_then(SealKey::jwe).ok_or(SealFault::Key)?;
    let object = json!({
        "encrypted_flow_data": Base64::encode_string(&session.seal_request(plaintext)?),
        "encrypted_aes_key": Base64::encode_string(&encrypted_key(key, session.key(), random)?),
        "initial_vector": Base64::encode_string(session.iv()),
    });
    Ok(Sealed::new(
        object.to_string().into_bytes(),
        "application/json",
    ))
}

/// Version and variant of a UUID, and their values in version 4.
const UUID_FIXED_BITS: u128 = (0xf << 76) | (0x3 << 62);
const UUID_VERSION_4: u128 = (0x4 << 76) | (0x2 << 62);

/// A random UUID (RFC 9562, version 4).
pub(super) fn uuid(random: &mut Random<'_>) -> Result<String, SealFault> {
    let mut bytes = [0; 16];
    random(&mut bytes).map_err(|_| SealFault::Random)?;
    let number = (u128::from_be_bytes(bytes) & !UUID_FIXED_BITS) | UUID_VERSION_4;
    let digits = format!("{number:032x}");
    let part = |range| digits.get(range).unwrap_or_default();
    Ok(format!(
        "{}-{}-{}-{}-{}",
        part(0..8),
        part(8..12),
        part(12..16),
        part(16..20),
        part(20..32)
    ))
}

fn encode(form: Text, bytes: &[u8]) -> String {
    match form {
        Text::Hex => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Text::Base64 => Base64::encode_string(bytes),
    }
}
