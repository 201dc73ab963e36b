//! Remote inclusion: a URL or share whose end shows that another program will append to it.
//!
//! Grammar: a URL that ends in a NUL or its encoding (`.php%00`), or in a `?` behind the name of a known
//! web shell, which swallow what the including program appends; a share of another machine with a script.
//!
//! Close to it: URLs that end in `?`, as many do, and shares with documents.

use super::super::Hit;
use crate::text::{ends, head, run, starts, tail};

/// Endings of scripts and programs.
const SCRIPTS: [&[u8]; 9] = [
    b".php", b".asp", b".aspx", b".jsp", b".dll", b".hta", b".ps1", b".sct", b".exe",
];

/// Web shells by the name that they are published under.
const SHELLS: [&[u8]; 11] = [
    b"shell",
    b"c99",
    b"r57",
    b"cmd",
    b"backdoor",
    b"webshell",
    b"b374k",
    b"wso",
    b"evil",
    b"payload",
    b"pwn",
];

pub(super) fn detect(text: &[u8]) -> Option<Hit> {
    let value = tail(text, run(text, |b| matches!(b, b'\'' | b'"' | b' ')));
    let url = [b"http://".as_slice(), b"https://", b"ftp://", b"//"]
        .iter()
        .any(|scheme| starts(value, scheme));
    let share = value.starts_with(b"\\\\");
    if !(url || share) || value.len() > 512 || value.contains(&b' ') {
        return None;
    }
    let cut = ends(value, b"%00") || value.last() == Some(&0);
    let path = head(value, run(value, |b| !matches!(b, b'?' | 0 | b'%')));
    let name = path
        .rsplit(|b| matches!(b, b'/' | b'\\'))
        .next()
        .unwrap_or(path);
    let shell = SHELLS.iter().any(|shell| starts(name, shell)) && name.contains(&b'.');
    let script = SCRIPTS.iter().any(|ending| ends(name, ending));
    let found = url && cut || url && shell && value.ends_with(b"?") || share && script;
    found.then(|| Hit::at("path-remote", 9, 0, value.len()))
}
