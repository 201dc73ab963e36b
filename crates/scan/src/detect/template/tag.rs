//! Tags whose one brace is no opener elsewhere, and variables of Velocity: Smarty's and Latte's statements,
//! `{7*7}`, `$x.getClass()`.
//!
//! Grammar: the whole value, or its start, is `{name::method(`, `{fetch file=`, `{math equation=`, a product of
//! numbers in one pair of braces, or a `$` variable that is asked for its class.
//!
//! Close to it: `{name}` of every message format, `{2,3}` of regular expressions, JSON.

use super::super::Hit;
use super::expression::computes;
use crate::bytes::ByteClasses;
use crate::text::{
    Text, find, find_any, head, holds, is_word, prose_words, run, skip_space, starts, tail,
};
use crate::words::Phrases;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let braces = text
        .seen
        .intersects(ByteClasses::BRACE)
        .then(|| statement(text.bytes))
        .flatten();
    braces.or_else(|| {
        let dollar =
            text.seen.intersects(ByteClasses::DOLLAR) && text.seen.intersects(ByteClasses::DOT);
        dollar.then(|| velocity(text.bytes)).flatten()
    })
}

/// A statement in one pair of braces at the start of the value.
fn statement(text: &[u8]) -> Option<Hit> {
    let inside = skip_space(text).strip_prefix(b"{")?;
    if matches!(
        inside.first(),
        None | Some(b'{' | b'%' | b'"' | b'\'' | b'#')
    ) {
        return None;
    }
    let hit = |rule| Some(Hit::at(rule, 9, 0, 2));
    let end = run(inside, |b| b != b'}');
    let expression = head(inside, end);
    let product = expression.strip_prefix(b"=").unwrap_or(expression);
    if end <= 24 && product.contains(&b'*') && computes(product) {
        return hit("template-arithmetic");
    }
    let name = run(inside, is_word);
    let after = tail(inside, name);
    let called = after.strip_prefix(b"::").is_some_and(|method| {
        let length = run(method, is_word);
        length > 0 && method.get(length) == Some(&b'(')
    });
    let acts = [
        b"fetch".as_slice(),
        b"include",
        b"math",
        b"eval",
        b"include_php",
        b"insert",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(head(inside, name)));
    let given = holds(
        head(after, 16),
        const { &Phrases::new(&[b" file=", b" equation=", b" var=", b" name="]) },
    );
    let reads = !starts(inside, b"include")
        || holds(
            head(after, 64),
            const { &Phrases::new(&[b"/etc/", b"../", b"file:", b"php:"]) },
        );
    (name > 1 && (called || acts && given && reads))
        .then(|| hit("template-statement"))
        .flatten()
}

/// `$x.getClass()`, `$!{x.class.classLoader}`: a variable asked for its class.
fn velocity(text: &[u8]) -> Option<Hit> {
    static CLASS: Phrases = Phrases::new(&[
        b".getclass()",
        b".class.classloader",
        b".class.forname",
        b".class.inspect",
    ]);
    let at = find_any(text, &CLASS)?;
    let before = head(text, at);
    let name = before
        .iter()
        .rev()
        .take_while(|&&b| is_word(b) || matches!(b, b'{' | b'!' | b'.'))
        .count();
    let dollar = before.len().checked_sub(name)?.checked_sub(1)?;
    let variable = before.get(dollar) == Some(&b'$');
    let code = find(head(text, dollar), b"=").is_some();
    (variable && !code && prose_words(head(text, dollar), 4) <= 3)
        .then(|| Hit::at("template-reflection", 9, dollar, 8))
}
