//! Keys from the command line and from JWK files.

use std::path::Path;

use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use sealgate_jose::jwe::{ContentEncryption, EncryptionKey, KeyManagement};
use sealgate_jose::jwk::{OctJwk, PublicJwk, PublicKey};
use serde_json::Value;
use zeroize::Zeroizing;

/// Whom a token or body is sealed for.
#[derive(Debug)]
pub(crate) struct Recipient(EncryptionKey);

impl Recipient {
    /// The form the JOSE library takes.
    pub(crate) const fn key(&self) -> &EncryptionKey {
        &self.0
    }

    /// From a shared secret and its algorithm; `dir` means A256GCM.
    ///
    /// # Errors
    /// When the algorithm is not a symmetric one, or the secret has not its length.
    pub(crate) fn shared(alg: &str, secret: &[u8]) -> Result<Self> {
        let management = KeyManagement::from_name(alg)
            .filter(|management| !management.is_asymmetric())
            .with_context(|| {
                format!("{alg} does not work with a shared secret; use dir, A256KW or A256GCMKW")
            })?;
        let bytes = management.shared_key_bytes().unwrap_or(32);
        EncryptionKey::symmetric(management, ContentEncryption::A256Gcm, secret)
            .map(Self)
            .ok()
            .with_context(|| {
                format!(
                    "an {alg} key has {bytes} bytes, this one has {}",
                    secret.len()
                )
            })
    }

    /// From a JWK: EC and X25519 mean `ECDH-ES+A256KW`, RSA `RSA-OAEP-256`, oct `dir`, unless `alg`
    /// (the argument, else the member) says otherwise.
    ///
    /// # Errors
    /// When the JWK is not one of these, or does not go with the algorithm.
    pub(crate) fn from_jwk(jwk: &Value, alg: Option<&str>) -> Result<Self> {
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let alg = alg.or_else(|| member("alg"));
        let kty = member("kty").context("the recipient is no JWK: it has no kty")?;
        let wrong = |error| anyhow::anyhow!("the recipient's JWK is unusable: {error}");
        if kty == "oct" {
            let key = OctJwk::from_value(jwk).map_err(wrong)?;
            return Self::shared(alg.unwrap_or("dir"), key.expose());
        }
        let public = PublicJwk::from_value(jwk).map_err(wrong)?;
        let alg = alg.unwrap_or(match public.key {
            PublicKey::Rsa(_) => "RSA-OAEP-256",
            _ => "ECDH-ES+A256KW",
        });
        let unfit = || format!("a {kty} key with algorithm {alg} cannot be sealed to");
        let management = KeyManagement::from_name(alg).with_context(unfit)?;
        EncryptionKey::public(management, &public)
            .map(Self)
            .ok()
            .with_context(unfit)
    }
}

/// A named secret from the command line: `ID=hex:..`, `ID=env:NAME`, ...
pub(crate) struct NamedSecret {
    pub(crate) id: String,
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// How secrets are written on the command line, for help texts.
pub(crate) const SECRET_HELP: &str = "ID=SOURCE, where SOURCE is env:NAME or file:PATH (hex \
    inside), env-text:NAME or file-text:PATH (the characters themselves), hex:DIGITS, \
    base64url:CHARS or text:CHARS; the last three show the secret to everyone on this machine who \
    may list processes";

impl NamedSecret {
    /// Reads `ID=SOURCE`.
    ///
    /// # Errors
    /// When the form is another one, or the secret cannot be read. No message repeats the secret.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (id, source) = text.split_once('=').context("a key is written ID=SOURCE")?;
        let (kind, value) = source.split_once(':').context(
            "a key's source is env:, file:, env-text:, file-text:, hex:, base64url: or text:",
        )?;
        let env = |name: &str| {
            std::env::var(name)
                .map(String::into_bytes)
                .map(Zeroizing::new)
                .ok()
                .with_context(|| format!("environment variable {name} is not set"))
        };
        let file = |path: &str| {
            std::fs::read(path)
                .map(Zeroizing::new)
                .with_context(|| format!("cannot read {path}"))
        };
        let bytes = match kind {
            "env" => hex(&env(value)?)?,
            "env-text" => trimmed(&env(value)?),
            "file" => hex(&file(value)?)?,
            "file-text" => trimmed(&file(value)?),
            "hex" => hex(value.as_bytes())?,
            "base64url" => Zeroizing::new(
                Base64UrlUnpadded::decode_vec(value)
                    .map_err(|_| anyhow::anyhow!("the key is not base64url"))?,
            ),
            "text" => Zeroizing::new(value.as_bytes().to_vec()),
            other => bail!("{other} is no source of keys"),
        };
        if bytes.is_empty() {
            bail!("the key {id} is empty");
        }
        Ok(Self {
            id: id.to_owned(),
            bytes,
        })
    }

    /// The secret as an AES-256 key.
    ///
    /// # Errors
    /// When it has not 32 bytes.
    pub(crate) fn aes_256(&self) -> Result<Zeroizing<[u8; 32]>> {
        let bytes: [u8; 32] = self.bytes.as_slice().try_into().ok().with_context(|| {
            format!(
                "key {} has {} bytes, AES-256 takes 32",
                self.id,
                self.bytes.len()
            )
        })?;
        Ok(Zeroizing::new(bytes))
    }
}

/// The private key of a PEM file, in PKCS#8.
///
/// # Errors
/// When the file holds none.
pub(crate) fn pkcs8(path: &Path) -> Result<PrivatePkcs8KeyDer<'static>> {
    PrivatePkcs8KeyDer::from_pem_file(path)
        .with_context(|| format!("{} holds no PKCS#8 private key in PEM", path.display()))
}

/// Whether a key file is PEM; else it is meant to be a JWK.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn is_pem(path: &Path) -> Result<bool> {
    let text = std::fs::read(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim_ascii_start().starts_with(b"-----BEGIN "))
}

/// Reads a JWK file.
///
/// # Errors
/// When the file cannot be read or is not JSON.
pub(crate) fn jwk_file(path: &Path) -> Result<Value> {
    let text = Zeroizing::new(
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?,
    );
    serde_json::from_slice(&text)
        .map_err(|_| anyhow::anyhow!("{} is not a JWK: no JSON inside", path.display()))
}

/// Hex digits, whitespace around them ignored.
///
/// # Errors
/// Without a word about the digits.
pub(crate) fn hex(text: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let digits = text.trim_ascii();
    let pairs = digits.chunks(2).map(|pair| {
        let [high, low] = pair else { return None };
        let high = char::from(*high).to_digit(16)?;
        let low = char::from(*low).to_digit(16)?;
        u8::try_from(high << 4 | low).ok()
    });
    pairs
        .collect::<Option<Vec<u8>>>()
        .map(Zeroizing::new)
        .context("the key is not hex")
}

fn trimmed(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.trim_ascii().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_read_from_every_source_and_never_repeated_in_errors() {
        let read = |text: &str| NamedSecret::parse(text).map(|key| key.bytes.to_vec());
        assert_eq!(read("a=hex:00fF").expect("hex"), [0, 255]);
        assert_eq!(read("a=text:x=y:z").expect("text"), b"x=y:z");
        assert_eq!(read("a=base64url:AP8").expect("base64url"), [0, 255]);
        for wrong in [
            "a",
            "a=b",
            "a=hex:0",
            "a=hex:zz",
            "a=hex:",
            "a=other:1",
            "a=base64url:A",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let error = read("a=hex:5ec4e7x").expect_err("odd").to_string();
        assert!(!error.contains("5ec4e7"), "{error}");
    }

    #[test]
    fn a_recipient_is_chosen_by_its_key_type() {
        let oct = serde_json::json!({
            "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        });
        for (alg, expected) in [
            (None, KeyManagement::Dir),
            (Some("A256KW"), KeyManagement::A256Kw),
        ] {
            let recipient = Recipient::from_jwk(&oct, alg).expect("usable");
            assert_eq!(recipient.key().alg(), expected);
        }
        assert!(Recipient::from_jwk(&oct, Some("RSA-OAEP-256")).is_err());
        assert!(Recipient::from_jwk(&serde_json::json!({ "kty": "OKP" }), None).is_err());
    }
}
