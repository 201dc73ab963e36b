//! The vectors of Wycheproof through the whole bridge, each under its own key in the token: RSA-OAEP,
//! ECDH on P-256, P-384, P-521 and X25519, HMAC, AES key wrap, ML-KEM-768. What JOSE cannot say (a
//! label, a compressed point) is left out, and counted.

#[path = "support/import.rs"]
mod import;
mod support;

use std::collections::BTreeMap;

use hsm_bridge::token::Curve;
use import::{Import, import};
use sha2::{Digest, Sha256};
use support::load::rounds;
use support::*;
use wycheproof::{ecdh, keywrap, mac, mlkem, rsa_oaep, xdh};

#[test]
fn softhsm_agrees_with_wycheproof() {
    wycheproof(Kind::SoftHsm);
}

#[test]
fn kryoptic_agrees_with_wycheproof() {
    wycheproof(Kind::Kryoptic);
}

#[test]
fn opencryptoki_agrees_with_wycheproof() {
    if Kind::OpenCryptoki.is_here() {
        wycheproof(Kind::OpenCryptoki);
    }
}

/// Most private keys of a set: a token that holds thousands is slow to start.
fn keys_of_a_set() -> usize {
    rounds(6, 34)
}

/// One question and what Wycheproof says of it.
struct Case {
    what: String,
    path: String,
    request: serde_json::Value,
    /// The answer, in the member `cek` or `mac`; `None` when it must be refused.
    expected: Option<Vec<u8>>,
}

/// The keys to put in, and the questions to ask them.
#[derive(Default)]
struct Plan {
    keys: Vec<Key>,
    imports: Vec<(String, Import)>,
    cases: Vec<Case>,
}

impl Plan {
    fn key(&mut self, kid: String, purpose: &'static str, alg: &'static str, key: Import) {
        let algs: &'static [&'static str] = Box::leak(Box::new([alg]));
        self.keys.push((kid.clone().leak(), purpose, algs, ""));
        self.imports.push((kid, key));
    }

    fn case(
        &mut self,
        kid: &str,
        op: &str,
        request: serde_json::Value,
        expected: Option<Vec<u8>>,
        id: usize,
    ) {
        self.cases.push(Case {
            what: format!("{kid} {id}"),
            path: format!("{kid}/{op}"),
            request,
            expected,
        });
    }
}

fn wycheproof(kind: Kind) {
    let mut plan = Plan::default();
    plan.keys.push(MAC);
    macs(&mut plan);
    // opencryptoki has neither curves nor key wrap.
    if kind != Kind::OpenCryptoki {
        wraps(&mut plan);
        for (curve, name) in [
            (Curve::P256, ecdh::TestName::EcdhSecp256r1Ecpoint),
            (Curve::P384, ecdh::TestName::EcdhSecp384r1Ecpoint),
            (Curve::P521, ecdh::TestName::EcdhSecp521r1Ecpoint),
        ] {
            agreements(&mut plan, curve, name);
        }
        montgomery(&mut plan);
    }
    let sets = [
        ("RSA-OAEP", rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1),
        ("RSA-OAEP-256", rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256),
        ("RSA-OAEP-384", rsa_oaep::TestName::Rsa2048Sha384Mgf1Sha384),
        ("RSA-OAEP-512", rsa_oaep::TestName::Rsa2048Sha512Mgf1Sha512),
    ];
    // SoftHSM2 has OAEP with SHA-1 only, and no ML-KEM.
    let known = if kind == Kind::SoftHsm { 1 } else { 4 };
    for (alg, name) in sets.into_iter().take(known) {
        oaep(&mut plan, alg, name);
    }
    if kind == Kind::Kryoptic {
        encapsulations(&mut plan);
    }
    let place = Place::new(kind);
    place.configure(&plan.keys, "", "");
    place.keygen("mac", "hmac-256");
    import(&place, plan.imports);
    let bridge = place.serve();
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for case in plan.cases {
        let alg = case.request["alg"].as_str().unwrap().to_owned();
        let crv = case.request["epk"]["crv"].as_str().unwrap_or_default();
        let count = counts.entry(format!("{alg} {crv}")).or_default();
        let answer = bridge.post(&case.path, &case.request);
        let what = format!("{kind:?} {}: {answer:?}", case.what);
        match case.expected {
            Some(expected) => {
                assert_eq!(answer.status, 200, "{what}");
                let answer = answer.json();
                let given = answer.get("cek").unwrap_or(&answer["mac"]);
                assert_eq!(unb64(given.as_str().unwrap()), expected, "{what}");
                count.0 += 1;
            }
            None => {
                assert!(matches!(answer.status, 400 | 422), "{what}");
                count.1 += 1;
            }
        }
    }
    println!("figure: {kind:?} agrees with Wycheproof (answered, refused): {counts:?}");
    let least = match kind {
        Kind::SoftHsm => 7,
        Kind::Kryoptic => 11,
        Kind::OpenCryptoki => 6,
    };
    assert!(counts.len() >= least, "{counts:?}");
    assert!(counts.values().all(|(good, _)| *good > 0), "{counts:?}");
    assert_eq!(
        bridge.metric("hsmb_token_epoch", ""),
        1.0,
        "no vector may reopen the token"
    );
}

/// The content encryption whose key is so long; it fixes the length of the answer.
fn enc(bytes: usize) -> Option<&'static str> {
    Some(match bytes {
        16 => "A128GCM",
        24 => "A192GCM",
        32 => "A256GCM",
        48 => "A192CBC-HS384",
        64 => "A256CBC-HS512",
        _ => return None,
    })
}

fn wraps(plan: &mut Plan) {
    let set = keywrap::TestSet::load(keywrap::TestName::AesKeyWrap).unwrap();
    for group in set.test_groups {
        let alg = match group.key_size {
            128 => "A128KW",
            192 => "A192KW",
            _ => "A256KW",
        };
        for (number, test) in group.tests.into_iter().enumerate() {
            if number >= keys_of_a_set() {
                break;
            }
            let kid = format!("{alg}-{}", test.tc_id);
            plan.key(kid.clone(), "unwrap", alg, Import::Aes(test.key.to_vec()));
            // A ciphertext that fits no length is offered as the nearest.
            let fit = enc(test.ct.len().saturating_sub(8));
            let request = serde_json::json!({
                "alg": alg, "ek": b64(&test.ct), "enc": fit.unwrap_or("A128GCM"),
            });
            let expected = (fit.is_some() && !test.result.must_fail()).then(|| test.pt.to_vec());
            plan.case(&kid, "unwrap", request, expected, test.tc_id);
        }
    }
}

/// Whole tags: JOSE truncates none.
fn macs(plan: &mut Plan) {
    for (alg, bytes, name) in [
        ("HS256", 32, mac::TestName::HmacSha256),
        ("HS512", 64, mac::TestName::HmacSha512),
    ] {
        let set = mac::TestSet::load(name).unwrap();
        let whole =
            |group: &mac::TestGroup| group.key_size == bytes * 8 && group.tag_size == bytes * 8;
        let groups = set.test_groups.into_iter().filter(whole);
        let right = groups.flat_map(|group| group.tests);
        for test in right
            .filter(|test| !test.result.must_fail())
            .take(keys_of_a_set())
        {
            let kid = format!("{alg}-{}", test.tc_id);
            plan.key(kid.clone(), "mac", alg, Import::Secret(test.key.to_vec()));
            let request = serde_json::json!({ "alg": alg, "data": b64(&test.msg) });
            plan.case(&kid, "mac", request, Some(test.tag.to_vec()), test.tc_id);
        }
    }
}

fn agreements(plan: &mut Plan, curve: Curve, name: ecdh::TestName) {
    let set = ecdh::TestSet::load(name).unwrap();
    let mut kids: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
    for (number, test) in tests.enumerate() {
        // What must be refused is always asked; of the rest a part in the short form.
        if number % rounds(20, 1) != 0 && !test.result.must_fail() {
            continue;
        }
        // JOSE has both coordinates; what is shorter is compressed.
        let point = test.public_key.to_vec();
        let Some((x, Some(y))) = curve.coordinates(&point).filter(|_| point[0] == 4) else {
            continue;
        };
        // Wycheproof writes private values as integers: with a sign, or short.
        let mut private = vec![0; curve.secret_bytes()];
        let digits: Vec<u8> = test
            .private_key
            .iter()
            .copied()
            .skip_while(|b| *b == 0)
            .collect();
        let from = private.len() - digits.len();
        private[from..].copy_from_slice(&digits);
        let kid = match kids.get(&private) {
            Some(kid) => kid.clone(),
            None if kids.len() >= keys_of_a_set() => continue,
            None => {
                let kid = format!("{}-{}", curve.name(), kids.len());
                kids.insert(private.clone(), kid.clone());
                let key = Import::Ec(curve.name().to_owned(), private);
                plan.key(kid.clone(), "unwrap", "ECDH-ES", key);
                kid
            }
        };
        let request = serde_json::json!({
            "alg": "ECDH-ES", "enc": "A256GCM",
            "epk": { "kty": "EC", "crv": curve.name(), "x": b64(x), "y": b64(y) },
        });
        let expected = (!test.result.must_fail()).then(|| derived(&test.shared_secret));
        plan.case(&kid, "unwrap", request, expected, test.tc_id);
    }
}

fn montgomery(plan: &mut Plan) {
    let set = xdh::TestSet::load(xdh::TestName::X25519).unwrap();
    let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
    let (zero, other): (Vec<_>, Vec<_>) =
        tests.partition(|test| test.shared_secret.iter().all(|byte| *byte == 0));
    let few = zero
        .iter()
        .step_by(rounds(8, 1))
        .chain(other.iter().step_by(rounds(60, 12)));
    for test in few {
        let kid = format!("x25519-{}", test.tc_id);
        let key = Import::Ec("X25519".to_owned(), test.private_key.to_vec());
        plan.key(kid.clone(), "unwrap", "ECDH-ES", key);
        let request = serde_json::json!({
            "alg": "ECDH-ES", "enc": "A256GCM",
            "epk": { "kty": "OKP", "crv": "X25519", "x": b64(&test.public_key) },
        });
        // A secret of zero must not be used (RFC 8037 section 4).
        let zero = test.shared_secret.iter().all(|byte| *byte == 0);
        let expected = (!zero).then(|| derived(&test.shared_secret));
        plan.case(&kid, "unwrap", request, expected, test.tc_id);
    }
}

/// The key of ECDH-ES for A256GCM without parties (RFC 7518 section 4.6.2), worked out here.
fn derived(secret: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update([0, 0, 0, 1]);
    hash.update(secret);
    hash.update([0, 0, 0, 7]);
    hash.update(b"A256GCM");
    hash.update([0; 8]);
    hash.update([0, 0, 1, 0]);
    hash.finalize().to_vec()
}

fn oaep(plan: &mut Plan, alg: &'static str, name: rsa_oaep::TestName) {
    for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
        let key = group.key;
        let parts = [key.n, key.e, key.d, key.p, key.q, key.d1, key.d2, key.c];
        let parts = parts.map(|number| number.iter().copied().skip_while(|b| *b == 0).collect());
        let kid = alg.to_lowercase();
        plan.key(kid.clone(), "unwrap", alg, Import::Rsa(parts));
        for test in group.tests {
            // A message that is no content key is refused, and so is one with a label.
            let fit = enc(test.pt.len());
            let good = fit.is_some() && test.label.is_empty() && !test.result.must_fail();
            let request = serde_json::json!({
                "alg": alg, "ek": b64(&test.ct), "enc": fit.unwrap_or("A256GCM"),
            });
            plan.case(
                &kid,
                "unwrap",
                request,
                good.then(|| test.pt.to_vec()),
                test.tc_id,
            );
        }
    }
}

fn encapsulations(plan: &mut Plan) {
    let set = mlkem::TestSet::load(mlkem::TestName::MlKem768).unwrap();
    let mut keys = 0;
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let (Some(seed), Some(ct)) = (test.seed, test.ct) else {
            continue;
        };
        if keys >= keys_of_a_set() {
            continue;
        }
        keys += 1;
        let kid = format!("kem-{}", test.tc_id);
        plan.key(
            kid.clone(),
            "unwrap",
            "ML-KEM-768",
            Import::MlKem768(seed.to_vec()),
        );
        let request = serde_json::json!({
            "alg": "ML-KEM-768", "ek": b64(&ct), "enc": "A256GCM",
        });
        let secret = test.shared_secret.filter(|_| !test.result.must_fail());
        plan.case(
            &kid,
            "unwrap",
            request,
            secret.map(|secret| secret.to_vec()),
            test.tc_id,
        );
    }
}
