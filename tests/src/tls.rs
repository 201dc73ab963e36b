//! TLS client configurations: the good client and the ones that must be refused.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use crate::certificates::{Certificates, Identity};

/// What a client offers in its handshake.
#[derive(Clone)]
pub struct Offer<'a> {
    /// Client certificate, if any.
    pub identity: Option<&'a Identity>,
    /// Key exchange groups, in order of preference.
    pub groups: Vec<&'static dyn SupportedKxGroup>,
    /// Protocol versions.
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// ALPN, in order.
    pub alpn: Vec<&'static [u8]>,
}

impl std::fmt::Debug for Offer<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let groups: Vec<_> = self.groups.iter().map(|group| group.name()).collect();
        formatter
            .debug_struct("Offer")
            .field("groups", &groups)
            .finish_non_exhaustive()
    }
}

impl<'a> Offer<'a> {
    /// TLS 1.3, X25519MLKEM768 then X25519, HTTP/1.1, with this client certificate.
    pub fn of(identity: &'a Identity) -> Self {
        Self {
            identity: Some(identity),
            groups: vec![
                aws_lc_rs::kx_group::X25519MLKEM768,
                aws_lc_rs::kx_group::X25519,
            ],
            versions: TLS13,
            alpn: vec![b"http/1.1"],
        }
    }

    /// The rustls configuration that trusts the gateway of `certificates`.
    pub fn config(&self, certificates: &Certificates) -> Arc<ClientConfig> {
        let provider = CryptoProvider {
            kx_groups: self.groups.clone(),
            ..aws_lc_rs::default_provider()
        };
        let mut roots = RootCertStore::empty();
        roots
            .add(certificates.authority.clone())
            .expect("authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_root_certificates(roots);
        let mut config = match self.identity {
            Some(identity) => builder
                .with_client_auth_cert(identity.chain.clone(), identity.key())
                .expect("client certificate"),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}

/// TLS 1.3 alone.
pub const TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// The name in the gateway's certificate.
pub fn server_name() -> ServerName<'static> {
    ServerName::try_from("localhost").expect("name")
}
