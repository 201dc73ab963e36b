//! Carrying out a guest's HTTP call, with Envoy's answers for every failure.

use super::{Client, OutBody, SendError, body};
use crate::call::{Answer, HttpCall};
use crate::headers::Headers;
use crate::limits;
use hyper::body::Bytes;
use hyper::{HeaderMap, Request};

impl Client {
    /// Carries out a call. Failures are answers too: 504 after the timeout, 503 when the
    /// connection is refused or breaks.
    pub async fn ask(&self, call: HttpCall) -> Answer {
        let timeout = call.timeout;
        let Some(request) = request(call) else {
            return Answer::reset();
        };
        let asked = async {
            match self.send(request).await {
                Err(SendError::Refused) => Answer::refused(),
                Err(SendError::Broken) => Answer::reset(),
                Ok(response) => {
                    let (head, incoming) = response.into_parts();
                    let mut headers = Headers::from_pairs([(":status", head.status.as_str())]);
                    add_all(&mut headers, &head.headers);
                    match body::read_bounded(incoming, limits::CALL_ANSWER_BYTES).await {
                        None => Answer::reset(),
                        Some((body, found)) => {
                            let mut trailers = Headers::new();
                            if let Some(found) = found {
                                add_all(&mut trailers, &found);
                            }
                            Answer {
                                headers,
                                body,
                                trailers,
                            }
                        }
                    }
                }
            }
        };
        tokio::time::timeout(timeout, asked)
            .await
            .unwrap_or_else(|_| Answer::timed_out())
    }
}

/// The call as an HTTP request; `None` when its head cannot be one.
fn request(call: HttpCall) -> Option<Request<OutBody>> {
    let mut builder = Request::builder().method(call.method()).uri(call.path());
    for (name, value) in call.headers.iter() {
        match name {
            b":authority" => builder = builder.header("host", value),
            [b':', ..] | b"host" | b"connection" | b"transfer-encoding" => {}
            _ => builder = builder.header(name, value),
        }
    }
    let mut trailers = None;
    if !call.trailers.is_empty() {
        let mut map = HeaderMap::new();
        for (name, value) in call.trailers.iter() {
            map.append(
                hyper::header::HeaderName::from_bytes(name).ok()?,
                hyper::header::HeaderValue::from_bytes(value).ok()?,
            );
        }
        trailers = Some(map);
    }
    builder
        .body(OutBody::complete(Bytes::from(call.body), trailers))
        .ok()
}

fn add_all(headers: &mut Headers, found: &HeaderMap) {
    for (name, value) in found {
        headers.add(name.as_str().as_bytes(), value.as_bytes());
    }
}
