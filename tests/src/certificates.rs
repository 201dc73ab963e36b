//! Certificates of a test site: gateway, clients, and a client that nobody should trust.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

/// The SAN that the suites' policies allow.
pub const PARTNER_A: &str = "spiffe://bank/partner-a";
/// A SAN of the same authority that they do not allow.
pub const PARTNER_B: &str = "spiffe://bank/partner-b";

/// A certificate chain and its key, ready for rustls.
#[derive(Debug)]
pub struct Identity {
    /// The leaf certificate.
    pub chain: Vec<CertificateDer<'static>>,
    /// PKCS#8 of the leaf's key.
    key: Vec<u8>,
}

impl Identity {
    /// The private key.
    pub fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).expect("PKCS#8")
    }
}

/// All certificates of one test site; the folder has the three files that the bootstraps name.
#[derive(Debug)]
pub struct Certificates {
    folder: TempDir,
    /// Authority of the gateway's certificate.
    pub authority: CertificateDer<'static>,
    /// Client whose SAN is [`PARTNER_A`].
    pub partner_a: Identity,
    /// Client of the same authority whose SAN is [`PARTNER_B`].
    pub partner_b: Identity,
    /// Client with the right SAN from an authority that the gateway does not trust.
    pub stranger: Identity,
}

impl Certificates {
    /// Makes a fresh set.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let gateway_authority = authority("Sealgate test gateways");
        let client_authority = authority("Sealgate test clients");
        let strange_authority = authority("Sealgate test strangers");
        let (gateway, gateway_key) = leaf(
            &gateway_authority,
            "gateway",
            vec![
                SanType::DnsName("localhost".try_into().expect("name")),
                SanType::IpAddress([127, 0, 0, 1].into()),
            ],
            ExtendedKeyUsagePurpose::ServerAuth,
        );
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("certificate file");
        };
        write("gateway.pem", &gateway.pem());
        write("gateway.key", &gateway_key.serialize_pem());
        write("gateway-ca.pem", &gateway_authority.pem());
        write("clients-ca.pem", &client_authority.pem());
        let client = |issuer: &Issuer, name: &str, san: &str| {
            let san = vec![SanType::URI(san.try_into().expect("URI"))];
            let (leaf, key) = leaf(issuer, name, san, ExtendedKeyUsagePurpose::ClientAuth);
            write(&format!("{name}.pem"), &leaf.pem());
            write(&format!("{name}.key"), &key.serialize_pem());
            Identity {
                chain: vec![leaf.der().clone()],
                key: key.serialize_der(),
            }
        };
        Self {
            authority: gateway_authority.der().clone(),
            partner_a: client(&client_authority, "partner-a", PARTNER_A),
            partner_b: client(&client_authority, "partner-b", PARTNER_B),
            stranger: client(&strange_authority, "stranger", PARTNER_A),
            folder,
        }
    }

    /// Folder with `gateway.pem`, `gateway.key`, `gateway-ca.pem`, `clients-ca.pem` and the clients.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Issuer {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = named(name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(parameters, key()).expect("authority")
}

fn leaf(
    issuer: &Issuer,
    name: &str,
    sans: Vec<SanType>,
    usage: ExtendedKeyUsagePurpose,
) -> (rcgen::Certificate, KeyPair) {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = named(name);
    parameters.subject_alt_names = sans;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![usage];
    let key = key();
    (
        parameters.signed_by(&key, issuer).expect("certificate"),
        key,
    )
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("key")
}
