//! Compiles `token`.

use serde_json::Value;

use super::{accepted, is_header_name};
use crate::policy::compiled::TokenPolicy;
use crate::policy::fault::Findings;
use crate::policy::keys::{DecryptAlgorithm, KeyTable};
use crate::policy::raw::{RawJoin, RawToken};
use crate::policy::read::section;
use crate::stage::claims::{Join, Selector};

/// Header names a claim may not be written to: the proxy or the upstream gives them a meaning.
const RESERVED_HEADERS: [&str; 12] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
];

pub(super) fn compile(
    value: Value,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<TokenPolicy> {
    let raw = section::<RawToken>(value, path, findings)?;
    let decrypt = keys.pick(
        &raw.decrypt,
        &format!("{path}.decrypt"),
        "a token takes keys with use: decrypt and a JWE algorithm",
        |key| {
            key.decrypt
                .clone()
                .filter(|key| !matches!(key.algorithm, DecryptAlgorithm::RawA256Gcm(_)))
        },
        findings,
    );
    let (sets, single): (Vec<_>, Vec<_>) = raw
        .verify
        .iter()
        .cloned()
        .partition(|id| keys.get(id).is_some_and(|key| key.set.is_some()));
    let verify = if single.is_empty() {
        Vec::new()
    } else {
        keys.pick(
            &single,
            &format!("{path}.verify"),
            "verification takes keys with use: verify",
            |key| key.token.clone(),
            findings,
        )
    };
    if sets.len() > 1 {
        findings.fault(
            format!("{path}.verify"),
            "names several key sets",
            "name one: a token has one issuer",
        );
    }
    let key_set = sets.first().and_then(|id| keys.get(id)?.set.clone());
    let accepted = accepted(&raw.accept_weak, &["unsigned-token"], path, findings);
    if raw.verify.is_empty() && decrypt.iter().any(|key| key.is_asymmetric()) {
        let problem = "everyone who has the public key can make such a token";
        if accepted.is_empty() {
            findings.fault(
                format!("{path}.verify"),
                problem,
                "name the issuer's key in `verify`, or write accept_weak: [unsigned-token]",
            );
        } else {
            findings.warn(
                "unsigned-token",
                path,
                problem,
                "name the issuer's key in `verify`",
            );
        }
    }
    if raw.audience.is_empty() {
        findings.fault(
            format!("{path}.audience"),
            "is empty",
            "name at least one audience",
        );
    }
    findings.range(
        &format!("{path}.leeway_seconds"),
        raw.leeway_seconds,
        0,
        600,
    );
    if !is_header_name(&raw.from.header) {
        findings.fault(
            format!("{path}.from.header"),
            "is not a header name",
            "write it in lower case",
        );
    }
    let mut claims_to_headers = Vec::new();
    for (claim, header) in raw.claims_to_headers {
        let path = format!("{path}.claims_to_headers.{claim}");
        if !is_header_name(&header) {
            findings.fault(path, "is not a header name", "write it in lower case");
        } else if RESERVED_HEADERS.contains(&header.as_str()) || header == raw.from.header {
            findings.fault(
                path,
                format!("{header} has another meaning"),
                "use a name of your own, such as x-sub",
            );
        } else if claims_to_headers.iter().any(|(_, other)| *other == header) {
            findings.fault(
                path,
                format!("{header} is already the target of another claim"),
                "use one header per claim",
            );
        } else if let Some(selector) = selector(&claim, path, findings) {
            claims_to_headers.push((selector, header));
        }
    }
    let mut claims_to_metadata = Vec::new();
    for (claim, name) in raw.claims_to_metadata {
        let path = format!("{path}.claims_to_metadata.{claim}");
        if !is_metadata_name(&name) {
            findings.fault(
                path,
                "is not a name of metadata",
                "use 1 to 64 of a-z, 0-9 and _, not beginning with sealgate",
            );
        } else if claims_to_metadata.iter().any(|(_, other)| *other == name) {
            findings.fault(
                path,
                format!("{name} is already the target of another claim"),
                "use one name per claim",
            );
        } else if let Some(selector) = selector(&claim, path, findings) {
            claims_to_metadata.push((selector, name));
        }
    }
    Some(TokenPolicy {
        mode: raw.mode,
        header: raw.from.header,
        scheme: raw.from.scheme,
        decrypt,
        verify,
        key_set,
        issuer: raw.issuer,
        audience: raw.audience,
        leeway_seconds: u64::from(raw.leeway_seconds),
        claims_to_headers,
        claims_to_metadata,
        join: Join(match raw.claims_join {
            RawJoin::Comma => ',',
            RawJoin::Space => ' ',
        }),
    })
}

fn selector(claim: &str, path: String, findings: &mut Findings) -> Option<Selector> {
    let selector = Selector::new(claim);
    if selector.is_none() {
        findings.fault(
            path,
            "is neither a claim nor a JSON pointer",
            "write a name, or a pointer such as /address/country",
        );
    }
    selector
}

/// Names that begin with ours are left to what the gate itself says of a request.
fn is_metadata_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with("sealgate")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
