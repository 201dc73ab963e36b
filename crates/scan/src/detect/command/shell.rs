//! The grammar over shell words: where a command stands, and what comes with it.

mod argument;
mod script;
mod whole;

use super::super::Hit;
use super::lexer::{Lexer, Separator, Token, Word};
use super::words::{Program, program};
use crate::bytes::ByteClasses;
use crate::text::{Text, find, has_sentence, head, holds, is_word, prose_words, tail};
use crate::words::Phrases;
use argument::{Argument, argument, is_secret};
use script::{is_kept, is_query_stage};
pub(super) use whole::option;

/// Words before a separator that are still a value and not a text.
const FEW_WORDS: usize = 3;
/// Words that are one even when they come after the separator or many others.
const SENTENCE: usize = 5;
/// Words that are a text even without a sentence.
const MANY_WORDS: usize = 16;

/// Where a word stands that could be a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// At the very start.
    Start,
    /// Behind a separator, and before it nothing, a quote, a number, an address, a path.
    Broken(Separator),
    /// Behind a separator and a few words.
    Chained(Separator),
    /// Behind a separator in a text.
    Prose(Separator),
}

/// The strongest command in the text.
pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let whole = whole::detect(text.bytes, text.seen);
    if whole.is_some() {
        return whole;
    }
    let is_prose = has_sentence(text.bytes, SENTENCE)
        || find(text.bytes, b"```").is_some()
        || text.seen.intersects(ByteClasses::BACK_QUOTE) && script::is_code_span(text.bytes)
        || script::is_document(text.bytes);
    let mut lexer = Lexer::new(text.bytes);
    let mut best: Option<Hit> = None;
    let mut position = (!is_prose).then_some(Position::Start);
    let mut before = 0usize;
    let mut words = 0usize;
    let mut in_code = false;
    let mut query = false;
    loop {
        let start = lexer.offset();
        let Some(token) = lexer.next() else { break };
        let end = lexer.offset();
        match token {
            Token::Word(word) => {
                if let Some(place) = position.take() {
                    let hit = command(word, place, lexer, before, text.bytes);
                    let strong = hit.is_some_and(|(score, _)| score >= 8);
                    if let Some((score, rule)) = hit {
                        let length = end.saturating_sub(start);
                        let hit = Hit::at(rule, score, start, length);
                        best = super::super::stronger(best, Some(hit));
                    }
                    if strong {
                        return best;
                    }
                    // `sudo rm`, `CMD=x rm`: the command is the next word.
                    if passes_on(&word) && !(query && word.raw.contains(&b'=')) {
                        position = Some(place);
                        continue;
                    }
                }
                words = words.saturating_add(prose_words(word.raw, 4));
            }
            Token::Separator(separator) => {
                if separator == Separator::BackQuote {
                    in_code = !in_code;
                }
                let opens = separator != Separator::BackQuote || in_code;
                if position.is_none() || before == 0 || separator == Separator::BackQuote {
                    before = end;
                }
                // `&name=value` is a parameter, not a variable of a command.
                query = separator == Separator::Ampersand;
                let place = if is_prose {
                    Position::Prose(separator)
                } else {
                    place(text.bytes, start, separator, words)
                };
                position = opens.then_some(place);
            }
            // `$(</etc/hosts)` reads a file without a program.
            Token::Redirect => {
                // `x >> ~/.ssh/authorized_keys`, `< /etc/passwd`.
                let file = crate::text::skip_space(lexer.rest());
                let file = file.strip_prefix(b">").unwrap_or(file).trim_ascii_start();
                let named = matches!(file.first(), Some(b'/' | b'~'));
                if named && !is_prose && words <= 2 && is_secret(head(file, 64)) {
                    return Some(Hit::at("command-redirect", 9, start, 1));
                }
                let reads = matches!(
                    position.take(),
                    Some(Position::Start | Position::Broken(Separator::Substitution))
                );
                if reads && end.saturating_sub(start) == 1 && text.bytes.starts_with(b"$(<") {
                    return Some(Hit::at("command-substitution", 9, start, 1));
                }
            }
            Token::Close => position = None,
        }
    }
    best
}

/// The command that the value starts with, when nothing in it separates.
pub(super) fn first(text: &Text<'_>) -> Option<Hit> {
    let mut lexer = Lexer::new(text.bytes);
    let start = lexer.offset();
    let Some(Token::Word(word)) = lexer.next() else {
        return None;
    };
    if let Some(hit) = option(text.bytes) {
        return Some(hit);
    }
    program(word.name()).or_else(|| glob(word.raw, Position::Start).map(|_| Program::Weak))?;
    if has_sentence(text.bytes, SENTENCE) {
        return None;
    }
    let (score, rule) = command(word, Position::Start, lexer, 0, text.bytes)?;
    Some(Hit::at(rule, score, start, word.raw.len()))
}

/// Where a command would stand behind the separator at `at`.
fn place(text: &[u8], at: usize, separator: Separator, words: usize) -> Position {
    let before = head(text, at).trim_ascii_end();
    let last = before.last().copied();
    let broken = match last {
        None => true,
        Some(b'}') if before.ends_with(b"}}") => false,
        Some(b'\'' | b'"' | b')' | b'`' | b';' | b'|' | b'&' | b'$' | b'%' | b'+' | b'}') => true,
        Some(b'^') => true,
        _ => is_address(before),
    };
    if words > MANY_WORDS {
        Position::Prose(separator)
    } else if broken && (words <= 2 || is_address(before)) {
        Position::Broken(separator)
    } else {
        Position::Chained(separator)
    }
}

/// Whether a value is one that programs are called with: a number, an address, a path, a file.
fn is_address(value: &[u8]) -> bool {
    let last = value;
    (1..128).contains(&last.len())
        && !last.iter().any(u8::is_ascii_whitespace)
        && (last.iter().all(|b| b.is_ascii_digit())
            || last.contains(&b'/')
            || last.iter().skip(1).any(|&b| b == b'.' || b == b'@'))
}

/// Score and rule of one word where a command can stand.
fn command(
    word: Word<'_>,
    place: Position,
    after: Lexer<'_>,
    before: usize,
    text: &[u8],
) -> Option<(u8, &'static str)> {
    // `COMMAND=/bin/ls` is what a log says of one; `&copy;` a reference of HTML.
    let assigned = word.raw.contains(&b'=') && !word.disguised && !word.field_separator;
    let reference = word.raw == b"copy" && after.rest().first() == Some(&b';');
    if assigned || reference {
        return None;
    }
    let Some(program) = program(word.name()) else {
        return glob(word.raw, place).or_else(|| unknown(word.raw, place, after));
    };
    let argument = argument(program, &word, after);
    let quoted = || {
        let odd = |quote: u8| head(text, before).iter().filter(|&&b| b == quote).count() % 2 == 1;
        odd(b'\'')
            || odd(b'"')
            || head(text, before).contains(&b')') && !head(text, before).contains(&b'(')
    };
    let disguised = word.disguised || word.field_separator;
    let strong = program == Program::Strong || disguised;
    let path = word.raw.starts_with(b"/") && holds(word.raw, const { &Phrases::new(&[b"bin/"]) });
    let ends_here = argument == Argument::End;
    let weak_end = if strong { 8 } else { 6 };
    let score = match (place, argument) {
        (Position::Prose(Separator::Line | Separator::BackQuote), Argument::Secret) => 6,
        (Position::Prose(_), Argument::Secret) => 8,
        (Position::Prose(_), _) => 3,
        (_, Argument::Secret) => 10,
        (Position::Start, Argument::Typical) if path || word.field_separator => 9,
        (Position::Start, Argument::Typical) if is_probe(word.name()) && text.len() < 200 => 8,
        (Position::Start, Argument::Typical) => 5,
        (Position::Start, Argument::End)
            if path && holds(text, const { &Phrases::new(&[b"|", b";", b"&"]) }) =>
        {
            8
        }
        (Position::Start, Argument::End) if disguised && strong => 8,
        (Position::Start, _) => 2,
        (Position::Broken(separator), argument) => match separator {
            Separator::BackQuote | Separator::Substitution => {
                return substitution(text, before, argument, strong)
                    .map(|s| (s, "command-substitution"));
            }
            _ if argument == Argument::Typical => 10,
            _ if ends_here && (strong || opens_value(text, before)) => 9,
            // `x"; id #`.
            _ if ends_here && shows(word.raw) && quoted() => 8,
            _ if ends_here => 6,
            _ if program == Program::Probe => 8,
            Separator::Semicolon | Separator::Logic | Separator::Ampersand
                if strong && argument == Argument::Plain && is_short(text) =>
            {
                8
            }
            _ if strong => 7,
            _ => 3,
        },
        (Position::Chained(separator), argument) => match separator {
            // More words than a value has: an option or a path is not enough.
            Separator::Ampersand if argument != Argument::Typical => 5,
            Separator::BackQuote | Separator::Substitution => {
                return substitution(text, before, argument, strong)
                    .map(|s| (s, "command-substitution"));
            }
            // A program by its folder, on a line of its own behind a word.
            Separator::Line if path && ends_here && is_one_more_line(text) => 8,
            Separator::Line => match argument {
                Argument::Typical if strong => 6,
                _ => 4,
            },
            // `tsc -p . && node x.js` and `test -x a || cd /` are scripts that somebody keeps.
            Separator::Logic if program == Program::Tool || is_kept(text, word.name(), after) => 7,
            Separator::Pipe if is_query_stage(word.name(), after) => 6,
            Separator::Pipe
                if is_kept(text, word.name(), after) && FILTERS.contains(&word.name()) =>
            {
                7
            }
            _ if script::is_enumeration(text) || script::repeats(text, word.name()) => 7,
            _ if argument == Argument::Typical => 8,
            Separator::Ampersand if ends_here && strong && word.name().len() >= 4 => 8,
            Separator::Ampersand => 5,
            _ if ends_here && closes_value(word.name(), after) => 8,
            _ if ends_here => weak_end,
            _ => 4,
        },
    };
    Some((score, "command-separator"))
}

/// `$(id)` and `` `id` ``: Markdown writes code like the one, scripts like the other.
fn substitution(text: &[u8], before: usize, argument: Argument, strong: bool) -> Option<u8> {
    let (outside, inside) = text.split_at_checked(before).unwrap_or((text, &[]));
    let mark = if outside.ends_with(b"(") { 2 } else { 1 };
    let outside = head(outside, outside.len().saturating_sub(mark));
    let close = inside.iter().position(|&b| b == b'`' || b == b')');
    let after = tail(inside, close.unwrap_or(inside.len()).saturating_add(1));
    let words = prose_words(outside, 4).saturating_add(prose_words(after, 4));
    let joins = |b: Option<&u8>| b.is_some_and(|&b| is_word(b) || b"'\"=;|&.".contains(&b));
    let glued = joins(outside.last()) || joins(after.first());
    let shell = mark == 2;
    Some(match argument {
        Argument::Secret => 9,
        _ if words == 0 || (glued && words <= 3) => {
            // `$(dig +short $(hostname).x)`: one substitution in another.
            let nested = || tail(inside, 1).windows(2).any(|pair| pair == b"$(");
            if matches!(argument, Argument::Plain | Argument::Listed)
                && !strong
                && !(shell && nested())
            {
                5
            } else {
                9
            }
        }
        Argument::Typical if shell && words <= FEW_WORDS => 8,
        Argument::Typical => 6,
        _ => 4,
    })
}

/// Whether nothing but quotes, or an address, and separators stand before an offset; behind a line break
/// nothing else may follow, for lists are written so.
fn opens_value(text: &[u8], at: usize) -> bool {
    let before = head(text, at);
    let alone = !tail(text, at)
        .trim_ascii()
        .iter()
        .any(u8::is_ascii_whitespace);
    let marks: &[u8] = if alone { b"|;&` \r\n" } else { b"|;&` " };
    let end = before.iter().rposition(|b| !marks.contains(b));
    let value = head(before, end.map_or(0, |at| at.saturating_add(1)));
    !value.iter().any(|&b| is_word(b)) || is_address(value)
}

/// Programs that only pass on what they are given.
const FILTERS: [&[u8]; 6] = [b"awk", b"grep", b"egrep", b"sed", b"wc", b"jq"];

/// Whether a text is a value and what was put behind it, and no list or article.
fn is_short(text: &[u8]) -> bool {
    text.len() < 160
        && !has_sentence(text, 4)
        && !text.trim_ascii().contains(&b'\n')
        && !text.contains(&b',')
}

/// Whether a short text has one line behind the first, and no sentence.
fn is_one_more_line(text: &[u8]) -> bool {
    let breaks = text.trim_ascii().iter().filter(|&&b| b == b'\n').count();
    text.len() < 64 && breaks == 1 && !has_sentence(text, 3)
}

/// Programs that show something without an argument, as an attacker writes them to see whether they run.
fn shows(raw: &[u8]) -> bool {
    const SHOW: [&[u8]; 6] = [b"id", b"env", b"ps", b"dir", b"ls", b"uptime"];
    SHOW.contains(&raw)
}

/// What is no program of ours where a command stands: another one given a secret file, a Windows
/// program by its ending, the shell by its variable (`$0<<<id`, `${SHELL} -c`), a file to be read (`. /tmp/x`).
fn unknown(raw: &[u8], place: Position, after: Lexer<'_>) -> Option<(u8, &'static str)> {
    let Position::Broken(separator) = place else {
        return None;
    };
    let rest = head(after.rest(), 160);
    let windows = [b".exe".as_slice(), b".bat", b".ps1", b".vbs", b".hta"]
        .iter()
        .any(|ending| crate::text::ends(raw, ending));
    let variable = [
        b"$0".as_slice(),
        b"$shell",
        b"${shell}",
        b"$bash",
        b"${bash}",
        b"${0}",
    ]
    .iter()
    .any(|shell| shell.eq_ignore_ascii_case(raw));
    let sourced = raw == b"." && separator == Separator::Semicolon && rest.starts_with(b" /");
    let called = variable && (rest.starts_with(b"<<<") || rest.starts_with(b" -"));
    let named = raw.iter().all(|&b| is_word(b) || b"-./".contains(&b)) && raw.len() >= 2;
    let secret = named && rest.starts_with(b" ") && is_secret(rest) && !has_sentence(rest, 3);
    let shell = !matches!(separator, Separator::Line | Separator::BackQuote);
    (shell && (windows || sourced || called || secret)).then_some((9, "command-separator"))
}

/// `a;env;`: a program that only shows something, cut off from what the application appends. Header
/// lines of tables end so, too, with other words.
fn closes_value(name: &[u8], after: Lexer<'_>) -> bool {
    const SHOW: [&[u8]; 5] = [b"env", b"set", b"ver", b"ps", b"who"];
    SHOW.contains(&name)
        && matches!(
            after.rest().trim_ascii(),
            b";" | b"|" | b"&" | b"||" | b"&&"
        )
}

/// Programs that are called alone, as a whole value, by who probes: with an address or a file.
fn is_probe(name: &[u8]) -> bool {
    const PROBES: [&[u8]; 20] = [
        b"ping",
        b"nslookup",
        b"dig",
        b"nc",
        b"ncat",
        b"netcat",
        b"dir",
        b"type",
        b"powershell",
        b"cmd",
        b"tftp",
        b"telnet",
        b"certutil",
        b"bitsadmin",
        b"traceroute",
        b"tracert",
        b"regsvr32",
        b"mshta",
        b"rundll32",
        b"wmic",
    ];
    PROBES.contains(&name)
}

/// Whether a word only leads to the command: `sudo`, an assignment.
fn passes_on(word: &Word<'_>) -> bool {
    let assignment = word
        .raw
        .iter()
        .position(|&b| b == b'=')
        .is_some_and(|at| at > 0 && head(word.raw, at).iter().all(|&b| is_word(b)));
    assignment
        || program(word.name()) == Some(Program::Wrapper)
        || !word
            .raw
            .iter()
            .any(|&b| is_word(b) || b"./\\$?*".contains(&b))
}

/// `/???/??t`: a program spelled with wildcards.
fn glob(raw: &[u8], place: Position) -> Option<(u8, &'static str)> {
    let marks = raw
        .iter()
        .filter(|b| matches!(b, b'?' | b'*' | b'['))
        .count();
    let folders = raw.iter().filter(|&&b| b == b'/').count();
    // One is enough in a folder of programs: `/bin/c?t`.
    let inside = raw.iter().rev().skip(1).any(|&b| b == b'?' || b == b'[');
    let programs = inside
        && [b"/bin/".as_slice(), b"/sbin/", b"/usr/"]
            .iter()
            .any(|f| raw.starts_with(f));
    let spelled = raw.first() == Some(&b'/') && folders >= 2 && (marks >= 2 || programs);
    // XPath's `//*[..]` has both, too.
    let query = raw.iter().any(|b| matches!(b, b'=' | b'&')) || raw.starts_with(b"//*");
    (spelled && !query && !matches!(place, Position::Prose(_))).then_some((9, "command-glob"))
}
