//! Every bit of every covered part.

use super::{refuse, victim};
use crate::subject::Subject;

pub(crate) fn every_one(subject: &Subject) {
    let original = victim(subject);
    for &part in &subject.covers {
        let pieces: Vec<usize> = original.read(part).iter().map(Vec::len).collect();
        assert!(
            pieces.iter().sum::<usize>() > 0,
            "{part:?} is empty: nothing was tried"
        );
        for (piece, &length) in pieces.iter().enumerate() {
            for at in 0..length {
                for bit in 0..8 {
                    let mut changed = original.clone();
                    changed.pieces(part)[piece][at] ^= 1 << bit;
                    let what = format!("bit {bit} of byte {at} of {part:?}");
                    refuse(subject, &original, &changed, &what);
                }
            }
        }
    }
}
