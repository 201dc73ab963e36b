//! Line breaks that start a header, a response or a mail command.
//!
//! Grammar: `value? break name ":" value`, where the break is CR, LF or both, one of the characters
//! that some servers narrow to them (U+560A, U+560D), or their encodings; the name is one a server
//! or mail program acts on. Signals: the header behind the break, and a place that has no lines
//! (query, cookie, header, path), or a break that was encoded, or hardly anything before it.
//!
//! Close to it: mails, HTTP traces and YAML in a text: their lines come after other lines.

use super::Hit;
use crate::NormalForm;
use crate::bytes::ByteClasses;
use crate::text::{Text, has_sentence, head, is_space, prose_words, run, skip_space, starts, tail};
use crate::words::Table;

/// A line break.
pub(super) const NEEDED: ByteClasses = ByteClasses::NEWLINE.with(ByteClasses::HIGH);

/// Header names, and the score of one behind a break.
static HEADERS: Table<u8, 128> = Table::new(&[
    ("access-control-allow-origin", 10),
    ("bcc", 9),
    ("cc", 8),
    ("content-disposition", 8),
    ("content-length", 10),
    ("content-type", 9),
    ("cookie", 8),
    ("from", 7),
    ("host", 8),
    ("location", 9),
    ("mime-version", 8),
    ("proxy-connection", 8),
    ("referer", 8),
    ("refresh", 8),
    ("reply-to", 8),
    ("set-cookie", 10),
    ("status", 6),
    ("subject", 7),
    ("to", 7),
    ("transfer-encoding", 10),
    ("user-agent", 8),
    ("x-forwarded-for", 9),
    ("x-forwarded-host", 9),
    ("x-xss-protection", 10),
    ("accept-encoding", 8),
    ("access-control-allow-credentials", 10),
    ("authorization", 8),
    ("cache-control", 8),
    ("connection", 7),
    ("content-encoding", 9),
    ("content-security-policy", 9),
    ("content-transfer-encoding", 8),
    ("etag", 7),
    ("last-modified", 8),
    ("link", 6),
    ("origin", 6),
    ("pragma", 6),
    ("proxy-authorization", 9),
    ("return-path", 8),
    ("server", 6),
    ("strict-transport-security", 9),
    ("upgrade", 6),
    ("www-authenticate", 9),
    ("x-content-type-options", 9),
    ("x-forwarded-proto", 9),
    ("x-frame-options", 9),
    ("x-original-url", 9),
    ("x-real-ip", 9),
    ("x-rewrite-url", 9),
]);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes;
    let encoded = !text.form.within(NormalForm::FOLD.with(NormalForm::PLUS));
    let head_only = text.is_in_head();
    let (mut at, mut broken) = (0usize, false);
    while let Some((start, end)) = next_break(bytes, at) {
        at = end;
        let line = head(skip_space(tail(bytes, end)), 256);
        let before = head(bytes, start);
        let first = !broken;
        // An empty line ends a header: what follows is the body of somebody else's page.
        let breaks = head(tail(bytes, start), end.saturating_sub(start));
        broken |= breaks.contains(&b'\n');
        let body = encoded
            && first
            && breaks.iter().filter(|&&b| b == b'\n').count() >= 2
            && matches!(line, [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'!', ..]);
        let page = body.then_some(("crlf-response", 9));
        // `%0aX-Anything:`, `%0aERROR ..`: whoever encodes a break does not write lines.
        let any = || {
            // Written out, a break of a protocol and a header of somebody's own behind hardly a word.
            let own = breaks.starts_with(b"\r\n")
                && before.len() <= 24
                && !before.contains(&b' ')
                && starts(line, b"x-")
                && !starts(line, b"x-ray");
            let line = first && (encoded || own) && is_any_header(line)
                || encoded && first && is_log_line(line);
            line.then_some(("crlf-line", 8))
        };
        // A lone dot ends a mail, and the commands behind it belong to no text.
        if matches!(line, [b'.', b'\r' | b'\n', ..]) && first {
            broken = false;
            continue;
        }
        let Some((rule, score)) = line_start(line).or(page).or_else(any) else {
            continue;
        };
        let words = before.iter().filter(|&&b| is_space(b)).count();
        let few = prose_words(before, 4) <= 2 || words == 0;
        let mail = rule == "crlf-mail" && before.len() <= 80 && !has_sentence(before, 3);
        let short = first && few && before.len() <= 80 && !before.contains(&b':') || mail;
        let score = if head_only && !has_sentence(before, 4) || encoded && first || short {
            score
        } else {
            score.min(6)
        };
        return Some(Hit::at(rule, score, start, end.saturating_sub(start)));
    }
    None
}

/// Where the next run of line breaks starts and ends.
fn next_break(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = tail(text, from);
    rest.iter().enumerate().find_map(|(at, &byte)| {
        let length = match byte {
            b'\r' | b'\n' => run(tail(rest, at), is_space),
            // U+560A and U+560D.
            0xe5 if matches!(tail(rest, at), [0xe5, 0x98, 0x8a | 0x8d, ..]) => 3,
            _ => return None,
        };
        let start = from.saturating_add(at);
        Some((start, start.saturating_add(length)))
    })
}

/// What a line starts with: a header, a status line, a mail command.
fn line_start(line: &[u8]) -> Option<(&'static str, u8)> {
    let name = run(line, |b| b.is_ascii_alphanumeric() || b == b'-');
    if line.get(name) == Some(&b':') {
        let score = HEADERS.get(head(line, name));
        return score.map(|score| ("crlf-header", score));
    }
    if starts(line, b"http/1.") || starts(line, b"http/2") {
        return Some(("crlf-response", 10));
    }
    let request = [
        b"get /".as_slice(),
        b"post /",
        b"put /",
        b"delete /",
        b"head /",
    ]
    .iter()
    .any(|method| starts(line, method));
    if request && crate::text::find(line, b" http/1").is_some() {
        return Some(("crlf-request", 9));
    }
    let smtp = [
        b"rcpt to:".as_slice(),
        b"mail from:",
        b"ehlo ",
        b"helo ",
        b"vrfy ",
        b"flushall",
        b"config set ",
        b"slaveof ",
        b"replicaof ",
    ]
    .iter()
    .any(|command| starts(line, command));
    (smtp || imap(line) || is_cache_command(line)).then_some(("crlf-mail", 9))
}

/// `X-Injected: yes`: a name of two words with a hyphen, and a colon.
fn is_any_header(line: &[u8]) -> bool {
    let name = run(line, |b| b.is_ascii_alphanumeric() || b == b'-');
    let written = head(line, name);
    let hyphen = written.iter().skip(1).any(|&b| b == b'-') && !written.ends_with(b"-");
    hyphen && written.first().is_some_and(u8::is_ascii_alphabetic) && line.get(name) == Some(&b':')
}

/// `ERROR login ok`, `2026-01-01 12:00:00 INFO`, `[INFO]`: the line of a log.
fn is_log_line(line: &[u8]) -> bool {
    let stamp = line.get(..10).is_some_and(|date| {
        date.iter().enumerate().all(|(at, &b)| {
            if matches!(at, 4 | 7) {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
    });
    let level = line.strip_prefix(b"[").unwrap_or(line);
    let level = [
        b"INFO".as_slice(),
        b"WARN",
        b"ERROR",
        b"DEBUG",
        b"FATAL",
        b"CRITICAL",
    ]
    .iter()
    .any(|known| level.starts_with(known));
    stamp || level
}

/// `set session:1 0 900 5`, `*1` and `$8`: the lines of memcached and of Redis.
fn is_cache_command(line: &[u8]) -> bool {
    let end = run(line, |b| !matches!(b, b'\r' | b'\n'));
    let mut words = head(line, end)
        .split(|&b| b == b' ')
        .filter(|word| !word.is_empty());
    let stores = words.next().is_some_and(|verb| {
        [
            b"set".as_slice(),
            b"add",
            b"replace",
            b"append",
            b"prepend",
            b"cas",
        ]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(verb))
    });
    let keyed = words.next().is_some();
    let numbers = words
        .by_ref()
        .take(3)
        .filter(|word| word.iter().all(u8::is_ascii_digit))
        .count();
    let array = matches!(line, [b'*', b'0'..=b'9', ..])
        && run(tail(line, 1), |b| b.is_ascii_digit()) == end.saturating_sub(1);
    let bulk = array && skip_space(tail(line, end)).first() == Some(&b'$');
    stores && keyed && numbers == 3 && words.next().is_none() || bulk
}

/// `V101 FETCH 4791`, `A001 LOGOUT`: tag and command.
fn imap(line: &[u8]) -> bool {
    let tag = run(line, |b| b.is_ascii_alphanumeric());
    let digits = head(line, tag)
        .iter()
        .filter(|b| b.is_ascii_digit())
        .count();
    let command = skip_space(tail(line, tag));
    (2..=6).contains(&tag)
        && digits >= 1
        && [
            b"capability".as_slice(),
            b"login ",
            b"logout",
            b"fetch ",
            b"select ",
            b"create ",
            b"delete ",
            b"noop",
            b"list ",
            b"examine ",
            b"authenticate",
        ]
        .iter()
        .any(|word| starts(command, word))
}

#[cfg(test)]
mod tests {
    #[test]
    fn headers_are_sorted() {
        super::HEADERS.assert_complete();
    }
}
