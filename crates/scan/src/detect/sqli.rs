//! SQL injection: libinjection's fingerprints.

use super::Hit;
use crate::bytes::ByteClasses;

/// Without one of these no SQL token but a word or a number can be formed. A dash alone is in
/// every UUID and date; the comment it may start is asked for by itself.
const NEEDED: ByteClasses = ByteClasses::SPACE
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::ANGLE)
    .with(ByteClasses::EQUALS)
    .with(ByteClasses::OPERATOR)
    .with(ByteClasses::BACKSLASH)
    .with(ByteClasses::CONTROL)
    .with(ByteClasses::HIGH);

pub(super) fn detect(form: &[u8], seen: ByteClasses) -> Option<Hit> {
    let comment = || seen.intersects(ByteClasses::DASH) && form.windows(2).any(|w| w == b"--");
    if !seen.intersects(NEEDED) && !comment() {
        return None;
    }
    libinjectionrs::detect_sqli(form)
        .is_injection()
        .then_some(Hit {
            detector: "libinjection-sqli",
            score: 10,
        })
}
