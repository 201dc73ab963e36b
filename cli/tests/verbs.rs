//! The verbs that need nothing around them, as a person at a terminal meets them.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

const BODY_KEY: &str =
    "body-2026=hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const POLICY: &str = r#"
version: 1
unmatched: refuse
keys:
  - { id: partner-a, use: mac, alg: HS256, material: { inline: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" } }
  - { id: shared, use: decrypt, alg: dir, material: { file: dir.hex } }
policies:
  payments:
    signature: { scheme: rfc9421, keys: [partner-a] }
    replay: { by: nonce }
    payload: { format: jwe, keys: [shared] }
    inspect: { classes: [sqli, xss] }
routes:
  - { match: { path_prefix: /payments }, policy: payments }
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write("policy.yaml", POLICY);
        folder.write("dir.hex", &"1f".repeat(32));
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    fn sealgate(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        // A verb that fails before it reads its input closes the pipe: not the test's concern.
        let _ = child.stdin.take().expect("piped").write_all(input);
        child.wait_with_output().expect("ended")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn check_explains_a_good_policy_and_exits_0() {
    let folder = Folder::new();
    let output = folder.sealgate(&["check", "policy.yaml"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(
        told.contains("payments") && told.contains("compiles"),
        "{told}"
    );
}

#[test]
fn check_reports_every_fault_with_place_and_remedy_and_exits_2() {
    let folder = Folder::new();
    let broken = POLICY
        .replace("unmatched: refuse", "unmatched: maybe")
        .replace("keys: [shared]", "keys: [nobody]")
        .replace("classes: [sqli, xss]", "classes: [sqli, xxx]");
    folder.write("broken.yaml", &broken);
    let output = folder.sealgate(&["check", "broken.yaml"], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stdout).contains("unmatched"),
        "{}",
        text(&output.stdout)
    );
    let broken = broken.replace("unmatched: maybe", "unmatched: refuse");
    folder.write("broken.yaml", &broken);
    let output = folder.sealgate(&["check", "--format", "json", "broken.yaml"], b"");
    assert_eq!(output.status.code(), Some(2));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let paths: Vec<&str> = report["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| fault["path"].as_str().expect("a path"))
        .collect();
    assert!(
        paths
            .iter()
            .any(|path| path.starts_with("policies.payments.payload.keys")),
        "{paths:?}"
    );
    assert!(
        paths
            .iter()
            .any(|path| path.starts_with("policies.payments.inspect.classes")),
        "{paths:?}"
    );
}

#[test]
fn check_strict_fails_on_a_warning_only_when_asked() {
    let folder = Folder::new();
    let weak = POLICY.replace("inspect: {", "inspect: { mode: observe,");
    folder.write("weak.yaml", &weak);
    let relaxed = folder.sealgate(&["check", "weak.yaml"], b"");
    assert_eq!(relaxed.status.code(), Some(0), "{}", text(&relaxed.stdout));
    assert!(
        text(&relaxed.stdout).contains("warning"),
        "{}",
        text(&relaxed.stdout)
    );
    assert_eq!(
        folder
            .sealgate(&["check", "--strict", "weak.yaml"], b"")
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn check_without_secrets_judges_a_policy_whose_keys_are_elsewhere() {
    let folder = Folder::new();
    let elsewhere = POLICY
        .replace("file: dir.hex", "env: NOWHERE_SET, encoding: base64url")
        .replace("keys: [shared]", "keys: [shared, nobody]");
    folder.write("elsewhere.yaml", &elsewhere);
    let output = folder.sealgate(&["check", "--without-secrets", "elsewhere.yaml"], b"");
    let told = text(&output.stdout);
    assert!(
        told.contains("nobody") && !told.contains("NOWHERE_SET"),
        "{told}"
    );
    folder.write("elsewhere.yaml", &elsewhere.replace(", nobody]", "]"));
    assert_eq!(
        folder
            .sealgate(&["check", "elsewhere.yaml"], b"")
            .status
            .code(),
        Some(2)
    );
    let output = folder.sealgate(&["check", "--without-secrets", "elsewhere.yaml"], b"");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn a_raw_body_opens_with_its_own_request_only() {
    let folder = Folder::new();
    let url = "https://api.bank.test/payments?x=1";
    let sealed = folder.sealgate(
        &["seal", "--url", url, "--body-key", BODY_KEY, "-"],
        b"{\"a\":1}",
    );
    assert!(sealed.status.success(), "{}", text(&sealed.stderr));
    let line = text(&sealed.stdout);
    assert!(
        line.contains("content-encoding: sealgate-a256gcm"),
        "{line}"
    );
    assert!(line.contains("--data-binary @sealed.bin"), "{line}");
    let open = |request: &str| {
        folder.sealgate(
            &[
                "open",
                "--key",
                BODY_KEY,
                "--request",
                request,
                "sealed.bin",
            ],
            b"",
        )
    };
    assert_eq!(open("POST /payments?x=1").stdout, b"{\"a\":1}");
    for other in ["POST /payments?x=2", "PUT /payments?x=1", "POST /payments"] {
        let output = open(other);
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{other} opened it"
        );
    }
}

#[test]
fn seal_takes_formats_and_keys_from_a_policy() {
    let folder = Folder::new();
    let url = "https://api.bank.test/payments";
    let output = folder.sealgate(
        &["seal", "--policy", "policy.yaml", "--url", url],
        b"{\"amount\":1}",
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let line = text(&output.stdout);
    for expected in [
        "content-type: application/jose",
        "content-digest: sha-256=:",
        "keyid=\"partner-a\"",
    ] {
        assert!(line.contains(expected), "{expected} is not in {line}");
    }
    let body = line.split("--data-binary ").nth(1).expect("a body");
    let jwe = body.split_whitespace().next().expect("a word");
    let key = format!("shared=hex:{}", "1f".repeat(32));
    let opened = folder.sealgate(&["open", "--key", &key], jwe.as_bytes());
    assert_eq!(
        text(&opened.stdout),
        "{\"amount\":1}",
        "{}",
        text(&opened.stderr)
    );
    let wrong = format!("shared=hex:{}", "2e".repeat(32));
    let refused = folder.sealgate(&["open", "--key", &wrong], jwe.as_bytes());
    assert!(!refused.status.success() && refused.stdout.is_empty());
}

#[test]
fn a_github_webhook_carries_the_documented_signature() {
    let folder = Folder::new();
    let output = folder.sealgate(
        &[
            "seal",
            "--url",
            "https://hooks.test/push",
            "--scheme",
            "github",
            "--mac-key",
            "hook=text:It's a Secret to Everybody",
        ],
        b"Hello, World!",
    );
    let line = text(&output.stdout);
    let documented = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert!(
        line.contains(&format!("x-hub-signature-256: sha256={documented}")),
        "{line}"
    );
}

#[test]
fn no_secret_appears_in_an_error() {
    let folder = Folder::new();
    for key in ["k=hex:5ec4e75ec4e7zz", "k=base64url:5ec4e75ec4e7!"] {
        let output = folder.sealgate(&["seal", "--url", "https://a.test/", "--mac-key", key], b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(
            !text(&output.stderr).contains("5ec4e7"),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn run_refuses_a_broken_policy_and_plain_http_beyond_loopback() {
    let folder = Folder::new();
    folder.write("broken.yaml", &POLICY.replace("version: 1", "version: 9"));
    let run = |policy: &str, listen: &str| {
        folder.sealgate(
            &[
                "run",
                "--plaintext",
                "--policy",
                policy,
                "--listen",
                listen,
                "--upstream",
                "http://127.0.0.1:9",
                "--module",
                "nowhere.wasm",
            ],
            b"",
        )
    };
    let output = run("broken.yaml", "127.0.0.1:0");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("version"),
        "{}",
        text(&output.stderr)
    );
    let output = run("policy.yaml", "0.0.0.0:0");
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).contains("loopback"),
        "{}",
        text(&output.stderr)
    );
    let output = run("policy.yaml", "127.0.0.1:0");
    assert!(
        text(&output.stderr).contains("nowhere.wasm"),
        "{}",
        text(&output.stderr)
    );
}
