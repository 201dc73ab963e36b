use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::scheme::standard_webhooks::StandardWebhooks;

use crate::request::{Part, Request};
use crate::subject::{Subject, ed25519_parties, mac_parties, never};

pub(crate) fn subject() -> Subject {
    Subject {
        scheme: Box::new(StandardWebhooks::new()),
        keys: mac_parties(HmacSha256, [None, None]),
        covers: covers(["webhook-id", "webhook-timestamp", "webhook-signature"]),
        message: |draft| Request::post("/hook", &draft.body),
        same: never,
    }
}

pub(crate) fn svix() -> Subject {
    Subject {
        scheme: Box::new(StandardWebhooks::svix()),
        covers: covers(["svix-id", "svix-timestamp", "svix-signature"]),
        ..subject()
    }
}

pub(crate) fn ed25519() -> Subject {
    Subject {
        keys: ed25519_parties([None, None]),
        ..subject()
    }
}

fn covers(fields: [&'static str; 3]) -> Vec<Part> {
    let fields = fields.map(Part::Header);
    [[Part::Body].as_slice(), &fields].concat()
}
