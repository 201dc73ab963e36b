//! RSA private operations, in place of the HSM: the crate under test has none.

use std::sync::OnceLock;

use josekit::jwk::Jwk;
use rsa::{BoxedUint, Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey};
use sealgate_jose::jwe::KeyManagement;
use sealgate_jose::jws::SignatureAlgorithm;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::decode;

/// One of two keys, made by OpenSSL once per test binary.
pub(crate) fn rsa_key(serial: usize) -> Jwk {
    static KEYS: OnceLock<[Jwk; 2]> = OnceLock::new();
    let keys = KEYS.get_or_init(|| [(); 2].map(|()| Jwk::generate_rsa_key(2048).unwrap()));
    keys[serial].clone()
}

pub(crate) fn rsa_private(jwk: &Value) -> RsaPrivateKey {
    let number =
        |name: &str| BoxedUint::from_be_slice_vartime(&decode(jwk[name].as_str().unwrap()));
    let primes = vec![number("p"), number("q")];
    RsaPrivateKey::from_components(number("n"), number("e"), number("d"), primes).unwrap()
}

pub(crate) fn oaep_decrypt(
    alg: KeyManagement,
    key: &RsaPrivateKey,
    encrypted: &[u8],
) -> Option<Vec<u8>> {
    match alg {
        KeyManagement::RsaOaep => key.decrypt(Oaep::<Sha1>::new(), encrypted),
        KeyManagement::RsaOaep256 => key.decrypt(Oaep::<Sha256>::new(), encrypted),
        KeyManagement::RsaOaep384 => key.decrypt(Oaep::<Sha384>::new(), encrypted),
        _ => key.decrypt(Oaep::<Sha512>::new(), encrypted),
    }
    .ok()
}

pub(crate) fn rsa_sign(alg: SignatureAlgorithm, key: &RsaPrivateKey, message: &[u8]) -> Vec<u8> {
    let (sha_256, sha_384, sha_512) = (
        Sha256::digest(message),
        Sha384::digest(message),
        Sha512::digest(message),
    );
    let random = &mut rsa::rand_core::UnwrapErr(getrandom::SysRng);
    match alg {
        SignatureAlgorithm::Rs256 => key.sign(Pkcs1v15Sign::new::<Sha256>(), &sha_256),
        SignatureAlgorithm::Rs384 => key.sign(Pkcs1v15Sign::new::<Sha384>(), &sha_384),
        SignatureAlgorithm::Rs512 => key.sign(Pkcs1v15Sign::new::<Sha512>(), &sha_512),
        SignatureAlgorithm::Ps256 => key.sign_with_rng(random, Pss::<Sha256>::new(), &sha_256),
        SignatureAlgorithm::Ps384 => key.sign_with_rng(random, Pss::<Sha384>::new(), &sha_384),
        _ => key.sign_with_rng(random, Pss::<Sha512>::new(), &sha_512),
    }
    .unwrap()
}
