//! A one-request HTTP/1.1 client over TCP or a Unix socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

/// Where something is asked: `http://host:port/path`, or the path of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    place: Place,
    /// Path and query to ask for.
    target: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tcp(String),
    Unix(PathBuf),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody listens there.
    Refused,
    /// The socket or its folder is not there, or not ours to open.
    NoSocket,
    /// It took longer than it may.
    Timeout,
    /// The connection broke off, or what came is not HTTP.
    Broken,
    /// The answer is larger than its bound.
    TooLarge,
    /// The answer's status, which is not one of success.
    Status(u16),
    /// The answer is not UTF-8.
    NotText,
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("nobody listens there"),
            Self::NoSocket => f.write_str("the socket is not there, or may not be opened"),
            Self::Timeout => f.write_str("no answer in time"),
            Self::Broken => f.write_str("the connection broke off"),
            Self::TooLarge => f.write_str("the answer is too large"),
            Self::Status(status) => write!(f, "it answered with status {status}"),
            Self::NotText => f.write_str("the answer is not text"),
        }
    }
}

impl std::error::Error for AskError {}

/// Why a text names no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndpointError {
    /// It is not a URL.
    NotAUrl,
    /// Its scheme is not `http`.
    NotHttp,
    /// It names a user or password.
    Credentials,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUrl => "not a URL such as http://127.0.0.1:9901",
            Self::NotHttp => {
                "only http:// is spoken: reach other machines through a tunnel or a mesh that encrypts"
            }
            Self::Credentials => "no user names or passwords in a URL",
        })
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// The socket at this path, asked for `target`.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>, target: &str) -> Self {
        Self {
            place: Place::Unix(path.into()),
            target: target.to_owned(),
        }
    }

    /// A URL; `target` is asked for where the URL has no path of its own.
    ///
    /// # Errors
    /// [`EndpointError`].
    pub fn url(url: &str, target: &str) -> Result<Self, EndpointError> {
        let url = Uri::from_str(url).map_err(|_| EndpointError::NotAUrl)?;
        match url.scheme_str() {
            Some("http") => {}
            Some(_) => return Err(EndpointError::NotHttp),
            None => return Err(EndpointError::NotAUrl),
        }
        let authority = url.authority().ok_or(EndpointError::NotAUrl)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::Credentials);
        }
        let port = authority.port_u16().unwrap_or(80);
        let own = url.path_and_query().map_or("/", |own| own.as_str());
        Ok(Self {
            place: Place::Tcp(format!("{}:{port}", authority.host())),
            target: if own == "/" { target } else { own }.to_owned(),
        })
    }

    /// A short name for people: `host:port`, or the socket's path.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.place {
            Place::Tcp(address) => address.clone(),
            Place::Unix(path) => path.display().to_string(),
        }
    }

    fn host(&self) -> &str {
        match &self.place {
            Place::Tcp(address) => address,
            Place::Unix(_) => "localhost",
        }
    }
}

/// What is asked.
#[derive(Debug, Default)]
pub(crate) struct Ask {
    /// Body of a POST; without one it is a GET.
    pub(crate) body: Option<Vec<u8>>,
    /// Header lines besides `host`.
    pub(crate) headers: Vec<(String, String)>,
}

/// Asks, and reads the whole answer of a success.
///
/// # Errors
/// [`AskError`].
pub(crate) async fn ask(
    endpoint: &Endpoint,
    ask: Ask,
    patience: Duration,
    max_bytes: usize,
) -> Result<String, AskError> {
    let work = async {
        match &endpoint.place {
            Place::Tcp(address) => {
                let stream = TcpStream::connect(address).await;
                exchange(
                    stream.map_err(|_| AskError::Refused)?,
                    endpoint,
                    ask,
                    max_bytes,
                )
                .await
            }
            Place::Unix(path) => {
                let stream = UnixStream::connect(path).await;
                exchange(
                    stream.map_err(|error| no_socket(&error))?,
                    endpoint,
                    ask,
                    max_bytes,
                )
                .await
            }
        }
    };
    let within = tokio::time::timeout(patience, work).await;
    within.map_err(|_| AskError::Timeout)?
}

async fn exchange<S>(
    stream: S,
    endpoint: &Endpoint,
    ask: Ask,
    max_bytes: usize,
) -> Result<String, AskError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
            .await
            .map_err(|_| AskError::Broken)?;
    let driver = AbortOnDrop(tokio::spawn(async move {
        // A failure shows at the request.
        let _ = connection.await;
    }));
    let method = if ask.body.is_some() {
        Method::POST
    } else {
        Method::GET
    };
    let mut request = Request::builder()
        .method(method)
        .uri(endpoint.target.as_str())
        .header("host", endpoint.host())
        .header("user-agent", "sealgate-watch");
    for (name, value) in &ask.headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Full::new(ask.body.unwrap_or_default().into()))
        .map_err(|_| AskError::Broken)?;
    let answer = sender
        .send_request(request)
        .await
        .map_err(|_| AskError::Broken)?;
    if !answer.status().is_success() {
        return Err(AskError::Status(answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), max_bytes);
    let body = body.collect().await.map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            AskError::TooLarge
        } else {
            AskError::Broken
        }
    })?;
    drop(driver);
    String::from_utf8(body.to_bytes().to_vec()).map_err(|_| AskError::NotText)
}

/// Nothing of a connection outlives its request.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn no_socket(error: &std::io::Error) -> AskError {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => AskError::Refused,
        _ => AskError::NoSocket,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_are_endpoints_and_that_are_not() {
        let of = |url| Endpoint::url(url, "/stats/prometheus");
        let plain = of("http://127.0.0.1:9901").unwrap();
        assert_eq!(
            (plain.name().as_str(), plain.target.as_str()),
            ("127.0.0.1:9901", "/stats/prometheus")
        );
        assert_eq!(of("http://gw/metrics?x=1").unwrap().target, "/metrics?x=1");
        assert_eq!(of("http://gw").unwrap().name(), "gw:80");
        assert_eq!(of("https://gw"), Err(EndpointError::NotHttp));
        assert_eq!(of("127.0.0.1:9901"), Err(EndpointError::NotAUrl));
        assert_eq!(of("http://a:b@gw"), Err(EndpointError::Credentials));
    }
}
