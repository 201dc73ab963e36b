//! XPath and XQuery expressions.
//!
//! Grammar: a value that breaks out of a string or predicate (`'`, `"`, `]`, `)`) and goes on with a
//! function or an axis of XPath: `' or name()='x`, `'] | //user/*[`, `and count(/*)=1`. Signals: the
//! break-out or an operator before it, and a function that only XPath has, or a node test.
//!
//! Close to it: whole expressions such as `//div[@class='x']`, which scrapers are configured with and
//! which close all they open; URLs with `//`; `position()` in documentation.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{
    Text, find, find_any, head, holds, is_word, prose_words, run, skip_space, starts, tail,
};
use crate::words::Phrases;

/// Function or path behind a break-out.
pub(super) const NEEDED: ByteClasses = ByteClasses::PAREN
    .with(ByteClasses::BRACKET)
    .with(ByteClasses::QUOTE);

/// Functions and node tests of XPath, with their parenthesis.
static FUNCTIONS: Phrases = Phrases::new(&[
    b"name()",
    b"name(/",
    b"name(.",
    b"local-name(",
    b"namespace-uri(",
    b"string-length(",
    b"position()",
    b"last()",
    b"count(/",
    b"count(.",
    b"substring(/",
    b"substring(name(",
    b"text()",
    b"node()",
    b"comment()",
    b"normalize-space(",
    b"starts-with(/",
    b"contains(/",
    b"doc(",
    b"doc-available(",
    b"unparsed-text(",
    b"encode-for-uri(",
    b"contains(.",
    b"contains(@",
    b"contains(text",
    b"starts-with(.",
    b"starts-with(@",
    b"string(/",
    b"string(.",
    b"local-name()",
    b"true()",
    b"false()",
    b"substring-before(",
    b"substring-after(",
    b"system-property(",
    b"generate-id(",
    b"string-to-codepoints(",
    b"(//",
    b"(/*",
    b"(@",
    b"(../",
]);

/// Axes.
static AXES: Phrases = Phrases::new(&[
    b"ancestor::",
    b"child::",
    b"descendant::",
    b"parent::",
    b"following-sibling::",
    b"preceding-sibling::",
    b"ancestor-or-self::",
]);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    if bytes.len() > 2048 {
        return None;
    }
    let calls = ByteClasses::PAREN.with(ByteClasses::BRACKET);
    if !text.seen.intersects(calls) {
        return condition(bytes);
    }
    let axes = text.seen.intersects(ByteClasses::COLON);
    predicate(bytes)
        .or_else(|| condition(bytes))
        .or_else(|| function(bytes, axes))
}

/// A function or axis where a condition was broken into.
fn function(text: &[u8], axes: bool) -> Option<Hit> {
    let axis = || axes.then(|| find_any(text, &AXES)).flatten();
    let at = find_any(text, &FUNCTIONS).or_else(axis)?;
    let before = head(text, at);
    if prose_words(before, 6) > 5 {
        return None;
    }
    let quotes = |quote: u8| text.iter().filter(|&&b| b == quote).count();
    let broken = quotes(b'\'') % 2 == 1 || quotes(b'"') % 2 == 1;
    let joined = holds(
        before,
        const {
            &Phrases::new(&[
                b" or ", b" and ", b"' or", b"'or", b"\"or", b"' and", b"]|", b"] |",
            ])
        },
    ) || starts(skip_space(before), b"or ")
        || starts(skip_space(before), b"and ");
    let compares = holds(
        tail(text, at),
        const { &Phrases::new(&[b"=", b">", b"<", b"and", b"or"]) },
    );
    let found = tail(text, at);
    let doc = starts(found, b"doc(");
    // A function of truth needs no comparison: `') or true() or ('`.
    let truth = starts(found, b"true()") || starts(found, b"false()");
    let quote = before.iter().position(|b| matches!(b, b'\'' | b'"'));
    let truth = truth && quote.is_some_and(|at| at <= 24);
    let argument = found.first() == Some(&b'(');
    if argument && !before.last().is_some_and(|&b| is_word(b)) {
        return None;
    }
    let used = compares || doc || truth;
    let score = if joined && used && (broken || !before.contains(&b'[')) && before.len() < 128 {
        9
    } else if broken && joined {
        8
    } else {
        4
    };
    Some(Hit::at("xpath-function", score, at, 4))
}

/// `' or //secret or '`, `' or ../password='x`, `' or @role='admin`, `' or .='`: a path where a condition
/// was broken into.
fn condition(text: &[u8]) -> Option<Hit> {
    let quote = text
        .iter()
        .take(48)
        .position(|b| matches!(b, b'\'' | b'"'))?;
    if prose_words(head(text, quote), 3) > 2 {
        return None;
    }
    let rest = tail(text, quote.saturating_add(1));
    let rest = tail(rest, run(rest, |b| b")] ".contains(&b)));
    let joined = [b"or".as_slice(), b"and"]
        .iter()
        .find(|word| starts(rest, word))
        .map(|word| tail(rest, word.len()))?;
    let operand = tail(joined, run(joined, |b| b"( ".contains(&b)));
    let name = |rest: &[u8]| rest.first().is_some_and(|&b| is_word(b) || b == b'*');
    let path = match operand {
        [b'/', b'/', rest @ ..] | [b'.', b'.', b'/', rest @ ..] => name(rest),
        [b'.', b'/', b'@', ..] | [b'.', b'=', ..] => true,
        [b'/', rest @ ..] => name(rest) && operand.iter().any(|b| b"[='".contains(b)),
        [b'@', rest @ ..] => {
            let attribute = run(rest, is_word);
            attribute > 0 && skip_space(tail(rest, attribute)).first() == Some(&b'=')
        }
        _ => starts(operand, b"attribute::") || starts(operand, b"self::"),
    };
    let apart = operand.len() < joined.len();
    (apart && path).then(|| Hit::at("xpath-path", 9, quote, 3))
}

/// `'] | //*`, `')]|//user/*[`, `']/parent::*['`, and out of a number's predicate `1] | //a[1`.
fn predicate(text: &[u8]) -> Option<Hit> {
    let close = text.iter().position(|&b| b == b']')?;
    let before = head(text, close);
    let lead = before.len().saturating_sub(
        before
            .iter()
            .rev()
            .take_while(|b| b") ".contains(b))
            .count(),
    );
    let quoted = matches!(head(before, lead).last(), Some(b'\'' | b'"'));
    let opened = find(before, b"[").is_some();
    let rest = skip_space(tail(text, close.saturating_add(1)));
    let steps =
        |path: &[u8]| path.first() == Some(&b'/') && path.iter().any(|&b| is_word(b) || b == b'*');
    let found = match rest {
        [b'|', path @ ..] => steps(skip_space(path)),
        [b'/', ..] => quoted && steps(rest) && (text.ends_with(b"['") || text.ends_with(b"[\"")),
        _ => false,
    };
    (found && !opened).then(|| Hit::at("xpath-union", 10, close, 3))
}
