//! Shape, channel, signature and replay.

use super::{
    Case, Client, Expect, FORBIDDEN, MALFORMED, REPLAY, Sent, TOO_LARGE, UNAUTHENTICATED, payments,
    tampered,
};
use crate::draft::{Draft, Signature, now};
use crate::keys::random;
use crate::message::{Framing, Request};

pub(super) const CASES: &[Case] = &[
    Case {
        name: "a path that no route knows",
        make: |keys| payments(keys, |draft| draft.target = "/elsewhere".into()),
        expect: FORBIDDEN,
    },
    Case {
        name: "a path that only looks like a route's prefix",
        make: |keys| payments(keys, |draft| draft.target = "/paymentsx".into()),
        expect: FORBIDDEN,
    },
    Case {
        name: "a method that the route does not allow",
        make: |keys| payments(keys, |draft| draft.method = "PUT".into()),
        expect: FORBIDDEN,
    },
    Case {
        name: "a client certificate that the policy does not list",
        make: |keys| Sent {
            client: Client::PartnerB,
            ..payments(keys, |_| {})
        },
        expect: FORBIDDEN,
    },
    Case {
        name: "a body over the cap by its content-length",
        make: |keys| payments(keys, |draft| draft.plaintext = vec![b' '; 1 << 20]),
        expect: TOO_LARGE,
    },
    Case {
        name: "a chunked body over the cap",
        make: |keys| {
            // Over the policy's cap, and still within the host's buffer.
            let mut sent = payments(keys, |draft| draft.plaintext = vec![b' '; 800_000]);
            sent.request.framing = Framing::Chunked(65536);
            sent
        },
        expect: TOO_LARGE,
    },
    Case {
        name: "a target longer than the policy allows",
        make: |keys| {
            payments(keys, |draft| {
                draft.target = format!("/payments/{}", "a".repeat(9000))
            })
        },
        expect: MALFORMED,
    },
    Case {
        name: "an upgrade to a protocol that nobody judges",
        make: |keys| {
            tampered(keys, |request| {
                request.set("connection", "upgrade");
                request.set("upgrade", "websocket");
            })
        },
        expect: Expect::EnvoyOr(403, 400, "malformed"),
    },
    Case {
        name: "content-length beside transfer-encoding",
        make: |keys| {
            tampered(keys, |request| {
                request.framing = Framing::Raw;
                request.set("content-length", "5");
                request.set("transfer-encoding", "chunked");
                request.body = b"0\r\n\r\n".to_vec();
            })
        },
        expect: Expect::EnvoyOr(400, 400, "malformed"),
    },
    Case {
        name: "two different content-lengths",
        make: |keys| {
            tampered(keys, |request| {
                request.framing = Framing::Raw;
                request
                    .headers
                    .push(("content-length".into(), b"5".to_vec()));
                request
                    .headers
                    .push(("content-length".into(), b"6".to_vec()));
                request.body = b"12345".to_vec();
            })
        },
        expect: Expect::EnvoyOr(400, 400, "malformed"),
    },
    Case {
        name: "more header lines than allowed",
        make: |keys| {
            tampered(keys, |request| {
                (0..120).for_each(|n| request.set(&format!("x-{n}"), "1"));
            })
        },
        expect: Expect::EnvoyOr(431, 400, "malformed"),
    },
    Case {
        name: "a header with an underscore that an upstream could read as a claim header",
        make: |keys| tampered(keys, |request| request.set("x_sub", "mallory")),
        expect: Expect::Envoy(400),
    },
    Case {
        name: "an escaped slash in the path",
        make: |keys| payments(keys, |draft| draft.target = "/payments%2f42".into()),
        expect: Expect::EnvoyOr(400, 400, "malformed"),
    },
    Case {
        name: "a path that leaves the open route by dot segments, signed as sent",
        make: |keys| {
            payments(keys, |draft| {
                draft.target = "/healthz/../payments/42".into()
            })
        },
        expect: Expect::EnvoyOr(401, 400, "malformed"),
    },
    Case {
        name: "no signature",
        make: |keys| payments(keys, |draft| draft.signature = Signature::None),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature without its input",
        make: |keys| tampered(keys, |request| request.remove("signature-input")),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature input that is no structured field",
        make: |keys| tampered(keys, |request| request.set("signature-input", "sig1=(((;;")),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature header with a byte that is not ASCII",
        make: |keys| {
            tampered(keys, |request| {
                request.set("signature", b"sig1=:\xff:".to_vec())
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "two signature headers",
        make: |keys| {
            tampered(keys, |request| {
                let copy = request.value("signature").unwrap_or_default().to_vec();
                request.headers.push(("signature".into(), copy));
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature by a key that the policy does not know",
        make: |keys| payments(keys, |draft| draft.rfc9421().keyid = "partner-x-mac".into()),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature with another secret",
        make: |keys| payments(keys, |draft| draft.rfc9421().key = random(32)),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature that names another algorithm",
        make: |keys| {
            payments(keys, |draft| {
                draft.rfc9421().alg = Some("rsa-v1_5-sha256".into())
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature that does not cover the body",
        make: |keys| {
            payments(keys, |draft| {
                draft.rfc9421().cover.retain(|c| c != "content-digest")
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature that does not cover the method",
        make: |keys| {
            payments(keys, |draft| {
                draft.rfc9421().cover.retain(|c| c != "@method")
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature that does not cover the target",
        make: |keys| {
            payments(keys, |draft| {
                draft.rfc9421().cover.retain(|c| c != "@target-uri")
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature made too long ago",
        make: |keys| payments(keys, |draft| draft.rfc9421().created = Some(now() - 400)),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature from the future",
        make: |keys| payments(keys, |draft| draft.rfc9421().created = Some(now() + 400)),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature without a creation time",
        make: |keys| payments(keys, |draft| draft.rfc9421().created = None),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature that has expired",
        make: |keys| payments(keys, |draft| draft.rfc9421().expires = Some(now() - 3600)),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a signature without the nonce that the replay guard needs",
        make: |keys| payments(keys, |draft| draft.rfc9421().nonce = None),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a target changed on the way",
        make: |keys| tampered(keys, |request| request.target.push_str("&to=mallory")),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a host changed on the way",
        make: |keys| tampered(keys, |request| request.authority = "other.bank.test".into()),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a body changed on the way",
        make: |keys| tampered(keys, |request| flip(&mut request.body)),
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a body changed on the way, over HTTP/2 with trailers",
        make: |keys| {
            let mut sent = tampered(keys, |request| {
                flip(&mut request.body);
                request.trailers.push(("x-trailer".into(), b"1".to_vec()));
                request.framing = Framing::Chunked(4096);
            });
            sent.h2 = true;
            sent
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a body added to a signed request without one",
        make: |keys| {
            let mut draft = Draft::raw(keys);
            draft.plaintext.clear();
            draft.seal = crate::draft::Seal::None;
            let mut request = draft.make();
            request.body = b"added".to_vec();
            request.into()
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a body changed on the way with its digest",
        make: |keys| {
            tampered(keys, |request| {
                flip(&mut request.body);
                request.set(
                    "content-digest",
                    crate::draft::content_digest(&request.body),
                );
            })
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "the same request twice",
        make: |keys| twice(Draft::payments(keys).make()),
        expect: REPLAY,
    },
    Case {
        name: "the same nonce under a fresh signature",
        make: |keys| {
            let mut draft = Draft::raw(keys);
            let first = draft.make();
            draft.plaintext = b"{\"other\":1}".to_vec();
            Sent {
                before: Some(first),
                ..draft.make().into()
            }
        },
        expect: REPLAY,
    },
    Case {
        name: "the same hook twice",
        make: |keys| twice(Draft::hook(keys).make()),
        expect: REPLAY,
    },
    Case {
        name: "a hook without its signature",
        make: |keys| {
            let mut draft = Draft::hook(keys);
            draft.signature = Signature::None;
            draft.make().into()
        },
        expect: UNAUTHENTICATED,
    },
    Case {
        name: "a hook signed with another secret",
        make: |keys| {
            let mut draft = Draft::hook(keys);
            draft.signature = Signature::Github(b"not the secret".to_vec());
            draft.make().into()
        },
        expect: UNAUTHENTICATED,
    },
];

fn twice(request: Request) -> Sent {
    Sent {
        before: Some(request.clone()),
        ..request.into()
    }
}

fn flip(body: &mut [u8]) {
    if let Some(last) = body.last_mut() {
        *last = if *last == b'A' { b'B' } else { b'A' };
    }
}
