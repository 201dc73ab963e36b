//! The time of signing: too old, too far ahead, rewritten.

use sealgate_signature::Coverage;

use super::{refuse, victim};
use crate::gate::{TOLERANCE_SECONDS, judge};
use crate::subject::{Draft, NOW, Subject};

pub(crate) fn shifted(subject: &Subject) {
    let original = victim(subject);
    let presented = subject.scheme.present(&original.message()).unwrap();
    if !subject.scheme.guarantees().contains(Coverage::FRESHNESS) {
        return;
    }
    for presented in &presented {
        assert_eq!(presented.created, Some(NOW), "the time as it was signed");
    }
    let at = |created| {
        let [draft, _] = Draft::two();
        judge(subject, &subject.signed(&Draft { created, ..draft }))
    };
    for inside in [-TOLERANCE_SECONDS, -1, 1, TOLERANCE_SECONDS] {
        assert_eq!(at(NOW + inside), Ok(()), "{inside} s from now");
    }
    for outside in [-1, 1].map(|sign| sign * (TOLERANCE_SECONDS + 1)) {
        assert!(at(NOW + outside).is_err(), "{outside} s from now");
        // As an attacker does it: an old message with its time rewritten.
        let [draft, fresh] = Draft::two();
        let created = NOW + outside;
        let old = subject.signed(&Draft { created, ..draft });
        let fresh = subject.signed(&fresh);
        for &part in &subject.covers {
            let mut renewed = old.clone();
            renewed.take(part, &fresh);
            refuse(subject, &old, &renewed, "an old message made young");
        }
    }
    for (old, new) in [
        (NOW.to_string(), (NOW + 1).to_string()),
        (NOW.to_string(), format!("0{NOW}")),
        (NOW.to_string(), format!("+{NOW}")),
        (NOW.to_string(), format!(" {NOW}")),
        (NOW.to_string(), format!("{NOW}.0")),
        (NOW.to_string(), format!("{NOW}000")),
        (NOW.to_string(), String::new()),
    ] {
        if let Some(changed) = original.with_text(old.as_bytes(), new.as_bytes()) {
            refuse(subject, &original, &changed, &format!("time {new:?}"));
        }
    }
}
