//! Which detectors' words occur in a text: one pass, so that a detector that lexes only looks at texts
//! with a word of its own in them.
//!
//! A word here is a run of ASCII letters, digits and underscores that starts with a letter or an
//! underscore, without the digits it ends in. Lexers that join such runs or cut them shorter at other
//! bytes find no word whose runs are not all found here. A bit too many costs time, a bit too few would
//! cost a finding.

use crate::bytes::ByteClasses;
use crate::detect::{command, sqli, xss};
use crate::text::{run, tail};
use crate::words::{Table, hash};

/// A set of vocabularies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Vocabulary(u16);

impl Vocabulary {
    /// Keywords of SQL that matter without a parenthesis behind them.
    pub(crate) const SQL: Self = Self(1);
    /// Names of programs, and of functions that start one.
    pub(crate) const PROGRAM: Self = Self(1 << 1);
    /// Names of scripts and of attributes that run them.
    pub(crate) const SCRIPT: Self = Self(1 << 2);
    /// `--`, `||`, `&&`, `@@` or `!!`.
    pub(crate) const DOUBLED: Self = Self(1 << 3);

    /// The union.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether any is in both.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The vocabularies that words of the text are from. Without any of the marks that a language is
    /// made of, words say nothing.
    pub(crate) fn of(text: &[u8], seen: ByteClasses) -> Self {
        if !seen.intersects(ByteClasses::SYNTAX) {
            return Self::default();
        }
        let (mut found, mut before, mut at) = (0u16, 0u8, 0usize);
        let mut joined = Joined::default();
        while let Some(&byte) = text.get(at) {
            if !starts_word(byte) {
                let doubled = byte == before && matches!(byte, b'-' | b'|' | b'&' | b'@' | b'!');
                found |= if doubled { Self::DOUBLED.0 } else { 0 };
                match byte {
                    b'\'' | b'"' | b'`' | b'\\' | b'^' | b'{' | b'}' => {}
                    b'0'..=b'9' if joined.length > 0 => {
                        found |= joined.get(&[byte]);
                    }
                    _ => joined.length = 0,
                }
                before = byte;
                at = at.saturating_add(1);
                continue;
            }
            let rest = tail(text, at);
            let word = rest.get(..run(rest, is_word)).unwrap_or_default();
            found |= WORDS.get(word) | joined.get(word);
            // `0x41or`: the word starts where the number ends.
            if before == b'0' && byte | 0x20 == b'x' {
                let digits = run(tail(word, 1), |b| b.is_ascii_hexdigit());
                found |= WORDS.get(tail(word, digits.saturating_add(1)));
            }
            at = at.saturating_add(word.len());
            before = byte;
        }
        Self(found)
    }
}

/// Words with nothing between them but what a shell takes off: `who''ami`, `c\at`, `w^hoami`.
#[derive(Default)]
struct Joined {
    letters: [u8; MAX_JOINED],
    length: usize,
}

/// Letters of the longest name of a program that a shell's lexer keeps.
const MAX_JOINED: usize = 20;

impl Joined {
    /// The vocabulary of the words up to this one as one, if there are several.
    fn get(&mut self, word: &[u8]) -> u16 {
        let (from, end) = (self.length, self.length.saturating_add(word.len()));
        let Some(place) = self.letters.get_mut(from..end) else {
            // Longer than any name, whatever follows.
            self.length = MAX_JOINED;
            return 0;
        };
        place.copy_from_slice(word);
        self.length = end;
        let name = self.letters.get(..end).unwrap_or_default();
        if from == 0 {
            0
        } else {
            WORDS.get(name) & Vocabulary::PROGRAM.0
        }
    }
}

const fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What words belong to, by a hash and eight more bits of it instead of the words themselves.
struct Index([u16; SLOTS]);

/// About three times as many as words.
const SLOTS: usize = 2048;
/// Bits of a slot that are the vocabularies; the rest tell one hash from another.
const BITS: u16 = 0x0f;

static WORDS: Index = Index::new();

impl Index {
    const fn new() -> Self {
        let index = Self([0; SLOTS]);
        let index = index.with_keywords();
        let index = index.with_table(&command::PROGRAMS, Vocabulary::PROGRAM);
        let index = index.with_table(&command::SINKS, Vocabulary::PROGRAM);
        let index = index.with(command::OTHER_WORDS, Vocabulary::PROGRAM);
        index.with(xss::WORDS, Vocabulary::SCRIPT)
    }

    #[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
    const fn with(mut self, words: &[&str], vocabulary: Vocabulary) -> Self {
        let mut at = 0;
        while at < words.len() {
            self.add(words[at].as_bytes(), vocabulary);
            at += 1;
        }
        self
    }

    const fn with_table<T: Copy + 'static, const N: usize>(
        mut self,
        table: &Table<T, N>,
        vocabulary: Vocabulary,
    ) -> Self {
        let mut at = 0;
        while let Some((word, _)) = table.entry(at) {
            self.add(word.as_bytes(), vocabulary);
            at += 1;
        }
        self
    }

    /// Adds the keywords of SQL, but those that mean nothing unless they are called.
    const fn with_keywords(mut self) -> Self {
        let mut at = 0;
        while let Some((word, keyword)) = sqli::WORDS.entry(at) {
            let (first, _) = word.as_bytes().split_at(2);
            // What has a dollar is asked for by its dollar.
            if !keyword.is_name() && !matches!(first, [_, b'$']) {
                self.add(word.as_bytes(), Vocabulary::SQL);
            }
            at += 1;
        }
        self
    }

    /// Adds the longest run of a word: `get-childitem` is looked at where `childitem` is.
    #[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
    const fn add(&mut self, word: &[u8], vocabulary: Vocabulary) {
        let (mut start, mut length, mut at) = (0, 0, 0);
        while at < word.len() {
            let from = at;
            while at < word.len() && is_word(word[at]) {
                at += 1;
            }
            if at - from > length && starts_word(word[from]) {
                (start, length) = (from, at - from);
            }
            at += 1;
        }
        let (_, word) = word.split_at(start);
        let (word, _) = word.split_at(length);
        let (mut slot, tag) = place(word);
        while self.0[slot] != 0 && self.0[slot] & !BITS != tag {
            slot = (slot + 1) % SLOTS;
        }
        self.0[slot] |= tag | vocabulary.0;
    }

    fn get(&self, word: &[u8]) -> u16 {
        let (mut slot, tag) = place(word);
        loop {
            // The index is never full: an empty place ends every search.
            match self.0.get(slot).copied() {
                None | Some(0) => break,
                Some(entry) if entry & !BITS == tag => return entry & BITS,
                Some(_) => slot = slot.saturating_add(1) % SLOTS,
            }
        }
        let handler = matches!(word, [b'o' | b'O', b'n' | b'N', ..]);
        if handler { Vocabulary::SCRIPT.0 } else { 0 }
    }
}

/// Where a word is looked for, and what is kept of it.
const fn place(word: &[u8]) -> (usize, u16) {
    let mut word = word;
    while let [head @ .., digit] = word
        && digit.is_ascii_digit()
    {
        word = head;
    }
    let hash = hash(word);
    (hash % SLOTS, (hash >> 11) as u16 & !BITS)
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, WORDS};
    use crate::bytes::ByteClasses;

    #[test]
    fn words_are_found_wherever_a_lexer_would_start_one() {
        for (text, vocabulary) in [
            ("1or 2", Vocabulary::SQL),
            ("0x41or", Vocabulary::SQL),
            ("a\u{a0}UNION\u{a0}b", Vocabulary::SQL),
            ("x;/usr/bin/Get-Content y", Vocabulary::PROGRAM),
            ("python3.11", Vocabulary::PROGRAM),
            ("w'h'o\\am^i", Vocabulary::PROGRAM),
            ("x onfoo=", Vocabulary::SCRIPT),
            ("a--", Vocabulary::DOUBLED),
        ] {
            let found = Vocabulary::of(text.as_bytes(), ByteClasses::SYNTAX);
            assert!(found.intersects(vocabulary), "{text}: {found:?}");
        }
        let plain = "https://shop.example.com/orders/7?view=full&lang=en";
        assert_eq!(
            Vocabulary::of(plain.as_bytes(), ByteClasses::SYNTAX),
            Vocabulary::default()
        );
    }

    /// A word that a detector has come to look for and that is missing here would cost a finding.
    #[test]
    fn no_attack_needs_a_word_that_is_missing() {
        let sets = [
            include_str!("../tests/second_set/attacks.jsonl"),
            include_str!("../tests/third_set/attacks.jsonl"),
            include_str!("../tests/fourth_set/attacks.jsonl"),
            include_str!("../tests/fifth_set/attacks.jsonl"),
        ];
        let policy = crate::ScanPolicy::default();
        for line in sets.iter().flat_map(|set| set.lines()) {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON lines");
            let bytes = row["value"].as_str().expect("a value").as_bytes();
            let seen = crate::bytes::classes(bytes);
            let with = |words| crate::text::Text {
                bytes,
                seen,
                words,
                form: crate::NormalForm::RAW,
                settled: true,
                location: crate::Location::Text,
                part: crate::Part::Value,
            };
            for detector in crate::detect::asked(seen) {
                let run = |words| detector.run(&with(words), &policy, &mut Default::default());
                let all = run(Vocabulary(u16::MAX));
                assert_eq!(run(Vocabulary::of(bytes, seen)), all, "{line}");
            }
        }
    }

    #[test]
    fn the_index_has_room() {
        let taken = WORDS.0.iter().filter(|entry| **entry != 0).count();
        assert!(taken * 2 < WORDS.0.len(), "{taken}");
    }
}
