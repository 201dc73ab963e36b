//! Compiles the stages of one policy.

use serde_json::Value;

use super::compiled::{
    ChannelPolicy, InspectPolicy, Limits, PayloadPolicy, Policy, ReplayPolicy, Scheme,
    SignaturePolicy, TokenPolicy,
};
use super::fault::Findings;
use super::keys::{DecryptAlgorithm, Key, KeyTable, MacSecret};
use super::raw::{
    Mode, RawChannel, RawInspect, RawLimits, RawPayload, RawPayloadFormat, RawPolicy, RawReplay,
    RawReplayBy, RawScheme, RawSignature, RawToken,
};
use super::read::section;
use crate::stage::replay::SLOTS;

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
    let replay = raw_replay.as_ref().and_then(|raw| {
        replay(
            raw,
            raw_signature.as_ref(),
            &format!("{path}.replay"),
            findings,
        )
    });
    let signature = raw_signature.and_then(|raw| {
        let nonce = raw_replay
            .as_ref()
            .is_some_and(|replay| replay.by == RawReplayBy::Nonce);
        signature(raw, nonce, keys, &format!("{path}.signature"), findings)
    });
    let policy = Policy {
        name: name.to_owned(),
        limits,
        channel,
        signature,
        replay,
        token: raw
            .token
            .and_then(|value| token(value, keys, &format!("{path}.token"), findings)),
        payload: raw
            .payload
            .and_then(|value| payload(value, keys, &format!("{path}.payload"), findings)),
        inspect: raw
            .inspect
            .and_then(|value| inspect(value, &format!("{path}.inspect"), findings)),
    };
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

fn signature(
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

fn replay(
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

fn token(
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
        |key| match key {
            Key::Decrypt(key) if !matches!(key.algorithm, DecryptAlgorithm::RawA256Gcm(_)) => {
                Some(key.clone())
            }
            _ => None,
        },
        findings,
    );
    let verify = if raw.verify.is_empty() {
        Vec::new()
    } else {
        keys.pick(
            &raw.verify,
            &format!("{path}.verify"),
            "verification takes keys with use: verify",
            |key| match key {
                Key::Verify(key) => Some(key.clone()),
                _ => None,
            },
            findings,
        )
    };
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
        } else {
            claims_to_headers.push((claim, header));
        }
    }
    Some(TokenPolicy {
        mode: raw.mode,
        header: raw.from.header,
        scheme: raw.from.scheme,
        decrypt,
        verify,
        issuer: raw.issuer,
        audience: raw.audience,
        leeway_seconds: u64::from(raw.leeway_seconds),
        claims_to_headers,
    })
}

fn payload(
    value: Value,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<PayloadPolicy> {
    let raw = section::<RawPayload>(value, path, findings)?;
    let raw_format = raw.format == RawPayloadFormat::Aes256Gcm;
    let picked = keys.pick(
        &raw.keys,
        &format!("{path}.keys"),
        if raw_format {
            "aes-256-gcm takes keys with use: decrypt and alg: A256GCM"
        } else {
            "jwe takes keys with use: decrypt and a JWE algorithm"
        },
        |key| match key {
            Key::Decrypt(key)
                if raw_format == matches!(key.algorithm, DecryptAlgorithm::RawA256Gcm(_)) =>
            {
                Some(key.clone())
            }
            _ => None,
        },
        findings,
    );
    let plain = raw
        .content_type
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte));
    if !plain || !raw.content_type.contains('/') {
        findings.fault(
            format!("{path}.content_type"),
            "is not a media type",
            "write for instance application/json",
        );
    }
    Some(PayloadPolicy {
        mode: raw.mode,
        format: raw.format,
        keys: picked,
        content_type: raw.content_type,
    })
}

fn inspect(value: Value, path: &str, findings: &mut Findings) -> Option<InspectPolicy> {
    let raw = section::<RawInspect>(value, path, findings)?;
    let mut classes = sealgate_scan::ClassSet::EMPTY;
    if raw.classes.is_empty() {
        findings.fault(
            format!("{path}.classes"),
            "is empty",
            "write for instance [sqli, xss]",
        );
    }
    for (index, name) in raw.classes.iter().enumerate() {
        match sealgate_scan::Class::from_name(name) {
            Some(class) => classes.insert(class),
            None => findings.fault(
                format!("{path}.classes[{index}]"),
                format!("{name} is not a class this release detects"),
                "write sqli or xss",
            ),
        }
    }
    for (index, name) in raw.headers.iter().enumerate() {
        if !is_header_name(name) {
            findings.fault(
                format!("{path}.headers[{index}]"),
                "is not a header name",
                "write it in lower case",
            );
        }
    }
    findings.range(
        &format!("{path}.limits.json_depth"),
        raw.limits.json_depth,
        1,
        128,
    );
    findings.range(
        &format!("{path}.limits.fields"),
        raw.limits.fields,
        16,
        1_000_000,
    );
    let limits = sealgate_scan::Limits {
        json_depth: usize::try_from(raw.limits.json_depth).unwrap_or(usize::MAX),
        fields: usize::try_from(raw.limits.fields).unwrap_or(usize::MAX),
        ..Default::default()
    };
    let scan = sealgate_scan::ScanPolicy::new(classes, limits);
    Some(InspectPolicy {
        mode: raw.mode,
        headers: raw.headers,
        scan,
    })
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
