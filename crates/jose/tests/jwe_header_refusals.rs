//! Hostile JWE headers, each named after the row of the attack table it stands for.
#![cfg(not(target_arch = "wasm32"))]

mod support;
use support::forge::{DIR, Forge, check};

/// A26 to A30, A34, A40 and the refused algorithms of A10, A11, A12, A25.
#[test]
fn headers() {
    let header = |text: &str| Forge::sealed(text).token();
    let deep = format!(
        r#"{{"alg":"dir","enc":"A256GCM","x":{}{}}}"#,
        "[".repeat(5000),
        "]".repeat(5000)
    );
    let long = format!(
        r#"{{"alg":"dir","enc":"A256GCM","x":"{}"}}"#,
        "x".repeat(5000)
    );
    let kid = format!(
        r#"{{"alg":"dir","enc":"A256GCM","kid":"{}"}}"#,
        "k".repeat(64 * 1024)
    );
    let bom = format!("\u{feff}{DIR}");
    let trailing = format!("{DIR}x");
    let algorithm = "jose-unsupported-alg";
    let crit = "jose-critical-header";
    // `enc` beside an algorithm that encrypts the content itself; where that is not built in, the
    // algorithm is unknown.
    let hpke = match cfg!(feature = "pq") {
        true => "jose-header-member",
        false => algorithm,
    };
    check(&[
        (
            "A1 none",
            header(r#"{"alg":"none","enc":"A256GCM"}"#),
            algorithm,
        ),
        ("A8 kid of 64 KiB", header(&kid), "jose-token-too-long"),
        (
            "A8 kid is a number",
            header(r#"{"alg":"dir","enc":"A256GCM","kid":1}"#),
            "jose-header-member",
        ),
        (
            "A10 PBES2, p2c 2^31-1",
            header(r#"{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2s":"AA","p2c":2147483647}"#),
            algorithm,
        ),
        (
            "A11 zip DEF",
            header(r#"{"alg":"dir","enc":"A256GCM","zip":"DEF"}"#),
            "jose-compression",
        ),
        (
            "A12 zip GZ",
            header(r#"{"alg":"dir","enc":"A256GCM","zip":"GZ"}"#),
            "jose-compression",
        ),
        (
            "A12 zip null",
            header(r#"{"alg":"dir","enc":"A256GCM","zip":null}"#),
            "jose-compression",
        ),
        (
            "A25 RSA1_5",
            header(r#"{"alg":"RSA1_5","enc":"A256GCM"}"#),
            algorithm,
        ),
        (
            "A28 duplicate alg",
            header(r#"{"alg":"dir","alg":"dir","enc":"A256GCM"}"#),
            "json-duplicate-member",
        ),
        (
            "A28 duplicate alg by escape",
            header(r#"{"alg":"dir","\u0061lg":"dir","enc":"A256GCM"}"#),
            "json-duplicate-member",
        ),
        (
            "A28 duplicate unknown member",
            header(r#"{"alg":"dir","enc":"A256GCM","x":1,"x":1}"#),
            "json-duplicate-member",
        ),
        (
            "A29 crit unknown",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":["x"],"x":1}"#),
            crit,
        ),
        (
            "A29 crit empty",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":[]}"#),
            crit,
        ),
        (
            "A29 crit not an array",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":"x","x":1}"#),
            crit,
        ),
        (
            "A29 crit twice the same",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":["x","x"],"x":1}"#),
            crit,
        ),
        (
            "A29 crit registered name",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":["alg"]}"#),
            crit,
        ),
        (
            "A29 crit absent name",
            header(r#"{"alg":"dir","enc":"A256GCM","crit":["y"]}"#),
            crit,
        ),
        (
            "A30 b64 in a JWE",
            header(r#"{"alg":"dir","enc":"A256GCM","b64":false}"#),
            "jose-unencoded-payload",
        ),
        ("A34 byte order mark", header(&bom), "json-syntax"),
        ("A34 trailing bytes", header(&trailing), "json-syntax"),
        (
            "A34 bad UTF-8",
            Forge::sealed(b"{\"alg\":\"dir\",\"enc\":\"A256GCM\",\"x\":\"\xff\"}").token(),
            "json-syntax",
        ),
        (
            "A34 lone surrogate",
            header(r#"{"alg":"dir","enc":"A256GCM","x":"\ud800"}"#),
            "json-syntax",
        ),
        ("A34 5000 levels", header(&deep), "json-too-long"),
        (
            "A34 9 levels",
            header(r#"{"alg":"dir","enc":"A256GCM","x":[[[[[[[[]]]]]]]]}"#),
            "json-too-deep",
        ),
        (
            "A34 header beyond its bound",
            header(&long),
            "json-too-long",
        ),
        (
            "A34 not an object",
            header(r#"["dir"]"#),
            "json-not-an-object",
        ),
        ("A34 empty header", header(""), "json-syntax"),
        (
            "A40 DIR",
            header(r#"{"alg":"DIR","enc":"A256GCM"}"#),
            algorithm,
        ),
        (
            "A40 alg with a trailing space",
            header(r#"{"alg":"dir ","enc":"A256GCM"}"#),
            algorithm,
        ),
        (
            "A40 alg with a trailing NUL",
            header(r#"{"alg":"dir\u0000","enc":"A256GCM"}"#),
            algorithm,
        ),
        (
            "A40 alg is an array",
            header(r#"{"alg":["dir"],"enc":"A256GCM"}"#),
            "jose-header-member",
        ),
        (
            "A40 alg is missing",
            header(r#"{"enc":"A256GCM"}"#),
            "jose-header-member",
        ),
        (
            "A40 a256gcm",
            header(r#"{"alg":"dir","enc":"a256gcm"}"#),
            "jose-unsupported-enc",
        ),
        (
            "A40 enc is missing",
            header(r#"{"alg":"dir"}"#),
            "jose-header-member",
        ),
        (
            "A22 a key of A256GCM for A128GCM",
            header(r#"{"alg":"dir","enc":"A128GCM"}"#),
            "jose-authentication",
        ),
        (
            "A20 the IV of A256GCM for A256CBC-HS512",
            header(r#"{"alg":"dir","enc":"A256CBC-HS512"}"#),
            "jose-iv-length",
        ),
        (
            "A23 A256GCMKW without iv and tag",
            header(r#"{"alg":"A256GCMKW","enc":"A256GCM"}"#),
            "jose-key-wrap-parameter",
        ),
        (
            "A6 jwk",
            header(r#"{"alg":"dir","enc":"A256GCM","jwk":{"kty":"oct","k":"WlpaWg"}}"#),
            "jose-key-in-header",
        ),
        (
            "A7 jku",
            header(r#"{"alg":"dir","enc":"A256GCM","jku":"http://169.254.169.254/"}"#),
            "jose-key-in-header",
        ),
        (
            "A7 x5u",
            header(r#"{"alg":"dir","enc":"A256GCM","x5u":"http://hsm-bridge/"}"#),
            "jose-key-in-header",
        ),
        (
            "A7 x5c",
            header(r#"{"alg":"dir","enc":"A256GCM","x5c":["MII"]}"#),
            "jose-key-in-header",
        ),
        (
            "A45 HPKE",
            header(r#"{"alg":"HPKE-0","enc":"A256GCM"}"#),
            hpke,
        ),
    ]);
}
