//! JOSE HPKE (draft-ietf-jose-hpke-encrypt) with its post-quantum suites
//! (draft-ietf-jose-hpke-pq-pqt): `HPKE-n`, which encrypts the content itself, and `HPKE-n-KE`,
//! which encrypts the content-encryption key. Base mode only: `psk_id` is refused.

use core::fmt;

use hpke::aead::{AesGcm128, AesGcm256, ChaCha20Poly1305};
use hpke::kdf::{HkdfSha256, HkdfSha384, HkdfSha512, KdfShake256};
use hpke::kem::{
    DhP256HkdfSha256, DhP384HkdfSha384, DhP521HkdfSha512, MlKem768, MlKem768P256, MlKem1024,
    MlKem1024P384, X25519HkdfSha256, XWing,
};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{ContentEncryption, KeyManagement, Random};
use crate::jwk::{AkpPublicJwk, Curve, EcPublicJwk, X25519PublicJwk};
use crate::{JoseError, KeyFault, RandomError, base64url};

/// What the AEAD of every suite adds to a plaintext.
pub(super) const AEAD_TAG_BYTES: usize = 16;
/// More than any encapsulation draws: ML-KEM-1024 with P-384 takes 80.
const DRAWN_BYTES: usize = 256;

/// An encapsulated key, and the ciphertext with its tag.
pub(super) type Encapsulated = (Vec<u8>, Vec<u8>);

/// A suite of KEM, KDF and AEAD. Those on X448 (5 and 6) are not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum HpkeSuite {
    /// 0: P-256, SHA-256, AES-128-GCM.
    P256Aes128,
    /// 1: P-384, SHA-384, AES-256-GCM.
    P384Aes256,
    /// 2: P-521, SHA-512, AES-256-GCM.
    P521Aes256,
    /// 3: X25519, SHA-256, AES-128-GCM.
    X25519Aes128,
    /// 4: X25519, SHA-256, ChaCha20-Poly1305.
    X25519ChaCha,
    /// 7: P-256, SHA-256, AES-256-GCM.
    P256Aes256,
    /// 8: ML-KEM-768 with P-256, SHAKE256, AES-256-GCM.
    MlKem768P256Aes,
    /// 9: the same with ChaCha20-Poly1305.
    MlKem768P256ChaCha,
    /// 10: ML-KEM-768 with X25519 (X-Wing), SHAKE256, AES-256-GCM.
    XWingAes,
    /// 11: the same with ChaCha20-Poly1305.
    XWingChaCha,
    /// 12: ML-KEM-1024 with P-384, SHAKE256, AES-256-GCM.
    MlKem1024P384Aes,
    /// 13: the same with ChaCha20-Poly1305.
    MlKem1024P384ChaCha,
    /// 14: ML-KEM-768, SHAKE256, AES-256-GCM.
    MlKem768Aes,
    /// 15: the same with ChaCha20-Poly1305.
    MlKem768ChaCha,
    /// 16: ML-KEM-1024, SHAKE256, AES-256-GCM.
    MlKem1024Aes,
    /// 17: the same with ChaCha20-Poly1305.
    MlKem1024ChaCha,
}

/// Runs a function generic over AEAD, KDF and KEM for a suite.
macro_rules! with_suite {
    ($suite:expr, $run:ident($($argument:expr),*)) => {
        match $suite {
            HpkeSuite::P256Aes128 => $run::<AesGcm128, HkdfSha256, DhP256HkdfSha256>($($argument),*),
            HpkeSuite::P384Aes256 => $run::<AesGcm256, HkdfSha384, DhP384HkdfSha384>($($argument),*),
            HpkeSuite::P521Aes256 => $run::<AesGcm256, HkdfSha512, DhP521HkdfSha512>($($argument),*),
            HpkeSuite::X25519Aes128 => $run::<AesGcm128, HkdfSha256, X25519HkdfSha256>($($argument),*),
            HpkeSuite::X25519ChaCha => {
                $run::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>($($argument),*)
            }
            HpkeSuite::P256Aes256 => $run::<AesGcm256, HkdfSha256, DhP256HkdfSha256>($($argument),*),
            HpkeSuite::MlKem768P256Aes => $run::<AesGcm256, KdfShake256, MlKem768P256>($($argument),*),
            HpkeSuite::MlKem768P256ChaCha => {
                $run::<ChaCha20Poly1305, KdfShake256, MlKem768P256>($($argument),*)
            }
            HpkeSuite::XWingAes => $run::<AesGcm256, KdfShake256, XWing>($($argument),*),
            HpkeSuite::XWingChaCha => $run::<ChaCha20Poly1305, KdfShake256, XWing>($($argument),*),
            HpkeSuite::MlKem1024P384Aes => $run::<AesGcm256, KdfShake256, MlKem1024P384>($($argument),*),
            HpkeSuite::MlKem1024P384ChaCha => {
                $run::<ChaCha20Poly1305, KdfShake256, MlKem1024P384>($($argument),*)
            }
            HpkeSuite::MlKem768Aes => $run::<AesGcm256, KdfShake256, MlKem768>($($argument),*),
            HpkeSuite::MlKem768ChaCha => $run::<ChaCha20Poly1305, KdfShake256, MlKem768>($($argument),*),
            HpkeSuite::MlKem1024Aes => $run::<AesGcm256, KdfShake256, MlKem1024>($($argument),*),
            HpkeSuite::MlKem1024ChaCha => $run::<ChaCha20Poly1305, KdfShake256, MlKem1024>($($argument),*),
        }
    };
}

/// Where the JWK of a suite keeps its key.
enum KeyPlace {
    Ec(Curve),
    X25519,
    Akp,
}

impl HpkeSuite {
    /// Every suite, by number.
    pub const ALL: [Self; 16] = [
        Self::P256Aes128,
        Self::P384Aes256,
        Self::P521Aes256,
        Self::X25519Aes128,
        Self::X25519ChaCha,
        Self::P256Aes256,
        Self::MlKem768P256Aes,
        Self::MlKem768P256ChaCha,
        Self::XWingAes,
        Self::XWingChaCha,
        Self::MlKem1024P384Aes,
        Self::MlKem1024P384ChaCha,
        Self::MlKem768Aes,
        Self::MlKem768ChaCha,
        Self::MlKem1024Aes,
        Self::MlKem1024ChaCha,
    ];

    /// The names as an `alg` that encrypts the content, and as one that encrypts its key.
    pub(super) const fn names(self) -> [&'static str; 2] {
        match self {
            Self::P256Aes128 => ["HPKE-0", "HPKE-0-KE"],
            Self::P384Aes256 => ["HPKE-1", "HPKE-1-KE"],
            Self::P521Aes256 => ["HPKE-2", "HPKE-2-KE"],
            Self::X25519Aes128 => ["HPKE-3", "HPKE-3-KE"],
            Self::X25519ChaCha => ["HPKE-4", "HPKE-4-KE"],
            Self::P256Aes256 => ["HPKE-7", "HPKE-7-KE"],
            Self::MlKem768P256Aes => ["HPKE-8", "HPKE-8-KE"],
            Self::MlKem768P256ChaCha => ["HPKE-9", "HPKE-9-KE"],
            Self::XWingAes => ["HPKE-10", "HPKE-10-KE"],
            Self::XWingChaCha => ["HPKE-11", "HPKE-11-KE"],
            Self::MlKem1024P384Aes => ["HPKE-12", "HPKE-12-KE"],
            Self::MlKem1024P384ChaCha => ["HPKE-13", "HPKE-13-KE"],
            Self::MlKem768Aes => ["HPKE-14", "HPKE-14-KE"],
            Self::MlKem768ChaCha => ["HPKE-15", "HPKE-15-KE"],
            Self::MlKem1024Aes => ["HPKE-16", "HPKE-16-KE"],
            Self::MlKem1024ChaCha => ["HPKE-17", "HPKE-17-KE"],
        }
    }

    /// Whether no quantum computer is known to break it.
    #[must_use]
    pub const fn is_post_quantum(self) -> bool {
        matches!(self.key_place(), KeyPlace::Akp)
    }

    /// Length in bytes of a private key: the scalar of a curve, the seed of a post-quantum KEM.
    #[must_use]
    pub fn private_key_bytes(self) -> usize {
        with_suite!(self, private_size())
    }

    /// The private JWK of a private key for `alg`, of which all but `d` and `priv` is public.
    ///
    /// # Errors
    /// [`KeyFault::Length`] for bytes that are no private key of this suite,
    /// [`KeyFault::Purpose`] for an `alg` of another suite.
    pub fn private_jwk(self, alg: KeyManagement, private: &[u8]) -> Result<Value, KeyFault> {
        if !matches!(alg, KeyManagement::Hpke(suite) | KeyManagement::HpkeKe(suite) if suite == self)
        {
            return Err(KeyFault::Purpose);
        }
        let public = with_suite!(self, public_of(private))?;
        let (mut jwk, secret) = match self.key_place() {
            KeyPlace::Ec(curve) => (EcPublicJwk::from_sec1(curve, &public)?.to_value(), "d"),
            KeyPlace::X25519 => {
                let x = public.try_into().map_err(|_| KeyFault::Length)?;
                (X25519PublicJwk::from_bytes(x)?.to_value(), "d")
            }
            KeyPlace::Akp => {
                let jwk = json!({ "kty": "AKP", "pub": base64url::encode(&public) });
                (jwk, "priv")
            }
        };
        if let Some(members) = jwk.as_object_mut() {
            members.insert("alg".into(), alg.name().into());
            members.insert(secret.into(), base64url::encode(private).into());
        }
        Ok(jwk)
    }

    /// A fresh private JWK for `alg`, by rejection as for key agreement.
    ///
    /// # Errors
    /// [`JoseError::Random`], [`KeyFault::Purpose`] for an `alg` of another suite.
    pub(crate) fn generate(
        self,
        alg: KeyManagement,
        random: &mut Random<'_>,
    ) -> Result<Value, JoseError> {
        for _ in 0..8 {
            let mut private = Zeroizing::new(vec![0; self.private_key_bytes()]);
            random(&mut private)?;
            // Of the top byte of P-521 only one bit belongs to it.
            if let (Self::P521Aes256, Some(top)) = (self, private.first_mut()) {
                *top &= 1;
            }
            match self.private_jwk(alg, &private) {
                Err(KeyFault::Length) => {}
                made => return Ok(made?),
            }
        }
        Err(JoseError::Random)
    }

    /// Length of the encapsulated key in bytes.
    pub(super) fn encapsulated_bytes(self) -> usize {
        with_suite!(self, encapsulated_size())
    }

    const fn key_place(self) -> KeyPlace {
        match self {
            Self::P256Aes128 | Self::P256Aes256 => KeyPlace::Ec(Curve::P256),
            Self::P384Aes256 => KeyPlace::Ec(Curve::P384),
            Self::P521Aes256 => KeyPlace::Ec(Curve::P521),
            Self::X25519Aes128 | Self::X25519ChaCha => KeyPlace::X25519,
            _ => KeyPlace::Akp,
        }
    }
}

/// A public key of a suite, validated.
#[derive(Clone)]
pub(super) struct HpkePublic {
    suite: HpkeSuite,
    bytes: Vec<u8>,
}

impl HpkePublic {
    /// Reads the public members of a JWK, which may be private.
    ///
    /// # Errors
    /// [`KeyFault`]; an AKP key must say this `alg` (RFC 9964 section 3).
    pub(super) fn from_value(suite: HpkeSuite, alg: &str, jwk: &Value) -> Result<Self, KeyFault> {
        let bytes = match suite.key_place() {
            KeyPlace::Ec(curve) => {
                let key = EcPublicJwk::public_part(jwk)?;
                if key.curve() != curve {
                    return Err(KeyFault::UnsupportedType);
                }
                key.to_sec1().to_vec()
            }
            KeyPlace::X25519 => X25519PublicJwk::public_part(jwk)?.x().to_vec(),
            KeyPlace::Akp => {
                let key = AkpPublicJwk::public_part(jwk)?;
                if key.alg() != alg {
                    return Err(KeyFault::Purpose);
                }
                key.public().to_vec()
            }
        };
        with_suite!(suite, check_public(&bytes))?;
        Ok(Self { suite, bytes })
    }

    /// Encapsulates and encrypts: the encapsulated key, and the ciphertext with its tag.
    ///
    /// # Errors
    /// [`JoseError::Random`], [`JoseError::TooLongToSeal`].
    pub(super) fn seal(
        &self,
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        random: &mut Random<'_>,
    ) -> Result<Encapsulated, JoseError> {
        let mut drawn = Drawn::draw(random)?;
        let sealed = with_suite!(
            self.suite,
            seal(&self.bytes, info, aad, plaintext, &mut drawn)
        )?;
        if drawn.exhausted {
            return Err(JoseError::Random);
        }
        Ok(sealed)
    }
}

/// A private key of a suite; wiped on drop.
pub(super) struct HpkePrivate {
    suite: HpkeSuite,
    bytes: Zeroizing<Vec<u8>>,
}

impl HpkePrivate {
    /// Reads a private JWK.
    ///
    /// # Errors
    /// [`KeyFault::Mismatch`] when the public members are not those of the private one, and the
    /// others.
    pub(super) fn from_value(suite: HpkeSuite, alg: &str, jwk: &Value) -> Result<Self, KeyFault> {
        let public = HpkePublic::from_value(suite, alg, jwk)?;
        let name = match suite.key_place() {
            KeyPlace::Akp => "priv",
            _ => "d",
        };
        let bytes = Zeroizing::new(crate::jwk::number(jwk, name)?);
        if with_suite!(suite, public_of(&bytes))? != public.bytes {
            return Err(KeyFault::Mismatch);
        }
        Ok(Self { suite, bytes })
    }

    /// The private key itself.
    pub(super) fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Decapsulates and decrypts.
    ///
    /// # Errors
    /// [`JoseError::Authentication`].
    pub(super) fn open(
        &self,
        encapsulated: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        with_suite!(
            self.suite,
            open(&self.bytes, encapsulated, info, aad, ciphertext)
        )
        .map(Zeroizing::new)
        .ok_or(JoseError::Authentication)
    }
}

impl fmt::Debug for HpkePrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HpkePrivate")
            .field("suite", &self.suite)
            .finish_non_exhaustive()
    }
}

/// `info` of key encryption: binds the content key to the content encryption it is for.
pub(super) fn recipient_info(enc: ContentEncryption) -> Vec<u8> {
    [b"JOSE-HPKE rcpt\xff", enc.name().as_bytes(), b"\xff"].concat()
}

#[expect(
    clippy::extra_unused_type_parameters,
    reason = "with_suite! names the whole suite"
)]
fn encapsulated_size<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>() -> usize {
    K::EncappedKey::size()
}

#[expect(
    clippy::extra_unused_type_parameters,
    reason = "with_suite! names the whole suite"
)]
fn private_size<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>() -> usize {
    K::PrivateKey::size()
}

#[expect(
    clippy::extra_unused_type_parameters,
    reason = "with_suite! names the whole suite"
)]
fn check_public<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>(
    public: &[u8],
) -> Result<(), KeyFault> {
    K::PublicKey::from_bytes(public)
        .map(drop)
        .map_err(|_| KeyFault::InvalidPoint)
}

#[expect(
    clippy::extra_unused_type_parameters,
    reason = "with_suite! names the whole suite"
)]
fn public_of<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>(
    private: &[u8],
) -> Result<Vec<u8>, KeyFault> {
    let private = K::PrivateKey::from_bytes(private).map_err(|_| KeyFault::Length)?;
    Ok(K::sk_to_pk(&private).to_bytes().to_vec())
}

fn seal<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>(
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    random: &mut Drawn,
) -> Result<Encapsulated, JoseError> {
    let public =
        K::PublicKey::from_bytes(public).map_err(|_| JoseError::Key(KeyFault::InvalidPoint))?;
    let mode = OpModeS::Base;
    hpke::single_shot_seal_with_rng::<A, D, K>(&mode, &public, info, plaintext, aad, random)
        .map(|(encapsulated, ciphertext)| (encapsulated.to_bytes().to_vec(), ciphertext))
        .map_err(|_| JoseError::TooLongToSeal)
}

fn open<A: hpke::aead::Aead, D: hpke::kdf::Kdf, K: Kem>(
    private: &[u8],
    encapsulated: &[u8],
    info: &[u8],
    aad: &[u8],
    ciphertext: &[u8],
) -> Option<Vec<u8>> {
    let private = K::PrivateKey::from_bytes(private).ok()?;
    let encapsulated = K::EncappedKey::from_bytes(encapsulated).ok()?;
    let mode = OpModeR::Base;
    hpke::single_shot_open::<A, D, K>(&mode, &private, &encapsulated, info, ciphertext, aad).ok()
}

/// Randomness drawn beforehand, because the library takes sources that cannot fail.
struct Drawn {
    bytes: Zeroizing<[u8; DRAWN_BYTES]>,
    next: usize,
    exhausted: bool,
}

impl Drawn {
    fn draw(random: &mut Random<'_>) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; DRAWN_BYTES]);
        random(bytes.as_mut_slice())?;
        Ok(Self {
            bytes,
            next: 0,
            exhausted: false,
        })
    }
}

impl TryRng for Drawn {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        let end = self.next.saturating_add(out.len());
        match self.bytes.get(self.next..end) {
            Some(drawn) => out.copy_from_slice(drawn),
            None => self.exhausted = true,
        }
        self.next = end;
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

#[cfg(test)]
mod tests;
