//! Further statements behind `;`.

use super::super::context::Context;
use super::super::keyword::Keyword as K;
use super::super::lexer::{Lexer, Token};
use super::condition::conditional_call;
use super::select::column_list;
use super::statement::next_is;

/// A second statement behind `;`.
pub(super) fn stacked(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let opened = context.is_broken() || context.names <= 1;
    let statement = match ahead.next() {
        Some(Token::Word(K::Select)) => column_list(ahead),
        Some(Token::Word(K::Change)) => match ahead.next() {
            Some(Token::Word(K::Object | K::Into | K::From)) => true,
            Some(Token::Word(K::Condition)) => {
                matches!(ahead.next(), Some(Token::Word(K::Call)))
            }
            // `create extension x`, `create trigger t after ..`, `drop role r`.
            Some(Token::Name(name))
                if is(
                    name,
                    &[
                        b"extension",
                        b"trigger",
                        b"role",
                        b"index",
                        b"tablespace",
                        b"system",
                    ],
                ) && follows_constant(context) =>
            {
                matches!(ahead.next(), Some(Token::Name(_) | Token::Word(_)))
            }
            // `create temp table t`.
            Some(Token::Name(name)) if is(name, &[b"temp", b"temporary", b"unlogged"]) => {
                next_is(ahead, K::Object)
            }
            Some(Token::Name(_)) => next_is(ahead, K::Joint) || next_is(ahead, K::Limit),
            _ => false,
        },
        Some(Token::Word(K::Exec)) => {
            let argument = ahead.next();
            matches!(
                argument,
                Some(Token::Variable { .. } | Token::Open | Token::Comment { .. })
            ) || matches!(argument, Some(Token::Word(K::Escape | K::Catalogue)))
                || argument.is_none()
        }
        Some(Token::Word(K::ConditionalCall)) => conditional_call(ahead),
        Some(Token::Open) => next_is(ahead, K::Select),
        Some(Token::Name(verb)) => copies(verb, ahead) || administers(verb, context, ahead),
        Some(Token::Word(word)) => continues(word, context, ahead),
        _ => false,
    };
    opened && statement
}

/// Whether a value ends right before the `;`, with hardly a word in front of it.
fn follows_constant(context: &Context<'_>) -> bool {
    let constant = matches!(
        context.before,
        Some(Token::Quote(_) | Token::Number(_) | Token::Close)
    );
    constant && context.all_names <= 1
}

/// Whether the statement, or the text, ends here.
fn ends(token: Option<Token<'_>>) -> bool {
    matches!(token, None | Some(Token::Semicolon | Token::Comment { .. }))
}

/// Statements that start with a word of the grammar: `grant all on t to u`, `set role x`, `values(1)`,
/// `table users`, `replace into t`.
fn continues(word: K, context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    if !follows_constant(context) {
        return false;
    }
    let second = ahead.next();
    match (word, second) {
        (K::Grant, Some(Token::Name(_) | Token::Word(_))) => {
            ahead.take(8).any(|token| token == Token::Word(K::Joint))
        }
        (K::Joint, Some(Token::Variable { .. } | Token::Word(K::ServerVariable))) => true,
        (K::Joint, Some(Token::Open)) => {
            matches!(ahead.next(), Some(Token::Number(_) | Token::Quote(_)))
        }
        (K::Joint, Some(Token::Name(name))) => is(
            name,
            &[b"role", b"session", b"local", b"names", b"password"],
        ),
        (K::Object, Some(Token::Name(_) | Token::Word(K::Catalogue))) => ends(ahead.next()),
        (K::Call, Some(Token::Word(K::Into))) => true,
        (K::Begin, Some(Token::Word(K::Escape))) => true,
        _ => false,
    }
}

/// Statements that ask for or change what the server is made of: `show tables`, `describe users`, `with
/// x as (select ..`, `explain select 1`, `lock tables t`, `vacuum into 'x'`, `do $$ begin`, `kill 5`.
fn administers(verb: &[u8], context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    if !follows_constant(context) {
        return false;
    }
    let second = ahead.next();
    let named = |names: &[&[u8]]| matches!(second, Some(Token::Name(name)) if is(name, names));
    match second {
        Some(Token::Name(name)) if is(verb, &[b"do"]) => name.starts_with(b"$"),
        _ if is(verb, &[b"show"]) => {
            named(&[
                b"tables",
                b"databases",
                b"columns",
                b"grants",
                b"variables",
                b"schemas",
                b"processlist",
                b"server_version",
            ]) && !matches!(ahead.next(), Some(Token::Other | Token::Comma))
        }
        Some(Token::Name(_) | Token::Word(_))
            if is(
                verb,
                &[
                    b"describe",
                    b"desc",
                    b"use",
                    b"listen",
                    b"reset",
                    b"deallocate",
                ],
            ) =>
        {
            ends(ahead.next())
        }
        Some(Token::Name(_)) if is(verb, &[b"with"]) => {
            ahead.next() == Some(Token::Word(K::Joint)) && ahead.next() == Some(Token::Open)
        }
        Some(Token::Word(word)) if is(verb, &[b"explain", b"detach", b"rename", b"refresh"]) => {
            matches!(word, K::Select | K::Change | K::Object | K::Analyse)
        }
        Some(Token::Word(K::Into)) => is(verb, &[b"vacuum", b"replace", b"upsert"]),
        Some(Token::Number(_)) if is(verb, &[b"kill"]) => ends(ahead.next()),
        None | Some(Token::Semicolon | Token::Comment { .. }) => is(
            verb,
            &[
                b"analyze",
                b"vacuum",
                b"reconfigure",
                b"rollback",
                b"commit",
                b"checkpoint",
            ],
        ),
        _ if is(verb, &[b"revoke"]) => ahead
            .take(8)
            .any(|token| token == Token::Word(K::Joint) || token == Token::Word(K::From)),
        _ if is(verb, &[b"lock", b"unlock", b"flush"]) => {
            named(&[b"tables", b"privileges", b"logs"]) || second == Some(Token::Word(K::Object))
        }
        _ if is(verb, &[b"dbcc", b"notify"]) => {
            matches!(second, Some(Token::Name(_) | Token::Word(_)))
        }
        _ => false,
    }
}

/// Whether a word is one of these, whatever its case.
fn is(word: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(word))
}

/// `copy t to program 'id'`, `copy t from '/etc/passwd'`; `merge into t using u`; `attach database 'x' as
/// y`, `handler t open`, `load data infile 'x'`, `prepare s from 'x'`, `rename table t to u`, `pragma f(t)`,
/// `do sleep(5)`.
fn copies(verb: &[u8], mut ahead: Lexer<'_>) -> bool {
    let named = |token: Option<Token<'_>>, names: &[&[u8]]| matches!(token, Some(Token::Name(name)) if is(name, names));
    if is(verb, &[b"attach", b"rename"]) {
        return next_is(ahead, K::Object);
    }
    if is(verb, &[b"handler"]) {
        return ahead.next().is_some() && named(ahead.next(), &[b"open", b"read", b"close"]);
    }
    if is(verb, &[b"load"]) {
        return named(ahead.next(), &[b"data", b"xml", b"csv"]);
    }
    if is(verb, &[b"prepare"]) {
        return ahead.next().is_some() && ahead.next() == Some(Token::Word(K::From));
    }
    if is(verb, &[b"pragma"]) {
        return matches!(ahead.next(), Some(Token::Name(_)))
            && matches!(ahead.next(), Some(Token::Open | Token::Compare { .. }));
    }
    if is(verb, &[b"do"]) {
        return next_is(ahead, K::DangerousCall);
    }
    if is(verb, &[b"merge"]) {
        let using = |token| named(Some(token), &[b"using"]);
        return next_is(ahead, K::Into) && ahead.skip(1).take(4).any(using);
    }
    if !is(verb, &[b"copy"]) {
        return false;
    }
    // The table, or a query in parentheses; then where it goes or comes from.
    let mut outside = false;
    for token in ahead.by_ref().take(24) {
        match token {
            Token::Quote(_) if outside => return true,
            // PostgreSQL's `$q$id$q$`.
            Token::Name(name) if outside && name.starts_with(b"$") => return true,
            Token::Word(K::From) => outside = true,
            Token::Name(name) => {
                outside = is(name, &[b"program", b"to"]);
            }
            Token::Semicolon => return false,
            _ => outside = false,
        }
    }
    false
}
