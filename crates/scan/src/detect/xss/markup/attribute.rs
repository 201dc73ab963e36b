//! Attributes that run code, in a tag or where one was broken into.

use super::super::{is_space, uri};
use crate::text::{head, holds, skip_space};
use crate::words::Phrases;

/// Attribute names that start like an event handler and are words.
const NO_HANDLERS: [&[u8]; 6] = [
    b"one",
    b"once",
    b"only",
    b"online",
    b"ongoing",
    b"onboarding",
];

/// Attributes whose value frameworks run: Angular, Vue, Alpine, htmx.
const FRAMEWORKS: [&[u8]; 15] = [
    b"ng-init",
    b"ng-click",
    b"ng-mouse",
    b"ng-on",
    b"ng-focus",
    b"ng-blur",
    b"ng-key",
    b"ng-change",
    b"ng-submit",
    b"ng-copy",
    b"ng-dblclick",
    b"v-on:",
    b"x-init",
    b"x-on:",
    b"hx-on",
];

/// Whether an attribute is set whose name could matter to a browser.
pub(in super::super) fn has_attribute(text: &[u8]) -> bool {
    // `onClick={..}` is a component's property, not markup.
    let component = !text.contains(&b'<') && text.windows(2).any(|pair| pair == b"={");
    !component
        && assignments(text).any(|name| {
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
pub(in super::super) fn handler(text: &[u8]) -> Option<&'static str> {
    let mut from = 0usize;
    // How far the last style without quotes reaches.
    let mut styled = 0usize;
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
        if placed && name.eq_ignore_ascii_case(b"style") {
            let quoted = matches!(skip_space(after), [b'"' | b'\'' | b'`', ..]);
            // One inside of another was read with it: a text of nothing else stays linear.
            let inside = !quoted && at < styled;
            let (style, length) = value(if inside { head(after, 2) } else { after });
            if is_active_style(style) {
                return Some("xss-attribute-uri");
            }
            if !quoted {
                styled = styled.max(from.saturating_add(length));
            }
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
    let name = value.get(..word).unwrap_or_default();
    let runs = matches!(value.get(word), Some(b'(' | b'`' | b'=' | b'&')) && word > 0;
    let named = [
        b"alert".as_slice(),
        b"confirm",
        b"prompt",
        b"eval",
        b"print",
    ]
    .iter()
    .any(|sink| name.eq_ignore_ascii_case(sink));
    runs || named
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
    if FRAMEWORKS
        .iter()
        .any(|known| crate::text::starts(name, known))
    {
        return true;
    }
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

/// Reads the attributes of a tag up to its `>`: a handler, or a value that is code. Also how many
/// bytes were read.
pub(super) fn attributes(tag: &[u8]) -> (Option<&'static str>, usize) {
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
        if (is_handler(name) || is_handler(last)) && !is_idle_block(after) {
            return (Some("xss-event-handler"), at);
        }
        let (value, read) = value(after);
        if last.eq_ignore_ascii_case(b"srcdoc") || last.eq_ignore_ascii_case(b"formaction") {
            return (Some("xss-event-handler"), at);
        }
        let link = [b"href".as_slice(), b"src", b"action"]
            .iter()
            .any(|name| last.eq_ignore_ascii_case(name));
        if uri::is_code(value) || is_active_style(value) || link && uri::is_disguised(value) {
            return (Some("xss-attribute-uri"), at);
        }
        at = at
            .saturating_add(end)
            .saturating_add(1)
            .saturating_add(read);
    }
    (None, at)
}

/// `{v => setV(v)}`, `{handleClick}`: what a component is given. A browser takes the value up to its first
/// space or bracket for a block: one that is left open does not run, one that is a name does nothing.
pub(super) fn is_idle_block(after: &[u8]) -> bool {
    let [b'{', inside @ ..] = after else {
        return false;
    };
    let length = inside
        .iter()
        .take_while(|&&b| !is_space(b) && b != b'>')
        .count();
    let block = inside.get(..length).unwrap_or_default();
    let count = |byte: u8| block.iter().filter(|&&b| b == byte).count();
    let open = count(b'}') <= count(b'{');
    let name = block.strip_suffix(b"}").is_some_and(|name| {
        name.iter()
            .all(|&b| b.is_ascii_alphanumeric() || b"._$".contains(&b))
    });
    open || name
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
    static ACTIVE: Phrases = Phrases::new(&[
        b"expression(",
        b"-moz-binding",
        b"-o-link",
        b"behavior:",
        b"javascript:",
    ]);
    value.starts_with(b"&{") || holds(value, &ACTIVE)
}
