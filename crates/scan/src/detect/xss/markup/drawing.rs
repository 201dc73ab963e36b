//! Markup that shows something and runs nothing: the opening tag of an inline icon, the property of a
//! component.

use super::attribute::is_idle_block;
use crate::text::{find, head, is_space, run, starts, tail};

/// Bytes in which the tag has to end.
const MAX_TAG: usize = 1024;

/// Length of `svg ..>` with the attributes of a picture, each in quotes, when the picture is closed. What is
/// in it is read like the rest of the text.
pub(super) fn opening(rest: &[u8]) -> Option<usize> {
    if !starts(rest, b"svg") || !rest.get(3).is_some_and(|&b| is_space(b)) {
        return None;
    }
    let near = head(rest, MAX_TAG);
    let mut at = 3usize;
    loop {
        at = at.saturating_add(run(tail(near, at), is_space));
        let here = tail(near, at);
        match here {
            [b'>', ..] => break,
            [b'/', b'>', ..] => return Some(at.saturating_add(2)),
            _ => {}
        }
        let name = run(here, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b':')
        });
        let [b'=', quote @ (b'"' | b'\''), value @ ..] = tail(here, name) else {
            return None;
        };
        let length = run(value, |b| b != *quote);
        let plain = head(value, length)
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b" .,:;#%-_/()".contains(b));
        if !shows(head(here, name)) || !plain || find(head(value, length), b"script").is_some() {
            return None;
        }
        at = at
            .saturating_add(name)
            .saturating_add(length)
            .saturating_add(3);
    }
    find(tail(rest, at), b"</svg>").map(|_| at.saturating_add(1))
}

/// Whether an attribute of a picture only says how it looks or what it is called.
fn shows(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 22] = [
        b"xmlns",
        b"xmlns:xlink",
        b"viewbox",
        b"width",
        b"height",
        b"fill",
        b"stroke",
        b"stroke-width",
        b"stroke-linecap",
        b"stroke-linejoin",
        b"fill-rule",
        b"clip-rule",
        b"class",
        b"role",
        b"focusable",
        b"version",
        b"id",
        b"x",
        b"y",
        b"preserveaspectratio",
        b"xml:space",
        b"color",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
        || starts(name, b"aria-")
        || starts(name, b"data-")
}

/// Length of `onChange=` where what follows is an idle block.
pub(super) fn component(rest: &[u8]) -> Option<usize> {
    let name = run(head(rest, 32), |b| b.is_ascii_alphanumeric());
    let handler = starts(rest, b"on") && rest.get(name) == Some(&b'=');
    let length = name.saturating_add(1);
    (handler && is_idle_block(tail(rest, length))).then_some(length)
}
