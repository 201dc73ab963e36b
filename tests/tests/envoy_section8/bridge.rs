//! A bridge that is slow, down, silent or wrong.

use std::time::{Duration, Instant};

use sealgate_tests::bridge::Token;
use sealgate_tests::draft::Draft;
use sealgate_tests::gate::Gate;
use sealgate_tests::site::body;
use sealgate_tests::upstream::ok;
use serde_json::json;

use super::{is_problem, plugin};

#[test]
fn a_slow_bridge_and_a_large_body_are_held_together() {
    let (site, keys, envoy) = plugin();
    site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_millis(600));
        ok("application/json", b"{}")
    });
    let mut draft = Draft::payments(&keys);
    draft.plaintext = vec![b' '; 700_000];
    let start = Instant::now();
    let response = site.refused(&envoy, &draft.make());
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert!([401, 503].contains(&response.status), "{}", body(&response));
}

#[test]
fn a_real_bridge_opens_a_large_body_that_arrives_while_it_is_asked() {
    let gate = Gate::start(Token::SoftHsm);
    let mut draft = Draft::payments(&gate.keys);
    draft.plaintext = json!({ "text": "word ".repeat(140_000) })
        .to_string()
        .into_bytes();
    for h2 in [false, true] {
        draft.rfc9421().nonce = Some(format!("nonce-{h2}"));
        gate.site.upstream.take();
        let mut sent = sealgate_tests::cases::Sent::from(draft.make());
        sent.h2 = h2;
        assert_eq!(gate.send(&sent).status, 200);
        assert_eq!(gate.site.upstream.requests()[0].body, draft.plaintext);
    }
}

#[test]
fn a_bridge_that_answers_anything_but_a_key_refuses() {
    let (site, keys, envoy) = plugin();
    let http = |status: &str, text: &str| {
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        )
        .into_bytes()
    };
    let short = r#"{"cek":"AAAA","kid":"gw-ec","ver":1,"fp":"x","cached":false}"#;
    let zero = format!(
        r#"{{"cek":"{0}","kid":"gw-ec","ver":1,"fp":"{0}","cached":false}}"#,
        "A".repeat(43)
    );
    let huge = format!(r#"{{"cek":"{}"}}"#, "A".repeat(200_000));
    let answers = [
        (http("200 OK", "{}"), 503),
        (http("200 OK", ""), 503),
        (http("200 OK", "not json"), 503),
        (http("200 OK", "[1,2]"), 503),
        (http("200 OK", short), 503),
        (http("200 OK", &huge), 503),
        (http("200 OK", &zero), 401),
        (http("204 No Content", ""), 503),
        (http("301 Moved", ""), 503),
        (
            http("401 Unauthorized", r#"{"code":"bad_token","message":"x"}"#),
            503,
        ),
        (
            http(
                "422 Unprocessable",
                r#"{"code":"crypto_failed","message":"x"}"#,
            ),
            401,
        ),
        (
            http("429 Too Many", r#"{"code":"busy","message":"x"}"#),
            503,
        ),
        (
            http("500 Internal", r#"{"code":"internal","message":"x"}"#),
            503,
        ),
        (
            http("503 Unavailable", r#"{"code":"token_down","message":"x"}"#),
            503,
        ),
        (
            http("504 Timeout", r#"{"code":"token_timeout","message":"x"}"#),
            503,
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec(),
            503,
        ),
        (b"garbage\r\n\r\n".to_vec(), 503),
        (Vec::new(), 503),
    ];
    for (answer, status) in answers {
        let text = String::from_utf8_lossy(&answer[..answer.len().min(120)]).into_owned();
        site.stand_in.answer_with(move |_| answer.clone());
        let response = site.refused(&envoy, &Draft::payments(&keys).make());
        assert_eq!(response.status, status, "{text:?}: {}", body(&response));
        assert!(response.problem().is_some(), "{text:?}: {}", envoy.log());
    }
    let draft = Draft::shared(&keys);
    assert_eq!(site.passes(&envoy, &draft.make()).body, draft.plaintext);
    assert_eq!(envoy.stat("vm_reload"), 0);
}

#[test]
fn a_bridge_that_is_down_refuses_and_one_that_comes_back_serves() {
    let mut gate = Gate::start(Token::SoftHsm);
    gate.still_works();
    gate.bridge.stop();
    for _ in 0..3 {
        let response = gate
            .site
            .refused(&gate.envoy, &Draft::payments(&gate.keys).make());
        is_problem(&response, 503, "unavailable");
    }
    let draft = Draft::shared(&gate.keys);
    assert_eq!(gate.passes(&draft.make()).body, draft.plaintext);
    gate.bridge.restart();
    let until = Instant::now() + Duration::from_secs(5);
    while gate.send(&Draft::payments(&gate.keys).make().into()).status != 200 {
        assert!(
            Instant::now() < until,
            "the bridge is back and the gate is not"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    gate.still_works();
}

#[test]
fn a_bridge_that_never_answers_is_given_up_at_the_policys_timeout() {
    let (site, keys, envoy) = plugin();
    site.stand_in.answer_with(|_| {
        std::thread::sleep(Duration::from_secs(10));
        Vec::new()
    });
    let start = Instant::now();
    is_problem(
        &site.refused(&envoy, &Draft::payments(&keys).make()),
        503,
        "unavailable",
    );
    let waited = start.elapsed();
    assert!(
        waited >= Duration::from_millis(900) && waited < Duration::from_millis(2500),
        "{waited:?}"
    );
}
