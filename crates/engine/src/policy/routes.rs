//! The route table: which policy judges which request.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::compiled::Policy;
use super::fault::Findings;
use super::raw::{RawRoute, RawUnmatched};
use super::read::section;

/// What the route table knows of a request.
pub(crate) struct RouteQuestion<'a> {
    /// Request target without its query.
    pub(crate) path: &'a [u8],
    pub(crate) method: &'a [u8],
    /// Host without port.
    pub(crate) host: &'a [u8],
    pub(crate) route_name: Option<&'a str>,
    /// Policy named by the host's route metadata.
    pub(crate) metadata_policy: Option<&'a str>,
}

/// The table's answer.
pub(crate) enum Verdict {
    Judge(Arc<Policy>),
    Open,
    /// No route, or route metadata that names no policy of ours.
    Refuse,
}

/// The compiled table.
pub(crate) struct RouteTable {
    policies: BTreeMap<String, Arc<Policy>>,
    rows: Vec<Row>,
    unmatched: RawUnmatched,
}

struct Row {
    path: Option<Vec<u8>>,
    path_prefix: Option<Vec<u8>>,
    methods: Vec<Vec<u8>>,
    host: Option<Vec<u8>>,
    route_name: Option<String>,
    /// `None` forwards unexamined.
    policy: Option<Arc<Policy>>,
}

impl RouteTable {
    pub(crate) fn compile(
        sections: Vec<Value>,
        unmatched: RawUnmatched,
        policies: BTreeMap<String, Arc<Policy>>,
        known_names: &[String],
        findings: &mut Findings,
    ) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for (index, value) in sections.into_iter().enumerate() {
            let path = format!("routes[{index}]");
            let Some(raw) = section::<RawRoute>(value, &path, findings) else {
                continue;
            };
            if let Some(row) = compile_row(raw, &path, &policies, known_names, findings) {
                if rows.iter().any(|earlier| earlier.shadows(&row)) {
                    findings.warn(
                        "shadowed-route",
                        path,
                        "an earlier route matches all of its requests",
                        "move it up or remove it",
                    );
                }
                rows.push(row);
            }
        }
        if unmatched == RawUnmatched::Pass {
            findings.warn(
                "unmatched-pass",
                "unmatched",
                "requests without a route pass unexamined",
                "write refuse, and name open routes",
            );
        }
        Self {
            policies,
            rows,
            unmatched,
        }
    }

    pub(crate) fn decide(&self, question: &RouteQuestion<'_>) -> Verdict {
        if let Some(name) = question.metadata_policy {
            return match self.policies.get(name) {
                Some(policy) => Verdict::Judge(policy.clone()),
                None => Verdict::Refuse,
            };
        }
        match self.rows.iter().find(|row| row.matches(question)) {
            Some(Row {
                policy: Some(policy),
                ..
            }) => Verdict::Judge(policy.clone()),
            Some(_) => Verdict::Open,
            None => match self.unmatched {
                RawUnmatched::Refuse => Verdict::Refuse,
                RawUnmatched::Pass => Verdict::Open,
            },
        }
    }

    pub(crate) fn reads_route_name(&self) -> bool {
        self.rows.iter().any(|row| row.route_name.is_some())
    }

    pub(crate) fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.get(name).map(AsRef::as_ref)
    }

    pub(crate) fn policies(&self) -> impl Iterator<Item = &Arc<Policy>> {
        self.policies.values()
    }
}

impl Row {
    fn matches(&self, question: &RouteQuestion<'_>) -> bool {
        self.path
            .as_deref()
            .is_none_or(|path| path == question.path)
            && self
                .path_prefix
                .as_deref()
                .is_none_or(|prefix| under(prefix, question.path))
            && (self.methods.is_empty()
                || self.methods.iter().any(|method| method == question.method))
            && self
                .host
                .as_deref()
                .is_none_or(|host| host.eq_ignore_ascii_case(question.host))
            && self
                .route_name
                .as_deref()
                .is_none_or(|name| question.route_name == Some(name))
    }

    /// Whether every request that `later` matches is already matched here.
    fn shadows(&self, later: &Self) -> bool {
        let path = match (&self.path, &self.path_prefix) {
            (Some(path), _) => later.path.as_ref() == Some(path),
            (None, Some(prefix)) => later
                .path
                .as_ref()
                .or(later.path_prefix.as_ref())
                .is_some_and(|path| under(prefix, path)),
            (None, None) => true,
        };
        let methods = self.methods.is_empty()
            || (!later.methods.is_empty()
                && later
                    .methods
                    .iter()
                    .all(|method| self.methods.contains(method)));
        path && methods
            && (self.host.is_none() || self.host == later.host)
            && (self.route_name.is_none() || self.route_name == later.route_name)
    }
}

/// Prefix match at segment borders.
fn under(prefix: &[u8], path: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some(rest) => rest.is_empty() || prefix.ends_with(b"/") || rest.starts_with(b"/"),
        None => false,
    }
}

fn compile_row(
    raw: RawRoute,
    path: &str,
    policies: &BTreeMap<String, Arc<Policy>>,
    known_names: &[String],
    findings: &mut Findings,
) -> Option<Row> {
    let policy = match (raw.policy, raw.open) {
        (Some(_), true) => {
            findings.fault(path, "has a policy and is open", "write one of the two");
            return None;
        }
        (None, false) => {
            findings.fault(path, "names no policy", "write policy: NAME, or open: true");
            return None;
        }
        (None, true) => None,
        (Some(name), false) => match policies.get(&name) {
            Some(policy) => Some(policy.clone()),
            None => {
                // A policy that exists but has faults of its own is reported there.
                if !known_names.contains(&name) {
                    findings.fault(
                        format!("{path}.policy"),
                        format!("policy {name} is not defined"),
                        "add it to `policies` or correct the name",
                    );
                }
                return None;
            }
        },
    };
    let matcher = raw.matcher;
    if matcher.path.is_some() && matcher.path_prefix.is_some() {
        findings.fault(
            format!("{path}.match"),
            "has path and path_prefix",
            "write one of the two",
        );
    }
    for (name, value) in [
        ("path", &matcher.path),
        ("path_prefix", &matcher.path_prefix),
    ] {
        if value
            .as_ref()
            .is_some_and(|value| !value.starts_with('/') || value.contains(['?', '#']))
        {
            findings.fault(
                format!("{path}.match.{name}"),
                "is not a path",
                "begin with / and leave the query out",
            );
        }
    }
    if matcher.path.is_none()
        && matcher.path_prefix.is_none()
        && matcher.host.is_none()
        && matcher.route_name.is_none()
    {
        findings.fault(
            format!("{path}.match"),
            "matches everything",
            "name a path, path_prefix, host or route_name; path_prefix: / matches all paths",
        );
    }
    for (index, method) in matcher.methods.iter().enumerate() {
        if method.is_empty()
            || !method
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'-')
        {
            findings.fault(
                format!("{path}.match.methods[{index}]"),
                "is not a method",
                "write it in upper case, such as POST",
            );
        }
    }
    Some(Row {
        path: matcher.path.map(String::into_bytes),
        path_prefix: matcher.path_prefix.map(String::into_bytes),
        methods: matcher
            .methods
            .into_iter()
            .map(String::into_bytes)
            .collect(),
        host: matcher.host.map(String::into_bytes),
        route_name: matcher.route_name,
        policy,
    })
}
