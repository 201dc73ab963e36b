//! Compiles the stages of one policy.

mod inspect;
mod payload;
mod respond;
pub(super) mod signature;
mod token;

pub(super) use payload::format;

use serde_json::Value;

use super::compiled::{ChannelPolicy, Limits, Policy};
use super::fault::Findings;
use super::keys::KeyTable;
use super::raw::{Mode, RawChannel, RawLimits, RawPolicy, RawReplay, RawSignature};
use super::read::section;

/// Compiles one entry of `policies`.
pub(crate) fn compile(
    name: &str,
    value: Value,
    keys: &KeyTable,
    findings: &mut Findings,
) -> Option<Policy> {
    let path = format!("policies.{name}");
    if !is_policy_name(name) {
        findings.fault(
            path,
            "is not a policy name",
            "use 1 to 64 of a-z, 0-9 and -",
        );
        return None;
    }
    let raw = section::<RawPolicy>(value, &path, findings)?;
    let limits = limits(raw.limits, &format!("{path}.limits"), findings);
    let channel = raw
        .channel
        .and_then(|value| channel(value, &format!("{path}.channel"), findings));
    let raw_signature = raw
        .signature
        .and_then(|value| section::<RawSignature>(value, &format!("{path}.signature"), findings));
    let raw_replay = raw
        .replay
        .and_then(|value| section::<RawReplay>(value, &format!("{path}.replay"), findings));
    let (signature, replay) = signature::compile(raw_signature, raw_replay, keys, &path, findings);
    let mut policy = Policy {
        name: name.to_owned(),
        limits,
        channel,
        signature,
        replay,
        token: raw
            .token
            .and_then(|value| token::compile(value, keys, &format!("{path}.token"), findings)),
        payload: None,
        inspect: raw
            .inspect
            .and_then(|value| inspect::compile(value, &format!("{path}.inspect"), findings)),
        respond: None,
    };
    policy.payload = raw.payload.and_then(|value| {
        let path = format!("{path}.payload");
        payload::compile(value, policy.signature.as_ref(), keys, &path, findings)
    });
    policy.respond = raw.respond.and_then(|value| {
        respond::compile(value, &policy, keys, &format!("{path}.respond"), findings)
    });
    warn_about_gaps(&policy, &path, findings);
    Some(policy)
}

fn is_policy_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn limits(value: Option<Value>, path: &str, findings: &mut Findings) -> Limits {
    let raw = value
        .and_then(|value| section::<RawLimits>(value, path, findings))
        .unwrap_or_default();
    findings.range(
        &format!("{path}.max_body_bytes"),
        raw.max_body_bytes,
        1,
        16 * 1024 * 1024,
    );
    findings.range(&format!("{path}.max_headers"), raw.max_headers, 8, 1000);
    findings.range(
        &format!("{path}.max_target_bytes"),
        raw.max_target_bytes,
        64,
        65_536,
    );
    Limits {
        max_body_bytes: raw.max_body_bytes,
        max_headers: raw.max_headers,
        max_target_bytes: raw.max_target_bytes,
    }
}

fn channel(value: Value, path: &str, findings: &mut Findings) -> Option<ChannelPolicy> {
    let raw = section::<RawChannel>(value, path, findings)?;
    let min_tls_1_3 = match raw.min_tls.as_str() {
        "1.3" => true,
        "1.2" => {
            findings.warn(
                "tls-1.2",
                format!("{path}.min_tls"),
                "TLS 1.2 has no post-quantum key exchange",
                "write \"1.3\"",
            );
            false
        }
        _ => {
            findings.fault(
                format!("{path}.min_tls"),
                "is not a version",
                "write \"1.3\" or \"1.2\"",
            );
            return None;
        }
    };
    let (client_certificate, san) = match raw.client_cert {
        Some(certificate) => {
            if !certificate.required && !certificate.san.is_empty() {
                findings.fault(
                    format!("{path}.client_cert.san"),
                    "has no effect while `required` is false",
                    "write required: true",
                );
            }
            (certificate.required, certificate.san)
        }
        None => (false, Vec::new()),
    };
    Some(ChannelPolicy {
        mode: raw.mode,
        min_tls_1_3,
        client_certificate,
        san,
    })
}

fn warn_about_gaps(policy: &Policy, path: &str, findings: &mut Findings) {
    let observed = [
        ("channel", policy.channel.as_ref().map(|stage| stage.mode)),
        (
            "signature",
            policy.signature.as_ref().map(|stage| stage.mode),
        ),
        ("replay", policy.replay.as_ref().map(|stage| stage.mode)),
        ("token", policy.token.as_ref().map(|stage| stage.mode)),
        ("payload", policy.payload.as_ref().map(|stage| stage.mode)),
        ("inspect", policy.inspect.as_ref().map(|stage| stage.mode)),
    ];
    for (stage, mode) in observed {
        if mode == Some(Mode::Observe) {
            findings.warn(
                "observe-only",
                format!("{path}.{stage}"),
                "faults are counted and let through",
                "write mode: enforce when the figures look right",
            );
        }
    }
    if policy.signature.is_some() && policy.replay.is_none() {
        findings.warn(
            "no-replay-guard",
            path,
            "a signed request can be sent again inside its window",
            "add a `replay` stage",
        );
    }
    if policy.payload.is_some() && policy.inspect.is_none() {
        findings.warn(
            "no-inspection",
            path,
            "the plaintext is not scanned",
            "add an `inspect` stage",
        );
    }
    if policy.signature.is_none()
        && policy.token.is_none()
        && policy
            .channel
            .as_ref()
            .is_none_or(|stage| !stage.client_certificate)
    {
        findings.warn(
            "no-authentication",
            path,
            "nothing proves who sent a request",
            "add `signature`, `token` or channel.client_cert",
        );
    }
}

fn accepted(
    written: &[String],
    known: &[&'static str],
    path: &str,
    findings: &mut Findings,
) -> Vec<&'static str> {
    let mut accepted = Vec::new();
    for (index, name) in written.iter().enumerate() {
        match known.iter().find(|known| *known == name) {
            Some(known) => accepted.push(*known),
            None => findings.fault(
                format!("{path}.accept_weak[{index}]"),
                format!("{name} is not a weakness of this stage"),
                format!("write one of {}", known.join(", ")),
            ),
        }
    }
    accepted
}

fn is_header_name(name: &str) -> bool {
    (1..=128).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}
