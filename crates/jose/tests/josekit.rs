//! josekit (OpenSSL) as an independent maker and reader: every `alg` x `enc` x curve x serialization
//! that both know, both ways. It is no oracle for refusals, because it is lenient.
#![cfg(not(target_arch = "wasm32"))]

use josekit::jwe::{self as kit, JweDecrypter, JweEncrypter, JweHeader, JweHeaderSet};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ecx::EcxCurve;
use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, DecryptionKey, EncryptionKey, GeneralRecipient, Json,
    KeyManagement, SealSpec, Sealed, seal_compact, seal_flattened, seal_general,
};
use sealgate_jose::jwk::{PrivateJwk, PublicJwk};
use sealgate_jose::{JoseError, Limits};

mod support;
use support::rsa::{oaep_decrypt, rsa_key, rsa_private};
use support::{decode, seeded, value};

const PLAINTEXT: &[u8] = b"{\"amount\":\"10.00\",\"to\":\"\xc3\xa9\"}";
const AAD: &[u8] = b"in the clear";
const PARTY: (&[u8], &[u8]) = (b"Alice", b"Bob");

/// One algorithm with fresh keys on both sides.
struct Pair {
    alg: KeyManagement,
    enc: ContentEncryption,
    /// josekit's private or shared key.
    jwk: Jwk,
    ours: EncryptionKey,
}

impl Pair {
    fn fresh(alg: KeyManagement, enc: ContentEncryption, curve: &str) -> Self {
        Self::nth(0, alg, enc, curve)
    }

    /// Fresh but for RSA, whose keys take long to make: there are two of them.
    fn nth(serial: usize, alg: KeyManagement, enc: ContentEncryption, curve: &str) -> Self {
        let jwk = match alg {
            _ if alg.is_rsa() => Ok(rsa_key(serial)),
            _ if alg.is_ecdh() => match curve {
                "P-256" => Jwk::generate_ec_key(EcCurve::P256),
                "P-384" => Jwk::generate_ec_key(EcCurve::P384),
                "P-521" => Jwk::generate_ec_key(EcCurve::P521),
                _ => Jwk::generate_ecx_key(EcxCurve::X25519),
            },
            _ => Jwk::generate_oct_key(alg.shared_key_bytes().unwrap_or(enc.cek_bytes()) as u8),
        }
        .unwrap();
        let ours = match alg.is_asymmetric() {
            true => {
                let public = PublicJwk::from_value(&value(&jwk.to_public_key().unwrap()));
                EncryptionKey::public(alg, &public.unwrap()).unwrap()
            }
            false => EncryptionKey::symmetric(alg, enc, &secret(&jwk)).unwrap(),
        };
        Self {
            alg,
            enc,
            jwk,
            ours,
        }
    }

    /// Every pair of algorithms; key agreement on each curve.
    fn all() -> Vec<Self> {
        let mut pairs = Vec::new();
        for alg in KeyManagement::ALL {
            let curves: &[&str] = match alg.is_ecdh() {
                true => &["P-256", "P-384", "P-521", "X25519"],
                false => &[""],
            };
            for curve in curves {
                for enc in ContentEncryption::ALL {
                    pairs.push(Self::fresh(alg, enc, curve));
                }
            }
        }
        pairs
    }

    fn name(&self) -> String {
        format!(
            "{} {} {:?}",
            self.alg.name(),
            self.enc.name(),
            self.jwk.parameter("crv")
        )
    }

    /// Opens as the gate does; what an HSM does with an RSA key is done by the `rsa` crate.
    fn open(&self, sealed: Sealed<'_>) -> Result<Vec<u8>, JoseError> {
        assert_eq!(sealed.header().cty.as_deref(), Some("application/json"));
        assert_eq!(
            (sealed.header().alg, sealed.header().enc),
            (self.alg, self.enc)
        );
        if self.alg.is_rsa() {
            let cek = oaep_decrypt(
                self.alg,
                &rsa_private(&value(&self.jwk)),
                sealed.encrypted_key(),
            )
            .ok_or(JoseError::Authentication)?;
            return sealed.open(&ContentEncryptionKey::from_slice(self.enc, &cek)?);
        }
        let key = match self.alg.is_ecdh() {
            true => DecryptionKey::private(self.alg, PrivateJwk::from_value(&value(&self.jwk))?),
            false => DecryptionKey::symmetric(self.alg, self.enc, &secret(&self.jwk)),
        };
        key?.open(sealed)
    }

    fn header(&self) -> JweHeader {
        let mut header = JweHeader::new();
        header.set_algorithm(self.alg.name());
        header.set_content_encryption(self.enc.name());
        header.set_key_id("gw-2026");
        header.set_content_type("application/json");
        header
    }

    fn spec(&self) -> SealSpec<'_> {
        let party = self.alg.is_ecdh();
        SealSpec {
            kid: Some("gw-2026"),
            cty: Some("application/json"),
            apu: party.then_some(PARTY.0),
            apv: party.then_some(PARTY.1),
            ..SealSpec::new(self.enc)
        }
    }
}

fn secret(jwk: &Jwk) -> Vec<u8> {
    decode(jwk.parameter("k").unwrap().as_str().unwrap())
}

fn encrypter(pair: &Pair) -> Box<dyn JweEncrypter> {
    let jwk = match pair.alg.is_asymmetric() {
        true => pair.jwk.to_public_key().unwrap(),
        false => pair.jwk.clone(),
    };
    let agreement = |alg: kit::alg::ecdh_es::EcdhEsJweAlgorithm| {
        let mut encrypter = alg.encrypter_from_jwk(&jwk).unwrap();
        encrypter.set_agreement_partyuinfo(PARTY.0);
        encrypter.set_agreement_partyvinfo(PARTY.1);
        Box::new(encrypter) as Box<dyn JweEncrypter>
    };
    match pair.alg {
        KeyManagement::Dir => Box::new(kit::Dir.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A128Kw => Box::new(kit::A128KW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A192Kw => Box::new(kit::A192KW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A256Kw => Box::new(kit::A256KW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A128GcmKw => Box::new(kit::A128GCMKW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A192GcmKw => Box::new(kit::A192GCMKW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::A256GcmKw => Box::new(kit::A256GCMKW.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::RsaOaep => Box::new(kit::RSA_OAEP.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::RsaOaep256 => Box::new(kit::RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::RsaOaep384 => Box::new(kit::RSA_OAEP_384.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::RsaOaep512 => Box::new(kit::RSA_OAEP_512.encrypter_from_jwk(&jwk).unwrap()),
        KeyManagement::EcdhEs => agreement(kit::ECDH_ES),
        KeyManagement::EcdhEsA128Kw => agreement(kit::ECDH_ES_A128KW),
        KeyManagement::EcdhEsA192Kw => agreement(kit::ECDH_ES_A192KW),
        KeyManagement::EcdhEsA256Kw => agreement(kit::ECDH_ES_A256KW),
        other => panic!("josekit has no {}", other.name()),
    }
}

fn decrypter(pair: &Pair) -> Box<dyn JweDecrypter> {
    let jwk = &pair.jwk;
    match pair.alg {
        KeyManagement::Dir => Box::new(kit::Dir.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A128Kw => Box::new(kit::A128KW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A192Kw => Box::new(kit::A192KW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A256Kw => Box::new(kit::A256KW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A128GcmKw => Box::new(kit::A128GCMKW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A192GcmKw => Box::new(kit::A192GCMKW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::A256GcmKw => Box::new(kit::A256GCMKW.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::RsaOaep => Box::new(kit::RSA_OAEP.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::RsaOaep256 => Box::new(kit::RSA_OAEP_256.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::RsaOaep384 => Box::new(kit::RSA_OAEP_384.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::RsaOaep512 => Box::new(kit::RSA_OAEP_512.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::EcdhEs => Box::new(kit::ECDH_ES.decrypter_from_jwk(jwk).unwrap()),
        KeyManagement::EcdhEsA128Kw => {
            Box::new(kit::ECDH_ES_A128KW.decrypter_from_jwk(jwk).unwrap())
        }
        KeyManagement::EcdhEsA192Kw => {
            Box::new(kit::ECDH_ES_A192KW.decrypter_from_jwk(jwk).unwrap())
        }
        KeyManagement::EcdhEsA256Kw => {
            Box::new(kit::ECDH_ES_A256KW.decrypter_from_jwk(jwk).unwrap())
        }
        other => panic!("josekit has no {}", other.name()),
    }
}

#[test]
fn compact_both_ways_for_every_pair_of_algorithms() {
    let pairs = Pair::all();
    assert_eq!(pairs.len(), (15 + 3 * 4) * 6, "alg and curve x enc");
    for (seed, pair) in pairs.iter().enumerate() {
        let name = pair.name();
        let token = kit::serialize_compact(PLAINTEXT, &pair.header(), &*encrypter(pair)).unwrap();
        let sealed = Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
        if pair.alg.is_ecdh() {
            assert_eq!(sealed.header().apu.as_deref(), Some(PARTY.0), "{name}");
            assert_eq!(sealed.header().apv.as_deref(), Some(PARTY.1), "{name}");
        }
        assert_eq!(pair.open(sealed).unwrap(), PLAINTEXT, "{name}");

        let mut random = seeded(seed as u64);
        let ours = seal_compact(PLAINTEXT, &pair.spec(), &pair.ours, &mut random).unwrap();
        let (plaintext, header) = kit::deserialize_compact(&ours, &*decrypter(pair)).unwrap();
        assert_eq!(plaintext, PLAINTEXT, "{name}");
        assert_eq!(header.key_id(), Some("gw-2026"), "{name}");
        assert_eq!(header.content_type(), Some("application/json"), "{name}");
    }
}

#[test]
fn a_key_of_the_same_kind_but_another_value_opens_nothing() {
    for alg in KeyManagement::ALL {
        let enc = ContentEncryption::A256CbcHs512;
        let (right, wrong) = (
            Pair::nth(0, alg, enc, "P-256"),
            Pair::nth(1, alg, enc, "P-256"),
        );
        let token = seal_compact(PLAINTEXT, &right.spec(), &right.ours, &mut seeded(1)).unwrap();
        let parse = || Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap();
        let refused = wrong.open(parse());
        assert_eq!(refused, Err(JoseError::Authentication), "{}", alg.name());
        assert_eq!(right.open(parse()).unwrap(), PLAINTEXT, "{}", alg.name());
    }
}

#[test]
fn flattened_json_both_ways_for_every_pair_with_and_without_aad() {
    for (at, pair) in Pair::all().iter().enumerate() {
        let aad = [None, Some(AAD)][at % 2];
        let name = format!("{} {aad:?}", pair.name());
        let mut protected = JweHeaderSet::new();
        for (member, claim) in pair.header().claims_set() {
            protected
                .set_claim(member, Some(claim.clone()), true)
                .unwrap();
        }
        let message = kit::serialize_flattened_json(
            PLAINTEXT,
            Some(&protected),
            None,
            aad,
            &*encrypter(pair),
        );
        let json = Json::parse(message.unwrap().as_bytes(), &Limits::TOKEN).unwrap();
        assert_eq!(json.aad(), aad, "{name}");
        let sealed = json.choose(|header| header.kid.as_deref() == Some("gw-2026"));
        assert_eq!(pair.open(sealed.unwrap()).unwrap(), PLAINTEXT, "{name}");

        let ours = seal_flattened(PLAINTEXT, aad, &pair.spec(), &pair.ours, &mut seeded(2));
        let (plaintext, _) = kit::deserialize_json(&ours.unwrap(), &*decrypter(pair)).unwrap();
        assert_eq!(plaintext, PLAINTEXT, "{name}");
    }
}

/// A direct key leaves no place for a second recipient.
#[test]
fn general_json_both_ways_for_every_pair_beside_another_recipient() {
    let pairs = Pair::all();
    let wraps = |pair: &&Pair| !matches!(pair.alg, KeyManagement::Dir | KeyManagement::EcdhEs);
    let pairs: Vec<&Pair> = pairs.iter().filter(wraps).collect();
    assert_eq!(pairs.len(), (10 + 3 * 4) * 6, "alg and curve x enc");
    for pair in pairs {
        let other = Pair::fresh(KeyManagement::A192Kw, pair.enc, "");
        let both = [(&other, "other"), (pair, "gw-2026")];
        let mut protected = JweHeaderSet::new();
        protected.set_content_encryption(pair.enc.name(), true);
        protected.set_content_type("application/json", true);
        let headers = both.map(|(pair, kid)| {
            let mut header = JweHeader::new();
            header.set_algorithm(pair.alg.name());
            header.set_key_id(kid);
            header
        });
        let encrypters = both.map(|(pair, _)| encrypter(pair));
        let recipients: Vec<(Option<&JweHeader>, &dyn JweEncrypter)> = headers
            .iter()
            .zip(&encrypters)
            .map(|(header, encrypter)| (Some(header), &**encrypter))
            .collect();
        let message =
            kit::serialize_general_json(PLAINTEXT, Some(&protected), &recipients, Some(AAD));
        let json = Json::parse(message.unwrap().as_bytes(), &Limits::TOKEN).unwrap();
        let sealed = json.choose(|header| header.kid.as_deref() == Some("gw-2026"));
        let opened = pair.open(sealed.unwrap());
        assert_eq!(opened.unwrap(), PLAINTEXT, "{}", pair.name());

        let spec = SealSpec {
            cty: Some("application/json"),
            ..SealSpec::new(pair.enc)
        };
        let recipients = both.map(|(pair, kid)| GeneralRecipient {
            key: &pair.ours,
            kid: Some(kid),
        });
        let ours = seal_general(PLAINTEXT, Some(AAD), &spec, &recipients, &mut seeded(4)).unwrap();
        let decrypter = decrypter(pair);
        let (plaintext, _) = kit::deserialize_json_with_selector(&ours, |header| {
            Ok((header.key_id() == Some("gw-2026")).then_some(&*decrypter))
        })
        .unwrap();
        assert_eq!(plaintext, PLAINTEXT, "{}", pair.name());
    }
}

#[test]
fn general_json_to_three_recipients_of_different_algorithms() {
    let enc = ContentEncryption::A256Gcm;
    let pairs = [
        Pair::fresh(KeyManagement::RsaOaep256, enc, ""),
        Pair::fresh(KeyManagement::EcdhEsA256Kw, enc, "P-256"),
        Pair::fresh(KeyManagement::A128GcmKw, enc, ""),
    ];
    let kids = ["rsa", "ec", "oct"];

    let mut protected = JweHeaderSet::new();
    protected.set_content_encryption(enc.name(), true);
    protected.set_content_type("application/json", true);
    let headers: Vec<JweHeader> = pairs
        .iter()
        .zip(kids)
        .map(|(pair, kid)| {
            let mut header = JweHeader::new();
            header.set_algorithm(pair.alg.name());
            header.set_key_id(kid);
            header
        })
        .collect();
    let encrypters: Vec<_> = pairs.iter().map(encrypter).collect();
    let recipients: Vec<(Option<&JweHeader>, &dyn JweEncrypter)> = headers
        .iter()
        .zip(&encrypters)
        .map(|(header, encrypter)| (Some(header), &**encrypter))
        .collect();
    let message =
        kit::serialize_general_json(PLAINTEXT, Some(&protected), &recipients, Some(AAD)).unwrap();
    for (pair, kid) in pairs.iter().zip(kids) {
        let json = Json::parse(message.as_bytes(), &Limits::TOKEN).unwrap();
        assert_eq!(json.headers().count(), 3);
        let sealed = json.choose(|header| header.kid.as_deref() == Some(kid));
        assert_eq!(pair.open(sealed.unwrap()).unwrap(), PLAINTEXT, "{kid}");
    }

    let spec = SealSpec {
        cty: Some("application/json"),
        ..SealSpec::new(enc)
    };
    let recipients: Vec<GeneralRecipient<'_>> = pairs
        .iter()
        .zip(kids)
        .map(|(pair, kid)| GeneralRecipient {
            key: &pair.ours,
            kid: Some(kid),
        })
        .collect();
    let ours = seal_general(PLAINTEXT, Some(AAD), &spec, &recipients, &mut seeded(3)).unwrap();
    for pair in &pairs {
        let decrypter = decrypter(pair);
        let (plaintext, _) = kit::deserialize_json_with_selector(&ours, |header| {
            Ok((header.algorithm() == Some(pair.alg.name())).then_some(&*decrypter))
        })
        .unwrap();
        assert_eq!(plaintext, PLAINTEXT, "{}", pair.name());
    }
}

#[test]
#[expect(deprecated, reason = "RSA1_5 is made here to be refused")]
fn other_algorithms_of_josekit_are_refused() {
    let rsa = Jwk::generate_rsa_key(2048)
        .unwrap()
        .to_public_key()
        .unwrap();
    let pair = Pair::fresh(KeyManagement::Dir, ContentEncryption::A256Gcm, "");
    let mut compressed = pair.header();
    compressed.set_compression("DEF");
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    let rsa15 = kit::RSA1_5.encrypter_from_jwk(&rsa).unwrap();
    let pbes2 = kit::PBES2_HS256_A128KW
        .encrypter_from_bytes(b"password")
        .unwrap();
    let seal = |header: &JweHeader, encrypter: &dyn JweEncrypter| {
        kit::serialize_compact(PLAINTEXT, header, encrypter).unwrap()
    };
    for (name, token, code) in [
        (
            "zip",
            seal(&compressed, &*encrypter(&pair)),
            "jose-compression",
        ),
        ("RSA1_5", seal(&header, &rsa15), "jose-unsupported-alg"),
        ("PBES2", seal(&header, &pbes2), "jose-unsupported-alg"),
    ] {
        let refused = Sealed::compact(token.as_bytes(), &Limits::TOKEN).unwrap_err();
        assert_eq!(refused.code(), code, "{name}");
    }
}
