//! Connections of one worker to one address, kept while they are idle.

use super::{ClusterAddr, OutBody};
use crate::limits;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use tokio::net::{TcpStream, UnixStream};

/// Why no response came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// Nobody answers at the address.
    Refused,
    /// The connection broke, or what came back was not HTTP.
    Broken,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Broken => "connection broken before the response",
        })
    }
}

impl std::error::Error for SendError {}

/// A pooled HTTP/1.1 client. It lives in a `LocalSet`: each worker has its own.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    address: ClusterAddr,
    idle: RefCell<VecDeque<SendRequest<OutBody>>>,
}

impl Client {
    /// A client of this address; nothing is connected yet.
    pub fn new(address: ClusterAddr) -> Self {
        Self(Rc::new(Inner {
            address,
            idle: RefCell::default(),
        }))
    }

    /// Sends a request and waits for the response head.
    ///
    /// A kept connection that turns out closed before it took the request is replaced by a new one.
    ///
    /// # Errors
    /// [`SendError`] when no connection can be made or the response does not come.
    pub async fn send(&self, request: Request<OutBody>) -> Result<Response<Incoming>, SendError> {
        let mut request = request;
        while let Some(sender) = self.idle() {
            match self.try_on(sender, request).await {
                Ok(response) => return Ok(response),
                Err(Some(unsent)) => request = *unsent,
                Err(None) => return Err(SendError::Broken),
            }
        }
        let sender = self.connect().await?;
        self.try_on(sender, request)
            .await
            .map_err(|_| SendError::Broken)
    }

    fn idle(&self) -> Option<SendRequest<OutBody>> {
        let mut idle = self.0.idle.borrow_mut();
        while let Some(sender) = idle.pop_back() {
            if sender.is_ready() && !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    /// `Err(Some(request))` when the request never left.
    async fn try_on(
        &self,
        mut sender: SendRequest<OutBody>,
        request: Request<OutBody>,
    ) -> Result<Response<Incoming>, Option<Box<Request<OutBody>>>> {
        match sender.try_send_request(request).await {
            Ok(response) => {
                let pool = Rc::downgrade(&self.0);
                tokio::task::spawn_local(async move {
                    // Ready again once the response has been read to its end.
                    if sender.ready().await.is_ok()
                        && let Some(pool) = pool.upgrade()
                    {
                        let mut idle = pool.idle.borrow_mut();
                        if idle.len() < limits::POOL_IDLE {
                            idle.push_back(sender);
                        }
                    }
                });
                Ok(response)
            }
            Err(mut error) => Err(error.take_message().map(Box::new)),
        }
    }

    async fn connect(&self) -> Result<SendRequest<OutBody>, SendError> {
        let connecting = async {
            match &self.0.address {
                ClusterAddr::Tcp(address) => {
                    let stream = TcpStream::connect(address)
                        .await
                        .map_err(|_| SendError::Refused)?;
                    // A failure only costs latency.
                    let _ = stream.set_nodelay(true);
                    handshake(TokioIo::new(stream)).await
                }
                ClusterAddr::Unix(path) => {
                    let stream = UnixStream::connect(path)
                        .await
                        .map_err(|_| SendError::Refused)?;
                    handshake(TokioIo::new(stream)).await
                }
            }
        };
        tokio::time::timeout(limits::CONNECT, connecting)
            .await
            .unwrap_or(Err(SendError::Refused))
    }
}

async fn handshake<T>(io: T) -> Result<SendRequest<OutBody>, SendError>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + 'static,
{
    let (sender, connection) = http1::handshake::<T, OutBody>(io)
        .await
        .map_err(|_| SendError::Broken)?;
    tokio::task::spawn_local(async move {
        // The sender reports what matters.
        let _ = connection.await;
    });
    Ok(sender)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}
