//! The replay store over a real server: first and second sight, a server that dies, hangs, forgets
//! or may not be trusted, and who may ask.

mod support;

use std::time::{Duration, Instant};

use support::load::hold;
use support::redis::{PASSWORD, Redis};
use support::*;

/// A token with one key, and a bridge that may use the store `r` in its own folder.
fn place(store: &str) -> Place {
    let place = Place::new(Kind::SoftHsm);
    place.write("redis-password", PASSWORD);
    configure(&place, store);
    place.keygen("mac", "hmac-256");
    place
}

fn configure(place: &Place, store: &str) {
    let sections: String = ["r", "other"]
        .map(|name| {
            format!(
                "[[replay]]\nname = {name:?}\nserver = {{ unix = {:?} }}\n\
                 password = {{ file = {:?} }}\n{store}\n",
                place.path("redis.sock"),
                place.path("redis-password")
            )
        })
        .concat();
    let mac = ("mac", "mac", &["HS256"][..], "hmac-256");
    place.configure(&[mac], &sections, "replay = [\"r\"]");
}

fn record(bridge: &Bridge<'_>, digest: &[u8], ttl_ms: u64) -> Answer {
    let body = serde_json::json!({ "digest": b64(digest), "ttl_ms": ttl_ms });
    ask(bridge, "r", body.to_string().as_bytes())
}

fn ask(bridge: &Bridge<'_>, store: &str, body: &[u8]) -> Answer {
    let path = format!("/v1/replay/{store}");
    bridge
        .send(&request("POST", &path, TOKEN, "", body))
        .unwrap()
}

fn wait_for_store(bridge: &Bridge<'_>) -> Duration {
    let start = Instant::now();
    while record(bridge, &unique(), 1000).status != 200 {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{:?}",
            bridge.log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

fn unique() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let mut digest = [0xee; 16];
    digest[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    digest
}

#[test]
fn one_caller_of_many_gates_is_first_until_the_time_is_over() {
    let place = place("");
    let server = Redis::start(place.dir.path(), &[]);
    let first = place.serve();
    wait_for_store(&first);
    // A second gate's bridge: its own token and sockets, the same server.
    let there = self::place("");
    let text = std::fs::read_to_string(there.path("bridge.toml")).unwrap();
    let ours = place.path("redis.sock");
    let shared = text.replace(
        there.path("redis.sock").to_str().unwrap(),
        ours.to_str().unwrap(),
    );
    there.write("bridge.toml", &shared);
    let second = there.serve();
    wait_for_store(&second);

    for round in 0..20u8 {
        let digest = [round; 32];
        let fresh: usize = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..8)
                .map(|caller| {
                    let bridge = if caller % 2 == 0 { &first } else { &second };
                    scope.spawn(move || {
                        let answer = record(bridge, &digest, 60_000);
                        assert_eq!(answer.status, 200, "{answer:?}");
                        usize::from(answer.json()["fresh"] == true)
                    })
                })
                .collect();
            callers.into_iter().map(|one| one.join().unwrap()).sum()
        });
        assert_eq!(fresh, 1, "round {round}");
    }
    let short = [0xaa; 16];
    assert_eq!(record(&first, &short, 3000).json()["fresh"], true);
    assert_eq!(record(&second, &short, 3000).json()["fresh"], false);
    let start = Instant::now();
    while record(&second, &short, 3000).json()["fresh"] == false {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
    }

    let left = server.ask(&["PTTL", &format!("sealgate:replay:r:{}", b64(&[0; 32]))]);
    let left: i64 = left.trim_start_matches(':').trim().parse().unwrap();
    assert!((1..=60_000).contains(&left), "{left}");
    assert!(first.metric("hsmb_replay_total", "\"seen\"") >= 20.0);
    assert_eq!(first.metric("hsmb_replay_store_up", "\"r\""), 1.0);
}

#[test]
fn a_server_that_dies_is_503_at_once_and_remembers_when_it_kept_its_log() {
    let place = place("");
    let keep = ["--appendonly", "yes", "--appendfsync", "always"];
    let server = Redis::start(place.dir.path(), &keep);
    let bridge = place.serve();
    wait_for_store(&bridge);
    assert_eq!(record(&bridge, &[1; 16], 600_000).json()["fresh"], true);
    drop(server);
    let start = Instant::now();
    for _ in 0..20 {
        let answer = record(&bridge, &unique(), 1000);
        assert_eq!((answer.status, answer.code().as_str()), (503, "store_down"));
    }
    hold(
        "20 refusals without a server",
        start.elapsed(),
        Duration::from_secs(1),
    );
    let mac = serde_json::json!({ "alg": "HS256", "data": "AAAA" });
    assert_eq!(bridge.post("mac/mac", &mac).status, 200, "keys still work");
    assert_eq!(bridge.get("/readyz").json()["status"], "degraded");
    assert_eq!(bridge.metric("hsmb_replay_store_up", "\"r\""), 0.0);

    let _server = Redis::start(place.dir.path(), &keep);
    let took = wait_for_store(&bridge);
    hold("replay store back in service", took, Duration::from_secs(2));
    assert_eq!(record(&bridge, &[1; 16], 600_000).json()["fresh"], false);
    assert_eq!(bridge.metric("hsmb_replay_lost_total", ""), 0.0);
}

#[test]
fn a_server_that_lost_its_memory_is_not_believed_until_nothing_can_be_replayed() {
    let place = place("");
    let server = Redis::start(place.dir.path(), &[]);
    let bridge = place.serve();
    wait_for_store(&bridge);
    assert_eq!(record(&bridge, &[1; 16], 2_500).json()["fresh"], true);
    let recorded = Instant::now();
    drop(server);
    assert_eq!(record(&bridge, &unique(), 1).status, 503);
    let server = Redis::start(place.dir.path(), &[]);
    bridge.wait_for_log("replay-memory-lost");
    // The digest is within its time and the server knows nothing of it.
    let early = loop {
        let answer = record(&bridge, &[1; 16], 2_500);
        if answer.status == 200 {
            break answer;
        }
        assert_eq!(answer.code(), "store_down");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(recorded.elapsed() >= Duration::from_millis(2_500));
    assert_eq!(early.json()["fresh"], true);
    assert_eq!(bridge.metric("hsmb_replay_lost_total", "\"r\""), 1.0);
    // Also when it forgets without going away.
    server.ask(&["FLUSHALL"]);
    let start = Instant::now();
    while bridge.metric("hsmb_replay_lost_total", "\"r\"") < 2.0 {
        assert!(start.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(record(&bridge, &[1; 16], 2_500).status, 503);
}

#[test]
fn a_server_that_hangs_costs_the_timeout_and_no_more_than_the_bound() {
    let place = place("timeout_ms = 150\nin_flight = 2");
    let server = Redis::start(place.dir.path(), &[]);
    let bridge = place.serve();
    wait_for_store(&bridge);
    server.freeze(true);
    let start = Instant::now();
    let codes: Vec<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| record(&bridge, &unique(), 1000).code()))
            .collect();
        callers.into_iter().map(|one| one.join().unwrap()).collect()
    });
    hold(
        "8 callers of a server that hangs",
        start.elapsed(),
        Duration::from_secs(1),
    );
    assert!(
        codes
            .iter()
            .all(|code| code == "store_down" || code == "busy")
    );
    assert!(codes.iter().any(|code| code == "busy"), "{codes:?}");
    server.freeze(false);
    wait_for_store(&bridge);
}

#[test]
fn a_server_that_would_forget_is_refused() {
    let place = place("");
    let server = Redis::start(
        place.dir.path(),
        &["--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"],
    );
    let bridge = place.serve();
    bridge.wait_for_log("set noeviction");
    assert_eq!(record(&bridge, &unique(), 1000).code(), "store_down");
    assert_eq!(server.sets(), 0);
    let doctor = place.verb("doctor", &[]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("set noeviction"), "{said}");
    server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    wait_for_store(&bridge);
    // A full store refuses; it does not forget.
    assert_eq!(record(&bridge, &[1; 16], 600_000).json()["fresh"], true);
    server.ask(&["CONFIG", "SET", "maxmemory", "1mb"]);
    assert_eq!(record(&bridge, &[2; 16], 600_000).code(), "store_down");
    server.ask(&["CONFIG", "SET", "maxmemory", "64mb"]);
    wait_for_store(&bridge);
    assert_eq!(record(&bridge, &[1; 16], 600_000).json()["fresh"], false);
}

#[test]
fn a_wrong_password_is_named_by_doctor_and_shown_to_nobody() {
    let place = place("");
    let _server = Redis::start(place.dir.path(), &[]);
    place.write("redis-password", "not-the-password");
    let bridge = place.serve();
    bridge.wait_for_log("replay-store-away");
    assert_eq!(record(&bridge, &unique(), 1000).code(), "store_down");
    let doctor = place.verb("doctor", &[]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(said.contains("BAD   replay store r"), "{said}");
    assert!(!said.contains("not-the-password"));
    assert!(
        !bridge
            .log()
            .iter()
            .any(|line| line.contains("not-the-password"))
    );
    // The password is read at each connection: correcting it is enough.
    place.write("redis-password", PASSWORD);
    wait_for_store(&bridge);
}

#[test]
fn who_may_not_and_what_is_malformed_never_reaches_the_server() {
    let place = place("");
    let server = Redis::start(place.dir.path(), &[]);
    let bridge = place.serve();
    wait_for_store(&bridge);
    let before = server.sets();
    let body = serde_json::json!({ "digest": b64(&[1; 16]), "ttl_ms": 1000 }).to_string();
    let forbidden = ask(&bridge, "other", body.as_bytes());
    let unknown = ask(&bridge, "nobody", body.as_bytes());
    assert_eq!(
        (forbidden.status, forbidden.code().as_str()),
        (404, "no_key")
    );
    assert_eq!(forbidden.body, unknown.body);
    let unauthorised = request("POST", "/v1/replay/r", "wrong token", "", body.as_bytes());
    assert_eq!(bridge.send(&unauthorised).unwrap().status, 401);
    for bad in [
        "{}".to_owned(),
        serde_json::json!({ "digest": b64(&[1; 15]), "ttl_ms": 1 }).to_string(),
        serde_json::json!({ "digest": b64(&[1; 33]), "ttl_ms": 1 }).to_string(),
        serde_json::json!({ "digest": b64(&[1; 16]), "ttl_ms": 0 }).to_string(),
        serde_json::json!({ "digest": b64(&[1; 16]), "ttl_ms": 604_800_001 }).to_string(),
        serde_json::json!({ "digest": b64(&[1; 16]), "ttl_ms": 1, "px": 2 }).to_string(),
    ] {
        let answer = ask(&bridge, "r", bad.as_bytes());
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_request")
        );
    }
    assert_eq!(bridge.get("/v1/replay/r").status, 400);
    assert_eq!(server.sets(), before, "the server must not have been asked");
}
