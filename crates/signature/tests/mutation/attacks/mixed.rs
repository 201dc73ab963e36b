//! Two valid messages of one sender, and everything that can be put together from their parts.

use super::{refuse, victim};
use crate::gate::judge;
use crate::subject::{Draft, Subject};

pub(crate) fn every_mixture(subject: &Subject) {
    let original = victim(subject);
    let [_, draft] = Draft::two();
    let other = subject.signed(&draft);
    assert_eq!(judge(subject, &other), Ok(()));
    let parts = &subject.covers;
    assert!(parts.len() < 16, "more mixtures than a test has time for");
    for chosen in 0..1_u32 << parts.len() {
        let mut mixed = original.clone();
        for (at, &part) in parts.iter().enumerate() {
            if chosen & (1 << at) != 0 {
                mixed.take(part, &other);
            }
        }
        if subject.harmless(&other, &mixed) {
            assert_eq!(judge(subject, &mixed), Ok(()), "all parts of the other");
            continue;
        }
        refuse(subject, &original, &mixed, &format!("mixture {chosen:b}"));
    }
}
