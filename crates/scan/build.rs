//! Packs libinjection's tables of words and fingerprints, which `libinjectionrs` publishes as text of
//! 170 KiB, into the 40 KiB that `detect::sqli::fingerprint::table` reads.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use libinjectionrs::sqli::sqli_data::SQL_KEYWORDS;

#[path = "src/detect/sqli/fingerprint/packing.rs"]
mod packing;

use packing::{MAX_TOKENS, SLOTS, hash};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/detect/sqli/fingerprint/packing.rs");
    let mut source = String::new();
    words(&mut source);
    fingerprints(&mut source);
    let folder = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let file = Path::new(&folder).join("fingerprint_tables.rs");
    std::fs::write(file, source).expect("OUT_DIR is writable");
}

/// Words one after the other, where each starts, what it is, and a hash table of their numbers.
fn words(source: &mut String) {
    let words: Vec<(&str, u8)> = SQL_KEYWORDS
        .iter()
        .filter(|keyword| keyword.token_type != b'F')
        .map(|keyword| (keyword.word, keyword.token_type))
        .collect();
    let (mut text, mut entries) = (String::new(), String::new());
    let mut slots = vec![u16::MAX; SLOTS];
    for (number, (word, kind)) in words.iter().enumerate() {
        write!(entries, "({},{},{kind}),", text.len(), word.len()).expect("into a string");
        text.push_str(word);
        let mut slot = hash(word.as_bytes());
        while slots[slot] != u16::MAX {
            slot = (slot + 1) % SLOTS;
        }
        slots[slot] = u16::try_from(number).expect("fewer than 65,535 words");
    }
    writeln!(source, "static TEXT: &[u8] = b{text:?};").expect("into a string");
    writeln!(
        source,
        "static WORDS: [(u16, u8, u8); {}] = [{entries}];",
        words.len()
    )
    .expect("into a string");
    writeln!(source, "static NUMBERS: [u16; {SLOTS}] = {slots:?};").expect("into a string");
}

/// Fingerprints as numbers: two letters choose a range, the other three are looked for in it.
fn fingerprints(source: &mut String) {
    let prints: Vec<&[u8]> = SQL_KEYWORDS
        .iter()
        .filter(|keyword| keyword.token_type == b'F')
        .map(|keyword| &keyword.word.as_bytes()[1..])
        .collect();
    let letters: BTreeSet<u8> = prints
        .iter()
        .flat_map(|print| print.iter().copied())
        .collect();
    assert!(letters.len() < 32, "a letter takes five bits");
    let code = |letter: u8| {
        letters
            .iter()
            .position(|&known| known == letter)
            .expect("known")
            + 1
    };
    let mut packed: Vec<u32> = prints
        .iter()
        .map(|print| {
            let letter = |at: usize| print.get(at).map_or(0, |&letter| code(letter) as u32);
            (0..MAX_TOKENS).fold(0, |sum, at| sum << 5 | letter(at))
        })
        .collect();
    packed.sort_unstable();
    let starts: Vec<usize> = (0..=1u32 << 10)
        .map(|pair| packed.partition_point(|print| print >> 15 < pair))
        .collect();
    let rests: Vec<u32> = packed.iter().map(|print| print & 0x7fff).collect();
    let letters: Vec<u8> = letters.into_iter().collect();
    writeln!(
        source,
        "static LETTERS: [u8; {}] = {letters:?};",
        letters.len()
    )
    .expect("into a string");
    writeln!(
        source,
        "static STARTS: [u16; {}] = {starts:?};",
        starts.len()
    )
    .expect("into a string");
    writeln!(source, "static RESTS: [u16; {}] = {rests:?};", rests.len()).expect("into a string");
}
