//! Look-ups in log messages (Log4Shell) and their relatives.
//!
//! Grammar: `${` look-up `}`, where parts of the look-up are themselves look-ups that stand for text:
//! `${lower:j}`, `${::-j}`, `${env:NAME:-j}`, `${date:'j'}`. They are resolved into a small buffer
//! and the result is read: `jndi:` is a finding wherever it stands, `script:`, `dns:` and `url:`
//! (Text4Shell) are, too. A look-up nested in a look-up that stands for one or two letters is a
//! disguise whatever comes of it.
//!
//! Close to it: `${env:STAGE}` and `${ssm:/path}` of deployment files, `${a.b}` of templates,
//! `${VAR:-default}` of shells, prose about `jndi:ldap`.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find, head, starts, tail};

/// A look-up.
pub(super) const NEEDED: ByteClasses = ByteClasses::BRACE;

/// Bytes of a look-up that are resolved.
const MAX_LOOKUP: usize = 512;
/// Bytes of the result that are kept.
const MAX_RESULT: usize = 32;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let mut at = 0usize;
    while let Some(open) = find_open(tail(text.bytes, at)) {
        let start = at.saturating_add(open);
        let lookup = head(text.from(start.saturating_add(2)), MAX_LOOKUP);
        at = start.saturating_add(2);
        let mut resolved = Resolved::default();
        let read = resolved.read(lookup);
        let hit = |rule, score| Some(Hit::at(rule, score, start, read.saturating_add(2)));
        let name = resolved.text();
        if starts(name, b"jndi:") || resolved.nested > 0 && starts(name, b"jndi") {
            return hit("jndi-lookup", 10);
        }
        const TEXT: [&[u8]; 12] = [
            b"script:",
            b"dns:",
            b"url:utf",
            b"url:http",
            b"base64:",
            b"base64decoder:",
            b"file:utf",
            b"xml:/",
            b"urldecoder:",
            b"properties:/",
            b"java:version",
            b"java:runtime",
        ];
        if TEXT.iter().any(|lookup| starts(name, lookup)) {
            return hit("jndi-text-lookup", 9);
        }
        if resolved.letters >= 3 {
            return hit("jndi-disguise", 9);
        }
        // What the look-up was read for is not read again.
        at = at.saturating_add(if resolved.nested > 0 { read } else { 0 });
    }
    // Filters are evaded by encodings whose brace is lost; the scheme alone is rarely innocent.
    let bare = find(text.bytes, b"jndi:")?;
    let scheme = [
        b"ldap:".as_slice(),
        b"ldaps:",
        b"rmi:",
        b"dns:",
        b"iiop:",
        b"corba:",
        b"nis:",
        b"nds:",
        b"http:",
    ]
    .iter()
    .any(|scheme| starts(tail(text.bytes, bare.saturating_add(5)), scheme));
    let braced = head(text.bytes, bare).ends_with(b"{");
    (scheme && braced).then(|| Hit::at("jndi-lookup", 9, bare, 5))
}

/// Where `${` is.
fn find_open(text: &[u8]) -> Option<usize> {
    text.windows(2).position(|pair| pair == b"${")
}

/// What a look-up comes to.
#[derive(Debug, Default)]
struct Resolved {
    buffer: [u8; MAX_RESULT],
    length: usize,
    /// Look-ups inside.
    nested: usize,
    /// Those of them that stand for one or two letters.
    letters: usize,
}

impl Resolved {
    fn text(&self) -> &[u8] {
        head(&self.buffer, self.length)
    }

    fn push(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(slot) = self.buffer.get_mut(self.length) {
                *slot = byte.to_ascii_lowercase();
                self.length = self.length.saturating_add(1);
            }
        }
    }

    /// Reads what is behind `${`; the bytes up to the `}` that closes it, or to the end.
    fn read(&mut self, lookup: &[u8]) -> usize {
        // Where in the result each open look-up starts.
        let mut open = [0usize; 16];
        let mut depth = 0usize;
        let mut at = 0usize;
        while let Some(&byte) = lookup.get(at) {
            if byte == b'$' && lookup.get(at.saturating_add(1)) == Some(&b'{') {
                let Some(slot) = open.get_mut(depth) else {
                    break;
                };
                *slot = self.length;
                depth = depth.saturating_add(1);
                self.nested = self.nested.saturating_add(1);
                at = at.saturating_add(2);
                continue;
            }
            // To who folds case the dotless i is an i, the long s an s.
            let folded = match tail(lookup, at) {
                [0xc4, 0xb0 | 0xb1, ..] => Some(b'i'),
                [0xc5, 0xbf, ..] => Some(b's'),
                _ => None,
            };
            if let Some(letter) = folded {
                self.push(&[letter]);
                at = at.saturating_add(2);
                continue;
            }
            if byte == b'}' {
                let Some(level) = depth.checked_sub(1) else {
                    return at;
                };
                depth = level;
                self.close(open.get(level).copied().unwrap_or_default());
            } else {
                self.push(&[byte]);
            }
            at = at.saturating_add(1);
        }
        lookup.len()
    }

    /// Replaces a look-up, which is the end of the result from `start`, by what it stands for.
    fn close(&mut self, start: usize) {
        let inner = self.buffer.get(start..self.length).unwrap_or_default();
        let default = inner.windows(2).rposition(|pair| pair == b":-");
        let value = match default {
            Some(at) => start.saturating_add(at).saturating_add(2)..self.length,
            None => {
                let colon = inner.iter().rposition(|&b| b == b':');
                start.saturating_add(colon.map_or(0, |at| at.saturating_add(1)))..self.length
            }
        };
        let mut kept = [0u8; MAX_RESULT];
        let mut length = 0usize;
        for &byte in self.buffer.get(value).unwrap_or_default() {
            if byte != b'\''
                && let Some(slot) = kept.get_mut(length)
            {
                *slot = byte;
                length = length.saturating_add(1);
            }
        }
        if (1..=2).contains(&length) {
            self.letters = self.letters.saturating_add(1);
        }
        self.length = start;
        let kept = head(&kept, length);
        self.push(kept);
    }
}
