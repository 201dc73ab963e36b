//! Compiles `signature` and `replay`.

pub(super) mod scheme;

pub(in crate::policy) use scheme::compile as scheme;
use sealgate_signature::Coverage;

use super::accepted;
use crate::policy::compiled::{ReplayPolicy, SignaturePolicy};
use crate::policy::fault::Findings;
use crate::policy::keys::{KeyTable, MessageMaterial};
use crate::policy::raw::{Mode, RawReplay, RawReplayBy, RawReplayStore, RawSignature, RawWhenFull};
use crate::stage::replay::SLOTS;

/// Compiles both sections: each depends on what the other says.
pub(super) fn compile(
    raw_signature: Option<RawSignature>,
    raw_replay: Option<RawReplay>,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> (Option<SignaturePolicy>, Option<ReplayPolicy>) {
    let by = raw_replay.as_ref().map(|replay| replay.by);
    if let (None, Some(_)) = (&raw_signature, &raw_replay) {
        findings.fault(
            format!("{path}.replay"),
            "has no signature to rest on",
            "add a `signature` stage",
        );
    }
    let signature = raw_signature
        .and_then(|raw| signature(raw, by, keys, &format!("{path}.signature"), findings));
    let replay = match (&signature, raw_replay) {
        (Some(signature), Some(raw)) => {
            replay(raw, signature, keys, &format!("{path}.replay"), findings)
        }
        _ => None,
    };
    (signature, replay)
}

fn signature(
    raw: RawSignature,
    replay_by: Option<RawReplayBy>,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<SignaturePolicy> {
    findings.range(
        &format!("{path}.tolerance_seconds"),
        raw.tolerance_seconds,
        1,
        3600,
    );
    let picked = keys.pick(
        &raw.keys,
        &format!("{path}.keys"),
        "a signature takes keys with use: mac, or use: verify and a public jwk",
        |key| key.message.clone(),
        findings,
    );
    let names: Vec<&'static str> = Coverage::NAMED.iter().map(|(name, _)| *name).collect();
    let accepted = accepted(&raw.accept_weak, &names, path, findings);
    let scheme = scheme::compile(&raw, path, findings)?;
    let guarantees = scheme.guarantees();
    for (name, part) in Coverage::NAMED {
        match (guarantees.contains(part), accepted.contains(&name)) {
            (false, false) => findings.fault(
                match scheme::is_chosen_by_sender(raw.scheme) {
                    true => format!("{path}.cover"),
                    false => path.to_owned(),
                },
                format!(
                    "a {} signature need not cover the {name} here",
                    scheme.name()
                ),
                format!(
                    "{}, or write accept_weak: [{name}]",
                    scheme::remedy(raw.scheme, name)
                ),
            ),
            (true, true) => findings.fault(
                format!("{path}.accept_weak"),
                format!("{name} is always covered here"),
                format!("remove {name}"),
            ),
            (false, true) => findings.warn(
                "weak-signature",
                format!("{path}.accept_weak"),
                format!("signatures need not cover the {name}"),
                "have the sender sign it and remove the exception",
            ),
            (true, false) => {}
        }
    }
    for (index, key) in picked.iter().enumerate() {
        let path = format!("{path}.keys[{index}]");
        if !scheme.algorithms().contains(&key.algorithm) {
            let known: Vec<&str> = scheme.algorithms().iter().map(|alg| alg.name()).collect();
            findings.fault(
                path,
                format!("{} has no {}", scheme.name(), key.algorithm.name()),
                format!("use a key of {}", known.join(", ")),
            );
        } else if matches!(key.material, MessageMaterial::Bridge(_)) && scheme.derives_keys() {
            findings.fault(
                path,
                format!("{} derives its key from the secret itself", scheme.name()),
                "use a key with inline, env or file material",
            );
        }
    }
    let nonce = matches!(replay_by, Some(RawReplayBy::Nonce | RawReplayBy::MessageId));
    (!picked.is_empty()).then(|| SignaturePolicy {
        mode: raw.mode,
        accept_signature: scheme.accept_signature().map(Into::into),
        signs_time: guarantees.contains(Coverage::FRESHNESS),
        scheme,
        keys: picked,
        tolerance_seconds: i64::from(raw.tolerance_seconds),
        nonce,
        identifies_octets: replay_by == Some(RawReplayBy::Signature),
    })
}

fn replay(
    raw: RawReplay,
    signature: &SignaturePolicy,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<ReplayPolicy> {
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
    let scheme = signature.scheme.as_ref();
    if raw.by != RawReplayBy::Signature && !scheme.signs_nonce() {
        findings.fault(
            format!("{path}.by"),
            format!("a {} signature has no nonce or message id", scheme.name()),
            "write by: signature",
        );
    }
    match (signature.signs_time, raw.ttl_seconds) {
        (true, Some(_)) => findings.fault(
            format!("{path}.ttl_seconds"),
            "is derived from the signature's window",
            "remove it",
        ),
        (false, None) => findings.fault(
            path,
            format!("a {} signature never expires", scheme.name()),
            "write ttl_seconds: how long a message may not repeat",
        ),
        _ => {}
    }
    if raw.when_full == RawWhenFull::Pass {
        findings.warn(
            "replay-when-full",
            format!("{path}.when_full"),
            "a full store lets requests pass that may be replays",
            "write when_full: refuse, and raise max_entries",
        );
    }
    let bridge = match raw.store {
        RawReplayStore::Local => None,
        RawReplayStore::Bridge => {
            keys.uses_bridge.set(true);
            let path_of_store = sealgate_wire::replay_path(&raw.store_name);
            if path_of_store.is_none() {
                findings.fault(
                    format!("{path}.store_name"),
                    "is not a store's name",
                    "use 1 to 64 of A-Z a-z 0-9 . _ -",
                );
            }
            Some(path_of_store?)
        }
    };
    Some(ReplayPolicy {
        mode: raw.mode,
        by: raw.by,
        ttl_seconds: raw.ttl_seconds,
        slot_entries: crate::stage::replay::slot_entries(raw.max_entries),
        bridge,
        pass_when_full: raw.when_full == RawWhenFull::Pass,
    })
}
