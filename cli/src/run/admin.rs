//! `sealgate run --admin`: the metrics of the embedded gateway, for Prometheus and `sealgate watch`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sealgate_host_shim::gateway::Gateway;
use tokio::net::TcpListener;

/// Longest time one scrape may take; they are served one after the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// Binds the admin address.
///
/// # Errors
/// When it is not of this machine alone, or taken.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!("--admin listens on loopback addresses only: {address} is not one");
    }
    let listener = TcpListener::bind(address).await;
    listener.with_context(|| format!("cannot listen on {address}"))
}

/// Serves `/metrics` until it is dropped.
pub(super) async fn serve(listener: &TcpListener, gateway: &Gateway) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = service_fn(|request| async move { answer(&request, gateway) });
        let connection = http1::Builder::new()
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        // Whoever breaks off or is slow gets no answer; there is nothing to do about it.
        let _ = tokio::time::timeout(PATIENCE, connection).await;
    }
}

fn answer(
    request: &Request<Incoming>,
    gateway: &Gateway,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics" | "/stats/prometheus") => {
            (StatusCode::OK, gateway.metrics_text())
        }
        (&Method::GET, _) => (StatusCode::NOT_FOUND, "see /metrics\n".to_owned()),
        _ => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static("text/plain; version=0.0.4");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, kind);
    Ok(response)
}
