//! Looks for slow inputs: repeats every fragment and every pair of fragments to 1 KiB, scans each as
//! one value, then changes the slowest again and again and keeps what is slower still. Prints the slowest
//! by their cost per byte against a clean document's.
//!
//! `worst [--top N] [--rounds N] [--seed N]`, or `worst --piece TEXT` to scan one piece for five seconds, for
//! a profiler (the clean document, when it is empty). The fragments are what starts work in some detector; a pair that is slow
//! in a way its parts are not shows work done more than once over the same bytes.

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
    let mut arguments = std::env::args().skip(1);
    let (mut top, mut rounds, mut seed) = (15, 2000, 0x9e37_79b9);
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        if name == "--piece" {
            return repeat(&value);
        }
        let number = value.parse().expect("a number");
        match name.as_str() {
            "--top" => top = number,
            "--rounds" => rounds = number,
            "--seed" => seed = number,
            _ => panic!("unknown argument {name}"),
        }
    }
    let clean = document();
    let base = cost(clean.len(), || {
        let policy = ScanPolicy::default();
        let mut scanner = Scanner::new(&policy);
        extract::json(clean.as_bytes(), &Limits::default(), &mut scanner).expect("well-formed");
        scanner.finish()
    });
    println!("clean: {base:.2} ns a byte, {:.0} MB/s", 1e3 / base);
    let mut slowest = Slowest::default();
    for first in FRAGMENTS {
        for second in FRAGMENTS {
            slowest.offer(format!("{first}{second}"));
        }
    }
    let mut random = seed as u64 | 1;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 11) as usize % bound.max(1)
    };
    for _ in 0..rounds {
        let other = slowest.piece(below(Slowest::KEPT));
        let fragment = FRAGMENTS[below(FRAGMENTS.len())];
        let mut piece: Vec<char> = slowest.piece(below(Slowest::KEPT)).chars().collect();
        let at = below(piece.len() + 1);
        match below(4) {
            0 => piece.splice(at..at, fragment.chars()).for_each(drop),
            1 => piece.splice(at.., other.chars()).for_each(drop),
            2 if piece.len() > 1 && at < piece.len() => drop(piece.remove(at)),
            _ => piece.splice(..at, fragment.chars()).for_each(drop),
        }
        slowest.offer(piece.into_iter().take(48).collect());
    }
    println!("times a clean byte's cost, nanoseconds a byte, and those of a text 64 times as long");
    for (cost, piece) in slowest.found.iter().take(top) {
        let long = of_piece(piece, 64 * BYTES);
        println!(
            "{:7.1} x {cost:8.1} ns {long:8.1} ns: {piece:?}",
            cost / base
        );
    }
}

/// The slowest pieces so far, the slowest first.
#[derive(Default)]
struct Slowest {
    found: Vec<(f64, String)>,
}

impl Slowest {
    const KEPT: usize = 64;

    fn piece(&self, index: usize) -> String {
        self.found[index % self.found.len()].1.clone()
    }

    /// Measures a piece and keeps it when it is among the slowest.
    fn offer(&mut self, piece: String) {
        if piece.is_empty() || self.found.iter().any(|(_, known)| *known == piece) {
            return;
        }
        let cost = of_piece(&piece, BYTES);
        let at = self.found.partition_point(|(known, _)| *known > cost);
        self.found.insert(at, (cost, piece));
        self.found.truncate(Self::KEPT);
    }
}

/// Scans one piece again and again.
fn repeat(piece: &str) {
    let start = Instant::now();
    let text = piece.repeat(BYTES.div_ceil(piece.len().max(1)));
    let document = document();
    let policy = ScanPolicy::default();
    let mut bytes = 0usize;
    while start.elapsed().as_secs() < 5 {
        let report = if piece.is_empty() {
            let mut scanner = Scanner::new(&policy);
            extract::json(document.as_bytes(), &policy.limits, &mut scanner).expect("well-formed");
            scanner.finish()
        } else {
            scan(&[Field::value(Location::Text, text.as_bytes())], &policy)
        };
        bytes += std::hint::black_box(report).bytes_scanned;
    }
    let nanoseconds = start.elapsed().as_nanos() as f64 / bytes as f64;
    println!("{nanoseconds:.1} ns a byte of the values");
}

/// Nanoseconds a byte of a piece repeated to a length.
fn of_piece(piece: &str, bytes: usize) -> f64 {
    let text = piece.repeat(bytes.div_ceil(piece.len()));
    let field = Field::value(Location::Text, text.as_bytes());
    let policy = ScanPolicy::default();
    cost(text.len(), || scan(&[field], &policy))
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
