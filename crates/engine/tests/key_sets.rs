//! Keys at the issuer: fetched when needed, shared, kept with a bound, asked for with a floor.

mod support;

use sealgate_engine::{Gate, NoMaterials, Reason};
use sealgate_jose::jws::SignKey;
use serde_json::{Value, json};
use support::{Host, NOW, Sealed, Sender, gate, policy, signed_token};

const REFRESH: i64 = 300;
const MAX_STALE: i64 = 3600;

/// The full policy, its token verified by a key set.
fn remote() -> Value {
    let mut policy = policy();
    policy["keys"][3] = json!({
        "id": "idp", "use": "verify",
        "jwks": { "cluster": "issuer", "authority": "idp.test", "path": "/jwks.json", "algs": ["EdDSA"],
                  "refresh_seconds": REFRESH, "max_stale_seconds": MAX_STALE, "timeout_ms": 700 }
    });
    // One nonce serves many requests here: replay is not what is looked at.
    policy["policies"]["pay"]
        .as_object_mut()
        .unwrap()
        .remove("replay");
    policy
}

fn key(seed: u8) -> SignKey {
    SignKey::ed25519(&[seed; 32])
}

fn jwk(seed: u8, kid: Option<&str>) -> Value {
    let mut jwk = key(seed).ed25519_public().unwrap().to_value();
    if let Some(kid) = kid {
        jwk["kid"] = json!(kid);
    }
    jwk
}

fn set(keys: &[Value]) -> Option<(u16, Vec<u8>)> {
    Some((200, json!({ "keys": keys }).to_string().into_bytes()))
}

/// A request at `now` whose token is signed by the key of `seed`, under this `kid`.
fn request(seed: u8, kid: Option<&str>, now: i64) -> Sealed {
    let claims = json!({ "iss": "https://idp", "aud": "pay", "exp": now + 60, "sub": "alice" });
    let sender = Sender {
        created: now,
        ..Sender::default()
    };
    let token = signed_token(&claims, &key(seed), kid);
    let body = support::seal_jwe(&sender.plaintext, Some("wrap"), Some("json")).into_bytes();
    sender.sign(
        body,
        &[
            ("content-type", "application/jose"),
            ("authorization", &format!("Bearer {token}")),
        ],
    )
}

fn judge(host: &mut Host, gate: &Gate, seed: u8, kid: Option<&str>, now: i64) -> Option<Reason> {
    host.judge_at(gate, &request(seed, kid, now), now).reason()
}

#[test]
fn the_first_token_fetches_the_set_and_the_next_ones_do_not() {
    let gate = gate(&remote());
    let mut host = Host {
        key_set: set(&[jwk(1, Some("a"))]),
        ..Host::default()
    };
    for later in 0..REFRESH {
        assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW + later), None);
    }
    assert_eq!(host.fetched.len(), 1);
    let asked = &host.fetched[0];
    assert_eq!(asked.cluster, "issuer");
    assert_eq!(asked.authority, "idp.test");
    assert_eq!(asked.path, "/jwks.json");
    assert_eq!(asked.timeout_ms, 700);
}

#[test]
fn another_worker_finds_the_copy_of_the_first() {
    let mut host = Host {
        key_set: set(&[jwk(1, Some("a"))]),
        ..Host::default()
    };
    for _ in 0..4 {
        assert_eq!(judge(&mut host, &gate(&remote()), 1, Some("a"), NOW), None);
    }
    assert_eq!(host.fetched.len(), 1);
    // A copy that is no set, or of the future, is not believed.
    for copy in [
        b"".to_vec(),
        b"01234567{}".to_vec(),
        [
            (NOW + 9).to_be_bytes().to_vec(),
            set(&[jwk(2, Some("b"))]).unwrap().1,
        ]
        .concat(),
    ] {
        for (value, _) in host.shared.values_mut() {
            value.clone_from(&copy);
        }
        assert_eq!(
            judge(&mut host, &gate(&remote()), 2, Some("b"), NOW),
            Some(Reason::TokenSignature)
        );
    }
}

#[test]
fn a_new_kid_is_asked_for_and_an_invented_one_at_most_every_ten_seconds() {
    let gate = gate(&remote());
    let mut host = Host {
        key_set: set(&[jwk(1, Some("a"))]),
        ..Host::default()
    };
    assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW), None);
    for later in 0..100 {
        let refused = judge(&mut host, &gate, 9, Some("invented"), NOW + later);
        assert_eq!(refused, Some(Reason::TokenSignature));
    }
    assert_eq!(host.fetched.len(), 10);
    // The issuer changes its key: the new one works as soon as the floor lets it be fetched.
    host.key_set = set(&[jwk(2, Some("b"))]);
    assert_eq!(judge(&mut host, &gate, 2, Some("b"), NOW + 110), None);
    // What the issuer took back is gone.
    let refused = judge(&mut host, &gate, 1, Some("a"), NOW + 111);
    assert_eq!(refused, Some(Reason::TokenSignature));
}

#[test]
fn a_silent_issuer_costs_nothing_until_the_bound() {
    let gate = gate(&remote());
    let mut host = Host {
        key_set: set(&[jwk(1, Some("a"))]),
        ..Host::default()
    };
    assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW), None);
    for answer in [
        (0, Vec::new()),
        (500, set(&[jwk(1, Some("a"))]).unwrap().1),
        (200, b"<html>".to_vec()),
        (200, br#"{"keys":[]}"#.to_vec()),
    ] {
        host.key_set = Some(answer);
        assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW + MAX_STALE), None);
        let before = host.fetched.len();
        assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW + MAX_STALE), None);
        assert_eq!(host.fetched.len(), before);
    }
    let refused = judge(&mut host, &gate, 1, Some("a"), NOW + MAX_STALE + 1);
    assert_eq!(refused, Some(Reason::TokenKeySet));
    assert_eq!(refused.unwrap().class().status(), 503);
    // It is back: so are its tokens.
    host.key_set = set(&[jwk(1, Some("a"))]);
    assert_eq!(
        judge(&mut host, &gate, 1, Some("a"), NOW + MAX_STALE + 30),
        None
    );
}

#[test]
fn without_any_set_few_requests_ask_and_the_rest_is_told_to_come_back() {
    let gate = gate(&remote());
    let mut host = Host {
        key_set: Some((503, Vec::new())),
        ..Host::default()
    };
    for _ in 0..100 {
        let refused = judge(&mut host, &gate, 1, Some("a"), NOW);
        assert_eq!(refused, Some(Reason::TokenKeySet));
    }
    assert_eq!(host.fetched.len(), 8);
}

#[test]
fn the_key_is_the_one_that_is_named() {
    let gate = gate(&remote());
    let unnamed = key(3).ed25519_public().unwrap().thumbprint();
    let unnamed = support::base64url(&unnamed);
    let mut host = Host {
        key_set: set(&[jwk(1, Some("a")), jwk(2, Some("b")), jwk(3, None)]),
        ..Host::default()
    };
    assert_eq!(judge(&mut host, &gate, 1, Some("a"), NOW), None);
    assert_eq!(judge(&mut host, &gate, 3, Some(&unnamed), NOW), None);
    for (seed, kid) in [(1, Some("b")), (2, Some("a")), (1, None), (3, Some(""))] {
        let refused = judge(&mut host, &gate, seed, kid, NOW);
        assert_eq!(refused, Some(Reason::TokenSignature), "{seed} {kid:?}");
    }
}

#[test]
fn sets_that_cannot_be_trusted_change_nothing() {
    let mut secret = jwk(1, Some("a"));
    secret["d"] = json!("AAAA");
    for keys in [
        vec![secret],
        vec![jwk(1, Some("a")), jwk(2, Some("a"))],
        vec![json!({ "kty": "oct", "k": "AAAA", "kid": "a" })],
    ] {
        let mut host = Host {
            key_set: set(&keys),
            ..Host::default()
        };
        let refused = judge(&mut host, &gate(&remote()), 1, Some("a"), NOW);
        assert_eq!(refused, Some(Reason::TokenKeySet), "{keys:?}");
        assert!(host.shared.is_empty());
    }
}

#[test]
fn what_a_policy_may_not_say_of_a_key_set() {
    let faults = |change: &dyn Fn(&mut Value)| {
        let mut policy = remote();
        change(&mut policy["keys"][3]);
        let faults = Gate::compile(policy.to_string().as_bytes(), &NoMaterials);
        let faults = faults.err().unwrap_or_default();
        faults
            .into_iter()
            .map(|fault| fault.path)
            .collect::<Vec<_>>()
    };
    assert_eq!(faults(&|_| ()), Vec::<String>::new());
    type Change<'c> = &'c dyn Fn(&mut Value);
    let cases: [(&str, Change<'_>); 8] = [
        ("keys[3].jwks", &|key| key["use"] = json!("decrypt")),
        ("keys[3]", &|key| key["alg"] = json!("EdDSA")),
        ("keys[3].jwks.algs", &|key| key["jwks"]["algs"] = json!([])),
        ("keys[3].jwks.algs[0]", &|key| {
            key["jwks"]["algs"] = json!(["HS256"])
        }),
        ("keys[3].jwks.path", &|key| {
            key["jwks"]["path"] = json!("https://idp/jwks")
        }),
        ("keys[3].jwks.refresh_seconds", &|key| {
            key["jwks"]["refresh_seconds"] = json!(1)
        }),
        ("keys[3].jwks.max_stale_seconds", &|key| {
            key["jwks"]["max_stale_seconds"] = json!(10)
        }),
        ("keys[3].jwks.cluster", &|key| {
            key["jwks"]["cluster"] = json!("")
        }),
    ];
    for (path, change) in cases {
        assert!(
            faults(change).contains(&path.to_owned()),
            "{path}: {:?}",
            faults(change)
        );
    }
}
