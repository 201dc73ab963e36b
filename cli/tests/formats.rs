//! `sealgate keygen`, `seal` and `open` in every format of docs/formats.md, as requests and as responses:
//! what is sealed opens with its key and no other, and wrong options are told what is right.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use sealgate_format::Name;
use serde_json::{Value, json};

const URL: &str = "https://api.bank.test/pay?x=1";
const REQUEST: &str = "POST /pay?x=1";

/// One way to seal.
struct Case {
    format: Name,
    /// Algorithm of the key, as `keygen` takes it.
    alg: &'static str,
    /// What `seal` and `open` are told besides.
    options: &'static [&'static str],
    /// What only `seal` is told.
    sealing: &'static [&'static str],
    /// Algorithm of the JWS inside.
    signed: Option<&'static str>,
    body: fn() -> Value,
}

impl Case {
    const fn new(format: Name, alg: &'static str) -> Self {
        Self {
            format,
            alg,
            options: &[],
            sealing: &[],
            signed: None,
            body: order,
        }
    }

    const fn with(self, options: &'static [&'static str]) -> Self {
        Self { options, ..self }
    }

    const fn sealing(self, sealing: &'static [&'static str]) -> Self {
        Self { sealing, ..self }
    }

    const fn signed(self, alg: &'static str) -> Self {
        Self {
            signed: Some(alg),
            ..self
        }
    }

    const fn of(self, body: fn() -> Value) -> Self {
        Self { body, ..self }
    }

    fn name(&self) -> String {
        format!(
            "{} {} {:?} {:?}",
            self.format.name(),
            self.alg,
            self.options,
            self.signed
        )
    }

    /// Whether the body is bound to the request it belongs to.
    fn is_bound(&self) -> bool {
        matches!(self.format, Name::Aes256Gcm | Name::Aes256GcmRecords)
    }
}

const MEMBER: &[&str] = &["--field", "$.card.box.value=$.card.number"];
const MASTERCARD: &[&str] = &[
    "--field",
    "$.card.encryptedData.encryptedValue=$.card.number",
];
const MASTERCARD_BASE64: &[&str] = &[
    "--text",
    "base64",
    "--field",
    "$.card.encryptedData.encryptedValue=$.card.number",
];

const CASES: [Case; 30] = [
    Case::new(Name::Jwe, "dir"),
    Case::new(Name::Jwe, "A128KW"),
    Case::new(Name::Jwe, "A256KW").with(&["--serialization", "json"]),
    Case::new(Name::Jwe, "A192GCMKW").with(MEMBER),
    Case::new(Name::Jwe, "ECDH-ES+A256KW"),
    Case::new(Name::Jwe, "ECDH-ES").with(&["--enc", "A192CBC-HS384"]),
    Case::new(Name::Jwe, "HPKE-0"),
    Case::new(Name::Jwe, "HPKE-10-KE"),
    Case::new(Name::Jwe, "RSA-OAEP-512").with(&["--enc", "A256CBC-HS512"]),
    Case::new(Name::Jwe, "RSA-OAEP-256").signed("ES256"),
    Case::new(Name::Aes256Gcm, "A256GCM"),
    Case::new(Name::Aes128GcmRecords, "A256GCM"),
    Case::new(Name::Aes256GcmRecords, "A256GCM"),
    Case::new(Name::Toss, "dir"),
    Case::new(Name::MastercardJwe, "RSA-OAEP-256"),
    Case::new(Name::MastercardJwe, "RSA-OAEP-256").with(MASTERCARD),
    Case::new(Name::MastercardJwe, "RSA-OAEP-256").with(&["--enc", "A128CBC-HS256"]),
    Case::new(Name::MastercardField, "RSA-OAEP-256"),
    Case::new(Name::MastercardField, "RSA-OAEP-256").with(MASTERCARD_BASE64),
    Case::new(Name::VisaMle, "RSA-OAEP-256"),
    Case::new(Name::VisaMle, "RSA-OAEP-256").with(&["--enc", "A256GCM"]),
    Case::new(Name::VisaTokenService, "A256GCMKW")
        .sealing(&["--field", "$.card.encNumber=$.card.number"]),
    Case::new(Name::CyberSource, "RSA-OAEP-256"),
    Case::new(Name::Wise, "RSA-OAEP-256"),
    Case::new(Name::Wise, "RSA-OAEP-256").signed("PS256"),
    Case::new(Name::Juspay, "RSA-OAEP-256").signed("RS256"),
    Case::new(Name::Juspay, "RSA-OAEP").signed("RS256"),
    Case::new(Name::WechatPay, "A256GCM").of(event),
    Case::new(Name::WhatsappFlows, "RSA-OAEP-256"),
    Case::new(Name::UaeOpenFinance, "RSA-OAEP-256")
        .signed("PS256")
        .of(consent),
];

fn order() -> Value {
    json!({ "card": { "number": { "pan": "4111111111111111" }, "z": 1 }, "amount": 12 })
}

fn event() -> Value {
    json!({ "id": "e1", "resource": { "amount": 4111_1111_1111_1111_u64 } })
}

fn consent() -> Value {
    json!({ "consent": { "ConsentId": "c1",
        "PersonalIdentifiableInformation": { "pan": "4111111111111111" } } })
}

/// A folder of keys and bodies.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn sealgate(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sealgate"))
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        // A verb that fails before it reads its input closes the pipe: not the test's concern.
        let _ = child.stdin.take().expect("piped").write_all(input);
        child.wait_with_output().expect("ended")
    }

    fn good(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.sealgate(arguments, input);
        let fault = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {fault}");
        output.stdout
    }

    fn refused(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = self.sealgate(arguments, input);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// A key, once for each algorithm and name; its public half is beside it.
    fn key(&self, alg: &str, name: &str) -> (String, String) {
        let (file, public) = (format!("{name}-{alg}.key"), format!("{name}-{alg}.jwk"));
        if !self.path().join(&file).exists() {
            let mut arguments = vec!["keygen", alg, "--kid", "k1", "--bits", "2048"];
            arguments.extend(["--out", &file]);
            let secret = alg == "dir" || alg == "A256GCM" || alg.ends_with("KW");
            if secret && !alg.starts_with("ECDH") {
                arguments.push("--hex");
            }
            let shown = self.good(&arguments, b"");
            std::fs::write(self.path().join(&public), shown).expect("written");
        }
        (file, public)
    }

    /// Arguments that name the key, to seal and to open.
    fn key_arguments(&self, alg: &str, name: &str) -> (Vec<String>, Vec<String>) {
        let (file, public) = self.key(alg, name);
        let shared = format!("k1=file:{file}");
        let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match std::fs::metadata(self.path().join(&public)).map(|file| file.len()) {
            Ok(1..) => (
                text(&["--recipient", &public, "--alg", alg]),
                text(&["--jwk", &file]),
            ),
            _ => (
                text(&["--body-key", &shared, "--alg", alg]),
                text(&["--key", &shared]),
            ),
        }
    }
}

/// What `seal` is told, and `open`.
fn arguments(folder: &Folder, case: &Case, response: bool, name: &str) -> [Vec<String>; 2] {
    let (mut seal, mut open) = folder.key_arguments(case.alg, name);
    let mut both = vec!["--format", case.format.name()];
    both.extend(case.options);
    if response {
        both.extend(["--response", "422"]);
    }
    let both = both.into_iter().map(str::to_owned);
    seal.extend(both.clone());
    open.extend(both);
    seal.extend(case.sealing.iter().map(|word| (*word).to_owned()));
    seal.splice(
        0..0,
        ["seal", "--url", URL, "--body-only"].map(str::to_owned),
    );
    open.insert(0, "open".to_owned());
    if case.is_bound() {
        open.extend(["--request", REQUEST].map(str::to_owned));
    }
    if let Some(alg) = case.signed {
        let (private, public) = folder.key(alg, "sender");
        seal.extend(["--sign-inside".to_owned(), private]);
        open.extend(["--verify".to_owned(), public]);
    }
    if case.format == Name::WhatsappFlows {
        seal.extend(["--session".to_owned(), "session".to_owned()]);
        if response {
            // The answer is sealed with what the request left, and with no other key.
            let key = open.iter().position(|word| word == "--jwk").expect("RSA");
            open.splice(key..key + 2, ["--session", "session"].map(str::to_owned));
        }
    }
    [seal, open]
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// One letter changed near the end of a binary body, or of the longest value of a body that is text.
fn touched(sealed: &[u8]) -> Vec<u8> {
    let end = match sealed.is_ascii() {
        false => sealed.len(),
        true => {
            let values = sealed.split(|byte| *byte == b'"');
            let longest = values.max_by_key(|value| value.len()).expect("a value");
            longest.as_ptr_range().end as usize - sealed.as_ptr() as usize
        }
    };
    let mut touched = sealed.to_vec();
    let byte = &mut touched[end - 9];
    *byte = if *byte == b'1' { b'2' } else { b'1' };
    touched
}

#[test]
fn every_format_opens_what_it_seals_in_both_directions() {
    let folder = Folder::new();
    for name in Name::ALL {
        assert!(CASES.iter().any(|case| case.format == name), "{name:?}");
    }
    for case in &CASES {
        for response in [false, true] {
            let [seal, open] = arguments(&folder, case, response, "gate");
            let body = (case.body)();
            let sealed = folder.good(&words(&seal), body.to_string().as_bytes());
            let shown = String::from_utf8_lossy(&sealed);
            assert!(!shown.contains("4111"), "{}: {shown}", case.name());
            let opened = folder.good(&words(&open), &sealed);
            let opened: Value = serde_json::from_slice(&opened).expect("JSON");
            assert_eq!(opened, body, "{}", case.name());
            if response {
                continue;
            }

            // Nothing authenticates what is in Mastercard's fields; docs/formats.md says so.
            if case.format != Name::MastercardField {
                let fault = folder.refused(&words(&open), &touched(&sealed));
                assert!(fault.contains("not opened"), "{}: {fault}", case.name());
            }
            let [_, other] = arguments(&folder, case, response, "stranger");
            if other != open {
                let fault = folder.refused(&words(&other), &sealed);
                assert!(fault.contains("not opened"), "{}: {fault}", case.name());
            }
        }
        let _ = std::fs::remove_file(folder.path().join("session"));
    }
}

#[test]
fn a_body_is_bound_to_its_request_and_direction() {
    let folder = Folder::new();
    for case in CASES.iter().filter(|case| case.is_bound()) {
        let [seal, open] = arguments(&folder, case, true, "gate");
        let sealed = folder.good(&words(&seal), b"{}");
        let other = |from: &str, to: &str| -> Vec<String> {
            let change = |word: &String| {
                if word == from {
                    to.into()
                } else {
                    word.clone()
                }
            };
            open.iter().map(change).collect()
        };
        for wrong in [other("422", "200"), other(REQUEST, "POST /pay?x=2")] {
            let fault = folder.refused(&words(&wrong), &sealed);
            assert!(fault.contains("wrong request"), "{fault}");
        }
        let [_, request] = arguments(&folder, case, false, "gate");
        folder.refused(&words(&request), &sealed);
    }
}

#[test]
fn wrong_options_are_told_what_is_right() {
    let folder = Folder::new();
    let (_, rsa) = folder.key("RSA-OAEP-256", "gate");
    let (pem, _) = folder.key("RSA-OAEP-256", "gate");
    folder.key("A256KW", "gate");
    let seal = |more: &[&str]| {
        let mut words = vec!["seal", "--url", URL, "--body-only"];
        words.extend(more);
        folder.refused(&words, b"{\"a\":1}")
    };
    let open = |more: &[&str]| {
        let mut words = vec!["open"];
        words.extend(more);
        folder.refused(&words, b"{\"a\":1}")
    };
    let to = ["--recipient", rsa.as_str(), "--format"];
    let told = [
        (seal(&[&to[..], &["tess"]].concat()), "mastercard-jwe"),
        (
            seal(&[&to[..], &["toss"]].concat()),
            "toss is not sealed with RSA-OAEP-256",
        ),
        (
            seal(&[
                "--body-key",
                "k=file:gate-A256KW.key",
                "--format",
                "visa-mle",
            ]),
            "visa-mle is not sealed with A256GCM",
        ),
        (seal(&[&to[..], &["juspay"]].concat()), "--sign-inside"),
        (
            seal(&[&to[..], &["cybersource", "--sign-inside", &pem]].concat()),
            "a JWS inside has no meaning",
        ),
        (
            seal(&[&to[..], &["wise", "--field", "$.a=$.b"]].concat()),
            "--field has no meaning",
        ),
        (
            seal(&[&to[..], &["mastercard-jwe", "--field", "$.a.b=$.x.y"]].concat()),
            "the same up to the last name",
        ),
        (
            seal(&[&to[..], &["wise", "--serialization", "json"]].concat()),
            "serialization is for",
        ),
        (
            seal(&[&to[..], &["wise", "--enc", "A128GCM"]].concat()),
            "enc names one that this format does not have",
        ),
        (
            seal(&[&to[..], &["mastercard-jwe", "--field", "$.b=$.zz"]].concat()),
            "--field says where they are",
        ),
        (
            seal(&[&to[..], &["visa-mle", "--session", "s"]].concat()),
            "--session is for whatsapp-flows",
        ),
        (
            seal(&[&to[..], &["whatsapp-flows", "--response", "200"]].concat()),
            "--session names the file",
        ),
        (
            seal(&[
                "--body-key",
                "k=file:gate-A256KW.key",
                "--alg",
                "A256GCMKW",
                "--format",
                "visa-token-service",
            ]),
            "--field says where they are",
        ),
        (seal(&["--field", "$.a=$.b"]), "--format"),
        (
            open(&["--format", "juspay", "--jwk", &pem]),
            "--verify names",
        ),
        (
            open(&["--format", "whatsapp-flows", "--response", "200"]),
            "--session names the file",
        ),
        (
            open(&["--format", "aes-256-gcm", "--key", "k=file:gate-A256KW.key"]),
            "--request 'METHOD TARGET'",
        ),
        (
            open(&["--format", "visa-mle", "--jwk", &pem]),
            "it is not in this format",
        ),
    ];
    for (told, remedy) in &told {
        assert!(told.contains(remedy), "{remedy} is not in: {told}");
    }
}

#[test]
fn the_help_names_every_format_and_shows_how() {
    let folder = Folder::new();
    for verb in ["seal", "open"] {
        let help = folder.good(&[verb, "--help"], b"");
        let help = String::from_utf8_lossy(&help);
        for name in Name::ALL {
            assert!(help.contains(name.name()), "{verb}: {}", name.name());
        }
        let examples = help.split("Examples:").nth(1).expect("examples");
        assert!(examples.contains("--format"), "{verb}: {examples}");
    }
}
