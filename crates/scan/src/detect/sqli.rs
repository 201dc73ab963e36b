//! SQL injection: a grammar of our own for fragments, and libinjection's fingerprints.
//!
//! The grammar reads every value that could hold SQL; only what it finds suspicious but cannot
//! convict is given to libinjection, which costs ten times as much.

mod benign;
mod context;
mod grammar;
mod keyword;
mod lexer;

use super::{Budget, Hit};
use crate::bytes::ByteClasses;
use crate::text::{Text, has_sentence};
use grammar::{Verdict, judge};

/// What is needed, and the dash that may start a comment.
pub(super) const NEEDED: ByteClasses = MARKS.with(ByteClasses::DASH);

/// Without one of these no SQL token but a word or a number can be formed. A dash alone is in
/// every UUID and date; the comment it may start is asked for by itself.
const MARKS: ByteClasses = ByteClasses::SPACE
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::ANGLE)
    .with(ByteClasses::EQUALS)
    .with(ByteClasses::OPERATOR)
    .with(ByteClasses::BACKSLASH)
    .with(ByteClasses::CONTROL)
    .with(ByteClasses::HIGH);

pub(super) fn detect(text: &Text<'_>, budget: &mut Budget) -> Option<Hit> {
    let form = text.bytes;
    let comment = || form.windows(2).any(|w| w == b"--");
    if !text.seen.intersects(MARKS) && !comment() {
        return None;
    }
    match judge(form) {
        Verdict::Hit(rule, at) => Some(Hit::at(rule, 10, at, 1)),
        Verdict::Suspicious => libinjectionrs::detect_sqli(budget.spend(form))
            .is_injection()
            .then(|| {
                let told = has_sentence(form, 6) || benign::is_complete(form);
                let score = if told { 7 } else { 9 };
                Hit::at("libinjection-sqli", score, 0, form.len())
            }),
        Verdict::Clean => None,
    }
}
