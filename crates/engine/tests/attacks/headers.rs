//! What headers ask for: A10 to A12, A25, A28 to A30, A34 and A40 of docs/jose.md. Each message is sealed
//! and signed over the very header that is hostile.

use sealgate_engine::Reason;
use serde_json::{Value, json};

use crate::forge::{Forge, direct_header, es256, jws};
use crate::site::{Site, claims, shared};

/// A token, a compact body and a JSON body with this protected header are refused, and so is a JWS
/// inside with the same members.
#[track_caller]
fn refused_everywhere(name: &str, header: impl AsRef<[u8]>) {
    let forged = Forge::direct(header);
    shared(|site| {
        site.refuses(name, forged.token(), Reason::TokenMalformed);
        site.refuses_body(name, forged.token(), Reason::PayloadMalformed);
        site.refuses_json(name, &forged.flattened(), Reason::PayloadMalformed);
    });
}

/// A JWS inside whose header has these members more is refused.
#[track_caller]
fn refused_inside(name: &str, change: &Value) {
    let mut header = json!({ "alg": "ES256", "kid": "idp" });
    for (member, value) in change.as_object().unwrap() {
        header[member] = value.clone();
    }
    let token = Forge::around(es256(&header, &claims())).token();
    shared(|site| site.refuses(name, token, Reason::TokenSignature));
}

#[test]
fn a10_passwords_with_a_cost_of_the_senders_choice() {
    for count in [
        json!(2_147_483_647_u32),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("1000"),
    ] {
        for alg in ["PBES2-HS256+A128KW", "PBES2-HS512+A256KW"] {
            let header =
                json!({ "alg": alg, "enc": "A256GCM", "kid": "direct", "p2s": "AA", "p2c": count });
            refused_everywhere(alg, header.to_string());
        }
    }
}

/// Nothing is ever inflated, so there is no cap to be just above.
#[test]
fn a11_compression() {
    refused_everywhere("DEF", direct_header(&json!({ "zip": "DEF" })));
    let inflating = [b"\x78\x9c".as_slice(), &[0; 4096]].concat();
    let header = direct_header(&json!({ "zip": "DEF" }));
    let bomb = Forge::sealed(header.as_bytes(), &crate::site::DIRECT, &inflating);
    shared(|site| site.refuses("a bomb", bomb.token(), Reason::TokenMalformed));
}

#[test]
fn a12_compression_in_other_words_and_places() {
    for zip in [
        json!("GZ"),
        json!("def"),
        json!(""),
        json!(null),
        json!(["DEF"]),
    ] {
        refused_everywhere("zip", direct_header(&json!({ "zip": zip })));
    }
    for place in ["header", "unprotected"] {
        let mut message = Forge::around("{}").flattened();
        message[place] = json!({ "zip": "DEF" });
        shared(|site| site.refuses_json(place, &message, Reason::PayloadMalformed));
    }
}

#[test]
fn a25_rsa1_5() {
    for kid in ["rsa", "direct", "nobody"] {
        let header = json!({ "alg": "RSA1_5", "enc": "A256GCM", "kid": kid }).to_string();
        let mut site = Site::new();
        let token = Forge::direct(header).with_key(&[1; 256]);
        site.refuses(kid, token.token(), Reason::TokenMalformed);
        site.refuses_json(kid, &token.flattened(), Reason::PayloadMalformed);
    }
}

#[test]
fn a28_members_that_occur_twice() {
    for (name, header) in [
        (
            "alg",
            r#"{"alg":"dir","alg":"dir","enc":"A256GCM","kid":"direct"}"#,
        ),
        (
            "by an escape",
            r#"{"alg":"dir","\u0061lg":"dir","enc":"A256GCM","kid":"direct"}"#,
        ),
        (
            "kid",
            r#"{"alg":"dir","enc":"A256GCM","kid":"wrap","kid":"direct"}"#,
        ),
        (
            "unknown",
            r#"{"alg":"dir","enc":"A256GCM","kid":"direct","x":1,"x":1}"#,
        ),
        (
            "deep",
            r#"{"alg":"dir","enc":"A256GCM","kid":"direct","x":{"y":1,"y":1}}"#,
        ),
    ] {
        refused_everywhere(name, header);
    }
    for header in [
        r#"{"alg":"ES256","alg":"ES256","kid":"idp"}"#,
        r#"{"alg":"ES256","kid":"idp","ki\u0064":"idp"}"#,
    ] {
        let inner = jws(header, claims().to_string().as_bytes(), |_| vec![1; 64]);
        shared(|site| site.refuses(header, Forge::around(inner).token(), Reason::TokenSignature));
    }
    for (name, value) in [("kid", json!("direct")), ("enc", json!("A256GCM"))] {
        for place in ["header", "unprotected"] {
            let mut message = Forge::around("{}").flattened();
            message[place] = json!({ name: value });
            shared(|site| site.refuses_json(name, &message, Reason::PayloadMalformed));
        }
    }
    let text = Forge::around("{}").flattened().to_string();
    let twice = text.replacen('{', r#"{"tag":"AAAAAAAAAAAAAAAAAAAAAA","#, 1);
    assert_eq!(
        Site::new().json_text(&twice),
        Some(Reason::PayloadMalformed)
    );
}

#[test]
fn a29_critical_extensions() {
    for (name, crit) in [
        ("unknown", json!({ "crit": ["x-bank"], "x-bank": 1 })),
        ("none", json!({ "crit": [] })),
        ("not an array", json!({ "crit": "x-bank", "x-bank": 1 })),
        (
            "twice",
            json!({ "crit": ["x-bank", "x-bank"], "x-bank": 1 }),
        ),
        ("of the standard", json!({ "crit": ["alg"] })),
        ("absent", json!({ "crit": ["x-bank"] })),
        ("b64", json!({ "crit": ["b64"], "b64": true })),
    ] {
        refused_everywhere(name, direct_header(&crit));
        refused_inside(name, &crit);
    }
    for place in ["header", "unprotected"] {
        let mut message = Forge::around("{}").flattened();
        message[place] = json!({ "crit": ["x-bank"], "x-bank": 1 });
        shared(|site| site.refuses_json(place, &message, Reason::PayloadMalformed));
    }
}

#[test]
fn a30_unencoded_payloads() {
    refused_everywhere("of a JWE", direct_header(&json!({ "b64": false })));
    refused_inside("without crit", &json!({ "b64": false }));
    refused_inside("with crit", &json!({ "b64": false, "crit": ["b64"] }));
    let mut message = Forge::around("{}").flattened();
    message["unprotected"] = json!({ "b64": false });
    shared(|site| site.refuses_json("unprotected", &message, Reason::PayloadMalformed));
}

#[test]
fn a34_headers_that_are_not_strict_json() {
    let good = direct_header(&json!({}));
    let open = good.trim_end_matches('}');
    let nested = |levels: usize| {
        format!(
            r#"{open},"x":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    let bad_utf8 = [open.as_bytes(), b",\"x\":\"\xff\"}"].concat();
    for (name, header) in [
        ("a byte order mark", format!("\u{feff}{good}").into_bytes()),
        ("bytes behind", format!("{good} x").into_bytes()),
        ("two objects", format!("{good}{good}").into_bytes()),
        ("bad UTF-8", bad_utf8),
        (
            "a lone surrogate",
            format!(r#"{open},"x":"\ud800"}}"#).into_bytes(),
        ),
        ("9 levels", nested(8).into_bytes()),
        ("5000 levels", nested(5000).into_bytes()),
        (
            "1 MiB",
            format!(r#"{open},"x":"{}"}}"#, "x".repeat(1 << 20)).into_bytes(),
        ),
        ("an array", b"[]".to_vec()),
        ("nothing", Vec::new()),
        ("NaN", format!(r#"{open},"x":NaN}}"#).into_bytes()),
    ] {
        let mut site = Site::new();
        let forged = Forge::direct(header);
        site.refuses(name, forged.token(), Reason::TokenMalformed);
        // A body of 1 MiB is larger than the policy takes; the others are JSON that is none.
        if name != "1 MiB" {
            site.refuses_body(name, forged.token(), Reason::PayloadMalformed);
        }
    }
    let text = Forge::around("{}").flattened().to_string();
    for text in [
        format!("\u{feff}{text}"),
        format!("{text} x"),
        format!("[{text}]"),
    ] {
        assert_eq!(Site::new().json_text(&text), Some(Reason::PayloadMalformed));
    }
}

#[test]
fn a40_algorithm_names_are_exact() {
    for (name, change) in [
        ("DIR", json!({ "alg": "DIR" })),
        ("a256gcm", json!({ "enc": "a256gcm" })),
        ("a space behind", json!({ "alg": "dir " })),
        ("a NUL behind", json!({ "alg": "dir\0" })),
        ("an array", json!({ "alg": ["dir"] })),
        ("a number", json!({ "enc": 1 })),
        ("null", json!({ "alg": null })),
    ] {
        refused_everywhere(name, direct_header(&change));
    }
    refused_everywhere("alg is missing", r#"{"enc":"A256GCM","kid":"direct"}"#);
    refused_everywhere("enc is missing", r#"{"alg":"dir","kid":"direct"}"#);
    for alg in ["es256", "ES256 ", "ES256K", "HS1", ""] {
        refused_inside(alg, &json!({ "alg": alg }));
    }
}
