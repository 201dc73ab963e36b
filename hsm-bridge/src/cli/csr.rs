//! `hsm-bridge csr`: a certificate request (PKCS#10, RFC 2986) that the token signs with its own key.

use rcgen::{
    CertificateParams, DistinguishedName, DnType, PublicKeyData, SignatureAlgorithm, SigningKey,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::der::{integer, rsa_public_key, sequence};
use super::{Failed, named, open};
use crate::config::Config;
use crate::jwa::Algorithm;
use crate::token::pkcs11::Pkcs11Token;
use crate::token::{Curve, Hash, KeyKind, Order, Scheme, Token as _, TokenFault};

/// Prints the request in PEM. `kid` may name a version (`gw#2`); `names` are DNS names or addresses for
/// the extension of alternative names.
pub(super) fn csr(
    config: &Config,
    kid: &str,
    common_name: &str,
    names: Vec<String>,
) -> Result<(), Failed> {
    let named = named(config, kid)?;
    let label = named.version.label;
    let token = open(named.token, false)?;
    let facts = token.describe(0, &label)?;
    let (public, how) = signer(&facts.kind, &named.key.plan.algorithms).ok_or_else(|| {
        Failed(format!(
            "{kid} cannot sign a request: that takes a key of purpose sign with ES256, ES384, EdDSA \
             or RS256"
        ))
    })?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let signing = Remote {
        token: &token,
        label: &label,
        public,
        how,
    };
    print!("{}", params.serialize_request(&signing)?.pem()?);
    Ok(())
}

/// A key in the token, for the maker of the request.
struct Remote<'a> {
    token: &'a Pkcs11Token,
    label: &'a str,
    public: Vec<u8>,
    how: How,
}

#[derive(Clone, Copy)]
struct How {
    name: &'static SignatureAlgorithm,
    scheme: Scheme,
    hash: fn(&[u8]) -> Vec<u8>,
}

impl PublicKeyData for Remote<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.how.name
    }
}

impl SigningKey for Remote<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let order = Order::Sign {
            scheme: self.how.scheme,
            input: (self.how.hash)(message),
        };
        let signed = self.token.perform(0, self.label, &order);
        let signed = signed.map_err(|fault: TokenFault| {
            tracing::error!(event = "order-failed", detail = %fault);
            rcgen::Error::RemoteKeyError
        })?;
        Ok(match self.how.scheme {
            // X.509 has r and s as two integers (RFC 3279 section 2.2.3).
            Scheme::Ecdsa => {
                let (r, s) = signed.bytes.split_at(signed.bytes.len() / 2);
                sequence(&[integer(r), integer(s)].concat())
            }
            _ => signed.bytes.to_vec(),
        })
    }
}

/// The public key as the request holds it, and how it signs.
fn signer(kind: &KeyKind, algorithms: &[Algorithm]) -> Option<(Vec<u8>, How)> {
    let may = |algorithm| algorithms.contains(&algorithm);
    match kind {
        KeyKind::Ec {
            curve,
            point: Some(point),
        } => {
            let how = match curve {
                Curve::P256 if may(Algorithm::Es256) => How {
                    name: &rcgen::PKCS_ECDSA_P256_SHA256,
                    scheme: Scheme::Ecdsa,
                    hash: |message| Sha256::digest(message).to_vec(),
                },
                Curve::P384 if may(Algorithm::Es384) => How {
                    name: &rcgen::PKCS_ECDSA_P384_SHA384,
                    scheme: Scheme::Ecdsa,
                    hash: |message| Sha384::digest(message).to_vec(),
                },
                Curve::Ed25519 if may(Algorithm::EdDsa) => How {
                    name: &rcgen::PKCS_ED25519,
                    scheme: Scheme::Ed25519,
                    hash: <[u8]>::to_vec,
                },
                _ => return None,
            };
            Some((point.clone(), how))
        }
        KeyKind::Rsa { modulus, exponent } => {
            let (hash, name) = if may(Algorithm::Rs256) {
                (Hash::Sha256, &rcgen::PKCS_RSA_SHA256)
            } else if may(Algorithm::Rs512) {
                (Hash::Sha512, &rcgen::PKCS_RSA_SHA512)
            } else {
                return None;
            };
            let public = rsa_public_key(modulus, exponent);
            let how = How {
                name,
                scheme: Scheme::Pkcs1(hash),
                hash: match hash {
                    Hash::Sha512 => |message| Sha512::digest(message).to_vec(),
                    _ => |message| Sha256::digest(message).to_vec(),
                },
            };
            Some((public, how))
        }
        _ => None,
    }
}
