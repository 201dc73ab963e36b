//! A private key in a file: for tools and clients. A gate's own RSA keys stay in hardware.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use sealgate_jose::jwe::{ContentEncryption, DecryptionKey, KeyManagement};
use sealgate_jose::jwk::{OctJwk, PrivateJwk};
use zeroize::Zeroizing;

use super::keys::{is_pem, jwk_file, pkcs8};

/// What `sealgate keygen` writes: a JWK, or RSA in PEM.
pub(crate) enum PrivateKey {
    Jwk(PathBuf),
    Rsa(OaepPrivateDecryptingKey),
}

impl PrivateKey {
    /// Reads the file.
    ///
    /// # Errors
    /// When it holds no key. No message repeats what is in it.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !is_pem(path)? {
            return Ok(Self::Jwk(path.to_path_buf()));
        }
        let der = pkcs8(path)?;
        let key = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der())
            .map_err(|error| anyhow::anyhow!("{} is no RSA key: {error}", path.display()))?;
        OaepPrivateDecryptingKey::new(key)
            .map(Self::Rsa)
            .map_err(|_| anyhow::anyhow!("{} is no RSA key that decrypts", path.display()))
    }

    /// The key for JWEs of `alg`; RSA unwraps the content key only.
    ///
    /// # Errors
    /// When the key is not one of this algorithm, or does not unwrap.
    pub(crate) fn unlock(&self, alg: KeyManagement, encrypted_key: &[u8]) -> Result<Unlocked> {
        match self {
            Self::Jwk(path) => jwk(path, alg).map(Unlocked::Key),
            Self::Rsa(key) => content_key(key, alg, encrypted_key).map(Unlocked::ContentKey),
        }
    }
}

/// What opens a message.
pub(crate) enum Unlocked {
    Key(DecryptionKey),
    ContentKey(Zeroizing<Vec<u8>>),
}

fn jwk(path: &Path, alg: KeyManagement) -> Result<DecryptionKey> {
    let jwk = jwk_file(path)?;
    let key = match (alg.is_ecdh(), alg.is_hpke()) {
        (true, _) => {
            PrivateJwk::from_value(&jwk).and_then(|private| DecryptionKey::private(alg, private))
        }
        (_, true) => DecryptionKey::hpke(alg, &jwk),
        _ => OctJwk::from_value(&jwk).and_then(|secret| {
            let enc = ContentEncryption::A256Gcm;
            DecryptionKey::symmetric(alg, enc, secret.expose())
        }),
    };
    key.map_err(|fault| {
        anyhow::anyhow!(
            "the key in {} does not open {}: {fault}",
            path.display(),
            alg.name()
        )
    })
}

fn content_key(
    key: &OaepPrivateDecryptingKey,
    alg: KeyManagement,
    encrypted_key: &[u8],
) -> Result<Zeroizing<Vec<u8>>> {
    let padding = match alg.name() {
        "RSA-OAEP" => &OAEP_SHA1_MGF1SHA1,
        "RSA-OAEP-256" => &OAEP_SHA256_MGF1SHA256,
        "RSA-OAEP-384" => &OAEP_SHA384_MGF1SHA384,
        "RSA-OAEP-512" => &OAEP_SHA512_MGF1SHA512,
        other => bail!("the key is one of RSA, and the message says {other}"),
    };
    let mut bytes = Zeroizing::new(vec![0; key.min_output_size()]);
    let length = key
        .decrypt(padding, encrypted_key, &mut bytes, None)
        .map_err(|_| anyhow::anyhow!("not opened: wrong key, or changed on its way"))?
        .len();
    bytes.truncate(length);
    Ok(bytes)
}
