//! Tokens as libinjection reads them.

use super::strings;
use super::{Kind, Token, table};
use crate::text::{run, tail};

/// Which comments there are: MySQL has `#`, and wants a space behind `--`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Ansi,
    Mysql,
}

/// The tokens of a text; white space and nothing else is skipped.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// The quote that the text is read behind, or 0.
    quote: u8,
    dialect: Dialect,
    /// Tokens read.
    pub(super) read: usize,
    /// Whether MySQL reads a comment otherwise.
    pub(super) is_other_to_mysql: bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a [u8], quote: u8, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            quote,
            dialect,
            read: 0,
            is_other_to_mysql: false,
        }
    }

    /// The token that `rest`, which is not empty, starts with, and the bytes it takes.
    fn token(&mut self, rest: &'a [u8]) -> (Token<'a>, usize) {
        let first = rest.first().copied().unwrap_or_default();
        match first {
            b'\'' | b'"' => strings::quoted(rest, first, 1),
            b'`' => tick(rest),
            b'#' => {
                self.is_other_to_mysql = true;
                match self.dialect {
                    Dialect::Mysql => line_comment(rest),
                    Dialect::Ansi => plain(Kind::Operator, rest, 1),
                }
            }
            b'-' => self.dash(rest),
            b'/' if rest.get(1) == Some(&b'*') => block_comment(rest),
            b'(' => plain(Kind::Open, rest, 1),
            b')' => plain(Kind::Close, rest, 1),
            b'{' => plain(Kind::OpenBrace, rest, 1),
            b'}' => plain(Kind::CloseBrace, rest, 1),
            b',' => plain(Kind::Comma, rest, 1),
            b';' => plain(Kind::Semicolon, rest, 1),
            b'!' | b'&' | b'*' | b':' | b'<' | b'=' | b'>' | b'|' => operator(rest),
            b'%' | b'+' | b'/' | b'^' | b'~' => plain(Kind::Operator, rest, 1),
            b'.' | b'0'..=b'9' => number(rest),
            b'@' => variable(rest),
            b'$' => strings::dollar(self.text, self.at).unwrap_or_else(|| word(rest)),
            b'[' => {
                let end = rest.iter().position(|&b| b == b']');
                let length = end.map_or(rest.len(), |at| at.saturating_add(1));
                plain(Kind::Bareword, rest, length)
            }
            b'\\' if rest.get(1) == Some(&b'N') => plain(Kind::Number, rest, 2),
            b'\\' => plain(Kind::Backslash, rest, 1),
            b'?' | b']' => plain(Kind::Unknown, rest, 1),
            _ => strings::prefixed(rest).unwrap_or_else(|| word(rest)),
        }
    }

    /// A minus, or the comment that two of them start.
    fn dash(&mut self, rest: &'a [u8]) -> (Token<'a>, usize) {
        match rest {
            [b'-', b'-'] => line_comment(rest),
            [b'-', b'-', after, ..] if is_white(*after) => line_comment(rest),
            [b'-', b'-', ..] if self.dialect == Dialect::Ansi => {
                self.is_other_to_mysql = true;
                line_comment(rest)
            }
            _ => plain(Kind::Operator, rest, 1),
        }
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let (token, length) = if self.at == 0 && self.quote != 0 && !self.text.is_empty() {
            strings::quoted(self.text, self.quote, 0)
        } else {
            let rest = tail(self.text, self.at);
            let white = run(rest, |b| matches!(b, 0..=b' ' | 0x7f | 0xa0));
            self.at = self.at.saturating_add(white);
            let rest = tail(rest, white);
            if rest.is_empty() {
                return None;
            }
            self.token(rest)
        };
        self.at = self.at.saturating_add(length);
        self.read = self.read.saturating_add(1);
        Some(token)
    }
}

/// A token that is the first so many bytes.
pub(super) fn plain(kind: Kind, rest: &[u8], length: usize) -> (Token<'_>, usize) {
    (Token::new(kind, rest.get(..length).unwrap_or(rest)), length)
}

/// What `--` and numbers take for white space.
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0xa0 | 0)
}

fn line_comment(rest: &[u8]) -> (Token<'_>, usize) {
    let length = run(rest, |b| b != b'\n');
    let (token, _) = plain(Kind::Comment, rest, length);
    (token, rest.len().min(length.saturating_add(1)))
}

/// `/* .. */`; one that starts another, or that only MySQL reads (`/*!`), is evil.
fn block_comment(rest: &[u8]) -> (Token<'_>, usize) {
    let inside = tail(rest, 2);
    let end = inside.windows(2).position(|pair| pair == b"*/");
    let length = end.map_or(rest.len(), |at| at.saturating_add(4));
    let nested = end.is_some_and(|at| {
        let before = inside.get(..at.saturating_add(1)).unwrap_or_default();
        before.windows(2).any(|pair| pair == b"/*")
    });
    let evil = nested || inside.first() == Some(&b'!');
    plain(if evil { Kind::Evil } else { Kind::Comment }, rest, length)
}

/// An operator of one byte, or one of two or three that the table knows.
fn operator(rest: &[u8]) -> (Token<'_>, usize) {
    if rest.starts_with(b"<=>") {
        return plain(Kind::Operator, rest, 3);
    }
    match rest.get(..2).and_then(table::word) {
        Some(known) => plain(known.kind, rest, 2),
        None if rest.first() == Some(&b':') && rest.len() > 1 => plain(Kind::Colon, rest, 1),
        None => plain(Kind::Operator, rest, 1),
    }
}

fn number(rest: &[u8]) -> (Token<'_>, usize) {
    // The C library takes NUL for a digit of these.
    let based = match rest {
        [b'0', b'x' | b'X', digits @ ..] => Some(run(digits, |b| b == 0 || b.is_ascii_hexdigit())),
        [b'0', b'b' | b'B', digits @ ..] => Some(run(digits, |b| matches!(b, 0 | b'0' | b'1'))),
        _ => None,
    };
    match based {
        Some(0) => return plain(Kind::Bareword, rest, 2),
        Some(digits) => return plain(Kind::Number, rest, digits.saturating_add(2)),
        None => {}
    }
    let digits = |at: usize| run(tail(rest, at), |b| b.is_ascii_digit());
    let mut at = digits(0);
    if rest.get(at) == Some(&b'.') {
        at = at.saturating_add(1);
        at = at.saturating_add(digits(at));
        if at == 1 {
            return plain(Kind::Dot, rest, 1);
        }
    }
    let mut kind = Kind::Number;
    if matches!(rest.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(rest.get(at.saturating_add(1)), Some(b'+' | b'-')));
        let exponent = at.saturating_add(1).saturating_add(sign);
        let length = digits(exponent);
        // `1234.e` is a name.
        if length == 0 {
            kind = Kind::Bareword;
        }
        at = exponent.saturating_add(length);
    }
    // Oracle's suffixes, also where `union` follows at once.
    if matches!(rest.get(at), Some(b'd' | b'D' | b'f' | b'F'))
        && rest
            .get(at.saturating_add(1))
            .is_none_or(|&b| is_white(b) || matches!(b, b';' | b'u' | b'U'))
    {
        at = at.saturating_add(1);
    }
    plain(kind, rest, at)
}

/// `@name`, `@@name`, and with the name in quotes.
fn variable(rest: &[u8]) -> (Token<'_>, usize) {
    let marks = if rest.starts_with(b"@@") { 2 } else { 1 };
    let name = tail(rest, marks);
    let (mut token, length) = match name.first() {
        Some(b'`') => tick(name),
        Some(&quote @ (b'\'' | b'"')) => strings::quoted(name, quote, 1),
        _ => {
            let ends = b" <>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r'`\"\0";
            plain(Kind::Variable, name, run(name, |b| !ends.contains(&b)))
        }
    };
    token.kind = Kind::Variable;
    (token, length.saturating_add(marks))
}

/// A name in back quotes.
fn tick(rest: &[u8]) -> (Token<'_>, usize) {
    let (mut token, length) = strings::quoted(rest, b'`', 1);
    let function = table::word(token.value).is_some_and(|known| known.kind == Kind::Function);
    token.kind = if function {
        Kind::Function
    } else {
        Kind::Bareword
    };
    (token, length)
}

/// A word; of `word.name` and `` word`name` `` the first part, when the table knows it.
pub(super) fn word(rest: &[u8]) -> (Token<'_>, usize) {
    let length = run(rest, |b| !ends_word(b));
    let (mut token, _) = plain(Kind::Bareword, rest, length);
    for (at, _) in token
        .value
        .iter()
        .enumerate()
        .filter(|(_, b)| matches!(b, b'.' | b'`'))
    {
        let head = token.value.get(..at).unwrap_or_default();
        if let Some(known) = table::word(head).filter(|known| known.kind != Kind::Bareword) {
            return plain(known.kind, rest, at);
        }
    }
    if length <= super::MAX_VALUE
        && let Some(known) = table::word(token.value)
    {
        token.kind = known.kind;
    }
    (token, length)
}

fn ends_word(byte: u8) -> bool {
    b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0".contains(&byte)
}
