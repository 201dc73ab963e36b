//! npm `jose`, PyPI `jwcrypto` and PyPI `joserfc`: they open what we seal and we open what they seal,
//! every `alg` x `enc` x curve x serialization that they know; likewise signatures. One process per
//! language answers all questions. They are no oracle for refusals: each is lenient somewhere.
#![cfg(not(target_arch = "wasm32"))]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use sealgate_jose::Limits;
use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, DecryptionKey, EncryptionKey, GeneralRecipient, Json,
    KeyManagement, SealSpec, Sealed, seal_compact, seal_flattened, seal_general,
};
use sealgate_jose::jwk::{Curve, PrivateJwk, PublicJwk};
use sealgate_jose::jws::{
    SignKey, SignSpec, SignatureAlgorithm, Unsigned, VerifyKey, sign_compact, verify,
};
use serde_json::{Value, json};

mod support;
use support::rsa::{oaep_decrypt, rsa_key, rsa_private, rsa_sign};
use support::{decode, encode, seeded, value};

const PLAINTEXT: &[u8] = b"{\"amount\":\"10.00\",\"to\":\"\xc3\xa9\"}";
const AAD: &[u8] = b"in the clear";
const CURVES: [&str; 4] = ["P-256", "P-384", "P-521", "X25519"];

/// A process that answers one line of JSON with another; it ends when its input closes.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The library asked, where the process knows several.
    name: Option<&'static str>,
}

impl Peer {
    fn npm_jose() -> Self {
        let node = std::env::var_os("SEALGATE_NODE").unwrap_or_else(|| "node".into());
        Self::start(Command::new(node), "jose.mjs", None)
    }

    fn python(name: &'static str) -> Self {
        let mut python = Command::new("python3");
        python.arg("-B");
        Self::start(python, "jose.py", Some(name))
    }

    fn start(mut command: Command, script: &str, name: Option<&'static str>) -> Self {
        for variable in ["SEALGATE_NODE_MODULES", "SEALGATE_PYTHON_PACKAGES"] {
            let set = std::env::var_os(variable).is_some();
            assert!(
                set,
                "{variable} is not set; run `cargo xtask test --only sealgate-jose`"
            );
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut child = command
            .arg(folder.join(script))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take().unwrap(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            name,
        }
    }

    fn ask(&mut self, mut question: Value) -> Result<String, String> {
        if let Some(name) = self.name {
            question["peer"] = json!(name);
        }
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        match answer["made"].as_str() {
            Some(made) => Ok(made.to_owned()),
            None => Err(answer["error"].to_string()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A private or shared JWK for this algorithm.
fn fresh(alg: KeyManagement, enc: ContentEncryption, curve: &str) -> Value {
    let random = |bytes: usize| {
        let mut out = vec![0; bytes];
        getrandom::fill(&mut out).unwrap();
        out
    };
    if alg.is_rsa() {
        return value(&rsa_key(0));
    }
    if !alg.is_ecdh() {
        let bytes = alg.shared_key_bytes().unwrap_or(enc.cek_bytes());
        return json!({ "kty": "oct", "k": encode(&random(bytes)) });
    }
    if curve == "X25519" {
        let secret = x25519_dalek::StaticSecret::from(<[u8; 32]>::try_from(random(32)).unwrap());
        let x = x25519_dalek::PublicKey::from(&secret);
        return json!({
            "kty": "OKP", "crv": curve, "x": encode(x.as_bytes()), "d": encode(secret.as_bytes()),
        });
    }
    ec_private(Curve::from_name(curve).unwrap(), random)
}

fn ec_private(curve: Curve, random: impl Fn(usize) -> Vec<u8>) -> Value {
    let mut scalar = random(curve.field_bytes());
    scalar[0] &= 1;
    let mut jwk = SignKey::ecdsa(curve, &scalar)
        .unwrap()
        .ec_public()
        .unwrap()
        .to_value();
    jwk["d"] = json!(encode(&scalar));
    jwk
}

/// The half of a JWK that its holder gives away; a shared secret is given whole.
fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    if jwk["kty"] != "oct" {
        let private = ["d", "p", "q", "dp", "dq", "qi"];
        jwk.as_object_mut()
            .unwrap()
            .retain(|name, _| !private.contains(&name.as_str()));
    }
    jwk
}

fn lock(alg: KeyManagement, enc: ContentEncryption, jwk: &Value) -> EncryptionKey {
    match alg.is_asymmetric() {
        true => EncryptionKey::public(alg, &PublicJwk::from_value(&public(jwk)).unwrap()),
        false => EncryptionKey::symmetric(alg, enc, &decode(jwk["k"].as_str().unwrap())),
    }
    .unwrap()
}

fn open(alg: KeyManagement, jwk: &Value, sealed: Sealed<'_>) -> Vec<u8> {
    let enc = sealed.header().enc;
    if alg.is_rsa() {
        let cek = oaep_decrypt(alg, &rsa_private(jwk), sealed.encrypted_key()).unwrap();
        return sealed
            .open(&ContentEncryptionKey::from_slice(enc, &cek).unwrap())
            .unwrap();
    }
    let key = match alg.is_ecdh() {
        true => DecryptionKey::private(alg, PrivateJwk::from_value(jwk).unwrap()),
        false => DecryptionKey::symmetric(alg, enc, &decode(jwk["k"].as_str().unwrap())),
    };
    key.unwrap().open(sealed).unwrap()
}

/// Every pair of algorithms both ways, compact and flattened with `aad`.
fn matrix(peer: &mut Peer, lacks: &[KeyManagement]) {
    let mut ran = 0;
    for alg in KeyManagement::ALL {
        if lacks.contains(&alg) {
            continue;
        }
        let curves = if alg.is_ecdh() { &CURVES[..] } else { &[""] };
        for (curve, enc) in curves
            .iter()
            .flat_map(|curve| ContentEncryption::ALL.map(|enc| (curve, enc)))
        {
            let name = format!("{:?} {} {} {curve}", peer.name, alg.name(), enc.name());
            let jwk = fresh(alg, enc, curve);
            let spec = SealSpec {
                kid: Some("k"),
                ..SealSpec::new(enc)
            };
            let lock = lock(alg, enc, &jwk);
            let mut random = seeded(ran);
            for form in ["compact", "flattened"] {
                let aad = (form == "flattened").then_some(AAD);
                let made = peer.ask(json!({
                    "do": "seal", "form": form, "enc": enc.name(), "plaintext": encode(PLAINTEXT),
                    "aad": aad.map(encode),
                    "recipients": [{ "alg": alg.name(), "kid": "k", "jwk": public(&jwk) }],
                }));
                let made = made.unwrap_or_else(|error| panic!("{name} {form}: {error}"));
                let sealed = match aad {
                    None => Sealed::compact(made.as_bytes(), &Limits::TOKEN).unwrap(),
                    Some(_) => Json::parse(made.as_bytes(), &Limits::TOKEN)
                        .and_then(|json| json.choose(|header| header.kid.as_deref() == Some("k")))
                        .unwrap(),
                };
                assert_eq!(open(alg, &jwk, sealed), PLAINTEXT, "{name} {form}");

                let ours = match aad {
                    None => seal_compact(PLAINTEXT, &spec, &lock, &mut random),
                    Some(_) => seal_flattened(PLAINTEXT, aad, &spec, &lock, &mut random),
                };
                let opened = peer.ask(json!({
                    "do": "open", "form": form, "text": ours.unwrap(),
                    "recipients": [{ "alg": alg.name(), "jwk": jwk }],
                }));
                assert_eq!(
                    opened.as_deref(),
                    Ok(encode(PLAINTEXT).as_str()),
                    "{name} {form}"
                );
                ran += 1;
            }
        }
    }
    let algorithms = (15 - lacks.len() + 3 * 4) as u64;
    assert_eq!(ran, algorithms * 6 * 2, "pairs of algorithms x forms");
}

/// Three recipients of different algorithms, both ways, in every content encryption.
fn general(peer: &mut Peer) {
    for enc in ContentEncryption::ALL {
        general_in(peer, enc);
    }
}

fn general_in(peer: &mut Peer, enc: ContentEncryption) {
    let recipients = [
        (KeyManagement::RsaOaep256, "rsa"),
        (KeyManagement::EcdhEsA256Kw, "ec"),
        (KeyManagement::A256Kw, "oct"),
    ]
    .map(|(alg, kid)| (alg, kid, fresh(alg, enc, "P-256")));
    let theirs = peer.ask(json!({
        "do": "seal", "form": "general", "enc": enc.name(), "plaintext": encode(PLAINTEXT),
        "aad": encode(AAD),
        "recipients": recipients.iter().map(|(alg, kid, jwk)| json!({
            "alg": alg.name(), "kid": kid, "jwk": public(jwk),
        })).collect::<Vec<_>>(),
    }));
    let theirs = theirs.unwrap();
    let locks = recipients
        .each_ref()
        .map(|(alg, kid, jwk)| (lock(*alg, enc, jwk), *kid));
    let to = locks.each_ref().map(|(key, kid)| GeneralRecipient {
        key,
        kid: Some(kid),
    });
    let spec = SealSpec::new(enc);
    let ours = seal_general(PLAINTEXT, Some(AAD), &spec, &to, &mut seeded(7)).unwrap();
    for (alg, kid, jwk) in &recipients {
        let sealed = Json::parse(theirs.as_bytes(), &Limits::TOKEN)
            .and_then(|json| json.choose(|header| header.kid.as_deref() == Some(kid)))
            .unwrap();
        assert_eq!(open(*alg, jwk, sealed), PLAINTEXT, "{:?} {kid}", peer.name);
        // The recipient that opens first; one library wants the keys of the others too.
        let mut all: Vec<_> = recipients.iter().collect();
        all.sort_by_key(|(_, other, _)| other != kid);
        let all: Vec<Value> = all
            .iter()
            .map(|(alg, kid, jwk)| json!({ "alg": alg.name(), "kid": kid, "jwk": jwk }))
            .collect();
        let opened = peer.ask(json!({
            "do": "open", "form": "general", "text": ours, "recipients": all,
        }));
        assert_eq!(
            opened.as_deref(),
            Ok(encode(PLAINTEXT).as_str()),
            "{:?} {kid}",
            peer.name
        );
    }
}

fn signatures(peer: &mut Peer) {
    let random = |bytes: usize| {
        let mut out = vec![0; bytes];
        getrandom::fill(&mut out).unwrap();
        out
    };
    for alg in SignatureAlgorithm::ALL {
        let jwk = match alg {
            _ if alg.is_mac() => json!({ "kty": "oct", "k": encode(&random(64)) }),
            SignatureAlgorithm::Es256 => ec_private(Curve::P256, random),
            SignatureAlgorithm::Es384 => ec_private(Curve::P384, random),
            SignatureAlgorithm::Es512 => ec_private(Curve::P521, random),
            SignatureAlgorithm::EdDsa => {
                let seed = <[u8; 32]>::try_from(random(32)).unwrap();
                let mut jwk = SignKey::ed25519(&seed).ed25519_public().unwrap().to_value();
                jwk["d"] = json!(encode(&seed));
                jwk
            }
            _ => value(&rsa_key(1)),
        };
        let private = |name: &str| decode(jwk[name].as_str().unwrap());
        let theirs = peer.ask(json!({
            "do": "sign", "alg": alg.name(), "jwk": jwk, "payload": encode(PLAINTEXT),
        }));
        let key = match alg.is_mac() {
            true => VerifyKey::mac(alg, &private("k")),
            false => VerifyKey::public(alg, &PublicJwk::from_value(&public(&jwk)).unwrap()),
        };
        let verified = verify(theirs.unwrap().as_bytes(), &key.unwrap(), &Limits::TOKEN);
        assert_eq!(verified.unwrap().payload(), PLAINTEXT, "{}", alg.name());

        let spec = SignSpec::default();
        let signer = match alg {
            _ if alg.is_mac() => SignKey::mac(alg, &private("k")).ok(),
            SignatureAlgorithm::Es256 => SignKey::ecdsa(Curve::P256, &private("d")).ok(),
            SignatureAlgorithm::Es384 => SignKey::ecdsa(Curve::P384, &private("d")).ok(),
            SignatureAlgorithm::Es512 => SignKey::ecdsa(Curve::P521, &private("d")).ok(),
            SignatureAlgorithm::EdDsa => Some(SignKey::ed25519(
                private("d").as_slice().try_into().unwrap(),
            )),
            _ => None,
        };
        let ours = match signer {
            Some(signer) => sign_compact(PLAINTEXT, &spec, &signer).unwrap(),
            None => {
                let unsigned = Unsigned::new(alg, PLAINTEXT, &spec).unwrap();
                let signature = rsa_sign(alg, &rsa_private(&jwk), unsigned.signing_input());
                unsigned.finish(&signature).unwrap()
            }
        };
        let verified = peer.ask(json!({
            "do": "verify", "alg": alg.name(), "jwk": public(&jwk), "text": ours,
        }));
        assert_eq!(
            verified.as_deref(),
            Ok(encode(PLAINTEXT).as_str()),
            "{}",
            alg.name()
        );
    }
}

#[test]
fn npm_jose() {
    let mut peer = Peer::npm_jose();
    matrix(&mut peer, &[]);
    general(&mut peer);
    signatures(&mut peer);
}

/// It has RSA-OAEP with SHA-1 and SHA-256 only.
#[test]
fn pypi_jwcrypto() {
    let mut peer = Peer::python("jwcrypto");
    matrix(
        &mut peer,
        &[KeyManagement::RsaOaep384, KeyManagement::RsaOaep512],
    );
    general(&mut peer);
    signatures(&mut peer);
}

/// It has RSA-OAEP with SHA-1 and SHA-256 only.
#[test]
fn pypi_joserfc() {
    let mut peer = Peer::python("joserfc");
    matrix(
        &mut peer,
        &[KeyManagement::RsaOaep384, KeyManagement::RsaOaep512],
    );
    general(&mut peer);
    signatures(&mut peer);
}
