//! However a body is cut into pieces, the scan sees the whole of it: the attacks of the scanner's second
//! set, through the module, in pieces of every small size.

use sealgate_host_shim::host::{Host, Outcome, Request};
use sealgate_tests::required;
use serde_json::{Value, json};

/// Bytes of each piece; 0 is the body in one.
const PIECES: [usize; 6] = [0, 1, 2, 3, 7, 64];

#[test]
fn no_way_of_cutting_a_body_hides_an_attack() {
    let host = host();
    let rows = include_str!("../../crates/scan/tests/second_set/attacks.jsonl");
    let mut refused = 0;
    for line in rows.lines() {
        let row: Value = serde_json::from_str(line).expect("a row is JSON");
        let body = json!({ "id": 7, "note": row["value"] }).to_string();
        let verdicts = PIECES.map(|bytes| passes(&host, &body, bytes));
        if !verdicts[0] {
            refused += 1;
            assert_eq!(verdicts, [false; PIECES.len()], "{line}");
        }
    }
    assert!(refused >= 190, "{refused} of 200 are refused in one piece");
}

#[test]
fn a_harmless_body_passes_in_any_pieces() {
    let host = host();
    let body = json!({ "note": "Siobhan O'Neill's <3 for SQL -- and caf\u{e9}s" }).to_string();
    for bytes in PIECES {
        assert!(passes(&host, &body, bytes), "in pieces of {bytes}");
    }
}

/// The module with a policy that scans and asks for nothing else.
fn host() -> Host {
    let policy = json!({
        "version": 1,
        "unmatched": "refuse",
        "policies": { "notes": { "inspect": {} } },
        "routes": [{ "match": { "path_prefix": "/" }, "policy": "notes" }],
    });
    let wasm = std::fs::read(required::plugin()).expect("the plugin");
    let built = Host::builder(&wasm)
        .plugin_config(policy.to_string())
        .stop_iteration(true)
        .build();
    built.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Whether the upstream got the body, whole; otherwise it got nothing.
fn passes(host: &Host, body: &str, bytes: usize) -> bool {
    let mut request = Request::post("https://gate.test/notes")
        .header("content-type", "application/json")
        .body(body);
    if bytes > 0 {
        request = request.chunks(bytes).chunked();
    }
    match host.request(request).run() {
        Outcome::Forwarded { request, .. } => {
            assert_eq!(request.body, body.as_bytes());
            true
        }
        outcome => {
            assert!(outcome.is_clean_refusal(), "{outcome:?}");
            false
        }
    }
}
