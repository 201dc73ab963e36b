//! Private keys in OpenSSL's hands, and the same keys as we read them.

use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{EcGroup, EcKey, PointConversionForm};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::{MessageDigest, hash};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer as Sign};
use sealgate_signature::{Algorithm, PublicKey, SignatureError, Signer};

/// A new key for an algorithm.
pub(crate) fn generate(algorithm: Algorithm) -> PKey<Private> {
    let curve = match algorithm {
        Algorithm::Ed25519 => return PKey::generate_ed25519().unwrap(),
        Algorithm::EcdsaP256Sha256 => Nid::X9_62_PRIME256V1,
        Algorithm::EcdsaP384Sha384 => Nid::SECP384R1,
        _ => return PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
    };
    let group = EcGroup::from_curve_name(curve).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

/// The public half.
pub(crate) fn public(key: &PKey<Private>, algorithm: Algorithm) -> PublicKey {
    let point = || {
        let key = key.ec_key().unwrap();
        let mut context = BigNumContext::new().unwrap();
        let form = PointConversionForm::UNCOMPRESSED;
        let point = key.public_key();
        point.to_bytes(key.group(), form, &mut context).unwrap()
    };
    match algorithm {
        Algorithm::Ed25519 => {
            let raw = key.raw_public_key().unwrap();
            PublicKey::ed25519(raw.as_slice().try_into().unwrap())
        }
        Algorithm::EcdsaP256Sha256 => PublicKey::p256(&point()),
        Algorithm::EcdsaP384Sha384 => PublicKey::p384(&point()),
        _ => {
            let rsa = key.rsa().unwrap();
            PublicKey::rsa(&rsa.n().to_vec(), &rsa.e().to_vec(), algorithm)
        }
    }
    .unwrap()
}

/// A private key with its algorithm.
pub(crate) struct OpenSsl(pub(crate) PKey<Private>, pub(crate) Algorithm);

impl Signer for OpenSsl {
    fn algorithm(&self) -> Algorithm {
        self.1
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Vec<u8>, SignatureError> {
        let message = parts.concat();
        let signature = match self.1 {
            Algorithm::Ed25519 => Sign::new_without_digest(&self.0)
                .unwrap()
                .sign_oneshot_to_vec(&message)
                .unwrap(),
            Algorithm::EcdsaP256Sha256 => self.ecdsa(&message, MessageDigest::sha256(), 32),
            Algorithm::EcdsaP384Sha384 => self.ecdsa(&message, MessageDigest::sha384(), 48),
            Algorithm::RsaPssSha256 => self.rsa(&message, MessageDigest::sha256(), true),
            Algorithm::RsaPssSha512 => self.rsa(&message, MessageDigest::sha512(), true),
            _ => self.rsa(&message, MessageDigest::sha256(), false),
        };
        Ok(signature)
    }
}

impl OpenSsl {
    /// `r` and `s`, each of its full width.
    fn ecdsa(&self, message: &[u8], digest: MessageDigest, width: i32) -> Vec<u8> {
        let key = self.0.ec_key().unwrap();
        let signature = EcdsaSig::sign(&hash(digest, message).unwrap(), &key).unwrap();
        let padded = |number: &openssl::bn::BigNumRef| {
            let number: BigNum = number.to_owned().unwrap();
            number.to_vec_padded(width).unwrap()
        };
        [padded(signature.r()), padded(signature.s())].concat()
    }

    fn rsa(&self, message: &[u8], digest: MessageDigest, pss: bool) -> Vec<u8> {
        let mut signer = Sign::new(digest, &self.0).unwrap();
        if pss {
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            let salt = RsaPssSaltlen::DIGEST_LENGTH;
            signer.set_rsa_pss_saltlen(salt).unwrap();
        }
        signer.sign_oneshot_to_vec(message).unwrap()
    }
}
