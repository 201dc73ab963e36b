//! A compiled policy, ready to judge.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_scan::ScanPolicy;
use sha2::{Digest, Sha256};

use crate::exchange::{Decision, Exchange};
use crate::policy::compiled::Bridge;
use crate::policy::routes::{RouteQuestion, RouteTable, Verdict};
use crate::policy::{self, MaterialSource, PolicyFault, PolicyWarning};
use crate::refusal::Reason;
use crate::request::{Channel, Request, RequestHead, without_port};

/// A policy document that compiled. Cheap to clone; keys are wiped when the last clone goes.
#[derive(Clone)]
pub struct Gate {
    compiled: Arc<Compiled>,
    warnings: Arc<[PolicyWarning]>,
    revision: u64,
}

/// What exchanges need of the document.
pub(crate) struct Compiled {
    pub(crate) routes: RouteTable,
    pub(crate) bridge: Option<Bridge>,
    pub(crate) identity_headers: Vec<String>,
    reads_channel: bool,
    reads_route_name: bool,
}

/// The settings of an `inspect` stage.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Inspection<'g> {
    /// Classes and limits.
    pub scan: &'g ScanPolicy,
    /// Names of the scanned headers, cookies apart.
    pub headers: &'g [String],
}

impl Gate {
    /// Compiles a policy document (JSON).
    ///
    /// # Errors
    /// Every fault of the document, each with its place and its remedy.
    pub fn compile(
        document: &[u8],
        materials: &dyn MaterialSource,
    ) -> Result<Self, Vec<PolicyFault>> {
        let policy::Compiled {
            routes,
            bridge,
            identity_headers,
            warnings,
        } = policy::compile(document, materials)?;
        let reads_channel = routes.policies().any(|policy| policy.channel.is_some());
        Ok(Self {
            compiled: Arc::new(Compiled {
                reads_channel,
                reads_route_name: routes.reads_route_name(),
                routes,
                bridge,
                identity_headers,
            }),
            warnings: warnings.into(),
            revision: revision(document),
        })
    }

    /// Choices of the document that weaken the gate.
    pub fn warnings(&self) -> &[PolicyWarning] {
        &self.warnings
    }

    /// Names of the policies, sorted; the cardinality of the policy label.
    pub fn policy_names(&self) -> impl Iterator<Item = &str> {
        self.compiled
            .routes
            .policies()
            .map(|policy| policy.name.as_str())
    }

    /// Every policy in plain words, for `sealgate check`.
    pub fn explain(&self) -> Vec<(String, Vec<String>)> {
        self.compiled
            .routes
            .policies()
            .map(|policy| (policy.name.clone(), crate::explain::policy(policy)))
            .collect()
    }

    /// What the `inspect` stage of a policy looks at; for judging recorded traffic without a gate.
    pub fn inspection(&self, policy: &str) -> Option<Inspection<'_>> {
        let stage = self.compiled.routes.policy(policy)?.inspect.as_ref()?;
        Some(Inspection {
            scan: &stage.scan,
            headers: &stage.headers,
        })
    }

    /// Name of the policy that judges such a request; `None` when an open route forwards it.
    /// Routes by the host's route name never match here. `host` may have a port.
    ///
    /// # Errors
    /// The reason when no route matches.
    pub fn policy_for(&self, method: &str, path: &str, host: &str) -> Result<Option<&str>, Reason> {
        let verdict = self.compiled.routes.decide(&RouteQuestion {
            path: path.as_bytes(),
            method: method.as_bytes(),
            host: without_port(host.as_bytes()),
            route_name: None,
            metadata_policy: None,
        });
        match verdict {
            Verdict::Judge(policy) => Ok(self
                .policy_names()
                .find(|name| *name == policy.name.as_str())),
            Verdict::Open => Ok(None),
            Verdict::Refuse => Err(Reason::NoRoute),
        }
    }

    /// Tells this document from others: the first 48 bits of its SHA-256, which a metric can carry
    /// without loss.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Keys of message signatures that end, by id, with their last second since 1970.
    pub fn key_ends(&self) -> BTreeMap<&str, i64> {
        let signatures = self.compiled.routes.policies();
        signatures
            .filter_map(|policy| policy.signature.as_ref())
            .flat_map(|stage| &stage.keys)
            .filter_map(|key| Some((key.id.as_str(), key.validity.end()?)))
            .collect()
    }

    /// Whether some policy looks at the TLS connection; otherwise the host need not be asked.
    pub fn reads_channel(&self) -> bool {
        self.compiled.reads_channel
    }

    /// Whether some route matches by the host's route name.
    pub fn reads_route_name(&self) -> bool {
        self.compiled.reads_route_name
    }

    /// Takes up a request. The adapter gives the head as received and then drives the exchange.
    pub fn begin(&self, head: RequestHead, channel: Channel) -> Exchange {
        let route_name = head.route_name.clone();
        let metadata_policy = head.metadata_policy.clone();
        let (request, decision) = match Request::new(head) {
            Err(reason) => (None, Decision::Refuse(reason)),
            Ok(request) => {
                let verdict = self.compiled.routes.decide(&RouteQuestion {
                    path: request.path(),
                    method: &request.method,
                    host: request.host(),
                    route_name: route_name.as_deref(),
                    metadata_policy: metadata_policy.as_deref(),
                });
                let decision = match verdict {
                    Verdict::Judge(policy) => Decision::Judge(policy),
                    Verdict::Open => Decision::Open,
                    Verdict::Refuse => Decision::Refuse(Reason::NoRoute),
                };
                (Some(request), decision)
            }
        };
        Exchange::new(self.compiled.clone(), request, channel, decision)
    }
}

fn revision(document: &[u8]) -> u64 {
    let hash = Sha256::digest(document);
    hash.iter()
        .take(6)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
