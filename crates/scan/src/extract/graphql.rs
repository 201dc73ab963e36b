//! GraphQL documents (October 2021, section 2), lexed as what they are: braces, dollars and
//! operators are grammar, and only strings and comments can carry an attack.

use crate::{Class, Field, Limits, Location, Sink, Structure};

use super::ExtractError;

/// Nesting at which the reader itself stops: it recurses.
const MAX_DEPTH: usize = 64;

/// Reads a text as an executable GraphQL document. When it is one, its strings and comments are
/// handed on, and what exceeds a limit is reported; otherwise the answer is `false` and nothing
/// was handed on.
///
/// # Errors
/// A document nested deeper than the reader follows.
pub(super) fn document(
    text: &[u8],
    limits: &Limits,
    sink: &mut impl Sink,
) -> Result<bool, ExtractError> {
    if !may_be_one(text) {
        return Ok(false);
    }
    // Once to know whether it is one, once to hand on.
    let mut nothing = |_: &[u8], _: &[u8]| {};
    let shape = match Parser::new(text, &mut nothing).document() {
        Ok(shape) => shape,
        Err(Fault::TooDeep) => return Err(ExtractError::TooDeep),
        Err(Fault::NotGraphql) => return Ok(false),
    };
    let mut hand_on = |argument: &[u8], value: &[u8]| {
        sink.field(Field::value(Location::Graphql(argument), value));
    };
    Parser::new(text, &mut hand_on).document().ok();
    for (value, limit, rule) in [
        (shape.depth, limits.graphql_depth, "graphql-depth"),
        (shape.aliases, limits.graphql_aliases, "graphql-aliases"),
        (
            shape.directives,
            limits.graphql_aliases,
            "graphql-directives",
        ),
        (shape.operations, limits.graphql_batch, "graphql-batch"),
    ] {
        if value > limit {
            let class = Class::Graphql;
            sink.structure(Structure { class, rule }, Location::Graphql(b""));
        }
    }
    Ok(true)
}

/// A cheap look at the first word.
fn may_be_one(text: &[u8]) -> bool {
    let text = text
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(text)
        .trim_ascii_start();
    [
        b"{".as_slice(),
        b"query",
        b"mutation",
        b"subscription",
        b"fragment",
        b"#",
    ]
    .iter()
    .any(|start| text.starts_with(start))
}

/// What a document asks for.
#[derive(Default)]
struct Shape {
    depth: usize,
    aliases: usize,
    directives: usize,
    operations: usize,
}

enum Fault {
    NotGraphql,
    TooDeep,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    End,
    Name(&'t [u8]),
    Number,
    String,
    Spread,
    Mark(u8),
}

struct Parser<'t, 'f> {
    text: &'t [u8],
    at: usize,
    token: Token<'t>,
    /// The argument or directive whose value is being read.
    argument: &'t [u8],
    shape: Shape,
    found: &'f mut dyn FnMut(&[u8], &[u8]),
    buffer: Vec<u8>,
}

type Read<T = ()> = Result<T, Fault>;

impl<'t, 'f> Parser<'t, 'f> {
    fn new(text: &'t [u8], found: &'f mut dyn FnMut(&[u8], &[u8])) -> Self {
        Self {
            text,
            at: 0,
            token: Token::End,
            argument: b"",
            shape: Shape::default(),
            found,
            buffer: Vec::new(),
        }
    }

    fn document(mut self) -> Read<Shape> {
        self.next()?;
        if self.token == Token::End {
            return Err(Fault::NotGraphql);
        }
        while self.token != Token::End {
            self.definition()?;
        }
        Ok(self.shape)
    }

    fn definition(&mut self) -> Read {
        match self.token {
            Token::Mark(b'{') => {}
            Token::Name(b"query" | b"mutation" | b"subscription") => {
                self.next()?;
                if let Token::Name(_) = self.token {
                    self.next()?;
                }
                self.variables()?;
                self.directives(0)?;
            }
            Token::Name(b"fragment") => {
                self.next()?;
                self.name()?;
                self.word(b"on")?;
                self.name()?;
                self.directives(0)?;
                return self.selections(1);
            }
            _ => return Err(Fault::NotGraphql),
        }
        self.shape.operations = self.shape.operations.saturating_add(1);
        self.selections(1)
    }

    fn selections(&mut self, depth: usize) -> Read {
        self.enter(depth)?;
        self.shape.depth = self.shape.depth.max(depth);
        self.mark(b'{')?;
        loop {
            match self.token {
                Token::Spread => {
                    self.next()?;
                    match self.token {
                        Token::Name(b"on") => {
                            self.next()?;
                            self.name()?;
                            self.directives(depth)?;
                            self.selections(depth.saturating_add(1))?;
                        }
                        Token::Name(_) => {
                            self.next()?;
                            self.directives(depth)?;
                        }
                        _ => {
                            self.directives(depth)?;
                            self.selections(depth.saturating_add(1))?;
                        }
                    }
                }
                _ => self.field(depth)?,
            }
            if self.token == Token::Mark(b'}') {
                return self.next();
            }
        }
    }

    fn field(&mut self, depth: usize) -> Read {
        self.name()?;
        if self.token == Token::Mark(b':') {
            self.shape.aliases = self.shape.aliases.saturating_add(1);
            self.next()?;
            self.name()?;
        }
        self.arguments(depth)?;
        self.directives(depth)?;
        if self.token == Token::Mark(b'{') {
            self.selections(depth.saturating_add(1))?;
        }
        Ok(())
    }

    fn arguments(&mut self, depth: usize) -> Read {
        if self.token != Token::Mark(b'(') {
            return Ok(());
        }
        self.next()?;
        loop {
            self.argument = self.name()?;
            self.mark(b':')?;
            self.value(depth)?;
            if self.token == Token::Mark(b')') {
                return self.next();
            }
        }
    }

    fn variables(&mut self) -> Read {
        if self.token != Token::Mark(b'(') {
            return Ok(());
        }
        self.next()?;
        loop {
            self.mark(b'$')?;
            self.argument = self.name()?;
            self.mark(b':')?;
            self.kind(1)?;
            if self.token == Token::Mark(b'=') {
                self.next()?;
                self.value(1)?;
            }
            self.directives(1)?;
            if self.token == Token::Mark(b')') {
                return self.next();
            }
        }
    }

    fn kind(&mut self, depth: usize) -> Read {
        self.enter(depth)?;
        if self.token == Token::Mark(b'[') {
            self.next()?;
            self.kind(depth.saturating_add(1))?;
            self.mark(b']')?;
        } else {
            self.name()?;
        }
        if self.token == Token::Mark(b'!') {
            self.next()?;
        }
        Ok(())
    }

    fn directives(&mut self, depth: usize) -> Read {
        while self.token == Token::Mark(b'@') {
            self.shape.directives = self.shape.directives.saturating_add(1);
            self.next()?;
            self.name()?;
            self.arguments(depth)?;
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Read {
        self.enter(depth)?;
        let inner = depth.saturating_add(1);
        match self.token {
            Token::Number | Token::String | Token::Name(_) => self.next(),
            Token::Mark(b'$') => {
                self.next()?;
                self.name().map(|_| ())
            }
            Token::Mark(b'[') => {
                self.next()?;
                while self.token != Token::Mark(b']') {
                    self.value(inner)?;
                }
                self.next()
            }
            Token::Mark(b'{') => {
                self.next()?;
                while self.token != Token::Mark(b'}') {
                    self.argument = self.name()?;
                    self.mark(b':')?;
                    self.value(inner)?;
                }
                self.next()
            }
            _ => Err(Fault::NotGraphql),
        }
    }

    fn enter(&self, depth: usize) -> Read {
        if depth > MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        Ok(())
    }

    fn name(&mut self) -> Read<&'t [u8]> {
        let Token::Name(name) = self.token else {
            return Err(Fault::NotGraphql);
        };
        self.next()?;
        Ok(name)
    }

    fn word(&mut self, word: &[u8]) -> Read {
        if self.token != Token::Name(word) {
            return Err(Fault::NotGraphql);
        }
        self.next()
    }

    fn mark(&mut self, mark: u8) -> Read {
        if self.token != Token::Mark(mark) {
            return Err(Fault::NotGraphql);
        }
        self.next()
    }

    /// Reads the next token; comments and strings are handed on here.
    fn next(&mut self) -> Read {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let (token, length) = match rest {
                [] => (Token::End, 0),
                [b' ' | b'\t' | b'\r' | b'\n' | b',', ..] => {
                    self.at = self.at.saturating_add(1);
                    continue;
                }
                [0xEF, 0xBB, 0xBF, ..] => {
                    self.at = self.at.saturating_add(3);
                    continue;
                }
                [b'#', ..] => {
                    let line = until(rest, |b| matches!(b, b'\n' | b'\r'));
                    self.at = self.at.saturating_add(line.len());
                    if let [b'#', comment @ ..] = line
                        && !comment.trim_ascii().is_empty()
                    {
                        (self.found)(b"", comment);
                    }
                    continue;
                }
                [b'.', b'.', b'.', ..] => (Token::Spread, 3),
                [b'"', b'"', b'"', block @ ..] => (Token::String, self.block(block)?),
                [b'"', line @ ..] => (Token::String, self.line(line)?),
                [b'_' | b'a'..=b'z' | b'A'..=b'Z', ..] => {
                    let name = until(rest, |b| !(b.is_ascii_alphanumeric() || b == b'_'));
                    (Token::Name(name), name.len())
                }
                [b'-' | b'0'..=b'9', ..] => {
                    let number = until(rest, |b| {
                        !(b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
                    });
                    let next = rest.get(number.len()).copied().unwrap_or(b' ');
                    if !is_number(number) || next.is_ascii_alphabetic() || next == b'_' {
                        return Err(Fault::NotGraphql);
                    }
                    (Token::Number, number.len())
                }
                [mark, ..] if b"!$&()[]{}:=@|".contains(mark) => (Token::Mark(*mark), 1),
                _ => return Err(Fault::NotGraphql),
            };
            self.at = self.at.saturating_add(length);
            self.token = token;
            return Ok(());
        }
    }

    /// A string on one line, from behind its quote; the length with both quotes.
    fn line(&mut self, text: &[u8]) -> Read<usize> {
        self.buffer.clear();
        let mut rest = text;
        loop {
            rest = match rest {
                [b'"', next @ ..] => {
                    (self.found)(self.argument, &self.buffer);
                    return Ok(text.len().saturating_sub(next.len()).saturating_add(1));
                }
                [b'\\', b'u', next @ ..] => self.code_point(next)?,
                [b'\\', escaped, next @ ..] => {
                    let plain = match escaped {
                        b'"' | b'\\' | b'/' => *escaped,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        _ => return Err(Fault::NotGraphql),
                    };
                    self.buffer.push(plain);
                    next
                }
                [] | [b'\n' | b'\r' | b'\\', ..] => return Err(Fault::NotGraphql),
                [byte, next @ ..] => {
                    self.buffer.push(*byte);
                    next
                }
            };
        }
    }

    /// `XXXX` or `{X...}`; surrogates and nonsense become U+FFFD.
    fn code_point<'r>(&mut self, rest: &'r [u8]) -> Read<&'r [u8]> {
        let (digits, next) = match rest {
            [b'{', after @ ..] => {
                let digits = until(after, |b| b == b'}');
                (digits, after.get(digits.len().saturating_add(1)..))
            }
            _ => (rest.get(..4).unwrap_or_default(), rest.get(4..)),
        };
        let next = next.ok_or(Fault::NotGraphql)?;
        let code = core::str::from_utf8(digits)
            .ok()
            .filter(|text| text.len() <= 8);
        let code = code.and_then(|text| u32::from_str_radix(text, 16).ok());
        let code = code.ok_or(Fault::NotGraphql)?;
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut utf8 = [0; 4];
        self.buffer
            .extend_from_slice(character.encode_utf8(&mut utf8).as_bytes());
        Ok(next)
    }

    /// A block string, from behind its quotes; the length with all six.
    fn block(&mut self, text: &[u8]) -> Read<usize> {
        let mut at = 0usize;
        loop {
            match text.get(at..).unwrap_or_default() {
                [] => return Err(Fault::NotGraphql),
                [b'\\', b'"', b'"', b'"', ..] => at = at.saturating_add(4),
                [b'"', b'"', b'"', ..] => {
                    (self.found)(self.argument, text.get(..at).unwrap_or_default());
                    return Ok(at.saturating_add(6));
                }
                _ => at = at.saturating_add(1),
            }
        }
    }
}

fn until(text: &[u8], stop: impl Fn(u8) -> bool) -> &[u8] {
    let end = text.iter().position(|&b| stop(b)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// `-`? digits, a fraction, an exponent.
fn is_number(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let mut halves = text.splitn(2, |b| matches!(b, b'e' | b'E'));
    let (mantissa, exponent) = (halves.next().unwrap_or_default(), halves.next());
    let mut parts = mantissa.splitn(2, |&b| b == b'.');
    let digits = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let exponent_is_one = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+"));
        digits(unsigned.unwrap_or(exponent))
    });
    let whole = parts.next().unwrap_or_default();
    let plain = digits(whole) && (whole.len() == 1 || !whole.starts_with(b"0"));
    plain && parts.next().is_none_or(digits) && exponent_is_one
}
