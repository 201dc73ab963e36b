//! The encrypted body.

use serde_json::json;

use super::token::strange;
use super::{Case, Expect, Sent, UNAUTHENTICATED, UNSUPPORTED, payments};
use crate::draft::{Draft, Seal};
use crate::keys::{Keys, random};
use crate::makers::{with_broken_tag, with_header};
use crate::message::Request;

pub(super) const CASES: &[Case] = &[
    case(
        "a plain body where a sealed one is wanted",
        UNSUPPORTED,
        |keys| payments(keys, |draft| draft.seal = Seal::None),
    ),
    case(
        "a sealed body under another content type",
        UNSUPPORTED,
        |keys| {
            edited(Draft::payments(keys), |request| {
                request.set("content-type", "application/json")
            })
        },
    ),
    case(
        "a sealed body that says it is compressed",
        UNSUPPORTED,
        |keys| {
            edited(Draft::payments(keys), |request| {
                request.set("content-encoding", "gzip")
            })
        },
    ),
    case("a body that is no JWE", UNAUTHENTICATED, |keys| {
        edited(Draft::payments(keys), |request| {
            request.body = b"{\"amount\":1}".to_vec()
        })
    }),
    case("a body that is half a JWE", UNAUTHENTICATED, |keys| {
        edited(Draft::payments(keys), |request| {
            request.body.truncate(request.body.len() / 2)
        })
    }),
    case("a body with a broken tag", UNAUTHENTICATED, |keys| {
        jwe(keys, with_broken_tag)
    }),
    case("a body with a changed header", UNAUTHENTICATED, |keys| {
        jwe(keys, |token| {
            with_header(token, |header| header["cty"] = json!("text/plain"))
        })
    }),
    case("a body in CBC mode", UNAUTHENTICATED, |keys| {
        jwe(keys, |token| {
            with_header(token, |header| header["enc"] = json!("A256CBC-HS512"))
        })
    }),
    case(
        "a body that asks for decompression",
        UNAUTHENTICATED,
        |keys| {
            jwe(keys, |token| {
                with_header(token, |header| header["zip"] = json!("DEF"))
            })
        },
    ),
    case(
        "a body for a key that the policy does not know",
        UNAUTHENTICATED,
        |keys| {
            let mut draft = Draft::payments(keys);
            let Seal::Jwe(lock) = &mut draft.seal else {
                unreachable!("the main route is JWE")
            };
            lock.kid = "gw-unknown".into();
            draft.make().into()
        },
    ),
    case(
        "a body sealed to a key that the gate does not hold",
        UNAUTHENTICATED,
        |keys| {
            let mut draft = Draft::payments(keys);
            let Seal::Jwe(lock) = &mut draft.seal else {
                unreachable!("the main route is JWE")
            };
            lock.jwk = strange(lock);
            draft.make().into()
        },
    ),
    case(
        "a raw body without its content coding",
        UNSUPPORTED,
        |keys| {
            edited(Draft::raw(keys), |request| {
                request.remove("content-encoding")
            })
        },
    ),
    case("a raw body without its key id", UNAUTHENTICATED, |keys| {
        edited(Draft::raw(keys), |request| request.remove("sealgate-key"))
    }),
    case(
        "a raw body under a key id of another purpose",
        UNAUTHENTICATED,
        |keys| {
            edited(Draft::raw(keys), |request| {
                request.set("sealgate-key", "shared-dir")
            })
        },
    ),
    case("a raw body under another key", UNAUTHENTICATED, |keys| {
        let mut draft = Draft::raw(keys);
        draft.seal = Seal::Raw(random(32), "body-2026".into());
        draft.make().into()
    }),
    case(
        "a raw body with one bit flipped before it was signed",
        UNAUTHENTICATED,
        |keys| edited(Draft::raw(keys), |request| request.body[20] ^= 1),
    ),
    case(
        "a raw body sealed for another target",
        UNAUTHENTICATED,
        |keys| {
            edited(Draft::raw(keys), |request| {
                request.target = "/raw/43".into()
            })
        },
    ),
    case(
        "a raw body sealed for another method",
        UNAUTHENTICATED,
        |keys| edited(Draft::raw(keys), |request| request.method = "PUT".into()),
    ),
    case("a raw body shorter than its tag", UNAUTHENTICATED, |keys| {
        edited(Draft::raw(keys), |request| request.body.truncate(20))
    }),
];

const fn case(name: &'static str, expect: Expect, make: fn(&Keys) -> Sent) -> Case {
    Case { name, make, expect }
}

/// A body that was changed before the request was signed: the signature is good.
fn edited(draft: Draft, edit: impl FnOnce(&mut Request)) -> Sent {
    draft.make_with(edit).into()
}

fn jwe(keys: &Keys, change: impl FnOnce(&str) -> String) -> Sent {
    edited(Draft::payments(keys), |request| {
        let token = String::from_utf8_lossy(&request.body).into_owned();
        request.body = change(&token).into_bytes();
    })
}
