//! Tokens and bodies made by others: crate `josekit` and npm `jose` seal what the gate opens with keys in
//! both PKCS#11 tokens, and npm `http-message-signatures` signs requests that it accepts.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sealgate_tests::bridge::Token;
use sealgate_tests::draft::{Draft, Seal, Signature, claims, content_digest, now};
use sealgate_tests::gate::Gate;
use sealgate_tests::keys::{hex, random};
use sealgate_tests::makers::node::Node;
use sealgate_tests::makers::{Lock, josekit as maker};
use sealgate_tests::message::Request;
use serde_json::{Value, json};

fn softhsm() -> MutexGuard<'static, Gate> {
    static GATE: OnceLock<Mutex<Gate>> = OnceLock::new();
    gate(&GATE, Token::SoftHsm)
}

fn kryoptic() -> MutexGuard<'static, Gate> {
    static GATE: OnceLock<Mutex<Gate>> = OnceLock::new();
    gate(&GATE, Token::Kryoptic)
}

fn gate(cell: &'static OnceLock<Mutex<Gate>>, token: Token) -> MutexGuard<'static, Gate> {
    cell.get_or_init(|| Mutex::new(Gate::start(token)))
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Seals a byte string to a lock, with more header members.
type Sealer<'a> = dyn FnMut(&Lock, &[u8], &Value) -> String + 'a;

/// The main request with token and body sealed by `seal` around an inner token by `sign`.
fn request(
    gate: &Gate,
    lock: &Lock,
    target: &str,
    inner: &str,
    seal: &mut Sealer,
) -> (Request, Draft) {
    let mut draft = Draft::payments(&gate.keys);
    draft.target = target.to_owned();
    draft.token = None;
    draft.seal = Seal::None;
    let request = draft.make_with(|request| {
        let token = seal(lock, inner.as_bytes(), &json!({ "cty": "JWT" }));
        request.set("authorization", format!("Bearer {token}"));
        let body = seal(lock, &draft.plaintext, &json!({ "cty": "json" }));
        request.body = body.into_bytes();
        request.set("content-type", "application/jose");
    });
    (request, draft)
}

fn opened(gate: &Gate, lock: &Lock, target: &str, inner: &str, seal: &mut Sealer) {
    let (request, draft) = request(gate, lock, target, inner, seal);
    let received = gate.passes(&request);
    assert_eq!(received.body, draft.plaintext, "{lock:?}");
    assert_eq!(
        received.value("content-type").as_deref(),
        Some("application/json")
    );
    assert_eq!(received.values("x-sub"), ["alice"]);
    assert_eq!(received.values("x-scope"), ["pay read"]);
    assert_eq!(received.value("authorization"), None);
}

fn private_jwk(gate: &Gate) -> Value {
    let jwk = gate.keys.idp.to_jwk_private_key();
    let mut public = maker::public(&gate.keys.idp);
    public["d"] = json!(jwk.parameter("d"));
    public
}

fn josekit_seals_to(gate: &Gate) {
    let inner = maker::sign(&gate.keys.idp, "idp-2026", &claims());
    opened(
        gate,
        &gate.keys.gate,
        "/payments/1",
        &inner,
        &mut maker::seal,
    );
}

fn npm_jose_seals_to(gate: &Gate) {
    let mut node = Node::start();
    let inner = node.sign("ES256", &private_jwk(gate), "idp-2026", &claims());
    opened(
        gate,
        &gate.keys.gate,
        "/payments/1",
        &inner,
        &mut |l, p, e| node.seal(l, p, e),
    );
}

#[test]
fn josekit_seals_to_the_ec_key_in_softhsm() {
    josekit_seals_to(&softhsm());
}

#[test]
fn npm_jose_seals_to_the_ec_key_in_softhsm() {
    npm_jose_seals_to(&softhsm());
}

#[test]
fn josekit_seals_to_the_rsa_key_in_kryoptic() {
    let gate = kryoptic();
    assert_eq!(gate.keys.gate.alg, "RSA-OAEP-256");
    josekit_seals_to(&gate);
}

#[test]
fn npm_jose_seals_to_the_rsa_key_in_kryoptic() {
    npm_jose_seals_to(&kryoptic());
}

#[test]
fn josekit_and_npm_jose_seal_with_a_shared_key() {
    let gate = softhsm();
    let lock = gate.keys.shared_dir();
    let inner = claims().to_string();
    opened(&gate, &lock, "/shared/1", &inner, &mut maker::seal);
    let mut node = Node::start();
    opened(&gate, &lock, "/shared/1", &inner, &mut |l, p, e| {
        node.seal(l, p, e)
    });
}

#[test]
fn what_kryoptic_refuses_is_one_answer_and_the_next_request_works() {
    let gate = kryoptic();
    let mut draft = Draft::payments(&gate.keys);
    let stranger = josekit_rsa();
    draft.token().lock.jwk = stranger.clone();
    let bytes = gate.site.upstream.bytes();
    let response = gate.send(&draft.make().into());
    assert_eq!(
        (response.status, response.problem().as_deref()),
        (401, Some("unauthenticated"))
    );
    let mut draft = Draft::payments(&gate.keys);
    draft.seal = Seal::Jwe(Lock {
        jwk: stranger,
        ..gate.keys.gate.clone()
    });
    let response = gate.send(&draft.make().into());
    assert_eq!(
        (response.status, response.problem().as_deref()),
        (401, Some("unauthenticated"))
    );
    gate.site.nothing_since(bytes);
    gate.still_works();
}

fn josekit_rsa() -> Value {
    let key = josekit::jwk::alg::rsa::RsaKeyPair::generate(2048).expect("key pair");
    let jwk = key.to_jwk_public_key();
    json!({ "kty": "RSA", "n": jwk.parameter("n"), "e": jwk.parameter("e") })
}

#[test]
fn npm_http_message_signatures_signs_what_the_gate_accepts() {
    let gate = softhsm();
    let mut node = Node::start();
    for extra in [vec![], vec!["content-type", "@authority", "@path"]] {
        let mut draft = Draft::payments(&gate.keys);
        draft.signature = Signature::None;
        let mut request = draft.make();
        request.set("content-digest", content_digest(&request.body));
        let text = |name: &str| String::from_utf8_lossy(request.value(name).unwrap()).into_owned();
        let cover = [vec!["@method", "@target-uri", "content-digest"], extra].concat();
        let (input, signature) = node.sign_request(&json!({
            "method": "POST",
            "url": format!("https://{}{}", request.authority, request.target),
            "headers": { "content-digest": text("content-digest"), "content-type": text("content-type"),
                         "host": request.authority },
            "cover": cover, "secret": hex(&gate.keys.mac), "keyid": "partner-a-mac",
            "created": now(), "nonce": hex(&random(12)),
        }));
        request.set("signature-input", input);
        request.set("signature", signature);
        assert_eq!(gate.passes(&request).body, draft.plaintext, "{cover:?}");
        assert_eq!(gate.send(&request.into()).status, 409, "a replay");
    }
}
