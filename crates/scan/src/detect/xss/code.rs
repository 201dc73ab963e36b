//! Values that are script as a whole, as they land in an event handler, a template literal or
//! between the tags of a script.
//!
//! A text with a sentence in it is none: people write about `alert(1)`. What is left is read for
//! things a value has no other reason to hold: a dialogue called behind script punctuation, one put
//! into a variable that is called, a member reached by a computed name, the address of the page set
//! or run, a style expression.

mod page;

use crate::bytes::ByteClasses;
use crate::text::{
    find, has_sentence, head, holds, is_space, is_word, prose_words, run, skip_space, starts, tail,
};
use crate::words::Phrases;
use page::{address, goes_elsewhere, members, style};

/// Longest value that is read as script; longer ones are programs or documents.
const MAX_CODE: usize = 1024;

/// What shows a payload to run, or runs more.
const SINKS: [&[u8]; 8] = [
    b"alert",
    b"confirm",
    b"prompt",
    b"eval",
    b"settimeout",
    b"setinterval",
    b"execscript",
    b"print",
];

/// Names of the global object.
const GLOBALS: [&[u8]; 9] = [
    b"top",
    b"self",
    b"window",
    b"parent",
    b"frames",
    b"this",
    b"globalthis",
    b"document",
    b"content",
];

/// The rule that a value which is script breaks.
pub(super) fn detect(text: &[u8], seen: ByteClasses) -> Option<&'static str> {
    let calls = ByteClasses::PAREN
        .with(ByteClasses::BACK_QUOTE)
        .with(ByteClasses::BRACKET);
    let (calls, braces) = (seen.intersects(calls), seen.intersects(ByteClasses::BRACE));
    let sets = seen.intersects(ByteClasses::EQUALS) && find(text, b"location").is_some();
    let imports = text.first() == Some(&b'@')
        || seen.intersects(ByteClasses::CONTROL.with(ByteClasses::NEWLINE));
    let chained = seen.intersects(ByteClasses::EQUALS) && seen.intersects(ByteClasses::SEMICOLON);
    if !(calls || braces || sets || imports || chained)
        || text.len() > MAX_CODE
        || has_sentence(text, 4)
    {
        return None;
    }
    let found = calls && (words(text) || spelled(text) || members(text))
        || (calls || sets) && address(text)
        || style(text)
        || sets && goes_elsewhere(text)
        || chained && members(text)
        || !calls && seen.intersects(ByteClasses::EQUALS) && words(text);
    found.then_some("xss-script")
}

/// Sinks and globals, word by word.
fn words(text: &[u8]) -> bool {
    let mut at = 0usize;
    let mut before = 0u8;
    while at < text.len() {
        let rest = tail(text, at);
        let length = run(rest, |b| is_word(b) || b == b'$');
        if length == 0 {
            let byte = rest.first().copied().unwrap_or_default();
            before = if is_space(byte) { before } else { byte };
            at = at.saturating_add(1);
            continue;
        }
        let word = head(rest, length);
        let after = tail(rest, length);
        let lead = head(text, at);
        let is = |name: &&[u8]| name.eq_ignore_ascii_case(word);
        // The constructor of functions, which declarations write in lower case.
        let makes = word == b"Function"
            && matches!(after, [b'(', b'\'' | b'"' | b'`', ..] | [b'`', ..])
            && (before != b'a' && before != b'.' || lead.ends_with(b"new "));
        if makes
            || SINKS.iter().any(is) && sink(word, before, lead, after, text)
            || GLOBALS.iter().any(is) && computed(after)
        {
            return true;
        }
        before = b'a';
        at = at.saturating_add(length);
    }
    false
}

/// Script spelled without letters (`(![]+[])[+[]]`) or with their numbers (`fromCharCode(97,..`).
fn spelled(text: &[u8]) -> bool {
    let coerced = text
        .windows(4)
        .filter(|w| matches!(w, [b'!' | b'+', b'[', b']', b'+' | b')' | b']']))
        .count();
    let numbered = find(text, b"fromcharcode(").is_some_and(|at| {
        let argument = skip_space(tail(text, at.saturating_add(13)));
        argument.first().is_some_and(u8::is_ascii_digit)
            && argument.iter().take(48).any(|&b| b == b',')
    });
    coerced >= 2 || numbered
}

/// Whether a dialogue or evaluation is called or handed on as script does it.
fn sink(word: &[u8], before: u8, lead: &[u8], after: &[u8], text: &[u8]) -> bool {
    let next = skip_space(after);
    let called = match next {
        // "confirm (yes or no)": with a space between, a word in parentheses is prose.
        [b'(', inside @ ..]
            if next.len() < after.len()
                && skip_space(inside)
                    .first()
                    .is_some_and(u8::is_ascii_alphabetic)
                && !GLOBALS.iter().any(|name| starts(skip_space(inside), name)) =>
        {
            false
        }
        [b'(', inside @ ..] => !matches!(skip_space(inside).first(), None | Some(b')')),
        [b'`', ..] => true,
        _ => false,
    };
    let print = word.eq_ignore_ascii_case(b"print");
    // Behind a word it is prose or a declaration, behind a dot a method of something else's.
    let operator = [
        b"new ".as_slice(),
        b"throw ",
        b"extends ",
        b"void ",
        b"typeof ",
        b"in ",
        b"return ",
    ]
    .iter()
    .any(|word| crate::text::ends(lead, word));
    let placed = operator || b"=({[,;:>&?!}|+-*/^~%<\"'`".contains(&before);
    let global = before == b'.'
        && [
            b"window.".as_slice(),
            b"self.",
            b"top.",
            b"parent.",
            b"globalthis.",
        ]
        .iter()
        .any(|g| crate::text::ends(lead, g));
    let quoted = before == b'`' && prose_words(lead, 1) > 0;
    if called && !print && !quoted && (placed && prose_words(lead, 8) <= 7 || global) {
        return true;
    }
    if print {
        return false;
    }
    // `a=alert;a(1)`: the name that it was given to is called.
    let handed = matches!(
        next.first(),
        None | Some(b';' | b',' | b')' | b'}' | b']' | b'\n')
    ) || after.first().is_some_and(|&b| is_space(b));
    if before == b'=' && handed {
        let lead = lead.trim_ascii_end();
        let name_end = lead.len().saturating_sub(1);
        let name_length = head(lead, name_end)
            .iter()
            .rev()
            .take_while(|&&b| is_word(b) || b == b'$')
            .count();
        let name = tail(head(lead, name_end), name_end.saturating_sub(name_length));
        if !name.is_empty() && is_called(after, name) {
            return true;
        }
        if starts(name, b"on") && holds(text, const { &Phrases::new(&[b"throw"]) }) {
            return true;
        }
    }
    // `[1].find(alert)`, `(alert)(1)`, `{valueOf:alert}`.
    let passed = before == b'('
        && next.first() == Some(&b')')
        && (lead.ends_with(b".find(")
            || lead.ends_with(b".map(")
            || lead.ends_with(b".forEach(")
            || lead.ends_with(b".filter(")
            || tail(next, 1).first() == Some(&b'('));
    let callback = matches!(before, b',' | b'=')
        && handed
        && holds(
            text,
            const {
                &Phrases::new(&[
                    b"__definesetter__",
                    b"definesetter(",
                    b"__definegetter__",
                    b"prototype[",
                    b".prototype.",
                    b"tojson=",
                    b"tostring=",
                    b"valueof=",
                    b".replace(/",
                ])
            },
        );
    let coerced = callback
        || before == b':' && holds(lead, const { &Phrases::new(&[b"valueof", b"tostring"]) });
    passed || coerced
}

/// Whether a name is called somewhere in a text.
fn is_called(text: &[u8], name: &[u8]) -> bool {
    let mut at = 0usize;
    let near = head(text, 256);
    while let Some(found) = find(tail(near, at), name) {
        let start = at.saturating_add(found);
        let whole = !head(near, start).last().is_some_and(|&b| is_word(b));
        let end = start.saturating_add(name.len());
        if whole && matches!(near.get(end), Some(b'(' | b'`')) {
            return true;
        }
        at = end;
    }
    false
}

/// `top["al"+"ert"](1)`: a member by a name that is put together, and called.
fn computed(after: &[u8]) -> bool {
    let [b'[', inside @ ..] = skip_space(after) else {
        return false;
    };
    let near = head(inside, 96);
    let Some(close) = near.iter().position(|&b| b == b']') else {
        return false;
    };
    let (name, rest) = near.split_at_checked(close).unwrap_or((near, &[]));
    let rest = skip_space(tail(rest, 1));
    let quoted = name.iter().any(|b| matches!(b, b'"' | b'\'' | b'`' | b'/'));
    let joined = quoted
        && holds(
            name,
            const { &Phrases::new(&[b"+", b"\\", b".concat", b"/.source"]) },
        );
    let called = matches!(rest.first(), Some(b'(' | b'`'));
    let known = quoted
        && holds(
            name,
            const {
                &Phrases::new(&[
                    b"alert",
                    b"eval",
                    b"confirm",
                    b"prompt",
                    b"cookie",
                    b"location",
                ])
            },
        );
    called && (joined || known) || joined && matches!(rest.first(), Some(b'[' | b'='))
}
