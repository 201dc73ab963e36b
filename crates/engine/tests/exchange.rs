//! What the gate does with a request, stage by stage. The names are the specification.

mod support;

use sealgate_engine::{Effect, Event, Exchange, Forward, HeaderEdit, Reason};
use serde_json::json;
use support::{Host, NOW, Sender, Verdict, gate, policy, seal_jwe, sealed_token};

/// The reason of a refusal, and the change of an honest request that leads to it.
type Case = (Reason, fn(&mut support::Sealed));

fn refused(sealed: &support::Sealed) -> Option<Reason> {
    Host::default().judge(&gate(&policy()), sealed).reason()
}

/// Changes an honest request in one way and tells the reason of the refusal.
fn broken(change: impl FnOnce(&mut support::Sealed)) -> Option<Reason> {
    let mut sealed = Sender::default().seal();
    change(&mut sealed);
    refused(&sealed)
}

/// Sends something else than the honest sender would, signed all the same.
fn sender(change: impl FnOnce(&mut Sender)) -> Option<Reason> {
    let mut sender = Sender::default();
    change(&mut sender);
    refused(&sender.seal())
}

#[test]
fn an_honest_request_reaches_the_upstream_as_plaintext() {
    let sealed = Sender::default().seal();
    let forward = Host::default().judge(&gate(&policy()), &sealed).forwarded();
    assert_eq!(forward.body(), Some(Sender::default().plaintext.as_slice()));
    let edits = forward.edits();
    let length = Sender::default().plaintext.len().to_string();
    for (name, value) in [
        ("content-type", "application/json"),
        ("content-length", length.as_str()),
        ("x-sub", "alice"),
    ] {
        let edit = HeaderEdit::Set(name.into(), value.into());
        assert!(edits.contains(&edit), "{name} is not set: {edits:?}");
    }
    for name in [
        "authorization",
        "signature",
        "signature-input",
        "content-digest",
    ] {
        assert!(
            edits.contains(&HeaderEdit::Remove(name.into())),
            "{name} stays: {edits:?}"
        );
    }
}

#[test]
fn each_spelling_of_an_identity_header_is_stripped_before_it_is_set() {
    let mut sealed = Sender::default().seal();
    sealed.add("x-sub", b"root");
    sealed.add("x_sub", b"root");
    let forward = Host::default().judge(&gate(&policy()), &sealed).forwarded();
    let edits = forward.edits();
    let removed = |name: &str| {
        edits
            .iter()
            .position(|edit| *edit == HeaderEdit::Remove(name.into()))
    };
    let set = edits
        .iter()
        .position(|edit| matches!(edit, HeaderEdit::Set(name, _) if name == b"x-sub"));
    assert!(removed("x_sub").is_some() && removed("x-sub") < set);
}

#[test]
fn an_open_route_passes_untouched_but_for_identity_headers() {
    let mut sealed = Sender {
        method: "GET",
        target: "/healthz".into(),
        ..Sender::default()
    }
    .sign(Vec::new(), &[]);
    sealed.add("x-sub", b"root");
    let forward = Host::default().judge(&gate(&policy()), &sealed).forwarded();
    assert_eq!(forward.edits(), [HeaderEdit::Remove(b"x-sub".to_vec())]);
    assert_eq!(forward.body(), None);
}

#[test]
fn shape_faults_are_refused() {
    let cases: [Case; 13] = [
        (Reason::NoRoute, |sealed| sealed.set(":path", b"/elsewhere")),
        (Reason::NoRoute, |sealed| sealed.set(":method", b"PUT")),
        (Reason::NoRoute, |sealed| {
            sealed.head.metadata_policy = Some("unknown".into())
        }),
        (Reason::BadRequestLine, |sealed| {
            sealed.add(":path", b"/pay")
        }),
        (Reason::BadRequestLine, |sealed| sealed.remove(":authority")),
        (Reason::BadRequestLine, |sealed| {
            sealed.set(":path", b"/pay/\xff")
        }),
        (Reason::AmbiguousPath, |sealed| {
            sealed.set(":path", b"/healthz/../pay/1")
        }),
        (Reason::DuplicateHeader, |sealed| {
            sealed.add("authorization", b"Bearer x")
        }),
        (Reason::SignatureMalformed, |sealed| {
            sealed.add("signature", b"sig1=:AAAA:")
        }),
        (Reason::UpgradeNotSupported, |sealed| {
            sealed.add("upgrade", b"websocket")
        }),
        (Reason::BadFraming, |sealed| {
            sealed.add("transfer-encoding", b"chunked")
        }),
        (Reason::BadFraming, |sealed| {
            sealed.set("content-length", b"+5")
        }),
        (Reason::BodyTooLarge, |sealed| {
            sealed.set("content-length", b"4097")
        }),
    ];
    for (index, (reason, change)) in cases.into_iter().enumerate() {
        assert_eq!(broken(change), Some(reason), "case {index}");
    }
    assert_eq!(
        broken(|sealed| (0..100).for_each(|index| sealed.add(&format!("x-{index}"), b""))),
        Some(Reason::TooManyHeaders)
    );
    assert_eq!(
        sender(|sender| sender.target = format!("/pay/{}", "a".repeat(9000))),
        Some(Reason::TargetTooLong)
    );
    assert_eq!(
        broken(|sealed| {
            sealed.remove("content-length");
            sealed.body = vec![0; 4097];
        }),
        Some(Reason::BodyTooLarge)
    );
}

#[test]
fn channel_faults_are_refused() {
    assert_eq!(
        broken(|sealed| sealed.channel.tls_version = None),
        Some(Reason::TlsUnknown)
    );
    assert_eq!(
        broken(|sealed| sealed.channel.san.clear()),
        Some(Reason::ClientCertificateNotAllowed)
    );
    assert_eq!(
        broken(|sealed| sealed.channel.client_certificate = false),
        Some(Reason::ClientCertificateMissing)
    );
}

#[test]
fn signature_faults_are_refused() {
    let cases: [Case; 6] = [
        (Reason::SignatureMissing, |sealed| {
            sealed.remove("signature");
            sealed.remove("signature-input");
        }),
        (Reason::SignatureMalformed, |sealed| {
            sealed.remove("signature")
        }),
        (Reason::SignatureMismatch, |sealed| {
            sealed.set(":path", b"/pay/2?ref=a")
        }),
        (Reason::SignatureMismatch, |sealed| {
            sealed.set(":authority", b"api.evil.test")
        }),
        (Reason::DigestMismatch, |sealed| sealed.body.push(b'A')),
        (Reason::DigestMismatch, |sealed| sealed.body.clear()),
    ];
    for (index, (reason, change)) in cases.into_iter().enumerate() {
        assert_eq!(broken(change), Some(reason), "case {index}");
    }
    assert_eq!(
        sender(|sender| sender.kid = "stranger"),
        Some(Reason::SignatureKeyUnknown)
    );
    assert_eq!(
        sender(|sender| sender.created = NOW - 301),
        Some(Reason::SignatureExpired)
    );
    assert_eq!(
        sender(|sender| sender.created = NOW + 301),
        Some(Reason::SignatureExpired)
    );
    assert_eq!(sender(|sender| sender.created = NOW - 300), None);
    assert_eq!(
        sender(|sender| sender.nonce.clear()),
        Some(Reason::SignatureNonce)
    );
    assert_eq!(
        sender(|sender| sender.nonce = "n".repeat(257)),
        Some(Reason::SignatureMalformed)
    );
}

#[test]
fn a_signature_that_leaves_something_out_is_refused() {
    for part in ["\"@method\" ", "\"@target-uri\" "] {
        let reason = broken(|sealed| {
            let input = String::from_utf8(sealed.value("signature-input")).unwrap();
            sealed.set("signature-input", input.replace(part, "").as_bytes());
        });
        assert_eq!(reason, Some(Reason::SignatureCoverage), "{part}");
    }
    // Without a covered digest the head still verifies; the body then has nothing to rest on.
    let reason = broken(|sealed| {
        let input = String::from_utf8(sealed.value("signature-input")).unwrap();
        sealed.set(
            "signature-input",
            input.replace(" \"content-digest\"", "").as_bytes(),
        );
    });
    assert_eq!(reason, Some(Reason::SignatureMismatch));
}

#[test]
fn a_request_passes_once() {
    let gate = gate(&policy());
    let mut host = Host::default();
    let sealed = Sender::default().seal();
    assert_eq!(host.judge(&gate, &sealed).reason(), None);
    assert_eq!(host.judge(&gate, &sealed).reason(), Some(Reason::Replayed));
    let next = Sender {
        nonce: "n-2".into(),
        ..Sender::default()
    }
    .seal();
    assert_eq!(host.judge(&gate, &next).reason(), None);
}

#[test]
fn a_forged_request_records_nothing() {
    let gate = gate(&policy());
    let mut host = Host::default();
    let mut forged = Sender::default().seal();
    forged.body.push(b'A');
    assert_eq!(
        host.judge(&gate, &forged).reason(),
        Some(Reason::DigestMismatch)
    );
    assert!(host.shared.is_empty());
    assert_eq!(host.judge(&gate, &Sender::default().seal()).reason(), None);
}

#[test]
fn a_broken_replay_store_refuses() {
    let mut host = Host {
        store_fails: true,
        ..Host::default()
    };
    let verdict = host.judge(&gate(&policy()), &Sender::default().seal());
    assert_eq!(verdict.reason(), Some(Reason::ReplayStoreUnavailable));
}

#[test]
fn token_faults_are_refused() {
    assert_eq!(
        broken(|sealed| sealed.remove("authorization")),
        Some(Reason::TokenMissing)
    );
    assert_eq!(
        broken(|sealed| sealed.set("authorization", b"Basic eA==")),
        Some(Reason::TokenMissing)
    );
    assert_eq!(
        broken(|sealed| sealed.set("authorization", b"Bearer a.b.c")),
        Some(Reason::TokenMalformed)
    );
    let claims = |change: serde_json::Value| {
        sender(|sender| {
            for (name, value) in change.as_object().unwrap() {
                sender.claims[name] = value.clone();
            }
        })
    };
    assert_eq!(
        claims(json!({ "exp": NOW - 61 })),
        Some(Reason::TokenExpired)
    );
    assert_eq!(
        claims(json!({ "nbf": NOW + 61 })),
        Some(Reason::TokenNotYetValid)
    );
    assert_eq!(
        claims(json!({ "iss": "https://other" })),
        Some(Reason::TokenIssuer)
    );
    assert_eq!(
        claims(json!({ "aud": ["other"] })),
        Some(Reason::TokenAudience)
    );
    assert_eq!(
        claims(json!({ "sub": "a\r\nx-admin: 1" })),
        Some(Reason::TokenClaimValue)
    );
    // An unsigned claims set, sealed to us: everybody can make that.
    let unsigned = seal_jwe(
        br#"{"iss":"https://idp","aud":"pay","exp":9999999999}"#,
        Some("wrap"),
        None,
    );
    let reason =
        broken(|sealed| sealed.set("authorization", format!("Bearer {unsigned}").as_bytes()));
    assert_eq!(reason, Some(Reason::TokenSignature));
    let stranger = seal_jwe(b"x", Some("stranger"), None);
    let reason =
        broken(|sealed| sealed.set("authorization", format!("Bearer {stranger}").as_bytes()));
    assert_eq!(reason, Some(Reason::TokenKeyUnknown));
}

#[test]
fn a_tampered_token_is_one_kind_of_failure_whatever_was_tampered() {
    let token = sealed_token(&Sender::default().claims);
    let segments: Vec<&str> = token.split('.').collect();
    for index in 1..5 {
        let mut changed: Vec<String> = segments.iter().map(|part| (*part).to_owned()).collect();
        let first = changed[index].remove(0);
        changed[index].insert(0, if first == 'A' { 'B' } else { 'A' });
        let token = changed.join(".");
        let mut sealed = Sender::default().seal();
        sealed.set("authorization", format!("Bearer {token}").as_bytes());
        let reason = refused(&sealed).unwrap();
        assert!(
            matches!(reason, Reason::TokenNotOpened | Reason::TokenKeyRefused),
            "{reason:?}"
        );
        assert_eq!(reason.class().status(), 401);
    }
}

#[test]
fn the_key_service_failing_refuses_and_never_opens() {
    let answers: [(u16, &[u8], Reason); 7] = [
        (0, b"", Reason::TokenKeyService),
        (503, b"upstream connect error", Reason::TokenKeyService),
        (504, b"upstream request timeout", Reason::TokenKeyService),
        (200, b"", Reason::TokenKeyService),
        (200, b"{\"cek\":\"AAAA\"}", Reason::TokenKeyService),
        (200, &[0xff; 300], Reason::TokenKeyService),
        (
            422,
            br#"{"code":"crypto_failed","message":"x"}"#,
            Reason::TokenKeyRefused,
        ),
    ];
    for (status, body, reason) in answers {
        let mut host = Host {
            key_answer: Some((status, body.to_vec())),
            ..Host::default()
        };
        let verdict = host.judge(&gate(&policy()), &Sender::default().seal());
        assert_eq!(verdict.reason(), Some(reason), "{status}");
        assert!(
            host.shared.is_empty(),
            "nothing is recorded before the request is proven"
        );
    }
}

#[test]
fn payload_faults_are_refused() {
    let with_body = |body: &[u8], content_type: &str| {
        let token = format!("Bearer {}", sealed_token(&Sender::default().claims));
        refused(&Sender::default().sign(
            body.to_vec(),
            &[("content-type", content_type), ("authorization", &token)],
        ))
    };
    assert_eq!(
        with_body(b"{}", "application/json"),
        Some(Reason::PayloadFormat)
    );
    assert_eq!(
        with_body(b"{}", "application/jose"),
        Some(Reason::PayloadMalformed)
    );
    let stranger = seal_jwe(b"{}", Some("stranger"), None);
    assert_eq!(
        with_body(stranger.as_bytes(), "application/jose"),
        Some(Reason::PayloadKeyUnknown)
    );
    let mut tampered = seal_jwe(b"{\"a\":1}", Some("wrap"), None).into_bytes();
    let last = tampered.len() - 30;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(
        with_body(&tampered, "application/jose; charset=utf-8"),
        Some(Reason::PayloadNotOpened)
    );
    let odd_type = seal_jwe(b"{}", Some("wrap"), Some("a/b\r\nx: y"));
    assert_eq!(
        with_body(odd_type.as_bytes(), "application/jose"),
        Some(Reason::PayloadContentType)
    );
}

#[test]
fn a_raw_body_is_bound_to_method_target_and_key() {
    let mut document = policy();
    document["policies"]["pay"]["payload"] = json!({ "format": "aes-256-gcm", "keys": ["raw"] });
    let gate = gate(&document);
    let seal = |target: &str| {
        let mut body = br#"{"amount":1}"#.to_vec();
        let aad = sealgate_format::raw::request_data(b"POST", target.as_bytes(), b"raw");
        let nonce = [1; 12];
        sealgate_aead::seal_in_place(&support::BODY_KEY, &nonce, &aad, &mut body).unwrap();
        let token = format!("Bearer {}", sealed_token(&Sender::default().claims));
        let body = [nonce.as_slice(), &body].concat();
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", "sealgate-a256gcm"),
            ("sealgate-key", "raw"),
            ("authorization", token.as_str()),
        ];
        Sender::default().sign(body, &headers)
    };
    let mut host = Host::default();
    assert_eq!(
        host.judge(&gate, &seal("/pay/2?ref=a")).reason(),
        Some(Reason::PayloadNotOpened)
    );
    let forward = Host::default()
        .judge(&gate, &seal("/pay/1?ref=a"))
        .forwarded();
    assert_eq!(forward.body(), Some(br#"{"amount":1}"#.as_slice()));
    for name in ["content-encoding", "sealgate-key", "content-digest"] {
        assert!(
            forward.edits().contains(&HeaderEdit::Remove(name.into())),
            "{name} stays"
        );
    }
}

#[test]
fn an_attack_in_the_plaintext_is_refused_wherever_it_is() {
    let sql = "1' OR '1'='1";
    let bodies = [
        format!("{{\"to\":\"{sql}\"}}"),
        format!("{{\"{sql}\":1}}"),
        format!(
            "{{\"a\":[{{\"b\":\"{}\"}}]}}",
            "1\\u0027 OR \\u00271\\u0027=\\u00271"
        ),
    ];
    for body in bodies {
        let mut host = Host::default();
        let sealed = Sender {
            plaintext: body.clone().into_bytes(),
            ..Sender::default()
        }
        .seal();
        let verdict = host.judge(&gate(&policy()), &sealed);
        assert_eq!(verdict.reason(), Some(Reason::InjectionSql), "{body}");
        let place = verdict.exchange().finding_place().unwrap();
        assert!(
            place.starts_with("json") && !place.contains("OR"),
            "{place}"
        );
    }
    let encoded = "1%27%20OR%20%271%27=%271";
    assert_eq!(
        sender(|sender| sender.target = format!("/pay/1?q={encoded}")),
        Some(Reason::InjectionSql)
    );
    assert_eq!(
        sender(|sender| sender.target = format!("/pay/{encoded}")),
        Some(Reason::InjectionSql)
    );
    assert_eq!(
        broken(|sealed| sealed.add("cookie", format!("a={sql}").as_bytes())),
        Some(Reason::InjectionSql)
    );
    assert_eq!(
        broken(|sealed| sealed.add("user-agent", b"<script>alert(1)</script>")),
        Some(Reason::InjectionXss)
    );
    assert_eq!(
        sender(|sender| sender.claims["name"] = json!(sql)),
        Some(Reason::InjectionSql)
    );
}

#[test]
fn a_plaintext_that_is_not_what_it_says_is_refused() {
    assert_eq!(
        sender(|sender| sender.plaintext = b"{\"a\":".to_vec()),
        Some(Reason::InspectMalformed)
    );
    let deep = [vec![b'['; 40], vec![b']'; 40]].concat();
    assert_eq!(
        sender(|sender| sender.plaintext = deep),
        Some(Reason::InspectLimits)
    );
}

/// `{"a":"1' or '1'='1"}` and `{"a":"hello hello"}` as gzip.
const CODED_ATTACK: &str =
    "1f8b0800000000000203ab564a54b252325457c82f52503754b7553754aa05009adeca0b14000000";
const CODED_CLEAN: &str = "1f8b0800000000000203ab564a54b252ca48cdc9c95700934ab5000ed5babb13000000";

/// What becomes of an unsealed body under a content coding.
fn coded(coding: &str, body: Vec<u8>, mode: &str) -> (Option<Reason>, Option<Forward>) {
    let mut document = policy();
    document["policies"]["pay"]
        .as_object_mut()
        .unwrap()
        .remove("payload");
    document["policies"]["pay"]["inspect"]["mode"] = json!(mode);
    let token = format!("Bearer {}", sealed_token(&Sender::default().claims));
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", coding),
        ("authorization", token.as_str()),
    ];
    let sealed = Sender::default().sign(body, &headers);
    match Host::default().judge(&gate(&document), &sealed) {
        Verdict::Forwarded(forward, exchange) => {
            let observed = exchange.observations().first().map(|seen| seen.reason);
            (observed, Some(forward))
        }
        refused => (refused.reason(), None),
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

#[test]
fn an_unsealed_body_cannot_hide_in_a_content_coding() {
    for (coding, body, reason) in [
        ("gzip", hex(CODED_ATTACK), Reason::InjectionSql),
        ("gzip", vec![0x1f, 0x8b], Reason::InspectMalformed),
        ("gzip", b"{\"a\":1}".to_vec(), Reason::InspectMalformed),
        ("br, gzip", hex(CODED_CLEAN), Reason::InspectMalformed),
        ("gzip, gzip, gzip", hex(CODED_CLEAN), Reason::InspectCoding),
        ("compress", vec![0x1f, 0x9d], Reason::InspectCoding),
    ] {
        let (refused, forward) = coded(coding, body, "enforce");
        assert_eq!(refused, Some(reason), "{coding}");
        assert!(forward.is_none());
    }
}

#[test]
fn what_was_decoded_for_the_scan_is_what_is_forwarded() {
    let (observed, forward) = coded("gzip", hex(CODED_CLEAN), "enforce");
    let forward = forward.expect("forwarded");
    let clean: &[u8] = b"{\"a\":\"hello hello\"}";
    assert_eq!(observed, None);
    assert_eq!(forward.body(), Some(clean));
    let edits = forward.edits();
    for name in ["content-encoding", "content-digest"] {
        let edit = HeaderEdit::Remove(name.into());
        assert!(edits.contains(&edit), "{name}");
    }
    let length = HeaderEdit::Set(b"content-length".to_vec(), b"19".to_vec());
    assert!(edits.contains(&length));
    let typed =
        |edit: &HeaderEdit| matches!(edit, HeaderEdit::Set(name, _) if name == b"content-type");
    assert!(!edits.iter().any(typed), "the type is the sender's");
}

#[test]
fn an_observed_scan_looks_into_a_coding_and_changes_nothing() {
    for (body, reason) in [
        (hex(CODED_ATTACK), Some(Reason::InjectionSql)),
        (hex(CODED_CLEAN), None),
        (vec![0], Some(Reason::InspectMalformed)),
    ] {
        let (observed, forward) = coded("gzip", body, "observe");
        assert_eq!(observed, reason);
        let forward = forward.expect("forwarded");
        assert_eq!(forward.body(), None);
        let coding = HeaderEdit::Remove(b"content-encoding".to_vec());
        assert!(!forward.edits().contains(&coding));
    }
}

#[test]
fn observed_stages_count_and_change_nothing() {
    let mut document = policy();
    for stage in [
        "channel",
        "signature",
        "replay",
        "token",
        "payload",
        "inspect",
    ] {
        document["policies"]["pay"][stage]["mode"] = json!("observe");
    }
    let mut sealed = Sender::default().seal();
    sealed.channel.tls_version = None;
    sealed.body.push(b'A');
    sealed.remove("authorization");
    sealed.add("cookie", b"a=1' OR '1'='1");
    let verdict = Host::default().judge(&gate(&document), &sealed);
    let reasons: Vec<Reason> = verdict
        .exchange()
        .observations()
        .iter()
        .map(|observation| observation.reason)
        .collect();
    let expected = [
        Reason::TlsUnknown,
        Reason::TokenMissing,
        Reason::DigestMismatch,
        Reason::PayloadMalformed,
        Reason::InjectionSql,
    ];
    assert_eq!(reasons, expected);
    let Verdict::Forwarded(forward, _) = verdict else {
        panic!("refused")
    };
    assert_eq!((forward.edits(), forward.body()), ([].as_slice(), None));
}

#[test]
fn events_that_nobody_asked_for_refuse() {
    let gate = gate(&policy());
    let sealed = Sender::default().seal();
    let begin = || -> Exchange { gate.begin(sealed.head.clone(), sealed.channel.clone()) };
    let reason = |effect: Effect| match effect {
        Effect::Refuse(refusal) => Some(refusal.reason),
        _ => None,
    };
    assert_eq!(
        reason(begin().handle(Event::Body(Vec::new()), NOW)),
        Some(Reason::UnexpectedEvent)
    );
    let mut twice = begin();
    twice.handle(Event::Head, NOW);
    assert_eq!(
        reason(twice.handle(Event::Head, NOW)),
        Some(Reason::UnexpectedEvent)
    );
    let mut after = begin();
    after.handle(Event::Body(Vec::new()), NOW);
    assert_eq!(
        reason(after.handle(Event::Head, NOW)),
        Some(Reason::UnexpectedEvent)
    );
    // A body before the key service answered: it is the adapter's, and it does not open the gate.
    let mut early = begin();
    assert!(matches!(
        early.handle(Event::Head, NOW),
        Effect::AskKey { .. }
    ));
    assert!(matches!(
        early.handle(Event::BodyProgress { buffered_bytes: 10 }, NOW),
        Effect::Wait
    ));
    assert_eq!(
        reason(early.handle(
            Event::BodyProgress {
                buffered_bytes: 4097
            },
            NOW
        )),
        Some(Reason::BodyTooLarge)
    );
}
