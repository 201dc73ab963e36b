//! Tags and attributes that run code.

mod attribute;

use super::is_space;
use attribute::attributes;
pub(super) use attribute::{handler, has_attribute};

/// Elements that run, load or redirect by being there. Their names are compared in lower case with
/// NUL bytes taken out, as old parsers did.
const ELEMENTS: [&[u8]; 8] = [
    b"script",
    b"iframe",
    b"frameset",
    b"applet",
    b"svg",
    b"xss",
    b"isindex",
    b"vmlframe",
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
    if breaks_out(text) {
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
            if !parameter || name == 0 {
                return true;
            }
        }
        before = *byte;
        rest = tail;
    }
    false
}

/// The text without its closed `<!-- -->`; `None` when there is none or one is conditional.
pub(super) fn without_comments(text: &[u8]) -> Option<Vec<u8>> {
    let find = |from: &[u8], what: &[u8]| from.windows(what.len()).position(|w| w == what);
    let mut kept = Vec::new();
    let mut rest = text;
    while let Some((before, comment)) = find(rest, b"<!--").and_then(|at| rest.split_at_checked(at))
    {
        let inside = comment.get(4..).unwrap_or_default();
        let end = find(inside, b"-->")?;
        if inside.first().is_some_and(|b| b"[>#-".contains(b)) {
            return None;
        }
        kept.extend_from_slice(before);
        rest = inside.get(end.saturating_add(3)..).unwrap_or_default();
    }
    if rest.len() == text.len() {
        return None;
    }
    kept.extend_from_slice(rest);
    Some(kept)
}

/// Judges one tag, given what follows its `<`.
fn tag(rest: &[u8], budget: &mut usize) -> Option<&'static str> {
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
        Some(Element::Itself(_)) => return Some("xss-element"),
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
