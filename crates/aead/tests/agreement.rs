//! The backend of this target against RustCrypto's AES-GCM, over every length around its batch
//! sizes. On targets where both are the same code this proves nothing; on wasm32 with simd128 it
//! covers each path of our own backend.

use aes_gcm::aead::{AeadInOut, KeyInit};
use proptest::prelude::*;
use sealgate_aead::Aes256Gcm;

/// Seals with both, opens with ours.
fn agree(key: [u8; 32], nonce: [u8; 12], aad: &[u8], plaintext: &[u8]) {
    let (mut ours, mut theirs) = (plaintext.to_vec(), plaintext.to_vec());
    let library = aes_gcm::Aes256Gcm::new(&key.into());
    let tag = library
        .encrypt_inout_detached(&nonce.into(), aad, theirs.as_mut_slice().into())
        .unwrap();
    let gcm = Aes256Gcm::new(&key.into());
    let our_tag = gcm
        .encrypt_inout_detached(&nonce.into(), aad, ours.as_mut_slice().into())
        .unwrap();
    assert_eq!(ours, theirs, "ciphertext of {} bytes", plaintext.len());
    assert_eq!(
        our_tag,
        tag,
        "tag of {} bytes, {} associated",
        plaintext.len(),
        aad.len()
    );
    gcm.decrypt_inout_detached(&nonce.into(), aad, ours.as_mut_slice().into(), &tag)
        .unwrap();
    assert_eq!(ours, plaintext);
}

#[test]
fn every_length_up_to_three_batches_and_a_long_one() {
    let bytes: Vec<u8> = (0..70_000_u32)
        .map(|i| (i.wrapping_mul(0x9e37) >> 7) as u8)
        .collect();
    for length in (0..=1300).chain([2047, 2048, 2049, 65_536, 70_000]) {
        let aad = &bytes[..length % 300];
        agree(
            [length as u8; 32],
            [(length >> 3) as u8; 12],
            aad,
            &bytes[..length],
        );
    }
    for length in 760..900 {
        agree(
            [3; 32],
            [4; 12],
            &bytes[..length],
            b"the associated data is the long part",
        );
    }
}

#[test]
fn special_keys_and_blocks() {
    for byte in [0x00, 0xff, 0x80, 0x01, 0x55, 0xaa] {
        for other in [0x00, 0xff, 0x80, 0x01] {
            agree([byte; 32], [other; 12], &[byte; 33], &[other; 1000]);
        }
    }
    for bit in 0..256 {
        let mut key = [0; 32];
        key[bit / 8] = 1 << (bit % 8);
        agree(key, [0; 12], b"", &[0; 200]);
    }
}

proptest! {
    #[test]
    fn arbitrary(
        key: [u8; 32],
        nonce: [u8; 12],
        aad in prop::collection::vec(any::<u8>(), 0..1000),
        plaintext in prop::collection::vec(any::<u8>(), 0..3000),
    ) {
        agree(key, nonce, &aad, &plaintext);
    }

    #[test]
    fn input_and_output_may_be_different_buffers(
        plaintext in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let gcm = Aes256Gcm::new(&[8; 32].into());
        let mut sealed = vec![0; plaintext.len()];
        let buffer = sealgate_aead::aead::inout::InOutBuf::new(&plaintext, &mut sealed).unwrap();
        let tag = gcm.encrypt_inout_detached(&[1; 12].into(), b"", buffer).unwrap();
        let mut in_place = plaintext.clone();
        let same = gcm.encrypt_inout_detached(
            &[1; 12].into(), b"", in_place.as_mut_slice().into(),
        ).unwrap();
        prop_assert_eq!(tag, same);
        prop_assert_eq!(&sealed, &in_place);
        let mut opened = vec![0; plaintext.len()];
        let buffer = sealgate_aead::aead::inout::InOutBuf::new(&sealed, &mut opened).unwrap();
        gcm.decrypt_inout_detached(&[1; 12].into(), b"", buffer, &tag).unwrap();
        prop_assert_eq!(opened, plaintext);
    }
}
