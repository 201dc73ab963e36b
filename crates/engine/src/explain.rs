//! A policy in plain words.

use sealgate_signature::Coverage;

use crate::policy::Mode;
use crate::policy::compiled::{Policy, Recipients, TokenPolicy};
use crate::policy::keys::DecryptKey;
use crate::policy::raw::RawReplayBy;

/// One sentence per stage, in the order in which they judge.
pub(crate) fn policy(policy: &Policy) -> Vec<String> {
    let mut lines = vec![format!(
        "size: bodies up to {} bytes, {} headers",
        policy.limits.max_body_bytes, policy.limits.max_headers
    )];
    if let Some(stage) = &policy.channel {
        let tls = if stage.min_tls_1_3 {
            "TLS 1.3"
        } else {
            "TLS 1.2 or newer"
        };
        let client = match (stage.client_certificate, stage.san.as_slice()) {
            (false, _) => "no client certificate needed".to_owned(),
            (true, []) => "any verified client certificate".to_owned(),
            (true, names) => format!("a client certificate for {}", names.join(" or ")),
        };
        lines.push(format!("channel{}: {tls}, {client}", observed(stage.mode)));
    }
    if let Some(stage) = &policy.signature {
        let keys: Vec<&str> = stage.keys.iter().map(|key| key.id.as_str()).collect();
        let parts: Vec<&str> = Coverage::NAMED
            .iter()
            .filter(|(_, part)| stage.scheme.guarantees().contains(*part))
            .map(|(name, _)| *name)
            .collect();
        let window = match stage.signs_time {
            true => format!(", at most {} s old", stage.tolerance_seconds),
            false => String::new(),
        };
        lines.push(format!(
            "signature{}: {}, over {}{window}{}, by {}",
            observed(stage.mode),
            stage.scheme.name(),
            parts.join(", "),
            if stage.nonce { ", with a nonce" } else { "" },
            keys.join(" or ")
        ));
    }
    if let Some(stage) = &policy.token {
        lines.push(format!(
            "token{}: JWE in {}, opened by {}, {}, from {} for {}",
            observed(stage.mode),
            stage.header,
            keys(&stage.decrypt),
            signed_inside(stage),
            stage.issuer,
            stage.audience.join(" or "),
        ));
        for (claim, header) in &stage.claims_to_headers {
            let claim = claim.as_str();
            lines.push(format!("  claim {claim} goes to the upstream as {header}"));
        }
        for (claim, name) in &stage.claims_to_metadata {
            let claim = claim.as_str();
            lines.push(format!("  claim {claim} goes to the host as {name}"));
        }
    }
    if let Some(stage) = &policy.replay {
        let by = match stage.by {
            RawReplayBy::Nonce => "nonce",
            RawReplayBy::Signature => "signed content",
            RawReplayBy::MessageId => "message id",
        };
        lines.push(format!(
            "replay{}: each {by} passes once",
            observed(stage.mode)
        ));
    }
    if let Some(stage) = &policy.payload {
        lines.push(format!(
            "payload{}: the body is sealed as {}, opened by {}",
            observed(stage.mode),
            stage.format.name().name(),
            keys(&stage.keys)
        ));
    }
    if let Some(stage) = &policy.inspect {
        let classes: Vec<&str> = sealgate_scan::Class::ALL
            .iter()
            .filter(|class| stage.scan.classes.contains(**class))
            .map(|class| class.name())
            .collect();
        lines.push(format!(
            "inspect{}: paranoia {}, {} exclusions, in path, query, cookies, claims and plaintext \
             body{}{}: {}",
            observed(stage.mode),
            stage.scan.paranoia.level(),
            stage.scan.exclusions.len(),
            if stage.headers.is_empty() {
                ""
            } else {
                ", and headers "
            },
            stage.headers.join(", "),
            classes.join(", "),
        ));
        if let Some(contract) = &stage.contract {
            lines.push(format!(
                "  bodies as an OpenAPI document allows them, {} operations, nothing else",
                contract.len()
            ));
        }
    }
    if let Some(stage) = &policy.respond {
        if let Some(encrypt) = &stage.encrypt {
            let whom = match &encrypt.recipients {
                Recipients::OfRequest => "with the key of the request".to_owned(),
                Recipients::One(key) => format!("for {} ({})", key.id, key.key.alg()),
                Recipients::By(_, keys) => format!("for the client, of {} known", keys.len()),
            };
            lines.push(format!(
                "respond: every body is sealed as {}, {whom}",
                encrypt.format.name().name()
            ));
            if let Some(signing) = &encrypt.signing {
                let (key, alg) = (signing.key.sender(), signing.algorithm.name());
                lines.push(format!("  with a JWS inside, signed by {key} ({alg})"));
            }
        }
        if let Some(sign) = &stage.sign {
            lines.push(format!("respond: signed, {}", sign.scheme.name()));
        }
    }
    lines
}

fn observed(mode: Mode) -> &'static str {
    match mode {
        Mode::Enforce => "",
        Mode::Observe => " (observed only)",
    }
}

fn signed_inside(stage: &TokenPolicy) -> String {
    let mut ids: Vec<String> = stage.verify.iter().map(|key| key.id.clone()).collect();
    if let Some(set) = &stage.key_set {
        ids.push(format!(
            "{}, a key set fetched from cluster {} at {}",
            set.id, set.question.cluster, set.question.path
        ));
    }
    if ids.is_empty() {
        return "not signed inside".to_owned();
    }
    format!("signed inside by {}", ids.join(" or "))
}

fn keys(keys: &[std::sync::Arc<DecryptKey>]) -> String {
    let names: Vec<String> = keys
        .iter()
        .map(|key| format!("{} ({})", key.id, key.algorithm_name()))
        .collect();
    names.join(" or ")
}
