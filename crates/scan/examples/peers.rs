//! Processor time of a request beside libmodsecurity with the Core Rule Set, on the same JSON bodies.
//!
//! `peers --peer PROGRAM [FILE...]`. The peer is `tests/peers/modsecurity.c`. Bodies are a page of orders
//! and a webhook full of URLs and Markdown, each of about 1 and 10 KiB, and the files. Ours reads path,
//! query, headers and body of the same request.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use sealgate_scan::{ScanPolicy, Scanner, extract};

/// How many times faster than the peer we claim to be.
const CLAIM: f64 = 100.0;
/// Headers that both are given, beside those of the body.
const HEADERS: [(&str, &str); 3] = [
    ("host", "api.example.org"),
    ("user-agent", "okhttp/4.12.0"),
    ("accept", "application/json"),
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    assert_eq!(
        arguments.next().as_deref(),
        Some("--peer"),
        "usage: peers --peer PROGRAM"
    );
    let peer = PathBuf::from(arguments.next().expect("the peer's program"));
    let folder = std::env::temp_dir().join(format!("sealgate-peers-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    for (name, piece) in [("orders", order as fn(usize) -> String), ("webhook", event)] {
        for bytes in [1 << 10, 10 << 10] {
            let file = folder.join(format!("{name}-{}k.json", bytes >> 10));
            std::fs::write(&file, document(bytes, piece)).expect("written");
            files.push(file);
        }
    }
    let held = compare(&peer, &files);
    std::fs::remove_dir_all(&folder).expect("removed");
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn compare(peer: &PathBuf, files: &[PathBuf]) -> bool {
    let output = Command::new(peer)
        .args(["crs", "3"])
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", peer.display()));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("figures are text");
    let mut held = true;
    println!("body                  bytes   libmodsecurity + CRS   refused       ours    times");
    for (line, file) in text.lines().zip(files) {
        let words: Vec<&str> = line.split(' ').collect();
        let theirs: f64 = words[2].parse().expect("nanoseconds");
        let body = std::fs::read(file).expect("a body");
        let ours = nanoseconds(&body);
        let times = theirs / ours;
        held &= times >= CLAIM;
        println!(
            "{:20} {:6} {:16.0} us {:>9} {:8.1} us {times:8.0}{}",
            file.file_stem().unwrap_or_default().to_string_lossy(),
            body.len(),
            theirs / 1e3,
            if words[3] == "1" { "yes" } else { "no" },
            ours / 1e3,
            if times < CLAIM {
                " below the claim"
            } else {
                ""
            }
        );
    }
    held
}

/// One request, the best of five lots of at least a tenth of a second.
fn nanoseconds(body: &[u8]) -> f64 {
    let policy = ScanPolicy::default();
    let lot = |rounds: u32| {
        let start = processor_nanoseconds();
        for _ in 0..rounds {
            std::hint::black_box(request(&policy, std::hint::black_box(body)));
        }
        (processor_nanoseconds() - start) / f64::from(rounds)
    };
    assert!(request(&policy, body), "the body passes");
    // The kernel books time a few milliseconds late: a lot has to be long.
    let mut rounds = 64;
    while lot(rounds) * f64::from(rounds) < 1e8 {
        rounds *= 2;
    }
    (0..5).map(|_| lot(rounds)).fold(f64::INFINITY, f64::min)
}

fn request(policy: &ScanPolicy, body: &[u8]) -> bool {
    let mut scanner = Scanner::new(policy);
    extract::path(b"/orders", &mut scanner);
    extract::query(b"page=2", &mut scanner);
    for (name, value) in HEADERS {
        extract::header(name.as_bytes(), value.as_bytes(), &mut scanner);
    }
    extract::body(b"application/json", body, &policy.limits, &mut scanner).is_ok()
        && scanner.finish().is_clean()
}

/// Time on a processor so far: others work on this machine, too.
fn processor_nanoseconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let first = text.split_whitespace().next();
    first.and_then(|n| n.parse().ok()).expect("nanoseconds")
}

fn document(bytes: usize, piece: fn(usize) -> String) -> String {
    let mut pieces = vec![piece(0)];
    while pieces.iter().map(|piece| piece.len() + 1).sum::<usize>() < bytes {
        pieces.push(piece(pieces.len()));
    }
    format!("[{}]", pieces.join(","))
}

fn order(n: usize) -> String {
    format!(
        concat!(
            r#"{{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c{:04x}","number":{},"paid":true,"#,
            r#""created_at":"2026-02-{:02}T12:34:56Z","customer":{{"name":"Siobhan O'Neill","#,
            r#""email":"siobhan@example.com","phone":"+353 1 234 5678"}},"#,
            r#""url":"https://shop.example.com/orders/{}?view=full&lang=en","#,
            r#""note":"Please leave the parcel at the back door, thanks!","#,
            r#""lines":[{{"sku":"AB-1234","quantity":2,"price":"19.99"}}]}}"#
        ),
        n,
        1000 + n,
        1 + n % 28,
        n
    )
}

fn event(n: usize) -> String {
    let api = "https://git.example.com/api/v4/repos/o-neil/sql-cookbook";
    format!(
        concat!(
            r#"{{"action":"edited","id":{n},"html_url":"{api}/issues/{n}#note-7","#,
            r#""labels_url":"{api}/labels{{/name}}","keys_url":"{api}/keys{{/key_id}}","#,
            r#""user":{{"login":"o-neil","avatar_url":"https://a.example.com/u/{n}?v=4","site_admin":false}},"#,
            r##""title":"Can't build: `npm ci && npm test` fails (#{n})","##,
            r#""body":"Steps:\r\n\r\n1. run `make all`\r\n2. open <http://localhost:3000/>\r\n\r\n> it's broken"#,
            r#"\r\n\r\nSee [docs](https://example.org/a?b=c&d=e) -- I'd select the first option.","#,
            r#""reactions":{{"+1":{n},"-1":0,"heart":2}},"created_at":"2026-02-03T12:34:56Z"}}"#
        ),
        n = n,
        api = api
    )
}
