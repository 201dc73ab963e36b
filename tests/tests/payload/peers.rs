//! Who else makes and opens such messages: `josekit`, OpenSSL, and Mastercard's own libraries.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command};
use std::sync::LazyLock;

use josekit::jwe::{self, JweHeader, RSA_OAEP_256};
use josekit::jws::{self, JwsHeader, PS256, RS256};
use openssl::asn1::Asn1Time;
use openssl::encrypt::{Decrypter, Encrypter};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::x509::{X509Builder, X509NameBuilder};
use sealgate_tests::makers::{base64url, program};
use serde_json::{Value, json};

/// The receiver's key pair, and the sender's.
pub(crate) static GATE: LazyLock<PKey<Private>> = LazyLock::new(rsa);
pub(crate) static SENDER: LazyLock<PKey<Private>> = LazyLock::new(rsa);

fn rsa() -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
}

pub(crate) fn jwk(key: &PKey<Private>) -> Value {
    let rsa = key.rsa().unwrap();
    json!({ "kty": "RSA", "n": base64url(&rsa.n().to_vec()), "e": base64url(&rsa.e().to_vec()) })
}

pub(crate) fn pem(key: &PKey<Private>) -> Vec<u8> {
    key.private_key_to_pem_pkcs8().unwrap()
}

/// RSA-OAEP with SHA-256 for hash and mask, as the bridge does it.
pub(crate) fn unwrapped(encrypted: &[u8]) -> Vec<u8> {
    let mut decrypter = Decrypter::new(&GATE).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    decrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
    decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
    let mut key = vec![0; decrypter.decrypt_len(encrypted).unwrap()];
    let length = decrypter.decrypt(encrypted, &mut key).unwrap_or(0);
    key.truncate(length);
    key
}

pub(crate) fn wrapped(secret: &[u8]) -> Vec<u8> {
    let public: PKey<Public> =
        PKey::public_key_from_pem(&GATE.public_key_to_pem().unwrap()).unwrap();
    let mut encrypter = Encrypter::new(&public).unwrap();
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    encrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
    encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
    let mut encrypted = vec![0; encrypter.encrypt_len(secret).unwrap()];
    let length = encrypter.encrypt(secret, &mut encrypted).unwrap();
    encrypted.truncate(length);
    encrypted
}

/// A compact JWE by `josekit`, with the header members of a vendor.
pub(crate) fn josekit_seals(enc: &str, extra: Value, plaintext: &[u8]) -> String {
    let mut header = json!({ "alg": "RSA-OAEP-256", "enc": enc, "kid": "gate-2026" });
    let members = header.as_object_mut().unwrap();
    members.extend(extra.as_object().unwrap().clone());
    let header = JweHeader::from_map(members.clone()).unwrap();
    let encrypter = RSA_OAEP_256
        .encrypter_from_pem(GATE.public_key_to_pem().unwrap())
        .unwrap();
    jwe::serialize_compact(plaintext, &header, &encrypter).unwrap()
}

pub(crate) fn josekit_opens(token: &str) -> Vec<u8> {
    let decrypter = RSA_OAEP_256.decrypter_from_pem(pem(&GATE)).unwrap();
    jwe::deserialize_compact(token, &decrypter).unwrap().0
}

pub(crate) fn josekit_signs(alg: &str, key: &PKey<Private>, payload: &[u8]) -> String {
    let header = JwsHeader::new();
    let signed = match alg {
        "PS256" => {
            // josekit wants PSS written into PKCS #8, and takes the bare key.
            let bare = key.rsa().unwrap().private_key_to_der().unwrap();
            jws::serialize_compact(payload, &header, &PS256.signer_from_der(bare).unwrap())
        }
        _ => jws::serialize_compact(payload, &header, &RS256.signer_from_pem(pem(key)).unwrap()),
    };
    signed.unwrap()
}

/// Mastercard's library of one language.
pub(crate) struct Vendor {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Vendor {
    pub(crate) fn both() -> [Self; 2] {
        [
            program::node("payload", "mastercard.mjs"),
            program::python("payload", "mastercard.py"),
        ]
        .map(Self::start)
    }

    fn start(mut command: Command) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("certificate.pem"), certificate()).unwrap();
        let key = GATE.rsa().unwrap().private_key_to_pem().unwrap();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        let mut child = command.spawn().expect("the maker starts");
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            _child: child,
            folder,
        }
    }

    pub(crate) fn ask(&mut self, mut question: Value) -> Value {
        let path = |name: &str| self.folder.path().join(name).to_string_lossy().into_owned();
        question["certificate"] = json!(path("certificate.pem"));
        question["key"] = json!(path("key.pem"));
        writeln!(self.input, "{question}").unwrap();
        self.input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let mut answer: Value = serde_json::from_str(&line).expect("the maker answers JSON");
        assert!(answer.get("error").is_none(), "{}", answer["error"]);
        answer["made"].take()
    }
}

/// A certificate of the gate's key, which is how Mastercard's libraries want it.
fn certificate() -> Vec<u8> {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "gate").unwrap();
    let name = name.build();
    let mut certificate = X509Builder::new().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_pubkey(&GATE).unwrap();
    certificate
        .set_not_before(&Asn1Time::days_from_now(0).unwrap())
        .unwrap();
    certificate
        .set_not_after(&Asn1Time::days_from_now(2).unwrap())
        .unwrap();
    certificate.sign(&GATE, MessageDigest::sha256()).unwrap();
    certificate.build().to_pem().unwrap()
}
