//! Calls, clauses and further statements.

use super::super::context::Context;
use super::super::keyword::Keyword as K;
use super::super::lexer::{Lexer, Token};

/// A dangerous function where an expression can be: `and sleep(5)`, `; pg_sleep(5)`, `(benchmark(`.
pub(super) fn dangerous_call(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let called = ahead.next() == Some(Token::Open);
    if is_shape(ahead) {
        return false;
    }
    let argument = ahead.next();
    let placed = match context.before {
        // A sentence about the function starts with it, too.
        None => !crate::text::has_sentence(ahead.rest(), 3),
        // Code calls `sleep` as well: there nothing is broken open, and words came before.
        Some(Token::Semicolon | Token::Open | Token::Close) => {
            context.is_broken() || context.names == 0
        }
        Some(Token::Dot) => matches!(context.before_open, Some(Token::Word(K::Escape))),
        _ => context.follows_value(),
    };
    called && placed && !matches!(argument, None | Some(Token::Close | Token::Semicolon))
}

/// `0 0, 1 1`, `(10 -40), (..`: the points of a shape, which geography writes as calls.
fn is_shape(mut ahead: Lexer<'_>) -> bool {
    let mut next = || {
        let mut token = ahead.next();
        while matches!(token, Some(Token::Open | Token::Operator(b'-'))) {
            token = ahead.next();
        }
        token
    };
    matches!(next(), Some(Token::Number(_)))
        && matches!(next(), Some(Token::Number(_)))
        && matches!(next(), Some(Token::Comma | Token::Close))
}

/// `char(65)||char(66)`, `chr(65)+chr(66)`: a text spelled out to avoid quotes.
pub(super) fn spelled_text(mut ahead: Lexer<'_>) -> bool {
    let call = |ahead: &mut Lexer<'_>| {
        ahead.next() == Some(Token::Open)
            && matches!(ahead.next(), Some(Token::Number(_)))
            && ahead.next() == Some(Token::Close)
    };
    call(&mut ahead)
        && matches!(
            ahead.next(),
            Some(Token::Logic | Token::Operator(b'+') | Token::Comma)
        )
        && ahead.next() == Some(Token::Word(K::CharCall))
        && call(&mut ahead)
}

/// A procedure or package that reaches out, where it is called and not talked about.
pub(super) fn escape(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let called = matches!(context.before, Some(Token::Word(K::Exec)))
        || (context.before == Some(Token::Dot) && context.names <= 2);
    // `dbms_lock.sleep(50)`: the package and its procedure.
    let member = ahead.next() == Some(Token::Dot) && ahead.nth(1) == Some(Token::Open);
    if member && context.may_be_fragment() {
        return true;
    }
    let used = context.before.is_some() && context.follows_value();
    called || (used && (context.is_broken() || context.names <= 1))
}

/// `exec xp_..`, `exec(@s)`, `declare @s` at the start of a value or statement.
pub(super) fn execute(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let starts = matches!(
        context.before,
        None | Some(Token::Semicolon | Token::Quote(_) | Token::Word(K::Begin))
    );
    if context.before != Some(Token::Dot)
        && ahead.clone().next() == Some(Token::Open)
        && matches!(ahead.clone().nth(1), Some(Token::Variable { .. }))
    {
        return true;
    }
    let argument = match ahead.next() {
        Some(Token::Open) => ahead.next(),
        argument => argument,
    };
    starts
        && match argument {
            Some(Token::Variable { .. }) => true,
            // `execute immediate 'sel' || 'ect'`.
            Some(Token::Name(name)) if name.eq_ignore_ascii_case(b"immediate") => {
                matches!(ahead.next(), Some(Token::Quote(_)))
            }
            Some(Token::Name(name)) => name
                .get(..3)
                .is_some_and(|p| p.eq_ignore_ascii_case(b"sp_") || p == b"xp_"),
            _ => false,
        }
}

/// `@@version`.
pub(super) fn server_variable(mut ahead: Lexer<'_>) -> bool {
    match ahead.next() {
        Some(Token::Word(keyword)) => matches!(keyword, K::ServerVariable | K::Call),
        // People misspell what they probe for: `@@servernamee`.
        Some(Token::Name(name)) => name.get(..6).is_some_and(|head| {
            head.eq_ignore_ascii_case(b"server") || head.eq_ignore_ascii_case(b"micros")
        }),
        _ => false,
    }
}

/// `from information_schema`, `from mysql.user`, `select .. from dual`.
pub(super) fn from_catalogue(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    match ahead.next() {
        Some(Token::Word(K::Catalogue)) => context.names <= 2,
        Some(Token::Word(K::Product)) => ahead.next() == Some(Token::Dot),
        Some(Token::Word(K::Dual)) => context.selects,
        _ => false,
    }
}

/// `waitfor delay '0:0:5'`.
pub(super) fn waitfor(mut ahead: Lexer<'_>) -> bool {
    ahead.next() == Some(Token::Word(K::Delay)) && matches!(ahead.next(), Some(Token::Quote(_)))
}

/// `order by 3--`, `group by x having 1=1` behind something that was broken open.
pub(super) fn order_by(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let by = ahead.next() == Some(Token::Word(K::By));
    let column = ahead.next();
    let opened = context.is_broken()
        || matches!(context.before, Some(Token::Number(_)))
        || matches!(context.before, None | Some(Token::Operator(b'+')));
    let end = ahead.next();
    by && opened
        && context.names <= 1
        && matches!(column, Some(Token::Number(_)))
        && match end {
            Some(Token::Comment { .. }) => true,
            None | Some(Token::Comma) => context.before.is_some(),
            _ => false,
        }
}

/// `create user x identified by`, `grant connect to`, `backup database x to disk`, `bulk insert`.
pub(super) fn grant(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let starts = matches!(
        context.before,
        None | Some(Token::Semicolon | Token::Quote(_))
    );
    match (context.before, ahead.next()) {
        (Some(Token::Name(_)), Some(Token::Word(K::By))) => {
            context.all_names <= 3 && !matches!(ahead.next(), None | Some(Token::Other))
        }
        (_, Some(Token::Word(K::Object | K::Change))) => {
            starts
                && matches!(ahead.next(), Some(Token::Name(_) | Token::Word(_)))
                && matches!(ahead.next(), Some(Token::Name(_) | Token::Word(K::From)))
        }
        (_, Some(Token::Name(_))) => {
            starts
                && matches!(ahead.next(), Some(Token::Name(b"to" | b"TO")))
                && matches!(ahead.next(), Some(Token::Name(_)))
                && matches!(
                    ahead.next(),
                    None | Some(Token::Semicolon | Token::Comment { .. })
                )
        }
        _ => false,
    }
}

/// `123+len(1234)-len(123)`: arithmetic with the length of constants, to see it evaluated.
pub(super) fn counted_call(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    matches!(context.before, Some(Token::Number(_)))
        && context.all_names == 0
        && matches!(ahead.next(), Some(Token::Word(K::Call)))
        && ahead.next() == Some(Token::Open)
        && matches!(ahead.next(), Some(Token::Number(_) | Token::Quote(_)))
}

/// `limit 0,1--`, `' limit 1 offset 2#`: the rest of the statement is cut off.
pub(super) fn limit(context: &Context<'_>, ahead: Lexer<'_>) -> bool {
    let opened = context.before.is_none() || context.is_broken();
    for (read, token) in ahead.enumerate() {
        match token {
            Token::Comment { .. } => return opened && read > 0 && context.all_names == 0,
            Token::Number(_) | Token::Comma | Token::Word(K::Joint) if read < 5 => {}
            _ => return false,
        }
    }
    false
}

/// `into outfile '/tmp/x'`.
pub(super) fn into_file(mut ahead: Lexer<'_>) -> bool {
    next_is(ahead, K::Outfile) && {
        ahead.next();
        matches!(ahead.next(), Some(Token::Quote(_) | Token::Number(_)))
    }
}

pub(super) fn next_is(mut ahead: Lexer<'_>, keyword: K) -> bool {
    ahead.next() == Some(Token::Word(keyword))
}

/// `' in boolean mode)`: out of MySQL's full-text search.
pub(super) fn boolean_mode(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    context.is_broken()
        && matches!(context.before, Some(Token::Quote(_)))
        && ahead.next() == Some(Token::Word(K::BooleanMode))
        && ahead.next() == Some(Token::Word(K::Mode))
        && ahead.next() == Some(Token::Close)
}

/// `),NULL,NULL,NULL`: columns counted with nulls.
pub(super) fn null_list(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let null = Some(Token::Word(K::Null));
    context.is_broken()
        && matches!(context.before, Some(Token::Close | Token::Quote(_)))
        && ahead.next() == null
        && matches!(ahead.next(), Some(Token::Comma | Token::Close))
}

/// `admin' --`, `1) #`: the rest of the statement is cut off. A password may end in `)#`, too.
pub(super) fn cut_off(context: &Context<'_>) -> bool {
    let most = if context.has_open_quote() { 2 } else { 0 };
    context.is_broken()
        && context.all_names <= most
        && matches!(context.before, Some(Token::Quote(_) | Token::Close))
}
