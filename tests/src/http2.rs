//! An HTTP/2 client over TLS that can send trailers and single frames.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, ResponseFuture, SendRequest};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::certificates::Certificates;
use crate::h1::PATIENCE;
use crate::message::{Request, Response};
use crate::tls::{Offer, server_name};

/// A client connection over TLS; calls block.
#[derive(Debug)]
pub struct Connection {
    runtime: Runtime,
    sender: SendRequest<Bytes>,
}

impl Connection {
    /// Connects with ALPN `h2`.
    ///
    /// # Errors
    /// The handshake was refused.
    pub fn open(
        address: SocketAddr,
        certificates: &Certificates,
        offer: &Offer,
    ) -> io::Result<Self> {
        let offer = Offer {
            alpn: vec![b"h2"],
            ..offer.clone()
        };
        let connector = TlsConnector::from(offer.config(certificates));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let sender = runtime.block_on(async {
            let socket = TcpStream::connect(address).await?;
            let stream = connector.connect(server_name(), socket).await?;
            let (sender, connection) = client::handshake(stream).await.map_err(io::Error::other)?;
            tokio::spawn(connection);
            Ok::<_, io::Error>(sender)
        })?;
        Ok(Self { runtime, sender })
    }

    /// Sends the request; when it has trailers, they end the stream after the body.
    ///
    /// # Errors
    /// The stream was reset, or nothing came within [`PATIENCE`].
    pub fn exchange(&mut self, request: &Request) -> io::Result<Response> {
        self.exchange_within(request, PATIENCE)
    }

    /// As [`Connection::exchange`] with another limit.
    ///
    /// # Errors
    /// As [`Connection::exchange`].
    pub fn exchange_within(&mut self, request: &Request, limit: Duration) -> io::Result<Response> {
        let head = head(request)?;
        let bodiless = request.body.is_empty() && request.trailers.is_empty();
        let (answer, mut stream) = self
            .sender
            .send_request(head, bodiless)
            .map_err(io::Error::other)?;
        if !bodiless {
            let last = request.trailers.is_empty();
            let body = Bytes::from(request.body.clone());
            stream.send_data(body, last).map_err(io::Error::other)?;
            if !last {
                stream
                    .send_trailers(map(&request.trailers)?)
                    .map_err(io::Error::other)?;
            }
        }
        self.runtime.block_on(async {
            timeout(limit, response(answer))
                .await
                .map_err(io::Error::other)?
        })
    }
}

fn head(request: &Request) -> io::Result<http::Request<()>> {
    let mut head = http::Request::builder()
        .method(request.method.as_str())
        .uri(format!("https://{}{}", request.authority, request.target))
        .body(())
        .map_err(io::Error::other)?;
    *head.headers_mut() = map(&request.headers)?;
    Ok(head)
}

fn map(headers: &[(String, Vec<u8>)]) -> io::Result<HeaderMap> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).map_err(io::Error::other)?,
            HeaderValue::from_bytes(value).map_err(io::Error::other)?,
        );
    }
    Ok(map)
}

async fn response(answer: ResponseFuture) -> io::Result<Response> {
    let (head, mut stream) = answer.await.map_err(io::Error::other)?.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.map_err(io::Error::other)?;
        stream
            .flow_control()
            .release_capacity(chunk.len())
            .map_err(io::Error::other)?;
        body.extend_from_slice(&chunk);
    }
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Ok(Response {
        status: head.status.as_u16(),
        interim: Vec::new(),
        headers,
        body,
    })
}
