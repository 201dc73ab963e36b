//! `select` where a value was.

use super::super::context::Context;
use super::super::keyword::Keyword as K;
use super::super::lexer::{Lexer, Token};

/// `union [all] [(] select` and a column list, or nothing but that.
pub(super) fn union_select(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    loop {
        match ahead.next() {
            // A form's space that nobody decoded is an operator here.
            Some(Token::Word(K::All) | Token::Open | Token::Operator(b'+')) => {}
            // The two words alone are a probe; with more behind them they may be English.
            Some(Token::Word(K::Select)) => {
                let alone = ahead.clone().next().is_none() && context.all_names == 0;
                return alone || column_list(ahead);
            }
            // `union table users`, `union values(1)`: select by another name, where a value was.
            Some(Token::Word(K::Object)) if follows_constant(context) => {
                return matches!(
                    ahead.next(),
                    Some(Token::Name(_) | Token::Word(K::Catalogue))
                );
            }
            Some(Token::Word(K::Joint)) if follows_constant(context) => {
                return ahead.next() == Some(Token::Open)
                    && matches!(
                        ahead.next(),
                        Some(Token::Number(_) | Token::Quote(_) | Token::Word(K::Null | K::Call))
                    );
            }
            _ => return false,
        }
    }
}

/// Whether a value ends right before, with hardly a word in front of it.
fn follows_constant(context: &Context<'_>) -> bool {
    let constant = matches!(
        context.before,
        Some(Token::Quote(_) | Token::Number(_) | Token::Close)
    );
    constant && context.all_names <= 1
}

/// What follows a `select` in SQL and not in English.
pub(super) fn column_list(mut ahead: Lexer<'_>) -> bool {
    loop {
        return match ahead.next() {
            Some(Token::Word(K::All) | Token::Operator(b'-' | b'~' | b'+') | Token::Open) => {
                continue;
            }
            Some(
                Token::Number(_) | Token::Quote(_) | Token::Variable { .. } | Token::Operator(b'*'),
            ) => true,
            Some(Token::Word(K::Null | K::Boolean | K::Case | K::Select | K::Escape)) => true,
            Some(Token::Word(K::Top)) => {
                matches!(ahead.next(), Some(Token::Number(_) | Token::Open))
            }
            Some(Token::Word(_)) => matches!(ahead.next(), Some(Token::Open | Token::Comma)),
            Some(Token::Name(_)) => column_name(ahead),
            _ => false,
        };
    }
}

/// What follows the name of a column.
fn column_name(mut ahead: Lexer<'_>) -> bool {
    match ahead.next() {
        Some(Token::Dot) => {
            ahead.next();
            column_name(ahead)
        }
        Some(Token::Comma) => matches!(
            ahead.next(),
            Some(Token::Name(_) | Token::Word(_) | Token::Number(_) | Token::Quote(_))
        ),
        Some(Token::Open | Token::Logic | Token::Word(K::From)) => true,
        Some(Token::Comment { last }) => last,
        _ => false,
    }
}

/// A `select` where a value was: behind `(`, `)` or `;`, with the context of an expression.
pub(super) fn subquery(context: &Context<'_>, ahead: Lexer<'_>) -> bool {
    match context.before {
        Some(Token::Open) => {
            // `ascii(substring((select ..` as the value itself.
            let called = matches!(
                context.before_open,
                Some(Token::Word(K::Call | K::CharCall))
            ) && context.all_names == 0
                && !context.selects;
            (context.follows_value() || called) && column_list(ahead)
        }
        Some(Token::Semicolon | Token::Close) => {
            (context.is_broken() || context.names <= 1) && column_list(ahead)
        }
        _ => false,
    }
}
