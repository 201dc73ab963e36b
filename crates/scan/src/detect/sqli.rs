//! SQL injection: a grammar of our own for fragments, and libinjection's fingerprints.
//!
//! The grammar reads every value that could hold SQL; only what it finds suspicious but cannot
//! convict is asked of libinjection's table of fingerprints, which needs several passes.

mod benign;
mod context;
mod fingerprint;
mod grammar;
mod keyword;
mod lexer;
mod prose;

use super::{Budget, Hit};
use crate::bytes::ByteClasses;
use crate::text::{Text, has_sentence};
use crate::vocabulary::Vocabulary;
use crate::{Paranoia, ScanPolicy};
use grammar::{Verdict, judge};
pub(crate) use keyword::WORDS;

/// What is needed, and the dash that may start a comment; from paranoia 2 on any mark will do.
pub(super) const NEEDED: ByteClasses = ByteClasses::SYNTAX.with(ByteClasses::LIGHT);

/// libinjection counts where the grammar found the parts of an injection. A policy that is content
/// with fragments (paranoia 2) hears of all that libinjection objects to
/// (docs/decisions/0013-what-libinjection-may-say.md).
pub(super) fn detect(text: &Text<'_>, policy: &ScanPolicy, budget: &mut Budget) -> Option<Hit> {
    let form = text.bytes;
    let fragments = policy.paranoia >= Paranoia::Two;
    let comment = || text.seen.intersects(ByteClasses::DASH) && form.windows(2).any(|w| w == b"--");
    // A dash alone is in every UUID and date; the comment it may start is asked for by itself.
    let marked = text.seen.intersects(ByteClasses::SYNTAX) && may_be_sql(text);
    if !marked && !fragments && !comment() {
        return None;
    }
    let suspicious = match judge(form) {
        Verdict::Hit(rule, at) => return Some(Hit::at(rule, 10, at, 1)),
        Verdict::Suspicious => true,
        Verdict::Clean => false,
    };
    let asked = (suspicious || fragments) && text.settled;
    if asked && fingerprint::is_injection(budget.spend(form)) {
        let told = || {
            has_sentence(form, 6)
                || is_quoted(form)
                || is_password(form)
                || benign::is_complete(form)
                || prose::is_no_sql(form)
        };
        let score = if suspicious && !told() { 9 } else { 7 };
        return Some(Hit::at("libinjection-sqli", score, 0, form.len()));
    }
    None
}

/// Whether there is a keyword, or else a mark that the grammar could object to by itself.
fn may_be_sql(text: &Text<'_>) -> bool {
    const STRONG: ByteClasses = ByteClasses::QUOTE
        .with(ByteClasses::PAREN)
        .with(ByteClasses::SEMICOLON)
        .with(ByteClasses::MARK)
        .with(ByteClasses::DOLLAR);
    text.words
        .intersects(Vocabulary::SQL.with(Vocabulary::DOUBLED))
        || text.seen.intersects(STRONG)
}

/// Whether a sentence leads to a quotation: `Never write "select .. " + name`. Who breaks out of a
/// value has no space before the quote.
fn is_quoted(text: &[u8]) -> bool {
    let quote = text.iter().position(|b| matches!(b, b'"' | b'\''));
    let before = quote.and_then(|at| text.get(..at)).unwrap_or_default();
    before.ends_with(b" ") && has_sentence(before, 5)
}

/// `uY3#kP!9_x@Qa`: a password, by its digits and letters of both cases that change all the time. It
/// breaks out of nothing, for it has neither quote nor space.
fn is_password(text: &[u8]) -> bool {
    let kind = |byte: &u8| match byte {
        b'a'..=b'z' => Some(0u8),
        b'A'..=b'Z' => Some(1),
        b'0'..=b'9' => Some(2),
        _ if b"!@#$%^&*()_+.?~-".contains(byte) => Some(3),
        _ => None,
    };
    let fits = (8..=64).contains(&text.len()) && text.iter().all(|byte| kind(byte).is_some());
    let has = |wanted: u8| text.iter().any(|byte| kind(byte) == Some(wanted));
    let pairs = || text.iter().zip(text.iter().skip(1));
    let changes = pairs().filter(|(a, b)| kind(a) != kind(b)).count();
    let comment = || pairs().any(|(a, b)| (a, b) == (&b'-', &b'-'));
    let mixed = fits && has(0) && has(1) && has(2) && !comment();
    mixed && changes.saturating_mul(2) >= text.len()
}
