//! Every metric after a scripted run, as Prometheus reads it.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sealgate_engine::telemetry::{FAMILIES, MetricKind};
use sealgate_tests::bridge::Token;
use sealgate_tests::draft::{Draft, now};
use sealgate_tests::gate::Gate;
use sealgate_tests::message::Request;
use sealgate_tests::required;
use sealgate_tests::scrape::Page;
use serde_json::{Value, json};

use super::{forged, payments, sealed_with_a_wrong_key};

/// `not_after` of partner A's key, and the same in seconds since 1970.
const ENDS: (&str, f64) = ("2099-01-01T00:00:00Z", 4_070_908_800.0);

/// The suites' policy with a key that ends and a stage that is only observed.
fn policy(gate: &Gate) -> Value {
    let mut policy = gate.keys.policy();
    policy["keys"][0]["not_after"] = json!(ENDS.0);
    policy["policies"]["raw"]["inspect"]["mode"] = json!("observe");
    policy
}

/// Puts another policy in force and waits until it is.
fn load(gate: &mut Gate, policy: &Value) {
    let loads = Page::of(&gate.envoy).sum("sealgate_policy_loads_total", &[]);
    let text = policy.to_string();
    gate.envoy
        .update(|plugin| plugin["configuration"]["value"] = json!(text));
    let until = Instant::now() + Duration::from_secs(10);
    while Page::of(&gate.envoy).sum("sealgate_policy_loads_total", &[]) <= loads {
        assert!(
            Instant::now() < until,
            "the policy does not come into force"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    // The last of the workers follows.
    std::thread::sleep(Duration::from_millis(500));
}

/// One of everything that a metric counts.
fn scripted_run(gate: &mut Gate) {
    let first = policy(gate);
    load(gate, &first);
    let late = payments(gate, |draft| draft.rfc9421().created = Some(now() - 40));
    gate.passes(&late);
    refused(gate, &late, 409);
    gate.passes(&Draft::raw(&gate.keys).make());
    gate.passes(&Request::get("/healthz"));
    refused(gate, &forged(gate), 401);
    let unknown = payments(gate, |draft| draft.rfc9421().keyid = "nobody".into());
    refused(gate, &unknown, 401);
    refused(gate, &sealed_with_a_wrong_key(gate), 401);
    let hostile = json!({ "note": "' OR 1=1 --" }).to_string().into_bytes();
    let injected = payments(gate, |draft| draft.plaintext = hostile.clone());
    refused(gate, &injected, 403);
    let mut observed = Draft::raw(&gate.keys);
    observed.plaintext = hostile;
    gate.passes(&observed.make());
    let garbled = payments(gate, |draft| {
        // A key nobody has agreed on: the bridge says no.
        let stranger = sealgate_tests::makers::josekit::p256();
        let public = sealgate_tests::makers::josekit::public(&stranger);
        let lock = sealgate_tests::makers::Lock::public("ECDH-ES+A256KW", "gw-ec", &public);
        draft.token().lock = lock;
    });
    refused(gate, &garbled, 401);
    gate.bridge.stop();
    refused(gate, &payments(gate, |_| {}), 503);
    let mut nowhere = gate.keys.policy();
    nowhere["bridge"]["cluster"] = json!("nowhere");
    load(gate, &nowhere);
    refused(gate, &payments(gate, |_| {}), 503);
}

fn refused(gate: &Gate, request: &Request, status: u16) {
    let response = gate.site.refused(&gate.envoy, request);
    assert_eq!(response.status, status, "{}", gate.envoy.log());
}

#[test]
fn every_metric_counts_what_happened() {
    let mut gate = Gate::start(Token::SoftHsm);
    scripted_run(&mut gate);
    // Histograms appear with the next flush.
    let until = Instant::now() + Duration::from_secs(10);
    let page = loop {
        let page = Page::of(&gate.envoy);
        if page.sum("sealgate_bridge_milliseconds_count", &[]) > 0.0 || Instant::now() > until {
            break page;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    type Counted<'c> = (&'c str, &'c [(&'c str, &'c str)], f64);
    let counted: &[Counted<'_>] = &[
        (
            "requests",
            &[
                ("policy", "payments"),
                ("stage", "none"),
                ("outcome", "allowed"),
                ("reason", "none"),
            ],
            1.0,
        ),
        (
            "requests",
            &[
                ("policy", "raw"),
                ("stage", "none"),
                ("outcome", "allowed"),
                ("reason", "none"),
            ],
            2.0,
        ),
        (
            "requests",
            &[
                ("policy", "open"),
                ("stage", "none"),
                ("outcome", "open"),
                ("reason", "none"),
            ],
            1.0,
        ),
        (
            "requests",
            &[
                ("policy", "payments"),
                ("stage", "replay"),
                ("outcome", "refused"),
                ("reason", "replayed"),
            ],
            1.0,
        ),
        (
            "requests",
            &[
                ("policy", "payments"),
                ("stage", "inspect"),
                ("outcome", "refused"),
                ("reason", "injection-sqli"),
            ],
            1.0,
        ),
        (
            "observed",
            &[
                ("policy", "raw"),
                ("stage", "inspect"),
                ("reason", "injection-sqli"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "payments"),
                ("stage", "replay"),
                ("reason", "replayed"),
                ("key", "partner-a-mac"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "payments"),
                ("stage", "signature"),
                ("reason", "signature-mismatch"),
                ("key", "partner-a-mac"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "payments"),
                ("stage", "signature"),
                ("reason", "signature-key-unknown"),
                ("key", "unknown"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "raw"),
                ("stage", "payload"),
                ("reason", "payload-not-opened"),
                ("key", "body-2026"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "payments"),
                ("stage", "token"),
                ("reason", "token-key-refused"),
                ("key", "gw-ec"),
            ],
            1.0,
        ),
        (
            "failures",
            &[
                ("policy", "payments"),
                ("stage", "token"),
                ("reason", "token-key-service"),
                ("key", "gw-ec"),
            ],
            2.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "payments"),
                ("kind", "token"),
                ("algorithm", "ECDH-ES+A256KW"),
                ("strength", "current"),
            ],
            3.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "payments"),
                ("kind", "token-content"),
                ("algorithm", "A256GCM"),
                ("strength", "current"),
            ],
            3.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "payments"),
                ("kind", "token-signature"),
                ("algorithm", "ES256"),
                ("strength", "current"),
            ],
            3.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "payments"),
                ("kind", "payload"),
                ("algorithm", "ECDH-ES+A256KW"),
                ("strength", "current"),
            ],
            2.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "payments"),
                ("kind", "payload-content"),
                ("algorithm", "A256GCM"),
                ("strength", "current"),
            ],
            2.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "raw"),
                ("kind", "payload"),
                ("algorithm", "A256GCM"),
                ("strength", "current"),
            ],
            2.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "raw"),
                ("kind", "tls-version"),
                ("algorithm", "TLSv1.3"),
                ("strength", "current"),
            ],
            3.0,
        ),
        (
            "algorithms",
            &[
                ("policy", "raw"),
                ("kind", "tls-group"),
                ("algorithm", "X25519MLKEM768"),
                ("strength", "post-quantum"),
            ],
            3.0,
        ),
        (
            "opened",
            &[("policy", "raw"), ("part", "payload"), ("key", "body-2026")],
            2.0,
        ),
        (
            "opened",
            &[
                ("policy", "payments"),
                ("part", "payload"),
                ("key", "gw-ec"),
            ],
            2.0,
        ),
        (
            "scan_hits",
            &[
                ("policy", "payments"),
                ("class", "sqli"),
                ("location", "json"),
            ],
            1.0,
        ),
        (
            "scan_hits",
            &[("policy", "raw"), ("class", "sqli"), ("location", "json")],
            1.0,
        ),
        (
            "bridge_calls",
            &[("operation", "unwrap"), ("outcome", "answered")],
            5.0,
        ),
        (
            "bridge_calls",
            &[("operation", "unwrap"), ("outcome", "refused")],
            1.0,
        ),
        (
            "bridge_calls",
            &[("operation", "unwrap"), ("outcome", "failed")],
            1.0,
        ),
        ("policy_loads", &[], 3.0),
        ("host_faults", &[("call", "http_call")], 1.0),
    ];
    let mut wrong = Vec::new();
    for (name, labels, wanted) in counted {
        let found = page.value(&format!("sealgate_{name}_total"), labels);
        if found != Some(*wanted) {
            wrong.push(format!(
                "sealgate_{name}_total{labels:?}: {found:?} instead of {wanted}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\nin {:#?}",
        page.starting_with("sealgate_")
    );
    let ciphers = [
        ("policy", "raw"),
        ("kind", "tls-cipher"),
        ("strength", "current"),
    ];
    assert_eq!(page.sum("sealgate_algorithms_total", &ciphers), 3.0);
    let signatures = [
        ("kind", "signature"),
        ("algorithm", "HS256"),
        ("strength", "current"),
    ];
    assert!(page.sum("sealgate_algorithms_total", &signatures) >= 5.0);
    assert!(page.sum("sealgate_opened_bytes_total", &[("policy", "payments")]) > 50.0);
    gauges(&page);
    histograms(&page);
    every_family_was_there(&page);
    let text = String::from_utf8(gate.envoy.admin_get("/stats/prometheus").body).unwrap();
    check_exposition(&text);
}

fn gauges(page: &Page) {
    let used = page.value(
        "sealgate_key_last_used_seconds",
        &[("key", "partner-a-mac")],
    );
    let now = now() as f64;
    assert!(
        used.is_some_and(|used| (now - 120.0..=now).contains(&used)),
        "{used:?}"
    );
    // The key had an end in the policy before; in the one in force it has none.
    let ends = page.value(
        "sealgate_key_not_after_seconds",
        &[("key", "partner-a-mac")],
    );
    assert_eq!(ends, Some(0.0));
    let revision =
        |generation| page.value("sealgate_policy_revision", &[("generation", generation)]);
    let (current, previous) = (revision("current"), revision("previous"));
    assert!(current.is_some() && previous.is_some() && current != previous);
    let loaded = page.value(
        "sealgate_policy_loaded_seconds",
        &[("generation", "current")],
    );
    assert!(
        loaded.is_some_and(|at| (now - 120.0..=now).contains(&at)),
        "{loaded:?}"
    );
}

fn histograms(page: &Page) {
    let skewed = [("sender", "behind")];
    assert!(page.sum("sealgate_clock_skew_seconds_sum", &skewed) >= 40.0);
    // Our buckets, not the host's.
    let bucket = [("sender", "behind"), ("le", "30")];
    assert!(
        page.value("sealgate_clock_skew_seconds_bucket", &bucket)
            .is_some()
    );
    assert!(page.sum("sealgate_peer_certificate_days_count", &[]) >= 1.0);
    let soon = page.value("sealgate_peer_certificate_days_bucket", &[("le", "1")]);
    assert_eq!(
        soon,
        Some(0.0),
        "the test's certificates live longer than a day"
    );
    let calls = page.value(
        "sealgate_bridge_milliseconds_count",
        &[("operation", "unwrap")],
    );
    assert_eq!(calls, Some(7.0));
}

/// What this run cannot bring about: panics (see `panics.rs`) and too many series (`cardinality.rs`).
fn every_family_was_there(page: &Page) {
    for family in FAMILIES {
        let name = family.full_name();
        if matches!(
            name.as_str(),
            "sealgate_panics_total" | "sealgate_series_dropped_total"
        ) {
            continue;
        }
        let name = match family.kind {
            MetricKind::Histogram => format!("{name}_count"),
            MetricKind::Counter | MetricKind::Gauge => name,
        };
        let samples = page.starting_with(&name);
        assert!(!samples.is_empty(), "{name} was never there");
        for sample in samples {
            let mut labels: Vec<&str> = sample.labels.keys().map(String::as_str).collect();
            let mut wanted = family.labels.to_vec();
            labels.sort_unstable();
            wanted.sort_unstable();
            assert_eq!(
                labels, wanted,
                "{name}: the bootstrap does not lift every label"
            );
        }
    }
    let ours = page.starting_with("sealgate_");
    let known = |name: &str| {
        FAMILIES.iter().any(|family| {
            let full = family.full_name();
            name.strip_prefix(&full)
                .is_some_and(|rest| matches!(rest, "" | "_count" | "_sum" | "_bucket"))
        })
    };
    let unknown: Vec<_> = ours.iter().filter(|sample| !known(&sample.name)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

/// `promtool check metrics` reads the whole page; of our own families it may only say that Envoy
/// writes no help text, and that the two histograms are not in seconds: a wasm host counts in whole
/// numbers, so a key service's time is in milliseconds and a certificate's in days.
fn check_exposition(text: &str) {
    let mut promtool = Command::new(required::promtool())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut page = promtool.stdin.take().unwrap();
    page.write_all(text.as_bytes()).unwrap();
    drop(page);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_ne!(
        output.status.code(),
        Some(1),
        "promtool cannot read the page:\n{said}"
    );
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("sealgate_") && !line.ends_with("no help text"))
        .filter(|line| !line.contains("use base unit \"seconds\" instead of"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
