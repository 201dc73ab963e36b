//! `sealgate keygen`: a key of every algorithm, its private half for its owner only, and what is made is
//! what `seal` and `open` take.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use sealgate_jose::jwe::{HpkeSuite, KeyManagement};
use sealgate_jose::jwk::{JwkSet, PublicJwk};
use sealgate_jose::jws::SignatureAlgorithm;
use serde_json::Value;

fn sealgate(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("sealgate runs")
}

fn good(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = sealgate(folder, arguments);
    let fault = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {fault}");
    output.stdout
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let output = sealgate(folder, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_algorithm_has_its_key_and_nobody_else_may_read_it() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    let encryption = KeyManagement::ALL.into_iter().map(KeyManagement::name);
    let drafts = [
        HpkeSuite::P521Aes256,
        HpkeSuite::XWingAes,
        HpkeSuite::MlKem1024ChaCha,
    ]
    .map(|suite| KeyManagement::HpkeKe(suite).name());
    let signature = SignatureAlgorithm::ALL
        .into_iter()
        .map(SignatureAlgorithm::name);
    for alg in encryption.chain(drafts).chain(signature).chain(["A256GCM"]) {
        let file = format!("{alg}.key");
        let shown = good(folder, &["keygen", alg, "--out", &file, "--bits", "2048"]);
        let path = folder.join(&file);
        let mode = std::fs::metadata(&path)
            .expect("a file")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{alg}");
        let private = std::fs::read_to_string(&path).expect("a file");
        let shown = String::from_utf8(shown).expect("text");
        if shown.is_empty() {
            let jwk: Value = serde_json::from_str(&private).expect("a JWK");
            assert_eq!((&jwk["kty"], &jwk["alg"]), (&"oct".into(), &alg.into()));
            continue;
        }
        let public: Value = serde_json::from_str(&shown).expect("a JWK");
        assert_eq!(public["alg"], alg);
        PublicJwk::from_value(&public).unwrap_or_else(|fault| panic!("{alg}: {fault}"));
        for secret in ["\"d\"", "\"k\"", "\"priv\"", "PRIVATE"] {
            assert!(!shown.contains(secret), "{alg} shows {secret}");
        }
        assert!(
            private.contains("\"d\"")
                || private.contains("\"priv\"")
                || private.contains("PRIVATE KEY")
        );
    }
    let fault = refused(folder, &["keygen", "ES256", "--out", "ES256.key"]);
    assert!(fault.contains("never written over"), "{fault}");
}

#[test]
fn what_is_sealed_to_a_key_opens_with_its_private_half() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    std::fs::write(folder.join("order.json"), br#"{"card":{"n":1},"x":2}"#).expect("a file");
    let cases: &[(&str, &[&str])] = &[
        ("ECDH-ES+A256KW", &["--crv", "P-384"]),
        ("ECDH-ES", &["--crv", "X25519"]),
        ("ECDH-ES+A128KW", &["--crv", "P-521"]),
    ];
    for (number, (alg, more)) in cases.iter().enumerate() {
        let (private, public) = (format!("{number}.jwk"), format!("{number}.pub"));
        let arguments = [&["keygen", *alg, "--out", &private, "--kid", "k"], *more].concat();
        std::fs::write(folder.join(&public), good(folder, &arguments)).expect("a file");
        for (format, fields) in [("jwe", ""), ("jwe", "$.card.sealed=$.card")] {
            let sealed = format!("{number}.{}.bin", fields.len());
            let mut seal = vec![
                "seal",
                "--url",
                "https://a.test/pay",
                "--recipient",
                &public,
            ];
            let mut open = vec!["open", "--jwk", &private, "--format", format, &sealed];
            seal.extend(["--format", format, "order.json"]);
            if !fields.is_empty() {
                seal.extend(["--field", fields]);
                open.extend(["--field", fields]);
            }
            let curl = String::from_utf8(good(folder, &seal)).expect("text");
            std::fs::write(folder.join(&sealed), data_of(&curl)).expect("a file");
            let opened: Value = serde_json::from_slice(&good(folder, &open)).expect("JSON");
            assert_eq!(opened["card"]["n"], 1, "{alg} {fields}");
        }
    }
}

#[test]
fn public_halves_are_gathered_in_a_set() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    for (alg, kid) in [("EdDSA", "a"), ("ES384", "b"), ("PS256", "c")] {
        let out = format!("{kid}.key");
        good(
            folder,
            &[
                "keygen",
                alg,
                "--kid",
                kid,
                "--out",
                &out,
                "--set",
                "jwks.json",
                "--bits",
                "2048",
            ],
        );
    }
    let text = std::fs::read(folder.join("jwks.json")).expect("a set");
    let set = JwkSet::from_slice(&text).expect("a set");
    assert!(["a", "b", "c"].iter().all(|kid| set.find(kid).is_some()));
    let again = [
        "keygen",
        "EdDSA",
        "--kid",
        "a",
        "--out",
        "d.key",
        "--set",
        "jwks.json",
    ];
    assert!(refused(folder, &again).contains("one kid names two keys"));
    assert!(!folder.join("d.key").exists(), "nothing is half done");
    let secret = ["keygen", "HS256", "--out", "e.key", "--set", "jwks.json"];
    assert!(refused(folder, &secret).contains("no public half"));
}

#[test]
fn what_cannot_be_made_is_said() {
    let folder = tempfile::tempdir().expect("folder");
    let folder = folder.path();
    for (arguments, said) in [
        (
            ["keygen", "RSA1_5", "--out", "x"].as_slice(),
            "no algorithm",
        ),
        (&["keygen", "none", "--out", "x"], "no algorithm"),
        (
            &["keygen", "ECDH-ES", "--crv", "secp256k1", "--out", "x"],
            "no curve",
        ),
        (
            &["keygen", "dir", "--enc", "A256CTR", "--out", "x"],
            "no content encryption",
        ),
        (
            &["keygen", "RS256", "--bits", "1024", "--out", "x"],
            "not offered",
        ),
        (&["keygen", "ES256", "--hex", "--out", "x"], "key pair"),
    ] {
        let fault = refused(folder, arguments);
        assert!(fault.contains(said), "{arguments:?}: {fault}");
        assert!(!folder.join("x").exists());
    }
    good(folder, &["keygen", "HS512", "--hex", "--out", "mac.hex"]);
    let digits = std::fs::read_to_string(folder.join("mac.hex")).expect("a file");
    assert_eq!(digits.trim_end().len(), 128);
    let help = String::from_utf8(good(folder, &["keygen", "--help"])).expect("text");
    assert!(help.contains("hsm-bridge keygen") && help.contains("ML-DSA"));
}

/// The body in a curl line, as a shell reads it.
fn data_of(curl: &str) -> Vec<u8> {
    let function =
        "curl() { while [ \"$1\" != --data-binary ]; do shift; done; printf %s \"$2\"; }";
    let script = format!("{function}\n{curl}");
    let output = Command::new("sh").args(["-c", &script]).output();
    output.expect("a shell").stdout
}
