//! Cross-site scripting: libinjection's HTML5 states.

use super::Hit;
use crate::bytes::ByteClasses;

/// Markup needs `<`, an attribute that was broken into needs `=`.
const NEEDED: ByteClasses = ByteClasses::ANGLE.with(ByteClasses::EQUALS);

pub(super) fn detect(form: &[u8], seen: ByteClasses) -> Option<Hit> {
    if !seen.intersects(NEEDED) {
        return None;
    }
    libinjectionrs::detect_xss(form)
        .is_injection()
        .then_some(Hit {
            detector: "libinjection-xss",
            score: 10,
        })
}
