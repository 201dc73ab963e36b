//! The page a value acts on: its address, its members, its styles.

use crate::text::{
    find, find_any, head, holds, is_space, prose_words, run, skip_space, starts, tail,
};
use crate::words::Phrases;

/// The address of the page, set to script or run: `location=location.hash`, `eval(name)`.
pub(super) fn address(text: &[u8]) -> bool {
    static SET: Phrases = Phrases::new(&[
        b"location=",
        b"location =",
        b"location.href=",
        b"location.href =",
        b"location.assign(",
        b"location.replace(",
        b"window.open(",
    ]);
    let Some(at) = find_any(text, &SET) else {
        return with_scope(text);
    };
    let value = skip_space(tail(
        text,
        at.saturating_add(run(tail(text, at), |b| !matches!(b, b'=' | b'(')))
            .saturating_add(1),
    ));
    let value = match value {
        [b'\'' | b'"' | b'`', rest @ ..] => rest,
        _ => value,
    };
    let from = [
        b"location.".as_slice(),
        b"name",
        b"document.",
        b"java",
        b"window.",
        b"'+",
        b"jav",
        b"atob(",
        b"unescape(",
        b"decodeuri",
    ]
    .iter()
    .any(|source| starts(value, source));
    let code = !starts(value, b"java")
        || starts(value, b"javascript:")
        || holds(
            head(value, 24),
            const { &Phrases::new(&[b"'+", b"\"+", b"\\x", b"\\u"]) },
        );
    from && code && prose_words(head(text, at), 5) <= 4 || with_scope(text)
}

/// `';location='//x.example/'`: out of a string, and the page is sent elsewhere.
pub(super) fn goes_elsewhere(text: &[u8]) -> bool {
    let Some(at) = find(text, b"location=").or_else(|| find(text, b"location.href=")) else {
        return false;
    };
    let before = head(text, at);
    let quote = before.iter().position(|b| matches!(b, b'\'' | b'"' | b'`'));
    let odd = quote
        .and_then(|i| before.get(i))
        .is_some_and(|quote| before.iter().filter(|b| *b == quote).count() % 2 == 1);
    let lead = [
        b"window.".as_slice(),
        b"document.",
        b"self.",
        b"top.",
        b"parent.",
    ]
    .iter()
    .find(|owner| crate::text::ends(before, owner))
    .map_or(before, |owner| {
        head(before, before.len().saturating_sub(owner.len()))
    });
    let after = tail(text, at.saturating_add(8));
    let value = tail(after, run(after, |b| b != b'=').saturating_add(1));
    let away = [
        b"'//".as_slice(),
        b"\"//",
        b"`//",
        b"'http",
        b"\"http",
        b"`http",
    ]
    .iter()
    .any(|start| starts(value, start));
    let placed = matches!(
        lead.last(),
        Some(b';' | b'{' | b'}' | b')' | b'-' | b'+' | b',')
    );
    odd && quote.is_some_and(|i| i <= 24) && placed && away
}

/// `with(location)with(hash)eval(..)`, `setInterval(location.search.slice(1))`.
fn with_scope(text: &[u8]) -> bool {
    holds(
        text,
        const {
            &Phrases::new(&[
                b"with(location",
                b"with(document",
                b"with(top",
                b"eval(name",
                b"eval(location",
                b"eval(hash",
                b"eval(atob(",
                b"eval(unescape(",
                b"eval(string.fromcharcode",
                b"settimeout(location",
                b"setinterval(location",
                b"settimeout(name",
                b"setinterval(name",
                b"function(location",
                b"document.write(location",
                b"document.write(name",
                b"function(\"return",
                b"import('//",
                b"import(\"//",
                b"import('http",
            ])
        },
    )
}

/// Members of the page that a value reads or writes.
pub(super) fn members(text: &[u8]) -> bool {
    static MEMBERS: Phrases = Phrases::new(&[
        b"document.cookie",
        b"document['cookie",
        b"document[\"cookie",
        b"document.createelement('script",
        b"document.createelement(\"script",
        b"document.body.innerhtml",
        b"document.documentelement.innerhtml",
        b"document.domain",
        b"document.write(",
        b"document.writeln(",
        b"navigator.sendbeacon(",
        b"external.navigateandfind",
        b"new image().src",
        b"localstorage.getitem(",
        b"localstorage.setitem(",
        b"$.getscript(",
        b"$.globaleval(",
        b"jquery.getscript(",
        b"document.location=",
        b"document.head.append",
        b"document.body.append",
    ]);
    let Some(at) = find_any(text, &MEMBERS) else {
        return false;
    };
    let before = head(text, at);
    let words = prose_words(before, 4);
    let lead = before.iter().rev().find(|b| !is_space(**b));
    let after = tail(text, at);
    let used = holds(
        head(after, 48),
        const { &Phrases::new(&[b"=", b"(", b"+", b")", b";"]) },
    );
    used && words <= 3 && lead.is_none_or(|b| b"=({[,;:>&?!}|+-*/\"'`".contains(b))
}

/// `width:expression(..)`, `behavior:url(javascript:..)`, `{}*{..}` behind a break.
pub(super) fn style(text: &[u8]) -> bool {
    if holds(
        text,
        const { &Phrases::new(&[b"}*{", b"@import\"", b"@import'", b"@import url("]) },
    ) && text.len() < 256
    {
        return text.first().is_some_and(|b| !b.is_ascii_alphanumeric());
    }
    let Some(at) = find(text, b"expression(").or_else(|| find(text, b"expression (")) else {
        return holds(
            text,
            const { &Phrases::new(&[b"behavior:url(", b"behaviour:url(", b"-moz-binding:url("]) },
        ) && text.len() < 256;
    };
    let placed = matches!(
        head(text, at).trim_ascii_end().last(),
        None | Some(b':' | b';' | b'{' | b'/')
    );
    placed
        && prose_words(head(text, at), 4) <= 3
        && holds(
            tail(text, at),
            const {
                &Phrases::new(&[
                    b"=",
                    b"alert",
                    b"prompt",
                    b"confirm",
                    b"eval",
                    b"document",
                    b"write",
                ])
            },
        )
}
