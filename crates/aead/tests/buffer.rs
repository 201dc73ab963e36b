//! Whole-buffer opening and sealing: round trips, tampering, and the buffer after a failure.

use proptest::prelude::*;
use sealgate_aead::aead::{AeadInOut, KeyInit};
use sealgate_aead::{Aes256Gcm, OpenError, open_detached, open_in_place, seal_in_place};

const KEY: [u8; 32] = [0x42; 32];
const NONCE: [u8; 12] = [7; 12];

#[test]
fn shorter_than_a_tag_is_truncated() {
    for length in 0..16 {
        let mut buffer = vec![0xaa; length];
        assert_eq!(
            open_in_place(&KEY, &NONCE, b"", &mut buffer),
            Err(OpenError::Truncated)
        );
        assert_eq!(buffer, vec![0xaa; length]);
    }
}

#[test]
fn agrees_with_the_trait_methods() {
    let mut ours = b"hello".to_vec();
    seal_in_place(&KEY, &NONCE, b"aad", &mut ours).unwrap();
    let mut theirs = b"hello".to_vec();
    let gcm = Aes256Gcm::new(&KEY.into());
    gcm.encrypt_in_place(&NONCE.into(), b"aad", &mut theirs)
        .unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(format!("{gcm:?}"), "Aes256Gcm { .. }");
}

proptest! {
    #[test]
    fn round_trip(
        key: [u8; 32],
        nonce: [u8; 12],
        aad in prop::collection::vec(any::<u8>(), 0..100),
        plaintext in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        let mut buffer = plaintext.clone();
        seal_in_place(&key, &nonce, &aad, &mut buffer).unwrap();
        prop_assert_eq!(buffer.len(), plaintext.len() + 16);
        open_in_place(&key, &nonce, &aad, &mut buffer).unwrap();
        prop_assert_eq!(buffer, plaintext);
    }

    #[test]
    fn one_flipped_bit_anywhere_fails_and_leaves_the_buffer(
        plaintext in prop::collection::vec(any::<u8>(), 0..300),
        position: prop::sample::Index,
        bit in 0..8_u32,
        part in 0..4_u8,
    ) {
        let (mut key, mut nonce, mut aad) = (KEY, NONCE, b"associated".to_vec());
        let mut buffer = plaintext;
        seal_in_place(&key, &nonce, &aad, &mut buffer).unwrap();
        let target: &mut [u8] = match part {
            0 => &mut key,
            1 => &mut nonce,
            2 => &mut aad,
            _ => &mut buffer,
        };
        let at = position.index(target.len());
        target[at] ^= 1 << bit;
        let before = buffer.clone();
        let opened = open_in_place(&key, &nonce, &aad, &mut buffer);
        prop_assert_eq!(opened, Err(OpenError::Authentication));
        prop_assert_eq!(&buffer, &before);
        let (ciphertext, tag) = buffer.split_last_chunk_mut::<16>().unwrap();
        prop_assert!(open_detached(&key, &nonce, &aad, ciphertext, tag).is_err());
    }
}
