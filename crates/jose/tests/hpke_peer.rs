//! JOSE HPKE beside another implementation: PyPI `cryptography`, whose HPKE is OpenSSL's. It opens the
//! content key that we seal, and we open messages whose content key it sealed, for every suite that it
//! has (all of ours but the two with ML-KEM-768 and P-256).
#![cfg(not(target_arch = "wasm32"))]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use sealgate_jose::Limits;
use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, DecryptionKey, EncryptionKey, HpkeSuite,
    KeyManagement, SealSpec, Sealed, seal_compact,
};
use sealgate_jose::jwk::{Curve, EcPublicJwk, X25519PublicJwk};
use serde_json::{Value, json};

mod support;
use support::{decode, encode, seeded};

const PLAINTEXT: &[u8] = b"{\"amount\":\"10.00\"}";
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

#[test]
fn openssl_opens_what_we_seal_and_we_open_what_it_seals() {
    let mut peer = Peer::start();
    let mut ran = 0;
    for suite in HpkeSuite::ALL {
        let alg = KeyManagement::HpkeKe(suite);
        let number: u64 = alg
            .name()
            .trim_start_matches("HPKE-")
            .trim_end_matches("-KE")
            .parse()
            .unwrap();
        if matches!(number, 8 | 9) {
            continue;
        }
        theirs_opens_ours(&mut peer, alg, number);
        ours_opens_theirs(&mut peer, suite, alg, number);
        ran += 1;
    }
    assert_eq!(ran, 14);
}

fn theirs_opens_ours(peer: &mut Peer, alg: KeyManagement, number: u64) {
    let public = peer.ask(json!({ "do": "make", "suite": number }));
    let lock = EncryptionKey::hpke(alg, &public_jwk(alg, number, &public)).unwrap();
    let token = seal_compact(PLAINTEXT, &SealSpec::new(ENC), &lock, &mut seeded(number));
    let token = token.unwrap();
    let sealed = Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
    let header: Value = serde_json::from_slice(&decode(token.split('.').next().unwrap())).unwrap();
    let encapsulated = decode(header["ek"].as_str().unwrap());
    let both = [encapsulated.as_slice(), sealed.encrypted_key()].concat();
    let cek = peer.ask(json!({
        "do": "open", "suite": number, "sealed": encode(&both), "info": info(),
    }));
    let cek = ContentEncryptionKey::from_slice(ENC, &cek).unwrap();
    assert_eq!(sealed.open(&cek).unwrap(), PLAINTEXT, "{}", alg.name());
}

fn ours_opens_theirs(peer: &mut Peer, suite: HpkeSuite, alg: KeyManagement, number: u64) {
    let mut private = vec![0; suite.private_key_bytes()];
    seeded(number + 100)(&mut private).unwrap();
    if number == 2 {
        private[0] = 0;
    }
    let jwk = suite.private_jwk(alg, &private).unwrap();
    let public = match jwk["kty"].as_str().unwrap() {
        "EC" => EcPublicJwk::from_value(&public_half(&jwk))
            .unwrap()
            .to_sec1()
            .to_vec(),
        "OKP" => decode(jwk["x"].as_str().unwrap()),
        _ => decode(jwk["pub"].as_str().unwrap()),
    };
    let cek = [0x5c; 32];
    let both = peer.ask(json!({
        "do": "seal", "suite": number, "public": encode(&public), "plaintext": encode(&cek),
        "info": info(),
    }));
    let (encapsulated, wrapped) = both.split_at(both.len() - cek.len() - 16);
    let header = json!({ "alg": alg.name(), "enc": ENC.name(), "ek": encode(encapsulated) });
    let header = encode(header.to_string().as_bytes());
    let iv = [3; 12];
    let mut content = PLAINTEXT.to_vec();
    sealgate_aead::seal_in_place(&cek, &iv, header.as_bytes(), &mut content).unwrap();
    let (ciphertext, tag) = content.split_last_chunk::<16>().unwrap();
    let parts = [
        encode(wrapped),
        encode(&iv),
        encode(ciphertext),
        encode(tag),
    ];
    let token = format!("{header}.{}", parts.join("."));
    let key = DecryptionKey::hpke(alg, &jwk).unwrap();
    let sealed = Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
    assert_eq!(key.open(sealed).unwrap(), PLAINTEXT, "{}", alg.name());
}

/// What both sides bind the content key to: the draft's words, written here anew.
fn info() -> String {
    encode(&[b"JOSE-HPKE rcpt\xff".as_slice(), b"A256GCM", b"\xff"].concat())
}

fn public_jwk(alg: KeyManagement, number: u64, public: &[u8]) -> Value {
    let mut jwk = match number {
        0 | 7 => ec_jwk(Curve::P256, public),
        1 => ec_jwk(Curve::P384, public),
        2 => ec_jwk(Curve::P521, public),
        3 | 4 => X25519PublicJwk::from_bytes(public.try_into().unwrap())
            .unwrap()
            .to_value(),
        _ => json!({ "kty": "AKP", "pub": encode(public) }),
    };
    jwk["alg"] = json!(alg.name());
    jwk
}

/// Of a point as SEC 1 writes it, uncompressed.
fn ec_jwk(curve: Curve, point: &[u8]) -> Value {
    let (x, y) = point[1..].split_at(curve.field_bytes());
    EcPublicJwk::from_coordinates(curve, x, y)
        .unwrap()
        .to_value()
}

fn public_half(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    jwk.as_object_mut().unwrap().remove("d");
    jwk
}

/// A process that answers one line of JSON with another; it ends when its input closes.
struct Peer {
    child: std::process::Child,
    input: std::process::ChildStdin,
    output: BufReader<std::process::ChildStdout>,
}

impl Peer {
    fn start() -> Self {
        assert!(
            std::env::var_os("SEALGATE_PYTHON_PACKAGES").is_some(),
            "run `cargo xtask test --only sealgate-jose`"
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/hpke.py");
        let mut child = Command::new("python3")
            .args(["-B", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn ask(&mut self, question: Value) -> Vec<u8> {
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let made = answer["made"].as_str();
        decode(made.unwrap_or_else(|| panic!("{question}: {answer}")))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
