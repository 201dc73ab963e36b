//! What operators ask for: certificate requests and certificates, the token's word on its keys, other rules without a
//! restart.

mod support;

use std::time::{Duration, Instant};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::{X509, X509Name, X509Req};
use support::*;

const ED: Key = ("ed", "sign", &["EdDSA"], "ed25519");
const RS: Key = ("rs", "sign", &["RS256"], "rsa-2048");
const ES384: Key = ("es384", "sign", &["ES384"], "ec-p384");

#[test]
fn softhsm_signs_certificate_requests() {
    requests(Kind::SoftHsm);
}

#[test]
fn kryoptic_signs_certificate_requests() {
    requests(Kind::Kryoptic);
}

fn requests(kind: Kind) {
    let place = Place::with_keys(kind, &[ES, ES384, ED, RS, EC]);
    for kid in ["es", "es384", "ed", "rs"] {
        let words = [
            "--kid",
            kid,
            "--common-name",
            "gw.bank.test",
            "--name",
            "gw.bank.test",
        ];
        let made = place.verb("csr", &words);
        assert!(made.status.success(), "{kind:?} {kid}: {made:?}");
        let request = X509Req::from_pem(&made.stdout).unwrap();
        let public = request.public_key().unwrap();
        assert!(request.verify(&public).unwrap(), "{kind:?} {kid}");
        let subject = request.subject_name().entries().next().unwrap();
        assert_eq!(subject.data().as_slice(), b"gw.bank.test");
    }
    // A key that opens messages signs nothing, not even its own request.
    let made = place.verb("csr", &["--kid", "ec", "--common-name", "x"]);
    let words = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(
        !made.status.success() && words.contains("purpose sign"),
        "{words}"
    );
}

#[test]
fn the_tokens_word_on_a_key_is_shown_as_what_it_is() {
    for kind in [Kind::SoftHsm, Kind::Kryoptic] {
        let place = Place::with_keys(kind, &[ES]);
        let said = place.verb("attest", &["--kid", "es", "--format", "json"]);
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(said[0]["made_in_token"], true, "{kind:?} {said}");
        assert_eq!(said[0]["never_extractable"], true, "{kind:?} {said}");
        assert_eq!(said[0]["signed"], false);
        let table = place.verb("attest", &["--kid", "es"]);
        assert!(String::from_utf8_lossy(&table.stdout).contains("unsigned"));
    }
}

#[test]
fn sighup_gives_the_sockets_new_rules_and_changes_nothing_else() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let bridge = place.serve();
    let body = serde_json::json!({ "alg": "HS256", "data": "AAAA" });
    assert_eq!(bridge.post("mac/mac", &body).status, 200);
    let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
    let hangup = || {
        let pid = rustix::process::Pid::from_raw(bridge.pid().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
    };

    // Something else changed as well: refused as a whole, and everything goes on as it was.
    let other = text.replace("request_timeout_ms = 5000", "request_timeout_ms = 4000");
    place.write("bridge.toml", &other.replace("\"mac\", \"verify\", ", ""));
    hangup();
    bridge.wait_for_log("reload-refused");
    assert!(
        bridge
            .log()
            .iter()
            .any(|line| line.contains("[server] changed"))
    );
    assert_eq!(bridge.post("mac/mac", &body).status, 200);

    // Another header token, and no `mac` any more.
    place.write(
        "bridge.toml",
        &text.replace("\"mac\", \"verify\", ", "\"verify\", "),
    );
    place.write("token", "another header token of the tests");
    hangup();
    bridge.wait_for_log("\"reloaded\"");
    let start = Instant::now();
    while bridge.post("mac/mac", &body).code() != "bad_token" {
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    let bytes = body.to_string();
    let ask = |path: &str| {
        let token = "another header token of the tests";
        bridge
            .send(&request("POST", path, token, "", bytes.as_bytes()))
            .unwrap()
    };
    assert_eq!(ask("/v1/keys/mac/mac").code(), "no_key");
    assert_eq!(
        bridge.metric("hsmb_token_epoch", ""),
        1.0,
        "the token stays open"
    );
}

#[test]
fn doctor_sees_rights_that_contradict_each_other() {
    let place = Place::with_keys(Kind::SoftHsm, &[MAC]);
    let text = |socket: &str| {
        place.configure(&[MAC], "", socket);
        let said = place.verb("doctor", &[]);
        String::from_utf8_lossy(&said.stdout).into_owned()
    };
    let said = text("uids = [4294967294]");
    assert!(
        said.contains("mode 0600 lets only this bridge's user connect"),
        "{said}"
    );
    let said = text("mode = \"0660\"");
    assert!(said.contains("no user is listed"), "{said}");
    let said = text("mode = \"0660\"\nuids = [4294967294]");
    assert!(!said.contains("socket /"), "{said}");
}

#[test]
fn softhsm_keeps_a_certificate_beside_its_key() {
    certificates(Kind::SoftHsm);
}

#[test]
fn kryoptic_keeps_a_certificate_beside_its_key() {
    certificates(Kind::Kryoptic);
}

fn certificates(kind: Kind) {
    let place = Place::with_keys(kind, &[ES, RS]);
    let authority = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    for kid in ["es", "rs"] {
        let made = place.verb("csr", &["--kid", kid, "--common-name", "gw.bank.test"]);
        let request = X509Req::from_pem(&made.stdout).unwrap();
        for serial in [1, 2] {
            let certificate = signed(&request, &authority, serial);
            place.write(&format!("{kid}-{serial}.pem"), &certificate);
        }
    }
    let import = |kid: &str, file: &str| {
        let file = place.path(file);
        let words = ["--kid", kid, "--certificate", file.to_str().unwrap()];
        let done = place.verb("import-cert", &words);
        let both = [done.stdout.as_slice(), &done.stderr].concat();
        (done.status.success(), String::from_utf8(both).unwrap())
    };
    let (done, said) = import("es", "rs-1.pem");
    assert!(
        !done && said.contains("is of another key than es"),
        "{said}"
    );
    let (done, said) = import("es", "bridge.toml");
    assert!(!done && said.contains("holds no PEM"), "{said}");
    for kid in ["es", "rs"] {
        let (done, said) = import(kid, &format!("{kid}-1.pem"));
        assert!(done && said.contains("CN=gw.bank.test"), "{kind:?} {said}");
        // Once more changes nothing; another one never takes its place.
        assert!(import(kid, &format!("{kid}-1.pem")).0);
        let (done, said) = import(kid, &format!("{kid}-2.pem"));
        assert!(!done && said.contains("already has another"), "{said}");
    }
    // As other programs of the token see it.
    let mut tool = place.command(std::path::Path::new("pkcs11-tool"));
    tool.arg("--module").arg(kind.module());
    tool.args(["--token-label", "test", "--list-objects", "--type", "cert"]);
    let listed = tool.output().unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.matches("Certificate Object").count(), 2, "{listed}");
    for wanted in ["label:      es", "label:      rs", "CN=gw.bank.test", "ID:"] {
        assert!(listed.contains(wanted), "{kind:?} {wanted}: {listed}");
    }
    // The key goes on as before.
    let body = serde_json::json!({ "alg": "ES256", "data": "AAAA" });
    assert_eq!(place.serve().post("es/sign", &body).status, 200);
}

/// What an authority makes of a request.
fn signed(request: &X509Req, authority: &PKey<Private>, serial: u32) -> String {
    let mut made = X509::builder().unwrap();
    made.set_version(2).unwrap();
    let serial = BigNum::from_u32(serial).unwrap().to_asn1_integer().unwrap();
    made.set_serial_number(&serial).unwrap();
    made.set_subject_name(request.subject_name()).unwrap();
    let mut issuer = X509Name::builder().unwrap();
    issuer.append_entry_by_text("CN", "authority").unwrap();
    made.set_issuer_name(&issuer.build()).unwrap();
    made.set_pubkey(&request.public_key().unwrap()).unwrap();
    made.set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    made.set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    made.sign(authority, MessageDigest::sha256()).unwrap();
    String::from_utf8(made.build().to_pem().unwrap()).unwrap()
}
