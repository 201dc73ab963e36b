//! Peers that speak garbage or nothing: malformed HTTP/1.1, HTTP/2 and JSON, and connections in
//! thousands that do nothing. `cargo xtask test` runs the short form; `cargo xtask chaos` the long one.

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use support::load::{self, hold, rounds};
use support::*;

fn mac() -> serde_json::Value {
    serde_json::json!({ "alg": "HS256", "data": "AAAA" })
}

#[test]
fn malformed_requests_in_masses_never_reach_the_token() {
    let place = Place::with_keys(Kind::SoftHsm, &[EC, AES, MAC]);
    let bridge = place.serve();
    let point = hsm_bridge::jwa::base_point(hsm_bridge::token::Curve::P256);
    let seeds = [
        serde_json::json!({ "alg": "A256KW", "ek": b64(&[1; 40]), "enc": "A256GCM" }),
        serde_json::json!({
            "alg": "ECDH-ES+A256KW", "ek": b64(&[2; 40]), "enc": "A256GCM",
            "epk": { "kty": "EC", "crv": "P-256", "x": b64(&point[1..33]), "y": b64(&point[33..]) },
        }),
    ];
    let mut random = Random(0x5ea1_9a7e);
    let over = Instant::now() + Duration::from_secs(rounds(2, 600) as u64);
    let mut statuses = BTreeMap::<u16, usize>::new();
    while Instant::now() < over {
        let seed = &seeds[random.below(2)];
        // On a socket whose keys all are of another purpose: whatever gets through is refused.
        let body = random.spoil(seed.to_string().as_bytes());
        let whole = request("POST", "/v1/keys/mac/unwrap", TOKEN, "", &body);
        let bytes = if random.below(4) == 0 {
            random.spoil(&whole)
        } else {
            request("POST", "/v1/keys/ec/mac", TOKEN, "", &body)
        };
        let mut stream = UnixStream::connect(place.path("data.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(1000)))
            .unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8_lossy(&answer);
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .unwrap_or(0);
        *statuses.entry(status).or_default() += 1;
    }
    // Bodies of the right key and operation, cut and changed: only what still parses may go further.
    for _ in 0..rounds(300, 100_000) {
        let mut body = seeds[1].to_string().into_bytes();
        body.truncate(random.below(body.len()));
        let answer = bridge.post_bytes("ec/unwrap", &body);
        *statuses.entry(answer.status).or_default() += 1;
    }
    println!("figure: malformed: {statuses:?}, 0 token calls, 0 panics");
    assert!(
        statuses
            .keys()
            .all(|status| *status == 0 || (400..500).contains(status)),
        "{statuses:?}"
    );
    assert_eq!(bridge.orders(), 0.0);
    assert!(!bridge.log().iter().any(|line| line.contains("panicked")));
    assert_eq!(bridge.post("mac/mac", &mac()).status, 200);
}

#[test]
fn broken_http2_never_reaches_the_token() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    let mut random = Random(0x2f2f_5ea1);
    let over = Instant::now() + Duration::from_secs(rounds(2, 600) as u64);
    let (mut connections, mut answered) = (0_usize, 0_usize);
    while Instant::now() < over {
        // The preface is right, or this would be HTTP/1.1; what follows is frames with some bytes wrong.
        // The key is another's, so that what survives the spoiling is refused all the same.
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(random.spoil(&frames()));
        let mut stream = UnixStream::connect(place.path("data.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        connections += 1;
        answered += usize::from(!answer.is_empty());
    }
    println!(
        "figure: HTTP/2 fuzz: {connections} connections, {answered} answered, 0 token calls, 0 panics"
    );
    assert!(answered > 0);
    assert_eq!(bridge.orders(), 0.0);
    assert!(!bridge.log().iter().any(|line| line.contains("panicked")));
    assert_eq!(bridge.post("mac/mac", &mac()).status, 200);
}

/// SETTINGS, then a request in HEADERS and DATA frames (RFC 9113 section 4.1, RFC 7541 section 6.2.2).
fn frames() -> Vec<u8> {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, stream]);
        frame.extend(payload);
        frame
    };
    let mut head = Vec::new();
    for (name, value) in [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/keys/nobody/mac"),
        (":authority", "bridge"),
        ("content-type", "application/json"),
        ("x-hsm-bridge-token", TOKEN),
    ] {
        head.push(0);
        head.push(u8::try_from(name.len()).unwrap());
        head.extend(name.as_bytes());
        head.push(u8::try_from(value.len()).unwrap());
        head.extend(value.as_bytes());
    }
    let body = mac().to_string();
    [
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &head),
        frame(0, 1, 1, body.as_bytes()),
        frame(1, 5, 3, &head),
        frame(6, 0, 0, &[0; 8]),
        frame(3, 0, 1, &[0, 0, 0, 8]),
    ]
    .concat()
}

#[test]
fn idle_connections_are_cut_and_operators_still_get_in() {
    let count = rounds(400, 10_000);
    let cap = count / 2;
    let idle = rounds(2, 10);
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let server = format!("idle_timeout_s = {idle}\nmax_conns = {cap}");
    place.configure(&[MAC], &server, "");
    let bridge = place.serve();
    // A caller that was there first keeps being served.
    let mut caller = load::Client::new(&bridge);
    let body = mac().to_string();
    assert_eq!(
        caller.post("mac/mac", "", body.as_bytes()).unwrap().status,
        200
    );
    let start = Instant::now();
    let mut open: Vec<UnixStream> = Vec::new();
    for number in 0..count {
        let Ok(mut stream) = UnixStream::connect(place.path("data.sock")) else {
            panic!("connection {number} of {count}: raise the limit of open files");
        };
        if number % 3 == 0 {
            let _ = stream.write_all(b"POST /v1/keys/mac/mac HTTP/1.1\r\nhost: b\r\nx-");
        }
        if number % 7 == 0 {
            let _ = stream.shutdown(std::net::Shutdown::Write);
        }
        open.push(stream);
    }
    let shown = bridge.metric("hsmb_connections", "");
    println!("figure: idle connections: {count} opened, {shown} held (cap {cap})");
    assert!(shown <= cap as f64 + 1.0, "{shown}");
    let asked = Instant::now();
    assert_eq!(bridge.admin("/readyz").status, 200);
    hold(
        "/readyz of an operator meanwhile",
        asked.elapsed(),
        Duration::from_millis(50),
    );
    assert_eq!(
        caller.post("mac/mac", "", body.as_bytes()).unwrap().status,
        200
    );
    for stream in &mut open {
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let _ = stream.read(&mut [0; 1024]);
    }
    let limit = Duration::from_secs(idle as u64);
    println!(
        "figure: idle connections: all cut after {:?}",
        start.elapsed()
    );
    assert!(start.elapsed() < limit * 2 + Duration::from_secs(5));
    drop(open);
    let start = Instant::now();
    while bridge.metric("hsmb_connections", "") > 1.0 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(bridge.post("mac/mac", &mac()).status, 200);
}

/// A generator whose run can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// Cuts, doubles, inserts and changes bytes.
    fn spoil(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.next() as u8),
                2 => {
                    let copy = bytes[at..].to_vec();
                    bytes.extend(copy);
                }
                3 => bytes.extend(std::iter::repeat_n(b'[', self.below(20_000))),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = self.next() as u8;
                    }
                }
            }
        }
        bytes
    }
}
