//! Responses with a JWS inside the JWE: signed with a secret at hand or by the bridge, then sealed; and what is
//! not signed does not go out.

mod support;

use base64ct::Encoding as _;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use sealgate_engine::{
    Effect, Entropy, Event, Exchange, Gate, HeaderEdit, KeyQuestion, NoMaterials, Reason, Respond,
    ResponseHead, Ticket,
};
use sealgate_jose::Limits;
use sealgate_jose::jwe::{KeyEncryptionKey, Sealed};
use sealgate_jose::jwk::PublicJwk;
use sealgate_jose::jws::{SignatureAlgorithm, Signed, VerifyKey};
use serde_json::{Value, json};
use support::{Host, NOW, Sender, Verdict, base64url, gate, hex, policy};

const ANSWER: &[u8] = br#"{"state":"booked"}"#;
const CLIENT_KEY: [u8; 32] = [8; 32];
const MAC_KEY: [u8; 32] = [2; 32];

fn document(format: &str, sign: Option<&str>) -> Value {
    let mut policy = policy();
    let mut encrypt = json!({ "format": format, "recipient": "client" });
    if let Some(sign) = sign {
        encrypt["sign"] = json!(sign);
    }
    policy["policies"]["pay"]["respond"] = json!({ "encrypt": encrypt });
    policy["keys"].as_array_mut().unwrap().extend([
        json!({ "id": "client", "use": "encrypt", "alg": "A256KW", "material": { "inline": hex(&CLIENT_KEY) } }),
        json!({ "id": "gate-mac", "use": "mac", "alg": "HS256", "material": { "inline": hex(&MAC_KEY) } }),
        json!({ "id": "gate-sign", "use": "sign", "alg": "ES256", "sender_kid": "gate-2026",
                "material": { "bridge": "hw-es256" } }),
    ]);
    policy
}

fn forwarded(document: &Value) -> Exchange {
    match Host::default().judge(&gate(document), &Sender::default().seal()) {
        Verdict::Forwarded(_, exchange) => exchange,
        Verdict::Refused(reason, _) => panic!("{}", reason.code()),
    }
}

/// The upstream's answer.
fn answered(exchange: &mut Exchange, body: &[u8]) -> Effect {
    let head = ResponseHead {
        headers: vec![
            (b":status".to_vec(), b"200".to_vec()),
            (b"content-type".to_vec(), b"application/json".to_vec()),
        ],
        end_of_stream: false,
        entropy: Entropy::from_seed([7; 32]),
    };
    exchange.handle(Event::ResponseHead(head), NOW);
    exchange.handle(Event::ResponseBody(body.to_vec()), NOW)
}

fn sent(effect: Effect) -> Respond {
    match effect {
        Effect::Respond(respond) => respond,
        Effect::Refuse(refusal) => panic!("{}", refusal.reason.code()),
        _ => panic!("no response"),
    }
}

/// What the client finds in the JWE, and its `cty`.
fn opened(respond: &Respond) -> (Vec<u8>, Option<String>) {
    let token = Sealed::compact(respond.body.as_ref().unwrap(), &Limits::body(1 << 20)).unwrap();
    let content_type = token.header().cty.clone();
    let key = KeyEncryptionKey::from_slice(&CLIENT_KEY).unwrap();
    let cek = key
        .unwrap_key(token.header().enc, token.encrypted_key())
        .unwrap();
    (token.open(&cek).unwrap(), content_type)
}

fn asked(effect: Effect) -> (Ticket, KeyQuestion) {
    match effect {
        Effect::AskKey { ticket, question } => (ticket, question),
        _ => panic!("the bridge is not asked"),
    }
}

fn answer(exchange: &mut Exchange, ticket: Ticket, status: u16, body: &str) -> Effect {
    let body = body.as_bytes().to_vec().into();
    let answer = Event::KeyAnswer {
        ticket,
        status,
        body,
    };
    exchange.handle(answer, NOW)
}

#[test]
fn a_secret_at_hand_signs_what_is_then_sealed() {
    let document = document("jwe", Some("gate-mac"));
    let respond = sent(answered(&mut forwarded(&document), ANSWER));
    let (nested, content_type) = opened(&respond);
    assert_eq!(content_type.as_deref(), Some("JOSE"));
    let signed = Signed::compact(&nested, &Limits::TOKEN).unwrap();
    assert_eq!(signed.header().cty.as_deref(), Some("application/json"));
    let key = VerifyKey::mac(SignatureAlgorithm::Hs256, &MAC_KEY).unwrap();
    assert_eq!(signed.verify(&key).unwrap().into_payload(), ANSWER);
}

#[test]
fn the_bridge_signs_the_hash_of_what_is_then_sealed() {
    let document = document("jwe", Some("gate-sign"));
    let private = SigningKey::from_slice(&[5; 32]).unwrap();
    // More than a question to the bridge may have.
    let long = vec![b'x'; 100_000];
    for body in [ANSWER, &long] {
        let mut exchange = forwarded(&document);
        let (ticket, question) = asked(answered(&mut exchange, body));
        assert_eq!(question.path, "/v1/keys/hw-es256/sign");
        let text: Value = serde_json::from_slice(&question.body).unwrap();
        let digest = base64ct::Base64UrlUnpadded::decode_vec(text["digest"].as_str().unwrap());
        let signature: Signature = private.sign_prehash(&digest.unwrap()).unwrap();
        let sig = base64url(&signature.to_bytes());
        let body_of = json!({ "sig": sig, "ver": 1, "fp": "a".repeat(43) }).to_string();
        let respond = sent(answer(&mut exchange, ticket, 200, &body_of));

        let (nested, _) = opened(&respond);
        let limits = Limits::body(1 << 20);
        let signed = Signed::compact(&nested, &limits).unwrap();
        assert_eq!(signed.header().kid.as_deref(), Some("gate-2026"));
        let point = private.verifying_key().to_sec1_point(false);
        let jwk = json!({ "kty": "EC", "crv": "P-256", "x": base64url(&point.as_bytes()[1..33]),
                          "y": base64url(&point.as_bytes()[33..]) });
        let key = VerifyKey::from_jwk(&PublicJwk::from_value(&jwk).unwrap()).unwrap();
        assert_eq!(signed.verify(&key).unwrap().into_payload(), body);
    }
}

#[test]
fn what_the_bridge_does_not_sign_does_not_go_out() {
    let document = document("jwe", Some("gate-sign"));
    for (status, body) in [(0, ""), (503, "{}"), (200, "{}")] {
        let mut exchange = forwarded(&document);
        let (ticket, _) = asked(answered(&mut exchange, ANSWER));
        let Effect::Refuse(refusal) = answer(&mut exchange, ticket, status, body) else {
            panic!("not refused");
        };
        assert_eq!(refusal.reason, Reason::ResponseKeyService);
    }
    // A signature that no ES256 key makes.
    let mut exchange = forwarded(&document);
    let (ticket, _) = asked(answered(&mut exchange, ANSWER));
    let short = json!({ "sig": base64url(&[9; 63]), "ver": 1, "fp": "a".repeat(43) }).to_string();
    let Effect::Refuse(refusal) = answer(&mut exchange, ticket, 200, &short) else {
        panic!("not refused");
    };
    assert_eq!(refusal.status(), 503);
}

#[test]
fn wise_says_in_its_header_whether_a_jws_is_inside() {
    let public = json!({ "kty": "RSA", "n": base64url(&modulus()), "e": "AQAB" });
    for (sign, mark) in [(None, "jwe"), (Some("gate-mac"), "jws-jwe")] {
        let mut document = document("wise", sign);
        document["policies"]["pay"]["respond"]["encrypt"]["recipient"] = json!("client-rsa");
        document["keys"]
            .as_array_mut()
            .unwrap()
            .push(json!({ "id": "client-rsa",
            "use": "encrypt", "alg": "RSA-OAEP-256", "material": { "jwk": public } }));
        let respond = sent(answered(&mut forwarded(&document), ANSWER));
        let expected = HeaderEdit::Set(b"x-tw-jose-method".to_vec(), mark.into());
        assert!(respond.edits.contains(&expected), "{mark}");
        let content_type =
            HeaderEdit::Set(b"content-type".to_vec(), b"application/jose+json".to_vec());
        assert!(respond.edits.contains(&content_type));
    }
}

#[test]
fn a_policy_names_who_signs_where_the_format_has_a_jws_inside() {
    let faults = |document: &Value| -> Vec<String> {
        Gate::compile(document.to_string().as_bytes(), &NoMaterials)
            .err()
            .map(|faults| faults.into_iter().map(|fault| fault.path).collect())
            .unwrap_or_default()
    };
    let place = "policies.pay.respond.encrypt.sign".to_owned();
    for format in ["juspay", "uae-open-finance"] {
        assert!(faults(&document(format, None)).contains(&place), "{format}");
    }
    for format in ["toss", "visa-mle", "cybersource", "mastercard-jwe"] {
        let named = document(format, Some("gate-mac"));
        assert!(faults(&named).contains(&place), "{format}");
    }
    let by_name = "policies.pay.respond.encrypt.options.fields".to_owned();
    assert!(faults(&document("visa-token-service", None)).contains(&by_name));
    for key in ["nobody", "client", "wrap"] {
        let found = faults(&document("jwe", Some(key)));
        assert_eq!(found, std::slice::from_ref(&place), "{key}");
    }
    assert!(faults(&document("jwe", Some("gate-sign"))).is_empty());
}

/// An RSA modulus of 2048 bits: nobody decrypts here.
fn modulus() -> Vec<u8> {
    let mut bytes = vec![0xc3; 256];
    bytes[255] = 0x01;
    bytes
}
