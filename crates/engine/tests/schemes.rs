//! Every scheme that a policy can name: what it has to accept in writing, and one request each that
//! passes, and does not once its body is another.

mod support;

use sealgate_engine::{Channel, Gate, NoMaterials, RequestHead, signature_scheme};
use sealgate_signature::{Algorithm, HeaderLine, MacKey, Message, SignOrder};
use serde_json::{Value, json};
use support::{Host, NOW, Sealed, gate, hex};

const SECRET: [u8; 32] = [6; 32];

/// A scheme with shared secrets, in its shortest form.
struct Row {
    scheme: &'static str,
    alg: &'static str,
    options: Value,
    /// What cannot be covered.
    weak: &'static [&'static str],
    target: &'static str,
    body: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |scheme, weak| Row {
        scheme,
        alg: "HS256",
        options: json!({}),
        weak,
        target: "/hook?n=1",
        body: r#"{"amount":12}"#,
    };
    const TARGET: &[&str] = &["method", "path", "query"];
    const ALL_BUT_BODY: &[&str] = &["method", "path", "query", "freshness"];
    vec![
        row("rfc9421", &[]),
        row("standard-webhooks", TARGET),
        row("svix", TARGET),
        row("github", ALL_BUT_BODY),
        Row {
            alg: "HMAC-SHA1",
            ..row("github-sha1", ALL_BUT_BODY)
        },
        row("stripe", TARGET),
        row("slack", TARGET),
        row("shopify", ALL_BUT_BODY),
        Row {
            alg: "HMAC-SHA1",
            options: json!({ "base_url": "https://gate.test" }),
            // Twilio binds a body that is no form by its digest in the URL.
            target: "/hook?bodySHA256=70e1d28f6239e1afba2e3a3b9671674417e76f46126b75b9d5fe0436d752a013",
            ..row("twilio", &["method", "freshness"])
        },
        Row {
            options: json!({ "region": "eu-west-1", "service": "execute-api" }),
            ..row("aws-sigv4", &[])
        },
        row("kong", &[]),
        row("apisix", &[]),
        row("higress", &[]),
        row("alibaba", &[]),
        row("higress-x-ca", &[]),
        row("cavage", &[]),
        row("gravitee", &[]),
        // Tyk signs no query: a request with one is refused unless that is accepted.
        Row {
            target: "/hook",
            ..row("tyk", &[])
        },
        Row {
            options: json!({ "path_context": "/hook/", "first_parameters": ["apikey"] }),
            target: "/hook/pay?apikey=shop",
            ..row("visa-x-pay-token", &["method"])
        },
        row("naver-cloud", &["body"]),
        Row {
            options: json!({ "first_parameters": ["n"] }),
            ..row("coupang", &["body"])
        },
        Row {
            options: json!({ "custom": {
                "template": "{timestamp}\n{method} {target}\n{body}", "header": "x-sig",
                "encoding": "hex", "timestamp_header": "x-time",
            } }),
            ..row("custom", &[])
        },
    ]
}

impl Row {
    fn section(&self, weak: &[&str]) -> Value {
        json!({ "scheme": self.scheme, "keys": ["shop"], "options": self.options, "accept_weak": weak })
    }

    fn policy(&self, weak: &[&str]) -> Value {
        json!({
            "version": 1, "unmatched": "refuse",
            "keys": [{ "id": "shop", "use": "mac", "alg": self.alg, "material": { "inline": hex(&SECRET) } }],
            "policies": { "hook": { "signature": self.section(weak) } },
            "routes": [{ "match": { "path_prefix": "/hook" }, "policy": "hook" }]
        })
    }

    fn signed(&self) -> Sealed {
        let scheme = signature_scheme(self.section(self.weak))
            .unwrap_or_else(|faults| panic!("{}: {faults:?}", self.scheme));
        let algorithm = Algorithm::from_name(self.alg).unwrap();
        let key = MacKey::with_algorithm(algorithm, SECRET.to_vec()).unwrap();
        let sent: Vec<HeaderLine> = [
            ("content-type", "application/json"),
            ("x-request-id", "7f0c"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
        let message = Message {
            method: b"POST",
            scheme: b"https",
            authority: b"gate.test",
            target: self.target.as_bytes(),
            headers: &sent,
            ..Message::default()
        };
        let order = SignOrder {
            key_id: Some("shop"),
            created: NOW,
            nonce: scheme.signs_nonce().then_some("n-1"),
            ..SignOrder::default()
        };
        let lines = scheme
            .sign(&message, self.body.as_bytes(), &order, &key)
            .unwrap_or_else(|error| panic!("{}: {error}", self.scheme));
        let target = self.target_of(&lines);
        let mut headers: Vec<HeaderLine> = [
            (":method", "POST"),
            (":path", target.as_str()),
            (":scheme", "https"),
            (":authority", "gate.test"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
        headers.extend(sent);
        for (name, value) in lines.into_iter().filter(|(name, _)| name != ":path") {
            headers.retain(|(line, _)| line != name.as_bytes());
            headers.push((name.into(), value.into()));
        }
        Sealed {
            head: RequestHead {
                headers,
                ..RequestHead::default()
            },
            channel: Channel::default(),
            body: self.body.into(),
        }
    }

    /// Where a scheme puts part of its signature into the target, it says so in `:path`.
    fn target_of(&self, lines: &[(String, String)]) -> String {
        let path = lines.iter().find(|(name, _)| name == ":path");
        path.map_or(self.target.to_owned(), |(_, value)| value.clone())
    }
}

fn places(document: &Value) -> Vec<String> {
    match Gate::compile(document.to_string().as_bytes(), &NoMaterials) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.into_iter().map(|fault| fault.path).collect(),
    }
}

#[test]
fn what_a_scheme_cannot_cover_has_to_be_accepted_and_nothing_else() {
    for row in rows() {
        assert_eq!(places(&row.policy(row.weak)), [""; 0], "{}", row.scheme);
        for missing in row.weak {
            let rest: Vec<&str> = row
                .weak
                .iter()
                .copied()
                .filter(|one| one != missing)
                .collect();
            let found = places(&row.policy(&rest));
            assert_eq!(
                found.len(),
                1,
                "{} without {missing}: {found:?}",
                row.scheme
            );
        }
    }
}

#[test]
fn a_request_of_every_scheme_passes_and_not_with_another_body() {
    for row in rows() {
        let gate = gate(&row.policy(row.weak));
        let sealed = row.signed();
        let verdict = Host::default().judge(&gate, &sealed);
        assert_eq!(
            verdict.reason(),
            None,
            "{}: {:?}",
            row.scheme,
            String::from_utf8_lossy(
                &sealed
                    .head
                    .headers
                    .iter()
                    .flat_map(|(n, v)| [n.as_slice(), b": ", v, b"\n"].concat())
                    .collect::<Vec<_>>()
            )
        );
        if row.weak.contains(&"body") {
            continue;
        }
        let mut other = row.signed();
        other.body = br#"{"amount":13}"#.to_vec();
        let verdict = Host::default().judge(&gate, &other);
        assert!(verdict.reason().is_some(), "{}", row.scheme);
    }
}

#[test]
fn a_member_of_another_scheme_is_refused() {
    for (scheme, member, value) in [
        ("stripe", "cover", json!(["x"])),
        ("stripe", "options", json!({ "region": "eu" })),
        ("kong", "options", json!({ "tag": "x" })),
        ("rfc9421", "options", json!({ "base_url": "https://x" })),
        (
            "github",
            "options",
            json!({ "custom": { "template": "{body}", "header": "x", "encoding": "hex" } }),
        ),
    ] {
        let row = rows().into_iter().find(|row| row.scheme == scheme).unwrap();
        let mut document = row.policy(row.weak);
        document["policies"]["hook"]["signature"][member] = value;
        let found = places(&document);
        assert_eq!(found.len(), 1, "{scheme} {member}: {found:?}");
    }
}

#[test]
fn a_template_in_which_parts_can_slide_is_refused() {
    let row = rows()
        .into_iter()
        .find(|row| row.scheme == "custom")
        .unwrap();
    let mut document = row.policy(row.weak);
    document["policies"]["hook"]["signature"]["options"]["custom"]["template"] =
        json!("{timestamp}{method}{target}{body}");
    assert_eq!(
        places(&document),
        ["policies.hook.signature.options.custom.template"]
    );
}
