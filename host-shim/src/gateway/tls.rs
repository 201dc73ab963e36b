//! TLS 1.3 only, X25519MLKEM768 first.

use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which clients may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientCerts {
    /// No certificate is asked for.
    None,
    /// One is asked for; if it is given it must be signed by one of these authorities.
    Optional {
        /// PEM file of the authorities.
        ca: PathBuf,
    },
    /// Without a certificate of these authorities the handshake fails.
    Required {
        /// PEM file of the authorities.
        ca: PathBuf,
    },
}

/// The gateway's certificate and its rule for clients.
pub struct TlsConfig {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
}

/// A certificate, key or authority that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError {
    file: PathBuf,
    reason: String,
}

impl TlsError {
    fn new(file: &Path, reason: impl fmt::Display) -> Self {
        Self {
            file: file.to_path_buf(),
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.reason)
    }
}

impl std::error::Error for TlsError {}

impl TlsConfig {
    /// Reads a certificate chain (leaf first) and its private key.
    ///
    /// # Errors
    /// [`TlsError`] naming the file that cannot be read or holds nothing usable.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let chain_certs = certificates(chain.as_ref())?;
        let key = PrivateKeyDer::from_pem_file(key.as_ref())
            .map_err(|error| TlsError::new(key.as_ref(), error))?;
        Ok(Self {
            chain: chain_certs,
            key,
            verifier: None,
        })
    }

    /// Sets the rule for client certificates (default: none asked for).
    ///
    /// # Errors
    /// [`TlsError`] when the authorities cannot be read.
    pub fn client_certs(mut self, rule: ClientCerts) -> Result<Self, TlsError> {
        let (ca, required) = match rule {
            ClientCerts::None => {
                self.verifier = None;
                return Ok(self);
            }
            ClientCerts::Optional { ca } => (ca, false),
            ClientCerts::Required { ca } => (ca, true),
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&ca)? {
            roots
                .add(certificate)
                .map_err(|error| TlsError::new(&ca, error))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if !required {
            builder = builder.allow_unauthenticated();
        }
        self.verifier = Some(builder.build().map_err(|error| TlsError::new(&ca, error))?);
        Ok(self)
    }

    /// The certificate that is presented, DER.
    pub(super) fn leaf(&self) -> Option<&CertificateDer<'static>> {
        self.chain.first()
    }

    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
        ];
        let builder = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?;
        let builder = match &self.verifier {
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| TlsError::new(file, error))?;
    if found.is_empty() {
        return Err(TlsError::new(file, "holds no certificate"));
    }
    Ok(found)
}

impl fmt::Debug for TlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConfig")
            .field("chain", &self.chain.len())
            .finish_non_exhaustive()
    }
}
