//! Asking hsm-bridge over its data socket, with the codec of `sealgate-wire`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::http::{self, Answer, Outgoing, Route};

/// A client of one data socket.
pub(crate) struct BridgeClient {
    socket: PathBuf,
    token: String,
}

impl BridgeClient {
    /// `token` is the secret of the header `x-hsm-bridge-token`.
    ///
    /// # Errors
    /// When the token is not visible ASCII.
    pub(crate) fn new(socket: &Path, token: &[u8]) -> Result<Self> {
        let token = std::str::from_utf8(token)
            .context("the bridge token is not text")?
            .to_owned();
        Ok(Self {
            socket: socket.to_owned(),
            token,
        })
    }

    /// The public half of a key, as a JWK.
    ///
    /// # Errors
    /// When the bridge does not answer with one.
    pub(crate) async fn public(&self, kid: &str) -> Result<Value> {
        let answer = self
            .ask("GET", &format!("/v1/keys/{kid}/public"), Vec::new())
            .await?;
        serde_json::from_slice(&answer).context("the bridge's answer is not a JWK")
    }

    /// One call; the body of a 200 answer.
    ///
    /// # Errors
    /// When the bridge cannot be reached or refuses; its code is in the message.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Vec<u8>) -> Result<Vec<u8>> {
        let route = Route {
            socket: Some(self.socket.clone()),
            ..Route::default()
        };
        let mut headers = vec![("x-hsm-bridge-token".to_owned(), self.token.clone())];
        if !body.is_empty() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        let outgoing = Outgoing {
            method: method.to_owned(),
            url: format!("http://hsm-bridge{path}").parse()?,
            headers,
            body,
        };
        let Answer { status, body, .. } = http::send(&route, outgoing).await?;
        if status != 200 {
            let text = String::from_utf8_lossy(&body).into_owned();
            bail!("the bridge answered {status} to {method} {path}: {text}");
        }
        Ok(body)
    }
}
