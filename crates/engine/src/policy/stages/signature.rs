//! Compiles `signature` and `replay`.

use super::accepted;
use crate::policy::compiled::{ReplayPolicy, Scheme, SignaturePolicy};
use crate::policy::fault::Findings;
use crate::policy::keys::{Key, KeyTable, MacSecret};
use crate::policy::raw::{Mode, RawReplay, RawReplayBy, RawScheme, RawSignature};
use crate::stage::replay::SLOTS;

pub(super) fn compile(
    raw: RawSignature,
    nonce: bool,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<SignaturePolicy> {
    let picked = keys.pick(
        &raw.keys,
        &format!("{path}.keys"),
        "a signature takes keys with use: mac",
        |key| match key {
            Key::Mac(key) => Some(key.clone()),
            _ => None,
        },
        findings,
    );
    let accepted = accepted(
        &raw.accept_weak,
        &["method", "target", "body", "freshness"],
        path,
        findings,
    );
    let scheme = match raw.scheme {
        RawScheme::Rfc9421 => rfc9421(&raw, nonce, &accepted, path, findings),
        RawScheme::Github => {
            if raw.cover.is_some() {
                findings.fault(
                    format!("{path}.cover"),
                    "has no meaning for github",
                    "remove it",
                );
            }
            for weakness in ["method", "target", "freshness"] {
                if !accepted.contains(&weakness) {
                    findings.fault(
                        path,
                        format!("GitHub signatures do not cover {weakness}"),
                        format!("write accept_weak: [{weakness}] when that is acceptable here"),
                    );
                }
            }
            if picked
                .iter()
                .any(|key| matches!(key.secret, MacSecret::Bridge(_)))
            {
                findings.fault(
                    format!("{path}.keys"),
                    "a github signature is over the whole body, which the bridge does not take",
                    "use a key with inline, env or file material",
                );
            }
            Scheme::Github
        }
    };
    for weakness in &accepted {
        findings.warn(
            "weak-signature",
            format!("{path}.accept_weak"),
            format!("signatures need not cover {weakness}"),
            "have the sender sign it and remove the exception",
        );
    }
    (!picked.is_empty()).then_some(SignaturePolicy {
        mode: raw.mode,
        scheme,
        keys: picked,
    })
}

fn rfc9421(
    raw: &RawSignature,
    nonce: bool,
    accepted: &[&'static str],
    path: &str,
    findings: &mut Findings,
) -> Scheme {
    findings.range(
        &format!("{path}.tolerance_seconds"),
        raw.tolerance_seconds,
        1,
        3600,
    );
    let default = ["@method", "@target-uri", "content-digest"]
        .map(str::to_owned)
        .to_vec();
    let mut cover = raw.cover.clone().unwrap_or(default);
    let has = |name: &str| cover.iter().any(|item| item == name);
    let target = has("@target-uri") || has("@request-target") || (has("@path") && has("@query"));
    let cover_body = has("content-digest");
    let demanded = [
        ("method", has("@method"), "\"@method\""),
        ("target", target, "\"@target-uri\""),
        ("body", cover_body, "\"content-digest\""),
    ];
    for (weakness, covered, component) in demanded {
        if !covered && !accepted.contains(&weakness) {
            findings.fault(
                format!("{path}.cover"),
                format!("leaves out the {weakness}"),
                format!("add {component}, or write accept_weak: [{weakness}]"),
            );
        }
    }
    if accepted.contains(&"freshness") {
        findings.fault(
            format!("{path}.accept_weak"),
            "rfc9421 signatures always carry `created` here",
            "remove freshness",
        );
    }
    for (index, item) in cover.iter().enumerate() {
        let known = !item.is_empty()
            && item.bytes().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'-' | b'_' | b'@')
            });
        if !known {
            findings.fault(
                format!("{path}.cover[{index}]"),
                "is not a component name",
                "write a lower-case header name or a derived name such as @method",
            );
        }
    }
    cover.retain(|item| item != "content-digest");
    Scheme::Rfc9421 {
        cover,
        cover_body,
        tolerance_seconds: i64::from(raw.tolerance_seconds),
        nonce,
    }
}

pub(super) fn replay(
    raw: &RawReplay,
    signature: Option<&RawSignature>,
    path: &str,
    findings: &mut Findings,
) -> Option<ReplayPolicy> {
    let Some(signature) = signature else {
        findings.fault(
            path,
            "has no signature to rest on",
            "add a `signature` stage",
        );
        return None;
    };
    if raw.mode == Mode::Enforce && signature.mode == Mode::Observe {
        findings.fault(
            format!("{path}.mode"),
            "cannot be enforced while the signature is only observed",
            "write the same mode for both",
        );
    }
    findings.range(
        &format!("{path}.max_entries"),
        raw.max_entries,
        16 * SLOTS,
        1024 * SLOTS,
    );
    if let Some(ttl_seconds) = raw.ttl_seconds {
        findings.range(&format!("{path}.ttl_seconds"), ttl_seconds, 1, 604_800);
    }
    match signature.scheme {
        RawScheme::Github => {
            if raw.by == RawReplayBy::Nonce {
                findings.fault(
                    format!("{path}.by"),
                    "github signs no nonce",
                    "write signature",
                );
            }
            if raw.ttl_seconds.is_none() {
                findings.fault(
                    path,
                    "github signatures never expire",
                    "write ttl_seconds: how long a delivery may not repeat",
                );
            }
        }
        RawScheme::Rfc9421 => {
            if raw.ttl_seconds.is_some() {
                findings.fault(
                    format!("{path}.ttl_seconds"),
                    "is derived from the signature's window",
                    "remove it",
                );
            }
        }
    }
    Some(ReplayPolicy {
        mode: raw.mode,
        by: raw.by,
        ttl_seconds: raw.ttl_seconds,
        slot_entries: usize::try_from(raw.max_entries / SLOTS).unwrap_or(usize::MAX),
    })
}
