//! Tags and attributes that run code.

mod attribute;
mod drawing;

use super::is_space;
use crate::words::Phrases;
use attribute::attributes;
pub(super) use attribute::{handler, has_attribute};

/// Elements that run, load or redirect by being there. Their names are compared in lower case with
/// NUL bytes taken out, as old parsers did.
const ELEMENTS: [&[u8]; 13] = [
    b"script",
    b"iframe",
    b"frameset",
    b"applet",
    b"svg",
    b"xss",
    b"isindex",
    b"vmlframe",
    b"marquee",
    b"plaintext",
    b"keygen",
    b"noembed",
    b"xmp",
];

/// Elements that do so by an attribute; without one, `<Object>` is a type parameter in somebody's
/// text.
const ELEMENTS_BY_ATTRIBUTE: [&[u8]; 18] = [
    b"frame",
    b"object",
    b"embed",
    b"base",
    b"meta",
    b"link",
    b"style",
    b"math",
    b"xml",
    b"layer",
    b"ilayer",
    b"bgsound",
    b"import",
    b"listener",
    b"handler",
    b"noscript",
    b"portal",
    b"fencedframe",
];

/// Bytes of one tag that are read; a browser reads on, but the handler it runs comes before.
const MAX_TAG: usize = 2048;

/// Bytes in which a tag has to name its first attribute.
const MAX_NAME: usize = 256;

/// The rule that one of the tags in the text breaks.
pub(super) fn tags(text: &[u8]) -> Option<&'static str> {
    if breaks_out(text) || opens_broken(text) {
        return Some("xss-break-out");
    }
    let mut rest = text;
    // Unfinished tags may be long; together they are read at most once over.
    let mut budget = text.len().saturating_add(MAX_TAG);
    while let Some(at) = rest.iter().position(|&b| b == b'<') {
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
        if let Some(rule) = tag(rest, &mut budget) {
            return Some(rule);
        }
    }
    None
}

/// Whether the text closes a quoted attribute and its tag before it opens one: `"><h1>`.
fn breaks_out(text: &[u8]) -> bool {
    let Some(open) = text.iter().position(|&b| b == b'<') else {
        return false;
    };
    let (before, tag) = text.split_at_checked(open).unwrap_or((text, &[]));
    let Some(close) = before.iter().rposition(|&b| b == b'>') else {
        return false;
    };
    let value = before.get(..close).unwrap_or_default();
    let quote = value
        .iter()
        .rev()
        .find(|&&b| !is_space(b) && b != b'/')
        .copied();
    let odd = |quote: u8| value.iter().filter(|&&b| b == quote).count() % 2 == 1;
    let named =
        matches!(tag, [b'<', b'/', name, ..] | [b'<', name, ..] if name.is_ascii_alphabetic());
    named && matches!(quote, Some(quote @ (b'"' | b'\'')) if odd(quote))
}

/// Whether the value starts with the end of somebody else's attribute and tag: `">`, `&'">`.
fn opens_broken(text: &[u8]) -> bool {
    let start = text.iter().take(3).position(|&b| b == b'"' || b == b'\'');
    let quotes = start.and_then(|at| text.get(at..)).unwrap_or_default();
    let length = quotes
        .iter()
        .take(4)
        .take_while(|&&b| b == b'"' || b == b'\'')
        .count();
    let word = text
        .iter()
        .take(start.unwrap_or(0))
        .any(u8::is_ascii_alphanumeric);
    length > 0
        && !word
        && quotes.get(length) == Some(&b'>')
        && quotes.len() > length.saturating_add(1)
}

/// Where a name starts as an event handler's does (`onfoo`), or is one of those that style and link:
/// what libinjection 3.10 takes for an attack and its successors do not. Old parsers skip a NUL before a
/// name, or before the slash that leads to one, whichever it is.
pub(super) fn odd_name(text: &[u8]) -> Option<usize> {
    use crate::text::{head, run, starts, tail};
    const NAMES: [&[u8]; 7] = [
        b"attributename",
        b"style",
        b"filter",
        b"xmlns",
        b"xlink",
        b"datasrc",
        b"dataformatas",
    ];
    let mut opens = true;
    for (at, &byte) in text.iter().enumerate() {
        let rest = tail(text, at);
        let handler = || {
            let ends = |b: u8| is_space(b) || matches!(b, b'/' | b'=' | b'>');
            starts(rest, b"on") && run(head(tail(rest, 2), 3), |b| !ends(b)) == 3
        };
        let named = |b: &u8| b.is_ascii_alphabetic() || *b == b'/';
        let hidden = byte == 0 && rest.get(1).is_some_and(named);
        if hidden || opens && (handler() || NAMES.iter().any(|name| starts(rest, name))) {
            return Some(at);
        }
        opens = !byte.is_ascii_alphanumeric();
    }
    None
}

/// Whether the value is a reference for `<` or `>` padded with zeros, and nothing else: `&#0000060`.
pub(super) fn disguised_bracket(text: &[u8]) -> bool {
    let [b'&', b'#', rest @ ..] = text.trim_ascii() else {
        return false;
    };
    let digits = rest.strip_prefix(b"x").or_else(|| rest.strip_prefix(b"X"));
    let hexadecimal = digits.is_some();
    let digits = digits.unwrap_or(rest);
    let digits = digits.strip_suffix(b";").unwrap_or(digits);
    let zeros = digits.iter().take_while(|&&b| b == b'0').count();
    let number = digits.get(zeros..).unwrap_or_default();
    let bracket = match number {
        [b'3', b'c' | b'C' | b'e' | b'E'] => hexadecimal,
        [b'6', b'0' | b'2'] => !hexadecimal,
        _ => false,
    };
    zeros >= 1 && bracket
}

/// Whether a tag, declaration or processing instruction starts anywhere; `Vec<Object>` is none.
pub(super) fn has_tag(text: &[u8]) -> bool {
    let mut before = 0u8;
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        if *byte == b'<'
            && tail
                .first()
                .is_some_and(|b| b.is_ascii_alphabetic() || b"!/?%".contains(b))
        {
            let name = tail
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric())
                .count();
            let parameter = before.is_ascii_alphanumeric()
                && matches!(tail.get(name), Some(b'>' | b',' | b'<'));
            if !(parameter || is_link(tail)) || name == 0 {
                return true;
            }
        }
        before = *byte;
        rest = tail;
    }
    false
}

/// `http://example.org/a>`, behind its `<`: how Markdown and mails write a link. Nothing in it could set
/// an attribute.
fn is_link(rest: &[u8]) -> bool {
    use crate::text::{run, starts, tail};
    let scheme = run(rest, |b| b.is_ascii_alphabetic());
    let address = tail(rest, scheme);
    let length = run(address, |b| {
        !is_space(b) && !matches!(b, b'<' | b'>' | b'=' | b'"' | b'\'' | b'`' | b'(')
    });
    scheme > 0 && starts(address, b"://") && address.get(length) == Some(&b'>')
}

/// The text without what libinjection refuses and mails and pages are full of: closed comments,
/// the document type of HTML, XML declarations, styles that only style. `None` when there is none
/// of it, or a comment is conditional.
pub(super) fn without_benign(text: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut rest = text;
    let mut in_tag = false;
    while let [first, tail @ ..] = rest {
        let skipped = match first {
            b'<' if rest.starts_with(b"<!--") => comment(rest)?,
            b'<' => declaration(rest)
                .max(drawing::opening(tail).map_or(0, |length| length.saturating_add(1))),
            b' ' | b'\n' | b'\r' | b'\t' if in_tag && drawing::component(tail).is_some() => {
                drawing::component(tail).map_or(0, |length| length.saturating_add(1))
            }
            b' ' if in_tag => style(tail)
                .or_else(|| namespace(tail))
                .map_or(0, |length| length.saturating_add(1)),
            _ => 0,
        };
        in_tag = match first {
            b'<' => true,
            b'>' => false,
            _ => in_tag,
        };
        if skipped == 0 {
            kept.push(*first);
            rest = tail;
        } else {
            rest = rest.get(skipped..).unwrap_or_default();
        }
    }
    (kept.len() < text.len()).then_some(kept)
}

/// Length of a plain comment; 0 when it is not closed, `None` when it is conditional.
fn comment(rest: &[u8]) -> Option<usize> {
    let inside = rest.get(4..).unwrap_or_default();
    let conditional = inside.first().is_some_and(|b| b"[>#-".contains(b));
    let end = inside.windows(3).position(|w| w == b"-->");
    match (end, conditional) {
        (Some(end), false) => Some(end.saturating_add(7)),
        _ => None,
    }
}

/// Length of `<!DOCTYPE html ..>` or `<?xml version=..?>`; 0 when it is another.
fn declaration(rest: &[u8]) -> usize {
    use crate::text::{head, starts, tail};
    if !starts(rest, b"<!doctype html") && !starts(rest, b"<?xml ") {
        return 0;
    }
    let near = head(rest, 256);
    let end = near
        .iter()
        .position(|&b| b == b'>')
        .map_or(0, |at| at.saturating_add(1));
    let inside = head(near, end);
    let html = starts(inside, b"<!doctype html")
        && !inside.contains(&b'[')
        && (inside.len() < 18
            || crate::text::holds(
                inside,
                const { &Phrases::new(&[b"-//w3c//", b"about:legacy"]) },
            ));
    let xml = starts(inside, b"<?xml ")
        && inside.ends_with(b"?>")
        && !tail(inside, 6)
            .iter()
            .any(|&b| matches!(b, b'<' | b'/' | b'\'' | b'(' | b'&'));
    if html || xml { end } else { 0 }
}

/// Length of `xmlns="http://www.w3.org/1999/xhtml"` or of another namespace that is a plain address:
/// narratives of FHIR and contents of Atom declare it.
fn namespace(rest: &[u8]) -> Option<usize> {
    use crate::text::{head, starts, tail};
    let near = head(rest, 256);
    let equals = near
        .iter()
        .position(|&b| b == b'=')
        .filter(|_| starts(near, b"xmlns"))?;
    let named = head(near, equals)
        .iter()
        .all(|&b| b.is_ascii_alphanumeric() || b == b':');
    let (quote, value) = tail(near, equals.saturating_add(1)).split_first()?;
    let end = value
        .iter()
        .position(|b| b == quote)
        .filter(|_| matches!(quote, b'"' | b'\''))?;
    let address = head(value, end);
    let plain = (starts(address, b"http") || starts(address, b"urn:"))
        && address
            .iter()
            .all(|&b| b.is_ascii_alphanumeric() || b"/:.-_#".contains(&b));
    (named && plain).then_some(equals.saturating_add(end).saturating_add(3))
}

/// Length of a `style="..."` whose value only styles; its name starts here.
fn style(rest: &[u8]) -> Option<usize> {
    use crate::text::{head, holds, starts, tail};
    if !starts(rest, b"style=") {
        return None;
    }
    let quote = *rest.get(6)?;
    let value = head(tail(rest, 7), 1024);
    let end = value
        .iter()
        .position(|&b| b == quote)
        .filter(|_| matches!(quote, b'"' | b'\''))?;
    let value = head(value, end);
    let plain = value
        .iter()
        .all(|b| b.is_ascii_alphanumeric() || b" :;#%.,()-!'/\"_".contains(b));
    let active = holds(
        value,
        const {
            &Phrases::new(&[
                b"expression",
                b"binding",
                b"behavio",
                b"javascript",
                b"url(",
                b"@import",
                b"/*",
                b"-o-link",
                b"filter",
            ])
        },
    );
    (plain && !active).then_some(end.saturating_add(8))
}

/// Judges one tag, given what follows its `<`.
fn tag(rest: &[u8], budget: &mut usize) -> Option<&'static str> {
    // Filters and old parsers skip white space behind the bracket; only scripts are written so.
    let spaces = rest
        .iter()
        .take(8)
        .take_while(|&&b| is_space(b) && b != 0)
        .count();
    if spaces > 0 {
        let name = rest.get(spaces..).unwrap_or_default();
        let name = name.strip_prefix(b"/").unwrap_or(name).trim_ascii_start();
        let script = name
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"script"));
        let closed = name.get(6).is_some_and(|&b| is_space(b) || b == b'>');
        return (script && closed).then_some("xss-element");
    }
    match rest {
        [b'!', b'-', b'-', b'#', ..] => return Some("xss-server-include"),
        [b'/', name @ ..] => {
            return element(name)
                .is_some_and(|e| e.name() == b"script")
                .then_some("xss-element");
        }
        [first, ..] if first.is_ascii_alphabetic() => {}
        _ => return None,
    }
    match element(rest) {
        Some(Element::Itself(_)) if drawing::opening(rest).is_none() => return Some("xss-element"),
        Some(Element::ByAttribute(_)) if sets_attribute(rest) => return Some("xss-element"),
        _ => {}
    }
    let reach = rest.len().min(MAX_TAG).min(*budget);
    let tag = rest.get(..reach).unwrap_or_default();
    let (rule, read) = attributes(tag);
    *budget = budget.saturating_sub(read);
    rule
}

/// A dangerous element.
enum Element {
    Itself(&'static [u8]),
    ByAttribute(&'static [u8]),
}

impl Element {
    fn name(&self) -> &'static [u8] {
        let (Self::Itself(name) | Self::ByAttribute(name)) = self;
        name
    }
}

/// Whether an `=` comes before the tag ends.
fn sets_attribute(rest: &[u8]) -> bool {
    rest.iter()
        .take(MAX_NAME)
        .take_while(|&&b| b != b'>')
        .any(|&b| b == b'=')
}

/// The dangerous element that the name at the start is.
fn element(rest: &[u8]) -> Option<Element> {
    let mut name = [0u8; 12];
    let mut length = 0usize;
    for &byte in rest.iter().take(32) {
        match byte {
            0 => continue,
            byte if byte.is_ascii_alphanumeric() => {
                *name.get_mut(length)? = byte.to_ascii_lowercase();
                length = length.saturating_add(1);
            }
            // A prefix is a namespace: `svg:script`, `x:script`.
            b':' => length = 0,
            _ => break,
        }
    }
    let name = name.get(..length)?;
    let itself = ELEMENTS
        .into_iter()
        // Every `svg..` name: filters compare prefixes, and so do old parsers.
        .find(|element| *element == name || (*element == b"svg" && name.starts_with(b"svg")))
        .map(Element::Itself);
    itself.or_else(|| {
        let found = ELEMENTS_BY_ATTRIBUTE
            .into_iter()
            .find(|element| *element == name);
        found.map(Element::ByAttribute)
    })
}
