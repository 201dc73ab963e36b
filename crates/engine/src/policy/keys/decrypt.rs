//! Keys that open tokens and payloads: which algorithm, and where its material may be.

use std::sync::Arc;

use base64ct::{Base64UrlUnpadded, Encoding};
use sealgate_jose::KeyFault;
use sealgate_jose::jwe::{ContentEncryption, Decoy, DecryptionKey, KeyManagement};
use sealgate_jose::jwk::{PrivateJwk, PublicJwk};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::DecryptAlgorithm;
use crate::policy::fault::Findings;
use crate::policy::material::Material;
use crate::policy::raw::RawKey;

/// Every algorithm of a decryption key, for the advice of a fault.
const KNOWN: &str = "A256GCM, dir, A128KW, A192KW, A256KW, A128GCMKW, A192GCMKW, A256GCMKW, ECDH-ES, \
    ECDH-ES+A128KW, ECDH-ES+A192KW, ECDH-ES+A256KW, RSA-OAEP, RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512";

/// The key of an entry with `use: decrypt`.
pub(super) fn algorithm(
    raw: &RawKey,
    material: Material,
    bridge_token: &str,
    path: &str,
    findings: &mut Findings,
) -> Option<DecryptAlgorithm> {
    if raw.alg == "A256GCM" {
        return raw_a256gcm(raw, &material, path, findings);
    }
    let management = management(&raw.alg, path, findings)?;
    let enc = content_encryptions(&raw.enc, path, findings)?;
    match material {
        Material::Bridge(kid) => {
            of_bridge(management, path, findings)?;
            Some(DecryptAlgorithm::JweBridge {
                management,
                decoy: Arc::new(Decoy::new(&[bridge_token.as_bytes(), kid.as_bytes()])),
                kid,
                enc,
            })
        }
        Material::Secret(secret) if !management.is_asymmetric() => {
            shared(management, enc, &secret, path, findings)
        }
        // A private JWK as text: from the environment or a file.
        Material::Secret(jwk) if management.is_ecdh() || management.is_hpke() => {
            private(management, enc, &jwk, path, findings)
        }
        Material::PublicJwk(jwk) if management.is_ecdh() || management.is_hpke() => {
            private(management, enc, &Zeroizing::new(jwk), path, findings)
        }
        Material::Secret(_) | Material::PublicJwk(_) => {
            let (problem, remedy) = match management.is_rsa() {
                true => (
                    format!("a {} key must stay in hardware", raw.alg),
                    "create it with `hsm-bridge keygen` and write { bridge: <kid> }",
                ),
                false => (
                    format!("{} works with a shared secret", raw.alg),
                    "use inline, env or file",
                ),
            };
            findings.fault(format!("{path}.material"), problem, remedy);
            None
        }
    }
}

fn management(alg: &str, path: &str, findings: &mut Findings) -> Option<KeyManagement> {
    if let Some(management) = KeyManagement::from_name(alg) {
        if management == KeyManagement::RsaOaep {
            findings.warn(
                "sha1-oaep",
                format!("{path}.alg"),
                "RSA-OAEP hashes with SHA-1",
                "prefer RSA-OAEP-256 or ECDH-ES+A256KW",
            );
        }
        return Some(management);
    }
    let problem = match alg {
        "RSA1_5" => "RSA1_5 is refused: its padding is an oracle".to_owned(),
        "none" => "none is refused: it protects nothing".to_owned(),
        _ if alg.starts_with("PBES2-") => {
            format!("{alg} is refused: passwords can be guessed, and the sender sets the cost")
        }
        _ => format!("{alg} is not a decryption algorithm"),
    };
    findings.fault(format!("{path}.alg"), problem, format!("write {KNOWN}"));
    None
}

/// What messages to this key may be encrypted with; `A256GCM` where nothing is written.
fn content_encryptions(
    names: &[String],
    path: &str,
    findings: &mut Findings,
) -> Option<Vec<ContentEncryption>> {
    if names.is_empty() {
        return Some(vec![ContentEncryption::A256Gcm]);
    }
    let mut known = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        match ContentEncryption::from_name(name) {
            Some(enc) => known.push(enc),
            None => {
                let all = ContentEncryption::ALL.map(ContentEncryption::name);
                findings.fault(
                    format!("{path}.enc[{index}]"),
                    format!("{name} is not a content encryption"),
                    format!("write {}", all.join(", ")),
                );
            }
        }
    }
    (known.len() == names.len()).then_some(known)
}

fn raw_a256gcm(
    raw: &RawKey,
    material: &Material,
    path: &str,
    findings: &mut Findings,
) -> Option<DecryptAlgorithm> {
    if !raw.enc.is_empty() {
        findings.fault(
            format!("{path}.enc"),
            "has no meaning for raw AES-256-GCM",
            "remove it",
        );
        return None;
    }
    let Material::Secret(secret) = material else {
        findings.fault(
            format!("{path}.material"),
            "A256GCM works with the secret itself, which a token does not give away",
            "use inline, env or file; or a key of alg ECDH-ES+A256KW, RSA-OAEP-256 or A256KW in the bridge",
        );
        return None;
    };
    match <[u8; 32]>::try_from(secret.as_slice()) {
        Ok(bytes) => Some(DecryptAlgorithm::RawA256Gcm(Zeroizing::new(bytes))),
        Err(_) => {
            length(secret.len(), "an AES-256 key has 32 bytes", path, findings);
            None
        }
    }
}

fn shared(
    management: KeyManagement,
    enc: Vec<ContentEncryption>,
    secret: &[u8],
    path: &str,
    findings: &mut Findings,
) -> Option<DecryptAlgorithm> {
    // One key for two content encryptions would be one key for two algorithms.
    let first = match enc.as_slice() {
        [several @ .., _] if management == KeyManagement::Dir && !several.is_empty() => {
            findings.fault(
                format!("{path}.enc"),
                "names several, and a dir key is the content key of one",
                "write one, and another key for each of the others",
            );
            return None;
        }
        [first, ..] => *first,
        [] => return None,
    };
    match DecryptionKey::symmetric(management, first, secret) {
        Ok(key) => Some(DecryptAlgorithm::JweLocal {
            key,
            enc,
            thumbprint: None,
        }),
        Err(_) => {
            let bytes = management.shared_key_bytes().unwrap_or(first.cek_bytes());
            let wanted = match management {
                KeyManagement::Dir => format!("a dir key for {} has {bytes} bytes", first.name()),
                _ => format!("an {} key has {bytes} bytes", management.name()),
            };
            length(secret.len(), &wanted, path, findings);
            None
        }
    }
}

fn private(
    management: KeyManagement,
    enc: Vec<ContentEncryption>,
    jwk: &[u8],
    path: &str,
    findings: &mut Findings,
) -> Option<DecryptAlgorithm> {
    let key = match management.is_hpke() {
        true => hpke(management, jwk),
        false => PrivateJwk::from_slice(jwk).and_then(|jwk| {
            let thumbprint = jwk.public().thumbprint();
            DecryptionKey::private(management, jwk).map(|key| (key, thumbprint))
        }),
    };
    let key = key.map(|(key, thumbprint)| (key, Base64UrlUnpadded::encode_string(&thumbprint)));
    match key {
        Ok((key, thumbprint)) => {
            findings.warn(
                "private-key-outside-hardware",
                format!("{path}.material"),
                "whoever reads this key opens every message ever sealed to it",
                "for production create it with `hsm-bridge keygen` and write { bridge: <kid> }",
            );
            Some(DecryptAlgorithm::JweLocal {
                key,
                enc,
                thumbprint: Some(thumbprint),
            })
        }
        Err(fault) => {
            findings.fault(
                format!("{path}.material"),
                format!("is not a usable private key: {fault}"),
                "write a private JWK (kty EC, OKP with X25519, AKP), or { bridge: <kid> }",
            );
            None
        }
    }
}

/// A private JWK of JOSE HPKE, and its thumbprint: that of the public half, as senders compute it.
fn hpke(management: KeyManagement, jwk: &[u8]) -> Result<(DecryptionKey, [u8; 32]), KeyFault> {
    let mut jwk: Value = serde_json::from_slice(jwk).map_err(|_| KeyFault::Malformed)?;
    let key = DecryptionKey::hpke(management, &jwk)?;
    if let Some(members) = jwk.as_object_mut() {
        for name in ["d", "priv"] {
            if let Some(Value::String(secret)) = members.get_mut(name) {
                secret.zeroize();
            }
            members.remove(name);
        }
    }
    Ok((key, PublicJwk::from_value(&jwk)?.thumbprint()))
}

/// What hsm-bridge unwraps (crates/wire/WIRE.md).
fn of_bridge(management: KeyManagement, path: &str, findings: &mut Findings) -> Option<()> {
    if management == KeyManagement::Dir {
        findings.fault(
            format!("{path}.material"),
            "dir works with the secret itself, which a token does not give away",
            "use inline, env or file; or a key of alg ECDH-ES+A256KW, RSA-OAEP-256 or A256KW in the bridge",
        );
        return None;
    }
    if management.is_hpke() {
        findings.fault(
            format!("{path}.material"),
            format!("the bridge does not open {}", management.name()),
            "write a private JWK",
        );
        return None;
    }
    Some(())
}

fn length(bytes: usize, wanted: &str, path: &str, findings: &mut Findings) {
    findings.fault(
        format!("{path}.material"),
        format!("is {bytes} bytes long"),
        wanted.to_owned(),
    );
}
