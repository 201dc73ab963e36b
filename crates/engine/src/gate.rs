//! A compiled policy, ready to judge.

use std::sync::Arc;

use crate::exchange::{Decision, Exchange};
use crate::policy::compiled::Bridge;
use crate::policy::routes::{RouteQuestion, RouteTable, Verdict};
use crate::policy::{self, MaterialSource, PolicyFault, PolicyWarning};
use crate::refusal::Reason;
use crate::request::{Channel, Request, RequestHead};

/// A policy document that compiled. Cheap to clone; keys are wiped when the last clone goes.
#[derive(Clone)]
pub struct Gate {
    compiled: Arc<Compiled>,
    warnings: Arc<[PolicyWarning]>,
}

/// What exchanges need of the document.
pub(crate) struct Compiled {
    pub(crate) routes: RouteTable,
    pub(crate) bridge: Option<Bridge>,
    pub(crate) identity_headers: Vec<String>,
    reads_channel: bool,
    reads_route_name: bool,
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
