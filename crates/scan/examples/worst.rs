//! Looks for slow inputs: repeats every fragment and every pair of fragments to 1 KiB, scans each
//! as one value, and prints the slowest by their cost per byte against a clean document's.
//!
//! `worst [--top N]`. The fragments are what starts work in some detector; a pair that is slow in a
//! way its parts are not shows work done more than once over the same bytes.

use std::time::Instant;

use sealgate_scan::{Field, Limits, Location, Report, ScanPolicy, Scanner, extract, scan};

const BYTES: usize = 1024;

const FRAGMENTS: &[&str] = &[
    "a",
    "a ",
    "1",
    "'",
    "\"",
    "`",
    "<",
    ">",
    "=",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "{%",
    "${",
    "#{",
    "<%",
    "$",
    "%",
    "%2",
    "%25",
    "&",
    "&lt;",
    "&#",
    "&#0",
    "\\",
    "\\u0061",
    "\\x",
    "\\1",
    "+",
    "+A",
    "|",
    "||",
    "&&",
    ";",
    ":",
    ".",
    "..",
    "../",
    "./",
    "/",
    "//",
    "/*",
    "*/",
    "--",
    "-",
    "#",
    "@",
    "@@",
    "!",
    "?",
    "*",
    "\n",
    "\r\n",
    "\u{feff}",
    "é",
    "\u{2019}",
    "\u{ff07}",
    "or ",
    "and ",
    "select ",
    "union ",
    "from ",
    "where ",
    "sleep(",
    "alert(",
    "eval(",
    "a=",
    "on",
    "onx=",
    "<a ",
    "<script",
    "<!--",
    "<!doctype",
    "<?",
    "javascript:",
    "data:",
    "__proto__",
    "jndi:",
    "${jndi",
    "${${",
    "O:1:\"",
    "$ne",
    "$gt:",
    "db.",
    "*)(",
    ")(a=",
    "name()",
    "name(",
    "cat ",
    "; ls ",
    "`id",
    "$(",
    "() {",
    "<?php",
    "<% ",
    "A=1 ",
    "http://",
    "file:",
    "=expression(",
    "\u{0}",
    "style=",
    "\" ",
    "\\n",
    "ignore ",
    "to:",
    "case ",
    "if(",
    "char(1)",
    ",",
    "null,",
];

fn main() {
    let top = std::env::args()
        .nth(2)
        .and_then(|n| n.parse().ok())
        .unwrap_or(25);
    let clean = document();
    let warm = ScanPolicy::default();
    for _ in 0..20 {
        let mut scanner = Scanner::new(&warm);
        extract::json(clean.as_bytes(), &Limits::default(), &mut scanner).expect("well-formed");
    }
    let base = cost(clean.len(), || {
        let policy = ScanPolicy::default();
        let mut scanner = Scanner::new(&policy);
        extract::json(clean.as_bytes(), &Limits::default(), &mut scanner).expect("well-formed");
        scanner.finish()
    });
    println!("clean: {base:.2} ns a byte, {:.0} MB/s", 1e3 / base);
    let mut found: Vec<(f64, String)> = Vec::new();
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            let piece = format!("{first}{second}");
            let text = piece.repeat(BYTES.div_ceil(piece.len()));
            let field = Field::value(Location::Text, text.as_bytes());
            let policy = ScanPolicy::default();
            found.push((cost(text.len(), || scan(&[field], &policy)), piece));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (cost, piece) in found.iter().take(top) {
        println!(
            "{:7.1} x clean, {cost:8.1} ns a byte: {piece:?}",
            cost / base
        );
    }
}

/// Nanoseconds a byte: the best of seven, for other programs run on the machine, too.
fn cost(bytes: usize, work: impl Fn() -> Report) -> f64 {
    let once = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_nanos() as f64 / bytes as f64
    };
    (0..7).map(once).fold(f64::INFINITY, f64::min)
}

/// What an ordinary API is sent.
fn document() -> String {
    let one = r#"{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","number":17,"paid":true,"created_at":"2026-02-03T12:34:56Z","customer":{"name":"Siobhan O'Neill","email":"siobhan@example.com"},"url":"https://shop.example.com/orders/7?view=full&lang=en","note":"Please leave the parcel at the back door, thanks!"}"#;
    format!("[{}]", [one; 8].join(","))
}
