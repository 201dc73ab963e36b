//! One normal form of a field as the detectors see it, and the reading aids they share.

use crate::bytes::ByteClasses;
use crate::vocabulary::Vocabulary;
use crate::words::Phrases;
use crate::{Location, NormalForm, Part};

/// A text to judge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    /// The bytes of this normal form.
    pub(crate) bytes: &'a [u8],
    /// The byte classes in them.
    pub(crate) seen: ByteClasses,
    /// The detectors' words in them.
    pub(crate) words: Vocabulary,
    /// What was decoded to get here.
    pub(crate) form: NormalForm,
    /// Whether this is the value as it came, or what a round of decoding ended with: libinjection is
    /// asked of no other form.
    pub(crate) settled: bool,
    /// Where the field is.
    pub(crate) location: Location<'a>,
    /// Whether it is a name or a value.
    pub(crate) part: Part,
}

impl<'a> Text<'a> {
    /// Whether the field is part of the request line or of a header: short, one line, without prose.
    pub(crate) fn is_in_head(&self) -> bool {
        matches!(
            self.location,
            Location::PathSegment(_)
                | Location::Query(_)
                | Location::Header(_)
                | Location::Cookie(_)
        )
    }

    /// What follows an offset.
    pub(crate) fn from(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// What stands before an offset.
    pub(crate) fn before(&self, at: usize) -> &'a [u8] {
        self.bytes.get(..at).unwrap_or_default()
    }
}

/// Whether the text starts with a word written in lower case here, in any case there.
#[inline]
pub(crate) fn starts(text: &[u8], lower: &[u8]) -> bool {
    // The first byte tells nearly always.
    let first = |text: &[u8]| text.first().map(u8::to_ascii_lowercase);
    (first(text) == first(lower) || lower.is_empty())
        && text
            .get(..lower.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(lower))
}

/// Whether the text ends with a word written in lower case here, in any case there.
#[inline]
pub(crate) fn ends(text: &[u8], lower: &[u8]) -> bool {
    let last = |text: &[u8]| text.last().map(u8::to_ascii_lowercase);
    (last(text) == last(lower) || lower.is_empty())
        && text
            .len()
            .checked_sub(lower.len())
            .and_then(|at| text.get(at..))
            .is_some_and(|tail| tail.eq_ignore_ascii_case(lower))
}

/// The first place of a word written in lower case here, in any case there.
pub(crate) fn find(text: &[u8], lower: &[u8]) -> Option<usize> {
    let (&first, rest) = lower.split_first()?;
    let upper = first.to_ascii_uppercase();
    let mut from = 0usize;
    loop {
        let found = tail(text, from)
            .iter()
            .position(|&byte| byte == first || byte == upper)?;
        let at = from.saturating_add(found);
        from = at.saturating_add(1);
        if starts(tail(text, from), rest) {
            return Some(at);
        }
    }
}

/// Whether one of the phrases is in the text.
pub(crate) fn holds(text: &[u8], phrases: &Phrases) -> bool {
    phrases.find(text).is_some()
}

/// The first place of any of the phrases.
pub(crate) fn find_any(text: &[u8], phrases: &Phrases) -> Option<usize> {
    phrases.find(text)
}

/// At most the first `length` bytes.
pub(crate) fn head(text: &[u8], length: usize) -> &[u8] {
    text.get(..text.len().min(length)).unwrap_or_default()
}

/// What follows the first `length` bytes.
pub(crate) fn tail(text: &[u8], length: usize) -> &[u8] {
    text.get(length..).unwrap_or_default()
}

/// How many bytes at the start fulfil a condition.
pub(crate) fn run(text: &[u8], mut condition: impl FnMut(u8) -> bool) -> usize {
    text.iter().take_while(|&&b| condition(b)).count()
}

/// Letters, digits, underscore, and whatever is not ASCII.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// White space, and the control bytes that parsers take for it.
pub(crate) fn is_space(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// The text without white space at its start.
pub(crate) fn skip_space(text: &[u8]) -> &[u8] {
    tail(text, run(text, is_space))
}

/// Words of prose in a text: runs of at least two letters, up to `most`.
pub(crate) fn prose_words(text: &[u8], most: usize) -> usize {
    let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80;
    let mut words = 0usize;
    let mut rest = text;
    while words < most && !rest.is_empty() {
        rest = tail(rest, run(rest, |b| !letter(b)));
        let length = run(rest, letter);
        words = words.saturating_add(usize::from(length >= 2));
        rest = tail(rest, length);
    }
    words
}

/// Whether words of letters follow each other, one space or comma between them, at least `length`
/// times: what commands, filters and expressions have seldom, and prose always.
pub(crate) fn has_sentence(text: &[u8], length: usize) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || b >= 0x80 || b == b'\'';
    let (mut in_row, mut at_word) = (0usize, true);
    let mut rest = text;
    while let Some(&byte) = rest.first() {
        let word = run(rest, letter);
        if word > 0 {
            in_row = if at_word { in_row.saturating_add(1) } else { 1 };
            if in_row >= length {
                return true;
            }
            rest = tail(rest, word);
            let gap = usize::from(rest.first() == Some(&b','));
            at_word = rest.get(gap) == Some(&b' ') || rest.get(gap) == Some(&b'\n');
            rest = tail(rest, if at_word { gap.saturating_add(1) } else { 0 });
        } else {
            (in_row, at_word) = (0, byte == b' ');
            rest = tail(rest, 1);
        }
    }
    false
}
