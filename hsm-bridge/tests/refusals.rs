//! Everything a caller can do wrong, each with its one answer, and whether the token was asked.

mod support;

use support::*;

#[test]
fn softhsm_gives_one_422_for_every_cryptographic_failure() {
    corrupt(Kind::SoftHsm, "RSA-OAEP");
}

#[test]
fn kryoptic_gives_one_422_for_every_cryptographic_failure() {
    corrupt(Kind::Kryoptic, "RSA-OAEP-256");
}

/// Corrupt ciphertexts return errors that also mean a broken token: none may reset it.
fn corrupt(kind: Kind, oaep: &str) {
    let place = Place::with_keys(kind, &[EC, RSA, AES]);
    let bridge = place.serve();
    let point = base_point();
    let mut answers = Vec::new();
    for round in 0..20u8 {
        let rsa = |fill: u8| {
            let mut ek = vec![fill; 256];
            ek[0] = 0x01;
            ek[255] = round;
            serde_json::json!({ "alg": oaep, "ek": b64(&ek), "enc": "A256GCM" })
        };
        let kw = serde_json::json!({ "alg": "A256KW", "ek": b64(&[round; 40]), "enc": "A256GCM" });
        let ec = serde_json::json!({
            "alg": "ECDH-ES+A256KW", "ek": b64(&[round; 40]), "epk": point, "enc": "A256GCM",
        });
        answers.push(bridge.post("rsa/unwrap", &rsa(0x5a)));
        answers.push(bridge.post("rsa/unwrap", &rsa(0x00)));
        answers.push(bridge.post("aes/unwrap", &kw));
        answers.push(bridge.post("ec/unwrap", &ec));
    }
    let undated = |answer: &Answer| -> Vec<String> {
        answer
            .head
            .lines()
            .filter(|l| !l.starts_with("date:"))
            .map(str::to_owned)
            .collect()
    };
    let first = &answers[0];
    assert_eq!(
        (first.status, first.code().as_str()),
        (422, "crypto_failed")
    );
    for answer in &answers {
        assert_eq!(
            (&answer.body, undated(answer)),
            (&first.body, undated(first))
        );
    }
    assert_eq!(
        bridge.metric("hsmb_token_epoch", ""),
        1.0,
        "no failure may reopen the token"
    );
    assert_eq!(bridge.metric("hsmb_reinit_total", ""), 0.0);
    assert_eq!(bridge.metric("hsmb_crypto_failed_total", ""), 80.0);
    // The causes are in the log, for the operator only.
    assert!(
        bridge
            .log()
            .iter()
            .any(|line| line.contains("order-failed"))
    );
    assert!(!String::from_utf8_lossy(&first.body).contains("CKR"));
}

#[test]
fn who_may_not_ask_learns_nothing_and_the_token_is_not_asked() {
    let place = Place::with_keys(Kind::SoftHsm, &[EC, MAC]);
    // `mac` exists, but this socket does not allow it.
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let entry = "{ kid = \"mac\", ops = [\"mac\", \"verify\", \"public\"] },";
    assert!(text.contains(entry));
    place.write("bridge.toml", &text.replace(entry, ""));
    let bridge = place.serve();
    let body = serde_json::json!({ "alg": "HS256", "data": "AAAA" });

    let forbidden = bridge.post("mac/mac", &body);
    let unknown = bridge.post("nobody/mac", &body);
    assert_eq!(
        (forbidden.status, forbidden.code().as_str()),
        (404, "no_key")
    );
    assert_eq!(forbidden.body, unknown.body);
    assert_eq!(
        bridge.post("ec/mac", &body).body,
        unknown.body,
        "an operation it is not for"
    );
    assert_eq!(bridge.post("ec/destroy", &body).body, unknown.body);
    assert_eq!(bridge.get("/v1/keys/mac/public").body, unknown.body);
    assert_eq!(
        bridge.get("/metrics").body,
        unknown.body,
        "metrics are on the admin socket"
    );

    let body = body.to_string();
    let ask = |token: &str, more: &str| {
        let bytes = request("POST", "/v1/keys/ec/unwrap", token, more, body.as_bytes());
        bridge.send(&bytes).unwrap()
    };
    let twice = format!("x-hsm-bridge-token: {TOKEN}\r\n");
    for (token, more) in [
        ("", ""),
        ("wrong", ""),
        (&TOKEN[1..], ""),
        (TOKEN, twice.as_str()),
        (TOKEN, "x-forwarded-for: 203.0.113.7\r\n"),
        (TOKEN, "via: 1.1 edge\r\n"),
        (TOKEN, "forwarded: for=203.0.113.7\r\n"),
        (TOKEN, "x-envoy-external-address: 203.0.113.7\r\n"),
    ] {
        let answer = ask(token, more);
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "bad_token"),
            "{token} {more}"
        );
    }
    // What Envoy's own callouts carry is welcome: this one gets as far as its body.
    assert_eq!(ask(TOKEN, "x-envoy-internal: true\r\n").status, 400);
    assert_eq!(bridge.orders(), 0.0);
}

#[test]
fn forwarded_requests_are_a_setting() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    place.configure(&[MAC], "", "refuse_forwarded = false");
    let bridge = place.serve();
    let body = br#"{"alg":"HS256","data":"AAAA"}"#;
    let more = "x-forwarded-for: 10.0.0.1\r\n";
    let answer = bridge
        .send(&request("POST", "/v1/keys/mac/mac", TOKEN, more, body))
        .unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn malformed_requests_are_refused_before_the_token() {
    let place = Place::with_keys(Kind::SoftHsm, &[EC, AES]);
    let bridge = place.serve();
    let point = base_point();
    let mut off = point.clone();
    off["y"] = off["x"].clone();
    let deep = format!("{{\"alg\":{}", "[".repeat(8000));
    let bad: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"garbage".to_vec(),
        b"{\"alg\":\"A256KW\"".to_vec(),
        deep.into_bytes(),
        br#"{"alg":"A256KW","ek":"AA==","enc":"A256GCM"}"#.to_vec(),
        br#"{"alg":"A256KW","ek":"AAAA","enc":"A256GCM","more":1}"#.to_vec(),
        br#"{"alg":"none","ek":"AAAA","enc":"A256GCM"}"#.to_vec(),
        br#"{"alg":"RSA1_5","ek":"AAAA","enc":"A256GCM"}"#.to_vec(),
        br#"{"alg":"ECDH-ES","enc":"A256GCM"}"#.to_vec(),
        serde_json::json!({ "alg": "ECDH-ES", "epk": off, "enc": "A256GCM" })
            .to_string()
            .into_bytes(),
        serde_json::json!({ "alg": "ECDH-ES", "epk": point, "ek": "AAAA", "enc": "A256GCM" })
            .to_string()
            .into_bytes(),
        serde_json::json!({ "alg": "ECDH-ES", "epk": point, "enc": "A512GCM" })
            .to_string()
            .into_bytes(),
        vec![0xff; 1000],
    ];
    for body in bad {
        let answer = bridge.post_bytes("ec/unwrap", &body);
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request"),
            "{shown}"
        );
    }
    let large = bridge.post_bytes("ec/unwrap", &vec![b' '; 16 * 1024 + 1]);
    assert_eq!((large.status, large.code().as_str()), (413, "too_large"));
    let chunk = format!("4001\r\n{}\r\n0\r\n\r\n", " ".repeat(0x4001));
    let chunked = format!(
        "POST /v1/keys/ec/unwrap HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\
         x-hsm-bridge-token: {TOKEN}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n{chunk}"
    );
    assert_eq!(bridge.send(chunked.as_bytes()).unwrap().status, 413);
    let text = format!(
        "POST /v1/keys/ec/unwrap HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\
         x-hsm-bridge-token: {TOKEN}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    let media = bridge.send(text.as_bytes()).unwrap();
    assert_eq!((media.status, media.code().as_str()), (415, "bad_media"));
    assert_eq!(bridge.get("/v1/keys/ec/unwrap").status, 400);
    assert_eq!(bridge.orders(), 0.0, "the token must not have been asked");
    assert_eq!(bridge.get("/livez").status, 200);
}

#[test]
fn a_user_that_is_not_listed_is_closed_unread() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    place.configure(&[MAC], "", "uids = [4294967294]");
    let bridge = place.serve();
    let body = br#"{"alg":"HS256","data":"AAAA"}"#;
    let sent = bridge.send(&request("POST", "/v1/keys/mac/mac", TOKEN, "", body));
    assert!(sent.is_err(), "{sent:?}");
    assert_eq!(bridge.metric("hsmb_refused_connections_total", "uid"), 1.0);
    assert_eq!(bridge.metric("hsmb_requests_total", "mac"), 0.0);
}

#[test]
fn a_request_id_is_echoed_and_the_sockets_have_their_modes() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    place.configure(&[MAC], "", "mode = \"0660\"");
    let bridge = place.serve();
    let mode = |name| {
        std::fs::metadata(place.path(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("data.sock"), mode("admin.sock")), (0o660, 0o600));
    let ask = |id: &str| {
        let more = format!("x-request-id: {id}\r\n");
        bridge
            .send(&request("GET", "/v1/keys/x/public", TOKEN, &more, b""))
            .unwrap()
            .head
    };
    assert!(ask("0f3c-77").contains("x-request-id: 0f3c-77"));
    assert!(!ask(&"x".repeat(200)).contains("x-request-id"));
}

#[test]
fn the_budget_of_failures_is_per_client() {
    let place = Place::with_keys(Kind::SoftHsm, &[AES]);
    place.configure(&[AES], "", "fail_per_min = 3");
    let bridge = place.serve();
    let body = serde_json::json!({ "alg": "A256KW", "ek": b64(&[1; 40]), "enc": "A256GCM" });
    let ask = |client: &str| {
        let more = format!("x-hsm-bridge-client: {client}\r\n");
        let body = body.to_string();
        let bytes = request("POST", "/v1/keys/aes/unwrap", TOKEN, &more, body.as_bytes());
        bridge.send(&bytes).unwrap()
    };
    for _ in 0..3 {
        assert_eq!(ask("a").status, 422);
    }
    let limited = ask("a");
    assert_eq!((limited.status, limited.code().as_str()), (429, "limited"));
    assert!(limited.head.contains("retry-after: 1"));
    assert_eq!(ask("b").status, 422, "another client is not locked out");
}

fn base_point() -> serde_json::Value {
    let point = hsm_bridge::jwa::base_point(hsm_bridge::token::Curve::P256);
    serde_json::json!({
        "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]),
    })
}
