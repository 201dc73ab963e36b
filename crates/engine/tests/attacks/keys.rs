//! Which key, and who chooses it: A1 to A9, A26, A27, A35, A36 and A43 of docs/jose.md.

use base64ct::{Base64, Encoding};
use sealgate_engine::{Gate, NoMaterials, Reason};
use serde_json::{Value, json};

use crate::forge::{Forge, direct_header, es256, es256_by, hmac_sha256, jws, signed_claims};
use crate::site::{DIRECT, Site, claims, document, ec_jwk, idp, other_issuer, rsa_jwk};
use crate::support::{base64url, crypto_failed, hex};

#[test]
fn a00_the_undamaged_messages_pass() {
    let mut site = Site::new();
    for token in [Forge::direct(direct_header(&json!({}))), Forge::wrapped(32)] {
        assert_eq!(site.token(token.token()), None);
        assert_eq!(site.json(&token.flattened()), None);
    }
    let body = Forge::around("{}");
    assert_eq!(site.body(body.token()), None);
    assert_eq!(site.json(&body.flattened()), None);
}

#[test]
fn a01_alg_none_in_any_spelling() {
    let mut site = Site::new();
    for alg in ["none", "None", "nOnE", ""] {
        for signature in [b"".as_slice(), b"garbage"] {
            let header = json!({ "alg": alg, "kid": "idp" }).to_string();
            let unsigned = jws(&header, claims().to_string().as_bytes(), |_| {
                signature.to_vec()
            });
            let token = Forge::around(unsigned).token();
            site.refuses(alg, token, Reason::TokenSignature);
        }
        let outer = Forge::direct(direct_header(&json!({ "alg": alg })));
        site.refuses(alg, outer.token(), Reason::TokenMalformed);
    }
}

/// GHSA-pm7g-w2cf-q238: the encryption is good, and nobody signed.
#[test]
fn a02_claims_in_the_clear_inside_a_good_jwe() {
    let mut site = Site::new();
    let claims = claims().to_string();
    let token = Forge::around(&claims).token();
    site.refuses("bare claims", token, Reason::TokenSignature);
    let two_parts = format!(
        "{}.{}",
        base64url(br#"{"alg":"none"}"#),
        base64url(claims.as_bytes())
    );
    for text in [two_parts.clone(), format!("{two_parts}.")] {
        site.refuses(&text, Forge::around(&text).token(), Reason::TokenSignature);
    }
}

/// The text of a public key is no secret, in none of its spellings.
#[test]
fn a03_hmac_under_the_text_of_the_public_key() {
    let mut site = Site::new();
    let public = idp().ec_public().unwrap();
    let jwk = public.to_value().to_string().into_bytes();
    let point = public.to_sec1().to_vec();
    // SubjectPublicKeyInfo of a P-256 key is this and the point.
    let der = [
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"
            .as_slice(),
        &point,
    ]
    .concat();
    let pem = format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        Base64::encode_string(&der)
    );
    for secret in [jwk, point, der, pem.trim_end().into(), pem.into_bytes()] {
        for kid in ["idp", "rs", "ps"] {
            let header = json!({ "alg": "HS256", "kid": kid }).to_string();
            let inner = jws(&header, claims().to_string().as_bytes(), |input| {
                hmac_sha256(&secret, input)
            });
            let token = Forge::around(inner).token();
            site.refuses(kid, token, Reason::TokenSignature);
        }
    }
}

#[test]
fn a04_an_algorithm_that_nothing_protects() {
    let mut site = Site::new();
    let mut message = Forge::around("{}").flattened();
    let header = base64url(br#"{"enc":"A256GCM","kid":"direct"}"#);
    message["protected"] = json!(header);
    for place in ["header", "unprotected"] {
        let mut hostile = message.clone();
        hostile[place] = json!({ "alg": "dir" });
        site.refuses_json(place, &hostile, Reason::PayloadMalformed);
        let mut overridden = Forge::around("{}").flattened();
        overridden[place] = json!({ "alg": "A256KW" });
        site.refuses_json(place, &overridden, Reason::PayloadMalformed);
    }
}

#[test]
fn a05_a_jws_for_a_jwe_and_a_jwe_for_a_jws() {
    let mut site = Site::new();
    site.refuses("a JWS", signed_claims(), Reason::TokenMalformed);
    site.refuses_body("a JWS", signed_claims(), Reason::PayloadMalformed);
    let nested = Forge::direct(direct_header(&json!({}))).token();
    site.refuses(
        "a JWE inside",
        Forge::around(nested).token(),
        Reason::TokenSignature,
    );
}

/// CVE-2018-0114: the attacker brings the key that verifies.
#[test]
fn a06_a_key_in_the_header() {
    let mut site = Site::new();
    let jwk = ec_jwk(0x66, sealgate_jose::jwk::Curve::P256);
    let scalar = [&[0_u8][..], &[0x66; 31]].concat().try_into().unwrap();
    for kid in ["idp", "attacker"] {
        let header = json!({ "alg": "ES256", "kid": kid, "jwk": jwk });
        let inner = es256_by(&scalar, &header, claims().to_string().as_bytes());
        site.refuses(kid, Forge::around(inner).token(), Reason::TokenSignature);
    }
    // Not even a good signature makes such a header one that is read.
    let good = es256(
        &json!({ "alg": "ES256", "kid": "idp", "jwk": jwk }),
        &claims(),
    );
    site.refuses(
        "a good one",
        Forge::around(good).token(),
        Reason::TokenSignature,
    );
    let outer = Forge::direct(direct_header(&json!({ "jwk": jwk })));
    site.refuses("of a JWE", outer.token(), Reason::TokenMalformed);
}

#[test]
fn a07_a_place_to_fetch_keys_from() {
    let mut site = Site::new();
    for (name, value) in [
        ("jku", json!("http://169.254.169.254/latest/meta-data")),
        ("jku", json!("http://127.0.0.1/v1/keys")),
        ("x5u", json!("https://evil.test/chain.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let inner = es256(
            &json!({ "alg": "ES256", "kid": "idp", name: value }),
            &claims(),
        );
        site.refuses(name, Forge::around(inner).token(), Reason::TokenSignature);
        let outer = Forge::direct(direct_header(&json!({ name: value })));
        site.refuses(name, outer.token(), Reason::TokenMalformed);
    }
}

/// A key id is compared, never looked up, joined or passed on.
#[test]
fn a08_hostile_key_ids() {
    let mut site = Site::new();
    for kid in [
        "",
        "../direct",
        "direct/../wrap",
        "' OR 1=1 --",
        "wrap\r\nx-admin: 1",
        "wrap\0",
        "wrap ",
        "WRAP",
        "hw-wrap",
        "pkcs11:object=hw-wrap;type=secret-key?pin-value=1234",
        "%77rap",
        "\u{ff57}rap",
    ] {
        let token = Forge::direct(direct_header(&json!({ "kid": kid })));
        site.refuses(kid, token.token(), Reason::TokenKeyUnknown);
        let header = json!({ "alg": "A256KW", "enc": "A256GCM", "kid": kid }).to_string();
        let token = Forge::direct(header).with_key(&[1; 40]);
        site.refuses(kid, token.token(), Reason::TokenKeyUnknown);
        let inner = es256(&json!({ "alg": "ES256", "kid": kid }), &claims());
        site.refuses(kid, Forge::around(inner).token(), Reason::TokenSignature);
    }
    let long = Forge::direct(direct_header(&json!({ "kid": "k".repeat(65_536) })));
    site.refuses("64 KiB", long.token(), Reason::TokenMalformed);
    let number = Forge::direct(direct_header(&json!({ "kid": 1 })));
    site.refuses("a number", number.token(), Reason::TokenMalformed);
}

#[test]
fn a09_one_id_for_two_keys() {
    let mut twice = document();
    let again = twice["keys"][1].clone();
    twice["keys"].as_array_mut().unwrap().push(again);
    assert_eq!(faults(&twice), ["keys[15].id: direct is already defined"]);
}

/// The algorithm is the key's, whoever's key it is.
#[test]
fn a26_a_key_under_another_algorithm() {
    let mut site = Site::new();
    for (kid, alg) in [
        ("direct", "A256KW"),
        ("kw", "A256GCMKW"),
        ("kw", "A128KW"),
        ("gcmkw", "A256KW"),
        ("wrap", "A256GCMKW"),
        ("rsa", "RSA-OAEP"),
        ("rsa", "RSA-OAEP-512"),
        ("agree", "ECDH-ES+A128KW"),
    ] {
        let epk = ec_jwk(0x71, sealgate_jose::jwk::Curve::P256);
        let mut header = json!({ "alg": alg, "enc": "A256GCM", "kid": kid });
        if alg.starts_with("ECDH") {
            header["epk"] = json!({ "kty": "EC", "crv": "P-256", "x": epk["x"], "y": epk["y"] });
        }
        if alg.ends_with("GCMKW") {
            header["iv"] = json!(base64url(&[1; 12]));
            header["tag"] = json!(base64url(&[1; 16]));
        }
        let bytes = match alg {
            _ if alg.starts_with("RSA") => 256,
            _ if alg.ends_with("GCMKW") => 32,
            _ => 40,
        };
        let token = Forge::direct(header.to_string()).with_key(&vec![1; bytes]);
        site.refuses(alg, token.token(), Reason::TokenKeyUnknown);
    }
    let enc = Forge::sealed(
        br#"{"alg":"A256KW","enc":"A256GCM","kid":"wrap"}"#,
        &DIRECT,
        b"{}",
    );
    let other = Forge {
        header: br#"{"alg":"A256KW","enc":"A192GCM","kid":"wrap"}"#.to_vec(),
        ..enc.with_key(&[1; 32])
    };
    site.refuses(
        "an enc that the key is not for",
        other.token(),
        Reason::TokenKeyUnknown,
    );
    for (kid, alg) in [
        ("idp", "ES384"),
        ("rs", "PS256"),
        ("ps", "RS256"),
        ("idp", "EdDSA"),
    ] {
        let bytes = match alg {
            "ES384" => 96,
            "EdDSA" => 64,
            _ => 256,
        };
        let header = json!({ "alg": alg, "kid": kid }).to_string();
        let inner = jws(&header, claims().to_string().as_bytes(), |_| vec![1; bytes]);
        site.refuses(alg, Forge::around(inner).token(), Reason::TokenSignature);
    }
}

#[test]
fn a27_weak_keys_are_refused_when_they_are_read() {
    let verify = |alg: &str, material: Value| json!({ "id": "weak", "use": "verify", "alg": alg, "material": material });
    let rsa = |change: &dyn Fn(&mut Value)| {
        let mut jwk = rsa_jwk();
        change(&mut jwk);
        verify("RS256", json!({ "jwk": jwk }))
    };
    let ec = |change: &dyn Fn(&mut Value)| {
        let mut jwk = idp().ec_public().unwrap().to_value();
        change(&mut jwk);
        verify("ES256", json!({ "jwk": jwk }))
    };
    for (name, key) in [
        (
            "RSA of 1024 bits",
            rsa(&|jwk| jwk["n"] = json!(base64url(&[0xc3; 128]))),
        ),
        ("e = 1", rsa(&|jwk| jwk["e"] = json!("AQ"))),
        (
            "an even modulus",
            rsa(&|jwk| jwk["n"] = json!(base64url(&[0xc2; 256]))),
        ),
        (
            "a secret that is short",
            verify("HS256", json!({ "inline": hex(&[1; 31]) })),
        ),
        ("use enc", ec(&|jwk| jwk["use"] = json!("enc"))),
        ("key_ops sign", ec(&|jwk| jwk["key_ops"] = json!(["sign"]))),
        ("alg ES384", ec(&|jwk| jwk["alg"] = json!("ES384"))),
        ("crv P-384", ec(&|jwk| jwk["crv"] = json!("P-384"))),
        (
            "a point that is none",
            ec(&|jwk| jwk["y"] = jwk["x"].clone()),
        ),
        (
            "a private key",
            ec(&|jwk| jwk["d"] = json!(base64url(&[0x51; 32]))),
        ),
        (
            "an empty secret",
            json!({ "id": "weak", "use": "mac", "alg": "HS256", "material": { "inline": "" } }),
        ),
    ] {
        let mut policy = document();
        policy["keys"].as_array_mut().unwrap().push(key);
        let faults = faults(&policy);
        assert!(
            faults.len() == 1 && faults[0].starts_with("keys[15]."),
            "{name}: {faults:?}"
        );
    }
}

#[test]
fn a35_messages_in_messages() {
    let mut site = Site::new();
    let mut inner = signed_claims();
    for depth in 1..4 {
        inner = Forge::around(&inner).token();
        let passes = depth == 1;
        assert_eq!(site.token(&inner).is_none(), passes, "{depth} envelopes");
        // A JWE in a JWS: the claims are no claims.
        let header = json!({ "alg": "ES256", "kid": "idp", "cty": "JWT" });
        let signed = es256_by(&[0x51; 32], &header, inner.as_bytes());
        site.refuses(
            "a JWE in a JWS",
            Forge::around(signed).token(),
            Reason::TokenClaims,
        );
    }
    for (name, value) in [
        ("cty", "jwt"),
        ("cty", "application/JWT"),
        ("typ", "Jwt"),
        ("typ", "at+jwt"),
    ] {
        // What a header calls its content decides nothing: what is inside is judged.
        let token = Forge::sealed(
            direct_header(&json!({ name: value })).as_bytes(),
            &DIRECT,
            claims().to_string().as_bytes(),
        );
        site.refuses(value, token.token(), Reason::TokenSignature);
    }
}

#[test]
fn a36_a_signature_that_only_another_route_trusts() {
    let mut site = Site::new();
    let spec = sealgate_jose::jws::SignSpec {
        kid: Some("idp-other"),
        ..Default::default()
    };
    let claims = claims().to_string();
    let inner = sealgate_jose::jws::sign_compact(claims.as_bytes(), &spec, &other_issuer());
    let token = Forge::around(inner.unwrap()).token();
    assert_eq!(site.token_at("/other/1", &token), None, "trusted there");
    site.refuses("not here", &token, Reason::TokenSignature);
    let here = Forge::around(signed_claims()).token();
    assert_eq!(
        site.token_at("/other/1", here),
        Some(Reason::TokenSignature)
    );
}

/// The engine keeps no content key: the same encrypted key under another name is asked for anew,
/// under that name.
#[test]
fn a43_no_content_key_is_remembered() {
    let mut site = Site::new();
    let header =
        |kid: &str, alg: &str| json!({ "alg": alg, "enc": "A256GCM", "kid": kid }).to_string();
    site.host.key_answer = Some(crypto_failed());
    for _ in 0..2 {
        let token = Forge::direct(header("wrap", "A256KW")).with_key(&[1; 40]);
        assert_eq!(site.token(token.token()), Some(Reason::TokenKeyRefused));
    }
    assert_eq!(site.host.questions, ["/v1/keys/hw-wrap/unwrap"; 2]);
}

fn faults(document: &Value) -> Vec<String> {
    let text = document.to_string();
    let faults = Gate::compile(text.as_bytes(), &NoMaterials)
        .err()
        .unwrap_or_default();
    faults
        .iter()
        .map(|fault| format!("{}: {}", fault.path, fault.problem))
        .collect()
}
