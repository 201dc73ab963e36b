//! Bodies in records: RFC 8188 `aes128gcm`, and the same framing with AES-256-GCM bound to its
//! request, which is ours (docs/formats.md).
//!
//! A body is opened record by record, in place, in the order of its records; each record has a nonce of
//! its own, and the last one says that it is the last. So records cannot be left out, swapped,
//! repeated or cut off, and nothing is let out before the last one was opened.

use aes_gcm::Aes128Gcm;
use hmac::{Hmac, Mac};
use sealgate_aead::Aes256Gcm;
use sealgate_aead::aead::{AeadInOut, KeyInit, Nonce, Tag};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::fault::{OpenFault, SealFault};

/// Which records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// RFC 8188: content coding `aes128gcm`.
    Aes128Gcm,
    /// AES-256-GCM in the same framing: content coding `sealgate-a256gcm-records`.
    Aes256Gcm,
}

/// Salt, record size and length of the key id.
const FIXED_HEADER_BYTES: usize = 21;
/// Length of the salt in bytes.
pub(crate) const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;
/// A record holds a tag, a delimiter and at least one byte (RFC 8188 section 2.1).
const MIN_RECORD_BYTES: usize = 18;
/// Largest record that is taken, in bytes: one record is held more than once while it is opened
/// elsewhere, and a larger one has no use.
const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;
/// Delimiters behind the data of a record (RFC 8188 section 2).
const MORE: u8 = 1;
const LAST: u8 = 2;

/// The front of a body: whose key, and how long the records are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    salt: [u8; SALT_BYTES],
    record_bytes: usize,
    key_id: Vec<u8>,
    length: usize,
}

impl Records {
    /// The content coding.
    #[must_use]
    pub const fn coding(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes128gcm",
            Self::Aes256Gcm => "sealgate-a256gcm-records",
        }
    }

    /// Opens `body` in place: it is the plaintext then. When it does not open, it is garbage.
    ///
    /// `secret` is the input keying material, `associated_data` what every record is bound to; it
    /// is not used by RFC 8188.
    ///
    /// # Errors
    /// [`OpenFault::NotOpened`] for a record that does not open and for a body that ends early.
    pub fn open(
        self,
        body: &mut Vec<u8>,
        header: &RecordHeader,
        secret: &[u8],
        associated_data: &[u8],
    ) -> Result<(), OpenFault> {
        let cipher =
            Cipher::new(self, secret, &header.salt, associated_data).ok_or(OpenFault::NotOpened)?;
        let mut read = header.length;
        let mut written = 0_usize;
        let mut sequence = 0_u64;
        loop {
            let rest = body.len().saturating_sub(read);
            let bytes = rest.min(header.record_bytes);
            let end = read.checked_add(bytes).ok_or(OpenFault::NotOpened)?;
            let record = body.get_mut(read..end).ok_or(OpenFault::NotOpened)?;
            let data = cipher.open(sequence, record).ok_or(OpenFault::NotOpened)?;
            let (data, last) = unpadded(data).ok_or(OpenFault::NotOpened)?;
            // Every record but the last is whole, and behind the last one there is nothing.
            let is_end = rest <= header.record_bytes;
            if last != is_end || (!last && bytes != header.record_bytes) {
                return Err(OpenFault::NotOpened);
            }
            let from = read..read.saturating_add(data);
            body.copy_within(from, written);
            written = written.saturating_add(data);
            if last {
                break;
            }
            read = end;
            sequence = sequence.checked_add(1).ok_or(OpenFault::NotOpened)?;
        }
        body.truncate(written);
        Ok(())
    }

    /// Seals `plaintext` into records of `record_bytes` each.
    ///
    /// # Errors
    /// [`SealFault::TooLong`] for a record size out of range or a key id of more than 255 bytes.
    pub fn seal(
        self,
        plaintext: &[u8],
        secret: &[u8],
        key_id: &[u8],
        record_bytes: usize,
        salt: [u8; SALT_BYTES],
        associated_data: &[u8],
    ) -> Result<Vec<u8>, SealFault> {
        let id_length = u8::try_from(key_id.len()).map_err(|_| SealFault::TooLong)?;
        if !(MIN_RECORD_BYTES..=MAX_RECORD_BYTES).contains(&record_bytes) {
            return Err(SealFault::TooLong);
        }
        let size = u32::try_from(record_bytes).map_err(|_| SealFault::TooLong)?;
        let cipher = Cipher::new(self, secret, &salt, associated_data).ok_or(SealFault::Key)?;
        let mut out = salt.to_vec();
        out.extend_from_slice(&size.to_be_bytes());
        out.push(id_length);
        out.extend_from_slice(key_id);
        let room = record_bytes.saturating_sub(TAG_BYTES).saturating_sub(1);
        let mut chunks = plaintext.chunks(room).peekable();
        let mut sequence = 0_u64;
        loop {
            let mut record = chunks.next().unwrap_or_default().to_vec();
            let last = chunks.peek().is_none();
            record.push(if last { LAST } else { MORE });
            cipher
                .seal(sequence, &mut record)
                .ok_or(SealFault::TooLong)?;
            out.extend_from_slice(&record);
            if last {
                return Ok(out);
            }
            sequence = sequence.checked_add(1).ok_or(SealFault::TooLong)?;
        }
    }

    /// What every record of a request is bound to, as a raw body is; nothing under RFC 8188.
    #[must_use]
    pub fn request_data(self, method: &[u8], target: &[u8], key_id: &[u8]) -> Vec<u8> {
        [self.coding().as_bytes(), method, target, key_id].join(&b'\n')
    }

    /// What every record of a response is bound to.
    #[must_use]
    pub fn response_data(
        self,
        method: &[u8],
        target: &[u8],
        status: u16,
        key_id: &[u8],
    ) -> Vec<u8> {
        let status = status.to_string();
        let coding = self.coding().as_bytes();
        [
            coding,
            b"response",
            status.as_bytes(),
            method,
            target,
            key_id,
        ]
        .join(&b'\n')
    }

    const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm => 32,
        }
    }
}

impl RecordHeader {
    /// Reads the front of a body (RFC 8188 section 2.1).
    ///
    /// # Errors
    /// [`OpenFault::Malformed`] for a body that ends in it, or record sizes out of range.
    pub fn parse(body: &[u8]) -> Result<Self, OpenFault> {
        let malformed = OpenFault::Malformed;
        let (salt, rest) = body.split_first_chunk().ok_or(malformed)?;
        let (size, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (id_length, rest) = rest.split_first().ok_or(malformed)?;
        let key_id = rest.get(..usize::from(*id_length)).ok_or(malformed)?;
        let record_bytes = usize::try_from(u32::from_be_bytes(*size)).map_err(|_| malformed)?;
        if !(MIN_RECORD_BYTES..=MAX_RECORD_BYTES).contains(&record_bytes) {
            return Err(malformed);
        }
        Ok(Self {
            salt: *salt,
            record_bytes,
            key_id: key_id.to_vec(),
            length: FIXED_HEADER_BYTES.saturating_add(key_id.len()),
        })
    }

    /// The key that the sender names; may be empty.
    #[must_use]
    pub fn key_id(&self) -> &[u8] {
        &self.key_id
    }
}

/// Length of the data before delimiter and padding, and whether the record is the last.
fn unpadded(record: &[u8]) -> Option<(usize, bool)> {
    let delimiter = record.iter().rposition(|byte| *byte != 0)?;
    match *record.get(delimiter)? {
        MORE => Some((delimiter, false)),
        LAST => Some((delimiter, true)),
        _ => None,
    }
}

/// Key and base nonce of one body.
struct Cipher<'a> {
    key: Key,
    nonce: [u8; 12],
    associated_data: &'a [u8],
}

enum Key {
    Aes128(Box<Aes128Gcm>),
    Aes256(Box<Aes256Gcm>),
}

impl<'a> Cipher<'a> {
    /// RFC 8188 sections 2.2 and 2.3; HKDF of one block is two HMACs (RFC 5869).
    fn new(
        records: Records,
        secret: &[u8],
        salt: &[u8],
        associated_data: &'a [u8],
    ) -> Option<Self> {
        let extracted = mac(salt, &[secret])?;
        let coding = records.coding().as_bytes();
        let info = b"Content-Encoding: ";
        let key = mac(extracted.as_slice(), &[info, coding, &[0, 1]])?;
        let key = key.get(..records.key_bytes())?;
        let nonce = mac(extracted.as_slice(), &[info, b"nonce", &[0, 1]])?;
        Some(Self {
            key: match records {
                Records::Aes128Gcm => Key::Aes128(Box::new(Aes128Gcm::new_from_slice(key).ok()?)),
                Records::Aes256Gcm => Key::Aes256(Box::new(Aes256Gcm::new_from_slice(key).ok()?)),
            },
            nonce: *nonce.first_chunk()?,
            associated_data: match records {
                Records::Aes128Gcm => &[],
                Records::Aes256Gcm => associated_data,
            },
        })
    }

    /// The base nonce with the record's number in its low bits (RFC 8188 section 2.3).
    fn nonce(&self, sequence: u64) -> [u8; 12] {
        let mut nonce = self.nonce;
        let number = sequence.to_be_bytes();
        for (byte, bits) in nonce.iter_mut().skip(4).zip(number) {
            *byte ^= bits;
        }
        nonce
    }

    /// Opens a record in place and gives what comes before its tag.
    fn open<'r>(&self, sequence: u64, record: &'r mut [u8]) -> Option<&'r [u8]> {
        let (data, tag) = record.split_last_chunk_mut::<TAG_BYTES>()?;
        let nonce = self.nonce(sequence);
        let opened = match &self.key {
            Key::Aes128(cipher) => decrypt(&**cipher, &nonce, self.associated_data, data, tag),
            Key::Aes256(cipher) => decrypt(&**cipher, &nonce, self.associated_data, data, tag),
        };
        opened.map(|()| &*data)
    }

    fn seal(&self, sequence: u64, record: &mut Vec<u8>) -> Option<()> {
        let nonce = self.nonce(sequence);
        let tag = match &self.key {
            Key::Aes128(cipher) => encrypt(&**cipher, &nonce, self.associated_data, record),
            Key::Aes256(cipher) => encrypt(&**cipher, &nonce, self.associated_data, record),
        };
        record.extend_from_slice(&tag?);
        Some(())
    }
}

fn decrypt<C: AeadInOut>(
    cipher: &C,
    nonce: &[u8],
    data: &[u8],
    buffer: &mut [u8],
    tag: &[u8],
) -> Option<()> {
    let nonce = <&Nonce<C>>::try_from(nonce).ok()?;
    let tag = <&Tag<C>>::try_from(tag).ok()?;
    cipher
        .decrypt_inout_detached(nonce, data, buffer.into(), tag)
        .ok()
}

fn encrypt<C: AeadInOut>(
    cipher: &C,
    nonce: &[u8],
    data: &[u8],
    buffer: &mut [u8],
) -> Option<Vec<u8>> {
    let nonce = <&Nonce<C>>::try_from(nonce).ok()?;
    let tag = cipher.encrypt_inout_detached(nonce, data, buffer.into());
    tag.ok().map(|tag| tag.to_vec())
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Zeroizing<[u8; 32]>> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(Zeroizing::new(mac.finalize().into_bytes().into()))
}

/// Opens a body as a gate does, for fuzzing: whatever the bytes are, there is no panic, and what is
/// opened is no longer than what was sealed.
pub fn fuzz(records: Records, data: &[u8]) {
    let mut body = data.to_vec();
    if let Ok(header) = RecordHeader::parse(data)
        && records
            .open(&mut body, &header, &[7; 32], b"POST\n/")
            .is_ok()
    {
        assert!(body.len() < data.len(), "sealed bytes are longer");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64UrlUnpadded, Encoding};

    const SECRET: [u8; 32] = [7; 32];

    fn open(records: Records, body: &[u8], data: &[u8]) -> Result<Vec<u8>, OpenFault> {
        let mut opened = body.to_vec();
        let header = RecordHeader::parse(body)?;
        records.open(&mut opened, &header, &SECRET, data)?;
        Ok(opened)
    }

    fn seal(records: Records, plaintext: &[u8], size: usize) -> Vec<u8> {
        records
            .seal(plaintext, &SECRET, b"k1", size, [9; 16], b"POST\n/a")
            .unwrap()
    }

    /// RFC 8188 sections 3.1 and 3.2.
    #[test]
    fn the_examples_of_rfc_8188_open() {
        let decode = |text: &str| Base64UrlUnpadded::decode_vec(text).unwrap();
        let examples = [
            (
                "yqdlZ-tYemfogSmv7Ws5PQ",
                "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-\
                 ly8Thjg",
                "",
            ),
            (
                "BO3ZVPxUlnLORbVGMpbT1Q",
                "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF\
                 1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA",
                "a1",
            ),
        ];
        for (secret, sealed, key_id) in examples {
            let mut body = decode(sealed);
            let header = RecordHeader::parse(&body).unwrap();
            assert_eq!(header.key_id(), key_id.as_bytes());
            Records::Aes128Gcm
                .open(&mut body, &header, &decode(secret), b"")
                .unwrap();
            assert_eq!(body, b"I am the walrus");
        }
    }

    #[test]
    fn what_is_sealed_opens_at_every_length_around_a_border() {
        for records in [Records::Aes128Gcm, Records::Aes256Gcm] {
            for length in [0, 1, 7, 8, 9, 15, 16, 17, 100] {
                let plaintext: Vec<u8> = (0..length).map(|n| n as u8).collect();
                let sealed = seal(records, &plaintext, 25);
                assert_eq!(
                    open(records, &sealed, b"POST\n/a"),
                    Ok(plaintext),
                    "{length}"
                );
            }
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_refused() {
        let sealed = seal(Records::Aes256Gcm, &[5; 40], 25);
        for end in 0..sealed.len() {
            let opened = open(Records::Aes256Gcm, &sealed[..end], b"POST\n/a");
            assert!(opened.is_err(), "cut at {end}");
        }
        for at in 0..sealed.len() {
            // The key id is looked up by the caller, not authenticated by RFC 8188.
            if (FIXED_HEADER_BYTES..FIXED_HEADER_BYTES + 2).contains(&at) {
                continue;
            }
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(
                open(Records::Aes256Gcm, &changed, b"POST\n/a").is_err(),
                "{at}"
            );
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert!(open(Records::Aes256Gcm, &longer, b"POST\n/a").is_err());
    }

    #[test]
    fn records_do_not_move() {
        let records = Records::Aes256Gcm;
        let sealed = seal(records, &[5; 24], 25);
        let front = FIXED_HEADER_BYTES + 2;
        let part = |n: usize| &sealed[front + 25 * n..front + 25 * (n + 1)];
        let swapped = [&sealed[..front], part(1), part(0), part(2)].concat();
        let repeated = [&sealed[..front], part(0), part(0), part(2)].concat();
        let shorter = [&sealed[..front], part(0), part(2)].concat();
        let dropped = [&sealed[..front], part(0), part(1)].concat();
        for body in [swapped, repeated, shorter, dropped] {
            assert_eq!(open(records, &body, b"POST\n/a"), Err(OpenFault::NotOpened));
        }
        let elsewhere = open(records, &sealed, b"POST\n/b");
        assert_eq!(elsewhere, Err(OpenFault::NotOpened), "another request");
    }

    #[test]
    fn padding_is_taken_off_and_a_record_of_padding_alone_is_none() {
        assert_eq!(unpadded(&[7, 2, 0, 0]), Some((1, true)));
        assert_eq!(unpadded(&[7, 0, 1]), Some((2, false)));
        assert_eq!(unpadded(&[2]), Some((0, true)));
        assert_eq!(unpadded(&[0, 0]), None);
        assert_eq!(unpadded(&[7, 3]), None);
        assert_eq!(unpadded(&[]), None);
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let mut body = seal(Records::Aes128Gcm, b"x", 25);
        for size in [0_u32, 17, MAX_RECORD_BYTES as u32 + 1, u32::MAX] {
            body[16..20].copy_from_slice(&size.to_be_bytes());
            assert_eq!(RecordHeader::parse(&body), Err(OpenFault::Malformed));
        }
    }
}
