//! AES-256-GCM on WebAssembly SIMD (128-bit, the finished proposal, no relaxed instructions).
//!
//! Bitsliced AES over eight blocks and GHASH by in-register look-up: every operation is a
//! fixed-time vector instruction on every engine we know, and there is no `unsafe`.

mod aes;
mod ghash;
mod lanes;
mod sbox;

use ::aead::consts::U128;
use ::aead::inout::InOutBuf;
use ::aead::{Error, Key, Nonce, Result, Tag};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use self::aes::{Aes256, BATCH};
use self::ghash::{Ghash, HashKey};
use self::lanes::Lanes;
use crate::Aes256Gcm;

/// Longest message in bytes (SP 800-38D section 5.2.1.1).
const MAX_MESSAGE_BYTES: u64 = (1 << 36) - 32;
/// Longest associated data in bytes.
const MAX_ASSOCIATED_BYTES: u64 = (1 << 61) - 1;
/// Keystream bytes that the batch with the tag mask has left over.
const FIRST_BYTES: usize = (BATCH - 1) * 16;

/// A key, ready for use; both parts wipe themselves on drop.
pub(crate) struct Gcm {
    aes: Aes256,
    hash_key: HashKey,
}

impl Gcm {
    pub(crate) fn new(key: &Key<Aes256Gcm>) -> Self {
        let aes = Aes256::new(key.as_ref());
        let [h, ..] = aes.keystream(Lanes::ZERO, 0);
        Self {
            aes,
            hash_key: HashKey::new(h),
        }
    }

    pub(crate) fn encrypt_inout_detached(
        &self,
        nonce: &Nonce<Aes256Gcm>,
        associated_data: &[u8],
        mut buffer: InOutBuf<'_, '_, u8>,
    ) -> Result<Tag<Aes256Gcm>> {
        check_lengths(associated_data, buffer.len())?;
        let stream = Stream::new(&self.aes, nonce);
        let mask = stream.tag_mask();
        stream.apply(buffer.reborrow());
        Ok(self.tag(mask, associated_data, buffer.get_out()).into())
    }

    pub(crate) fn decrypt_inout_detached(
        &self,
        nonce: &Nonce<Aes256Gcm>,
        associated_data: &[u8],
        buffer: InOutBuf<'_, '_, u8>,
        tag: &Tag<Aes256Gcm>,
    ) -> Result<()> {
        check_lengths(associated_data, buffer.len())?;
        let stream = Stream::new(&self.aes, nonce);
        let expected = self.tag(stream.tag_mask(), associated_data, buffer.get_in());
        if bool::from(expected.as_slice().ct_eq(tag.as_slice())) {
            stream.apply(buffer);
            Ok(())
        } else {
            Err(Error)
        }
    }

    fn tag(&self, mask: Lanes, associated_data: &[u8], ciphertext: &[u8]) -> [u8; 16] {
        let mut hash = Ghash::new(&self.hash_key, ciphertext.len());
        hash.update_padded(associated_data);
        hash.update_padded(ciphertext);
        let bits = |bytes: &[u8]| ((bytes.len() as u64) << 3).swap_bytes();
        hash.update(Lanes::from_halves([
            bits(associated_data),
            bits(ciphertext),
        ]));
        (hash.finish() ^ mask).store()
    }
}

fn check_lengths(associated_data: &[u8], message_bytes: usize) -> Result<()> {
    if message_bytes as u64 > MAX_MESSAGE_BYTES
        || associated_data.len() as u64 > MAX_ASSOCIATED_BYTES
    {
        return Err(Error);
    }
    Ok(())
}

/// The keystream of one message: counter 1 masks the tag, the message starts at counter 2.
struct Stream<'k> {
    aes: &'k Aes256,
    prefix: Lanes,
    /// Counters 1 to 8.
    first: [Lanes; BATCH],
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.first.zeroize();
    }
}

impl<'k> Stream<'k> {
    fn new(aes: &'k Aes256, nonce: &Nonce<Aes256Gcm>) -> Self {
        let mut block = [0; 16];
        for (to, from) in block.iter_mut().zip(nonce) {
            *to = *from;
        }
        let prefix = Lanes::load(&block);
        Self {
            aes,
            prefix,
            first: aes.keystream(prefix, 1),
        }
    }

    fn tag_mask(&self) -> Lanes {
        self.first[0]
    }

    /// Adds the keystream to the message.
    fn apply(self, buffer: InOutBuf<'_, '_, u8>) {
        let head_bytes = FIRST_BYTES.min(buffer.len());
        let (head, rest) = buffer.split_at(head_bytes);
        let [_, head_stream @ ..] = self.first;
        add_partial(head, &head_stream);
        let mut counter = 1 + BATCH as u32;
        let (batches, tail) = rest.into_chunks::<U128>();
        for mut batch in batches {
            let stream = self.aes.keystream(self.prefix, counter);
            counter = counter.wrapping_add(BATCH as u32);
            let input = *batch.get_in();
            let (input, _) = input.as_chunks::<16>();
            let (output, _) = batch.get_out().as_chunks_mut::<16>();
            for ((input, output), stream) in input.iter().zip(output).zip(stream) {
                *output = (Lanes::load(input) ^ stream).store();
            }
        }
        if !tail.is_empty() {
            add_partial(tail, &self.aes.keystream(self.prefix, counter));
        }
    }
}

/// Adds as much keystream as the message needs, at most all of it.
fn add_partial(mut message: InOutBuf<'_, '_, u8>, stream: &[Lanes]) {
    let mut bytes = [0; BATCH * 16];
    let (blocks, _) = bytes.as_chunks_mut::<16>();
    for (block, stream) in blocks.iter_mut().zip(stream) {
        *block = stream.store();
    }
    if let Some(stream) = bytes.get(..message.len()) {
        message.xor_in2out(stream);
    }
    bytes.zeroize();
}
