use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::slack::{SIGNATURE, Slack, TIMESTAMP};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(Slack),
        keys: mac_parties(HmacSha256, [None, None]),
        covers: vec![Part::Body, Part::Header(TIMESTAMP), Part::Header(SIGNATURE)],
        message: |draft| Request::post("/hook", &draft.body),
        same: never,
    }
}
