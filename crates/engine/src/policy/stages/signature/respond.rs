//! Compiles `respond`.

use sealgate_signature::scheme::rfc9421::Rfc9421;
use sealgate_signature::{Scheme, content_digest};
use serde_json::Value;

use super::scheme;
use crate::policy::compiled::{RespondPolicy, ResponseKey};
use crate::policy::fault::Findings;
use crate::policy::keys::KeyTable;
use crate::policy::raw::{RawRespond, RawRespondSign, RawScheme};
use crate::policy::read::section;

/// Binds a response to the request it answers.
const DEFAULT_COVER: [&str; 4] = [
    "@status",
    content_digest::HEADER,
    "@method;req",
    "@target-uri;req",
];

pub(in crate::policy) fn compile(
    value: Value,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<RespondPolicy> {
    let raw = section::<RawRespond>(value, path, findings)?;
    findings.range(
        &format!("{path}.max_body_bytes"),
        raw.max_body_bytes,
        1,
        16 * 1024 * 1024,
    );
    let path = format!("{path}.sign");
    let scheme = response_scheme(&raw.sign, &path, findings)?;
    let key = response_key(&raw.sign, keys, &path, findings)?;
    let algorithm = match &key {
        ResponseKey::Mac(key) => key.algorithm,
        ResponseKey::Private(key) => key.algorithm,
    };
    if !scheme.algorithms().contains(&algorithm) {
        findings.fault(
            format!("{path}.key"),
            format!("{} has no {}", scheme.name(), algorithm.name()),
            "use another key or scheme",
        );
    }
    Some(RespondPolicy {
        max_body_bytes: raw.max_body_bytes,
        scheme,
        key,
    })
}

fn response_scheme(
    raw: &RawRespondSign,
    path: &str,
    findings: &mut Findings,
) -> Option<Box<dyn Scheme>> {
    if raw.scheme == RawScheme::Rfc9421 {
        let default = DEFAULT_COVER.map(str::to_owned).to_vec();
        let cover = raw.cover.as_ref().unwrap_or(&default);
        let base = Rfc9421 {
            tag: raw.options.tag.clone(),
            ..Rfc9421::default()
        };
        return Some(Box::new(scheme::covering(base, cover, path, findings)));
    }
    if raw.cover.is_some() {
        findings.fault(
            format!("{path}.cover"),
            "has no meaning for this scheme",
            "remove it",
        );
    }
    match raw.scheme {
        RawScheme::StandardWebhooks | RawScheme::Svix | RawScheme::Custom => {
            scheme::without_cover(raw.scheme, &raw.options, path, findings)
        }
        _ => {
            findings.fault(
                format!("{path}.scheme"),
                "signs requests only",
                "write rfc9421, standard-webhooks, svix or custom",
            );
            None
        }
    }
}

fn response_key(
    raw: &RawRespondSign,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<ResponseKey> {
    let key = keys.get(&raw.key);
    let fits = key.and_then(|key| {
        let mac = key.message.as_ref().filter(|key| key.algorithm.is_mac());
        match (&key.sign, mac) {
            (Some(key), _) => Some(ResponseKey::Private(key.clone())),
            (None, Some(key)) if !key.verify_only => Some(ResponseKey::Mac(key.clone())),
            _ => None,
        }
    });
    if fits.is_none() {
        findings.fault(
            format!("{path}.key"),
            format!("{} is no key that may sign", raw.key),
            "name a key with use: sign, or use: mac without verify_only",
        );
    }
    fits
}
