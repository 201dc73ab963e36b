//! Prose that tries to instruct a language model behind the application.
//!
//! Grammar: `verb ... determiner? ... object` in one sentence: ignore, disregard, forget, override,
//! reveal; previous, above, prior, system; instructions, prompt, rules, context. All three within a
//! few words of each other; or a marker of a chat format (`<|im_start|>`, `[INST]`). People write
//! such sentences, too, which is why the class is off unless a policy asks for it.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find_any, run};
use crate::words::{Phrases, Table};

/// Words.
pub(super) const NEEDED: ByteClasses = ByteClasses::SPACE
    .with(ByteClasses::ANGLE)
    .with(ByteClasses::BRACKET);

/// The part a word plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Verb,
    Which,
    Object,
}

use Role::{Object, Verb, Which};

static WORDS: Table<Role, 64> = Table::new(&[
    ("above", Which),
    ("all", Which),
    ("any", Which),
    ("bypass", Verb),
    ("context", Object),
    ("developer", Which),
    ("directives", Object),
    ("disregard", Verb),
    ("earlier", Which),
    ("forget", Verb),
    ("guidelines", Object),
    ("hidden", Which),
    ("ignore", Verb),
    ("initial", Which),
    ("instruction", Object),
    ("instructions", Object),
    ("original", Which),
    ("output", Verb),
    ("override", Verb),
    ("preceding", Which),
    ("previous", Which),
    ("print", Verb),
    ("prior", Which),
    ("prompt", Object),
    ("prompts", Object),
    ("repeat", Verb),
    ("reveal", Verb),
    ("rules", Object),
    ("safety", Which),
    ("show", Verb),
    ("system", Which),
    ("your", Which),
]);

/// Words between the verb and its object.
const REACH: usize = 7;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    static MARKERS: Phrases = Phrases::new(&[
        b"<|im_start|>",
        b"<|system|>",
        b"<|endoftext|>",
        b"[inst]",
        b"<<sys>>",
        b"### instruction:",
        b"begin system prompt",
    ]);
    if let Some(at) = find_any(text.bytes, &MARKERS) {
        return Some(Hit::at("prompt-marker", 9, at, 6));
    }
    let (mut verb, mut which) = (None, None);
    let mut words = 0usize;
    let mut at = 0usize;
    while at < text.bytes.len() {
        let gap = run(text.from(at), |b| !b.is_ascii_alphabetic());
        at = at.saturating_add(gap);
        let length = run(text.from(at), |b| b.is_ascii_alphabetic());
        let word = text
            .bytes
            .get(at..at.saturating_add(length))
            .unwrap_or_default();
        words = words.saturating_add(1);
        let near = |place: Option<(usize, usize)>| {
            place.filter(|(index, _)| words.saturating_sub(*index) <= REACH)
        };
        match WORDS.get(word) {
            Some(Verb) => verb = Some((words, at)),
            Some(Which) => which = Some((words, at)),
            Some(Object) => {
                if let (Some((_, start)), Some(_)) = (near(verb), near(which)) {
                    let length = at.saturating_add(length).saturating_sub(start);
                    return Some(Hit::at("prompt-override", 8, start, length));
                }
            }
            None => {}
        }
        at = at.saturating_add(length.max(1));
    }
    None
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_sorted() {
        super::WORDS.assert_complete();
    }
}
