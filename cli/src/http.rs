//! A one-request HTTP client: TLS with a client certificate, plain TCP, or a Unix socket.
//!
//! One connection per request on purpose: every request of a demo or a test proves its own
//! handshake, and nothing is left open behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Largest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// Longest wait for a whole exchange.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a broken connection may take to say why.
const LAST_WORD: Duration = Duration::from_millis(500);

/// A request as it goes on the wire.
#[derive(Clone)]
pub(crate) struct Outgoing {
    pub(crate) method: String,
    pub(crate) url: Uri,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Key exchange group of the TLS handshake.
    pub(crate) group: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// How the server is reached and who we say we are.
#[derive(Clone, Default)]
pub(crate) struct Route {
    /// TLS settings; needed for https.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// `host:port` to connect to instead of the one in the URL.
    pub(crate) connect: Option<String>,
    /// Unix socket to connect to instead of any host.
    pub(crate) socket: Option<PathBuf>,
}

/// PEM files of a TLS client.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct TlsFiles {
    /// PEM file of the certificate authority that signed the server
    #[arg(long, value_name = "PEM", help_heading = "Sending")]
    pub(crate) cacert: Option<PathBuf>,
    /// PEM file of our client certificate
    #[arg(long, value_name = "PEM", requires = "key", help_heading = "Sending")]
    pub(crate) cert: Option<PathBuf>,
    /// PEM file of its private key
    #[arg(long, value_name = "PEM", requires = "cert", help_heading = "Sending")]
    pub(crate) key: Option<PathBuf>,
}

impl TlsFiles {
    /// TLS 1.3 only, X25519MLKEM768 first: the library's default order.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>> {
        let Some(cacert) = &self.cacert else {
            bail!("https needs --cacert: there is no default set of authorities here");
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(cacert)? {
            roots
                .add(certificate)
                .with_context(|| format!("in {}", cacert.display()))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(roots);
        let config = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                let key = PrivateKeyDer::from_pem_file(key)
                    .with_context(|| format!("no private key in {}", key.display()))?;
                builder.with_client_auth_cert(certificates(cert)?, key)?
            }
            _ => builder.with_no_client_auth(),
        };
        Ok(Arc::new(config))
    }
}

/// Sends one request and reads the whole answer.
///
/// # Errors
/// When the connection, the handshake or the exchange fails, or takes longer than 20 s.
pub(crate) async fn send(route: &Route, outgoing: Outgoing) -> Result<Answer> {
    tokio::time::timeout(PATIENCE, send_patiently(route, outgoing))
        .await
        .context("no answer within 20 s")?
}

async fn send_patiently(route: &Route, outgoing: Outgoing) -> Result<Answer> {
    if let Some(path) = &route.socket {
        let stream = UnixStream::connect(path)
            .await
            .with_context(|| format!("cannot connect to {}", path.display()))?;
        return exchange(stream, outgoing).await;
    }
    let host = outgoing
        .url
        .host()
        .context("the URL has no host")?
        .to_owned();
    let secure = match outgoing.url.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => bail!("the URL must start with https:// or http://"),
    };
    let port = outgoing
        .url
        .port_u16()
        .unwrap_or(if secure { 443 } else { 80 });
    let address = route
        .connect
        .clone()
        .unwrap_or_else(|| format!("{host}:{port}"));
    let stream = TcpStream::connect(&address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    if !secure {
        return exchange(stream, outgoing).await;
    }
    let config = route.tls.clone().context("https needs TLS settings")?;
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())?;
    let stream = tokio_rustls::TlsConnector::from(config)
        .connect(name, stream)
        .await
        .context("the TLS handshake failed")?;
    let group = stream.get_ref().1.negotiated_key_exchange_group();
    let group = group.map(|group| format!("{:?}", group.name()));
    let answer = exchange(stream, outgoing).await?;
    Ok(Answer { group, ..answer })
}

async fn exchange<S>(stream: S, outgoing: Outgoing) -> Result<Answer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request = request(outgoing)?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER_BYTES)
            .collect()
            .await
            .map_err(|error| anyhow::anyhow!("the answer broke off: {error}"))?
            .to_bytes();
        Ok(Answer {
            status: head.status.as_u16(),
            group: None,
            headers: head
                .headers
                .iter()
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: body.to_vec(),
        })
    }
    .await;
    if answer.is_ok() {
        driver.abort();
        return answer;
    }
    // The connection knows better why: with TLS 1.3 a refused certificate shows only now.
    match tokio::time::timeout(LAST_WORD, driver).await {
        Ok(Ok(Err(cause))) => Err(cause).context("the server hung up"),
        _ => answer.context("the server hung up"),
    }
}

fn request(outgoing: Outgoing) -> Result<Request<Full<Bytes>>> {
    let target = outgoing
        .url
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let authority = outgoing.url.authority().context("the URL has no host")?;
    let mut builder = Request::builder()
        .method(outgoing.method.as_str())
        .uri(target)
        .header("host", authority.as_str());
    for (name, value) in &outgoing.headers {
        builder = builder.header(name, value);
    }
    Ok(builder.body(Full::new(outgoing.body.into()))?)
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .collect();
    let found = found.with_context(|| format!("in {}", path.display()))?;
    if found.is_empty() {
        bail!("no certificate in {}", path.display());
    }
    Ok(found)
}
