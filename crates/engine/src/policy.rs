//! The policy file: from bytes to checked types, all faults at once.

pub(crate) mod compiled;
mod fault;
pub(crate) mod keys;
mod material;
pub(crate) mod raw;
mod read;
pub(crate) mod routes;
mod stages;

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_format::Format;
use sealgate_signature::{Algorithm, Scheme, SignatureError, VerificationKey};
use serde_json::Value;

use compiled::{Bridge, Policy};
use fault::Findings;
pub use fault::{PolicyFault, PolicyWarning};
use keys::KeyTable;
use material::{Material, resolve};
pub use material::{MaterialSource, NoMaterials};
pub use raw::Mode;
use raw::{RawBridge, RawDocument, RawPayload, RawSignature, RawUnmatched};
use read::section;
use routes::RouteTable;

use crate::limits::{MAX_POLICY_BYTES, MAX_POLICY_DEPTH};

/// A document without faults.
pub(crate) struct Compiled {
    pub(crate) routes: RouteTable,
    pub(crate) bridge: Option<Bridge>,
    /// Every header that some policy fills from claims, lower case, sorted.
    pub(crate) identity_headers: Vec<String>,
    pub(crate) warnings: Vec<PolicyWarning>,
}

/// Compiles a policy document.
///
/// # Errors
/// All faults of the document, in document order of its sections.
pub(crate) fn compile(
    document: &[u8],
    source: &dyn MaterialSource,
) -> Result<Compiled, Vec<PolicyFault>> {
    let mut findings = Findings::default();
    let compiled = compile_into(document, source, &mut findings);
    match compiled {
        Some(compiled) if findings.faults.is_empty() => Ok(Compiled {
            warnings: findings.warnings,
            ..compiled
        }),
        _ => Err(findings.faults),
    }
}

fn compile_into(
    document: &[u8],
    source: &dyn MaterialSource,
    findings: &mut Findings,
) -> Option<Compiled> {
    let bounds = sealgate_jose::json::Bounds {
        max_bytes: MAX_POLICY_BYTES,
        max_depth: MAX_POLICY_DEPTH,
    };
    let document = match sealgate_jose::json::object(document, bounds) {
        Ok(members) => Value::Object(members),
        Err(fault) => {
            findings.fault(
                "policy",
                format!(
                    "is not one JSON object without duplicate members ({})",
                    fault.code()
                ),
                "check the document with `sealgate check`",
            );
            return None;
        }
    };
    let raw = section::<RawDocument>(document, "", findings)?;
    match raw.version {
        Some(1) => {}
        // A wrong type has been reported; a missing member has not.
        None if findings.names("version") => {}
        None => findings.fault("version", "is missing", "write version: 1"),
        Some(version) => {
            findings.fault(
                "version",
                format!("{version} is not known"),
                "write version: 1",
            );
            return None;
        }
    }
    if raw.unmatched.is_none() && !findings.names("unmatched") {
        findings.fault("unmatched", "is missing", "write unmatched: refuse");
    }
    let bridge = raw.bridge.and_then(|value| bridge(value, source, findings));
    let keys = KeyTable::compile(raw.keys, raw.pq, bridge.as_ref(), source, findings);
    let names: Vec<String> = raw.policies.keys().cloned().collect();
    let mut policies = BTreeMap::new();
    for (name, value) in raw.policies {
        if let Some(policy) = stages::compile(&name, value, &keys, findings) {
            policies.insert(name, Arc::new(policy));
        }
    }
    if keys.uses_bridge.get()
        && bridge.is_none()
        && !findings
            .faults
            .iter()
            .any(|fault| fault.path.starts_with("bridge"))
    {
        findings.fault(
            "bridge",
            "is missing, and some key or store lives in hsm-bridge",
            "add bridge: { cluster: hsm-bridge, token: { env: SEALGATE_BRIDGE_TOKEN, encoding: text } }",
        );
    }
    let identity_headers = identity_headers(policies.values());
    let unmatched = raw.unmatched.unwrap_or(RawUnmatched::Refuse);
    let routes = RouteTable::compile(raw.routes, unmatched, policies, &names, findings);
    Some(Compiled {
        routes,
        bridge,
        identity_headers,
        warnings: Vec::new(),
    })
}

fn bridge(value: Value, source: &dyn MaterialSource, findings: &mut Findings) -> Option<Bridge> {
    let raw = section::<RawBridge>(value, "bridge", findings)?;
    findings.range("bridge.timeout_ms", raw.timeout_ms, 1, 30_000);
    if raw.cluster.is_empty() {
        findings.fault(
            "bridge.cluster",
            "is empty",
            "write the name of the host's cluster",
        );
    }
    let Material::Secret(token) = resolve(raw.token, "bridge.token", source, findings)? else {
        findings.fault(
            "bridge.token",
            "must be a shared secret",
            "use inline, env or file",
        );
        return None;
    };
    let visible = token.iter().all(|byte| (0x21..0x7f).contains(byte));
    if !visible || !(16..=256).contains(&token.len()) {
        findings.fault(
            "bridge.token",
            "is not 16 to 256 visible ASCII characters",
            "write encoding: text when the token is text",
        );
        return None;
    }
    let token = String::from_utf8(token.to_vec()).ok()?;
    Some(Bridge {
        cluster: raw.cluster,
        timeout_ms: raw.timeout_ms,
        token,
    })
}

/// The scheme of one `signature` section, for tools that sign and verify without a gate. Keys and
/// coverage are not looked at: what a policy must not accept, a tool may still have to show.
///
/// # Errors
/// All faults of the section.
pub fn signature_scheme(section_value: Value) -> Result<Box<dyn Scheme>, Vec<PolicyFault>> {
    let mut findings = Findings::default();
    let scheme = section::<RawSignature>(section_value, "signature", &mut findings)
        .and_then(|raw| stages::signature::scheme(&raw, "signature", &mut findings));
    match scheme {
        Some(scheme) if findings.faults.is_empty() => Ok(scheme),
        _ => Err(findings.faults),
    }
}

/// The format of one `payload` section, for tools that seal what a gate opens.
///
/// # Errors
/// All faults of the section's format and options.
pub fn payload_format(section_value: Value) -> Result<Format, Vec<PolicyFault>> {
    let mut findings = Findings::default();
    let format = section::<RawPayload>(section_value, "payload", &mut findings).and_then(|raw| {
        let signed = !raw.verify.is_empty();
        stages::format(
            raw.format,
            raw.options,
            false,
            signed,
            "payload",
            &mut findings,
        )
    });
    match format {
        Some(format) if findings.faults.is_empty() => Ok(format),
        _ => Err(findings.faults),
    }
}

/// A public JWK as the key of message signatures with this algorithm, for tools.
///
/// # Errors
/// What makes the JWK unusable.
pub fn verification_key(
    jwk: &Value,
    algorithm: Algorithm,
) -> Result<VerificationKey, SignatureError> {
    keys::message_public_key(jwk, algorithm).map(VerificationKey::Public)
}

fn identity_headers<'a>(policies: impl Iterator<Item = &'a Arc<Policy>>) -> Vec<String> {
    let mut names: Vec<String> = policies
        .filter_map(|policy| policy.token.as_ref())
        .flat_map(|token| {
            token
                .claims_to_headers
                .iter()
                .map(|(_, header)| header.clone())
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// JSON Schema of the policy file.
#[cfg(feature = "schema")]
pub fn schema() -> Value {
    schemars::schema_for!(RawDocument).to_value()
}
