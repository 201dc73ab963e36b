//! What the bridge costs beside the token it fronts: ratios taken side by side in one run. The suite
//! only shows that they can be taken; `cargo xtask chaos` on an idle machine holds them to their limits.

#[path = "support/import.rs"]
mod import;
mod support;

use std::time::Duration;

use aes_kw::{KeyInit as _, KwAes256};
use import::{Import, import};
use josekit::jwe::{ECDH_ES_A256KW, JweEncrypter, JweHeader, RSA_OAEP};
use josekit::jwk::Jwk;
use support::load::{Lean, during, full, rate, resident, rounds};
use support::*;

/// Different questions, so that equal ones under way are not answered together.
const QUESTIONS: usize = 64;

/// Prints a ratio; the long form demands it.
fn demand(what: &str, ratio: f64, least: f64) {
    println!("figure: {what}: {ratio:.2} (at least {least})");
    if full() {
        assert!(ratio >= least, "{what}: {ratio}");
    }
}

fn time() -> Duration {
    Duration::from_millis(rounds(150, 1000) as u64)
}

/// What the bare token gives with so many threads, in operations a second.
fn bare(place: &Place, kid: &str, alg: &str, threads: usize) -> f64 {
    let words = [
        "--kid",
        kid,
        "--alg",
        alg,
        "--threads",
        &threads.to_string(),
        "--milliseconds",
        &time().as_millis().to_string(),
    ];
    let output = place.verb("bench", &words);
    assert!(output.status.success(), "{output:?}");
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    line["per_second"].as_f64().unwrap()
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

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

#[test]
fn the_socket_gives_what_the_token_gives() {
    let place = Place::new(Kind::SoftHsm);
    place.configure(&[EC, RSA, AES], "", "");
    // As many sessions as the bare token has threads at its best: on a machine that others use as
    // well, more threads get more of it, and the comparison is to be fair.
    let select = "select = { label = \"test\" }";
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let text = text.replace(select, &format!("{select}\nsessions = 4"));
    place.write("bridge.toml", &text);
    place.keygen("ec", "ec-p256");
    place.keygen("rsa", "rsa-2048");
    let kek = [0x42; 32];
    import(&place, vec![("aes".into(), Import::Aes(kek.to_vec()))]);
    let bridge = place.serve();
    for (kid, alg) in [
        ("rsa", "RSA-OAEP"),
        ("ec", "ECDH-ES+A256KW"),
        ("aes", "A256KW"),
    ] {
        let questions: Vec<Vec<u8>> = (0..QUESTIONS)
            .map(|number| {
                let request = match alg {
                    "A256KW" => {
                        let cek = [u8::try_from(number).unwrap(); 32];
                        let mut wrapped = vec![0; 40];
                        let kek = KwAes256::new_from_slice(&kek).unwrap();
                        kek.wrap_key(&cek, &mut wrapped).unwrap();
                        serde_json::json!({ "alg": alg, "ek": b64(&wrapped), "enc": "A256GCM" })
                    }
                    _ => sealed(&bridge.get(&format!("/v1/keys/{kid}/public")).json(), alg),
                };
                Lean::question(&format!("{kid}/unwrap"), &request)
            })
            .collect();
        // In turns, so that a neighbour who takes the machine takes it from both; each side at its
        // best number of threads.
        let (mut alone, mut through) = (vec![Vec::new(); 3], vec![Vec::new(); 5]);
        for _ in 0..rounds(1, 5) {
            for (figures, threads) in alone.iter_mut().zip([1, 2, 4]) {
                figures.push(bare(&place, kid, alg, threads));
            }
            for (figures, clients) in through.iter_mut().zip([2, 4, 8, 16, 32]) {
                figures.push(rate(&bridge, clients, &questions, time()));
            }
        }
        let best = |figures: Vec<Vec<f64>>| figures.into_iter().map(median).fold(0.0, f64::max);
        let (alone, through) = (best(alone), best(through));
        println!("figure: {alg}: {through:.0}/s over the socket, {alone:.0}/s of the bare token");
        let what = format!("{alg} over the socket, of the bare token");
        demand(&what, through / alone, 0.85);
    }
}

#[test]
fn the_bridge_itself_takes_less_than_a_millisecond() {
    let place = Place::with_keys(Kind::SoftHsm, &[RSA]);
    let bridge = place.serve();
    let public = bridge.get("/v1/keys/rsa/public").json();
    let question = Lean::question("rsa/unwrap", &sealed(&public, "RSA-OAEP"));
    // One at a time: what is measured is not the wait for the token.
    rate(&bridge, 1, &[question], time() * 5);
    let text = String::from_utf8(bridge.admin("/metrics").body).unwrap();
    let buckets: Vec<(f64, f64)> = text
        .lines()
        .filter(|line| line.starts_with("hsmb_overhead_seconds_bucket") && line.contains("unwrap"))
        .filter_map(|line| {
            let (_, rest) = line.split_once("le=\"")?;
            let (edge, count) = rest.split_once('"')?;
            Some((
                edge.parse().unwrap_or(f64::INFINITY),
                count.rsplit(' ').next()?.parse().ok()?,
            ))
        })
        .collect();
    let total = buckets.iter().map(|(_, count)| *count).fold(0.0, f64::max);
    let p99 = buckets.iter().find(|(_, count)| *count >= total * 0.99);
    let (edge, _) = *p99.unwrap();
    println!(
        "figure: overhead outside the token: p99 at most {edge} s over {total} unwraps (1 ms)"
    );
    assert!(total > 50.0, "{total}");
    if full() {
        assert!(edge <= 0.00128, "{edge}");
    }
}

#[test]
fn a_key_is_found_as_fast_among_thousands() {
    let crowd = rounds(100, 2000);
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let question = [Lean::question(
        "mac/mac",
        &serde_json::json!({ "alg": "HS256", "data": "AAAA" }),
    )];
    let measure = || {
        let bridge = place.serve();
        median(
            (0..5)
                .map(|_| rate(&bridge, 1, &question, time()))
                .collect(),
        )
    };
    let alone = measure();
    let others = (0..crowd)
        .map(|number| (format!("other-{number}"), Import::Secret(vec![7; 32])))
        .collect();
    import(&place, others);
    let among = measure();
    println!("figure: one key {alone:.0}/s, among {crowd} others {among:.0}/s");
    demand(
        "rate among thousands of keys, of that alone",
        among / alone,
        0.8,
    );
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
    let rates = |text: &str| {
        place.write("bridge.toml", text);
        let bridge = place.serve();
        let public = bridge.get("/v1/keys/rsa/public").json();
        let questions: Vec<_> = (0..QUESTIONS)
            .map(|_| Lean::question("rsa/unwrap", &sealed(&public, "RSA-OAEP")))
            .collect();
        let mut client = Lean::new(&bridge);
        questions
            .iter()
            .for_each(|question| assert_eq!(client.ask(question), 200));
        [1, 8].map(|clients| rate(&bridge, clients, &questions, time()))
    };
    let (mut one, mut many) = (Vec::new(), Vec::new());
    for _ in 0..rounds(1, 5) {
        let (without, with) = (rates(&text), rates(&cached));
        one.push(with[0] / without[0]);
        many.push(with[1] / without[1]);
    }
    let crowd = median(many);
    println!("figure: cache, of RSA-OAEP unwraps by 8 clients on both cores: {crowd:.1}");
    // What it costs the caller: one client, one question at a time.
    demand("cache, of an RSA-OAEP unwrap", median(one), 20.0);
    assert!(crowd > 1.0);
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
