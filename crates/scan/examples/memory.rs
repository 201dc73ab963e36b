//! A million requests one after the other: the memory of the process must not grow with them.
//!
//! Arguments: how many requests. Prints resident memory at ten points, and fails when the last is
//! more than a megabyte above the first.

use std::process::ExitCode;

use sealgate_scan::extract::{self, Codings};
use sealgate_scan::{ScanPolicy, Scanner};

fn main() -> ExitCode {
    let count = std::env::args().nth(1).map_or(1_000_000, |text| {
        text.parse().expect("a number of requests")
    });
    let policy = ScanPolicy::default();
    let bodies = bodies();
    let mut first = 0;
    let (mut findings, mut faults) = (0usize, 0usize);
    for done in 1..=count {
        let (kind, body) = &bodies[done % bodies.len()];
        let mut scanner = Scanner::new(&policy);
        extract::path(b"/v1/orders/7", &mut scanner);
        extract::query(
            b"page=2&q=blue+suede+shoes&next=%2Fhome%3Fa%3Db",
            &mut scanner,
        );
        extract::cookies(b"session=3f2504e04f8911d3; theme=dark", &mut scanner);
        let read = extract::body(kind.as_bytes(), body, &policy.limits, &mut scanner);
        faults += usize::from(read.is_err());
        findings += scanner.finish().findings.len();
        if done % 1000 == 0 {
            let codings = Codings::parse(b"gzip", &policy.limits).expect("gzip is known");
            faults += usize::from(extract::decoded(&codings, body, &policy.limits).is_err());
        }
        if done % (count / 10).max(1) == 0 {
            let resident = resident_kib();
            if first == 0 {
                first = resident;
            }
            println!("{done:>9} requests  {resident:>7} KiB resident");
        }
    }
    let last = resident_kib();
    println!(
        "{findings} findings, {faults} bodies refused as they are; grown by {} KiB",
        last.saturating_sub(first)
    );
    if last > first + 1024 {
        eprintln!("memory grows with the requests");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Clean and hostile bodies of every format, and broken ones.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let order = |note: &str| {
        format!(
            "{{\"id\":\"3f2504e0-4f89-11d3-9a0c-0305e82c3301\",\"lines\":[{{\"sku\":\"AB-1\",\"n\":2}}],\
             \"note\":\"{note}\",\"meta\":\"{{\\\"a\\\":[1,2,3]}}\"}}"
        )
    };
    let part = |value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{value}\r\n--b--\r\n")
    };
    let json = "application/json";
    let list = [
        (json, order("Please leave it at the back door")),
        (json, order("1' or '1'='1")),
        (json, order("%3Cscript%3Ealert(1)%3C/script%3E")),
        (json, "{\"a\":1,\"a\":2}".to_owned()),
        (json, "[".repeat(200)),
        (
            json,
            "{\"query\":\"query Q($a: Int) { b(c: $a, d: \\\"e\\\") { f } }\"}".to_owned(),
        ),
        (
            "application/x-www-form-urlencoded",
            "a=1&b=O%27Brien&c=x+y".to_owned(),
        ),
        (
            "application/xml",
            "<a b='c'><d>text &amp; more</d><![CDATA[x]]></a>".to_owned(),
        ),
        ("multipart/form-data; boundary=b", part("hello")),
        (
            "multipart/form-data; boundary=b",
            part("hello").replace("--b--", ""),
        ),
        ("text/plain", "A line of prose, and another one.".to_owned()),
    ];
    list.map(|(kind, body)| (kind, body.into_bytes())).to_vec()
}

/// Resident memory of this process, from `/proc`.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|text| text.parse().ok())
        .expect("VmRSS in KiB")
}
