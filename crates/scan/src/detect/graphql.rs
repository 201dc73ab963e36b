//! GraphQL documents made to exhaust the server.
//!
//! The document is lexed as GraphQL (names, punctuation, strings, comments) and counted: how deep
//! its selections nest, how many aliases and directives one selection has, how often `__schema` is
//! asked for. One signal, the count, is enough, for the document is no prose; the bounds are far above
//! those of clients (a full introspection query nests 14 deep and has no alias).
//!
//! Close to it: introspection by an IDE, generated queries with some dozen aliases.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find, is_space, is_word, run, skip_space, starts, tail};

/// A selection.
pub(super) const NEEDED: ByteClasses = ByteClasses::BRACE;

/// Deepest selection.
const MAX_DEPTH: usize = 24;
/// Aliases of one document.
const MAX_ALIASES: usize = 128;
/// Directives of one document.
const MAX_DIRECTIVES: usize = 200;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    if let Some(hit) = breaks_out(text.bytes) {
        return Some(hit);
    }
    let document = skip_space(text.bytes);
    let operation = [
        b"query".as_slice(),
        b"mutation",
        b"subscription",
        b"fragment",
    ]
    .iter()
    .any(|word| starts(document, word));
    // `{ a { b` is a document, `{"a":` and `{{` are not.
    let shorthand = matches!(document, [b'{', rest @ ..] if skip_space(rest).first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_'));
    if !operation && !shorthand {
        return None;
    }
    let counts = count(document)?;
    let rule = if has_cycle(document) {
        "graphql-cycle"
    } else if counts.depth > MAX_DEPTH {
        "graphql-depth"
    } else if counts.aliases > MAX_ALIASES {
        "graphql-aliases"
    } else if counts.directives > MAX_DIRECTIVES {
        "graphql-directives"
    } else if counts.schemas > 0 {
        return Some(Hit::at("graphql-introspection", 6, 0, 1));
    } else {
        return None;
    };
    Some(Hit::at(rule, 9, 0, document.len()))
}

/// `1") { id email } all: users(first: 1000) { id } z: user(id: "1`: out of an argument, and another field
/// of the same selection with arguments of its own.
fn breaks_out(text: &[u8]) -> Option<Hit> {
    let quote = text.iter().take(48).position(|&b| b == b'"')?;
    let rest = skip_space(tail(text, quote.saturating_add(1)));
    let [b')', rest @ ..] = rest else { return None };
    let [b'{', rest @ ..] = skip_space(rest) else {
        return None;
    };
    let fields = run(rest, |b| is_word(b) || is_space(b) || b == b',');
    let [b'}', rest @ ..] = tail(rest, fields) else {
        return None;
    };
    let rest = skip_space(rest);
    let name = run(rest, is_word);
    let after = skip_space(tail(rest, name));
    let field = name > 0 && matches!(after.first(), Some(b'(' | b':' | b'{'));
    (fields > 0 && field).then(|| Hit::at("graphql-break-out", 9, quote, 1))
}

/// Fragments of one document that are read.
const MAX_FRAGMENTS: usize = 16;

/// Whether a fragment spreads itself, directly or by another (October 2021, 5.5.2.2).
fn has_cycle(document: &[u8]) -> bool {
    let mut names = [&[] as &[u8]; MAX_FRAGMENTS];
    let mut bodies = [&[] as &[u8]; MAX_FRAGMENTS];
    let mut count = 0usize;
    let mut rest = document;
    while let Some(at) = find(rest, b"fragment ") {
        rest = skip_space(tail(rest, at.saturating_add(9)));
        let name = run(rest, is_word);
        let (Some(slot), Some(body)) = (names.get_mut(count), bodies.get_mut(count)) else {
            return false;
        };
        let end =
            find(tail(rest, name), b"fragment ").map_or(rest.len(), |at| at.saturating_add(name));
        (*slot, *body) = (
            rest.get(..name).unwrap_or_default(),
            rest.get(..end).unwrap_or_default(),
        );
        count = count.saturating_add(1);
        rest = tail(rest, name);
    }
    // Which fragments each one leads to, closed under going on.
    let mut leads = [0u32; MAX_FRAGMENTS];
    for (lead, body) in leads.iter_mut().zip(bodies).take(count) {
        for (number, name) in names.iter().enumerate().take(count) {
            let mut at = 0usize;
            while let Some(found) = find(tail(body, at), b"...") {
                at = at.saturating_add(found).saturating_add(3);
                let spread = skip_space(tail(body, at));
                let whole = spread.starts_with(name)
                    && !spread.get(name.len()).is_some_and(|&b| is_word(b));
                *lead |= u32::from(whole && !name.is_empty()) << number;
            }
        }
    }
    for _ in 0..count {
        for at in 0..count {
            let near = leads.get(at).copied().unwrap_or_default();
            let far = leads
                .iter()
                .enumerate()
                .filter(|(number, _)| near >> number & 1 != 0)
                .fold(near, |all, (_, lead)| all | lead);
            if let Some(lead) = leads.get_mut(at) {
                *lead = far;
            }
        }
    }
    leads
        .iter()
        .enumerate()
        .any(|(at, lead)| lead >> at & 1 != 0)
}

#[derive(Debug, Default)]
struct Counts {
    depth: usize,
    aliases: usize,
    directives: usize,
    schemas: usize,
}

/// Lexes the document; `None` when it is none.
fn count(document: &[u8]) -> Option<Counts> {
    let mut counts = Counts::default();
    let (mut depth, mut arguments) = (0usize, 0usize);
    let mut rest = document;
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'{' if arguments == 0 => {
                depth = depth.saturating_add(1);
                counts.depth = counts.depth.max(depth);
                1
            }
            b'}' if arguments == 0 => {
                depth = depth.saturating_sub(1);
                1
            }
            b'(' => {
                arguments = arguments.saturating_add(1);
                1
            }
            b')' => {
                arguments = arguments.saturating_sub(1);
                1
            }
            b'@' => {
                counts.directives = counts.directives.saturating_add(1);
                1
            }
            b'"' => string(rest),
            b'#' => run(rest, |b| b != b'\n'),
            b if is_word(b) => {
                let length = run(rest, is_word);
                let word = rest.get(..length).unwrap_or_default();
                counts.schemas = counts
                    .schemas
                    .saturating_add(usize::from(word == b"__schema"));
                let alias =
                    arguments == 0 && depth > 0 && tail(rest, length).first() == Some(&b':');
                counts.aliases = counts.aliases.saturating_add(usize::from(alias));
                length
            }
            // Not in any GraphQL document outside of strings.
            b';' | b'\\' | b'%' | b'<' | b'>' | b'\'' | b'`' => return None,
            _ => 1,
        };
        rest = tail(rest, length.max(1));
    }
    Some(counts)
}

/// Bytes of a string with its quotes.
fn string(rest: &[u8]) -> usize {
    let mut escaped = false;
    let inside = run(tail(rest, 1), |b| {
        let open = escaped || b != b'"';
        escaped = b == b'\\' && !escaped;
        open
    });
    inside.saturating_add(2)
}
