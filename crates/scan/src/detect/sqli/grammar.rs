//! Phrases of SQL that only an injected fragment has, over the tokens of [`Lexer`].
//!
//! Every rule starts at an anchor word and looks a few tokens ahead, so the whole is linear. What
//! tells a fragment from prose or from a statement that is quoted as a whole is kept in
//! [`Context`]: how it began, which quotes and parentheses are left open, how many words that mean
//! nothing to SQL came before.

use super::keyword::Keyword as K;
use super::lexer::{Lexer, Token};

/// What was seen before the token in hand.
#[derive(Debug, Default)]
struct Context<'a> {
    /// The last token.
    before: Option<Token<'a>>,
    /// The last token that is no opening parenthesis.
    before_open: Option<Token<'a>>,
    /// Names since the last quote: prose has many of them in a row.
    names: usize,
    /// Names in all.
    all_names: usize,
    /// Whether a `select` was seen.
    selects: bool,
    /// Single and double quotes so far.
    quotes: [usize; 2],
    /// Open parentheses; negative when more were closed than opened.
    depth: isize,
    /// Comparison operators so far.
    compares: usize,
}

impl<'a> Context<'a> {
    fn note(&mut self, token: Token<'a>) {
        match token {
            Token::Quote(quote) => {
                self.names = 0;
                let [single, double] = &mut self.quotes;
                match quote {
                    b'\'' => *single = single.saturating_add(1),
                    b'"' => *double = double.saturating_add(1),
                    _ => {}
                }
            }
            Token::Name(_) => {
                self.names = self.names.saturating_add(1);
                self.all_names = self.all_names.saturating_add(1);
            }
            Token::Word(K::Select) => self.selects = true,
            Token::Open => self.depth = self.depth.saturating_add(1),
            Token::Close => self.depth = self.depth.saturating_sub(1),
            Token::Compare { .. } => self.compares = self.compares.saturating_add(1),
            _ => {}
        }
        if token != Token::Open {
            self.before_open = Some(token);
        }
        self.before = Some(token);
    }

    /// Whether a quote is left open or a parenthesis closed that was never opened: the mark of a
    /// value that breaks out of the one it was put in.
    fn is_broken(&self) -> bool {
        self.depth < 0 || self.quotes.iter().any(|count| count % 2 == 1)
    }

    /// Whether this may be a fragment: prose has more words in a row that are not SQL.
    fn may_be_fragment(&self) -> bool {
        self.names <= 3
    }

    /// Whether a new expression or statement can start here from inside a value.
    fn follows_value(&self) -> bool {
        matches!(
            self.before_open,
            None | Some(Token::Quote(_) | Token::Number(_) | Token::Close | Token::Semicolon)
                | Some(Token::Comma | Token::Compare { .. } | Token::Logic | Token::Operator(_))
                | Some(Token::Word(
                    K::Condition | K::Select | K::Prefix | K::Boolean | K::Null
                ))
                | Some(Token::Word(K::Mode | K::By | K::Case))
        )
    }
}

/// The rule that a text breaks, or whether it holds anything of SQL at all.
pub(super) enum Verdict {
    /// An injection, by the name of the rule.
    Hit(&'static str),
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
    while let Some(token) = lexer.next() {
        if is_apostrophe(token, &context, &lexer) {
            continue;
        }
        if let Some(rule) = anchored(token, &context, lexer) {
            return Verdict::Hit(rule);
        }
        signals.note(token);
        context.note(token);
    }
    if signals.are_suspicious() {
        Verdict::Suspicious
    } else {
        Verdict::Clean
    }
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

/// What of SQL occurs at all, to decide whether libinjection is asked.
#[derive(Debug, Default)]
struct Signals {
    /// Something prose and identifiers do not have.
    strong: bool,
    /// Words that are English, too.
    words: bool,
    /// Numbers and punctuation that are in prose, too.
    marks: bool,
}

impl Signals {
    fn note(&mut self, token: Token<'_>) {
        match token {
            Token::Quote(_)
            | Token::Logic
            | Token::Comment { .. }
            | Token::Variable { double: true }
            | Token::Word(
                K::Union | K::Select | K::DangerousCall | K::Escape | K::Catalogue | K::Exec,
            ) => self.strong = true,
            Token::Word(_) => self.words = true,
            Token::Name(_) | Token::Close | Token::Comma | Token::Dot | Token::Other => {}
            _ => self.marks = true,
        }
    }

    fn are_suspicious(&self) -> bool {
        self.strong || (self.words && self.marks)
    }
}

/// The rule that starts at this token, if one matches.
fn anchored<'a>(token: Token<'a>, context: &Context<'a>, ahead: Lexer<'a>) -> Option<&'static str> {
    if !context.may_be_fragment() {
        return None;
    }
    let hit = |matched: bool, rule: &'static str| matched.then_some(rule);
    match token {
        Token::Word(K::Union) => hit(union_select(ahead), "sql-union"),
        Token::Word(K::Select) => hit(subquery(context, ahead), "sql-subquery"),
        Token::Word(K::Condition) | Token::Logic => {
            hit(constant_condition(context, ahead), "sql-tautology")
        }
        Token::Word(K::ConditionalCall) => hit(conditional_call(ahead), "sql-tautology"),
        Token::Word(K::DangerousCall) => hit(dangerous_call(context, ahead), "sql-call"),
        Token::Word(K::CharCall) => hit(spelled_text(ahead), "sql-spelled-text"),
        Token::Word(K::Escape) => hit(escape(context), "sql-procedure"),
        Token::Word(K::Exec) => hit(execute(context, ahead), "sql-procedure"),
        Token::Variable { double: true } => hit(server_variable(ahead), "sql-server-variable"),
        Token::Word(K::From) => hit(from_catalogue(context, ahead), "sql-catalogue"),
        Token::Word(K::Waitfor) => hit(waitfor(ahead), "sql-call"),
        Token::Word(K::OrderGroup) => hit(order_by(context, ahead), "sql-order-by"),
        Token::Word(K::Into) => hit(into_file(ahead), "sql-file"),
        Token::Word(K::Procedure) => hit(next_is(ahead, K::Analyse), "sql-procedure"),
        Token::Word(K::Joint) => hit(boolean_mode(context, ahead), "sql-break-out"),
        Token::Open => hit(constant_in_parentheses(context, ahead), "sql-tautology"),
        Token::Semicolon => hit(stacked(context, ahead), "sql-stacked"),
        Token::Comma => hit(null_list(context, ahead), "sql-null-list"),
        Token::Comment { last: true } => hit(cut_off(context), "sql-cut-off"),
        _ => None,
    }
}

/// `union [all] [(] select` and a column list.
fn union_select(mut ahead: Lexer<'_>) -> bool {
    loop {
        match ahead.next() {
            Some(Token::Word(K::All) | Token::Open) => {}
            Some(Token::Word(K::Select)) => return column_list(ahead),
            _ => return false,
        }
    }
}

/// What follows a `select` in SQL and not in English.
fn column_list(mut ahead: Lexer<'_>) -> bool {
    loop {
        return match ahead.next() {
            Some(Token::Word(K::All) | Token::Operator(b'-' | b'~') | Token::Open) => continue,
            Some(
                Token::Number(_) | Token::Quote(_) | Token::Variable { .. } | Token::Operator(b'*'),
            ) => true,
            Some(Token::Word(K::Null | K::Boolean | K::Case | K::Select | K::Escape)) => true,
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
fn subquery(context: &Context<'_>, ahead: Lexer<'_>) -> bool {
    match context.before {
        Some(Token::Open) => context.follows_value() && column_list(ahead),
        Some(Token::Semicolon | Token::Close) => {
            (context.is_broken() || context.names <= 1) && column_list(ahead)
        }
        _ => false,
    }
}

/// A condition over constants: `1=1`, `'a'='a`, `x=x`, or one that is a constant.
fn constant_condition(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let mut negated = false;
    let mut first = ahead.next();
    while let Some(Token::Word(K::Prefix) | Token::Open | Token::Operator(b'-' | b'!' | b'~')) =
        first
    {
        negated = true;
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
            matches!(
                operand(&mut ahead),
                Some(Token::Number(_) | Token::Quote(_))
            )
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

/// `(8362=9139)*9139` as the whole value.
fn constant_in_parentheses(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
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
    for _ in 0..3 {
        match token {
            Some(Token::Quote(_)) => break,
            Some(Token::Name(_) | Token::Number(_) | Token::Word(_)) => token = ahead.next(),
            _ => return false,
        }
    }
    let compared = match ahead.next() {
        Some(Token::Compare { equal }) => equal || context.is_broken(),
        Some(Token::Word(K::CompareWord)) => true,
        _ => false,
    };
    let mut right = operand(&mut ahead);
    if let Some(Token::Name(b"n" | b"N")) = right {
        right = ahead.next();
    }
    compared && matches!(right, Some(Token::Quote(_)))
}

/// `if(1=1`, `elt(4=4`: a call whose condition is constant.
fn conditional_call(mut ahead: Lexer<'_>) -> bool {
    let opened = ahead.next() == Some(Token::Open);
    let number = |token| matches!(token, Some(Token::Number(_)));
    opened
        && number(operand(&mut ahead))
        && matches!(ahead.next(), Some(Token::Compare { .. }))
        && number(operand(&mut ahead))
}

/// A dangerous function where an expression can be: `and sleep(5)`, `; pg_sleep(5)`, `(benchmark(`.
fn dangerous_call(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let called = ahead.next() == Some(Token::Open);
    let argument = ahead.next();
    let placed = match context.before {
        // Code calls `sleep` as well: there nothing is broken open, and words came before.
        None | Some(Token::Semicolon | Token::Open | Token::Close) => {
            context.is_broken() || context.names == 0
        }
        Some(Token::Dot) => matches!(context.before_open, Some(Token::Word(K::Escape))),
        _ => context.follows_value(),
    };
    called && placed && !matches!(argument, None | Some(Token::Close | Token::Semicolon))
}

/// `char(65)||char(66)`, `chr(65)+chr(66)`: a text spelled out to avoid quotes.
fn spelled_text(mut ahead: Lexer<'_>) -> bool {
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
fn escape(context: &Context<'_>) -> bool {
    let called = matches!(context.before, Some(Token::Word(K::Exec)))
        || (context.before == Some(Token::Dot) && context.names <= 2);
    let used = context.before.is_some() && context.follows_value();
    called || (used && (context.is_broken() || context.names <= 1))
}

/// `exec xp_..`, `exec(@s)`, `declare @s` at the start of a value or statement.
fn execute(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let starts = matches!(
        context.before,
        None | Some(Token::Semicolon | Token::Quote(_))
    );
    let argument = match ahead.next() {
        Some(Token::Open) => ahead.next(),
        argument => argument,
    };
    starts
        && match argument {
            Some(Token::Variable { .. }) => true,
            Some(Token::Name(name)) => name
                .get(..3)
                .is_some_and(|p| p.eq_ignore_ascii_case(b"sp_") || p == b"xp_"),
            _ => false,
        }
}

/// `@@version`.
fn server_variable(mut ahead: Lexer<'_>) -> bool {
    match ahead.next() {
        Some(Token::Word(keyword)) => matches!(keyword, K::ServerVariable | K::Call),
        // People misspell what they probe for: `@@servernamee`.
        Some(Token::Name(name)) => name
            .get(..6)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"server")),
        _ => false,
    }
}

/// `from information_schema`, `from mysql.user`, `select .. from dual`.
fn from_catalogue(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    match ahead.next() {
        Some(Token::Word(K::Catalogue)) => context.names <= 2,
        Some(Token::Word(K::Product)) => ahead.next() == Some(Token::Dot),
        Some(Token::Word(K::Dual)) => context.selects,
        _ => false,
    }
}

/// `waitfor delay '0:0:5'`.
fn waitfor(mut ahead: Lexer<'_>) -> bool {
    ahead.next() == Some(Token::Word(K::Delay)) && matches!(ahead.next(), Some(Token::Quote(_)))
}

/// `order by 3--`, `group by x having 1=1` behind something that was broken open.
fn order_by(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let by = ahead.next() == Some(Token::Word(K::By));
    let column = ahead.next();
    let opened = context.is_broken() || matches!(context.before, Some(Token::Number(_)));
    let end = ahead.next();
    by && opened
        && context.names <= 1
        && matches!(column, Some(Token::Number(_)))
        && matches!(end, None | Some(Token::Comment { .. } | Token::Comma))
}

/// `into outfile '/tmp/x'`.
fn into_file(mut ahead: Lexer<'_>) -> bool {
    next_is(ahead, K::Outfile) && {
        ahead.next();
        matches!(ahead.next(), Some(Token::Quote(_) | Token::Number(_)))
    }
}

fn next_is(mut ahead: Lexer<'_>, keyword: K) -> bool {
    ahead.next() == Some(Token::Word(keyword))
}

/// `' in boolean mode)`: out of MySQL's full-text search.
fn boolean_mode(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    context.is_broken()
        && matches!(context.before, Some(Token::Quote(_)))
        && ahead.next() == Some(Token::Word(K::BooleanMode))
        && ahead.next() == Some(Token::Word(K::Mode))
        && ahead.next() == Some(Token::Close)
}

/// A second statement behind `;`.
fn stacked(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let opened = context.is_broken() || context.names <= 1;
    let statement = match ahead.next() {
        Some(Token::Word(K::Select)) => column_list(ahead),
        Some(Token::Word(K::Change)) => match ahead.next() {
            Some(Token::Word(K::Object | K::Into | K::From)) => true,
            Some(Token::Word(K::Condition)) => {
                matches!(ahead.next(), Some(Token::Word(K::Call)))
            }
            Some(Token::Name(_)) => next_is(ahead, K::Joint),
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
        _ => false,
    };
    opened && statement
}

/// `),NULL,NULL,NULL`: columns counted with nulls.
fn null_list(context: &Context<'_>, mut ahead: Lexer<'_>) -> bool {
    let null = Some(Token::Word(K::Null));
    context.is_broken()
        && matches!(context.before, Some(Token::Close | Token::Quote(_)))
        && ahead.next() == null
        && matches!(ahead.next(), Some(Token::Comma | Token::Close))
}

/// `admin' --`, `1') #`: the rest of the statement is cut off.
fn cut_off(context: &Context<'_>) -> bool {
    context.is_broken()
        && context.all_names <= 2
        && matches!(context.before, Some(Token::Quote(_) | Token::Close))
}
