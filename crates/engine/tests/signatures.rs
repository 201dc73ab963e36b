//! Signature schemes in a policy: keys and their lifetimes, replay by what was signed, what a
//! refusal tells and what the log may say.

mod support;

use sealgate_engine::{Channel, Effect, Event, Exchange, Gate, Reason, RequestHead};
use sealgate_signature::scheme::standard_webhooks::StandardWebhooks;
use sealgate_signature::scheme::stripe::Stripe;
use sealgate_signature::{HeaderLine, MacKey, Message, Scheme, SignOrder};
use serde_json::{Value, json};
use support::{Host, NOW, Sealed, Verdict, gate, hex};

const OLD: [u8; 32] = [1; 32];
const NEW: [u8; 32] = [2; 32];
const BODY: &[u8] = br#"{"event":"paid","amount":12}"#;

/// A policy with one route, `/hook`, and no stage but the signature and what `more` adds.
fn policy(signature: Value, more: Value) -> Value {
    let mut hook = json!({ "signature": signature });
    for (name, stage) in more.as_object().unwrap() {
        hook[name] = stage.clone();
    }
    json!({
        "version": 1, "unmatched": "refuse",
        "bridge": { "cluster": "hsm-bridge", "token": { "inline": "0123456789abcdef", "encoding": "text" } },
        "keys": [
            { "id": "old", "use": "mac", "alg": "HS256", "sender_kid": "shop", "material": { "inline": hex(&OLD) } },
            { "id": "new", "use": "mac", "alg": "HS256", "sender_kid": "shop", "material": { "inline": hex(&NEW) } },
            { "id": "hw", "use": "mac", "alg": "HS256", "material": { "bridge": "hw-mac" } },
            { "id": "hw-sign", "use": "sign", "alg": "ES256", "material": { "bridge": "hw-es256" } }
        ],
        "policies": { "hook": hook },
        "routes": [{ "match": { "path_prefix": "/hook" }, "policy": "hook" }]
    })
}

fn stripe(keys: &[&str]) -> Value {
    json!({ "scheme": "stripe", "keys": keys, "accept_weak": ["method", "path", "query"] })
}

/// A signed `POST /hook`.
fn signed(scheme: &dyn Scheme, secret: &[u8], order: &SignOrder<'_>) -> Vec<HeaderLine> {
    let message = Message {
        method: b"POST",
        scheme: b"https",
        authority: b"gate.test",
        target: b"/hook?n=1",
        ..Message::default()
    };
    let key = MacKey::new(secret.to_vec()).unwrap();
    let lines = scheme.sign(&message, BODY, order, &key).unwrap();
    lines
        .into_iter()
        .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
        .collect()
}

fn stripe_signed(secret: &[u8]) -> Vec<HeaderLine> {
    let order = SignOrder {
        created: NOW,
        ..SignOrder::default()
    };
    signed(&Stripe, secret, &order)
}

fn sealed(lines: Vec<HeaderLine>) -> Sealed {
    let pseudo = [
        (":method", "POST"),
        (":path", "/hook?n=1"),
        (":scheme", "https"),
        (":authority", "gate.test"),
    ];
    let mut headers: Vec<HeaderLine> = pseudo
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    headers.extend(lines);
    Sealed {
        head: RequestHead {
            headers,
            ..RequestHead::default()
        },
        channel: Channel::default(),
        body: BODY.to_vec(),
    }
}

fn reason(gate: &Gate, lines: Vec<HeaderLine>) -> Option<Reason> {
    Host::default().judge(gate, &sealed(lines)).reason()
}

#[test]
fn every_active_key_of_a_sender_is_accepted_and_no_other() {
    let both = gate(&policy(stripe(&["old", "new"]), json!({})));
    assert_eq!(reason(&both, stripe_signed(&OLD)), None);
    assert_eq!(reason(&both, stripe_signed(&NEW)), None);
    assert_eq!(
        reason(&both, stripe_signed(&[3; 32])),
        Some(Reason::SignatureMismatch)
    );
    let one = gate(&policy(stripe(&["new"]), json!({})));
    assert_eq!(
        reason(&one, stripe_signed(&OLD)),
        Some(Reason::SignatureMismatch)
    );
}

#[test]
fn a_key_is_accepted_inside_its_lifetime_only() {
    // NOW is 2027-01-15T08:00:00Z.
    let lifetime = |member: &str, moment: &str| {
        let mut document = policy(stripe(&["old"]), json!({}));
        document["keys"][0][member] = json!(moment);
        reason(&gate(&document), stripe_signed(&OLD))
    };
    assert_eq!(lifetime("not_after", "2027-01-15T08:00:00Z"), None);
    assert_eq!(lifetime("not_before", "2027-01-15T08:00:00Z"), None);
    let expired = Some(Reason::SignatureKeyExpired);
    assert_eq!(lifetime("not_after", "2027-01-15T07:59:59Z"), expired);
    assert_eq!(lifetime("not_before", "2027-01-15T08:00:01Z"), expired);
}

#[test]
fn one_of_two_signatures_is_not_a_new_message() {
    // A sender that changes keys signs twice. Whoever takes one of the two away has the other left.
    let document = policy(
        stripe(&["old", "new"]),
        json!({ "replay": { "by": "signature" } }),
    );
    let gate = gate(&document);
    let value = |secret: &[u8]| String::from_utf8(stripe_signed(secret)[0].1.clone()).unwrap();
    let (old, new) = (value(&OLD), value(&NEW));
    let both = format!("{old},{}", new.split_once(',').unwrap().1);
    let mut host = Host::default();
    let mut judge = |value: String| {
        let line = vec![(b"stripe-signature".to_vec(), value.into_bytes())];
        host.judge(&gate, &sealed(line)).reason()
    };
    assert_eq!(judge(both), None);
    assert_eq!(judge(old), Some(Reason::Replayed));
    assert_eq!(judge(new), Some(Reason::Replayed));
}

#[test]
fn a_message_id_passes_once_and_a_forged_one_burns_nothing() {
    let document = policy(
        json!({ "scheme": "standard-webhooks", "keys": ["old"], "accept_weak": ["method", "path", "query"] }),
        json!({ "replay": { "by": "message-id" } }),
    );
    let gate = gate(&document);
    let order = SignOrder {
        created: NOW,
        nonce: Some("msg_1"),
        ..SignOrder::default()
    };
    let mut host = Host::default();
    let mut judge = |secret: &[u8]| {
        let lines = signed(&StandardWebhooks::new(), secret, &order);
        host.judge(&gate, &sealed(lines)).reason()
    };
    assert_eq!(judge(&NEW), Some(Reason::SignatureMismatch));
    assert_eq!(judge(&OLD), None);
    assert_eq!(judge(&OLD), Some(Reason::Replayed));
}

#[test]
fn the_store_behind_the_bridge_decides_and_a_dead_one_refuses() {
    let document = policy(
        stripe(&["old"]),
        json!({ "replay": { "by": "signature", "store": "bridge", "store_name": "hooks" } }),
    );
    let gate = gate(&document);
    let judge = |status: u16, body: &str| {
        let mut host = Host {
            key_answer: Some((status, body.as_bytes().to_vec())),
            ..Host::default()
        };
        let verdict = host.judge(&gate, &sealed(stripe_signed(&OLD)));
        assert_eq!(host.questions, ["/v1/replay/hooks"]);
        assert!(host.shared.is_empty(), "the local store is not asked");
        verdict.reason()
    };
    assert_eq!(judge(200, r#"{"fresh":true}"#), None);
    assert_eq!(judge(200, r#"{"fresh":false}"#), Some(Reason::Replayed));
    let down = Some(Reason::ReplayStoreUnavailable);
    for (status, body) in [
        (0, ""),
        (200, ""),
        (200, r#"{"fresh":1}"#),
        (503, r#"{"code":"store_down","message":"x"}"#),
        (500, r#"{"fresh":true}"#),
    ] {
        assert_eq!(judge(status, body), down, "{status} {body}");
    }
}

#[test]
fn a_forged_request_asks_no_store() {
    let document = policy(
        stripe(&["old"]),
        json!({ "replay": { "by": "signature", "store": "bridge" } }),
    );
    let mut host = Host::default();
    let verdict = host.judge(&gate(&document), &sealed(stripe_signed(&NEW)));
    assert_eq!(verdict.reason(), Some(Reason::SignatureMismatch));
    assert!(host.questions.is_empty());
}

#[test]
fn a_key_in_the_bridge_verifies_a_body_too() {
    let gate = gate(&policy(stripe(&["hw"]), json!({})));
    let judge = |mac: Vec<u8>| {
        let answer = json!({ "mac": support::base64url(&mac), "ver": 1, "fp": "a".repeat(43) });
        let mut host = Host {
            key_answer: Some((200, answer.to_string().into_bytes())),
            ..Host::default()
        };
        let verdict = host.judge(&gate, &sealed(stripe_signed(&OLD)));
        assert_eq!(host.questions, ["/v1/keys/hw-mac/mac"]);
        verdict.reason()
    };
    let text = format!("{NOW}.{}", String::from_utf8_lossy(BODY));
    let right = MacKey::new(OLD.to_vec())
        .unwrap()
        .compute(&[text.as_bytes()]);
    assert_eq!(judge(right), None);
    assert_eq!(judge(vec![0; 32]), Some(Reason::SignatureMismatch));
}

#[test]
fn the_log_gets_a_hash_and_names_and_never_the_text() {
    let gate = gate(&policy(stripe(&["old"]), json!({})));
    let verdict = Host::default().judge(&gate, &sealed(stripe_signed(&NEW)));
    let mismatch = verdict.exchange().signature_mismatch().unwrap();
    use sha2::{Digest, Sha256};
    let text = format!("{NOW}.{}", String::from_utf8_lossy(BODY));
    assert_eq!(mismatch.octets_sha256, hex(&Sha256::digest(text)));
    assert!(mismatch.covered.iter().all(|part| !part.contains("paid")));
    let passed = Host::default().judge(&gate, &sealed(stripe_signed(&OLD)));
    assert!(passed.exchange().signature_mismatch().is_none());
    assert_eq!(
        passed.exchange().accepted_signature(),
        Some(("old", Some(0)))
    );
}

#[test]
fn what_a_sender_should_sign_is_told_the_same_way_for_every_cause() {
    let gate = gate(&support::policy());
    let refused = |change: fn(&mut Sealed)| {
        let mut sealed = support::Sender::default().seal();
        change(&mut sealed);
        let mut exchange = gate.begin(sealed.head.clone(), sealed.channel.clone());
        match exchange.handle(Event::Head, NOW) {
            Effect::Refuse(refusal) => refusal
                .headers()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<Vec<_>>(),
            _ => panic!("not refused"),
        }
    };
    let missing = refused(|sealed| sealed.remove("signature"));
    let malformed = refused(|sealed| sealed.set("signature", b"sig1=:AAAA:"));
    let token = refused(|sealed| sealed.remove("authorization"));
    assert_eq!(missing, malformed);
    assert_eq!(missing, token);
    let asked = missing.iter().find(|(name, _)| name == "accept-signature");
    assert_eq!(
        asked.map(|(_, value)| value.as_str()),
        Some(r#"sig1=("@method" "@target-uri" "content-digest");created"#)
    );
}

mod response {
    use super::*;
    use sealgate_engine::{HeaderEdit, ResponseHead};
    use sealgate_signature::scheme::rfc9421::Rfc9421;
    use sealgate_signature::scheme::verify;
    use sealgate_signature::{SignatureError, VerificationKey};

    const ANSWER: &[u8] = br#"{"state":"done"}"#;

    fn forwarded(gate: &Gate) -> Exchange {
        match Host::default().judge(gate, &sealed(stripe_signed(&OLD))) {
            Verdict::Forwarded(_, exchange) => exchange,
            Verdict::Refused(reason, _) => panic!("{}", reason.code()),
        }
    }

    fn head(end_of_stream: bool) -> Event {
        Event::ResponseHead(ResponseHead {
            headers: vec![
                (b":status".to_vec(), b"201".to_vec()),
                (b"content-type".to_vec(), b"application/json".to_vec()),
            ],
            end_of_stream,
            entropy: sealgate_engine::Entropy::from_seed([7; 32]),
        })
    }

    fn lines(effect: Effect) -> Vec<HeaderLine> {
        let Effect::Respond(sealgate_engine::Respond { edits, .. }) = effect else {
            panic!("no response");
        };
        edits
            .into_iter()
            .map(|edit| match edit {
                HeaderEdit::Set(name, value) => (name, value),
                HeaderEdit::Remove(_) => panic!("nothing is removed"),
            })
            .collect()
    }

    /// Verifies as a client does that knows what it asked.
    fn check(
        lines: &[HeaderLine],
        target: &[u8],
        body: &[u8],
        key: VerificationKey,
    ) -> Result<(), SignatureError> {
        let request = Message {
            method: b"POST",
            scheme: b"https",
            authority: b"gate.test",
            target,
            ..Message::default()
        };
        let message = Message {
            headers: lines,
            status: Some(201),
            request: Some(&request),
            ..Message::default()
        };
        let scheme = Rfc9421::for_responses();
        let presented = scheme.present(&message)?;
        verify(&scheme, &message, &presented[0], body, &key)?;
        scheme.check_body(&message, &presented[0], body)
    }

    #[test]
    fn a_response_is_signed_and_bound_to_its_request() {
        let document = policy(
            stripe(&["old"]),
            json!({ "respond": { "sign": { "scheme": "rfc9421", "key": "new" } } }),
        );
        let mut exchange = forwarded(&gate(&document));
        assert!(exchange.holds_response());
        assert!(matches!(
            exchange.handle(head(false), NOW),
            Effect::NeedResponseBody
        ));
        let lines = lines(exchange.handle(Event::ResponseBody(ANSWER.to_vec()), NOW));
        let key = |secret: [u8; 32]| VerificationKey::Mac(MacKey::new(secret.to_vec()).unwrap());
        assert_eq!(check(&lines, b"/hook?n=1", ANSWER, key(NEW)), Ok(()));
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(check(&lines, b"/hook?n=2", ANSWER, key(NEW)), mismatch);
        assert_eq!(check(&lines, b"/hook?n=1", ANSWER, key(OLD)), mismatch);
        assert_eq!(
            check(&lines, b"/hook?n=1", b"{}", key(NEW)),
            Err(SignatureError::DigestMismatch)
        );
    }

    #[test]
    fn a_response_without_a_body_is_signed_at_once() {
        let document = policy(
            stripe(&["old"]),
            json!({ "respond": { "sign": { "scheme": "rfc9421", "key": "new" } } }),
        );
        let mut exchange = forwarded(&gate(&document));
        let lines = lines(exchange.handle(head(true), NOW));
        let key = VerificationKey::Mac(MacKey::new(NEW.to_vec()).unwrap());
        assert_eq!(check(&lines, b"/hook?n=1", b"", key), Ok(()));
    }

    #[test]
    fn a_key_in_the_bridge_signs_and_what_it_does_not_sign_does_not_go_out() {
        let document = policy(
            stripe(&["old"]),
            json!({ "respond": { "sign": { "scheme": "rfc9421", "key": "hw-sign" } } }),
        );
        let gate = gate(&document);
        let ask = || {
            let mut exchange = forwarded(&gate);
            exchange.handle(head(false), NOW);
            match exchange.handle(Event::ResponseBody(ANSWER.to_vec()), NOW) {
                Effect::AskKey { ticket, question } => (exchange, ticket, question),
                _ => panic!("the bridge is not asked"),
            }
        };
        let (mut exchange, ticket, question) = ask();
        assert_eq!(question.path, "/v1/keys/hw-es256/sign");
        let answer = json!({ "sig": support::base64url(&[9; 64]), "ver": 1, "fp": "a".repeat(43) });
        let body = answer.to_string().into_bytes();
        let lines = lines(exchange.handle(
            Event::KeyAnswer {
                ticket,
                status: 200,
                body: body.into(),
            },
            NOW,
        ));
        let signature = lines.iter().find(|(name, _)| name == b"signature").unwrap();
        let encoded = base64ct::Base64::encode_string(&[9; 64]);
        assert!(String::from_utf8_lossy(&signature.1).contains(&encoded));
        for (status, body) in [(0, ""), (503, "{}"), (200, "{}")] {
            let (mut exchange, ticket, _) = ask();
            let answer = Event::KeyAnswer {
                ticket,
                status,
                body: body.as_bytes().to_vec().into(),
            };
            let Effect::Refuse(refusal) = exchange.handle(answer, NOW) else {
                panic!("not refused");
            };
            assert_eq!(refusal.reason, Reason::ResponseKeyService);
        }
    }

    use base64ct::Encoding as _;

    #[test]
    fn a_response_over_the_cap_does_not_go_out() {
        let document = policy(
            stripe(&["old"]),
            json!({ "respond": { "max_body_bytes": 8, "sign": { "scheme": "standard-webhooks", "key": "new" } } }),
        );
        let gate = gate(&document);
        let mut exchange = forwarded(&gate);
        exchange.handle(head(false), NOW);
        assert!(matches!(
            exchange.handle(Event::ResponseProgress { buffered_bytes: 8 }, NOW),
            Effect::Wait
        ));
        let Effect::Refuse(refusal) =
            exchange.handle(Event::ResponseProgress { buffered_bytes: 9 }, NOW)
        else {
            panic!("not refused");
        };
        assert_eq!(refusal.reason, Reason::ResponseTooLarge);
    }

    #[test]
    fn a_key_that_only_verifies_signs_no_response() {
        let mut document = policy(
            stripe(&["old"]),
            json!({ "respond": { "sign": { "scheme": "rfc9421", "key": "new" } } }),
        );
        document["keys"][1]["verify_only"] = json!(true);
        let faults = Gate::compile(
            document.to_string().as_bytes(),
            &sealgate_engine::NoMaterials,
        )
        .err();
        let places: Vec<String> = faults
            .unwrap()
            .into_iter()
            .map(|fault| fault.path)
            .collect();
        assert_eq!(places, ["policies.hook.respond.sign.key"]);
    }

    #[test]
    fn a_policy_without_respond_holds_no_response() {
        let exchange = forwarded(&gate(&policy(stripe(&["old"]), json!({}))));
        assert!(!exchange.holds_response());
    }
}
