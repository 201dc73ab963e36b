//! The key of a signature: a secret, a private key in PKCS#8, or a public JWK.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use sealgate_engine::verification_key;
use sealgate_signature::{Algorithm, MacKey, Scheme, SignatureError, Signer, VerificationKey};

use crate::sealing::keys::{NamedSecret, SECRET_HELP, jwk_file, pkcs8};

/// The key that signs or verifies.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct KeyArgs {
    /// A shared secret; see SOURCE below
    #[arg(long, value_name = "ID=SOURCE", long_help = SECRET_HELP, help_heading = "Key")]
    pub(crate) mac_key: Option<String>,

    /// Algorithm of the key, as in a policy; default: the first the scheme has for such a key
    #[arg(long, value_name = "ALG", help_heading = "Key")]
    pub(crate) alg: Option<String>,
}

/// Makes the signer: from `--mac-key`, or from a PEM file with a PKCS#8 private key.
///
/// # Errors
/// When there is no key, or it does not fit the scheme.
pub(crate) fn signer(
    scheme: &dyn Scheme,
    args: &KeyArgs,
    private: Option<(&Path, &str)>,
) -> Result<(String, Box<dyn Signer>)> {
    match (&args.mac_key, private) {
        (Some(text), None) => {
            let named = NamedSecret::parse(text)?;
            let algorithm = algorithm(scheme, args.alg.as_deref(), true)?;
            let key = MacKey::with_algorithm(algorithm, named.bytes.to_vec())
                .map_err(|error| anyhow::anyhow!("the key {} is unusable: {error}", named.id))?;
            Ok((named.id, Box::new(key)))
        }
        (None, Some((path, id))) => {
            let algorithm = algorithm(scheme, args.alg.as_deref(), false)?;
            Ok((id.to_owned(), Box::new(PrivateKey::read(path, algorithm)?)))
        }
        _ => bail!("name one key: --mac-key, or --private-key with --key-id"),
    }
}

impl KeyArgs {
    /// The key that verifies: `--mac-key`, or a public JWK.
    ///
    /// # Errors
    /// When there is no key, or it is unusable.
    pub(crate) fn verifier(
        &self,
        scheme: &dyn Scheme,
        public: Option<&PathBuf>,
    ) -> Result<VerificationKey> {
        match (&self.mac_key, public) {
            (Some(text), None) => {
                let named = NamedSecret::parse(text)?;
                let algorithm = algorithm(scheme, self.alg.as_deref(), true)?;
                MacKey::with_algorithm(algorithm, named.bytes.to_vec())
                    .map(VerificationKey::Mac)
                    .map_err(|error| anyhow::anyhow!("the key {} is unusable: {error}", named.id))
            }
            (None, Some(path)) => {
                let jwk = jwk_file(path)?;
                let named = jwk.get("alg").and_then(|alg| alg.as_str());
                let algorithm = algorithm(scheme, self.alg.as_deref().or(named), false)?;
                verification_key(&jwk, algorithm)
                    .map_err(|error| anyhow::anyhow!("{} is unusable: {error}", path.display()))
            }
            _ => bail!("name one key: --mac-key, or --public-key"),
        }
    }
}

fn algorithm(scheme: &dyn Scheme, named: Option<&str>, mac: bool) -> Result<Algorithm> {
    let known = scheme.algorithms();
    let names = || {
        let names: Vec<&str> = known.iter().map(|algorithm| algorithm.name()).collect();
        names.join(", ")
    };
    let found = match named {
        Some(name) => Algorithm::from_name(name).filter(|algorithm| known.contains(algorithm)),
        None => known
            .iter()
            .copied()
            .find(|algorithm| algorithm.is_mac() == mac),
    };
    found
        .filter(|algorithm| algorithm.is_mac() == mac)
        .with_context(|| format!("no such key fits {}; it has {}", scheme.name(), names()))
}

/// A private key in this process: for tools, never in a gate.
pub(crate) struct PrivateKey {
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

impl PrivateKey {
    /// From PKCS#8 in PEM.
    ///
    /// # Errors
    /// When the file holds none, or one of another algorithm.
    pub(crate) fn read(path: &Path, algorithm: Algorithm) -> Result<Self> {
        let der = pkcs8(path)?;
        let der = der.secret_pkcs8_der();
        let rejected =
            |error| anyhow::anyhow!("{} is no {} key: {error}", path.display(), algorithm.name());
        let rsa = |encoding| -> Result<Pair> {
            Ok(Pair::Rsa(
                RsaKeyPair::from_pkcs8(der).map_err(rejected)?,
                encoding,
            ))
        };
        let pair = match algorithm {
            Algorithm::Ed25519 => {
                Pair::Ed25519(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(rejected)?)
            }
            Algorithm::EcdsaP256Sha256 => Pair::Ecdsa(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                    .map_err(rejected)?,
            ),
            Algorithm::EcdsaP384Sha384 => Pair::Ecdsa(
                EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, der)
                    .map_err(rejected)?,
            ),
            Algorithm::RsaPssSha256 => rsa(&RSA_PSS_SHA256)?,
            Algorithm::RsaPssSha512 => rsa(&RSA_PSS_SHA512)?,
            Algorithm::RsaV15Sha256 => rsa(&RSA_PKCS1_SHA256)?,
            other => bail!("{} has no private key", other.name()),
        };
        Ok(Self { algorithm, pair })
    }
}

impl Signer for PrivateKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        let message = parts.concat();
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed25519(pair) => Ok(pair.sign(&message).as_ref().to_vec()),
            Pair::Ecdsa(pair) => pair
                .sign(&random, &message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| SignatureError::SigningFailed),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, &message, &mut signature)
                    .map_err(|_| SignatureError::SigningFailed)?;
                Ok(signature)
            }
        }
    }
}
