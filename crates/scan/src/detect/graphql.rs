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
use crate::text::{Text, is_word, run, skip_space, starts, tail};

/// A selection.
pub(super) const NEEDED: ByteClasses = ByteClasses::BRACE;

/// Deepest selection.
const MAX_DEPTH: usize = 24;
/// Aliases of one document.
const MAX_ALIASES: usize = 128;
/// Directives of one document.
const MAX_DIRECTIVES: usize = 200;

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
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
    let rule = if counts.depth > MAX_DEPTH {
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
