//! What the bridge costs beside the token it fronts: ratios taken side by side in one run. The suite
//! only shows that they can be taken; `cargo xtask chaos` on an idle machine holds them to their limits.

mod support;

use std::time::Duration;

use josekit::jwe::{ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP};
use josekit::jwk::Jwk;
use support::load::{during, full, rounds};
use support::*;

/// Prints a ratio; the long form demands it.
fn demand(what: &str, ratio: f64, least: f64) {
    println!("figure: {what}: {ratio:.2} (at least {least})");
    if full() {
        assert!(ratio >= least, "{what}: {ratio}");
    }
}

/// The best that the bare token gives, in operations a second.
fn bare(place: &Place, kid: &str, alg: &str) -> f64 {
    let length = rounds(200, 2000).to_string();
    let rate = |threads: &str| {
        let words = [
            "--kid",
            kid,
            "--alg",
            alg,
            "--threads",
            threads,
            "--milliseconds",
            &length,
        ];
        let output = place.verb("bench", &words);
        assert!(output.status.success(), "{output:?}");
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        line["per_second"].as_f64().unwrap()
    };
    ["1", "2", "4"].into_iter().map(rate).fold(0.0, f64::max)
}

fn sealed(public: &serde_json::Value, alg: &str) -> serde_json::Value {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let mut public = public.clone();
    public.as_object_mut().unwrap().remove("use");
    let jwk = Jwk::from_map(public.as_object().unwrap().clone()).unwrap();
    let to: Box<dyn JweEncrypter> = match alg {
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk).unwrap()),
        _ => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap()),
    };
    split(&josekit::jwe::serialize_compact(b"{}", &header, to.as_ref()).unwrap()).request
}

#[test]
fn the_socket_gives_what_the_token_gives() {
    let place = Place::with_keys(Kind::SoftHsm, &[EC, RSA]);
    let pause = || std::thread::sleep(Duration::from_millis(rounds(400, 4000) as u64));
    let cases = [("rsa", "RSA-OAEP"), ("ec", "ECDH-ES+A256KW")];
    let alone = cases.map(|(kid, alg)| bare(&place, kid, alg));
    let bridge = place.serve();
    for ((kid, alg), bare) in cases.into_iter().zip(alone) {
        let public = bridge.get(&format!("/v1/keys/{kid}/public")).json();
        let body = sealed(&public, alg);
        let best = [2, 4, 8]
            .map(|clients| {
                let path = format!("{kid}/unwrap");
                let (met, ()) = during(&bridge, clients, &path, &body, pause);
                assert_eq!(met.count(200), met.answers.len());
                met.per_second()
            })
            .into_iter()
            .fold(0.0, f64::max);
        println!("figure: {alg}: {best:.0}/s over the socket, {bare:.0}/s of the bare token");
        demand(
            &format!("{alg} over the socket, of the bare token"),
            best / bare,
            0.85,
        );
    }
}

#[test]
fn a_cached_content_key_costs_a_fraction_of_an_unwrap() {
    let place = Place::with_keys(Kind::SoftHsm, &[RSA]);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let cached = text.replacen(
        "purpose = \"unwrap\"",
        "purpose = \"unwrap\"\ncache_ttl_s = 60",
        1,
    );
    let pause = || std::thread::sleep(Duration::from_millis(rounds(300, 4000) as u64));
    let rate = |text: &str| {
        place.write("bridge.toml", text);
        let bridge = place.serve();
        let body = sealed(&bridge.get("/v1/keys/rsa/public").json(), "RSA-OAEP");
        bridge.post("rsa/unwrap", &body);
        let (met, ()) = during(&bridge, 4, "rsa/unwrap", &body, pause);
        assert_eq!(met.count(200), met.answers.len());
        met.per_second()
    };
    let (without, with) = (rate(&text), rate(&cached));
    println!("figure: RSA-OAEP: {without:.0}/s unwrapped, {with:.0}/s from the cache");
    demand("cache, of an RSA-OAEP unwrap", with / without, 20.0);
    assert!(with > without);
}

#[test]
fn memory_does_not_grow_with_operations() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    let body = serde_json::json!({ "alg": "HS256", "data": "AAAA" });
    let run = |least: usize| {
        let mut done = 0;
        while done < least {
            let pause = || std::thread::sleep(Duration::from_millis(500));
            done += during(&bridge, 4, "mac/mac", &body, pause).0.answers.len();
        }
    };
    run(rounds(1000, 20_000));
    let before = resident(bridge.pid());
    run(rounds(5000, 1_000_000));
    let after = resident(bridge.pid());
    println!("figure: resident memory {before} KiB, after many operations {after} KiB");
    assert!(after < before + 8 * 1024, "{before} {after}");
    assert!(after < 64 * 1024, "{after}");
}

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
