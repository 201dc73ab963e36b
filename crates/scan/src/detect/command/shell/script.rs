//! What people keep or publish that has the separators of a shell: Docker files, build scripts, stages of
//! a query language, code in a sentence.

use super::super::lexer::{Lexer, Token};
use super::super::words;
use crate::text::{head, holds, prose_words, run, skip_space, starts, tail};
use crate::words::Phrases;

/// A Docker file, a script with its first line, a table of Markdown.
pub(super) fn is_document(text: &[u8]) -> bool {
    let table = text.starts_with(b"|")
        && holds(
            text,
            const { &Phrases::new(&[b"\n|--", b"\n| --", b"\n|:-"]) },
        );
    table || text.starts_with(b"#!/") || is_docker_file(text)
}

/// `python; ruby; perl`: words with separators between them, none of which tells about the server.
pub(super) fn is_enumeration(text: &[u8]) -> bool {
    const PROBES: [&[u8]; 8] = [
        b"whoami",
        b"id",
        b"ls",
        b"pwd",
        b"uname",
        b"ifconfig",
        b"ipconfig",
        b"dir",
    ];
    let mut parts = 0usize;
    let bare = text.split(|b| matches!(b, b';' | b'|')).all(|part| {
        parts = parts.saturating_add(1);
        let part = part.trim_ascii();
        !part.is_empty()
            && part
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.+#".contains(b))
            && !PROBES.iter().any(|probe| probe.eq_ignore_ascii_case(part))
    });
    bare && parts >= 3
}

/// `RUN apk add curl && rm -rf /var/cache`: an instruction of a Docker file, or the log of its build.
fn is_docker_file(text: &[u8]) -> bool {
    static INSTRUCTIONS: Phrases = Phrases::new(&[b"\nrun ", b"\ncopy ", b"\ncmd ", b"\nworkdir "]);
    let text = skip_space(text);
    let step = starts(text, b"step ") || starts(text, b"#");
    let near = head(text, if step { 64 } else { 4 });
    let run_at = near
        .windows(4)
        .position(|word| word.eq_ignore_ascii_case(b"run "));
    let starts_so = run_at.is_some_and(|at| {
        head(text, at)
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b" #/:.[]".contains(b))
            && matches!(near.get(at..at.saturating_add(4)), Some(b"RUN "))
    });
    let from = starts(text, b"from ") && holds(text, &INSTRUCTIONS);
    starts_so || from
}

/// Whether a sentence leads to code between back quotes and goes on behind it: Markdown.
pub(super) fn is_code_span(text: &[u8]) -> bool {
    let Some(open) = text.iter().position(|&b| b == b'`') else {
        return false;
    };
    let inside = tail(text, open.saturating_add(1));
    let before = head(text, open);
    let close = run(inside, |b| b != b'`');
    let after = tail(inside, close.saturating_add(1));
    let apart = before.ends_with(b" ") && after.first().is_none_or(|b| b" .,;:)!?\n".contains(b));
    let words = prose_words(before, 3).saturating_add(prose_words(after, 3));
    // What is between the quotes goes on like a command: a value that is run has no article around it.
    apart
        && close < inside.len()
        && words >= 3
        && inside.get(..close).is_some_and(|code| code.contains(&b' '))
}

/// Whether a program that works on files is chained to a command that the text starts with: a build step
/// somebody keeps. Who breaks out of a value has the value before the separator.
pub(super) fn is_kept(text: &[u8], name: &[u8], after: Lexer<'_>) -> bool {
    const FILES: [&[u8]; 24] = [
        b"rm", b"cp", b"mv", b"mkdir", b"ls", b"chmod", b"chown", b"tar", b"sed", b"touch", b"ln",
        b"gzip", b"unzip", b"cat", b"echo", b"test", b"awk", b"grep", b"egrep", b"wc", b"jq",
        b"python", b"python3", b"node",
    ];
    const BUILDERS: [&[u8]; 17] = [
        b"npx",
        b"yarn",
        b"pnpm",
        b"pip3",
        b"apk",
        b"apt-get",
        b"make",
        b"cargo",
        b"go",
        b"mvn",
        b"gradle",
        b"helm",
        b"terraform",
        b"composer",
        b"bundle",
        b"cmake",
        b"tsc",
    ];
    let command = skip_space(text);
    let command = command.strip_prefix(b"$ ").unwrap_or(command);
    let Some(Token::Word(first)) = Lexer::new(command).next() else {
        return false;
    };
    let known = words::program(first.name()).is_some() || BUILDERS.contains(&first.name());
    let argument = tail(command, first.raw.len()).first() == Some(&b' ');
    // A program in the argument is no step.
    let inline = holds(
        head(after.rest(), 64),
        const { &Phrases::new(&[b" -c", b" -e", b"system("]) },
    );
    FILES.contains(&name) && known && argument && !inline
}

/// Whether the text starts with the same program: `git commit -m "fix"; git push -u origin main`.
pub(super) fn repeats(text: &[u8], name: &[u8]) -> bool {
    matches!(Lexer::new(skip_space(text)).next(), Some(Token::Word(first)) if first.name() == name)
}

/// `| sort -count | head 10`: a stage of Splunk's, Kusto's or Loki's queries. A filter that is given no
/// file has nothing to show.
pub(super) fn is_query_stage(name: &[u8], after: Lexer<'_>) -> bool {
    const FILTERS: [&[u8]; 14] = [
        b"sort", b"head", b"tail", b"top", b"where", b"cut", b"tr", b"uniq", b"wc", b"nl", b"join",
        b"split", b"rev", b"last",
    ];
    let rest = head(after.rest(), 128);
    let stage = head(rest, run(rest, |b| b != b'|'));
    FILTERS.contains(&name) && !stage.iter().any(|b| b"/\\$`;&".contains(b))
}
