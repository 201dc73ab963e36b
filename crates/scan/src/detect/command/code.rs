//! Program code that runs commands or more code: PHP, Ruby, Python, Perl, Node, Java, ASP.

use super::super::Hit;
use crate::text::{
    Text, find, find_any, head, holds, is_space, is_word, prose_words, run, skip_space, starts,
    tail,
};
use crate::words::{Phrases, Table};

/// What a called name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sink {
    /// Runs a command or code, and is seldom called in ordinary snippets.
    Strong,
    /// Does so, and is a method of many harmless objects.
    Weak,
    /// Tells about the server by being called.
    Probe,
    /// Feeds such a call.
    Source,
    /// Does so only as a method of the shell's own objects.
    Owned,
}

use Sink::{Owned, Probe, Source, Strong, Weak};

pub(crate) static SINKS: Table<Sink, 64> = Table::new(&[
    ("__import__", Strong),
    ("assert", Weak),
    ("check_output", Strong),
    ("check_call", Strong),
    ("capture2", Strong),
    ("capture3", Strong),
    ("execfile", Strong),
    ("getoutput", Strong),
    ("spawnsync", Strong),
    ("wscript.shell", Strong),
    ("base64_decode", Source),
    ("call_user_func", Weak),
    ("create_function", Strong),
    ("eval", Weak),
    ("exec", Weak),
    ("execsync", Weak),
    ("exit", Owned),
    ("file_get_contents", Weak),
    ("getallheaders", Probe),
    ("getruntime", Strong),
    ("include", Weak),
    ("passthru", Strong),
    ("pcntl_exec", Strong),
    ("phpinfo", Probe),
    ("popen", Strong),
    ("print", Weak),
    ("processbuilder", Strong),
    ("proc_open", Strong),
    ("shell_exec", Strong),
    ("spawn", Weak),
    ("str_rot13", Source),
    ("system", Strong),
]);

/// Objects whose method `exec`, `system` or `exit` is the shell's.
const OWNERS: [&[u8]; 9] = [
    b"kernel.",
    b"os.",
    b"runtime.",
    b"getruntime().",
    b"io.",
    b"child_process').",
    b"child_process\").",
    b"subprocess.",
    b"process.",
];

/// The strongest call in the text.
pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    let rare = || percent_x(bytes).or_else(|| powershell(bytes));
    let script = php(bytes).or_else(|| holds(bytes, &RARE).then(rare).flatten());
    script.or_else(|| calls(bytes))
}

/// What one of the rarer ways needs; one pass tells that most texts have none.
static RARE: Phrases = Phrases::new(&[
    b"%x(",
    b"%x{",
    b"%x[",
    b"qx/",
    b"qx{",
    b"qx(",
    b"@{[",
    b".execute()",
    b"\".!!",
    b").download",
    b"net.sockets.tcpclient(",
    b"]::frombase64string(",
    b"reflection.assembly]::load",
    b"diagnostics.process]::start(",
    b"iex(",
    b"iex (",
    b"[char]",
    b"&('",
    b"&(\"",
    b"invoke-expression (",
    b"invoke-expression(",
]);

/// `<?php` and `<?=` with something that acts, where no page of documentation is around it.
fn php(text: &[u8]) -> Option<Hit> {
    let at = find(text, b"<?")?;
    let rest = tail(text, at.saturating_add(2));
    let opened =
        starts(rest, b"php") || starts(rest, b"=") || rest.first().is_some_and(|&b| is_space(b));
    let inside = head(rest, 1024);
    let acts = inside.contains(&b'`')
        || holds(
            inside,
            const {
                &Phrases::new(&[
                    b"$_get",
                    b"$_post",
                    b"$_request",
                    b"$_server",
                    b"$_cookie",
                    b"system(",
                    b"exec(",
                    b"passthru",
                    b"eval(",
                    b"assert(",
                    b"phpinfo",
                    b"base64_decode",
                    b"file_get_contents(",
                    b"include(",
                    b"popen",
                    b"fputs(",
                    b"fopen(",
                    b"readfile(",
                ])
            },
        );
    let few = prose_words(head(text, at), 7) <= 6;
    let bare = opened
        && few
        && starts(rest, b"php")
        && holds(
            head(inside, 64),
            const { &Phrases::new(&[b"echo", b"print", b"die("]) },
        );
    let score = if opened && acts && few {
        10
    } else if bare {
        8
    } else {
        4
    };
    opened.then(|| Hit::at("code-php", score, at, 5))
}

/// `%x(ls)` of Ruby, `qx/ls/` and `@{[system ..]}` of Perl, `'ls'.execute()` of Groovy.
fn percent_x(text: &[u8]) -> Option<Hit> {
    let ruby = find_any(
        text,
        const { &Phrases::new(&[b"%x(", b"%x{", b"%x[", b"qx/", b"qx{", b"qx("]) },
    )
    .filter(|&at| at == 0 || !head(text, at).last().is_some_and(|&b| is_word(b)));
    let perl = find(text, b"@{[").filter(|&at| {
        holds(
            head(tail(text, at), 64),
            const { &Phrases::new(&[b"system", b"exec", b"`"]) },
        )
    });
    let groovy = find_any(
        text,
        const { &Phrases::new(&[b"\".execute()", b"'.execute()", b"\".!!"]) },
    );
    let at = ruby.or(perl).or(groovy)?;
    (prose_words(head(text, at), 4) <= 3).then(|| Hit::at("code-call", 9, at, 3))
}

/// What PowerShell downloads, connects or runs with, in a text that is no sentence about it.
fn powershell(text: &[u8]) -> Option<Hit> {
    static CALLS: Phrases = Phrases::new(&[
        b").downloadstring(",
        b").downloadfile(",
        b").downloaddata(",
        b"net.sockets.tcpclient(",
        b"[convert]::frombase64string(",
        b"[system.convert]::frombase64string(",
        b"[reflection.assembly]::load",
        b"[system.reflection.assembly]::load",
        b"[diagnostics.process]::start(",
        b"[system.diagnostics.process]::start(",
        b"iex(",
        b"iex (",
        b"invoke-expression (",
        b"invoke-expression(",
        b"&([char]",
        b"+[char]",
        b".([char]",
        b"&('i",
        b"&(\"{",
        b"&('{",
    ]);
    let at = find_any(text, &CALLS)?;
    let letter = text.get(at).is_some_and(|&b| is_word(b));
    let starts_word = !letter || !head(text, at).last().is_some_and(|&b| is_word(b));
    let few = prose_words(head(text, at), 7) <= 6 && !crate::text::has_sentence(text, 5);
    (starts_word && few).then(|| Hit::at("code-powershell", 9, at, 4))
}

/// Calls of the functions above.
fn calls(text: &[u8]) -> Option<Hit> {
    let mut best: Option<Hit> = None;
    let mut at = 0usize;
    while let Some(open) = tail(text, at)
        .iter()
        .position(|&b| b == b'(' || b == b' ')
        .map(|p| p.saturating_add(at))
    {
        at = open.saturating_add(1);
        let before = head(text, open);
        let length = before
            .iter()
            .rev()
            .take(24)
            .take_while(|&&b| is_word(b))
            .count();
        let name = tail(before, before.len().saturating_sub(length));
        let Some(sink) = SINKS.get(name) else {
            continue;
        };
        let lead = head(before, before.len().saturating_sub(length));
        let argument = head(skip_space(tail(text, at)), 256);
        let parenthesis = text.get(open) == Some(&b'(');
        if let Some(score) = call(sink, lead, argument, parenthesis, text) {
            let hit = Hit::at("code-call", score, lead.len(), length);
            best = super::super::stronger(best, Some(hit));
        }
    }
    best
}

/// The score of a call, by what stands before its name and in its parenthesis.
fn call(sink: Sink, lead: &[u8], argument: &[u8], parenthesis: bool, text: &[u8]) -> Option<u8> {
    let words = prose_words(lead, 5);
    let owned = OWNERS.iter().any(|owner| crate::text::ends(lead, owner));
    // `'.system('id').'` joins strings of PHP.
    let joined = matches!(lead, [.., b'\'' | b'"', b'.']);
    let method = matches!(lead.last(), Some(b'.')) && !joined || lead.ends_with(b"->");
    let quoted = matches!(argument.first(), Some(b'\'' | b'"' | b'`' | b'$' | b'@'));
    let broken = match lead.trim_ascii_end().last() {
        None => false,
        Some(b'.') => joined && words <= 1,
        Some(b';' | b'\'' | b'"' | b'{' | b'@' | b'|' | b'&') => words <= 2,
        _ => false,
    };
    let taken = holds(
        head(argument, 48),
        const {
            &Phrases::new(&[
                b"$_get",
                b"$_post",
                b"$_request",
                b"base64_decode",
                b"request(",
                b"request.",
                b"php://",
                b"/etc/",
                b"chr(",
                b"phpinfo",
                b"/bin/",
                b"__import__",
                b"whoami",
                b"getruntime",
            ])
        },
    );
    let empty = argument.first() == Some(&b')');
    if !parenthesis {
        // `eval request("cmd")`, `system "id"`: without parenthesis only with a telling argument.
        return (sink == Strong && broken && quoted
            || sink == Weak && starts(argument, b"request("))
        .then_some(8);
    }
    if owned && (quoted || words <= 1) && matches!(sink, Weak | Strong | Owned) {
        return Some(if words <= 5 { 9 } else { 4 });
    }
    if method {
        return (taken && words <= 3).then_some(8);
    }
    let short = text.len() < 512 && words <= 3;
    match sink {
        Probe => (empty && short).then_some(9),
        Source => (broken && quoted).then_some(6),
        Strong if starts(argument, b"'os'") || starts(argument, b"\"os\"") => {
            Some(if words <= 4 { 9 } else { 4 })
        }
        Strong if short && words <= 1 => (quoted || taken).then_some(9),
        Strong if short => (taken || broken && quoted).then_some(8),
        Weak if taken && short => Some(9),
        Weak if short && broken && quoted => Some(8),
        Weak if lead.is_empty()
            && quoted
            && run(argument, |b| b != b')') > 2
            && text.last() == Some(&b')') =>
        {
            (starts(text, b"eval") || starts(text, b"exec")).then_some(8)
        }
        Strong | Weak | Owned => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn sinks_are_sorted() {
        super::SINKS.assert_complete();
    }
}
