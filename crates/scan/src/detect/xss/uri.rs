//! URIs that are code: `javascript:` and its relatives, and documents in `data:`.

use super::is_space;
use crate::text::{ends, head, holds, run, starts, tail};
use crate::words::Phrases;

/// Schemes a browser runs, or ran.
const SCHEMES: [&[u8]; 4] = [b"javascript", b"vbscript", b"livescript", b"mocha"];
/// Bytes of a scheme, white space in it counted: `j a v a ...` is one.
const MAX_SCHEME: usize = 64;

/// A value that is such a URI as a whole, as a link's target would be.
pub(super) fn whole(text: &[u8]) -> Option<&'static str> {
    let start = text
        .iter()
        .position(|&b| !is_space(b) && !b"\"'`".contains(&b))?;
    let rest = text.get(start..)?;
    let code = scheme(rest)?;
    // "JavaScript: The Good Parts" is a title: code is a call, an assignment or a comment.
    let named = code.trim_ascii_start();
    let word = named
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_$.[]'\"\\%+;/!~-(*&".contains(b))
        .count();
    let head = named.get(..word).unwrap_or_default();
    let runs = head.contains(&b'(') || matches!(named.get(word), Some(b'(' | b'`' | b'='));
    let comment = named.starts_with(b"//") || named.starts_with(b"/*");
    let idle = named.trim_ascii_end() == b"void(0)" || named.trim_ascii_end() == b"void(0);";
    ((runs && !idle) || comment || is_document(rest)).then_some("xss-uri")
}

/// `javascript:` behind a parameter's `=`, a Markdown link's parenthesis, a quote, and code behind it.
pub(super) fn embedded(text: &[u8]) -> Option<&'static str> {
    let mut from = 0usize;
    while let Some(colon) = tail(text, from).iter().position(|&b| b == b':') {
        let end = from.saturating_add(colon);
        from = end.saturating_add(1);
        let before = head(text, end);
        if starts(tail(text, from), b"text/html") && ends(before, b"data") {
            let lead = head(before, before.len().saturating_sub(4));
            if matches!(lead.last(), Some(b'=' | b'(' | b'"' | b'\'')) {
                return Some("xss-uri");
            }
            continue;
        }
        let Some(lead) = SCHEMES
            .iter()
            .find(|scheme| ends(before, scheme))
            .map(|scheme| head(before, before.len().saturating_sub(scheme.len())))
        else {
            continue;
        };
        let delimited = matches!(lead.last(), Some(b'=' | b'(' | b'"' | b'\'' | b'>' | b']'));
        let code = head(tail(text, from), 64);
        // The placeholder of links that script takes over.
        let idle = starts(code, b"void(0)") || starts(code, b";") || starts(code, b"//");
        let runs = code.iter().any(|&b| matches!(b, b'(' | b'`' | b'='));
        let titled = code.first().is_none_or(|&b| is_space(b));
        if delimited && runs && !idle && !titled {
            return Some("xss-uri");
        }
    }
    None
}

/// Whether a link's target hides where it leads: white space in its scheme, or a host that is a
/// number.
pub(super) fn is_disguised(value: &[u8]) -> bool {
    let value = tail(
        value,
        run(value, |b| is_space(b) || b == b'"' || b == b'\\'),
    );
    let scheme = head(value, 24).iter().position(|&b| b == b':');
    let Some(scheme) = scheme.filter(|_| starts(value, b"h") || starts(value, b"f")) else {
        return false;
    };
    let name = head(value, scheme);
    let broken = name.iter().any(|&b| is_space(b))
        && name.iter().filter(|b| b.is_ascii_alphabetic()).count() <= 5;
    let host = tail(value, scheme.saturating_add(1));
    let host = tail(host, run(host, |b| b == b'/'));
    let host = head(
        host,
        run(host, |b| !matches!(b, b'/' | b':' | b'?' | b'#' | b'"')),
    );
    let number = !host.is_empty()
        && host
            .iter()
            .all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b'x' | b'X' | b'\t' | b' '));
    let dots = host.iter().filter(|&&b| b == b'.').count();
    let odd = dots < 3 && host.iter().all(|b| b.is_ascii_digit() || *b == b'.')
        || holds(host, const { &Phrases::new(&[b"0x"]) })
        || host.split(|&b| b == b'.').any(|part| part.len() > 3);
    broken || number && odd && host.first().is_some_and(u8::is_ascii_digit)
}

/// Whether an attribute's value is code when a browser follows it.
pub(super) fn is_code(value: &[u8]) -> bool {
    let start = value
        .iter()
        .position(|&b| !is_space(b))
        .unwrap_or(value.len());
    let rest = value.get(start..).unwrap_or_default();
    scheme(rest).is_some()
}

/// What follows the scheme, if it is one of ours. Browsers skip white space inside of it.
fn scheme(rest: &[u8]) -> Option<&[u8]> {
    let first = rest.first()?.to_ascii_lowercase();
    if !matches!(first, b'j' | b'v' | b'l' | b'm' | b'd') {
        return None;
    }
    let mut name = [0u8; 10];
    let mut length = 0usize;
    let near = rest.get(..rest.len().min(MAX_SCHEME)).unwrap_or_default();
    for (at, &byte) in near.iter().enumerate() {
        if byte == b':' {
            let name = name.get(..length)?;
            let code = rest.get(at.saturating_add(1)..)?;
            let known = SCHEMES.contains(&name) || (name == b"data" && is_document(rest));
            return known.then_some(code);
        }
        if is_space(byte) {
            continue;
        }
        *name.get_mut(length)? = byte.to_ascii_lowercase();
        length = length.saturating_add(1);
    }
    None
}

/// A `data:` URI of a type that holds script.
fn is_document(rest: &[u8]) -> bool {
    let near = rest.get(..rest.len().min(MAX_SCHEME)).unwrap_or_default();
    let lower: Vec<u8> = near
        .iter()
        .filter(|&&b| !is_space(b))
        .map(u8::to_ascii_lowercase)
        .collect();
    lower.strip_prefix(b"data:".as_slice()).is_some_and(|kind| {
        [
            b"text/html".as_slice(),
            b"image/svg",
            b"text/xml",
            b"application/xml",
            b"application/x",
        ]
        .iter()
        .any(|active| kind.starts_with(active))
            || kind.starts_with(b",<")
    })
}
