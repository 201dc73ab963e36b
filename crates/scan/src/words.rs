//! Lists of words that detectors look for, prepared when the program is compiled.

use crate::text::{starts, tail};

/// Words, in lower case, any of which a text is searched for in one pass and in any case.
#[derive(Debug)]
pub(crate) struct Phrases {
    words: &'static [&'static [u8]],
    /// Which bytes come first.
    firsts: u64,
    /// Which second letters follow a first one, five bits of each.
    pairs: [u32; 32],
    /// Which letters come third.
    thirds: u32,
    /// Whether one has no third letter.
    short: bool,
    /// The mark that all words start with, or the parenthesis or colon that all have.
    mark: Option<u8>,
    /// Which bytes stand before that mark; all, where a word starts with it.
    leads: u64,
}

impl Phrases {
    #[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
    pub(crate) const fn new(words: &'static [&'static [u8]]) -> Self {
        let (mut firsts, mut pairs, mut thirds) = (0u64, [0u32; 32], 0u32);
        let mut short = false;
        let mut at = 0;
        while at < words.len() {
            let word = words[at];
            firsts |= wide_bit(word[0]);
            short |= word.len() < 3;
            pairs[(word[0] & 31) as usize] |= if word.len() > 1 {
                bit(word[1])
            } else {
                u32::MAX
            };
            thirds |= if word.len() > 2 {
                bit(word[2])
            } else {
                u32::MAX
            };
            at += 1;
        }
        let first = words[0][0];
        let mut mark = None;
        if !first.is_ascii_alphabetic() && all_have(words, first, true) {
            mark = Some(first);
        } else if all_have(words, b'(', false) {
            mark = Some(b'(');
        } else if all_have(words, b':', false) {
            mark = Some(b':');
        }
        let mut leads = 0;
        let mut word = 0;
        while let Some(mark) = mark
            && word < words.len()
        {
            let mut at = 0;
            while words[word][at] != mark {
                at += 1;
            }
            leads |= if at > 0 {
                wide_bit(words[word][at - 1])
            } else {
                u64::MAX
            };
            word += 1;
        }
        Self {
            words,
            firsts,
            pairs,
            thirds,
            short,
            mark,
            leads,
        }
    }

    /// The first place of any of the words.
    pub(crate) fn find(&self, text: &[u8]) -> Option<usize> {
        if let Some(mark) = self.mark {
            return self.find_marked(text, mark);
        }
        let long = text.windows(3).enumerate().find_map(|(at, window)| {
            let [first, second, third] = window else {
                return None;
            };
            if self.firsts & wide_bit(*first) == 0 {
                return None;
            }
            let pairs = self
                .pairs
                .get(usize::from(first & 31))
                .copied()
                .unwrap_or_default();
            let may = pairs & bit(*second) != 0 && self.thirds & bit(*third) != 0;
            (may && self.starts(tail(text, at))).then_some(at)
        });
        // Words of one or two letters at the very end have no window.
        let end = text.len().saturating_sub(2)..text.len();
        let last = || end.into_iter().find(|&at| self.starts(tail(text, at)));
        long.or_else(|| self.short.then(last).flatten())
    }

    /// The same, from mark to mark.
    fn find_marked(&self, text: &[u8], mark: u8) -> Option<usize> {
        let mut from = 0usize;
        while let Some(found) = tail(text, from).iter().position(|&b| b == mark) {
            let at = from.saturating_add(found);
            let start = |word: &&[u8]| {
                let start = at.checked_sub(word.iter().position(|&b| b == mark)?)?;
                starts(tail(text, start), word).then_some(start)
            };
            let lead = at.checked_sub(1).and_then(|before| text.get(before));
            if self.leads & lead.map_or(u64::MAX, |&lead| wide_bit(lead)) != 0 {
                let first = self.words.iter().filter_map(start).min();
                if first.is_some() {
                    return first;
                }
            }
            from = at.saturating_add(1);
        }
        None
    }

    fn starts(&self, text: &[u8]) -> bool {
        self.words.iter().any(|word| starts(text, word))
    }
}

/// Whether all words have the byte, or start with it.
#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn all_have(words: &[&[u8]], byte: u8, first: bool) -> bool {
    let mut word = 0;
    while word < words.len() {
        let end = if first { 1 } else { words[word].len() };
        let mut at = 0;
        while at < end && words[word][at] != byte {
            at += 1;
        }
        if at == end {
            return false;
        }
        word += 1;
    }
    true
}

/// One of 32 bits for a letter in any case.
const fn bit(letter: u8) -> u32 {
    1 << (letter & 31)
}

/// What words, in lower case, mean; `SLOTS` is a power of two, about twice as many as words.
#[derive(Debug)]
pub(crate) struct Table<T: 'static, const SLOTS: usize> {
    entries: &'static [(&'static str, T)],
    numbers: [u16; SLOTS],
}

impl<T: Copy, const SLOTS: usize> Table<T, SLOTS> {
    #[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
    pub(crate) const fn new(entries: &'static [(&'static str, T)]) -> Self {
        assert!(entries.len() * 3 < SLOTS * 2, "too many words");
        let mut numbers = [u16::MAX; SLOTS];
        let mut at = 0;
        while at < entries.len() {
            let mut slot = hash(entries[at].0.as_bytes()) % SLOTS;
            while numbers[slot] != u16::MAX {
                slot = (slot + 1) % SLOTS;
            }
            numbers[slot] = at as u16;
            at += 1;
        }
        Self { entries, numbers }
    }

    /// One word after the other, and what it means.
    #[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
    pub(crate) const fn entry(&self, at: usize) -> Option<(&'static str, T)> {
        if at < self.entries.len() {
            Some(self.entries[at])
        } else {
            None
        }
    }

    /// What a word in any case means.
    pub(crate) fn get(&self, word: &[u8]) -> Option<T> {
        let mut slot = hash(word) % SLOTS;
        loop {
            // The table is never full: an empty place ends every search.
            let number = self.numbers.get(slot).copied()?;
            let (known, meaning) = self.entries.get(usize::from(number))?;
            if known.as_bytes().eq_ignore_ascii_case(word) {
                return Some(*meaning);
            }
            slot = slot.saturating_add(1) % SLOTS;
        }
    }

    /// Whether every word is found, once.
    #[cfg(test)]
    pub(crate) fn assert_complete(&self) {
        for (at, (word, _)) in self.entries.iter().enumerate() {
            assert!(
                self.get(word.to_ascii_uppercase().as_bytes()).is_some(),
                "{word}"
            );
            assert!(
                !self.entries[..at].iter().any(|(other, _)| other == word),
                "{word} twice"
            );
        }
        assert!(self.get(b"").is_none() && self.get(b"unheard-of").is_none());
    }
}

/// Of a few letters and the length: two compares tell the rest.
#[expect(clippy::indexing_slicing, reason = "the length was looked at")]
pub(crate) const fn hash(word: &[u8]) -> usize {
    let length = word.len();
    if length == 0 {
        return 0;
    }
    let second = if length > 1 { word[1] } else { 0 };
    let letters = [word[0], second, word[length / 2], word[length - 1]];
    let mut hash = length as u32;
    let mut at = 0;
    while at < letters.len() {
        hash = (hash ^ letters[at].to_ascii_lowercase() as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    (hash ^ hash >> 13) as usize
}

/// One of 64 bits, which tell letters, in any case, from the rest.
const fn wide_bit(letter: u8) -> u64 {
    1 << (letter & 31 | (letter & 64) >> 1)
}

#[cfg(test)]
mod tests {
    use super::Phrases;

    #[test]
    fn the_first_phrase_is_found_in_any_case_and_at_the_end() {
        static WORDS: Phrases = Phrases::new(&[b"union", b"or", b";"]);
        static TAGS: Phrases = Phrases::new(&[b"<java", b"<void"]);
        assert_eq!(TAGS.find(b"a << <Void"), Some(5));
        assert_eq!(TAGS.find(b"<voi"), None);
        static CALLS: Phrases = Phrases::new(&[b"name()", b"local-name(", b"doc("]);
        assert_eq!(CALLS.find(b"(a) Local-Name() doc("), Some(4));
        assert_eq!(CALLS.find(b"name( ("), None);
        for (text, at) in [
            ("a UNION b", Some(2)),
            ("xor", Some(1)),
            ("a;", Some(1)),
            ("a; or", Some(1)),
            ("unio", None),
            ("", None),
            ("o", None),
            (";", Some(0)),
        ] {
            assert_eq!(WORDS.find(text.as_bytes()), at, "{text}");
        }
    }
}
