//! What an exchange tells metrics: words of the policy and of the standards, and none of the client's.

mod support;

use std::collections::BTreeSet;

use sealgate_engine::Reason;
use serde_json::json;
use support::{Host, NOW, Sealed, Sender, gate, policy};

/// Every series that a request adds to, with its value.
fn samples(sealed: &Sealed) -> (Option<Reason>, BTreeSet<(String, u64)>) {
    let verdict = Host::default().judge(&gate(&policy()), sealed);
    let reason = verdict.reason();
    let mut found = BTreeSet::new();
    verdict.exchange().telemetry(reason, &mut |sample| {
        assert_eq!(
            sample.labels.len(),
            sample.family.labels.len(),
            "{}",
            sample.family.name
        );
        found.insert((sample.family.series(sample.labels), sample.value));
    });
    (reason, found)
}

#[track_caller]
fn has(samples: &BTreeSet<(String, u64)>, name: &str, value: u64) {
    assert!(
        samples.contains(&(name.to_owned(), value)),
        "no {name} {value} in {samples:#?}"
    );
}

#[test]
fn a_request_that_passed_tells_what_it_was_proven_with() {
    let sender = Sender {
        created: NOW - 7,
        ..Sender::default()
    };
    let (reason, samples) = samples(&sender.seal());
    assert_eq!(reason, None);
    let bytes = sender.plaintext.len() as u64;
    for (name, value) in [
        (
            "sealgate_requests_policy=pay_stage=none_outcome=allowed_reason=none_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=signature_algorithm=HS256_strength=current_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=token_algorithm=A256KW_strength=current_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=token-content_algorithm=A256GCM_strength=current_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=token-signature_algorithm=HS256_strength=current_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=payload_algorithm=A256KW_strength=current_total",
            1,
        ),
        (
            "sealgate_algorithms_policy=pay_kind=payload-content_algorithm=A256GCM_strength=current_total",
            1,
        ),
        ("sealgate_opened_policy=pay_part=token_key=wrap_total", 1),
        ("sealgate_opened_policy=pay_part=payload_key=wrap_total", 1),
        ("sealgate_opened_bytes_policy=pay_total", bytes),
        ("sealgate_key_last_used_key=partner_seconds", NOW as u64),
        ("sealgate_clock_skew_sender=behind_seconds", 7),
    ] {
        has(&samples, name, value);
    }
}

#[test]
fn a_failure_names_the_policys_key_or_unknown_and_nothing_of_the_clients() {
    let mut tampered = Sender::default().seal();
    tampered.body.pop();
    let (reason, found) = samples(&tampered);
    assert_eq!(reason, Some(Reason::DigestMismatch));
    has(
        &found,
        "sealgate_failures_policy=pay_stage=signature_reason=digest-mismatch_key=partner_total",
        1,
    );
    assert!(
        !found
            .iter()
            .any(|(name, _)| name.contains("_kind=signature")),
        "not accepted"
    );
    let stranger = Sender {
        kid: "a-name-of-their-own",
        ..Sender::default()
    };
    let (reason, found) = samples(&stranger.seal());
    assert_eq!(reason, Some(Reason::SignatureKeyUnknown));
    has(
        &found,
        "sealgate_failures_policy=pay_stage=signature_reason=signature-key-unknown_key=unknown_total",
        1,
    );
    assert!(
        !found.iter().any(|(name, _)| name.contains("their-own")),
        "{found:#?}"
    );
}

#[test]
fn a_finding_tells_class_and_kind_of_place() {
    let sender = Sender {
        plaintext: json!({ "note": "' OR 1=1 --" }).to_string().into_bytes(),
        ..Sender::default()
    };
    let (reason, found) = samples(&sender.seal());
    assert_eq!(reason, Some(Reason::InjectionSql));
    has(
        &found,
        "sealgate_scan_hits_policy=pay_class=sqli_location=json_total",
        1,
    );
    // It opened before it was read.
    has(
        &found,
        "sealgate_opened_policy=pay_part=payload_key=wrap_total",
        1,
    );
}

#[test]
fn another_document_has_another_revision_and_keys_tell_their_end() {
    let mut ending = policy();
    ending["keys"][0]["not_after"] = json!("2099-01-01T00:00:00Z");
    let (first, second) = (gate(&policy()), gate(&ending));
    assert_ne!(first.revision(), second.revision());
    assert!(first.revision() < 1 << 48);
    assert_eq!(first.revision(), gate(&policy()).revision());
    assert!(first.key_ends().is_empty());
    assert_eq!(
        second.key_ends().into_iter().collect::<Vec<_>>(),
        [("partner", 4_070_908_800)]
    );
}
