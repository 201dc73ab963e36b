//! Texts that are not SQL at all, though their marks have a fingerprint: prose with apostrophes, search
//! queries, ranges of numbers, drawings, selectors of metrics, names of folders. Asked, as [`super::benign`]
//! is, only of texts that libinjection objects to and our grammar does not.

use super::keyword::{Keyword as K, keyword};
use super::lexer::{Lexer, Token};
use crate::text::{is_word, run, tail};

/// Whether the text is one of these.
pub(super) fn is_no_sql(text: &[u8]) -> bool {
    is_prose(text)
        || is_about(text)
        || is_search(text)
        || is_range(text)
        || has_options(text)
        || is_drawing(text)
        || is_selector(text)
        || is_alias(text)
}

/// `Insert a skewer; if clean, it's done`: words and the marks of prose, every apostrophe inside of a
/// word whose second half is no keyword.
fn is_prose(text: &[u8]) -> bool {
    let letter = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphabetic() || *b >= 0x80);
    let apostrophe = |at: usize| {
        let rest = tail(text, at.saturating_add(1));
        let half = rest.get(..run(rest, is_word)).unwrap_or_default();
        letter(at.checked_sub(1).and_then(|i| text.get(i)))
            && letter(rest.first())
            && keyword(half).is_none()
    };
    let fits = text.iter().enumerate().all(|(at, &byte)| match byte {
        b'\'' => apostrophe(at),
        b'-' => text.get(at.saturating_add(1)) != Some(&b'-'),
        _ => is_word(byte) || b" ,.;:!?/&\n\r".contains(&byte),
    });
    fits && crate::text::prose_words(text, 4) >= 4 && !has_phrase(text)
}

/// Whether two keywords follow each other as they do in a statement.
fn has_phrase(text: &[u8]) -> bool {
    let mut before = None;
    Lexer::new(text).any(|token| {
        let phrase = matches!(
            (before, token),
            (
                Some(Token::Word(
                    K::Union | K::Change | K::OrderGroup | K::Exec | K::Waitfor
                )),
                Token::Word(_)
            ) | (Some(Token::Word(_)), Token::Word(K::Select | K::Catalogue))
        );
        before = Some(token);
        phrase
    })
}

/// `how to use like '%abc%' in mysql`: at least four words, hardly a keyword among them, lead to a
/// quotation that is closed.
fn is_about(text: &[u8]) -> bool {
    let (mut names, mut words) = (0usize, 0usize);
    for token in Lexer::new(text) {
        match token {
            Token::Name(_) => names = names.saturating_add(1),
            Token::Word(_) => words = words.saturating_add(1),
            Token::Quote(quote) => {
                let closed = text.iter().filter(|&&b| b == quote).count() % 2 == 0;
                return closed && names >= 3 && words <= 1;
            }
            Token::Other | Token::Comma | Token::Dot => {}
            _ => return false,
        }
    }
    false
}

/// `"rock 'n' roll" OR nyc -jets`, `(cats OR dogs) AND +"house trained" price:[10 TO 100]`: phrases in double
/// quotes that start and end with a letter and stand apart, and no mark that only SQL has.
fn is_search(text: &[u8]) -> bool {
    let mut opened = false;
    let mut phrases = 0usize;
    for (at, &byte) in text.iter().enumerate() {
        let before = at
            .checked_sub(1)
            .and_then(|i| text.get(i))
            .copied()
            .unwrap_or(b' ');
        let after = text.get(at.saturating_add(1)).copied().unwrap_or(b' ');
        match byte {
            b'"' if opened => {
                if !is_word(before) || !b" )~^,".contains(&after) {
                    return false;
                }
                opened = false;
            }
            b'"' => {
                if !b" (+-:".contains(&before) || !is_word(after) {
                    return false;
                }
                (opened, phrases) = (true, phrases.saturating_add(1));
            }
            b'\'' if opened => {}
            b'-' if after == b'-' => return false,
            _ if is_word(byte) || b" ()[]+-:~^.,*?/@{}".contains(&byte) => {}
            _ => return false,
        }
    }
    let balanced = |open: u8, close: u8| {
        text.iter().filter(|&&b| b == open).count() == text.iter().filter(|&&b| b == close).count()
    };
    phrases > 0 && !opened && balanced(b'(', b')') && !text.first().is_some_and(u8::is_ascii_digit)
}

/// `3--4 cloves garlic; minced`, `60--75k`: two numbers with the dash of typesetters between them, and
/// no other mark of SQL.
fn is_range(text: &[u8]) -> bool {
    let mut pairs = text
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| *pair == b"--");
    let Some((at, _)) = pairs.next() else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|i| text.get(i));
    let rest = tail(text, at.saturating_add(2));
    let digits = run(rest, |b| b.is_ascii_digit() || matches!(b, b'.' | b','));
    let unit = tail(rest, digits);
    let plain = text.iter().all(|&b| is_word(b) || b" ,.;:-/&".contains(&b));
    let named = unit.iter().any(|b| b.is_ascii_alphabetic()) && !has_phrase(unit);
    let numbers = before.is_some_and(u8::is_ascii_digit) && digits > 0;
    pairs.next().is_none() && plain && named && numbers && !Lexer::new(unit).any(is_statement_word)
}

/// `94070 --units=c; tomorrow?`: every dash pair starts an option with a value, behind no keyword and
/// with no quote anywhere.
fn has_options(text: &[u8]) -> bool {
    let option = |at: usize| {
        let name = tail(text, at.saturating_add(2));
        let length = run(name, |b| b.is_ascii_alphanumeric() || b == b'-');
        name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.get(length) == Some(&b'=')
            && name
                .get(length.saturating_add(1))
                .is_some_and(|&b| is_word(b))
    };
    let mut pairs = (0..text.len()).filter(|&at| tail(text, at).starts_with(b"--"));
    let Some(first) = pairs.next() else {
        return false;
    };
    let spaced = |at: usize| text.get(..at).is_some_and(|before| before.ends_with(b" "));
    let before = text.get(..first).unwrap_or_default();
    !text.iter().any(|b| b"'\"`#".contains(b))
        && core::iter::once(first)
            .chain(pairs)
            .all(|at| spaced(at) && option(at))
        && !Lexer::new(before).any(|token| matches!(token, Token::Word(_)))
}

fn is_statement_word(token: Token<'_>) -> bool {
    matches!(
        token,
        Token::Word(K::Union | K::Select | K::Change | K::Exec | K::Condition | K::DangerousCall)
    )
}

/// Lines of marks without a letter or a digit.
fn is_drawing(text: &[u8]) -> bool {
    let lines = text.iter().filter(|&&b| b == b'\n').count();
    lines >= 2 && !text.iter().any(u8::is_ascii_alphanumeric)
}

/// `rate(cpu_seconds{mode='idle',host=~"$h"}[5m])`: a metric with labels.
fn is_selector(text: &[u8]) -> bool {
    let count = |byte: u8| text.iter().filter(|&&b| b == byte).count();
    let balanced = count(b'\'') % 2 == 0 && count(b'"') % 2 == 0 && count(b'{') == count(b'}');
    let plain = !text.iter().any(|b| b";#\\".contains(b))
        && !text.windows(2).any(|w| w == b"--" || w == b"/*");
    let labelled = text.windows(2).enumerate().any(|(at, pair)| {
        let [name, b'{'] = pair else { return false };
        let inside = tail(text, at.saturating_add(2));
        let label = tail(inside, run(inside, is_word));
        let value = tail(label, run(label, |b| matches!(b, b'=' | b'!' | b'~')));
        is_word(*name)
            && label.len() < inside.len()
            && value.len() < label.len()
            && matches!(value.first(), Some(b'"' | b'\''))
    });
    balanced && plain && labelled
}

/// `@/*`, `~/src/*`: an alias of a folder and what is in it.
fn is_alias(text: &[u8]) -> bool {
    let [b'@' | b'~' | b'#' | b'.' | b'$', rest @ ..] = text else {
        return false;
    };
    let spelled = |b: &u8| b.is_ascii_alphanumeric() || b"._-/*".contains(b);
    rest.contains(&b'/') && rest.iter().all(spelled)
}
