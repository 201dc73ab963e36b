//! Commands for a shell (sh, cmd, PowerShell), and code that starts a process.
//!
//! Grammar: `prefix? separator command argument* (separator ...)?`, where the separator is `;`, `|`,
//! `&`, `&&`, `||`, a line break, `$(`, `<(` or a back quote, and the command is a known program
//! once quotes, escapes, empty variables and its folder are taken off ([`lexer`]).
//!
//! Two signals are asked for: the separator in a place where a value was broken out of (nothing, a
//! quote, a number or an address before it), and an argument no sentence has (an option, a path, an
//! address, a variable), or the end of the value. The more words of prose stand before, the more is
//! asked for; a text of several sentences is refused for nothing short of a secret file or a
//! reverse shell. [`words`] tells programs whose names are English words (`find`, `more`) from
//! those that are not.
//!
//! Close to it: "Bed Bath & more", Markdown tables and code in back quotes, `a && b` in program
//! code, `$(this)`, install instructions in a README.

mod code;
mod lexer;
mod shell;
mod words;

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::Text;
use crate::vocabulary::Vocabulary;
pub(crate) use code::SINKS;
pub(crate) use words::PROGRAMS;

/// What separates, calls or quotes commands.
const SEPARATORS: ByteClasses = ByteClasses::PIPE
    .with(ByteClasses::SEMICOLON)
    .with(ByteClasses::AMPERSAND)
    .with(ByteClasses::BACK_QUOTE)
    .with(ByteClasses::DOLLAR)
    .with(ByteClasses::NEWLINE)
    .with(ByteClasses::PAREN)
    .with(ByteClasses::ANGLE)
    .with(ByteClasses::BRACE);

/// The same, or an argument; a lone word runs nothing.
pub(super) const NEEDED: ByteClasses = SEPARATORS
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::SLASH)
    .with(ByteClasses::DOT)
    .with(ByteClasses::PERCENT);

/// First words of what is looked for beside the programs.
pub(crate) const OTHER_WORDS: &[&str] = &[
    "python",
    "perl",
    "php",
    "ruby",
    "lua",
    "qx",
    "execute",
    "downloadstring",
    "downloadfile",
    "downloaddata",
    "tcpclient",
    "frombase64string",
    "assembly",
    "process",
    // A program of Windows by its ending.
    "exe",
    "bat",
    "ps1",
    "vbs",
    "hta",
];

/// Whether there is the name of a program, or else a way to run one without.
fn may_be_command(text: &Text<'_>) -> bool {
    let bytes = text.bytes;
    let has = |class| text.seen.intersects(class);
    text.words.intersects(Vocabulary::PROGRAM)
        // A variable, `%x{ls}`, a function in a variable, `@{[..]}`, `"ls".!!`, `<?php`.
        || has(ByteClasses::DOLLAR.with(ByteClasses::PERCENT))
        || has(ByteClasses::BRACE) && has(ByteClasses::PAREN.with(ByteClasses::BRACKET))
        || text.words.intersects(Vocabulary::DOUBLED) && crate::text::find(bytes, b"\".!!").is_some()
        || has(ByteClasses::ANGLE) && crate::text::find(bytes, b"<?").is_some()
        // An option that runs a program, and a program spelled with wildcards.
        || bytes.trim_ascii_start().first() == Some(&b'-')
        || bytes.windows(2).any(|pair| matches!(pair, [before, b'/'] if is_open(*before)))
        || bytes.first() == Some(&b'/')
}

/// Whether a word of a command can start behind a byte.
fn is_open(before: u8) -> bool {
    crate::text::is_space(before) || b",(+;|&`<>)".contains(&before)
}

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    if !may_be_command(text) {
        return None;
    }
    // Without a separator only the first word can be a command.
    if !text.seen.intersects(SEPARATORS) {
        let arguments = text
            .seen
            .intersects(ByteClasses::SPACE.with(ByteClasses::PLUS));
        // A name that quotes are strewn into is one of nobody's: `w'h'o'ami`.
        let strewn = || {
            text.bytes
                .iter()
                .filter(|b| matches!(b, b'\'' | b'"'))
                .take(2)
                .count()
                == 2
        };
        return if arguments || text.seen.intersects(ByteClasses::QUOTE) && strewn() {
            shell::first(text)
        } else {
            shell::option(text.bytes)
        };
    }
    let shell = shell::detect(text);
    if let Some(hit) = shell
        && hit.score >= 8
    {
        return shell;
    }
    super::stronger(shell, code::detect(text))
}
