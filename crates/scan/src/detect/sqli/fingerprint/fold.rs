//! Folding: neighbours that mean one thing become one token, until five are left.
//!
//! The rules and their order are libinjection's, for its fingerprints are of texts that were folded so.
//! The window has room for the five tokens and for the one that decides about the fifth.

use super::lexer::Lexer;
use super::packing::MAX_TOKENS;
use super::{Kind as K, Token, table};

/// What a text comes to.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    window: Window<'a>,
    /// Tokens read for it.
    pub(super) read: usize,
    /// Whether MySQL reads a comment in it otherwise.
    pub(super) is_other_to_mysql: bool,
    evil: bool,
}

impl<'a> Folded<'a> {
    /// The tokens that are left.
    pub(super) fn tokens(&self) -> &[Token<'a>] {
        self.window
            .tokens
            .get(..self.window.length)
            .unwrap_or_default()
    }

    /// The letters of their kinds.
    pub(super) fn print(&self) -> Print {
        let mut print = Print::default();
        if self.evil {
            print.push(K::Evil);
        } else {
            self.tokens()
                .iter()
                .for_each(|token| print.push(token.kind));
        }
        print
    }
}

/// A fingerprint: at most [`MAX_TOKENS`] letters.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Print {
    letters: [u8; MAX_TOKENS],
    length: usize,
}

impl Print {
    fn push(&mut self, kind: K) {
        if let Some(slot) = self.letters.get_mut(self.length) {
            *slot = kind as u8;
            self.length = self.length.saturating_add(1);
        }
    }
}

impl core::ops::Deref for Print {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.letters.get(..self.length).unwrap_or_default()
    }
}

/// The tokens in hand. `length` of them are there, `left` are done with.
#[derive(Debug)]
struct Window<'a> {
    tokens: [Token<'a>; MAX_TOKENS + 1],
    length: usize,
    left: usize,
}

/// What a rule did.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// The window has changed: begin again.
    Again,
    /// No rule fits: go on with the next.
    On,
    /// The text is an attack whatever follows.
    Evil,
}

/// Reads as many tokens as the fingerprint takes.
pub(super) fn fold(mut lexer: Lexer<'_>) -> Folded<'_> {
    let mut window = Window {
        tokens: [Token::new(K::Unknown, b""); MAX_TOKENS + 1],
        length: 0,
        left: 0,
    };
    let mut evil = false;
    // What may stand before any value says nothing about it.
    let skipped = |token: &Token<'_>| {
        matches!(token.kind, K::Comment | K::Open | K::Type) || token.is_unary()
    };
    if let Some(first) = lexer.find(|token| !skipped(token)) {
        window.push(first);
        let mut comment = None;
        evil = window.run(&mut lexer, &mut comment);
        if !evil && window.length < MAX_TOKENS {
            comment.into_iter().for_each(|token| window.push(token));
        }
        window.length = window.length.min(MAX_TOKENS);
        window.end_with_back_quote();
    }
    let letters = window.tokens.get(..window.length).unwrap_or_default();
    evil |= letters.iter().any(|token| token.kind == K::Evil);
    Folded {
        window,
        read: lexer.read,
        is_other_to_mysql: lexer.is_other_to_mysql,
        evil,
    }
}

impl<'a> Window<'a> {
    fn push(&mut self, token: Token<'a>) {
        if let Some(slot) = self.tokens.get_mut(self.length) {
            *slot = token;
            self.length = self.length.saturating_add(1);
        }
    }

    /// The token so many behind those that are done with.
    fn at(&self, offset: usize) -> Token<'a> {
        let token = self.tokens.get(self.left.saturating_add(offset));
        token.copied().unwrap_or(Token::new(K::Unknown, b""))
    }

    fn set(&mut self, offset: usize, token: Token<'a>) {
        if let Some(slot) = self.tokens.get_mut(self.left.saturating_add(offset)) {
            *slot = token;
        }
    }

    fn become_kind(&mut self, offset: usize, kind: K) {
        self.set(
            offset,
            Token {
                kind,
                ..self.at(offset)
            },
        );
    }

    /// Takes tokens off the end, and begins at the first again.
    fn drop(&mut self, count: usize) -> Step {
        self.left = 0;
        self.drop_here(count)
    }

    /// Takes tokens off the end, and begins where it is.
    fn drop_here(&mut self, count: usize) -> Step {
        self.length = self.length.saturating_sub(count);
        Step::Again
    }

    /// Folds until five tokens are done with or the text ends; whether it is evil by itself.
    fn run(&mut self, lexer: &mut Lexer<'a>, comment: &mut Option<Token<'a>>) -> bool {
        let mut more = true;
        loop {
            if self.length >= MAX_TOKENS {
                self.shorten();
            }
            if !more || self.left >= MAX_TOKENS {
                return false;
            }
            for (wanted, rule) in [
                (2, Self::pair as fn(&mut Self) -> Step),
                (3, Self::triple as fn(&mut Self) -> Step),
            ] {
                while more
                    && self.length <= MAX_TOKENS
                    && self.length.saturating_sub(self.left) < wanted
                {
                    match lexer.next() {
                        Some(token) if token.kind == K::Comment => *comment = Some(token),
                        Some(token) => {
                            *comment = None;
                            self.push(token);
                        }
                        None => more = false,
                    }
                }
                if self.length.saturating_sub(self.left) < wanted {
                    self.left = self.length;
                    break;
                }
                match rule(self) {
                    Step::Evil => return true,
                    Step::Again => break,
                    // Neither of the rules: one more token is done with.
                    Step::On if wanted == 3 => self.left = self.left.saturating_add(1),
                    Step::On => {}
                }
            }
        }
    }

    /// Five tokens that are a value in all: `1,(2)`, `a+(b)`, `1),(2`, `a)+(b`.
    fn shorten(&mut self) {
        let [a, b, c, d, e, sixth] = self.tokens;
        let value = match [a.kind, b.kind, c.kind, d.kind, e.kind] {
            [
                K::Number,
                K::Operator | K::Comma,
                K::Open,
                K::Number,
                K::Close,
            ] => true,
            [
                K::Bareword,
                K::Operator,
                K::Open,
                K::Bareword | K::Number,
                K::Close,
            ] => true,
            [K::Number, K::Close, K::Comma, K::Open, K::Number] => true,
            [K::Bareword, K::Close, K::Operator, K::Open, K::Bareword] => true,
            _ => return,
        };
        let extra = self.length > MAX_TOKENS && value;
        (self.left, self.length) = (0, 1);
        if extra {
            self.push(sixth);
        }
    }

    /// The rules for two tokens.
    fn pair(&mut self) -> Step {
        let (first, second) = (self.at(0), self.at(1));
        match (first.kind, second.kind) {
            (K::Text, K::Text) | (K::Semicolon, K::Semicolon) => self.drop_here(1),
            (K::Operator | K::Logic, _) if second.is_unary() || second.kind == K::Type => {
                self.drop(1)
            }
            (K::Open, _) if second.is_unary() => self.join(first),
            _ if let Some(both) = merged(first, second) => self.join(both),
            (K::Semicolon, K::Function)
                if second
                    .value
                    .get(..2)
                    .is_some_and(|w| w.eq_ignore_ascii_case(b"if")) =>
            {
                self.become_kind(1, K::Statement);
                Step::Again
            }
            (K::Bareword | K::Variable, K::Open) if is_called(first) => {
                self.become_kind(0, K::Function);
                Step::Again
            }
            (K::Keyword, _) if first.is(b"in") || first.is(b"not in") => {
                let list = second.kind == K::Open;
                self.become_kind(0, if list { K::Operator } else { K::Bareword });
                Step::Again
            }
            (K::Operator, _) if first.is(b"like") || first.is(b"not like") => {
                if second.kind == K::Open {
                    self.become_kind(0, K::Function);
                }
                Step::On
            }
            (
                K::Type,
                K::Bareword | K::Number | K::Type | K::Open | K::Function | K::Variable | K::Text,
            ) => {
                self.set(0, second);
                self.drop(1)
            }
            (K::Collate, K::Bareword) => {
                // Names of collations have an underscore.
                if second.value.contains(&b'_') {
                    self.become_kind(1, K::Type);
                    self.left = 0;
                }
                Step::On
            }
            (K::Backslash, K::Operator)
                if matches!(second.value, [b'*' | b'/' | b'-' | b'+' | b'%']) =>
            {
                self.become_kind(0, K::Number);
                self.drop(0)
            }
            (K::Backslash, _) => {
                self.set(0, second);
                self.drop(1)
            }
            (K::Open, K::Open) | (K::Close, K::Close) => self.drop(1),
            (K::OpenBrace, K::Bareword) if second.value.is_empty() => Step::Evil,
            (K::OpenBrace, K::Bareword) => self.drop(2),
            (_, K::CloseBrace) => self.drop(1),
            _ => Step::On,
        }
    }

    /// Two become one, which is looked at together with the one before.
    fn join(&mut self, both: Token<'a>) -> Step {
        self.set(0, both);
        self.left = self.left.saturating_sub(1);
        self.drop_here(1)
    }

    /// The rules for three tokens.
    fn triple(&mut self) -> Step {
        let (first, second, third) = (self.at(0), self.at(1), self.at(2));
        match (first.kind, second.kind, third.kind) {
            (K::Number, K::Operator, K::Number) => self.drop(2),
            (K::Operator, between, K::Operator) if between != K::Open => self.drop(2),
            (K::Logic, _, K::Logic) => self.drop(2),
            (K::Variable, K::Operator, K::Variable | K::Number | K::Bareword) => self.drop(2),
            (K::Bareword | K::Number, K::Operator, K::Number | K::Bareword) => self.drop(2),
            (K::Bareword | K::Number | K::Variable | K::Text, K::Operator, K::Type)
                if second.value == b"::" =>
            {
                self.drop(2)
            }
            (
                K::Bareword | K::Number | K::Text | K::Variable,
                K::Comma,
                K::Number | K::Bareword | K::Text | K::Variable,
            ) => self.drop(2),
            (K::Expression | K::Group | K::Comma, _, K::Open) if second.is_unary() => {
                self.replace_second(third, 1)
            }
            (
                K::Keyword | K::Expression | K::Group,
                _,
                K::Number | K::Bareword | K::Variable | K::Text | K::Function,
            ) if second.is_unary() => self.replace_second(third, 1),
            // `1,-1`: the number before takes part, too.
            (K::Comma, _, K::Number | K::Bareword | K::Variable | K::Text) if second.is_unary() => {
                self.replace_second(third, 3)
            }
            (K::Comma, _, K::Function) if second.is_unary() => self.replace_second(third, 1),
            (K::Bareword, K::Dot, K::Bareword) => self.drop(2),
            (K::Expression, K::Dot, K::Bareword) => self.replace_second(third, 1),
            (K::Function, K::Open, after) if after != K::Close && first.is(b"user") => {
                self.become_kind(0, K::Bareword);
                Step::On
            }
            _ => Step::On,
        }
    }

    fn replace_second(&mut self, third: Token<'a>, dropped: usize) -> Step {
        self.set(1, third);
        self.drop(dropped)
    }

    /// A back quote that nothing follows is a comment to MySQL.
    fn end_with_back_quote(&mut self) {
        let last = self.length.saturating_sub(1);
        if let Some(token) = self.tokens.get_mut(last)
            && last >= 2
            && token.kind == K::Bareword
            && (token.open, token.close) == (b'`', 0)
            && token.value.is_empty()
        {
            token.kind = K::Comment;
        }
    }
}

/// Two words that the table has as one.
fn merged<'a>(first: Token<'a>, second: Token<'a>) -> Option<Token<'a>> {
    let is_word = |kind| {
        matches!(
            kind,
            K::Keyword
                | K::Bareword
                | K::Operator
                | K::Union
                | K::Function
                | K::Expression
                | K::Statement
                | K::Type
        )
    };
    if !is_word(first.kind) || !(is_word(second.kind) || second.kind == K::Logic) {
        return None;
    }
    let length = first
        .value
        .len()
        .saturating_add(second.value.len())
        .saturating_add(1);
    let mut both = [b' '; super::MAX_VALUE];
    let text = both.get_mut(..length)?;
    let (head, rest) = text.split_at_mut_checked(first.value.len())?;
    head.copy_from_slice(first.value);
    rest.get_mut(1..)?.copy_from_slice(second.value);
    let known = table::word(text)?;
    Some(Token::new(known.kind, known.text))
}

/// Names that are functions only when they are called.
fn is_called(name: Token<'_>) -> bool {
    const NAMES: [&[u8]; 11] = [
        b"user_id",
        b"user_name",
        b"database",
        b"password",
        b"user",
        b"current_user",
        b"current_date",
        b"current_time",
        b"current_timestamp",
        b"localtime",
        b"localtimestamp",
    ];
    NAMES.iter().any(|known| name.is(known))
}
