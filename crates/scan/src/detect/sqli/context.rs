//! What was seen so far: for the grammar, and to decide whether libinjection is asked.

use super::keyword::Keyword as K;
use super::lexer::{Lexer, Token};

/// What was seen before the token in hand.
#[derive(Debug, Default)]
pub(super) struct Context<'a> {
    /// The last token.
    pub(super) before: Option<Token<'a>>,
    /// The last token that is no opening parenthesis.
    pub(super) before_open: Option<Token<'a>>,
    /// Names since the last quote: prose has many of them in a row.
    pub(super) names: usize,
    /// Names in all.
    pub(super) all_names: usize,
    /// Whether a `select` was seen.
    pub(super) selects: bool,
    /// Single and double quotes so far.
    quotes: [usize; 2],
    /// Open parentheses; negative when more were closed than opened.
    depth: isize,
    /// Comparison operators so far.
    pub(super) compares: usize,
}

impl<'a> Context<'a> {
    pub(super) fn note(&mut self, token: Token<'a>) {
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
    pub(super) fn is_broken(&self) -> bool {
        self.depth < 0 || self.has_open_quote()
    }

    /// Whether a quote is left open.
    pub(super) fn has_open_quote(&self) -> bool {
        self.quotes.iter().any(|count| count % 2 == 1)
    }

    /// Whether this may be a fragment: prose has more words in a row that are not SQL.
    pub(super) fn may_be_fragment(&self) -> bool {
        self.names <= 3
    }

    /// Whether a new expression or statement can start here from inside a value.
    pub(super) fn follows_value(&self) -> bool {
        matches!(
            self.before_open,
            None | Some(Token::Quote(_) | Token::Number(_) | Token::Close | Token::Semicolon)
                | Some(Token::Comma | Token::Compare { .. } | Token::Logic | Token::Operator(_))
                | Some(Token::Word(
                    K::Condition | K::Having | K::Select | K::Prefix | K::Boolean
                ))
                | Some(Token::Word(K::Null | K::Mode | K::By | K::Case))
        )
    }
}

/// What of SQL occurs at all, to decide whether libinjection is asked.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Something prose and identifiers do not have.
    strong: bool,
    /// Words that are English, too.
    words: bool,
    /// Numbers and punctuation that are in prose, too.
    marks: bool,
    /// Comparison and arithmetic operators.
    operators: bool,
    /// Parentheses.
    parentheses: bool,
    /// Numbers with a per cent sign: what cloth is made of.
    percentages: bool,
}

impl Signals {
    pub(super) fn note(&mut self, token: Token<'_>, before: Option<Token<'_>>, lexer: &Lexer<'_>) {
        match token {
            Token::Quote(_)
            | Token::Logic
            | Token::Comment { .. }
            | Token::Variable { double: true } => self.strong = true,
            Token::Word(K::Union | K::Select | K::Having | K::DangerousCall)
            | Token::Word(K::Escape | K::Catalogue | K::Exec) => self.strong = true,
            // Functions are words like `count` and `left` until they are called; the rest are
            // the parameters of every other URL (`view`, `time`, `user`, `mode`).
            Token::Name(_) => self.words |= lexer.peek_byte() == Some(b'('),
            Token::Word(K::Call | K::ConditionalCall | K::CharCall | K::Object) => {
                self.words |= lexer.clone().next() == Some(Token::Open);
            }
            Token::Word(K::Delay | K::Mode | K::BooleanMode) => {}
            Token::Word(_) => {
                self.words = true;
                // Two in a row are rarer in English, and need no punctuation to be SQL.
                self.strong |= matches!(before, Some(Token::Word(_)));
            }
            Token::Comma | Token::Dot | Token::Other => {}
            Token::Operator(b'%')
                if matches!(before, Some(Token::Number(_)))
                    && (lexer.peek_byte().is_none_or(|b| b == b' ' || b == b'-')
                        // `10%OFF`
                        || lexer.peek_byte().is_some_and(|b| b.is_ascii_alphabetic())
                            && matches!(lexer.clone().next(), Some(Token::Name(_)))) =>
            {
                self.percentages = true;
            }
            // A hyphen: `50%-off-(today)`.
            Token::Operator(b'-')
                if matches!(before, Some(Token::Name(_) | Token::Operator(b'%')))
                    && lexer
                        .peek_byte()
                        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'(') => {}
            Token::Compare { .. } | Token::Operator(_) => {
                (self.operators, self.marks) = (true, true);
            }
            Token::Open | Token::Close => (self.parentheses, self.marks) = (true, true),
            _ => self.marks = true,
        }
    }

    pub(super) fn are_suspicious(&self) -> bool {
        let plain = self.percentages && !self.operators && !self.parentheses;
        self.strong || (self.words && self.marks && !plain) || (self.operators && self.parentheses)
    }
}
