//! A TCP listener that only clients with a certificate get through: TLS 1.3, no resumption, and the
//! client's name on the socket's list.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use crate::config::TlsAddress;

/// Longest wait for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// What turns a connection into one of a known client.
pub struct Gatekeeper {
    acceptor: TlsAcceptor,
    clients: std::collections::BTreeSet<String>,
}

/// Why a connection was closed before a request was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No handshake in time, or one that failed: no certificate, or none of the authorities.
    Handshake,
    /// A certificate of the authorities with no name on the list.
    Name,
}

impl Gatekeeper {
    /// Reads certificates and key.
    ///
    /// # Errors
    /// Naming the file that cannot be read or holds nothing usable.
    pub fn new(address: &TlsAddress) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(&address.client_ca)? {
            let added = roots.add(authority);
            added.map_err(|error| named(&address.client_ca, error))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| named(&address.client_ca, error))?;
        let key = PrivateKeyDer::from_pem_file(&address.key)
            .map_err(|error| named(&address.key, error))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(io::Error::other)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates(&address.certificate)?, key)
            .map_err(|error| named(&address.certificate, error))?;
        // Each connection shows its certificate anew: nobody comes in on the strength of an old one.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            clients: address.clients.clone(),
        })
    }

    /// The connection behind the handshake, and the listed name that let it in.
    pub(super) async fn admit(
        &self,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, String), Refusal> {
        let handshake = tokio::time::timeout(HANDSHAKE, self.acceptor.accept(stream));
        let Ok(Ok(stream)) = handshake.await else {
            return Err(Refusal::Handshake);
        };
        let (_, session) = stream.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        let name = leaf.and_then(|leaf| self.listed(leaf));
        match name {
            Some(name) => Ok((stream, name)),
            None => Err(Refusal::Name),
        }
    }

    /// The first of the certificate's names that is on the list. Names are compared as they are: no
    /// wildcards.
    fn listed(&self, leaf: &CertificateDer<'_>) -> Option<String> {
        let (_, certificate) = parse_x509_certificate(leaf).ok()?;
        let names = certificate.subject_alternative_name().ok()??;
        let names = names.value.general_names.iter();
        names
            .filter_map(|name| match name {
                GeneralName::DNSName(name) | GeneralName::URI(name) => Some(*name),
                _ => None,
            })
            .find(|name| self.clients.contains(*name))
            .map(str::to_owned)
    }
}

impl Refusal {
    /// Its word in logs and metrics.
    pub(super) fn cause(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::Name => "name",
        }
    }
}

fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| named(file, error))?;
    if found.is_empty() {
        return Err(named(file, "holds no certificate"));
    }
    Ok(found)
}

fn named(file: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", file.display()))
}
