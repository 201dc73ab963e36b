use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::naver_cloud::{ACCESS_KEY, NaverCloud, SIGNATURE, TIMESTAMP};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    let fields = [TIMESTAMP, ACCESS_KEY, SIGNATURE].map(Part::Header);
    Subject {
        scheme: Box::new(NaverCloud),
        keys: mac_parties(HmacSha256, [Some("partner-a"), Some("partner-b")]),
        covers: [[Part::Method, Part::Target].as_slice(), &fields].concat(),
        message: |draft| Request::post(&format!("/{}?{}", draft.path, draft.query), &draft.body),
        same: never,
    }
}
