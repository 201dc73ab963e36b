//! `sealgate sign`, `verify` and `explain`, as a person at a terminal meets them.

use std::path::Path;
use std::process::{Command, Output};

use sha2::{Digest, Sha256};

const KEY: &str = "shop=hex:0606060606060606060606060606060606060606060606060606060606060606";
const SECRET_TEXT: &str = "0606060606060606";

fn sealgate(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("started")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Signs with `args`, and gives the request as the text of an HTTP/1.1 message.
fn signed(folder: &Path, args: &[&str], body: &str) -> String {
    std::fs::write(folder.join("body"), body).unwrap();
    let common = [
        "sign",
        "--headers",
        "--url",
        "https://gate.test/hook?n=1",
        "body",
    ];
    let output = sealgate(folder, &[&common, args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = text(&output.stdout).replace('\n', "\r\n");
    format!("POST /hook?n=1 HTTP/1.1\r\nHost: gate.test\r\n{lines}\r\n{body}")
}

#[test]
fn what_is_signed_verifies_and_a_changed_body_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let aws = [
        "--option",
        "region=eu-west-1",
        "--option",
        "service=execute-api",
    ];
    for scheme in [
        &["rfc9421"][..],
        &["stripe"],
        &["standard-webhooks"],
        &["kong"],
        &["apisix"],
        &["cavage"],
        &[&["aws-sigv4"], &aws[..]].concat(),
    ] {
        let args = [&["--scheme"], scheme, &["--mac-key", KEY]].concat();
        let request = signed(folder, &args, r#"{"amount":12}"#);
        for (body, code) in [("12", 0), ("13", 1)] {
            std::fs::write(
                folder.join("request"),
                request.replace("12}", &format!("{body}}}")),
            )
            .unwrap();
            let verb = [&["verify", "--request", "request"], &args[..]].concat();
            let output = sealgate(folder, &verb);
            let told = text(&output.stdout) + &text(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{scheme:?}: {told}");
            assert!(!told.contains(SECRET_TEXT), "the secret is shown: {told}");
        }
    }
}

#[test]
fn a_private_key_signs_and_its_public_key_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    std::fs::write(folder.join("key.pem"), pair.serialize_pem()).unwrap();
    use base64ct::Encoding as _;
    let x = base64ct::Base64UrlUnpadded::encode_string(pair.public_key_raw());
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#);
    std::fs::write(folder.join("key.jwk"), jwk).unwrap();
    let scheme = ["--scheme", "rfc9421", "--alg", "EdDSA"];
    let private = ["--private-key", "key.pem", "--key-id", "partner"];
    let request = signed(folder, &[&scheme[..], &private].concat(), "hello");
    std::fs::write(folder.join("request"), request).unwrap();
    let verb = ["verify", "--request", "request", "--public-key", "key.jwk"];
    let output = sealgate(folder, &[&verb[..], &scheme].concat());
    let told = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("partner"), "{told}");
}

#[test]
fn explain_shows_the_string_that_is_signed_and_the_hash_that_the_gate_logs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = [
        "--scheme",
        "stripe",
        "--mac-key",
        KEY,
        "--created",
        "1800000000",
    ];
    let request = signed(folder, &args, "a body");
    std::fs::write(folder.join("request"), request).unwrap();
    let verb = ["explain", "--scheme", "stripe", "--request", "request"];
    let output = sealgate(folder, &verb);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let hash: String = Sha256::digest("1800000000.a body")
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(told.contains(&format!("signed_sha256: {hash}")), "{told}");
    assert!(told.contains("<the body: 6 bytes>"), "{told}");
    let shown = sealgate(folder, &[&verb[..], &["--show-body"]].concat());
    assert!(text(&shown.stdout).contains("1800000000.a body"));
}

#[test]
fn an_old_signature_is_told_from_a_wrong_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let args = [
        "--scheme",
        "stripe",
        "--mac-key",
        KEY,
        "--created",
        "1800000000",
    ];
    std::fs::write(folder.join("request"), signed(folder, &args, "x")).unwrap();
    let at = |time: &str| {
        let verb = [
            "verify",
            "--request",
            "request",
            "--scheme",
            "stripe",
            "--mac-key",
            KEY,
            "--at",
            time,
        ];
        let output = sealgate(folder, &verb);
        (output.status.code(), text(&output.stdout))
    };
    assert_eq!(at("1800000300").0, Some(0));
    let (code, told) = at("1800000301");
    assert_eq!(code, Some(1));
    assert!(told.contains("301 s before"), "{told}");
}

#[test]
fn an_unknown_scheme_and_a_foreign_option_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    for (args, wanted) in [
        (&["--scheme", "nobodys"][..], "unknown variant"),
        (
            &["--scheme", "stripe", "--option", "region=eu"],
            "options.region",
        ),
        (&["--scheme", "aws-sigv4"], "options.region"),
    ] {
        let verb = ["sign", "--mac-key", KEY, "--url", "https://gate.test/"];
        let output = sealgate(folder.path(), &[&verb[..], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let told = text(&output.stderr);
        assert!(told.contains(wanted), "{args:?}: {told}");
    }
}
