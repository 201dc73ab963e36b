//! `sealgate import`: the configuration of another gateway becomes a policy, and what that gateway's
//! senders sign passes the gate.

use std::collections::HashMap;
use std::process::{Command, Output};

use sealgate_engine::{
    Channel, Effect, Event, Gate, MaterialSource, RequestHead, SharedAnswer, SharedRequest,
};
use sealgate_signature::scheme::alibaba::Alibaba;
use sealgate_signature::scheme::apisix::Apisix;
use sealgate_signature::scheme::kong::Kong;
use sealgate_signature::{MacKey, Message, Scheme, SignOrder};
use serde_json::Value;
use zeroize::Zeroizing;

/// Fri, 12 Sep 2025 23:53:18 GMT, when Higress' documentation signs its example.
const NOW: i64 = 1_757_721_198;

const KONG: &str = r#"
_format_version: "3.0"
services:
- name: orders
  url: http://orders.internal
  routes:
  - name: orders-api
    paths: [/orders, "~/v[0-9]+/orders"]
    methods: [GET, POST]
    hosts: [api.bank.test, "*.bank.test"]
    plugins:
    - name: hmac-auth
      config:
        enforce_headers: [date, request-line, x-tenant]
        validate_request_body: true
        clock_skew: 7200
        anonymous: guest
        hide_credentials: false
  plugins:
  - name: rate-limiting
consumers:
- username: alice
  hmacauth_credentials:
  - username: alice 123
    secret: kong-secret-of-alice-32-bytes---
- username: bob
  hmacauth_credentials:
  - { username: bob, secret: "{vault://env/bob-secret}" }
  - { username: bob-old, secret: short }
"#;

const APISIX: &str = r#"
routes:
- id: pay-route
  uris: [/pay/*, /refund]
  methods: [POST]
  plugins:
    hmac-auth:
      signed_headers: [date, "@request-target"]
      allowed_algorithms: [hmac-sha512]
consumers:
- username: john
  plugins:
    hmac-auth: { key_id: john-key, secret_key: john-secret-key-of-thirty-two-b }
#END
"#;

const HIGRESS: &str = r#"
apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: { name: hmac-auth-apisix }
spec:
  defaultConfig:
    global_auth: false
    consumers:
    - name: consumer1
      access_key: consumer1-key
      secret_key: 2bda943c-ba2b-11ec-ba07-00163e1250b5
    - name: consumer2
      access_key: consumer2-key
      secret_key: c8c8e9ca-558e-4a2d-bb62-e700dcc40e35
  matchRules:
  - domain: [api.bank.test]
    config: { allow: [consumer1] }
"#;

const X_CA: &str = r#"
consumers:
- { key: appKey, secret: appSecret-of-thirty-two-bytes---, name: consumer }
_rules_:
- _match_route_: [route-a]
  allow: [consumer]
"#;

/// What the verb said.
struct Imported {
    policy: String,
    said: String,
}

fn run(vendor: &str, document: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gateway.yaml");
    std::fs::write(&file, document).expect("written");
    Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(["import", vendor])
        .arg(&file)
        .args(more)
        .output()
        .expect("ran")
}

fn import(vendor: &str, document: &str, more: &[&str]) -> Imported {
    let output = run(vendor, document, more);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    let said = text(output.stderr);
    assert!(output.status.success(), "{said}");
    Imported {
        policy: text(output.stdout),
        said,
    }
}

impl Imported {
    /// The gate of the policy, with these secrets in place.
    fn gate(&self, secrets: &[(&'static str, &'static str)]) -> Gate {
        let document: Value = serde_saphyr::from_str(&self.policy).expect("YAML");
        let secrets = Secrets(secrets.iter().copied().collect());
        Gate::compile(document.to_string().as_bytes(), &secrets)
            .unwrap_or_else(|faults| panic!("{faults:#?}\n{}", self.policy))
    }

    #[track_caller]
    fn says(&self, what: &str) {
        assert!(
            self.said.contains(what),
            "{what:?} is not in\n{}",
            self.said
        );
    }

    fn never_says(&self, secret: &str) {
        assert!(!self.said.contains(secret) && !self.policy.contains(secret));
    }
}

struct Secrets(HashMap<&'static str, &'static str>);

impl MaterialSource for Secrets {
    fn env(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.0
            .get(name)
            .map(|secret| Zeroizing::new((*secret).into()))
    }

    fn file(&self, path: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.env(path)
    }
}

#[derive(Clone)]
struct Request {
    method: &'static str,
    target: &'static str,
    headers: Vec<(String, String)>,
    body: &'static [u8],
    route_name: Option<String>,
}

impl Request {
    fn new(method: &'static str, target: &'static str, body: &'static [u8]) -> Self {
        Self {
            method,
            target,
            headers: Vec::new(),
            body,
            route_name: None,
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Signed now by a scheme of ours, which the oracle tests hold against the vendors' clients.
    fn signed(mut self, scheme: &dyn Scheme, key_id: &str, key: &MacKey) -> Self {
        let lines: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| (name.clone().into(), value.clone().into()))
            .collect();
        let message = Message {
            method: self.method.as_bytes(),
            authority: b"api.bank.test",
            target: self.target.as_bytes(),
            headers: &lines,
            ..Message::default()
        };
        let order = SignOrder {
            key_id: Some(key_id),
            created: NOW,
            nonce: Some("n-1"),
            ..SignOrder::default()
        };
        let added = scheme
            .sign(&message, self.body, &order, key)
            .expect("signed");
        self.headers.extend(added);
        self
    }

    /// Whether the gate lets it through, and why not.
    fn judge(&self, gate: &Gate) -> Result<(), &'static str> {
        let pseudo = [
            (":method", self.method),
            (":path", self.target),
            (":scheme", "https"),
            (":authority", "api.bank.test"),
        ];
        let own = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        let head = RequestHead {
            headers: pseudo
                .into_iter()
                .chain(own)
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            end_of_stream: self.body.is_empty(),
            route_name: self.route_name.clone(),
            ..RequestHead::default()
        };
        let mut exchange = gate.begin(head, Channel::default());
        let mut event = Event::Head;
        loop {
            event = match exchange.handle(event, NOW) {
                Effect::NeedBody => Event::Body(self.body.to_vec()),
                Effect::Shared { ticket, request } => Event::SharedAnswer {
                    ticket,
                    answer: match request {
                        SharedRequest::Get { .. } => SharedAnswer::Absent,
                        SharedRequest::CompareAndSwap { .. } => SharedAnswer::Stored,
                    },
                },
                Effect::Forward(_) => return Ok(()),
                Effect::Refuse(refusal) => return Err(refusal.reason.code()),
                _ => panic!("the policy asks for nothing else"),
            };
        }
    }
}

const ALICE: &str = "kong-secret-of-alice-32-bytes---";
const KONG_SECRETS: [(&str, &str); 3] = [
    ("SEALGATE_KEY_ALICE_123", ALICE),
    ("BOB_SECRET", "bob-secret-of-thirty-two-bytes--"),
    ("SEALGATE_KEY_BOB_OLD", "replaced-by-a-longer-one-32-byte"),
];

fn from_alice(body: &'static [u8]) -> Request {
    let scheme = Kong {
        demand: sealgate_signature::scheme::demand::Demand {
            headers: vec!["x-tenant".into()],
            ..Default::default()
        },
        ..Kong::default()
    };
    let key = MacKey::new(ALICE.into()).unwrap();
    Request::new("POST", "/orders/7?full=1", body)
        .with("x-tenant", "t1")
        .signed(&scheme, "alice 123", &key)
}

#[test]
fn kong_signs_and_passes() {
    let imported = import("kong", KONG, &[]);
    let gate = imported.gate(&KONG_SECRETS);
    let request = from_alice(b"{}");
    assert_eq!(request.judge(&gate), Ok(()), "{}", imported.policy);
    let tampered = Request {
        body: b"[]",
        ..request.clone()
    };
    assert!(tampered.judge(&gate).is_err());
    // Without the field that Kong demanded.
    let key = MacKey::new(ALICE.into()).unwrap();
    let without = Request::new("POST", "/orders/7", b"{}");
    let without = without.signed(&Kong::default(), "alice 123", &key);
    assert!(without.judge(&gate).is_err());
    let elsewhere = Request {
        target: "/other",
        ..request
    };
    assert!(elsewhere.judge(&gate).is_err());
}

#[test]
fn kong_what_was_weak_is_said_and_no_secret_is() {
    let imported = import("kong", KONG, &[]);
    for said in [
        "validate_request_body without digest in enforce_headers",
        "anonymous",
        "hide_credentials was off",
        "a path by regular expression",
        "*.bank.test has no match in a policy",
        "took dates 7200 seconds off; 3600 is the most now",
        "need not have covered body",
        "hmac-sha1 or hmac-sha384 or hmac-sha512",
        "consumers[1].hmacauth_credentials[1].secret: has 5 bytes",
        "$SEALGATE_KEY_ALICE_123: the text of consumers[0].hmacauth_credentials[0].secret (alice)",
        "$BOB_SECRET",
    ] {
        imported.says(said);
    }
    imported.never_says(ALICE);
    imported.never_says("secret: short");
    let in_files = import("kong", KONG, &["--secrets-in", "/etc/keys"]);
    in_files.says("/etc/keys/alice-123: the text of");
    in_files.never_says(ALICE);
    in_files.gate(&[
        ("/etc/keys/alice-123", ALICE),
        ("/etc/keys/bob", "bob-secret-of-thirty-two-bytes--"),
        ("/etc/keys/bob-old", "replaced-by-a-longer-one-32-byte"),
    ]);
}

/// What the old gateway accepted passes with `--keep-weak` and without it does not.
#[test]
fn weak_signatures_pass_only_on_demand() {
    let date = "Fri, 12 Sep 2025 23:53:18 GMT";
    let mac = MacKey::new(ALICE.into())
        .unwrap()
        .compute(&[format!("date: {date}\nPOST /orders/7 HTTP/1.1\nx-tenant: t1").as_bytes()]);
    let credential = format!(
        "hmac username=\"alice 123\", algorithm=\"hmac-sha256\", headers=\"date request-line x-tenant\", signature=\"{}\"",
        base64(&mac)
    );
    let request = Request::new("POST", "/orders/7", b"not signed")
        .with("date", date)
        .with("x-tenant", "t1")
        .with("authorization", &credential);
    let strict = import("kong", KONG, &[]).gate(&KONG_SECRETS);
    assert!(request.judge(&strict).is_err());
    let weak = import("kong", KONG, &["--keep-weak"]);
    assert_eq!(
        request.judge(&weak.gate(&KONG_SECRETS)),
        Ok(()),
        "{}",
        weak.policy
    );
}

#[test]
fn apisix_signs_and_passes() {
    use sealgate_signature::Algorithm;
    let imported = import("apisix", APISIX, &[]);
    let secret = "john-secret-key-of-thirty-two-b";
    let gate = imported.gate(&[("SEALGATE_KEY_JOHN_KEY", secret)]);
    let key = MacKey::with_algorithm(Algorithm::HmacSha512, secret.into()).unwrap();
    for target in ["/pay/1?x=1", "/refund"] {
        let request = Request::new("POST", target, b"{}");
        let request = request.signed(&Apisix::default(), "john-key", &key);
        assert_eq!(request.judge(&gate), Ok(()), "{target} {}", imported.policy);
    }
    let request = Request::new("POST", "/refund/1", b"{}");
    let request = request.signed(&Apisix::default(), "john-key", &key);
    assert!(request.judge(&gate).is_err());
    imported.says("need not have covered body");
    imported.says("fewer than the 32 of the hash");
    imported.never_says(secret);
}

/// The request that the documentation of hmac-auth-apisix signs, with its own key.
#[test]
fn higress_documented_request_passes() {
    let secrets = [(
        "SEALGATE_KEY_CONSUMER1_KEY",
        "2bda943c-ba2b-11ec-ba07-00163e1250b5",
    )];
    let request = |body| {
        Request::new("POST", "/foo", body)
            .with("date", "Fri, 12 Sep 2025 23:53:18 GMT")
            .with("authorization", "Signature keyId=\"consumer1-key\",algorithm=\"hmac-sha256\",headers=\"@request-target date\",signature=\"746z4VISwZehUwZdzTV486ZMMbBtakmMHKPfs/A4RdU=\"")
    };
    let imported = import("higress", HIGRESS, &[]);
    let strict = imported.gate(&secrets);
    assert_eq!(request(b"").judge(&strict), Ok(()), "{}", imported.policy);
    assert!(request(b"{}").judge(&strict).is_err());
    // `allow` names the first consumer only.
    assert!(!imported.policy.contains("consumer2-key"));
    let weak = import("higress", HIGRESS, &["--keep-weak"]);
    assert_eq!(
        request(b"{}").judge(&weak.gate(&secrets)),
        Ok(()),
        "{}",
        weak.policy
    );
}

#[test]
fn higress_x_ca_signs_and_passes() {
    let imported = import("higress", X_CA, &[]);
    let secret = "appSecret-of-thirty-two-bytes---";
    let gate = imported.gate(&[("SEALGATE_KEY_APPKEY", secret)]);
    let key = MacKey::new(secret.into()).unwrap();
    let request = Request {
        route_name: Some("route-a".into()),
        ..Request::new("POST", "/a?b=1", b"{}").with("content-type", "application/json")
    };
    let request = request.signed(&Alibaba::default(), "appKey", &key);
    assert_eq!(request.judge(&gate), Ok(()), "{}", imported.policy);
    let elsewhere = Request {
        route_name: Some("route-b".into()),
        ..request
    };
    assert!(elsewhere.judge(&gate).is_err());
    imported.says("no time was looked at");
    imported.never_says(secret);
}

#[test]
fn nothing_to_import_is_an_error() {
    let output = run("kong", "services: []\n", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}
