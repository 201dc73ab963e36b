//! Tags and attributes that run code.

use super::{is_space, uri};

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

/// Attribute names that start like an event handler and are words.
const NO_HANDLERS: [&[u8]; 6] = [
    b"one",
    b"once",
    b"only",
    b"online",
    b"ongoing",
    b"onboarding",
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
            let parameter = before.is_ascii_alphanumeric() && tail.get(name) == Some(&b'>');
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

/// Whether an attribute is set whose name could matter to a browser.
pub(super) fn has_attribute(text: &[u8]) -> bool {
    assignments(text).any(|name| {
        name.len() >= 2
            && (name
                .get(..2)
                .is_some_and(|on| on.eq_ignore_ascii_case(b"on"))
                || ATTRIBUTES
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name)))
    })
}

/// Attributes whose value is a URI, a style or markup.
const ATTRIBUTES: [&[u8]; 19] = [
    b"href",
    b"src",
    b"action",
    b"formaction",
    b"data",
    b"background",
    b"poster",
    b"dynsrc",
    b"lowsrc",
    b"srcdoc",
    b"xmlns",
    b"filter",
    b"folder",
    b"from",
    b"to",
    b"values",
    b"by",
    b"code",
    b"attributename",
];

/// `onerror=...(`: an event handler outside of a tag, as breaking out of an attribute leaves it.
pub(super) fn handler(text: &[u8]) -> Option<&'static str> {
    let mut from = 0usize;
    for at in text
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'=')
        .map(|(i, _)| i)
    {
        let before = text.get(from..at).unwrap_or_default();
        from = at.saturating_add(1);
        let (name, lead) = last_name(before);
        let after = text.get(from..).unwrap_or_default();
        let placed = lead.is_none_or(|b| is_space(b) || b"\"'`/".contains(&b));
        if placed && is_handler(name) && is_code(after) {
            return Some("xss-event-handler");
        }
        if placed && name.eq_ignore_ascii_case(b"style") && is_active_style(value(after).0) {
            return Some("xss-attribute-uri");
        }
    }
    None
}

/// Whether what an event handler is set to does something: a call or an assignment.
fn is_code(value: &[u8]) -> bool {
    let value = value.get(..value.len().min(256)).unwrap_or_default();
    let start = value
        .iter()
        .position(|&b| !is_space(b) && !b"\"'`".contains(&b));
    let value = value
        .get(start.unwrap_or(value.len())..)
        .unwrap_or_default();
    let word = value
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_$.[]'\"\\/+".contains(b) || **b >= 0x80)
        .count();
    matches!(value.get(word), Some(b'(' | b'`' | b'=' | b'&')) && word > 0
}

/// The names in front of each `=`.
fn assignments(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut from = 0usize;
    text.iter()
        .enumerate()
        .filter(|(_, b)| **b == b'=')
        .map(move |(at, _)| {
            let before = text.get(from..at).unwrap_or_default();
            from = at.saturating_add(1);
            last_name(before).0
        })
}

/// The word a text ends in (white space behind it skipped), and the byte before the word.
fn last_name(text: &[u8]) -> (&[u8], Option<u8>) {
    let end = text
        .iter()
        .rposition(|&b| !is_space(b))
        .map_or(0, |at| at.saturating_add(1));
    let text = text.get(..end).unwrap_or_default();
    let start = text
        .iter()
        .rposition(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b':' | b'_'))
        .map_or(0, |at| at.saturating_add(1));
    let lead = start.checked_sub(1).and_then(|at| text.get(at)).copied();
    (text.get(start..).unwrap_or_default(), lead)
}

/// `on` and at least three letters, and no English word.
fn is_handler(name: &[u8]) -> bool {
    let letters = name.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let word = name.get(..letters).unwrap_or_default();
    letters >= 5
        && word
            .get(..2)
            .is_some_and(|on| on.eq_ignore_ascii_case(b"on"))
        && !NO_HANDLERS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(word))
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
        .find(|element| *element == name)
        .map(Element::Itself);
    itself.or_else(|| {
        let found = ELEMENTS_BY_ATTRIBUTE
            .into_iter()
            .find(|element| *element == name);
        found.map(Element::ByAttribute)
    })
}

/// Reads the attributes of a tag up to its `>`: a handler, or a value that is code. Also how many
/// bytes were read.
fn attributes(tag: &[u8]) -> (Option<&'static str>, usize) {
    let mut at = tag
        .iter()
        .take_while(|&&b| !is_space(b) && b != b'/' && b != b'>')
        .count();
    while let Some(&byte) = tag.get(at) {
        if byte == b'>' {
            break;
        }
        if is_space(byte) || matches!(byte, b'/' | b'"' | b'\'' | b'`') {
            at = at.saturating_add(1);
            continue;
        }
        let rest = tag.get(at..).unwrap_or_default();
        let name = rest
            .iter()
            .take_while(|&&b| !is_space(b) && !matches!(b, b'=' | b'>'))
            .count();
        let gap = rest.iter().skip(name).take_while(|&&b| is_space(b)).count();
        let end = name.saturating_add(gap);
        let name = rest.get(..name).unwrap_or_default();
        if rest.get(end) != Some(&b'=') {
            at = at.saturating_add(name.len().max(1));
            continue;
        }
        let after = rest.get(end.saturating_add(1)..).unwrap_or_default();
        // Slashes and quotes separate attributes, too: the handler may be the last of several.
        let last = name.rsplit(|b| b"/\"'`".contains(b)).next().unwrap_or(name);
        if is_handler(name) || is_handler(last) {
            return (Some("xss-event-handler"), at);
        }
        let (value, read) = value(after);
        if last.eq_ignore_ascii_case(b"srcdoc") {
            return (Some("xss-event-handler"), at);
        }
        if uri::is_code(value) || is_active_style(value) {
            return (Some("xss-attribute-uri"), at);
        }
        at = at
            .saturating_add(end)
            .saturating_add(1)
            .saturating_add(read);
    }
    (None, at)
}

/// The value behind an `=`, and the bytes it takes with its quotes.
fn value(after: &[u8]) -> (&[u8], usize) {
    let space = after.iter().take_while(|&&b| is_space(b)).count();
    let text = after.get(space..).unwrap_or_default();
    if let [quote @ (b'"' | b'\'' | b'`'), quoted @ ..] = text {
        let length = quoted
            .iter()
            .position(|b| b == quote)
            .unwrap_or(quoted.len());
        let value = quoted.get(..length).unwrap_or_default();
        return (value, space.saturating_add(length).saturating_add(2));
    }
    let length = text
        .iter()
        .take_while(|&&b| !is_space(b) && b != b'>')
        .count();
    (
        text.get(..length).unwrap_or_default(),
        space.saturating_add(length),
    )
}

/// Styles and entities that ran code in some browser.
fn is_active_style(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let holds = |needle: &[u8]| lower.windows(needle.len()).any(|window| window == needle);
    lower.starts_with(b"&{")
        || holds(b"expression(")
        || holds(b"-moz-binding")
        || holds(b"-o-link")
        || holds(b"behavior:")
        || holds(b"javascript:")
}
