//! JavaScript prototype pollution.
//!
//! Grammar: a name that walks to a prototype: `__proto__`, alone as a JSON key, or as a step of a
//! parameter name (`__proto__[admin]`, `a.__proto__.b`, `constructor[prototype][x]`); a JSON key
//! `prototype` inside `constructor`. In a value: the same as a path that is assigned to, or as a key
//! of an object literal at the start of the value.
//!
//! Close to it: documentation that mentions `__proto__`, a member called `constructor` (a builder of
//! houses, a racing team), `Foo.prototype.bar = function` in program code.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, ends, find, head, prose_words, skip_space, starts, tail};
use crate::{Location, Part};

/// Underscores, or the name of the other way.
pub(super) const NEEDED: ByteClasses = ByteClasses::WORD;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let underscored = text.seen.intersects(ByteClasses::UNDERSCORE);
    if text.part == Part::Name {
        return name(text, underscored);
    }
    let bytes = text.bytes;
    let named = underscored.then(|| find(bytes, b"__proto__")).flatten();
    let Some(at) = named else {
        return assigned(text);
    };
    let after = tail(bytes, at.saturating_add(9));
    let after = match after {
        [b'\'' | b'"', rest @ ..] => skip_space(rest),
        _ => after,
    };
    // `__pro__proto__to__`: what is left when a filter takes the name out once.
    let nested = starts(after, b"to__") && bytes.get(..at).is_some_and(|b| ends(b, b"__pro"));
    let step = matches!(after, [b'[' | b'.' | b':' | b'=' | b']' | b'/', ..])
        || after.is_empty() && bytes.trim_ascii().len() == 9
        || nested;
    let few = prose_words(head(bytes, at), 3) <= 2;
    let score = if step && few { 9 } else { 5 };
    Some(Hit::at("prototype-value", score, at, 9))
}

fn name(text: &Text<'_>, underscored: bool) -> Option<Hit> {
    let bytes = text.bytes;
    if underscored && let Some(at) = find(bytes, b"__proto__") {
        return Some(Hit::at("prototype-name", 10, at, 9));
    }
    // Accessors that lead there, and Python's way to what a class can reach.
    const OTHERS: [&[u8]; 6] = [
        b"__definegetter__",
        b"__definesetter__",
        b"__lookupgetter__",
        b"__globals__",
        b"__builtins__",
        b"__subclasses__",
    ];
    if underscored && let Some(at) = OTHERS.iter().find_map(|other| find(bytes, other)) {
        return Some(Hit::at("prototype-name", 9, at, 9));
    }
    if let Some((at, _)) = walk(bytes) {
        let length = bytes.len().saturating_sub(at);
        return Some(Hit::at("prototype-name", 10, at, length));
    }
    let inside = bytes == b"prototype"
        && match &text.location {
            Location::Json(path) | Location::Claim(path) => {
                path.pointer().ends_with("/constructor/prototype")
            }
            _ => false,
        };
    inside.then(|| Hit::at("prototype-name", 10, 0, bytes.len()))
}

/// Where `constructor` is followed by a step to `prototype`, and what follows that.
fn walk(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let at = find(bytes, b"constructor")?;
    let after = tail(bytes, at.saturating_add(11));
    let step = tail(
        after,
        after.iter().take_while(|b| b"[].'\"/".contains(b)).count(),
    );
    (step.len() < after.len() && starts(step, b"prototype")).then(|| (at, tail(step, 9)))
}

/// `constructor[prototype][admin]=1` as a value: a parameter inside of one.
fn assigned(text: &Text<'_>) -> Option<Hit> {
    let steps = ByteClasses::BRACKET
        .with(ByteClasses::SLASH)
        .with(ByteClasses::DOT);
    if !text.seen.intersects(steps) {
        return None;
    }
    let (at, after) = walk(text.bytes)?;
    let path = !text
        .seen
        .intersects(ByteClasses::SPACE.with(ByteClasses::PAREN));
    // A pointer of JSON (`/constructor/prototype/admin`), or a path that is assigned to.
    let pointer = path && text.bytes.first() == Some(&b'/') && after.first() == Some(&b'/');
    let assigned = path && after.first() == Some(&b'.') && after.contains(&b'=');
    let quoted = matches!(after, [b'"' | b'\'', b']', ..]) && after.contains(&b'=');
    let step =
        after.first() == Some(&b']') && after.contains(&b'=') || pointer || assigned || quoted;
    let few = prose_words(head(text.bytes, at), 3) <= 2;
    (step && few).then(|| Hit::at("prototype-value", 9, at, 11))
}
