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

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, ends, find, head, holds, is_word, prose_words, run, starts, tail};
use crate::words::Phrases;
use crate::{Location, NormalForm};

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
        // A wrapper says more than the one hop behind it.
        return super::stronger(Some(hit), wrapper(text).filter(|_| hit.score < 8));
    }
    let near = head(text.bytes, 8);
    let drive = near.get(1) == Some(&b':') || starts(near, b"file:") || starts(near, b"zlib:");
    if (slash || drive) && !starts(near, b"http") {
        return wrapper(text).or_else(|| secret_file(text));
    }
    if near.starts_with(b"....") {
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
    let secret = is_secret(target) || is_secret(bytes) && is_path;
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

/// Files, by the end of their path, that are read to steal what is in them.
static SECRETS: Phrases = Phrases::new(&[
    b"etc/passwd",
    b"etc/shadow",
    b"etc/hosts",
    b"etc/group",
    b"etc/issue",
    b"etc/motd",
    b"etc/./",
    b"etc/../",
    b"etc//",
    b"proc/self",
    b"proc/version",
    b"proc/cpuinfo",
    b"boot.ini",
    b"win.ini",
    b"win/ini",
    b"web-inf",
    b"web.config",
    b"global.asa",
    b"localstart.asp",
    b"system32",
    b"bin/ls",
    b"bin/cat",
    b"bin/sh",
    b"bin/id",
    b"cmd.exe",
    b".htaccess",
    b".htpasswd",
    b".ssh/",
    b"id_rsa",
    b".bash_history",
    b"wp-config",
    b".git/config",
    b".aws/",
    b"var/log/",
    b"var/www",
    b"etc/apache",
    b"etc/nginx",
    b"etc/mysql",
    b"php.ini",
    b"web-inf./",
]);

fn is_secret(path: &[u8]) -> bool {
    let mut plain = [0u8; 96];
    let mut length = 0usize;
    for &byte in path.iter().take(96) {
        let byte = match byte {
            b'\\' => b'/',
            byte => byte,
        };
        if let Some(slot) = plain.get_mut(length) {
            *slot = byte;
            length = length.saturating_add(1);
        }
    }
    holds(head(&plain, length), &SECRETS)
}

/// The whole value is the name of a secret file.
fn secret_file(text: &Text<'_>) -> Option<Hit> {
    const ABSOLUTE: [&[u8]; 34] = [
        b"etc/passwd",
        b"etc/shadow",
        b"etc/group",
        b"etc/hosts",
        b"etc/issue",
        b"etc/master.passwd",
        b"etc/sudoers",
        b"proc/self/",
        b"proc/version",
        b"boot.ini",
        b"windows/win.ini",
        b"winnt/win.ini",
        b"web-inf/",
        b"web-inf./",
        b"windows/system32/drivers/etc",
        b"inetpub/wwwroot",
        b"root/.ssh",
        b"root/.bash_history",
        b"etc/mysql/my.cnf",
        b"var/log/apache",
        b"var/log/nginx",
        b"etc/apache2/",
        b"var/run/secrets/",
        b"run/secrets/kubernetes",
        b"proc/1/",
        b"proc/net/",
        b"proc/sched_debug",
        b"etc/kubernetes/",
        b"root/.aws",
        b"root/.kube",
        b"windows/repair/sam",
        b"windows/system32/config/",
        b"windows/system32/inetsrv/",
        b"windows/panther/",
    ];
    let bytes = text.bytes.trim_ascii();
    let value = tail(bytes, run(bytes, |b| matches!(b, b'\'' | b'"' | 0..=32)));
    let broken =
        value.len() != bytes.len() || matches!(bytes.last(), Some(0 | b'\'' | b'"' | b'/'));
    if value.len() > 256 || value.iter().any(|&b| b == b' ' || b == b'\n') {
        return None;
    }
    let mut plain = [0u8; 256];
    for (slot, &byte) in plain.iter_mut().zip(value) {
        *slot = if byte == b'\\' { b'/' } else { byte };
    }
    let path = head(&plain, value.len());
    // `\\?\C:\`: a path that Windows takes as it is.
    let path = path
        .strip_prefix(b"//?/")
        .or_else(|| path.strip_prefix(b"//./"))
        .unwrap_or(path);
    let (file, drive) = match path {
        [letter, b':', rest @ ..] if letter.is_ascii_alphabetic() => (rest, true),
        _ if starts(path, b"file:") => (tail(path, 5), true),
        _ => (path, false),
    };
    let inner = tail(file, run(file, |b| b == b'/'));
    let inner = match inner {
        [letter, b':' | b'|', b'/', rest @ ..] if letter.is_ascii_alphabetic() => rest,
        _ => inner,
    };
    let rooted = inner.len() < file.len() || drive;
    let listed = ABSOLUTE.iter().any(|secret| starts(inner, secret))
        && (rooted || starts(inner, b"web-inf"));
    let squeezed = drive
        && holds(
            inner,
            const { &Phrases::new(&[b"windowswin.ini", b"oot.ini", b"inetpubwwwroot"]) },
        );
    let nested = find(file, b"/web-inf./").is_some()
        || broken
            && holds(
                file,
                const { &Phrases::new(&[b"etc/passwd", b"/boot.ini", b"etc/hosts"]) },
            );
    let hosts = starts(inner, b"etc/hosts")
        && !broken
        && !drive
        && matches!(text.location, Location::Json(_) | Location::Text);
    let score = if hosts { 6 } else { 9 };
    (listed || squeezed || nested).then(|| Hit::at("path-secret-file", score, 0, bytes.len()))
}

/// Stream wrappers that read or run: `php://`, `data://`, `expect://`.
fn wrapper(text: &Text<'_>) -> Option<Hit> {
    const WRAPPERS: [(&[u8], u8); 13] = [
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
