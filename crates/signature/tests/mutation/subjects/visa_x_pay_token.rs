use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::visa_x_pay_token::{HEADER, KEY_PARAMETERS, VisaXPayToken};

use crate::request::{Part, Request};
use crate::subject::{Subject, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(VisaXPayToken::new("/vdp/", &KEY_PARAMETERS).unwrap()),
        keys: mac_parties(HmacSha256, [Some("partner-a"), Some("partner-b")]),
        covers: vec![Part::Target, Part::Body, Part::Header(HEADER)],
        message: |draft| {
            let target = format!(
                "/vdp/{}?apikey={}&{}",
                draft.path, draft.key_id, draft.query
            );
            Request::post(&target, &[b"{", draft.body.as_slice()].concat())
        },
        same: never,
    }
}
