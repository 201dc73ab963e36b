//! Breaking out of a script's string, and the calls that payloads make.

use crate::bytes::ByteClasses;

/// Functions a payload calls to show or to do something.
const CALLS: [&[u8]; 8] = [
    b"alert",
    b"confirm",
    b"prompt",
    b"eval",
    b"settimeout",
    b"setinterval",
    b"fromcharcode",
    b"constructor",
];
/// Members of the document and window a payload reads or writes, written with their dot.
const MEMBERS: [(&[u8], &[u8]); 9] = [
    (b"document", b"cookie"),
    (b"document", b"location"),
    (b"document", b"write"),
    (b"document", b"writeln"),
    (b"document", b"domain"),
    (b"window", b"location"),
    (b"window", b"name"),
    (b"location", b"hash"),
    (b"location", b"replace"),
];

/// The rule that the text breaks: needs a call's parenthesis or back quote, or a member's dot.
pub(super) fn detect(text: &[u8], seen: ByteClasses) -> Option<&'static str> {
    // A call has its parenthesis or back quote, a member its dot and something done with it.
    let done = ByteClasses::EQUALS
        .with(ByteClasses::SEMICOLON)
        .with(ByteClasses::PLUS);
    let calls = seen.intersects(ByteClasses::PAREN.with(ByteClasses::BACK_QUOTE));
    let members = seen.intersects(ByteClasses::DOT) && seen.intersects(done);
    if !calls && !members {
        return None;
    }
    let mut quotes = [0usize; 2];
    let mut words = 0usize;
    // Whether a template expression was opened: `{{constructor.constructor(..)}}`.
    let mut templated = false;
    let mut at = 0usize;
    while let Some(&byte) = text.get(at) {
        if !is_word(byte) {
            match byte {
                // An apostrophe inside a word opens no string.
                b'\'' if in_word(text, at) => {}
                b'\'' => quotes = [quotes[0].wrapping_add(1), quotes[1]],
                b'"' => quotes = [quotes[0], quotes[1].wrapping_add(1)],
                b'{' => {
                    let mark = at.checked_sub(1).and_then(|at| text.get(at));
                    templated |= matches!(mark, Some(b'{' | b'$'));
                }
                _ => {}
            }
            at = at.saturating_add(1);
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|&&b| is_word(b)).count();
        let (word, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let before = text.get(..at).unwrap_or_default();
        let broken = quotes.iter().any(|count| count % 2 == 1);
        let next = after.iter().find(|b| !b.is_ascii_whitespace());
        let used = matches!(next, Some(b'(' | b'`' | b'.' | b'?'));
        let seen = Seen {
            broken,
            templated,
            words,
        };
        if used && (4..=12).contains(&length) && runs(word, before, after, seen) {
            return Some("xss-script");
        }
        // `1/confirm(1)`: what only counts is no word of a sentence.
        words = words.saturating_add(usize::from(!word.iter().all(u8::is_ascii_digit)));
        at = at.saturating_add(length);
    }
    None
}

fn in_word(text: &[u8], at: usize) -> bool {
    let letter = |at: Option<usize>| {
        at.and_then(|at| text.get(at))
            .is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80)
    };
    letter(at.checked_sub(1)) && letter(at.checked_add(1))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// What was seen before a word.
#[derive(Clone, Copy)]
struct Seen {
    /// A quote that was left open.
    broken: bool,
    /// An expression of a template.
    templated: bool,
    /// So many words.
    words: usize,
}

/// Whether the word, where it stands, is a payload's call or member.
fn runs(word: &[u8], before: &[u8], after: &[u8], seen: Seen) -> bool {
    let Seen {
        broken,
        templated,
        words,
    } = seen;
    let is = |name: &[u8]| name.eq_ignore_ascii_case(word);
    let lead = before
        .iter()
        .rev()
        .find(|b| !b.is_ascii_whitespace())
        .copied();
    if CALLS.iter().any(|name| is(name)) {
        // `confirm?.(1)` calls, too.
        let after = after.strip_prefix(b"?.").unwrap_or(after);
        let call = after.trim_ascii_start();
        let arguments = match call {
            [b'(', b')', ..] if is(b"constructor") => return false,
            [b'(' | b'`', argument, ..] => !argument.is_ascii_whitespace(),
            _ => false,
        };
        let out = broken && lead.is_none_or(|b| b";,+-*/|&^%<>=?:~!({[}])'\"".contains(&b));
        // The whole value is the call: nothing a person would enter into a field.
        let shown = [b"alert".as_slice(), b"confirm", b"prompt", b"eval"]
            .iter()
            .any(|name| is(name));
        let called = matches!(after.first(), Some(b'(' | b'`'));
        let alone = words == 0
            && shown
            && called
            && !crate::text::has_sentence(after, 4)
            && lead.is_none_or(|b| b";}])'\">-+/*|^,".contains(&b));
        let expression = lead == Some(b'.') && is(b"constructor") || is(b"fromcharcode");
        let reached = templated || before.ends_with(b"constructor.");
        return arguments && (out || alone || (expression && reached));
    }
    MEMBERS.iter().any(|(object, member)| {
        let next = after.strip_prefix(b".").unwrap_or_default();
        is(object)
            && next
                .get(..member.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(member))
            && !next.get(member.len()).is_some_and(|&b| is_word(b))
            && (broken && lead.is_none_or(|b| b";,+-*/|&^(<>=?:{'\"".contains(&b)) || words == 0)
            && next.get(member.len()..).is_some_and(|tail| {
                matches!(
                    tail.trim_ascii_start().first(),
                    Some(b'=' | b'(' | b')' | b';' | b'+')
                )
            })
    })
}
