//! A SQL lexer that knows no quoting context.
//!
//! An injected value starts in the middle of a statement nobody here knows, so whether a quote
//! opens or closes a string is undecidable. Quotes are tokens of their own, what stands between
//! them is lexed like the rest, and comments are white space, as they are for the database.

use super::keyword::{Keyword, keyword};

/// One token. Words carry their keyword, everything else its kind alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A word that is no keyword of ours.
    Name(&'a [u8]),
    /// A word that is.
    Word(Keyword),
    /// A number, decimal or hexadecimal.
    Number(&'a [u8]),
    /// `'` or `"`.
    Quote(u8),
    /// A back quote: it quotes names in MySQL, and code in every Markdown text.
    BackQuote,
    /// `=`, `<`, `>` and their combinations; whether it is an equality.
    Compare { equal: bool },
    /// `||` or `&&`.
    Logic,
    /// Arithmetic and bit operators.
    Operator(u8),
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `,`.
    Comma,
    /// `;`.
    Semicolon,
    /// `.`.
    Dot,
    /// `@` or, of the server, `@@`.
    Variable { double: bool },
    /// `--` or `#`, and whether nothing but white space follows in the value.
    Comment { last: bool },
    /// Any other byte.
    Other,
}

/// Tokens of a text; cheap to clone, which is how the grammar looks ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    rest: &'a [u8],
    commented: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self {
            rest: text,
            commented: false,
        }
    }

    /// The first byte that is not part of the last token.
    pub(super) fn peek_byte(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Bytes not read yet.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether a comment was skipped so far.
    pub(super) fn skipped_comment(&self) -> bool {
        self.commented
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (token, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        token
    }

    /// Skips what separates tokens: white space and control bytes, which databases take for
    /// spaces, `/* */` comments, and the marks of MySQL's conditional comments.
    fn skip_space(&mut self) {
        loop {
            match self.rest {
                [0..=b' ' | 0x7f, tail @ ..] | [0xc2, 0xa0, tail @ ..] => self.rest = tail,
                [b'/', b'*', b'!', tail @ ..] => {
                    let digits = tail.iter().take_while(|b| b.is_ascii_digit()).count();
                    self.commented = true;
                    self.rest = tail.get(digits..).unwrap_or_default();
                }
                [b'*', b'/', tail @ ..] => {
                    self.commented = true;
                    self.rest = tail;
                }
                // MySQL reads `1.e` without an exponent as nothing.
                [b'0'..=b'9', b'.', b'e' | b'E', tail @ ..]
                    if tail.first().is_some_and(|b| b" (),.".contains(b)) =>
                {
                    self.commented = true;
                    self.rest = tail;
                }
                [b'/', b'*', tail @ ..] => {
                    // Only a comment that is closed soon separates words; the search must not
                    // make a text of many openings quadratic.
                    let near = tail.get(..tail.len().min(MAX_COMMENT)).unwrap_or_default();
                    match near.windows(2).position(|pair| pair == b"*/") {
                        Some(at) => {
                            self.commented = true;
                            self.rest = tail.get(at.saturating_add(2)..).unwrap_or_default()
                        }
                        None => return,
                    }
                }
                _ => return,
            }
        }
    }

    fn word(&mut self) -> Token<'a> {
        let length = self.rest.iter().take_while(|&&b| is_word(b)).count();
        // The no-break space is made of two such bytes, and is a space for MySQL.
        let word = self.rest.get(..length).unwrap_or_default();
        let space = word.windows(2).position(|pair| pair == [0xc2, 0xa0]);
        let word = self.take(space.unwrap_or(length));
        keyword(word).map_or(Token::Name(word), Token::Word)
    }

    fn number(&mut self) -> Token<'a> {
        let hexadecimal = matches!(self.rest, [b'0', b'x' | b'X', digit, ..]
            if digit.is_ascii_hexdigit());
        let digits = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        let length = if hexadecimal {
            let digits = self
                .rest
                .iter()
                .skip(2)
                .take_while(|b| b.is_ascii_hexdigit())
                .count();
            digits.saturating_add(2)
        } else {
            let whole = digits(self.rest);
            match self.rest.get(whole..) {
                Some([b'.', fraction @ ..]) if digits(fraction) > 0 => {
                    whole.saturating_add(1).saturating_add(digits(fraction))
                }
                _ => whole,
            }
        };
        Token::Number(self.take(length))
    }
}

/// Bytes a comment between two words may have; filters are evaded with short ones.
const MAX_COMMENT: usize = 64;

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.skip_space();
        let first = *self.rest.first()?;
        let (token, length) = match (first, self.rest.get(1)) {
            (b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80..=0xff, _) => return Some(self.word()),
            (b'0'..=b'9', _) => return Some(self.number()),
            (b'\'' | b'"', _) => (Token::Quote(first), 1),
            (b'`', _) => (Token::BackQuote, 1),
            (b'-', Some(b'-')) => (self.comment(2), 2),
            (b'#', _) => (self.comment(1), 1),
            (b'/', Some(b'*')) => (self.comment(2), 2),
            (b'|', Some(b'|')) | (b'&', Some(b'&')) => (Token::Logic, 2),
            (b'=' | b'<' | b'>', _) | (b'!', Some(b'=')) => return Some(self.compare()),
            (b'(', _) => (Token::Open, 1),
            (b')', _) => (Token::Close, 1),
            (b',', _) => (Token::Comma, 1),
            (b';', _) => (Token::Semicolon, 1),
            (b'.', _) => (Token::Dot, 1),
            (b'@', Some(b'@')) => (Token::Variable { double: true }, 2),
            (b'@', _) => (Token::Variable { double: false }, 1),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'~' | b'|' | b'&' | b'!', _) => {
                (Token::Operator(first), 1)
            }
            _ => (Token::Other, 1),
        };
        self.take(length);
        Some(token)
    }
}

impl<'a> Lexer<'a> {
    fn comment(&self, mark: usize) -> Token<'a> {
        let after = self.rest.get(mark..).unwrap_or_default();
        // `--+` and `-- -` are how the space behind the dashes survives a URL.
        let last = after
            .iter()
            .take(4)
            .all(|&b| b <= b' ' || b == b'-' || b == b'+');
        Token::Comment {
            last: last && after.len() <= 4,
        }
    }

    fn compare(&mut self) -> Token<'a> {
        let length = self
            .rest
            .iter()
            .take(3)
            .take_while(|b| b"=<>!".contains(b))
            .count();
        let operator = self.take(length);
        Token::Compare {
            equal: operator.first() == Some(&b'=') || operator == b"<=>",
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}
