//! How a cluster of the test host answers.

use crate::call::{Answer, HttpCall};
use crate::net::{Client, ClusterAddr};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// A cluster. Only a socket cluster takes real time.
#[derive(Clone)]
pub struct Cluster(pub(super) Kind);

#[derive(Clone)]
pub(super) enum Kind {
    Closure(Arc<dyn Fn(&HttpCall) -> Answer + Send + Sync>),
    Socket(ClusterAddr),
    Waits,
}

impl Cluster {
    /// Answered by a function.
    pub fn closure(answer: impl Fn(&HttpCall) -> Answer + Send + Sync + 'static) -> Self {
        Self(Kind::Closure(Arc::new(answer)))
    }

    /// Always the same answer.
    pub fn answers(answer: Answer) -> Self {
        Self::closure(move |_| answer.clone())
    }

    /// Nobody listens: Envoy's 503.
    pub fn refused() -> Self {
        Self::answers(Answer::refused())
    }

    /// A server on a Unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self(Kind::Socket(ClusterAddr::unix(path)))
    }

    /// A server on a TCP address (`host:port`).
    pub fn tcp(address: impl fmt::Display) -> Self {
        Self(Kind::Socket(ClusterAddr::tcp(address)))
    }

    /// Never answers: a run moves the clock to the call's timeout and delivers Envoy's 504.
    pub fn never() -> Self {
        Self(Kind::Waits)
    }

    /// Answers when the test says so, with [`super::Step::answer`].
    pub fn manual() -> Self {
        Self(Kind::Waits)
    }
}

impl Kind {
    /// The answer, or `None` when it does not come by itself.
    pub(super) fn answer(&self, call: &HttpCall) -> Option<Answer> {
        match self {
            Self::Closure(answer) => Some(answer(call)),
            Self::Socket(address) => Some(ask(address, call)),
            Self::Waits => None,
        }
    }
}

/// One call over a real socket, in real time, on a runtime of its own.
fn ask(address: &ClusterAddr, call: &HttpCall) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Answer::refused();
    };
    let local = tokio::task::LocalSet::new();
    let client = Client::new(address.clone());
    local.block_on(&runtime, client.ask(call.clone()))
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Closure(_) => "Cluster::closure",
            Kind::Socket(_) => "Cluster::socket",
            Kind::Waits => "Cluster::manual",
        })
    }
}
