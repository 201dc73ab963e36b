//! What the gate does with a response: sealed for the client that asked, then signed, or not sent.

mod support;

use std::io::Write as _;

use sealgate_engine::{
    Effect, Entropy, Event, Exchange, Gate, HeaderEdit, HeaderLine, NoMaterials, Reason, Respond,
    ResponseHead,
};
use sealgate_jose::Limits;
use sealgate_jose::jwe::{self, KeyEncryptionKey};
use sealgate_signature::content_digest;
use serde_json::{Value, json};
use support::{Host, NOW, Sealed, Sender, Verdict, gate, hex, policy};

const ANSWER: &[u8] = br#"{"state":"booked"}"#;
const CLIENT_KEY: [u8; 32] = [8; 32];
const OTHER_KEY: [u8; 32] = [6; 32];
const RAW_KEY: [u8; 32] = [4; 32];

/// The full policy with this `respond`, and keys of clients.
fn document(respond: Value) -> Value {
    let mut policy = policy();
    policy["policies"]["pay"]["respond"] = respond;
    policy["keys"].as_array_mut().unwrap().extend([
        json!({ "id": "client", "use": "encrypt", "alg": "A256KW", "sender_kid": "client-2026",
                "material": { "inline": hex(&CLIENT_KEY) } }),
        json!({ "id": "other", "use": "encrypt", "alg": "A256KW", "material": { "inline": hex(&OTHER_KEY) } }),
        json!({ "id": "client-raw", "use": "encrypt", "alg": "A256GCM", "material": { "inline": hex(&RAW_KEY) } }),
        json!({ "id": "gate-mac", "use": "mac", "alg": "HS256", "material": { "inline": hex(&[2; 32]) } }),
    ]);
    policy
}

fn to_one() -> Value {
    document(json!({ "encrypt": { "format": "jwe", "recipient": "client" } }))
}

fn by(identity: &str, keys: Value) -> Value {
    document(
        json!({ "encrypt": { "format": "jwe", "recipients": { "by": identity, "keys": keys } } }),
    )
}

fn verdict(document: &Value, sealed: &Sealed) -> Verdict {
    Host::default().judge(&gate(document), sealed)
}

fn forwarded(document: &Value) -> Exchange {
    match verdict(document, &Sender::default().seal()) {
        Verdict::Forwarded(_, exchange) => exchange,
        Verdict::Refused(reason, _) => panic!("{}", reason.code()),
    }
}

/// A response as the upstream sends it.
struct Upstream {
    status: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            status: "200",
            headers: vec![("content-type", "application/json")],
            body: ANSWER.to_vec(),
        }
    }
}

impl Upstream {
    fn answer(self, exchange: &mut Exchange) -> Effect {
        let mut headers: Vec<HeaderLine> = vec![(b":status".to_vec(), self.status.into())];
        headers.extend(
            self.headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        );
        let end_of_stream = self.body.is_empty();
        let head = ResponseHead {
            headers,
            end_of_stream,
            entropy: Entropy::from_seed([7; 32]),
        };
        let effect = exchange.handle(Event::ResponseHead(head), NOW);
        if end_of_stream {
            return effect;
        }
        assert!(matches!(effect, Effect::NeedResponseBody), "not held");
        exchange.handle(Event::ResponseBody(self.body), NOW)
    }
}

fn answered(document: &Value, upstream: Upstream) -> Respond {
    match upstream.answer(&mut forwarded(document)) {
        Effect::Respond(respond) => respond,
        Effect::Refuse(refusal) => panic!("{}", refusal.reason.code()),
        _ => panic!("no response"),
    }
}

fn refused(document: &Value, upstream: Upstream) -> Reason {
    match upstream.answer(&mut forwarded(document)) {
        Effect::Refuse(refusal) => {
            assert_eq!(refusal.status(), 503);
            refusal.reason
        }
        _ => panic!("not refused"),
    }
}

fn set<'a>(respond: &'a Respond, name: &str) -> Option<&'a str> {
    respond.edits.iter().find_map(|edit| match edit {
        HeaderEdit::Set(line, value) if line == name.as_bytes() => std::str::from_utf8(value).ok(),
        _ => None,
    })
}

fn removes(respond: &Respond, name: &str) -> bool {
    respond.edits.contains(&HeaderEdit::Remove(name.into()))
}

/// Opens a sealed answer as a client does: plaintext, `cty` and `kid`.
fn open(respond: &Respond, key: &[u8; 32]) -> Option<(Vec<u8>, Option<String>, Option<String>)> {
    let limits = Limits::body(1 << 20);
    let token = jwe::Sealed::compact(respond.body.as_ref()?, &limits).unwrap();
    let (cty, kid) = (token.header().cty.clone(), token.header().kid.clone());
    let cek = KeyEncryptionKey::from_slice(key)
        .unwrap()
        .unwrap_key(token.header().enc, token.encrypted_key())
        .ok()?;
    Some((token.open(&cek).ok()?, cty, kid))
}

#[test]
fn a_response_is_sealed_for_its_client_and_its_head_says_nothing_of_the_plaintext() {
    let headers = vec![
        ("content-type", "application/json; charset=utf-8"),
        ("content-length", "18"),
        ("etag", "\"abc\""),
        ("content-digest", "sha-256=:AAAA:"),
        ("x-other", "stays"),
    ];
    let respond = answered(
        &to_one(),
        Upstream {
            headers,
            ..Upstream::default()
        },
    );
    let opened = open(&respond, &CLIENT_KEY).unwrap();
    assert_eq!(opened.0, ANSWER);
    assert_eq!(opened.1.as_deref(), Some("application/json; charset=utf-8"));
    assert_eq!(opened.2.as_deref(), Some("client-2026"));
    assert_eq!(set(&respond, "content-type"), Some("application/jose"));
    let length = respond.body.as_ref().unwrap().len().to_string();
    assert_eq!(set(&respond, "content-length"), Some(length.as_str()));
    assert!(removes(&respond, "etag") && removes(&respond, "content-digest"));
    assert!(!removes(&respond, "x-other"));
    assert_eq!(open(&respond, &OTHER_KEY), None, "another client's key");
}

#[test]
fn errors_of_the_upstream_are_sealed_too() {
    for status in ["400", "404", "500", "503"] {
        let respond = answered(
            &to_one(),
            Upstream {
                status,
                ..Upstream::default()
            },
        );
        assert_eq!(open(&respond, &CLIENT_KEY).unwrap().0, ANSWER, "{status}");
    }
}

#[test]
fn two_answers_never_share_key_or_nonce() {
    let mut exchange = forwarded(&to_one());
    let head = |seed| ResponseHead {
        headers: vec![(b":status".to_vec(), b"200".to_vec())],
        end_of_stream: false,
        entropy: Entropy::from_seed([seed; 32]),
    };
    let body = |exchange: &mut Exchange, seed| {
        exchange.handle(Event::ResponseHead(head(seed)), NOW);
        match exchange.handle(Event::ResponseBody(ANSWER.to_vec()), NOW) {
            Effect::Respond(respond) => respond.body.unwrap(),
            _ => panic!("no response"),
        }
    };
    let first = body(&mut exchange, 1);
    let second = body(&mut forwarded(&to_one()), 2);
    let segments = |token: &[u8]| -> Vec<String> {
        let text = String::from_utf8(token.to_vec()).unwrap();
        text.split('.').map(str::to_owned).collect()
    };
    let (first, second) = (segments(&first), segments(&second));
    for part in [1, 2, 3, 4] {
        assert_ne!(first[part], second[part], "segment {part}");
    }
}

#[test]
fn the_client_is_known_by_its_signature_its_token_or_its_certificate() {
    let cases = [
        by("signature", json!({ "partner": "client", "else": "other" })),
        by("token", json!({ "alice": "client", "bob": "other" })),
        by(
            "client-cert",
            json!({ "spiffe://bank/a": "client", "spiffe://bank/b": "other" }),
        ),
    ];
    for document in cases {
        let respond = answered(&document, Upstream::default());
        assert_eq!(open(&respond, &CLIENT_KEY).unwrap().0, ANSWER);
    }
}

#[test]
fn a_client_without_a_key_is_refused_before_its_request_goes_on() {
    let cases = [
        by("signature", json!({ "else": "other" })),
        by("token", json!({ "bob": "other" })),
        by("client-cert", json!({ "spiffe://bank/b": "other" })),
    ];
    for document in cases {
        let verdict = verdict(&document, &Sender::default().seal());
        assert_eq!(verdict.reason(), Some(Reason::ResponseRecipient));
    }
    let both = by(
        "client-cert",
        json!({ "spiffe://bank/a": "client", "spiffe://bank/b": "other" }),
    );
    let mut sealed = Sender::default().seal();
    sealed.channel.san.push("spiffe://bank/b".into());
    assert_eq!(
        verdict(&both, &sealed).reason(),
        Some(Reason::ResponseRecipient),
        "a certificate of two clients"
    );
}

#[test]
fn a_raw_answer_is_bound_to_its_request_and_status() {
    let document =
        document(json!({ "encrypt": { "format": "aes-256-gcm", "recipient": "client-raw" } }));
    let respond = answered(&document, Upstream::default());
    assert_eq!(set(&respond, "content-encoding"), Some("sealgate-a256gcm"));
    assert_eq!(set(&respond, "sealgate-key"), Some("client-raw"));
    assert_eq!(set(&respond, "content-type"), Some("application/json"));
    let open = |data: &[u8]| {
        let mut body = respond.body.clone().unwrap();
        let nonce: [u8; 12] = body[..12].try_into().unwrap();
        body.drain(..12);
        let opened = sealgate_aead::open_in_place(&RAW_KEY, &nonce, data, &mut body);
        opened.ok().map(|()| body)
    };
    let data = |status: &str, target: &str| {
        format!("sealgate-a256gcm\nresponse\n{status}\nPOST\n{target}\nclient-raw").into_bytes()
    };
    assert_eq!(open(&data("200", "/pay/1?ref=a")), Some(ANSWER.to_vec()));
    assert_eq!(open(&data("201", "/pay/1?ref=a")), None);
    assert_eq!(open(&data("200", "/pay/1?ref=b")), None);
    assert_eq!(
        open(b"sealgate-a256gcm\nPOST\n/pay/1?ref=a\nclient-raw"),
        None,
        "an answer is no request"
    );
}

#[test]
fn what_is_signed_is_what_was_sealed() {
    let document = document(json!({
        "encrypt": { "format": "jwe", "recipient": "client" },
        "sign": { "scheme": "rfc9421", "key": "gate-mac", "cover": ["@status", "content-type", "content-digest"] },
    }));
    let respond = answered(&document, Upstream::default());
    assert_eq!(open(&respond, &CLIENT_KEY).unwrap().0, ANSWER);
    let digest = content_digest::sha256(respond.body.as_ref().unwrap());
    assert_eq!(set(&respond, "content-digest"), Some(digest.as_str()));
    assert!(set(&respond, "signature").is_some());
}

#[test]
fn a_content_coding_is_undone_inside_the_seal() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(ANSWER).unwrap();
    let gzip = encoder.finish().unwrap();
    let headers = || {
        vec![
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ]
    };
    let respond = answered(
        &to_one(),
        Upstream {
            headers: headers(),
            body: gzip,
            ..Upstream::default()
        },
    );
    assert_eq!(open(&respond, &CLIENT_KEY).unwrap().0, ANSWER);
    assert!(removes(&respond, "content-encoding"));
    let broken = Upstream {
        headers: headers(),
        ..Upstream::default()
    };
    assert_eq!(refused(&to_one(), broken), Reason::ResponseMalformed);
}

#[test]
fn what_cannot_be_sealed_is_not_sent() {
    let part = Upstream {
        status: "206",
        ..Upstream::default()
    };
    assert_eq!(refused(&to_one(), part), Reason::ResponseMalformed);
    let mut small = to_one();
    small["policies"]["pay"]["respond"]["max_body_bytes"] = json!(8);
    assert_eq!(
        refused(&small, Upstream::default()),
        Reason::ResponseTooLarge
    );
}

#[test]
fn an_answer_without_a_body_tells_nothing_of_one() {
    let respond = answered(
        &to_one(),
        Upstream {
            headers: vec![("content-length", "1234"), ("etag", "\"abc\"")],
            body: Vec::new(),
            ..Upstream::default()
        },
    );
    assert_eq!(respond.body, None);
    assert!(removes(&respond, "content-length") && removes(&respond, "etag"));
}

#[test]
fn the_upstream_is_not_asked_for_a_coded_answer_or_a_part() {
    let mut sealed = Sender::default().seal();
    for name in ["accept-encoding", "range", "if-range"] {
        sealed.add(name, b"x");
    }
    let edits = verdict(&to_one(), &sealed).forwarded().edits().to_vec();
    for name in ["accept-encoding", "range", "if-range"] {
        assert!(edits.contains(&HeaderEdit::Remove(name.into())), "{name}");
    }
}

#[test]
fn a_respond_section_says_for_whom_by_what_is_proven_and_with_a_key_that_seals() {
    let faults = |document: &Value| -> Vec<String> {
        Gate::compile(document.to_string().as_bytes(), &NoMaterials)
            .err()
            .expect("faults")
            .into_iter()
            .map(|fault| fault.path)
            .collect()
    };
    let place = |rest: &str| vec![format!("policies.pay.respond{rest}")];
    let encrypt = |encrypt: Value| document(json!({ "encrypt": encrypt }));
    assert_eq!(faults(&document(json!({}))), place(""));
    assert_eq!(
        faults(&encrypt(json!({ "format": "jwe" }))),
        place(".encrypt")
    );
    let both = json!({ "format": "jwe", "recipient": "client",
                       "recipients": { "by": "token", "keys": { "a": "client" } } });
    assert_eq!(faults(&encrypt(both)), place(".encrypt"));
    for key in ["nobody", "partner", "wrap", "client-raw"] {
        let one = encrypt(json!({ "format": "jwe", "recipient": key }));
        assert_eq!(faults(&one), place(".encrypt.recipient"), "{key}");
    }
    let mut unproven = by("token", json!({ "alice": "client" }));
    unproven["policies"]["pay"]["token"]["mode"] = json!("observe");
    assert_eq!(faults(&unproven), place(".encrypt.recipients.by"));
    let mut unproven = by("client-cert", json!({ "a": "client" }));
    unproven["policies"]["pay"]["channel"]["client_cert"] = json!({ "required": false });
    assert_eq!(faults(&unproven), place(".encrypt.recipients.by"));
}
