//! Conditions that are constant.

use super::super::context::Context;
use super::super::keyword::Keyword as K;
use super::super::lexer::{Lexer, Token};

/// A condition over constants: `1=1`, `'a'='a`, `x=x`, or one that is a constant.
pub(super) fn constant_condition(
    token: Token<'_>,
    context: &Context<'_>,
    mut ahead: Lexer<'_>,
) -> bool {
    let mut negated = false;
    let mut first = ahead.next();
    while let Some(Token::Word(K::Prefix) | Token::Open | Token::Operator(b'-' | b'!' | b'~')) =
        first
    {
        // Version ranges have it, too: `^1.3.0 || ~2.0`.
        negated |= token != Token::Logic || first != Some(Token::Operator(b'~'));
        first = ahead.next();
    }
    let Some(left) = first else { return false };
    if let Token::Quote(_) = left {
        return quoted_equality(context, ahead);
    }
    let compare = ahead.next();
    match (left, compare) {
        (Token::Number(_), Some(Token::Compare { equal })) => {
            let constant = matches!(
                operand(&mut ahead),
                Some(Token::Number(_) | Token::Quote(_))
            );
            // Greater and less compare numbers in prose and code, too.
            constant && (equal || context.is_broken() || context.compares == 0)
        }
        (Token::Number(_), Some(Token::Word(K::CompareWord))) => {
            match operand(&mut ahead) {
                Some(Token::Number(_) | Token::Quote(_)) => true,
                // `1 is not false`; "which of 1 or 2 is true" breaks nothing.
                Some(Token::Word(K::Boolean | K::Null)) => context.is_broken(),
                _ => false,
            }
        }
        (Token::Word(K::Boolean), Some(Token::Compare { .. } | Token::Operator(b'!'))) => {
            context.names == 0
        }
        (Token::Name(left), Some(Token::Compare { equal: true })) => {
            matches!(operand(&mut ahead), Some(Token::Name(right)) if left == right)
        }
        (Token::Number(_) | Token::Word(K::Boolean), end) => {
            let ends = matches!(end, None | Some(Token::Comment { .. }));
            ends && (context.is_broken() || negated && context.names == 0)
        }
        _ => false,
    }
}

/// A condition that is the first word of the value, or follows what was broken out of, and is cut
/// off or compares with a constant nobody writes: `or 1/*`, `or 1 --`, `and name=0x52656e`,
/// `' or select`.
pub(super) fn short_condition(
    token: Token<'_>,
    context: &Context<'_>,
    mut ahead: Lexer<'_>,
) -> bool {
    let opens = match context.before {
        None => token != Token::Word(K::Having),
        Some(Token::Quote(_) | Token::Close | Token::Number(_)) => context.names == 0,
        _ => false,
    };
    if !opens || !matches!(token, Token::Word(K::Condition | K::Having) | Token::Logic) {
        return false;
    }
    let first = operand(&mut ahead);
    let second = ahead.next();
    match (first, second) {
        (Some(Token::Number(_)), Some(Token::Comment { .. })) => true,
        (Some(Token::Word(K::Select)), _) => context.before.is_some(),
        (Some(Token::Word(K::Boolean)), None) => context.all_names == 0 && context.before.is_some(),
        (Some(Token::Word(K::Call) | Token::Name(_)), Some(Token::Open)) => match context.before {
            Some(Token::Quote(_)) => context.is_broken(),
            Some(Token::Close) => context.has_open_quote() && context.all_names == 0,
            _ => false,
        },
        (Some(Token::Name(_) | Token::Word(_)), Some(Token::Compare { equal: true })) => {
            match operand(&mut ahead) {
                Some(Token::Number(number)) => number.len() > 4 && number.starts_with(b"0x"),
                Some(Token::Word(right)) => first == Some(Token::Word(right)),
                _ => false,
            }
        }
        (Some(Token::Name(_) | Token::Word(_)), Some(Token::Word(K::CompareWord))) => {
            match operand(&mut ahead) {
                // `or username like '%a%`: the quote behind is left open for the rest of the statement.
                Some(Token::Quote(_)) => matches!(ahead.next(), Some(Token::Operator(b'%'))),
                // `' or id is not null --`.
                Some(Token::Word(K::Null | K::Boolean)) => {
                    matches!(context.before, Some(Token::Quote(_))) && context.is_broken()
                }
                _ => false,
            }
        }
        // `' or data->>'role'='admin`.
        (Some(Token::Name(_) | Token::Word(_)), Some(Token::Operator(b'-'))) => {
            matches!(ahead.next(), Some(Token::Compare { equal: false }))
                && matches!(ahead.next(), Some(Token::Quote(_)))
                && context.is_broken()
        }
        _ => false,
    }
}

/// `(8362=9139)*9139` as the whole value.
pub(super) fn constant_in_parentheses(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    context.before.is_none()
        && matches!(ahead.next(), Some(Token::Number(_)))
        && matches!(ahead.next(), Some(Token::Compare { equal: true }))
        && matches!(ahead.next(), Some(Token::Number(_)))
        && ahead.next() == Some(Token::Close)
}

/// The first token of an operand, signs and parentheses skipped.
fn operand<'a>(ahead: &mut Lexer<'a>) -> Option<Token<'a>> {
    loop {
        match ahead.next()? {
            Token::Open | Token::Operator(b'-' | b'~' | b'!') | Token::Word(K::Prefix) => {}
            token => return Some(token),
        }
    }
}

/// `'a'='a`: a short string compared with another, read behind its first quote.
fn quoted_equality(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let mut token = ahead.next();
    // Quotes are doubled inside of strings: `(""a""=""a"`.
    while let Some(Token::Quote(_)) = token
        && matches!(
            ahead.clone().next(),
            Some(Token::Name(_) | Token::Number(_))
        )
    {
        token = ahead.next();
    }
    for _ in 0..3 {
        match token {
            Some(Token::Quote(_)) => break,
            Some(Token::Name(_) | Token::Number(_) | Token::Word(_)) => token = ahead.next(),
            _ => return false,
        }
    }
    let mut compare = ahead.next();
    if let Some(Token::Quote(_)) = compare {
        compare = ahead.next();
    }
    let compared = match compare {
        Some(Token::Compare { equal }) => equal || context.is_broken(),
        Some(Token::Word(K::CompareWord)) => true,
        _ => false,
    };
    let mut right = operand(&mut ahead);
    // A national string's `n`, and `is not distinct from`.
    while let Some(Token::Name(b"n" | b"N") | Token::Word(K::All | K::From)) = right {
        right = ahead.next();
    }
    compared && matches!(right, Some(Token::Quote(_)))
}

/// `if(1=1`, `elt(4=4`: a call whose condition is constant.
pub(super) fn conditional_call(mut ahead: Lexer<'_>) -> bool {
    let opened = ahead.next() == Some(Token::Open);
    let number = |token| matches!(token, Some(Token::Number(_)));
    opened
        && number(operand(&mut ahead))
        && matches!(ahead.next(), Some(Token::Compare { .. }))
        && number(operand(&mut ahead))
        // In program code, what follows is the parenthesis: `if (0 == 1)`.
        && ahead.next() != Some(Token::Close)
}
