use sealgate_signature::Algorithm::{HmacSha1, HmacSha256};
use sealgate_signature::scheme::github::{GITHUB, GITHUB_SHA1, HEADER, SHA1_HEADER};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(GITHUB),
        keys: mac_parties(HmacSha256, [None, None]),
        covers: vec![Part::Body, Part::Header(HEADER)],
        message: |draft| Request::post("/hook", &draft.body),
        same: never,
    }
}

pub(crate) fn sha1() -> Subject {
    Subject {
        scheme: Box::new(GITHUB_SHA1),
        keys: mac_parties(HmacSha1, [None, None]),
        covers: vec![Part::Body, Part::Header(SHA1_HEADER)],
        ..subject()
    }
}
