use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::coupang::{Coupang, HEADER};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(Coupang::new(&["page"]).unwrap()),
        keys: mac_parties(HmacSha256, [Some("partner-a"), Some("partner-b")]),
        covers: vec![Part::Method, Part::Target, Part::Header(HEADER)],
        message: |draft| {
            let target = format!("/{}?page=1&{}", draft.path, draft.query);
            Request::post(&target, &draft.body)
        },
        same: never,
    }
}
