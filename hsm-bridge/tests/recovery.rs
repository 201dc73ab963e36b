//! A token that goes away and comes back, too many requests, and connections that do nothing.

mod support;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use support::load::hold;
use support::*;

fn mac(bridge: &Bridge<'_>) -> Answer {
    bridge.post(
        "mac/mac",
        &serde_json::json!({ "alg": "HS256", "data": "AAAA" }),
    )
}

#[test]
fn a_token_directory_that_returns_is_in_service_within_a_second_by_one_recovery() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC, EC]);
    let bridge = place.serve();
    let before = mac(&bridge).json();
    let fingerprint = bridge.get("/v1/keys/ec/public").json();

    std::fs::rename(place.path("tokens"), place.path("away")).unwrap();
    let gone = Instant::now();
    let first = loop {
        let answer = mac(&bridge);
        if answer.status != 200 {
            break answer;
        }
        assert!(
            gone.elapsed() < Duration::from_secs(3),
            "the loss was never noticed"
        );
    };
    assert_eq!((first.status, first.code().as_str()), (503, "token_down"));
    assert!(first.head.contains("retry-after: 1"), "{first:?}");
    // While it is down every answer is quick, and nothing hangs.
    let mut slowest = Duration::ZERO;
    for _ in 0..20 {
        let start = Instant::now();
        assert_eq!(mac(&bridge).status, 503);
        slowest = slowest.max(start.elapsed());
    }
    hold(
        "slowest 503 of a token that is away",
        slowest,
        Duration::from_millis(250),
    );
    assert_eq!(bridge.get("/readyz").status, 503);
    assert_eq!(bridge.get("/livez").status, 200);
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(bridge.metric("hsmb_token_up", ""), 0.0);

    std::fs::rename(place.path("away"), place.path("tokens")).unwrap();
    let back = Instant::now();
    while mac(&bridge).status != 200 {
        assert!(
            back.elapsed() < Duration::from_secs(5),
            "{:?}",
            bridge.log()
        );
    }
    hold(
        "back in service",
        back.elapsed(),
        Duration::from_millis(1500),
    );
    for _ in 0..200 {
        let answer = mac(&bridge);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json(), before, "the same key, the same fingerprint");
    }
    assert_eq!(bridge.get("/v1/keys/ec/public").json(), fingerprint);
    assert_eq!(
        bridge.metric("hsmb_token_epoch", ""),
        2.0,
        "exactly one recovery"
    );
    assert_eq!(bridge.metric("hsmb_reinit_total", ""), 1.0);
    assert_eq!(bridge.get("/readyz").status, 200);
}

#[test]
fn a_slot_daemon_that_is_killed_crashes_nothing_and_is_named() {
    if !Kind::OpenCryptoki.is_here() {
        return;
    }
    let place = Place::with_keys(Kind::OpenCryptoki, &[MAC]);
    let healthy = place.verb("doctor", &[]);
    assert!(healthy.status.success(), "{healthy:?}");
    let bridge = place.serve();
    let before = mac(&bridge).json();
    place.world.as_ref().unwrap().kill_daemon();
    // The sessions that are open go on or fail; either way every answer says which, and readiness
    // agrees with them.
    let mut served = 0;
    for _ in 0..200 {
        let answer = mac(&bridge);
        match answer.status {
            200 => {
                assert_eq!(answer.json(), before);
                served += 1;
            }
            _ => assert_eq!(answer.code(), "token_down", "{answer:?}"),
        }
    }
    std::thread::sleep(Duration::from_millis(1200));
    let ready = bridge.get("/readyz").status;
    assert_eq!(ready, mac(&bridge).status, "readiness is what callers meet");
    println!(
        "figure: slot daemon killed: {served} of 200 served after it, /readyz {ready}, no crash"
    );
    drop(bridge);
    // Who starts without it is told what is missing.
    let doctor = place.verb("doctor", &[]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(said.contains("`pkcsslotd` must run"), "{said}");
    assert!(!place.verb("serve", &[]).status.success());
}

#[test]
fn a_loss_without_traffic_is_noticed_too() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    assert_eq!(bridge.get("/readyz").status, 200);
    std::fs::rename(place.path("tokens"), place.path("away")).unwrap();
    bridge.wait_for_log("token-down");
    assert_eq!(bridge.get("/readyz").status, 503);
}

#[test]
fn a_key_that_is_missing_is_409_and_the_rest_works() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    place.configure(&[MAC, EC], "", "");
    let bridge = place.serve();
    let body = serde_json::json!({ "alg": "ECDH-ES", "enc": "A256GCM" });
    let answer = bridge.post("ec/unwrap", &body);
    assert_eq!((answer.status, answer.code().as_str()), (409, "key_state"));
    assert_eq!(mac(&bridge).status, 200);
    assert_eq!(bridge.get("/readyz").json()["status"], "degraded");
    let keys = bridge.admin("/admin/v1/keys").json();
    assert_eq!(keys[1]["state"], "missing");
}

#[test]
fn a_flood_is_answered_at_once_with_429_and_the_queue_stays_short() {
    let place = Place::with_keys(Kind::SoftHsm, &[PS]);
    place.configure(&[PS], "queue = 4", "");
    let bridge = place.serve();
    let request = serde_json::json!({ "alg": "PS256", "data": "AAAA" });
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..32)
            .map(|_| {
                scope.spawn(|| {
                    (0..20)
                        .map(|_| bridge.post("ps/sign", &request).status)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    let count = |wanted: u16| statuses.iter().filter(|status| **status == wanted).count();
    assert_eq!(count(200) + count(429), 640, "{statuses:?}");
    assert!(
        count(200) > 0 && count(429) > 0,
        "{} and {}",
        count(200),
        count(429)
    );
    assert_eq!(
        bridge.metric("hsmb_queue_rejected_total", ""),
        count(429) as f64
    );
    assert_eq!(
        bridge.post("ps/sign", &request).status,
        200,
        "the next good request works"
    );
}

#[test]
fn silent_connections_are_cut_and_their_number_is_bounded() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    place.configure(&[MAC], "idle_timeout_s = 3\nmax_conns = 8", "");
    let bridge = place.serve();
    let connect = || {
        let stream = UnixStream::connect(place.path("data.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    };
    let mut silent: Vec<UnixStream> = (0..6).map(|_| connect()).collect();
    // One stops inside the preface of HTTP/2, one inside a head, one after a whole answer.
    silent[1].write_all(b"PRI * HT").unwrap();
    silent[2]
        .write_all(b"GET /livez HTTP/1.1\r\nhost: b\r\nx-slow: ")
        .unwrap();
    silent[3]
        .write_all(b"GET /livez HTTP/1.1\r\nhost: b\r\n\r\n")
        .unwrap();
    assert_eq!(bridge.get("/livez").status, 200);
    let full: Vec<UnixStream> = (0..10).map(|_| connect()).collect();
    let refused = (0..20).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        bridge.send(&request("GET", "/livez", "", "", b"")).is_err()
    });
    assert!(refused, "the cap holds");
    drop(full);
    let start = Instant::now();
    for stream in &mut silent {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
    hold(
        "silent connections cut",
        start.elapsed(),
        Duration::from_secs(6),
    );
    assert_eq!(mac(&bridge).status, 200);
}

#[test]
fn sigterm_ends_it_cleanly_and_a_crash_does_not_block_the_next_start() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    assert!(bridge.terminate().success());
    assert!(!place.path("data.sock").exists() && !place.path("admin.sock").exists());
    drop(place.serve());
    assert!(
        place.path("data.sock").exists(),
        "killed: the socket stays behind"
    );
    let bridge = place.serve();
    assert_eq!(mac(&bridge).status, 200);
    // A second bridge on the same sockets does not push the first aside.
    let second = place.verb("serve", &[]);
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process listens here"));
    assert_eq!(mac(&bridge).status, 200);
}

#[test]
fn the_process_cannot_be_dumped() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", bridge.pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(numbers[4..6], ["0", "0"], "{core}");
}

#[test]
fn http2_without_tls_works_on_the_same_socket() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let statuses = runtime.block_on(async {
        use http_body_util::Full;
        use hyper::body::Bytes;
        use hyper_util::rt::{TokioExecutor, TokioIo};
        let stream = tokio::net::UnixStream::connect(place.path("data.sock"))
            .await
            .unwrap();
        let (mut client, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let mut statuses = Vec::new();
        for token in [TOKEN, "wrong"] {
            let request = hyper::Request::post("http://bridge/v1/keys/mac/mac")
                .header("x-hsm-bridge-token", token)
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from_static(
                    br#"{"alg":"HS256","data":"AAAA"}"#,
                )))
                .unwrap();
            statuses.push(
                client
                    .send_request(request)
                    .await
                    .unwrap()
                    .status()
                    .as_u16(),
            );
        }
        statuses
    });
    assert_eq!(statuses, [200, 401]);
    assert_eq!(bridge.orders(), 1.0);
}
