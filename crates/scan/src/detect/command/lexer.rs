//! Words and separators as a shell would see them.

use crate::text::{head, is_space, run, starts, tail};

/// Letters of a program's name that are kept.
const MAX_NAME: usize = 20;
/// Bytes of one word that are read for its name.
const MAX_WORD: usize = 256;

/// What separates commands, or opens one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `;`.
    Semicolon,
    /// `|`.
    Pipe,
    /// `||` or `&&`.
    Logic,
    /// `&`.
    Ampersand,
    /// A line break.
    Line,
    /// `$(`, `<(`, `>(`.
    Substitution,
    /// A back quote.
    BackQuote,
}

/// One token and where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Token<'a> {
    /// A word.
    Word(Word<'a>),
    /// What separates commands.
    Separator(Separator),
    /// `<` or `>`.
    Redirect,
    /// `)`.
    Close,
}

/// A word, with the name of the program it would be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word<'a> {
    /// The word as written.
    pub(super) raw: &'a [u8],
    /// Lower case, without folder, quotes, escapes, variables.
    name: [u8; MAX_NAME],
    length: usize,
    /// Whether something was taken off in the middle: `c''at`, `c\at`, `w^hoami`, `c$@at`.
    pub(super) disguised: bool,
    /// Whether white space of a shell variable (`${IFS}`) ended it.
    pub(super) field_separator: bool,
}

impl Word<'_> {
    /// The name of the program.
    pub(super) fn name(&self) -> &[u8] {
        self.name.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        match self.name.get_mut(self.length) {
            Some(slot) => {
                *slot = byte.to_ascii_lowercase();
                self.length = self.length.saturating_add(1);
            }
            // Longer than any program's: whatever is kept must match none.
            None => self.name.fill(b'?'),
        }
    }
}

/// Tokens of a text; cheap to clone, which is how the grammar looks ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        tail(self.text, self.at)
    }

    fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.text.len());
    }

    fn word(&mut self) -> Word<'a> {
        let rest = self.rest();
        let mut word = Word {
            raw: rest,
            name: [0; MAX_NAME],
            length: 0,
            disguised: false,
            field_separator: false,
        };
        let near = head(rest, MAX_WORD);
        let mut at = 0usize;
        while let Some(&byte) = near.get(at) {
            let after = tail(near, at.saturating_add(1));
            match byte {
                // A substitution of nothing: `n$()c`, ``n``c``.
                b'$' if starts(after, b"()") && word.length > 0 => {
                    word.disguised = true;
                    at = at.saturating_add(2);
                }
                b'`' if starts(after, b"`") && word.length > 0 => {
                    word.disguised = true;
                    at = at.saturating_add(1);
                }
                b'$' if starts(after, b"(") => break,
                b'$' => {
                    let (length, separates) = variable(after);
                    at = at.saturating_add(length);
                    // `;${IFS}cat`: white space before the word.
                    if separates && word.length == 0 {
                        at = at.saturating_add(1);
                        continue;
                    }
                    if separates {
                        word.field_separator = true;
                        break;
                    }
                    word.disguised |= length > 0 && word.length > 0;
                }
                _ if is_space(byte) || ends_word(byte) => break,
                // A form's space that nobody decoded.
                b'+' if after.first().is_some_and(|&b| b != b'x') => break,
                b',' if near.first() == Some(&b'{') => break,
                b'\'' | b'"' | b'^' | b'{' | b'}' => {
                    let inside = after.first().is_some_and(u8::is_ascii_alphanumeric);
                    word.disguised |= word.length > 0 && inside;
                }
                // Behind a drive or a dot a folder ends here; elsewhere it is an escape.
                b'\\'
                    if near.first() == Some(&b'\\')
                        || head(near, at).iter().any(|b| matches!(b, b':' | b'.')) =>
                {
                    (word.length, word.disguised) = (0, false);
                }
                b'\\' => {
                    let inside = after.first().is_some_and(u8::is_ascii_alphanumeric);
                    word.disguised |= word.length > 0 && inside;
                }
                b'/' => (word.length, word.disguised) = (0, false),
                _ => word.push(byte),
            }
            at = at.saturating_add(1);
        }
        let at = at.max(1);
        word.raw = head(rest, at);
        self.advance(at);
        for ending in [b".exe".as_slice(), b".com", b".bat", b".cmd"] {
            if word.name().ends_with(ending) {
                word.length = word.length.saturating_sub(ending.len());
            }
        }
        word
    }
}

/// Length of a variable's name behind `$`, and whether it stands for white space.
fn variable(after: &[u8]) -> (usize, bool) {
    if starts(after, b"{ifs") || starts(after, b"ifs") {
        let closing = head(after, 24).iter().position(|&b| b == b'}');
        let length = match (after.first(), closing) {
            (Some(b'{'), Some(at)) => at.saturating_add(1),
            _ => 3,
        };
        let digit = matches!(after.get(length..), Some([b'$', b'0'..=b'9', ..]));
        return (length.saturating_add(if digit { 3 } else { 1 }), true);
    }
    match after.first() {
        Some(b'@' | b'*' | b'!' | b'?' | b'0'..=b'9') => (1, false),
        Some(b'{') => {
            let closing = head(after, 32).iter().position(|&b| b == b'}');
            (closing.map_or(0, |at| at.saturating_add(1)), false)
        }
        _ => (
            run(after, |b| b.is_ascii_alphanumeric() || b == b'_'),
            false,
        ),
    }
}

fn ends_word(byte: u8) -> bool {
    matches!(
        byte,
        b';' | b'|' | b'&' | b'`' | b'(' | b')' | b'<' | b'>' | b'\n' | b'\r'
    )
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let blanks = run(self.rest(), |b| {
            (is_space(b) && !matches!(b, b'\n' | b'\r')) || matches!(b, b',' | b'(' | b'+')
        });
        self.advance(blanks);
        let rest = self.rest();
        let (token, length) = match rest {
            [] => return None,
            [b'|', b'|', ..] | [b'&', b'&', ..] => (Token::Separator(Separator::Logic), 2),
            [b'|', ..] => (Token::Separator(Separator::Pipe), 1),
            [b'&', ..] => (Token::Separator(Separator::Ampersand), 1),
            [b';', ..] => (Token::Separator(Separator::Semicolon), 1),
            [b'`', ..] => (Token::Separator(Separator::BackQuote), 1),
            [b'\n' | b'\r', ..] => {
                let breaks = run(rest, is_space);
                (Token::Separator(Separator::Line), breaks)
            }
            [b'$' | b'<' | b'>', b'(', ..] => (Token::Separator(Separator::Substitution), 2),
            [b'<' | b'>', ..] => (Token::Redirect, 1),
            [b')', ..] => (Token::Close, 1),
            _ => return Some(Token::Word(self.word())),
        };
        self.advance(length);
        Some(token)
    }
}
