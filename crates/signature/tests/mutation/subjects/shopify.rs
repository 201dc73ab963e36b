use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::shopify::{HEADER, SHOPIFY};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(SHOPIFY),
        keys: mac_parties(HmacSha256, [None, None]),
        covers: vec![Part::Body, Part::Header(HEADER)],
        message: |draft| Request::post("/hook", &draft.body),
        same: never,
    }
}
