//! A dialect of the policy's own that covers all there is to cover.

use sealgate_signature::Algorithm::HmacSha512;
use sealgate_signature::scheme::custom::{Custom, CustomSpec, Encoding, Template, TimeUnit};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    let spec = CustomSpec {
        template: Template::parse("{timestamp}.{id}.{method}.{target}\n{header:x-note}\n{body}")
            .unwrap(),
        algorithm: HmacSha512,
        signature_header: "x-signature".into(),
        prefix: "v1=".into(),
        encoding: Encoding::Base64Url,
        timestamp: Some(("x-time".into(), TimeUnit::Milliseconds)),
        id_header: Some("x-id".into()),
        key_id_header: Some("x-key".into()),
    };
    Subject {
        scheme: Box::new(Custom::new(spec).unwrap()),
        keys: mac_parties(HmacSha512, [Some("partner-a"), Some("partner-b")]),
        covers: vec![
            Part::Method,
            Part::Target,
            Part::Body,
            Part::Header("x-note"),
            Part::Header("x-time"),
            Part::Header("x-id"),
            Part::Header("x-key"),
            Part::Header("x-signature"),
        ],
        message: |draft| {
            let target = format!("/{}?{}", draft.path, draft.query);
            Request::post(&target, &draft.body).header("x-note", &draft.note)
        },
        same: never,
    }
}
