//! The encrypted token.

use josekit::jwk::alg::ec::EcKeyPair;
use serde_json::json;

use super::{Case, Expect, Sent, UNAUTHENTICATED, payments};
use crate::draft::{Draft, claims, now};
use crate::keys::Keys;
use crate::makers::{Lock, base64url, josekit as maker, with_broken_tag, with_header};

pub(super) const CASES: &[Case] = &[
    case("no token", |keys| {
        payments(keys, |draft| draft.token = None)
    }),
    case("a token that is no token", |keys| {
        bearer(keys, |_| "not.a.token".into())
    }),
    case("a token of four parts", |keys| {
        bearer(keys, |token| {
            token.rsplit_once('.').unwrap_or_default().0.to_owned()
        })
    }),
    case("a token under another scheme", |keys| {
        header(keys, |token| format!("Basic {token}"))
    }),
    Case {
        name: "two authorization headers",
        make: |keys| {
            let request = Draft::payments(keys).make_with(|request| {
                let copy = request.value("authorization").unwrap_or_default().to_vec();
                request.headers.push(("authorization".into(), copy));
            });
            request.into()
        },
        // Envoy joins the two lines into one value, which is no token.
        expect: Expect::EnvoyOr(401, 400, "malformed"),
    },
    case("a token for a key that the policy does not know", |keys| {
        payments(keys, |draft| draft.token().lock.kid = "gw-unknown".into())
    }),
    case(
        "a token sealed to a key that the gate does not hold",
        |keys| {
            payments(keys, |draft| {
                draft.token().lock.jwk = strange(&draft.token().lock)
            })
        },
    ),
    case("a token with one bit of its tag flipped", |keys| {
        bearer(keys, with_broken_tag)
    }),
    case("a token with a changed header", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| header["x"] = json!(1))
        })
    }),
    case("a token that names RSA1_5", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| header["alg"] = json!("RSA1_5"))
        })
    }),
    case("a token that names dir for an asymmetric key", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| header["alg"] = json!("dir"))
        })
    }),
    case("a token that asks for decompression", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| header["zip"] = json!("DEF"))
        })
    }),
    case("a token with a critical extension nobody knows", |keys| {
        bearer(keys, |token| {
            with_header(token, |header| {
                header["crit"] = json!(["x-bank"]);
                header["x-bank"] = json!(1);
            })
        })
    }),
    case("claims without a signature inside the token", |keys| {
        payments(keys, |draft| draft.token().signer = None)
    }),
    case("claims signed by another issuer's key", |keys| {
        payments(keys, |draft| {
            draft.token().signer = Some((fresh(), "idp-2026".into()))
        })
    }),
    case(
        "claims signed by a key that the policy does not know",
        |keys| {
            payments(keys, |draft| {
                draft.token().signer = Some((fresh(), "idp-2020".into()))
            })
        },
    ),
    case("claims under alg none", |keys| {
        let lock = &keys.gate;
        let none = format!(
            "{}.{}.",
            base64url(br#"{"alg":"none","kid":"idp-2026"}"#),
            base64url(claims().to_string().as_bytes())
        );
        let token = maker::seal(lock, none.as_bytes(), &json!({ "cty": "JWT" }));
        header(keys, |_| format!("Bearer {token}"))
    }),
    case("claims signed with HMAC under the public key", |keys| {
        let public = maker::public(&keys.idp);
        let secret = public["x"].as_str().unwrap_or_default();
        let inner = maker::sign_hs256(secret.as_bytes(), "idp-2026", &claims());
        let token = maker::seal(&keys.gate, inner.as_bytes(), &json!({ "cty": "JWT" }));
        header(keys, |_| format!("Bearer {token}"))
    }),
    case("a token that has expired", |keys| {
        claim(keys, "exp", json!(now() - 120))
    }),
    case("a token that never expires", |keys| {
        claim(keys, "exp", json!(null))
    }),
    case("a token that is not valid yet", |keys| {
        claim(keys, "nbf", json!(now() + 600))
    }),
    case("a token of another issuer", |keys| {
        claim(keys, "iss", json!("https://idp.evil"))
    }),
    case("a token for another audience", |keys| {
        claim(keys, "aud", json!("accounts"))
    }),
    case("a claim that would start a new header line", |keys| {
        claim(keys, "sub", json!("alice\r\nx-admin: 1"))
    }),
    case(
        "a claim that is an object where a header is wanted",
        |keys| claim(keys, "sub", json!({ "name": "alice" })),
    ),
    case("a shared-key token that has expired", |keys| {
        let mut draft = Draft::shared(keys);
        draft.token().claims["exp"] = json!(now() - 120);
        draft.make().into()
    }),
    case("a shared-key token under another key", |keys| {
        let mut draft = Draft::shared(keys);
        draft.token().lock = Lock::shared("shared-dir", &crate::keys::random(32));
        draft.make().into()
    }),
];

const fn case(name: &'static str, make: fn(&Keys) -> Sent) -> Case {
    Case {
        name,
        make,
        expect: UNAUTHENTICATED,
    }
}

/// A request whose token was changed before the request was signed.
pub(super) fn bearer(keys: &Keys, change: impl FnOnce(&str) -> String) -> Sent {
    header(keys, |token| format!("Bearer {}", change(token)))
}

pub(super) fn header(keys: &Keys, change: impl FnOnce(&str) -> String) -> Sent {
    let request = Draft::payments(keys).make_with(|request| {
        let value = String::from_utf8_lossy(request.value("authorization").unwrap_or_default());
        let changed = change(value.strip_prefix("Bearer ").unwrap_or_default());
        request.set("authorization", changed);
    });
    request.into()
}

fn claim(keys: &Keys, name: &str, value: serde_json::Value) -> Sent {
    payments(keys, |draft| {
        let claims = draft.token().claims.as_object_mut().expect("claims");
        if value.is_null() {
            claims.remove(name);
        } else {
            claims.insert(name.to_owned(), value);
        }
    })
}

fn fresh() -> EcKeyPair {
    maker::p256()
}

/// Another public key of the same kind.
pub(super) fn strange(lock: &Lock) -> serde_json::Value {
    if lock.alg.starts_with("RSA") {
        let key = josekit::jwk::alg::rsa::RsaKeyPair::generate(2048).expect("key pair");
        let jwk = key.to_jwk_public_key();
        return json!({ "kty": "RSA", "n": jwk.parameter("n"), "e": jwk.parameter("e") });
    }
    maker::public(&fresh())
}
