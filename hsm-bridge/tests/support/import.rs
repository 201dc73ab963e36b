//! Keys whose value the test knows, put into the token by a child process of the test binary: the
//! module reads its configuration from the environment.

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::object::{Attribute, KeyType, MlKemParameterSetType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use hsm_bridge::token::Curve;
use serde::{Deserialize, Serialize};

use crate::support::{Kind, PIN, Place};

const SPEC: &str = "HSM_BRIDGE_TEST_IMPORT";

/// A key to put in.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Import {
    /// For RFC 3394.
    Aes(Vec<u8>),
    /// For AES-GCM key wrap.
    AesGcm(Vec<u8>),
    /// For HMAC.
    Secret(Vec<u8>),
    /// Name of the curve and the private value, for key agreement.
    Ec(String, Vec<u8>),
    /// n, e, d, p, q, d mod p-1, d mod q-1, 1/q mod p: for RSA-OAEP.
    Rsa([Vec<u8>; 8]),
    /// The seed (d and z of FIPS 203).
    MlKem768(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
struct Spec {
    module: std::path::PathBuf,
    kind: Kind,
    keys: Vec<(String, Import)>,
}

/// Puts the keys into the token, by label.
pub(crate) fn import(place: &Place, keys: Vec<(String, Import)>) {
    let spec = Spec {
        module: place.kind.module(),
        kind: place.kind,
        keys,
    };
    place.write("import.json", &serde_json::to_string(&spec).unwrap());
    let done = place
        .command(&std::env::current_exe().unwrap())
        .args(["import::import_in_a_child", "--exact"])
        .env(SPEC, place.path("import.json"))
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stdout)
    );
}

/// Does nothing unless [`import`] started this process for it.
#[test]
fn import_in_a_child() {
    let Ok(spec) = std::env::var(SPEC) else {
        return;
    };
    let spec: Spec = serde_json::from_str(&std::fs::read_to_string(spec).unwrap()).unwrap();
    let library = Pkcs11::new(&spec.module).unwrap();
    library
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let opencryptoki = spec.kind == Kind::OpenCryptoki;
    let slots = match opencryptoki {
        true => library.get_slots_with_token(),
        false => library.get_slots_with_initialized_token(),
    };
    let slot = slots
        .unwrap()
        .into_iter()
        .find(|slot| {
            // What opencryptoki says of its one token cannot be read by cryptoki.
            let info = library.get_token_info(*slot);
            info.is_ok_and(|token| token.label() == "test") || opencryptoki
        })
        .unwrap();
    let session = library.open_rw_session(slot).unwrap();
    session
        .login(UserType::User, Some(&AuthPin::from(PIN)))
        .unwrap();
    for (label, key) in spec.keys {
        let mut template = vec![
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Label(label.clone().into_bytes()),
        ];
        template.extend(attributes(key, spec.kind == Kind::SoftHsm));
        if let Err(error) = session.create_object(&template) {
            panic!("{label}: {error}");
        }
    }
    session.close().unwrap();
    library.finalize().unwrap();
}

fn attributes(key: Import, softhsm: bool) -> Vec<Attribute> {
    let secret = Attribute::Class(ObjectClass::SECRET_KEY);
    let private = Attribute::Class(ObjectClass::PRIVATE_KEY);
    match key {
        Import::Aes(value) => vec![
            secret,
            Attribute::KeyType(KeyType::AES),
            Attribute::Unwrap(true),
            Attribute::Wrap(true),
            Attribute::Value(value),
        ],
        Import::AesGcm(value) => vec![
            secret,
            Attribute::KeyType(KeyType::AES),
            Attribute::Decrypt(true),
            Attribute::Value(value),
        ],
        Import::Secret(value) => vec![
            secret,
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Sign(true),
            Attribute::Value(value),
        ],
        Import::Ec(name, value) => {
            let curve = Curve::ALL.into_iter().find(|curve| curve.name() == name);
            // Object identifiers in DER.
            let (kind, params): (KeyType, &[u8]) = match curve.unwrap() {
                Curve::P256 => (KeyType::EC, b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"),
                Curve::P384 => (KeyType::EC, b"\x06\x05\x2b\x81\x04\x00\x22"),
                Curve::P521 => (KeyType::EC, b"\x06\x05\x2b\x81\x04\x00\x23"),
                // SoftHSM2 is older than the type of its own for such keys.
                Curve::X25519 if softhsm => (KeyType::EC_EDWARDS, b"\x06\x03\x2b\x65\x6e"),
                Curve::X25519 => (KeyType::EC_MONTGOMERY, b"\x06\x03\x2b\x65\x6e"),
                Curve::Ed25519 => (KeyType::EC_EDWARDS, b"\x06\x03\x2b\x65\x70"),
            };
            vec![
                private,
                Attribute::KeyType(kind),
                Attribute::EcParams(params.to_vec()),
                Attribute::Derive(true),
                Attribute::Value(value),
            ]
        }
        Import::Rsa([n, e, d, p, q, d1, d2, c]) => vec![
            private,
            Attribute::KeyType(KeyType::RSA),
            Attribute::Decrypt(true),
            Attribute::Modulus(n),
            Attribute::PublicExponent(e),
            Attribute::PrivateExponent(d),
            Attribute::Prime1(p),
            Attribute::Prime2(q),
            Attribute::Exponent1(d1),
            Attribute::Exponent2(d2),
            Attribute::Coefficient(c),
        ],
        Import::MlKem768(seed) => vec![
            private,
            Attribute::KeyType(KeyType::ML_KEM),
            Attribute::ParameterSet(MlKemParameterSetType::ML_KEM_768.into()),
            Attribute::Decapsulate(true),
            Attribute::Seed(seed),
        ],
    }
}
