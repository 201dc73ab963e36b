//! josekit (OpenSSL) as an independent maker and reader: it makes tokens that we open, and opens
//! tokens that we made. It is no oracle for refusals, because it is lenient.

use josekit::jwe::{self as kit, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jwk::alg::ed::EdCurve;
use josekit::jws::{self as kit_jws, JwsHeader, JwsSigner, JwsVerifier};
use rsa::{BoxedUint, Oaep, RsaPrivateKey};
use sealgate_jose::jwe::{
    Compact, ContentEncryption, ContentEncryptionKey, KeyEncryptionKey, KeyManagement, Recipient,
    SealSpec, seal_compact,
};
use sealgate_jose::jwk::{EcPublicJwk, OctJwk, PublicJwk, RsaPublicJwk};
use sealgate_jose::jws::{self, SignKey, SignSpec, VerifyKey, sign_compact};
use sealgate_jose::{JoseError, Limits};
use serde_json::Value;
use sha2::Sha256;

mod support;
use support::{EcHolder, decode, seeded};

const PLAINTEXT: &[u8] = b"{\"amount\":\"10.00\",\"to\":\"\xc3\xa9\"}";
const ENC: ContentEncryption = ContentEncryption::A256Gcm;

fn kit_header() -> JweHeader {
    let mut header = JweHeader::new();
    header.set_content_encryption("A256GCM");
    header.set_key_id("gw-2026");
    header.set_content_type("application/json");
    header
        .set_claim("iat", Some("2026-11-23T17:00:00+09:00".into()))
        .unwrap();
    header
}

fn kit_seal(header: &JweHeader, encrypter: &dyn JweEncrypter) -> String {
    kit::serialize_compact(PLAINTEXT, header, encrypter).unwrap()
}

fn parse(token: &str) -> Compact<'_> {
    let compact = Compact::parse(token.as_bytes(), &Limits::TOKEN).unwrap();
    assert_eq!(compact.header().kid.as_deref(), Some("gw-2026"));
    assert_eq!(compact.header().cty.as_deref(), Some("application/json"));
    assert_eq!(
        compact.header().member("iat"),
        Some(&"2026-11-23T17:00:00+09:00".into())
    );
    assert_eq!(compact.plaintext_bytes(), PLAINTEXT.len());
    compact
}

/// Opens with our key and then proves that the same token under a wrong key is refused.
fn open(compact: Compact<'_>, cek: &ContentEncryptionKey, again: Compact<'_>) {
    let wrong = ContentEncryptionKey::from_slice(ENC, &[0; 32]).unwrap();
    assert_eq!(again.open(&wrong).err(), Some(JoseError::Authentication));
    assert_eq!(compact.open(cek).unwrap(), PLAINTEXT);
}

fn kit_open(token: &str, decrypter: &dyn JweDecrypter) {
    let (plaintext, header) = kit::deserialize_compact(token, decrypter).unwrap();
    assert_eq!(plaintext, PLAINTEXT);
    assert_eq!(header.key_id(), Some("gw-2026"));
    assert_eq!(header.content_type(), Some("application/json"));
}

fn spec<'a>() -> SealSpec<'a> {
    SealSpec {
        kid: Some("gw-2026"),
        cty: Some("application/json"),
        ..SealSpec::new(ENC)
    }
}

fn value(jwk: &Jwk) -> Value {
    Value::Object(jwk.as_ref().clone())
}

#[test]
fn dir() {
    let key = [0x17; 32];
    let cek = ContentEncryptionKey::from_slice(ENC, &key).unwrap();
    let token = kit_seal(&kit_header(), &kit::Dir.encrypter_from_bytes(key).unwrap());
    assert_eq!(parse(&token).header().alg, KeyManagement::Dir);
    open(parse(&token), &cek, parse(&token));

    let ours = seal_compact(PLAINTEXT, &spec(), &Recipient::Dir(&cek), &mut seeded(1)).unwrap();
    kit_open(&ours, &kit::Dir.decrypter_from_bytes(key).unwrap());
}

#[test]
fn a256kw() {
    let jwk = Jwk::generate_oct_key(32).unwrap();
    let oct = OctJwk::from_value(&value(&jwk)).unwrap();
    let key = KeyEncryptionKey::from_slice(oct.expose()).unwrap();
    let token = kit_seal(
        &kit_header(),
        &kit::A256KW.encrypter_from_jwk(&jwk).unwrap(),
    );
    let compact = parse(&token);
    let cek = key.unwrap_key(ENC, compact.encrypted_key()).unwrap();
    open(compact, &cek, parse(&token));

    let ours = seal_compact(PLAINTEXT, &spec(), &Recipient::A256Kw(&key), &mut seeded(2)).unwrap();
    kit_open(&ours, &kit::A256KW.decrypter_from_jwk(&jwk).unwrap());
}

#[test]
fn ecdh_es_and_ecdh_es_a256kw() {
    let jwk = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let public_jwk = jwk.to_public_key().unwrap();
    let public = EcPublicJwk::from_value(&value(&public_jwk)).unwrap();
    assert!(
        EcPublicJwk::from_value(&value(&jwk)).is_err(),
        "a private JWK is refused"
    );
    let scalar = decode(jwk.parameter("d").unwrap().as_str().unwrap());
    let holder = EcHolder(p256::SecretKey::from_slice(&scalar).unwrap());

    for (alg, kit_alg, recipient) in [
        (
            KeyManagement::EcdhEs,
            kit::ECDH_ES,
            Recipient::EcdhEs(&public),
        ),
        (
            KeyManagement::EcdhEsA256Kw,
            kit::ECDH_ES_A256KW,
            Recipient::EcdhEsA256Kw(&public),
        ),
    ] {
        for party_info in [None, Some((b"Alice".as_slice(), b"Bob".as_slice()))] {
            let mut encrypter = kit_alg.encrypter_from_jwk(&public_jwk).unwrap();
            if let Some((apu, apv)) = party_info {
                encrypter.set_agreement_partyuinfo(apu);
                encrypter.set_agreement_partyvinfo(apv);
            }
            let token = kit_seal(&kit_header(), &encrypter);
            let compact = parse(&token);
            assert_eq!(compact.header().alg, alg);
            assert_eq!(
                compact.header().apu.as_deref(),
                party_info.map(|(apu, _)| apu)
            );
            assert_eq!(
                compact.header().apv.as_deref(),
                party_info.map(|(_, apv)| apv)
            );
            let cek = holder.content_key(&compact);
            open(compact, &cek, parse(&token));

            let spec = SealSpec {
                apu: party_info.map(|(apu, _)| apu),
                apv: party_info.map(|(_, apv)| apv),
                ..spec()
            };
            let ours = seal_compact(PLAINTEXT, &spec, &recipient, &mut seeded(3)).unwrap();
            kit_open(&ours, &kit_alg.decrypter_from_jwk(&jwk).unwrap());
        }
    }
}

#[test]
fn rsa_oaep_256() {
    for bits in [2048, 3072] {
        let jwk = Jwk::generate_rsa_key(bits).unwrap();
        let public_jwk = jwk.to_public_key().unwrap();
        let token = kit_seal(
            &kit_header(),
            &kit::RSA_OAEP_256.encrypter_from_jwk(&public_jwk).unwrap(),
        );
        let compact = parse(&token);
        assert_eq!(compact.encrypted_key().len(), bits as usize / 8);
        let cek = rsa_private(&jwk).decrypt(Oaep::<Sha256>::new(), compact.encrypted_key());
        let cek = ContentEncryptionKey::from_slice(ENC, &cek.unwrap()).unwrap();
        open(compact, &cek, parse(&token));

        let public = RsaPublicJwk::from_value(&value(&public_jwk)).unwrap();
        assert!(
            RsaPublicJwk::from_value(&value(&jwk)).is_err(),
            "a private JWK is refused"
        );
        let recipient = Recipient::RsaOaep256(&public);
        let ours = seal_compact(PLAINTEXT, &spec(), &recipient, &mut seeded(4)).unwrap();
        kit_open(&ours, &kit::RSA_OAEP_256.decrypter_from_jwk(&jwk).unwrap());
    }
    let short = Jwk::generate_rsa_key(1024)
        .unwrap()
        .to_public_key()
        .unwrap();
    assert!(
        RsaPublicJwk::from_value(&value(&short)).is_err(),
        "1024 bits are refused"
    );
}

/// josekit's key as the `rsa` crate's; in production this private key is inside the HSM.
fn rsa_private(jwk: &Jwk) -> RsaPrivateKey {
    let number = |name| {
        let bytes = decode(jwk.parameter(name).unwrap().as_str().unwrap());
        BoxedUint::from_be_slice_vartime(&bytes)
    };
    RsaPrivateKey::from_components(
        number("n"),
        number("e"),
        number("d"),
        vec![number("p"), number("q")],
    )
    .unwrap()
}

#[test]
#[expect(deprecated, reason = "RSA1_5 is made here to be refused")]
fn other_algorithms_of_josekit_are_refused() {
    let oct = |bytes| Jwk::generate_oct_key(bytes).unwrap();
    let rsa = Jwk::generate_rsa_key(2048)
        .unwrap()
        .to_public_key()
        .unwrap();
    let header = kit_header();
    let mut compressed = kit_header();
    compressed.set_compression("DEF");
    let mut cbc = kit_header();
    cbc.set_content_encryption("A256CBC-HS512");
    let dir = |bytes| kit::Dir.encrypter_from_jwk(&oct(bytes)).unwrap();
    let kw = kit::A128KW.encrypter_from_jwk(&oct(16)).unwrap();
    let gcmkw = kit::A256GCMKW.encrypter_from_jwk(&oct(32)).unwrap();
    let rsa15 = kit::RSA1_5.encrypter_from_jwk(&rsa).unwrap();
    let pbes2 = kit::PBES2_HS256_A128KW
        .encrypter_from_bytes(b"password")
        .unwrap();
    for (name, token, code) in [
        ("zip", kit_seal(&compressed, &dir(32)), "jose-compression"),
        (
            "A256CBC-HS512",
            kit_seal(&cbc, &dir(64)),
            "jose-unsupported-enc",
        ),
        ("A128KW", kit_seal(&header, &kw), "jose-unsupported-alg"),
        (
            "A256GCMKW",
            kit_seal(&header, &gcmkw),
            "jose-unsupported-alg",
        ),
        ("RSA1_5", kit_seal(&header, &rsa15), "jose-unsupported-alg"),
        ("PBES2", kit_seal(&header, &pbes2), "jose-unsupported-alg"),
    ] {
        let refused = Compact::parse(token.as_bytes(), &Limits::TOKEN).unwrap_err();
        assert_eq!(refused.code(), code, "{name}");
    }
}

fn kit_sign(signer: &dyn JwsSigner) -> String {
    kit_jws::serialize_compact(PLAINTEXT, &JwsHeader::new(), signer).unwrap()
}

fn check_both(key: &VerifyKey, token: &str, ours: &str, verifier: &dyn JwsVerifier) {
    let verified = jws::verify(token.as_bytes(), key, &Limits::TOKEN).unwrap();
    assert_eq!(verified.payload(), PLAINTEXT);
    let (payload, header) = kit_jws::deserialize_compact(ours, verifier).unwrap();
    assert_eq!(payload, PLAINTEXT);
    assert_eq!(header.key_id(), Some("idp"));
}

#[test]
fn signatures() {
    let spec = SignSpec {
        kid: Some("idp"),
        typ: Some("JWT"),
        cty: None,
    };

    let jwk = Jwk::generate_oct_key(32).unwrap();
    let oct = OctJwk::from_value(&value(&jwk)).unwrap();
    let ours = sign_compact(PLAINTEXT, &spec, &SignKey::hs256(oct.expose()).unwrap()).unwrap();
    check_both(
        &VerifyKey::hs256(oct.expose()).unwrap(),
        &kit_sign(&kit_jws::HS256.signer_from_jwk(&jwk).unwrap()),
        &ours,
        &kit_jws::HS256.verifier_from_jwk(&jwk).unwrap(),
    );

    let jwk = Jwk::generate_ec_key(EcCurve::P256).unwrap();
    let public_jwk = jwk.to_public_key().unwrap();
    let public = PublicJwk::from_value(&value(&public_jwk)).unwrap();
    let signer = SignKey::es256(&decode(jwk.parameter("d").unwrap().as_str().unwrap())).unwrap();
    check_both(
        &VerifyKey::from_jwk(&public).unwrap(),
        &kit_sign(&kit_jws::ES256.signer_from_jwk(&jwk).unwrap()),
        &sign_compact(PLAINTEXT, &spec, &signer).unwrap(),
        &kit_jws::ES256.verifier_from_jwk(&public_jwk).unwrap(),
    );

    let jwk = Jwk::generate_ed_key(EdCurve::Ed25519).unwrap();
    let public_jwk = jwk.to_public_key().unwrap();
    let public = PublicJwk::from_value(&value(&public_jwk)).unwrap();
    let seed = decode(jwk.parameter("d").unwrap().as_str().unwrap());
    let signer = SignKey::ed25519(seed.as_slice().try_into().unwrap());
    check_both(
        &VerifyKey::from_jwk(&public).unwrap(),
        &kit_sign(&kit_jws::EdDSA.signer_from_jwk(&jwk).unwrap()),
        &sign_compact(PLAINTEXT, &spec, &signer).unwrap(),
        &kit_jws::EdDSA.verifier_from_jwk(&public_jwk).unwrap(),
    );
}
