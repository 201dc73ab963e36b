//! One line of JSON for each refusal, and nothing in it that a client sent.

use std::time::{Duration, Instant};

use sealgate_tests::bridge::Token;
use sealgate_tests::gate::Gate;
use serde_json::{Value, json};

use super::{forged, payments, sealed_with_a_wrong_key};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const VALUE: &str = "' OR 1=1 -- a value nobody may log";

/// The plugin's lines of one kind.
fn lines(log: &str, kind: &str) -> Vec<Value> {
    log.lines()
        .filter_map(|line| serde_json::from_str(line.get(line.find('{')?..)?).ok())
        .filter(|line: &Value| line["sealgate"] == kind)
        .collect()
}

#[test]
fn each_refusal_is_one_line_with_its_key_and_without_a_value() {
    let gate = Gate::start(Token::SoftHsm);
    let hostile = json!({ "note": VALUE }).to_string().into_bytes();
    let replayed = payments(&gate, |_| {});
    gate.passes(&replayed);
    let refusals = [
        (replayed, "replay", "replayed", Some("partner-a-mac")),
        (
            forged(&gate),
            "signature",
            "signature-mismatch",
            Some("partner-a-mac"),
        ),
        (
            payments(&gate, |draft| {
                draft.rfc9421().keyid = "a-name-of-their-own".into()
            }),
            "signature",
            "signature-key-unknown",
            Some("unknown"),
        ),
        (
            sealed_with_a_wrong_key(&gate),
            "payload",
            "payload-not-opened",
            Some("body-2026"),
        ),
        (
            payments(&gate, |draft| draft.plaintext = hostile.clone()),
            "inspect",
            "injection-sqli",
            None,
        ),
    ];
    let log = || {
        std::thread::sleep(Duration::from_millis(100));
        gate.envoy.log()
    };
    for (request, stage, reason, key) in refusals {
        let before = lines(&log(), "refused").len();
        let response = gate.site.refused(&gate.envoy, &request);
        let new = lines(&log(), "refused").split_off(before);
        let [line] = new.as_slice() else {
            panic!("{} lines for {reason}", new.len());
        };
        let told = (
            line["stage"].as_str(),
            line["reason"].as_str(),
            line["key"].as_str(),
        );
        assert_eq!(told, (Some(stage), Some(reason), key));
        let id = response.json()["request_id"].clone();
        assert!(id.is_string() && line["request_id"] == id, "{line}");
    }
    let log = log();
    for secret in [
        "a value nobody may log",
        "a-name-of-their-own",
        "DE02120300000000202051",
    ] {
        assert!(!log.contains(secret), "the log holds {secret}");
    }
}

#[test]
fn the_access_log_says_what_the_plugin_found() {
    let gate = Gate::start(Token::SoftHsm);
    gate.passes(&payments(&gate, |_| {}));
    gate.site.refused(&gate.envoy, &forged(&gate));
    // Access logs are written every ten seconds, or when there is much; a reopening writes them.
    gate.envoy.admin_post("/reopen_logs");
    let entries = || -> Vec<Value> {
        let log = gate.envoy.log();
        let parsed = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        parsed
            .filter(|line: &Value| line.get("duration_ms").is_some())
            .collect()
    };
    let until = Instant::now() + Duration::from_secs(15);
    while entries().len() < 2 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(200));
    }
    let entries = entries();
    let told =
        |name: &str| -> Vec<Value> { entries.iter().map(|entry| entry[name].clone()).collect() };
    assert_eq!(
        told("policy"),
        [json!("payments"), json!("payments")],
        "{entries:?}"
    );
    assert_eq!(
        told("key"),
        [json!("partner-a-mac"), json!("partner-a-mac")]
    );
    assert_eq!(
        told("refused_for"),
        [Value::Null, json!("signature-mismatch")]
    );
    assert_eq!(told("refused_by"), [Value::Null, json!("signature")]);
    assert_eq!(told("tls_group")[0], json!("X25519MLKEM768"));
    assert!(told("peer_certificate_ends")[0].is_string());
}

#[test]
fn the_trace_goes_on_to_the_bridge_and_a_malformed_one_does_not() {
    let gate = Gate::start(Token::SoftHsm);
    let with_trace = |value: &str| {
        payments(&gate, |draft| {
            let header = ("traceparent".to_owned(), value.as_bytes().to_vec());
            draft.headers.push(header);
        })
    };
    gate.passes(&with_trace(&format!("00-{TRACE}-b7ad6b7169203331-01")));
    gate.passes(&with_trace("00-of-their-own-making"));
    let log = gate.bridge.log();
    assert!(log.contains(TRACE), "no trace in the bridge's log:\n{log}");
    assert!(!log.contains("of-their-own-making"), "{log}");
}

#[test]
fn the_bridge_writes_spans_of_recorded_traces_that_opentelemetry_reads() {
    let gate = Gate::start(Token::SoftHsm);
    let with_trace = |flags: &str| {
        payments(&gate, |draft| {
            let value = format!("00-{TRACE}-b7ad6b7169203331-{flags}");
            let header = ("traceparent".to_owned(), value.into_bytes());
            draft.headers.push(header);
        })
    };
    gate.passes(&with_trace("00"));
    gate.passes(&with_trace("01"));
    let until = Instant::now() + Duration::from_secs(10);
    let spans = loop {
        let spans = gate.bridge.spans();
        if spans.len() >= 2 || Instant::now() > until {
            break spans;
        }
    };
    // The first was not recorded, so only the second's two are there: the token's unwrap and the body's.
    let [span, _] = spans.as_slice() else {
        panic!("{spans:?}");
    };
    assert_eq!(span["traceId"], TRACE);
    assert_eq!(span["name"], "unwrap");
    assert_eq!(span["kind"], "SPAN_KIND_SERVER");
    assert_eq!(span["parentSpanId"], "b7ad6b7169203331");
    let own = span["spanId"].as_str().unwrap();
    assert!(own.len() == 16 && own != "b7ad6b7169203331", "{span}");
    let attributes = span["attributes"].as_array().unwrap();
    let code = json!({ "key": "hsm_bridge.code", "value": { "stringValue": "ok" } });
    assert!(attributes.contains(&code), "{span}");
    let name = json!({ "key": "service.name", "value": { "stringValue": "hsm-bridge" } });
    let resource = span["resource"]["attributes"].as_array().unwrap();
    assert!(resource.contains(&name), "{span}");
    let time = |name: &str| -> u64 { span[name].as_str().unwrap().parse().unwrap() };
    assert!(
        time("endTimeUnixNano") > time("startTimeUnixNano"),
        "{span}"
    );
}
