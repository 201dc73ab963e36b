//! Query, form, path, cookies and header values.

use crate::decode::percent_into;
use crate::{Field, Location, Sink};

/// The parameters of a query string, without its `?`: names and values, `+` a space.
pub fn query(raw: &[u8], sink: &mut impl Sink) {
    pairs(raw, b'&', true, |name| Location::Query(name), sink);
}

/// The fields of an `application/x-www-form-urlencoded` body.
pub fn form(body: &[u8], sink: &mut impl Sink) {
    pairs(body, b'&', true, |name| Location::Form(name), sink);
}

/// The values, and all names but the first, of a form that reads as something else, too: what an
/// application that believes the type would see.
pub(super) fn form_values(body: &[u8], sink: &mut impl Sink) {
    let pairs = body.iter().position(|&b| b == b'&' || b == b'=');
    let rest = pairs.and_then(|at| body.get(at.saturating_add(1)..));
    if let Some(rest) = rest.filter(|rest| rest.contains(&b'&') || rest.contains(&b'%')) {
        form(rest, sink);
    }
}

/// The segments of a path (no query), numbered from 0; empty segments are counted, not handed on.
/// From its first dot segment on a path is handed on as one value, too: that is how a file system
/// would read it.
pub fn path(raw: &[u8], sink: &mut impl Sink) {
    let mut decoded = Vec::new();
    let raw = raw.strip_prefix(b"/").unwrap_or(raw);
    let (mut at, mut climbs) = (0usize, false);
    for (index, segment) in raw.split(|&b| b == b'/').enumerate() {
        if !segment.is_empty() {
            let value = once(segment, false, &mut decoded);
            let dots = value == b"..";
            sink.field(Field::value(Location::PathSegment(index), value));
            if dots && !climbs {
                climbs = true;
                let rest = raw.get(at..).unwrap_or_default();
                let value = once(rest, false, &mut decoded);
                sink.field(Field::value(Location::PathSegment(index), value));
            }
        }
        at = at.saturating_add(segment.len()).saturating_add(1);
    }
}

/// The cookies of one `Cookie` header value.
pub fn cookies(value: &[u8], sink: &mut impl Sink) {
    pairs(value, b';', false, |name| Location::Cookie(name), sink);
}

/// A header value by the header's name: a `cookie` is split, a `referer` is taken apart as the URL
/// it is, everything else is one value.
pub fn header(name: &[u8], value: &[u8], sink: &mut impl Sink) {
    if name.eq_ignore_ascii_case(b"cookie") {
        return cookies(value, sink);
    }
    if name.eq_ignore_ascii_case(b"referer") {
        let mut halves = value.splitn(2, |&b| b == b'?');
        let mut decoded = Vec::new();
        for piece in halves.next().unwrap_or_default().split(|&b| b == b'/') {
            if !piece.is_empty() {
                let piece = once(piece, false, &mut decoded);
                sink.field(Field::value(Location::Header(name), piece));
            }
        }
        let query = halves.next().unwrap_or_default();
        return pairs(query, b'&', true, |_| Location::Header(b"referer"), sink);
    }
    sink.field(Field::value(Location::Header(name), value));
}

/// Splits `name=value` pairs, decodes both, hands on what is not empty.
fn pairs<S: Sink>(
    raw: &[u8],
    separator: u8,
    plus: bool,
    location: impl for<'n> Fn(&'n [u8]) -> Location<'n>,
    sink: &mut S,
) {
    let (mut name_buffer, mut value_buffer) = (Vec::new(), Vec::new());
    for pair in raw.split(|&b| b == separator) {
        let pair = if separator == b';' {
            pair.trim_ascii()
        } else {
            pair
        };
        if pair.is_empty() {
            continue;
        }
        let mut halves = pair.splitn(2, |&b| b == b'=');
        let name = once(halves.next().unwrap_or_default(), plus, &mut name_buffer);
        if !name.is_empty() {
            sink.field(Field::name(location(name), name));
        }
        if let Some(value) = halves.next().filter(|value| !value.is_empty()) {
            let value = once(value, plus, &mut value_buffer);
            sink.field(Field::value(location(name), value));
        }
    }
}

/// The text with its percent-encoding undone once; borrowed when there is none.
fn once<'b>(raw: &'b [u8], plus: bool, buffer: &'b mut Vec<u8>) -> &'b [u8] {
    if !raw.iter().any(|&b| b == b'%' || (plus && b == b'+')) {
        return raw;
    }
    buffer.clear();
    percent_into(raw, plus, buffer);
    buffer
}
