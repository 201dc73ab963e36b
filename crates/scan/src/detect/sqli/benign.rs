//! Texts whose SQL is not an injection: a whole statement, a filter language, program code. Asked
//! only of texts that libinjection objects to and our grammar does not; they count from paranoia 2.

use super::keyword::Keyword as K;
use super::lexer::{Lexer, Token};

/// Whether the text is one of these, complete in itself.
pub(super) fn is_complete(text: &[u8]) -> bool {
    let balanced = balance(text);
    is_entry(text)
        || is_glob(text)
        || balanced
            && (is_quotation(text)
                || is_statement(text)
                || is_filter(text)
                || is_code(text)
                || is_call(text))
}

/// `@article{key, author={O'Hara}}`: an entry of a bibliography, its names with apostrophes.
fn is_entry(text: &[u8]) -> bool {
    let Some((b'@', rest)) = text.split_first() else {
        return false;
    };
    let kind = crate::text::run(rest, |b| b.is_ascii_alphabetic());
    let count = |byte: u8| text.iter().filter(|&&b| b == byte).count();
    let braces = count(b'{') == count(b'}') && text.ends_with(b"}");
    kind > 0 && rest.get(kind) == Some(&b'{') && braces
}

/// `crates/*/Cargo.toml`: names of folders and files, in none of which a comment could hide a keyword.
fn is_glob(text: &[u8]) -> bool {
    let spelled = |b: &u8| b.is_ascii_alphanumeric() || b"._-/*".contains(b);
    let names = || {
        text.split(|b| matches!(b, b'/' | b'*'))
            .filter(|name| !name.is_empty())
    };
    let plain = |name: &[u8]| {
        super::keyword::keyword(name).is_none() && !name.iter().all(u8::is_ascii_digit)
    };
    text.iter().all(spelled) && !text.ends_with(b"/*") && names().count() >= 2 && names().all(plain)
}

/// Quotes and parentheses closed as often as opened.
fn balance(text: &[u8]) -> bool {
    let count = |byte: u8| text.iter().filter(|&&b| b == byte).count();
    count(b'\'') % 2 == 0
        && count(b'"') % 2 == 0
        && count(b'(') == count(b')')
        && count(b'{') == count(b'}')
}

/// Words, some of them in double quotes without a space inside: a title, whatever the words mean in
/// SQL. In a fragment the quotes stand around what is between the values (`" or "`).
fn is_quotation(text: &[u8]) -> bool {
    let mut inside = false;
    let mut before = b' ';
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'"' => {
                let next = text.get(at.saturating_add(1)).copied().unwrap_or(b' ');
                let tight = if inside {
                    before != b' ' && !next.is_ascii_alphanumeric()
                } else {
                    before == b' ' && next != b' '
                };
                if !tight {
                    return false;
                }
                inside = !inside;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b' ' | b',' | b'&' => {}
            _ => return false,
        }
        before = byte;
    }
    !inside
}

/// `select name, count(*) from users where id = 1;`: starts as a statement, names its columns, and
/// has nothing but names, comparisons and clauses.
fn is_statement(text: &[u8]) -> bool {
    let mut lexer = Lexer::new(text);
    let select = match lexer.next() {
        Some(Token::Word(K::Select)) => true,
        Some(Token::Word(K::Change)) => false,
        _ => return false,
    };
    let (mut columns, mut depth) = (select, 0usize);
    let (mut from, mut ended, mut last) = (!select, false, None);
    for token in lexer {
        match token {
            Token::Word(K::From | K::Into) => (columns, from) = (false, true),
            // Not as a column of its own; `date_trunc('day', at)` is one by its name.
            Token::Number(_) | Token::Quote(_) | Token::Variable { .. }
                if columns && depth == 0 =>
            {
                return false;
            }
            Token::Open => depth = depth.saturating_add(1),
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(
                K::Union
                | K::DangerousCall
                | K::ConditionalCall
                | K::CharCall
                | K::Escape
                | K::Catalogue
                | K::Exec
                | K::Waitfor
                | K::Procedure
                | K::Select,
            ) => return false,
            Token::Semicolon => ended = true,
            Token::Comment { .. } if !ended => return false,
            Token::Comment { .. } => break,
            Token::Logic | Token::Variable { .. } => return false,
            _ => {}
        }
        last = Some(token);
    }
    // A statement that stops at a clause is the beginning of something.
    let whole = !matches!(
        last,
        Some(Token::Word(
            K::Condition | K::From | K::By | K::Joint | K::Limit
        ))
    );
    from && whole
}

/// `(status = "open" or status = "closed") and project = X`: names compared with values.
fn is_filter(text: &[u8]) -> bool {
    let mut before: Option<Token<'_>> = None;
    let (mut compares, mut inside) = (0usize, None);
    for token in Lexer::new(text) {
        match token {
            Token::Quote(quote) if inside == Some(quote) => inside = None,
            Token::Quote(quote) if inside.is_none() => {
                let value = matches!(
                    before,
                    Some(Token::Compare { .. } | Token::Comma | Token::Open | Token::Other)
                        | Some(Token::Logic)
                        | Some(Token::Operator(b'~') | Token::Word(K::CompareWord))
                        | Some(Token::Name(_))
                );
                let glued =
                    matches!(before, Some(Token::Name(_))) && !follows_operator(text, before);
                if !value || glued {
                    return false;
                }
                inside = Some(quote);
            }
            _ if inside.is_some() => {}
            Token::Compare { .. } => {
                if !matches!(before, Some(Token::Name(_) | Token::Word(_) | Token::Close)) {
                    return false;
                }
                compares = compares.saturating_add(1);
            }
            Token::Comment { .. } | Token::Semicolon | Token::Variable { .. } => return false,
            Token::Word(K::Union | K::Select | K::DangerousCall | K::Escape | K::Catalogue) => {
                return false;
            }
            Token::Number(_) if before.is_none() => return false,
            _ => {}
        }
        before = Some(token);
    }
    compares > 0
}

/// `name eq "x"`: a word operator of OData and its relatives before the quote.
fn follows_operator(text: &[u8], before: Option<Token<'_>>) -> bool {
    let Some(Token::Name(name)) = before else {
        return false;
    };
    let operator = [
        b"eq".as_slice(),
        b"ne",
        b"gt",
        b"lt",
        b"ge",
        b"le",
        b"contains",
    ]
    .iter()
    .any(|word| word.eq_ignore_ascii_case(name));
    operator && text.first() != Some(&b'\'')
}

/// Program code: braces around statements.
fn is_code(text: &[u8]) -> bool {
    let brace = text.iter().position(|&b| b == b'{');
    let start = brace.and_then(|at| text.get(..at)).unwrap_or_default();
    let opened = start.trim_ascii_end();
    brace.is_some()
        && (opened.ends_with(b")") || opened.ends_with(b"=>") || opened.ends_with(b"else"))
        && !start.contains(&b'\'')
}

/// `count(items)`, `max(a, b)`: names only.
fn is_call(text: &[u8]) -> bool {
    text.iter()
        .all(|b| b.is_ascii_alphabetic() || b"_ .,()".contains(b))
}
