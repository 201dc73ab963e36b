//! Path traversal, and inclusion of local and remote files.
//!
//! Grammar: `hop+ target?`, where a hop is a segment of dots (`..`, `....`, `..;`) between slashes,
//! backslashes or both, also with the dots or the slash hidden in the encodings that [`crate::decode`]
//! undoes; or the whole value is the absolute name of a file that is only read to steal
//! (`/etc/passwd`, `c:\boot.ini`, `web-inf/web.xml`), or a stream wrapper (`php://filter`).
//!
//! Two signals: hops, and one of a secret target, a number no relative link reaches, a spelling that
//! nobody writes by hand (`....//`, `..\/`, an encoded dot), or a place where no link is expected
//! (path, cookie, header). In a text with spaces only a secret target behind the hops counts.
//!
//! Close to it: `../../tsconfig.json`, Markdown links to `../docs/x.md`, ellipses, `file:///home/..`
//! of editors, "edit /etc/hosts and reboot".

mod file;
mod remote;

use super::Hit;
use crate::NormalForm;
use crate::bytes::ByteClasses;
use crate::text::{Text, ends, head, holds, is_word, prose_words, run, starts, tail};
use crate::words::Phrases;
use file::{is_private, is_secret, secret_file};

/// A path has a slash, a drive, or dots.
pub(super) const NEEDED: ByteClasses = ByteClasses::SLASH
    .with(ByteClasses::BACKSLASH)
    .with(ByteClasses::COLON)
    .with(ByteClasses::DOT)
    .with(ByteClasses::CONTROL);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let (slash, dot) = (
        text.seen
            .intersects(ByteClasses::SLASH.with(ByteClasses::BACKSLASH)),
        text.seen.intersects(ByteClasses::DOT),
    );
    if slash
        && dot
        && let Some(hit) = traversal(text)
    {
        // A wrapper or a file says more than the one hop behind it.
        let more = || wrapper(text).or_else(|| secret_file(text));
        return super::stronger(Some(hit), if hit.score < 8 { more() } else { None });
    }
    if slash && let Some(hit) = remote::detect(text.bytes) {
        return Some(hit);
    }
    let near = head(text.bytes, 8);
    let drive = starts(near, b"file=")
        || starts(near, b"path=")
        || near.get(1) == Some(&b':')
        || starts(near, b"file:")
        || starts(near, b"zlib:");
    if (slash || drive) && !starts(near, b"http") {
        return wrapper(text).or_else(|| secret_file(text));
    }
    if near.starts_with(b"....") || near == b"etc/pass" {
        dotted(text)
    } else {
        None
    }
}

/// What the hops of a text are like.
#[derive(Debug, Default)]
struct Hops {
    first: usize,
    end: usize,
    count: usize,
    /// Spelled as no link is: `....//`, `..\/`, `..;/`.
    odd: bool,
    /// Segments of one dot.
    stays: usize,
}

fn traversal(text: &Text<'_>) -> Option<Hit> {
    let hops = hops(text.bytes)?;
    let bytes = text.bytes;
    let target = head(tail(bytes, hops.end), 96);
    let spaces = bytes.iter().filter(|&&b| b == b' ' || b == b'\n').count();
    let before = head(bytes, hops.first);
    // The value is a path, or opens with one: no prose, no code around it.
    let is_path = prose_words(before, 4) <= 3
        && !before.contains(&b'(')
        && (spaces == 0 || before.is_empty());
    let secret = is_secret(target)
        || is_secret(bytes) && is_path
        || hops.count >= 2 && is_private(target) && spaces == 0;
    let hidden = !NormalForm::RAW.with(text.form).within(
        NormalForm::PLUS
            .with(NormalForm::BASE64)
            .with(NormalForm::STRIP),
    ) && (spaces == 0 || is_path);
    let last = bytes.last().copied().unwrap_or_default();
    let broken = matches!(last, 0 | b'\'' | b'"') || bytes.contains(&0) || target.contains(&b'|');
    let score = if secret && hops.count >= 1 && (is_path || hops.count >= 3) {
        10
    } else if !is_path {
        if hops.odd && hops.count >= 3 { 6 } else { 4 }
    } else if hops.odd && hops.count >= 2 || hidden && hops.count >= 1 || broken && hops.count >= 1
    {
        10
    } else if hops.count >= 3 || text.is_in_head() && hops.count >= 2 {
        9
    } else if hops.stays >= 4 || hops.odd {
        8
    } else {
        5
    };
    let length = hops.end.saturating_sub(hops.first);
    Some(Hit::at("path-traversal", score, hops.first, length))
}

/// Reads segments between slashes and counts those that climb.
fn hops(text: &[u8]) -> Option<Hops> {
    let mut found = Hops::default();
    let mut at = 0usize;
    while let Some(dot) = tail(text, at).iter().position(|&b| b == b'.') {
        let start = at.saturating_add(dot);
        let rest = tail(text, start);
        let dots = run(rest, |b| b == b'.');
        let opens = match head(text, start).last() {
            None => true,
            // A per cent sign is what is left of a slash that was encoded once too often.
            Some(&b) => !is_word(b) && !matches!(b, b'.' | b'-' | b')' | b']'),
        };
        let after = tail(rest, dots);
        let filler = run(after, |b| matches!(b, b';' | b'%' | 0..=31)).min(8);
        let slashes = run(tail(after, filler), |b| b == b'/' || b == b'\\');
        at = start.saturating_add(dots);
        if slashes == 0 || !opens && found.count == 0 {
            continue;
        }
        if found.count == 0 && found.stays == 0 {
            found.first = start;
        }
        if dots >= 2 {
            found.count = found.count.saturating_add(1);
            let run = head(tail(after, filler), slashes);
            let mixed = run.contains(&b'/') && run.contains(&b'\\');
            found.odd |=
                dots > 2 || mixed || filler > 0 || slashes > 1 && !run.starts_with(b"\\\\");
            found.end = at.saturating_add(filler).saturating_add(slashes);
        } else if opens {
            found.stays = found.stays.saturating_add(1);
            let run = head(tail(after, filler), slashes);
            let mixed = run.contains(&b'/') && run.contains(&b'\\') || run.len() > 1;
            found.odd |= mixed && found.stays >= 2;
            found.end = at.saturating_add(filler).saturating_add(slashes);
        }
    }
    // A last hop needs no slash: `../..`.
    if found.count >= 1 && ends(text, b"/..") {
        found.count = found.count.saturating_add(1);
        found.end = text.len();
    }
    (found.count > 0 || found.stays >= 2).then_some(found)
}

/// Stream wrappers that read or run: `php://`, `data://`, `expect://`.
fn wrapper(text: &Text<'_>) -> Option<Hit> {
    const WRAPPERS: [(&[u8], u8); 15] = [
        (b"php://", 10),
        (b"expect://", 10),
        (b"phar://", 10),
        (b"zip://", 9),
        (b"glob://", 9),
        (b"ogg://", 9),
        (b"rar://", 9),
        (b"ssh2://", 9),
        (b"zlib:", 9),
        (b"compress.zlib://", 10),
        (b"compress.bzip2://", 10),
        (b"data://text/plain", 9),
        (b"data:text/plain;base64,PD9", 9),
        (b"jar:file:", 9),
        (b"netdoc:", 9),
    ];
    let bytes = text.bytes;
    let value = tail(bytes, run(bytes, |b| matches!(b, b'\'' | b'"' | 0..=32)));
    WRAPPERS
        .iter()
        .find(|(scheme, _)| starts(value, scheme))
        .filter(|_| !value.contains(&b' '))
        .map(|(scheme, score)| Hit::at("path-wrapper", *score, 0, scheme.len()))
}

/// `................etcpasswd`: a traversal whose slashes a filter took away.
fn dotted(text: &Text<'_>) -> Option<Hit> {
    let dots = run(text.bytes, |b| b == b'.');
    let rest = tail(text.bytes, dots);
    let file = holds(
        head(rest, 24),
        const {
            &Phrases::new(&[
                b"etcpasswd",
                b"etcshadow",
                b"oot.ini",
                b"win.ini",
                b"web-inf",
            ])
        },
    );
    (dots >= 4 && dots % 2 == 0 && file).then(|| Hit::at("path-traversal", 8, 0, dots))
}
