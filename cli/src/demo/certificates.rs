//! Certificates of one demo run: two authorities, the gateway, three clients.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use crate::http::TlsFiles;

/// PEM files of everyone who takes part.
pub(crate) struct Certificates {
    pub(crate) folder: PathBuf,
}

impl Certificates {
    /// Makes all of them in `folder`.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn make(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let made = Self {
            folder: folder.to_owned(),
        };
        let bank = made.authority("clients-ca", "Demo Bank CA")?;
        let stranger = made.authority("stranger-ca", "Stranger CA")?;
        made.leaf("gateway", &bank, Leaf::Server)?;
        made.leaf("partner-a", &bank, Leaf::Client("spiffe://bank/partner-a"))?;
        made.leaf("partner-b", &bank, Leaf::Client("spiffe://bank/partner-b"))?;
        made.leaf(
            "stranger",
            &stranger,
            Leaf::Client("spiffe://bank/partner-a"),
        )?;
        Ok(made)
    }

    /// A PEM file of these.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The files with which `who` connects.
    pub(crate) fn client(&self, who: &str) -> TlsFiles {
        TlsFiles {
            cacert: Some(self.file("clients-ca.pem")),
            cert: Some(self.file(&format!("{who}.pem"))),
            key: Some(self.file(&format!("{who}.key"))),
        }
    }

    fn authority(&self, name: &str, title: &str) -> Result<Issuer<'static, KeyPair>> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, title);
        let certificate = params.self_signed(&key)?;
        self.write(&format!("{name}.pem"), &certificate.pem())?;
        Ok(Issuer::new(params, key))
    }

    fn leaf(&self, name: &str, issuer: &Issuer<'_, KeyPair>, kind: Leaf<'_>) -> Result<()> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        match kind {
            Leaf::Server => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.subject_alt_names = vec![
                    SanType::DnsName("localhost".try_into()?),
                    SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()),
                ];
            }
            Leaf::Client(uri) => {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
            }
        }
        let certificate = params.signed_by(&key, issuer)?;
        self.write(&format!("{name}.pem"), &certificate.pem())?;
        self.write(&format!("{name}.key"), &key.serialize_pem())
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.file(name);
        super::write_private(&path, text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

enum Leaf<'a> {
    Server,
    /// With this URI as its name.
    Client(&'a str),
}
