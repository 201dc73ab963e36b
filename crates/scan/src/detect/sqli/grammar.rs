//! Phrases of SQL that only an injected fragment has, over the tokens of [`Lexer`].
//!
//! Every rule starts at an anchor word and looks a few tokens ahead, so the whole is linear. What
//! tells a fragment from prose or from a statement that is quoted as a whole is kept in
//! [`Context`]: how it began, which quotes and parentheses are left open, how many words that mean
//! nothing to SQL came before.

mod condition;
mod select;
mod stacked;
mod statement;

use super::context::{Context, Signals};
use super::keyword::Keyword as K;
use super::lexer::{Lexer, Token};
use condition::{conditional_call, constant_condition, constant_in_parentheses, short_condition};
use select::{subquery, union_select};
use stacked::stacked;
use statement::{
    boolean_mode, counted_call, cut_off, dangerous_call, escape, execute, from_catalogue, grant,
    into_file, limit, next_is, null_list, order_by, server_variable, spelled_text, waitfor,
};

/// The rule that a text breaks, or whether it holds anything of SQL at all.
pub(super) enum Verdict {
    /// An injection, by the name of the rule, and where it starts.
    Hit(&'static str, usize),
    /// Nothing of ours, but enough SQL for a second opinion.
    Suspicious,
    /// Nothing that a SQL detector could object to.
    Clean,
}

/// Reads the whole text.
pub(super) fn judge(text: &[u8]) -> Verdict {
    let mut context = Context::default();
    let mut lexer = Lexer::new(text);
    let mut signals = Signals::default();
    loop {
        let start = text.len().saturating_sub(lexer.left());
        let Some(token) = lexer.next() else { break };
        if is_apostrophe(token, &context, &lexer) {
            continue;
        }
        if let Some(rule) = anchored(token, &context, lexer)
            && !(rule == "sql-tautology" && is_explained(text, &context))
        {
            return Verdict::Hit(rule, start);
        }
        signals.note(token, context.before, &lexer);
        context.note(token);
    }
    if signals.are_suspicious() || lexer.skipped_comment() {
        Verdict::Suspicious
    } else {
        Verdict::Clean
    }
}

/// Whether a sentence is about a condition that breaks out of nothing: `1=1 is a tautology, and 1=2 is
/// none`. What stands behind a comment's mark is no sentence of the text.
fn is_explained(text: &[u8], context: &Context<'_>) -> bool {
    let mark = text
        .windows(2)
        .position(|pair| matches!(pair, b"--" | b"/*" | [b'#', _]));
    let said = mark.and_then(|at| text.get(..at)).unwrap_or(text);
    !context.is_broken() && crate::text::has_sentence(said, 5)
}

/// An apostrophe inside a word is English (`O'Brien`), unless a keyword follows (`admin'or 1`).
fn is_apostrophe(token: Token<'_>, context: &Context<'_>, lexer: &Lexer<'_>) -> bool {
    token == Token::Quote(b'\'')
        && matches!(context.before, Some(Token::Name(_)))
        && lexer
            .peek_byte()
            .is_some_and(|b| b.is_ascii_alphabetic() || b >= 0x80)
        && matches!(lexer.clone().next(), Some(Token::Name(_)))
}

/// The rule that starts at this token, if one matches.
fn anchored<'a>(token: Token<'a>, context: &Context<'a>, ahead: Lexer<'a>) -> Option<&'static str> {
    if !context.may_be_fragment() {
        return None;
    }
    let hit = |matched: bool, rule: &'static str| matched.then_some(rule);
    match token {
        Token::Word(K::Union) => hit(union_select(context, ahead), "sql-union"),
        Token::Word(K::Select) => hit(subquery(context, ahead), "sql-subquery"),
        Token::Word(K::Condition | K::Having) | Token::Logic => {
            let constant =
                constant_condition(token, context, ahead) || short_condition(token, context, ahead);
            hit(constant, "sql-tautology")
        }
        Token::Word(K::ConditionalCall) => hit(conditional_call(ahead), "sql-tautology"),
        Token::Word(K::Grant) => hit(grant(context, ahead), "sql-grant"),
        Token::Operator(b'+' | b'-') => hit(counted_call(context, ahead), "sql-arithmetic"),
        Token::Word(K::DangerousCall) => hit(dangerous_call(context, ahead), "sql-call"),
        Token::Word(K::CharCall) => hit(spelled_text(ahead), "sql-spelled-text"),
        Token::Word(K::Escape) => hit(escape(context, ahead), "sql-procedure"),
        Token::Word(K::Exec) => hit(execute(context, ahead), "sql-procedure"),
        Token::Variable { double: true } => hit(server_variable(ahead), "sql-server-variable"),
        Token::Word(K::From) => hit(from_catalogue(context, ahead), "sql-catalogue"),
        Token::Word(K::Waitfor) => hit(waitfor(ahead), "sql-call"),
        Token::Word(K::OrderGroup) => hit(order_by(context, ahead), "sql-order-by"),
        Token::Word(K::Into) => hit(into_file(ahead), "sql-file"),
        Token::Word(K::Limit) => hit(limit(context, ahead), "sql-break-out"),
        Token::Word(K::Procedure) => hit(next_is(ahead, K::Analyse), "sql-procedure"),
        Token::Word(K::Joint) => hit(boolean_mode(context, ahead), "sql-break-out"),
        Token::Open => hit(constant_in_parentheses(context, ahead), "sql-tautology"),
        Token::Semicolon => hit(stacked(context, ahead), "sql-stacked"),
        Token::Comma => hit(null_list(context, ahead), "sql-null-list"),
        Token::Comment { last: true } => hit(cut_off(context), "sql-cut-off"),
        _ => None,
    }
}
