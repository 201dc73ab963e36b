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
    Text, find, find_any, head, holds, is_word, prose_words, skip_space, starts, tail,
};
use crate::words::Phrases;

/// Function or path behind a break-out.
pub(super) const NEEDED: ByteClasses = ByteClasses::PAREN.with(ByteClasses::BRACKET);

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
    let axes = text.seen.intersects(ByteClasses::COLON);
    predicate(bytes).or_else(|| function(bytes, axes))
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
    let doc = starts(tail(text, at), b"doc(");
    let used = compares || doc;
    let score = if joined && used && (broken || !before.contains(&b'[')) && before.len() < 128 {
        9
    } else if broken && joined {
        8
    } else {
        4
    };
    Some(Hit::at("xpath-function", score, at, 4))
}

/// `'] | //*`, `']|//user/*[`, `') or //x`.
fn predicate(text: &[u8]) -> Option<Hit> {
    let quoted = text
        .windows(2)
        .position(|pair| matches!(pair, [b'\'' | b'"' | b')', b']'] | [b'\'' | b'"', b')']));
    // `1] | //a[1`: out of a number's predicate.
    let bare = || text.iter().position(|&b| b == b']')?.checked_sub(1);
    let close = quoted.or_else(bare)?;
    let rest = skip_space(tail(text, close.saturating_add(2)));
    let [b'|', path @ ..] = rest else { return None };
    let path = skip_space(path);
    let steps = path.first() == Some(&b'/') && path.iter().any(|&b| is_word(b) || b == b'*');
    let opened = find(head(text, close), b"[").is_some();
    (steps && !opened).then(|| Hit::at("xpath-union", 10, close, 3))
}
