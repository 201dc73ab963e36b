//! What stands behind the name of a program, as far as it tells a command from a sentence.

use super::super::lexer::{Lexer, Separator, Token, Word};
use super::super::words::{self, Program};
use crate::text::{head, holds, is_word, run, starts};
use crate::words::Phrases;

/// What follows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// A file, device or pipe that only an attacker names.
    Secret,
    /// An option, path, address, number, variable or redirection.
    Typical,
    /// The end of the value, of the substitution or another command.
    End,
    /// A word.
    Plain,
    /// Another separator, with no command behind it: a table's, or an enumeration's.
    Listed,
}

/// What stands behind the name of the program.
pub(super) fn argument(program: Program, word: &Word<'_>, after: Lexer<'_>) -> Argument {
    let rest = after.rest();
    let line = head(rest, run(head(rest, 256), |b| !matches!(b, b'\n' | b'\r')));
    if is_secret(line) {
        return Argument::Secret;
    }
    if word.field_separator {
        return Argument::Typical;
    }
    let mut ahead = after;
    match ahead.next() {
        None | Some(Token::Close) => Argument::End,
        Some(Token::Redirect) => Argument::Typical,
        Some(Token::Separator(separator)) => {
            // A table and an enumeration have separators, too: what follows has to be a command.
            let next = match ahead.next() {
                None => true,
                Some(Token::Word(next)) => words::program(next.name()).is_some(),
                Some(_) => false,
            };
            let closes = matches!(
                separator,
                Separator::BackQuote | Separator::Line | Separator::Semicolon | Separator::Logic
            );
            if next || closes {
                Argument::End
            } else {
                Argument::Listed
            }
        }
        Some(Token::Word(next)) => match program {
            Program::Timed if next.raw.first().is_some_and(u8::is_ascii_digit) => Argument::Typical,
            Program::Timed => Argument::Plain,
            _ if !next
                .raw
                .iter()
                .any(|&b| is_word(b) || b"/.*$~?-".contains(&b)) =>
            {
                Argument::End
            }
            // `for /f`: the loop of cmd; another shell's needs `do`.
            _ if word.name() == b"for" && next.raw.len() != 2 => Argument::Plain,
            _ if is_typical(next.raw) => Argument::Typical,
            _ if is_verb(word.name(), next.name()) => Argument::Typical,
            _ if word.name() == b"rm" && holds(line, const { &Phrases::new(&[b" /", b" ~"]) }) => {
                Argument::Typical
            }
            _ if has_option(ahead) => Argument::Typical,
            _ => Argument::Plain,
        },
    }
}

/// Whether a word is an argument and not a word of a sentence.
fn is_typical(word: &[u8]) -> bool {
    match word {
        [b'-', b'a'..=b'z' | b'A'..=b'Z' | b'-', ..] => true,
        [b'/' | b'~' | b'$' | b'*' | b'\\', ..] => true,
        [b'.', b'/' | b'.', ..] | [b'.'] => true,
        [b'\'' | b'"', _, ..] => true,
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => {
            matches!(rest, [] | [b'\\' | b'/' | b'"', ..])
        }
        _ => {
            let dots = word.iter().filter(|&&b| b == b'.').count();
            let dotted = dots >= 1 && !matches!(word.last(), Some(b'.' | b',' | b'!' | b'?'));
            dotted || word.contains(&b'/') || word.contains(&b'\\') || starts(word, b"localhost")
        }
    }
}

/// Whether an option comes with the next words of the same command: `tar cf x --to-command=id`.
fn has_option(ahead: Lexer<'_>) -> bool {
    ahead
        .take(3)
        .map_while(|token| match token {
            Token::Word(word) => Some(word.raw),
            _ => None,
        })
        .any(|raw| matches!(raw, [b'-', b'-', b'a'..=b'z', ..]))
}

/// What a program is asked for by a word of its own: `net user`, `ps aux`, `reg query`.
fn is_verb(program: &[u8], word: &[u8]) -> bool {
    const VERBS: [(&[u8], &[&[u8]]); 14] = [
        (
            b"net",
            &[
                b"user",
                b"users",
                b"localgroup",
                b"group",
                b"share",
                b"view",
                b"use",
                b"start",
            ],
        ),
        (b"ps", &[b"aux", b"ax", b"axu", b"auxf", b"auxw", b"ef"]),
        (
            b"ip",
            &[b"a", b"addr", b"r", b"route", b"link", b"n", b"neigh"],
        ),
        (b"reg", &[b"query", b"add", b"save", b"export", b"delete"]),
        (b"git", &[b"clone"]),
        (b"pip", &[b"install", b"download"]),
        (b"npm", &[b"install", b"i", b"exec"]),
        (b"apt", &[b"install", b"update"]),
        (b"yum", &[b"install"]),
        (b"docker", &[b"run", b"exec", b"cp"]),
        (b"passwd", &[b"root"]),
        (b"su", &[b"root"]),
        (b"route", &[b"print"]),
        (b"format", &[b"c:"]),
    ];
    VERBS
        .iter()
        .any(|(name, verbs)| *name == program && verbs.contains(&word))
}

/// Files and devices that an argument names to steal, or to open a connection.
pub(super) fn is_secret(line: &[u8]) -> bool {
    (line.contains(&b'/') || line.contains(&b'\\'))
        && holds(
            line,
            const {
                &Phrases::new(&[
                    b"etc/passwd",
                    b"etc/shadow",
                    b"etc/hosts",
                    b"/dev/tcp/",
                    b"/dev/udp/",
                    b"/bin/sh",
                    b"/bin/bash",
                    b"windows\\win.ini",
                    b"boot.ini",
                    b"/???/",
                    b"proc/self/",
                    b"/et?/",
                    b".ssh/",
                    b"/tmp/pwn",
                    b".aws/credentials",
                ])
            },
        )
}
