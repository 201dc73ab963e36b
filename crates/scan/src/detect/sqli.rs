//! SQL injection: a grammar of our own for fragments, and libinjection's fingerprints.
//!
//! The grammar reads every value that could hold SQL; only what it finds suspicious but cannot
//! convict is given to libinjection, which costs ten times as much.

mod context;
mod grammar;
mod keyword;
mod lexer;

use super::{Budget, Hit};
use crate::bytes::ByteClasses;
use grammar::{Verdict, judge};

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

pub(super) fn detect(form: &[u8], seen: ByteClasses, budget: &mut Budget) -> Option<Hit> {
    let comment = || seen.intersects(ByteClasses::DASH) && form.windows(2).any(|w| w == b"--");
    if !seen.intersects(NEEDED) && !comment() {
        return None;
    }
    match judge(form) {
        Verdict::Hit(detector) => Some(Hit::certain(detector)),
        Verdict::Suspicious => libinjectionrs::detect_sqli(budget.spend(form))
            .is_injection()
            .then_some(Hit::certain("libinjection-sqli")),
        Verdict::Clean => None,
    }
}
