//! Compiles `respond`: for whom a response is sealed, and how it is signed.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealgate_jose::jws::SignatureAlgorithm;
use sealgate_signature::scheme::rfc9421::Rfc9421;
use sealgate_signature::{Algorithm, Scheme, content_digest};
use serde_json::Value;

use super::payload::format;
use super::signature::scheme;
use crate::policy::compiled::{
    InnerSigning, Policy, Recipients, RespondPolicy, ResponseEncryption, ResponseKey,
    ResponseSigning,
};
use crate::policy::fault::Findings;
use crate::policy::keys::{EncryptKey, KeyTable};
use crate::policy::raw::{
    Mode, RawRecipientBy, RawRespond, RawRespondEncrypt, RawRespondSign, RawScheme,
};
use crate::policy::read::section;

/// Binds a response to the request it answers.
const DEFAULT_COVER: [&str; 4] = [
    "@status",
    content_digest::HEADER,
    "@method;req",
    "@target-uri;req",
];

/// Compiles the section of `policy`, whose other stages say by what a client can be known.
pub(super) fn compile(
    value: Value,
    policy: &Policy,
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
    if raw.encrypt.is_none() && raw.sign.is_none() {
        findings.fault(path, "does nothing", "write encrypt, sign or both");
    }
    let encrypt = raw
        .encrypt
        .and_then(|raw| encryption(raw, policy, keys, &format!("{path}.encrypt"), findings));
    let sign = raw
        .sign
        .and_then(|raw| signing(&raw, keys, &format!("{path}.sign"), findings));
    Some(RespondPolicy {
        max_body_bytes: raw.max_body_bytes,
        encrypt,
        sign,
    })
}

fn encryption(
    raw: RawRespondEncrypt,
    policy: &Policy,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<ResponseEncryption> {
    let signed = raw.sign.is_some();
    let format = format(raw.format, raw.options, true, signed, path, findings)?;
    if format.is_signed_inside() && !signed {
        findings.fault(
            format!("{path}.sign"),
            "names no key, and this format has a JWS inside",
            "name a key with use: sign, or use: mac without verify_only",
        );
    }
    if !format.can_seal() {
        findings.fault(
            format!("{path}.options.fields"),
            "is missing: this format does not say which members are sealed",
            "name the members, see docs/formats.md",
        );
    }
    let signing = match &raw.sign {
        Some(id) => Some(inner_signing(id, keys, &format!("{path}.sign"), findings)?),
        None => None,
    };
    let find = |id: &str, path: String, findings: &mut Findings| -> Option<Arc<EncryptKey>> {
        let key = keys.get(id).and_then(|key| key.encrypt.clone());
        let fits = key.filter(|key| format.takes(key.key.management()));
        if fits.is_none() {
            findings.fault(
                path,
                format!("{id} is no key that seals this format"),
                "name a key with use: encrypt, or use: decrypt and a shared secret, of the format's alg",
            );
        }
        fits
    };
    let recipients = match (raw.recipient, raw.recipients) {
        (Some(id), None) if !format.answers_with_key_of_request() => {
            Recipients::One(find(&id, format!("{path}.recipient"), findings)?)
        }
        (None, Some(raw)) if !format.answers_with_key_of_request() => {
            let path = format!("{path}.recipients");
            identified(raw.by, policy, &path, findings);
            if raw.keys.is_empty() {
                findings.fault(format!("{path}.keys"), "is empty", "list every client");
            }
            let mut table = BTreeMap::new();
            for (identity, id) in raw.keys {
                let path = format!("{path}.keys.{identity}");
                if let Some(key) = find(&id, path, findings) {
                    table.insert(identity, key);
                }
            }
            Recipients::By(raw.by, table)
        }
        (None, None) if format.answers_with_key_of_request() => {
            let same = policy.payload.as_ref().is_some_and(|stage| {
                stage.format.name() == format.name() && stage.mode == Mode::Enforce
            });
            if !same {
                findings.fault(
                    format!("{path}.format"),
                    "is sealed with the key of the request, and requests here have none",
                    "write the same format in `payload`, enforced",
                );
            }
            Recipients::OfRequest
        }
        _ => {
            findings.fault(
                path,
                "does not say for whom",
                "write either recipient or recipients",
            );
            return None;
        }
    };
    Some(ResponseEncryption {
        format,
        recipients,
        signing,
    })
}

/// The key of the JWS inside.
fn inner_signing(
    id: &str,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<InnerSigning> {
    let key = response_key(id, keys, path, findings)?;
    let algorithm = match key.algorithm() {
        Algorithm::HmacSha256 => SignatureAlgorithm::Hs256,
        Algorithm::HmacSha384 => SignatureAlgorithm::Hs384,
        Algorithm::HmacSha512 => SignatureAlgorithm::Hs512,
        Algorithm::EcdsaP256Sha256 => SignatureAlgorithm::Es256,
        Algorithm::RsaPssSha256 => SignatureAlgorithm::Ps256,
        other => {
            findings.fault(
                path,
                format!(
                    "{id} is a key of {}, which no JWS is signed with",
                    other.name()
                ),
                "use a key of HS256, HS384, HS512, ES256 or PS256",
            );
            return None;
        }
    };
    Some(InnerSigning { key, algorithm })
}

/// A client may be known only by what an enforced stage has proven.
fn identified(by: RawRecipientBy, policy: &Policy, path: &str, findings: &mut Findings) {
    let (proven, remedy) = match by {
        RawRecipientBy::Signature => (
            policy
                .signature
                .as_ref()
                .is_some_and(|stage| stage.mode == Mode::Enforce),
            "add a `signature` stage that is enforced",
        ),
        RawRecipientBy::Token => (
            policy
                .token
                .as_ref()
                .is_some_and(|stage| stage.mode == Mode::Enforce),
            "add a `token` stage that is enforced",
        ),
        RawRecipientBy::ClientCert => (
            policy
                .channel
                .as_ref()
                .is_some_and(|stage| stage.mode == Mode::Enforce && stage.client_certificate),
            "add channel.client_cert with required: true, enforced",
        ),
    };
    if !proven {
        findings.fault(
            format!("{path}.by"),
            "goes by something that nothing here proves",
            remedy,
        );
    }
}

fn signing(
    raw: &RawRespondSign,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<ResponseSigning> {
    let scheme = response_scheme(raw, path, findings)?;
    let key = response_key(&raw.key, keys, &format!("{path}.key"), findings)?;
    let algorithm = key.algorithm();
    if !scheme.algorithms().contains(&algorithm) {
        findings.fault(
            format!("{path}.key"),
            format!("{} has no {}", scheme.name(), algorithm.name()),
            "use another key or scheme",
        );
    }
    Some(ResponseSigning { scheme, key })
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
    id: &str,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<ResponseKey> {
    let key = keys.get(id);
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
            path,
            format!("{id} is no key that may sign"),
            "name a key with use: sign, or use: mac without verify_only",
        );
    }
    fits
}
