use sealgate_signature::Algorithm::{HmacSha1, HmacSha256};
use sealgate_signature::scheme::twilio::{SETTINGS, SIGNATURE, Twilio};
use sha2::{Digest, Sha256};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

/// JSON, with the digest of the body in the query.
pub(crate) fn json() -> Subject {
    Subject {
        scheme: Box::new(Twilio::new("https://hooks.test", false).unwrap()),
        keys: mac_parties(HmacSha1, [None, None]),
        covers: vec![Part::Target, Part::Body, Part::Header(SIGNATURE)],
        message: |draft| {
            let digest = Sha256::digest(&draft.body);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let target = format!("/{}?{}&bodySHA256={digest}", draft.path, draft.query);
            Request::post(&target, &draft.body).header("content-type", "application/json")
        },
        same: never,
    }
}

/// The same with a key of Twilio's Webhooks Rules.
pub(crate) fn shared_key() -> Subject {
    Subject {
        keys: mac_parties(HmacSha256, [Some("partner-a"), Some("partner-b")]),
        covers: vec![
            Part::Target,
            Part::Body,
            Part::Header(SIGNATURE),
            Part::Header(SETTINGS),
        ],
        ..json()
    }
}

/// A form. The scheme guarantees nothing here; single changes are seen all the same.
pub(crate) fn form() -> Subject {
    Subject {
        scheme: Box::new(Twilio::new("https://hooks.test", true).unwrap()),
        message: |draft| {
            let body: String = draft
                .body
                .iter()
                .map(|byte| format!("%{byte:02X}"))
                .collect();
            let body = format!("To=%2B1+5&Body={body}&From=x");
            Request::post(&format!("/{}?{}", draft.path, draft.query), body.as_bytes())
                .header("content-type", "application/x-www-form-urlencoded")
        },
        same: same_form,
        ..json()
    }
}

/// Parameters in another order or another percent-encoding are the same parameters, and names and
/// values run into one another without a border: the weakness for which the scheme guarantees
/// nothing once forms are allowed.
fn same_form(original: &Request, changed: &Request) -> bool {
    let signed = |request: &Request| {
        let body = request.body.split(|&byte| byte == b'&');
        let mut parameters: Vec<_> = body.map(split).collect();
        parameters.sort();
        let target = request.target.clone();
        let headers = request.read(Part::Header(SIGNATURE));
        (target, headers, parameters.concat().concat())
    };
    signed(original) == signed(changed)
}

fn split(member: &[u8]) -> Vec<Vec<u8>> {
    let parts = member.split(|&byte| byte == b'=');
    parts.map(decode).collect()
}

fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let hex = (text[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten();
        let octet = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(match (octet, text[at]) {
            (Some(octet), _) => octet,
            (None, b'+') => b' ',
            (None, plain) => plain,
        });
        at += if octet.is_some() { 3 } else { 1 };
    }
    decoded
}
