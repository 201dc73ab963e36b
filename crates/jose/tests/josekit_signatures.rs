//! josekit (OpenSSL) signs what we verify and verifies what we sign, for every algorithm.
#![cfg(not(target_arch = "wasm32"))]

use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::{self as kit, JwsHeader, JwsHeaderSet, JwsSigner, JwsVerifier};
use sealgate_jose::Limits;
use sealgate_jose::jwk::{Curve, OctJwk, PublicJwk};
use sealgate_jose::jws::{
    SignKey, SignSpec, SignatureAlgorithm, Signed, Unsigned, VerifyKey, sign_compact, verify,
};

mod support;
use support::rsa::{rsa_key, rsa_private, rsa_sign};
use support::{decode, value};

const PAYLOAD: &[u8] = b"{\"sub\":\"al\xc3\xa9\"}";

/// Fresh but for RSA, whose keys take long to make: there are two of them.
fn key(serial: usize, alg: SignatureAlgorithm) -> Jwk {
    match alg {
        SignatureAlgorithm::Hs256 => Jwk::generate_oct_key(32),
        SignatureAlgorithm::Hs384 => Jwk::generate_oct_key(48),
        SignatureAlgorithm::Hs512 => Jwk::generate_oct_key(64),
        SignatureAlgorithm::Es256 => Jwk::generate_ec_key(EcCurve::P256),
        SignatureAlgorithm::Es384 => Jwk::generate_ec_key(EcCurve::P384),
        SignatureAlgorithm::Es512 => Jwk::generate_ec_key(EcCurve::P521),
        SignatureAlgorithm::EdDsa => Jwk::generate_ed_key(EdCurve::Ed25519),
        _ => Ok(rsa_key(serial)),
    }
    .unwrap()
}

fn signer(alg: SignatureAlgorithm, jwk: &Jwk) -> Box<dyn JwsSigner> {
    match alg {
        SignatureAlgorithm::Hs256 => Box::new(kit::HS256.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Hs384 => Box::new(kit::HS384.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Hs512 => Box::new(kit::HS512.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs256 => Box::new(kit::RS256.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs384 => Box::new(kit::RS384.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs512 => Box::new(kit::RS512.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps256 => Box::new(kit::PS256.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps384 => Box::new(kit::PS384.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps512 => Box::new(kit::PS512.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es256 => Box::new(kit::ES256.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es384 => Box::new(kit::ES384.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es512 => Box::new(kit::ES512.signer_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::EdDsa => Box::new(kit::EdDSA.signer_from_jwk(jwk).unwrap()),
        other => panic!("josekit has no {}", other.name()),
    }
}

fn verifier(alg: SignatureAlgorithm, jwk: &Jwk) -> Box<dyn JwsVerifier> {
    match alg {
        SignatureAlgorithm::Hs256 => Box::new(kit::HS256.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Hs384 => Box::new(kit::HS384.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Hs512 => Box::new(kit::HS512.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs256 => Box::new(kit::RS256.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs384 => Box::new(kit::RS384.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Rs512 => Box::new(kit::RS512.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps256 => Box::new(kit::PS256.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps384 => Box::new(kit::PS384.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Ps512 => Box::new(kit::PS512.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es256 => Box::new(kit::ES256.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es384 => Box::new(kit::ES384.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::Es512 => Box::new(kit::ES512.verifier_from_jwk(jwk).unwrap()),
        SignatureAlgorithm::EdDsa => Box::new(kit::EdDSA.verifier_from_jwk(jwk).unwrap()),
        other => panic!("josekit has no {}", other.name()),
    }
}

fn verify_key(alg: SignatureAlgorithm, jwk: &Jwk) -> VerifyKey {
    if alg.is_mac() {
        let oct = OctJwk::from_value(&value(jwk)).unwrap();
        return VerifyKey::mac(alg, oct.expose()).unwrap();
    }
    assert!(
        PublicJwk::from_value(&value(jwk)).is_err(),
        "a private JWK is refused"
    );
    let public = PublicJwk::from_value(&value(&jwk.to_public_key().unwrap())).unwrap();
    VerifyKey::public(alg, &public).unwrap()
}

/// Signs as we do; what an HSM does with an RSA key is done by the `rsa` crate.
fn sign(alg: SignatureAlgorithm, jwk: &Jwk, spec: &SignSpec<'_>) -> String {
    let private = |name: &str| decode(jwk.parameter(name).unwrap().as_str().unwrap());
    let key = match alg {
        _ if alg.is_mac() => SignKey::mac(alg, &private("k")),
        SignatureAlgorithm::Es256 => SignKey::ecdsa(Curve::P256, &private("d")),
        SignatureAlgorithm::Es384 => SignKey::ecdsa(Curve::P384, &private("d")),
        SignatureAlgorithm::Es512 => SignKey::ecdsa(Curve::P521, &private("d")),
        SignatureAlgorithm::EdDsa => Ok(SignKey::ed25519(
            private("d").as_slice().try_into().unwrap(),
        )),
        _ => {
            let unsigned = Unsigned::new(alg, PAYLOAD, spec).unwrap();
            let signature = rsa_sign(alg, &rsa_private(&value(jwk)), unsigned.signing_input());
            return unsigned.finish(&signature).unwrap();
        }
    };
    sign_compact(PAYLOAD, spec, &key.unwrap()).unwrap()
}

#[test]
fn compact_both_ways_for_every_algorithm() {
    let spec = SignSpec {
        kid: Some("idp"),
        typ: Some("JWT"),
        ..SignSpec::default()
    };
    for alg in SignatureAlgorithm::ALL {
        let jwk = key(0, alg);
        let token =
            kit::serialize_compact(PAYLOAD, &JwsHeader::new(), &*signer(alg, &jwk)).unwrap();
        let own = verify_key(alg, &jwk);
        let verified = verify(token.as_bytes(), &own, &Limits::TOKEN).unwrap();
        assert_eq!(verified.payload(), PAYLOAD, "{}", alg.name());
        let other = verify_key(alg, &key(1, alg));
        assert!(
            verify(token.as_bytes(), &other, &Limits::TOKEN).is_err(),
            "{} under another key",
            alg.name()
        );

        let ours = sign(alg, &jwk, &spec);
        let public = match alg.is_mac() {
            true => jwk.clone(),
            false => jwk.to_public_key().unwrap(),
        };
        let (payload, header) = kit::deserialize_compact(&ours, &*verifier(alg, &public)).unwrap();
        assert_eq!(payload, PAYLOAD, "{}", alg.name());
        assert_eq!(header.key_id(), Some("idp"), "{}", alg.name());
    }
}

#[test]
fn general_and_flattened_json_of_josekit() {
    let (first, second) = (SignatureAlgorithm::Es256, SignatureAlgorithm::Ps384);
    let (first_jwk, second_jwk) = (key(0, first), key(0, second));
    let header = |kid: &str| {
        let mut header = JwsHeaderSet::new();
        header.set_key_id(kid, true);
        header
    };
    let (one, two) = (header("one"), header("two"));
    let (first_signer, second_signer) = (signer(first, &first_jwk), signer(second, &second_jwk));
    let message =
        kit::serialize_general_json(PAYLOAD, &[(&one, &*first_signer), (&two, &*second_signer)])
            .unwrap();
    for (kid, alg, jwk) in [("one", first, &first_jwk), ("two", second, &second_jwk)] {
        let signed = Signed::json(message.as_bytes(), &Limits::TOKEN, |header| {
            header.kid.as_deref() == Some(kid)
        });
        let verified = signed.unwrap().verify(&verify_key(alg, jwk)).unwrap();
        assert_eq!(verified.payload(), PAYLOAD, "{kid}");
    }
    let message = kit::serialize_flattened_json(PAYLOAD, &one, &*first_signer).unwrap();
    let signed = Signed::json(message.as_bytes(), &Limits::TOKEN, |_| true).unwrap();
    assert!(signed.verify(&verify_key(first, &first_jwk)).is_ok());
}
