//! libinjection's fingerprints of SQL injection: the kinds of a text's first five tokens, folded.
//!
//! The method, its words and its fingerprints are libinjection's (BSD-3-Clause, Nick Galbreath); the
//! code is our own, for the Rust port loses some of the C library's verdicts, takes a microsecond a byte
//! where an attacker wants it to, and has tables of 170 KiB. No verdict of the C library (3.10) may be
//! lost: `cargo xtask fuzz scan` compares the two.
//!
//! A text is read as it is, and as if a quote stood before it; where it holds what MySQL reads in its own
//! way (`#`, `--` without a space), in both ways. One reading is one pass over the text.

mod fold;
mod lexer;
mod packing;
mod strings;
mod table;

use fold::{Folded, fold};
use lexer::{Dialect, Lexer};

/// Whether the text has the fingerprint of an injection.
pub(super) fn is_injection(text: &[u8]) -> bool {
    const NONE: u8 = 0;
    let read = |quote, dialect| {
        let folded = fold(Lexer::new(text, quote, dialect));
        let told = table::is_known(&folded.print()) && is_no_exception(text, &folded);
        (told, folded.is_other_to_mysql)
    };
    let both = |quote| {
        let (told, other) = read(quote, Dialect::Ansi);
        told || other && read(quote, Dialect::Mysql).0
    };
    both(NONE)
        || text.contains(&b'\'') && both(b'\'')
        || text.contains(&b'"') && read(b'"', Dialect::Mysql).0
}

/// What a token is, by libinjection's letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    Keyword = b'k',
    Union = b'U',
    Group = b'B',
    Expression = b'E',
    Type = b't',
    Function = b'f',
    Bareword = b'n',
    Number = b'1',
    Variable = b'v',
    Text = b's',
    Operator = b'o',
    Logic = b'&',
    Comment = b'c',
    Collate = b'A',
    Open = b'(',
    Close = b')',
    OpenBrace = b'{',
    CloseBrace = b'}',
    Dot = b'.',
    Comma = b',',
    Colon = b':',
    Semicolon = b';',
    Statement = b'T',
    Backslash = b'\\',
    Unknown = b'?',
    /// Nested or conditional comments, which nobody innocent writes.
    Evil = b'X',
}

impl Kind {
    /// The kind that the tables have this letter for.
    fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'k' => Self::Keyword,
            b'U' => Self::Union,
            b'B' => Self::Group,
            b'E' => Self::Expression,
            b't' => Self::Type,
            b'f' => Self::Function,
            b'n' => Self::Bareword,
            b'1' => Self::Number,
            b'v' => Self::Variable,
            b'o' => Self::Operator,
            b'&' => Self::Logic,
            b'A' => Self::Collate,
            b'T' => Self::Statement,
            _ => return None,
        })
    }
}

/// One token: its kind, its text up to [`MAX_VALUE`] bytes, and the quotes around it (0 for none).
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    value: &'a [u8],
    open: u8,
    close: u8,
}

/// Bytes of a token that libinjection keeps.
const MAX_VALUE: usize = 31;

impl<'a> Token<'a> {
    fn new(kind: Kind, value: &'a [u8]) -> Self {
        let value = value.get(..MAX_VALUE).unwrap_or(value);
        Self {
            kind,
            value,
            open: 0,
            close: 0,
        }
    }

    fn is(&self, word: &[u8]) -> bool {
        self.value.eq_ignore_ascii_case(word)
    }

    /// `+`, `-`, `!`, `~`, `!!`, `not`: what may stand before an operand.
    fn is_unary(&self) -> bool {
        self.kind == Kind::Operator
            && (matches!(self.value, [b'+' | b'-' | b'!' | b'~'] | b"!!") || self.is(b"not"))
    }
}

/// Fingerprints of two and three tokens that ordinary texts have, too, are told by more than the kinds.
fn is_no_exception(text: &[u8], folded: &Folded<'_>) -> bool {
    let print = folded.print();
    // What SQL Server leaves out of its log.
    if print.len() > 1 && print.ends_with(b"c") && text.windows(11).any(|w| w == b"sp_password") {
        return true;
    }
    match folded.tokens() {
        _ if &*print == b"X" => true,
        [first, second] => is_pair(text, first, second, folded.read),
        [first, second, third] => match &*print {
            // `foo' + 'bar`: the quotes are the ones that the text was put between.
            b"sos" | b"s&s" => first.open == 0 && third.close == 0 && first.close == third.open,
            b"s&n" | b"n&1" | b"1&1" | b"1&v" | b"1&s" => folded.read != 3,
            // Of keywords between two values only `into outfile` is one.
            _ if second.kind == Kind::Keyword => {
                second.value.len() >= 5
                    && second
                        .value
                        .get(..4)
                        .is_some_and(|w| w.eq_ignore_ascii_case(b"into"))
            }
            _ => true,
        },
        _ => true,
    }
}

/// Two tokens, of so many that were read.
fn is_pair(text: &[u8], first: &Token<'_>, second: &Token<'_>, read: usize) -> bool {
    if second.kind == Kind::Union {
        return read != 2;
    }
    let mark = second.value.first().copied().unwrap_or_default();
    let comment = second.kind == Kind::Comment;
    match first.kind {
        _ if mark == b'#' => false,
        Kind::Bareword if comment && mark != b'/' => false,
        Kind::Number if comment && (mark == b'/' || read > 2) => true,
        // `1234-abc--` is an identifier: the number has to end where white space or the comment starts.
        Kind::Number if comment => {
            let after = text.get(first.value.len()..).unwrap_or_default();
            matches!(after, [] | [0..=b' ' | 0x80.., ..] | [b'/', b'*', ..] | [b'-', b'-', ..])
        }
        _ => !(second.value.len() > 2 && mark == b'-'),
    }
}
