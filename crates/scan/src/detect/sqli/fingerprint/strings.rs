//! Strings of all products: quoted, dollar-quoted, and with a letter in front.

use super::lexer::{plain, word};
use super::{Kind, Token};
use crate::text::{run, tail};

/// A string whose first `skipped` bytes are its opening, up to its quote that is neither doubled nor
/// escaped, or to the end.
pub(super) fn quoted(rest: &[u8], quote: u8, skipped: usize) -> (Token<'_>, usize) {
    let inside = tail(rest, skipped);
    let open = if skipped > 0 { quote } else { 0 };
    let mut from = 0usize;
    while let Some(found) = tail(inside, from).iter().position(|&b| b == quote) {
        let at = from.saturating_add(found);
        let before = inside.get(..at).unwrap_or_default();
        let backslashes = before.iter().rev().take_while(|&&b| b == b'\\').count();
        if backslashes % 2 == 1 {
            from = at.saturating_add(1);
        } else if inside.get(at.saturating_add(1)) == Some(&quote) {
            from = at.saturating_add(2);
        } else {
            let length = skipped.saturating_add(at).saturating_add(1);
            return (text(before, open, quote), length);
        }
    }
    (text(inside, open, 0), rest.len())
}

/// `$1,000.00`, `$$text$$`, `$tag$text$tag$` or the sign alone, at an offset; `None` where it starts a
/// word.
pub(super) fn dollar(all: &[u8], at: usize) -> Option<(Token<'_>, usize)> {
    let rest = tail(all, at);
    let after = tail(rest, 1);
    // NUL counts as a letter or digit here, as for the C library.
    let digits = run(after, |b| {
        b.is_ascii_digit() || matches!(b, 0 | b'.' | b',')
    });
    if digits == 1 && after.first() == Some(&b'.') {
        return None;
    }
    if digits > 0 {
        return Some(plain(Kind::Number, rest, digits.saturating_add(1)));
    }
    if after.first() == Some(&b'$') {
        let inside = tail(rest, 2);
        return Some(match inside.windows(2).position(|pair| pair == b"$$") {
            Some(end) => {
                let content = inside.get(..end).unwrap_or_default();
                (text(content, b'$', b'$'), end.saturating_add(4))
            }
            None => (text(inside, b'$', 0), rest.len()),
        });
    }
    let letters = run(after, |b| b == 0 || b.is_ascii_alphabetic());
    let mark = letters.saturating_add(2);
    if letters == 0 || after.get(letters) != Some(&b'$') {
        return Some(plain(Kind::Bareword, rest, 1));
    }
    let (tag, inside) = rest.split_at_checked(mark)?;
    // The C library looks from the start of the text on and is content with nothing it finds there.
    let searched = all
        .get(mark..all.len().saturating_sub(at))
        .unwrap_or_default();
    let found = searched.windows(mark).position(|window| window == tag);
    let end = found.and_then(|found| {
        found
            .saturating_add(mark)
            .checked_sub(at.saturating_add(mark))
    });
    Some(match end {
        Some(end) => {
            let content = inside.get(..end).unwrap_or_default();
            let length = mark.saturating_add(end).saturating_add(mark);
            (text(content, b'$', b'$'), length)
        }
        None => (text(inside, b'$', 0), rest.len()),
    })
}

/// `e'..'`, `n'..'`, `u&'..'`, `q'[..]'`, `nq'[..]'`, `b'01'`, `x'1f'`; `None` for a word.
pub(super) fn prefixed(rest: &[u8]) -> Option<(Token<'_>, usize)> {
    match rest {
        [b'e' | b'E' | b'n' | b'N', b'\'', _, ..] => Some(quoted(rest, b'\'', 2)),
        [b'u' | b'U', b'&', b'\'', ..] => {
            let (mut token, length) = quoted(tail(rest, 2), b'\'', 1);
            token.open = b'u';
            token.close = if token.close == b'\'' {
                b'u'
            } else {
                token.close
            };
            Some((token, length.saturating_add(2)))
        }
        [b'q' | b'Q', b'\'', ..] => bracketed(rest, 0),
        [b'n' | b'N', b'q' | b'Q', b'\'', ..] => bracketed(rest, 1),
        [b'b' | b'B', b'\'', ..] => digits(rest, |b| matches!(b, 0 | b'0' | b'1')),
        [b'x' | b'X', b'\'', ..] => digits(rest, |b| b == 0 || b.is_ascii_hexdigit()),
        _ => None,
    }
}

/// Oracle's `q'[..]'`, where `skipped` letters come first.
fn bracketed(rest: &[u8], skipped: usize) -> Option<(Token<'_>, usize)> {
    let start = skipped.saturating_add(2);
    let opening = *rest.get(start)?;
    if !(33..=127).contains(&opening) {
        return Some(word(rest));
    }
    let closing = match opening {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        other => other,
    };
    let start = start.saturating_add(1);
    let inside = tail(rest, start);
    Some(
        match inside.windows(2).position(|pair| pair == [closing, b'\'']) {
            Some(end) => {
                let content = inside.get(..end).unwrap_or_default();
                (
                    text(content, b'q', b'q'),
                    start.saturating_add(end).saturating_add(2),
                )
            }
            None => (text(inside, b'q', 0), rest.len()),
        },
    )
}

/// A number in quotes behind its letter.
fn digits(rest: &[u8], is_digit: impl Fn(u8) -> bool) -> Option<(Token<'_>, usize)> {
    let length = run(tail(rest, 2), is_digit).saturating_add(2);
    let closed = rest.get(length) == Some(&b'\'') && rest.len() > 2;
    closed.then(|| plain(Kind::Number, rest, length.saturating_add(1)))
}

fn text(content: &[u8], open: u8, close: u8) -> Token<'_> {
    let token = Token::new(Kind::Text, content);
    Token {
        open,
        close,
        ..token
    }
}
