//! libinjection's words and fingerprints, packed by `build.rs`.

use super::Kind;
use super::packing::{MAX_TOKENS, SLOTS, hash};

include!(concat!(env!("OUT_DIR"), "/fingerprint_tables.rs"));

/// A word of SQL, in capitals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) text: &'static [u8],
    pub(super) kind: Kind,
}

/// What the table says of a word in any case, of an operator, or of several words with a space between.
pub(super) fn word(text: &[u8]) -> Option<Word> {
    let mut slot = hash(text);
    // The table is half empty: a run of full places ends soon.
    loop {
        let number = usize::from(*NUMBERS.get(slot)?);
        let &(start, length, letter) = WORDS.get(number)?;
        if usize::from(length) == text.len() {
            let start = usize::from(start);
            let known = TEXT.get(start..start.saturating_add(text.len()))?;
            if known.eq_ignore_ascii_case(text) {
                let kind = Kind::of(letter)?;
                return Some(Word { text: known, kind });
            }
        }
        slot = slot.saturating_add(1) % SLOTS;
    }
}

/// Whether the kinds of tokens, in this order, are the fingerprint of an injection.
pub(super) fn is_known(kinds: &[u8]) -> bool {
    let Some(packed) = pack(kinds) else {
        return false;
    };
    let (pair, rest) = ((packed >> 15) as usize, packed & 0x7fff);
    let bound = |at: usize| STARTS.get(at).copied().map_or(0, usize::from);
    let range = RESTS.get(bound(pair)..bound(pair.saturating_add(1)));
    range.is_some_and(|rests| {
        rests
            .binary_search_by(|known| u32::from(*known).cmp(&rest))
            .is_ok()
    })
}

/// Five bits for each kind, the first in the highest.
fn pack(kinds: &[u8]) -> Option<u32> {
    let mut packed = 0u32;
    for at in 0..MAX_TOKENS {
        let code = match kinds.get(at) {
            None => 0,
            Some(kind) => LETTERS
                .binary_search(&kind.to_ascii_uppercase())
                .ok()?
                .saturating_add(1),
        };
        packed = packed << 5 | u32::try_from(code).ok()?;
    }
    Some(packed)
}

#[cfg(test)]
mod tests {
    use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

    #[test]
    fn every_word_and_fingerprint_of_the_source_is_found() {
        for keyword in SQL_KEYWORDS {
            if let (b'F', Some(print)) = (keyword.token_type, keyword.word.strip_prefix('0')) {
                assert!(super::is_known(print.as_bytes()), "{print}");
            } else {
                let lower = keyword.word.to_ascii_lowercase();
                let found = super::word(lower.as_bytes()).expect(keyword.word);
                assert_eq!(found.text, keyword.word.as_bytes());
                assert_eq!(found.kind as u8, keyword.token_type, "{}", keyword.word);
            }
        }
        assert!(super::word(b"unheard").is_none() && super::word(b"").is_none());
        assert!(!super::is_known(b"nn") && !super::is_known(b"") && !super::is_known(b"sos1?"));
    }
}
