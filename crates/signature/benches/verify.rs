//! Verification of a request with a body of 1 KiB, beside the bare HMAC over that body: the ratios
//! of one run are what counts.
#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use sealgate_signature::rfc9421::{Component, Rfc9421};
use sealgate_signature::scheme::custom::{Custom, CustomSpec, Encoding, Template, TimeUnit};
use sealgate_signature::scheme::github::GITHUB;
use sealgate_signature::scheme::verify;
use sealgate_signature::{
    Algorithm, HeaderLine, MacKey, Message, Scheme, SignOrder, VerificationKey,
};

const BODY: [u8; 1024] = [b'x'; 1024];

fn secret() -> MacKey {
    MacKey::new(vec![7; 32]).expect("a key")
}

/// A scheme under its name, and a request that it signed.
struct Case {
    name: &'static str,
    scheme: Box<dyn Scheme>,
    headers: Vec<HeaderLine>,
}

impl Case {
    fn new(name: &'static str, scheme: impl Scheme + 'static) -> Self {
        let mut headers: Vec<HeaderLine> = [
            ("content-type", "application/json"),
            ("user-agent", "partner/1.0"),
            ("accept", "*/*"),
            ("x-request-id", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let order = SignOrder {
            key_id: Some("partner-a"),
            created: 1_700_000_000,
            expires: Some(1_700_000_060),
            nonce: Some("3f2504e04f8911d39a0c0305e82c3301"),
        };
        let added = scheme
            .sign(&message(&headers), &BODY, &order, &secret())
            .expect("a signature");
        let added = added.into_iter();
        headers.extend(added.map(|(name, value)| (name.into_bytes(), value.into_bytes())));
        Self {
            name,
            scheme: Box::new(scheme),
            headers,
        }
    }

    /// What a gate does, from the head as received to the body held against it.
    fn judge(&self, key: &VerificationKey) {
        let message = message(&self.headers);
        let presented = self.scheme.present(&message).expect("a signature");
        for presented in &presented {
            verify(self.scheme.as_ref(), &message, presented, &BODY, key).expect("it verifies");
            let body = self.scheme.check_body(&message, presented, &BODY);
            body.expect("the body matches");
        }
    }
}

fn message(headers: &[HeaderLine]) -> Message<'_> {
    Message {
        method: b"POST",
        scheme: b"https",
        authority: b"api.bank.test",
        target: b"/v1/payments?id=1234567890",
        headers,
        ..Message::default()
    }
}

fn cases() -> Vec<Case> {
    let fields = Rfc9421 {
        required: ["@method", "@target-uri", "content-type", "x-request-id"]
            .map(|name| Component::new(name).expect("a component"))
            .into(),
        ..Rfc9421::default()
    };
    let custom = CustomSpec {
        template: Template::parse("{timestamp}.{method}.{target}\n{body}").expect("a template"),
        algorithm: Algorithm::HmacSha256,
        signature_header: "x-signature".into(),
        prefix: String::new(),
        encoding: Encoding::Hex,
        timestamp: Some(("x-time".into(), TimeUnit::Seconds)),
        id_header: None,
        key_id_header: None,
    };
    vec![
        Case::new("github", GITHUB),
        Case::new("custom", Custom::new(custom).expect("a dialect")),
        Case::new("rfc9421", Rfc9421::default()),
        Case::new("rfc9421-with-fields", fields),
    ]
}

fn schemes(c: &mut Criterion) {
    let key = VerificationKey::Mac(secret());
    let mac = secret();
    let mut group = c.benchmark_group("verify-1k");
    group.bench_function("bare-hmac", |b| b.iter(|| mac.compute(&[black_box(&BODY)])));
    for case in cases() {
        group.bench_function(case.name, |b| b.iter(|| case.judge(black_box(&key))));
    }
    group.finish();

    println!("ratio to the bare HMAC, taken in turns");
    for case in cases() {
        let (mut bare, mut whole) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..20_000 {
            let start = Instant::now();
            black_box(mac.compute(&[black_box(&BODY)]));
            let middle = Instant::now();
            case.judge(black_box(&key));
            bare += middle - start;
            whole += middle.elapsed();
        }
        let ratio = whole.as_secs_f64() / bare.as_secs_f64();
        let added = whole.saturating_sub(bare) / 20_000;
        println!("{:<20} {ratio:>6.2}, {added:?} added", case.name);
    }
}

criterion_group!(benches, schemes);
criterion_main!(benches);
