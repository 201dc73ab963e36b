//! MB/s of the whole scan (extraction, prefilter, decoding, detectors) on clean requests, and on
//! inputs built to be slow.
#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sealgate_scan::{Field, ScanPolicy, Scanner, extract};

/// One order as a shop's API has it: identifiers, numbers, dates, names, a line of prose, a URL.
fn order(i: usize) -> String {
    format!(
        concat!(
            r#"{{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c{:04x}","number":{},"paid":true,"#,
            r#""created_at":"2026-02-{:02}T12:34:56Z","customer":{{"name":"Siobhan O'Neill","#,
            r#""email":"siobhan.{}@example.com","phone":"+353 1 234 5678"}},"#,
            r#""url":"https://shop.example.com/orders/{}?view=full&lang=en","#,
            r#""note":"Please leave the parcel at the back door, thanks!","#,
            r#""lines":[{{"sku":"AB-1234","quantity":2,"price":"19.99"}},"#,
            r#"{{"sku":"CD-5678","quantity":1,"price":"5.00"}}]}}"#
        ),
        i,
        1000 + i,
        1 + i % 28,
        i,
        i
    )
}

fn document(bytes: usize) -> String {
    let mut orders = Vec::new();
    let mut length = 2;
    while length < bytes {
        orders.push(order(orders.len()));
        length += orders.last().map_or(0, |order| order.len() + 1);
    }
    format!("[{}]", orders.join(","))
}

fn scan_json(policy: &ScanPolicy, body: &[u8]) -> bool {
    let mut scanner = Scanner::new(policy);
    extract::json(body, &policy.limits, &mut scanner).is_ok() && scanner.finish().is_clean()
}

fn clean(c: &mut Criterion) {
    let policy = ScanPolicy::default();
    let mut group = c.benchmark_group("clean");
    for (name, bytes) in [
        ("json-1k", 1 << 10),
        ("json-10k", 10 << 10),
        ("json-1m", 1 << 20),
    ] {
        let body = document(bytes);
        assert!(scan_json(&policy, body.as_bytes()), "the document is clean");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| scan_json(&policy, black_box(body.as_bytes())))
        });
        group.bench_function(format!("{name}-extraction-alone"), |b| {
            b.iter(|| {
                let mut bytes = 0;
                let mut sink = |field: Field<'_>| bytes += field.value.len();
                extract::json(black_box(body.as_bytes()), &policy.limits, &mut sink).ok();
                bytes
            })
        });
    }
    let query = "page=2&per_page=100&sort=created&q=blue+suede+shoes&from=2026-01-01";
    group.throughput(Throughput::Bytes(query.len() as u64));
    group.bench_function("query", |b| {
        b.iter(|| {
            let mut scanner = Scanner::new(&policy);
            extract::query(black_box(query.as_bytes()), &mut scanner);
            scanner.finish().is_clean()
        })
    });
    group.finish();
}

/// Inputs that make naive scanners quadratic; MB/s here must not fall with the length.
fn worst(c: &mut Criterion) {
    let policy = ScanPolicy::default();
    let mut group = c.benchmark_group("worst");
    group.sample_size(10);
    let seeds = [
        ("quotes", "' "),
        ("tags", "<a "),
        ("comments", "/* "),
        ("open-comments", "<!-- "),
        ("percent", "%2525"),
        ("entities", "&amp;"),
        ("words", "a or b and "),
        ("parens", "(("),
        ("attributes", "<x a=b "),
        ("clauses", "or a and 1 "),
        ("quoted-clauses", "' or %2561 and "),
        ("backslashes", "\\\\u0041"),
    ];
    for (name, seed) in seeds {
        for bytes in [16 << 10, 128 << 10] {
            let body = format!("\"{}\"", seed.repeat(bytes / seed.len()));
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(format!("{name}-{}k", bytes >> 10), |b| {
                b.iter(|| scan_json(&policy, black_box(body.as_bytes())))
            });
        }
    }
    group.finish();
}

criterion_group!(benches, clean, worst);
criterion_main!(benches);
