//! Compiles a key that is a JWK Set at its issuer.

use std::sync::Arc;

use sealgate_jose::jws::SignatureAlgorithm;

use super::super::fault::Findings;
use super::super::raw::{RawJwks, RawKey, RawKeyUse, RawMaterial};
use super::Key;
use crate::key_set::{KeySet, KeySetQuestion};

pub(super) fn key_set(
    raw: RawKey,
    jwks: RawJwks,
    path: &str,
    findings: &mut Findings,
) -> Option<Key> {
    let before = findings.faults.len();
    if raw.purpose != RawKeyUse::Verify {
        findings.fault(
            format!("{path}.jwks"),
            "holds public keys",
            "write use: verify",
        );
    }
    if !raw.alg.is_empty() || raw.material != RawMaterial::default() {
        findings.fault(
            path,
            "has `jwks` beside `alg` or `material`",
            "write `jwks` alone; its algorithms are jwks.algs",
        );
    }
    for (name, written) in [
        ("sender_kid", raw.sender_kid.is_some()),
        ("not_before", raw.not_before.is_some()),
        ("not_after", raw.not_after.is_some()),
    ] {
        if written {
            findings.fault(
                format!("{path}.{name}"),
                "has no meaning for a set",
                "remove it; the set names its keys",
            );
        }
    }
    let path = format!("{path}.jwks");
    let authority = jwks.authority.unwrap_or_else(|| jwks.cluster.clone());
    for (name, value) in [("cluster", &jwks.cluster), ("authority", &authority)] {
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
            findings.fault(
                format!("{path}.{name}"),
                "is empty or has blanks",
                "write the name as the host proxy knows it",
            );
        }
    }
    if !jwks.path.starts_with('/') || !jwks.path.bytes().all(|byte| byte.is_ascii_graphic()) {
        findings.fault(
            format!("{path}.path"),
            "is not a path",
            "write it from the first `/` on, such as /.well-known/jwks.json",
        );
    }
    findings.range(
        &format!("{path}.refresh_seconds"),
        jwks.refresh_seconds,
        10,
        86_400,
    );
    findings.range(
        &format!("{path}.max_stale_seconds"),
        jwks.max_stale_seconds,
        jwks.refresh_seconds,
        604_800,
    );
    findings.range(&format!("{path}.timeout_ms"), jwks.timeout_ms, 1, 30_000);
    let algorithms = algorithms(&jwks.algs, &path, findings);
    (findings.faults.len() == before).then(|| Key {
        set: Some(Arc::new(KeySet::new(
            raw.id,
            KeySetQuestion {
                cluster: jwks.cluster,
                authority,
                path: jwks.path,
                timeout_ms: jwks.timeout_ms,
            },
            algorithms,
            i64::from(jwks.refresh_seconds),
            i64::from(jwks.max_stale_seconds),
        ))),
        ..Key::default()
    })
}

fn algorithms(names: &[String], path: &str, findings: &mut Findings) -> Vec<SignatureAlgorithm> {
    if names.is_empty() {
        findings.fault(
            format!("{path}.algs"),
            "names no algorithm",
            "name what the issuer signs with, such as [ES256]",
        );
    }
    let mut algorithms = Vec::new();
    for (index, name) in names.iter().enumerate() {
        match SignatureAlgorithm::from_name(name).filter(|_| !name.starts_with("HS")) {
            Some(algorithm) => algorithms.push(algorithm),
            None => findings.fault(
                format!("{path}.algs[{index}]"),
                format!("{name} is not a public-key signature algorithm of tokens"),
                "write such as ES256 or EdDSA",
            ),
        }
    }
    algorithms
}
