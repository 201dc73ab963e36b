//! The dialects of API gateways: a credential in one header field, values in others.

use sealgate_signature::Algorithm::{HmacSha256, HmacSha512};
use sealgate_signature::Scheme;
use sealgate_signature::scheme::alibaba::{self, Alibaba};
use sealgate_signature::scheme::apisix::Apisix;
use sealgate_signature::scheme::aws_sigv4::AwsSigV4;
use sealgate_signature::scheme::cavage::{Cavage, Dialect};
use sealgate_signature::scheme::demand::Demand;
use sealgate_signature::scheme::kong::Kong;

use crate::request::{Part, Request};
use crate::subject::{Draft, Subject, mac_parties, never};

const IDS: [Option<&str>; 2] = [Some("partner-a"), Some("partner-b")];

pub(crate) fn kong() -> Subject {
    listed(Box::new(kong_scheme()), |a, b| same(&kong_scheme(), a, b))
}

pub(crate) fn apisix() -> Subject {
    listed(Box::new(apisix_scheme()), |a, b| {
        same(&apisix_scheme(), a, b)
    })
}

pub(crate) fn cavage() -> Subject {
    listed(Box::new(cavage_scheme()), |a, b| {
        same(&cavage_scheme(), a, b)
    })
}

pub(crate) fn tyk() -> Subject {
    Subject {
        message: |draft| with_note(&format!("/{}", draft.path), draft),
        ..listed(Box::new(tyk_scheme()), |a, b| same(&tyk_scheme(), a, b))
    }
}

pub(crate) fn alibaba() -> Subject {
    Subject {
        scheme: Box::new(alibaba_scheme()),
        keys: mac_parties(HmacSha256, IDS),
        covers: x_ca_fields(&["x-note", "content-type", "content-md5"]),
        message: |draft| {
            let target = format!("/{}?{}", draft.path, plain_query(draft));
            with_note(&target, draft).header("content-type", "application/json")
        },
        same: same_to_alibaba,
    }
}

pub(crate) fn alibaba_form() -> Subject {
    Subject {
        covers: x_ca_fields(&["x-note", "content-type"]),
        message: |draft| {
            let value: String = draft
                .body
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let body = format!("body={value}");
            Request::post(
                &format!("/{}?{}", draft.path, plain_query(draft)),
                body.as_bytes(),
            )
            .header("x-note", &draft.note)
            .header("content-type", "application/x-www-form-urlencoded")
        },
        ..alibaba()
    }
}

pub(crate) fn aws_sigv4() -> Subject {
    Subject {
        scheme: Box::new(aws_scheme()),
        keys: mac_parties(HmacSha256, IDS),
        covers: [
            &[Part::Method, Part::Authority, Part::Target, Part::Body][..],
            &[
                "x-note",
                "x-amz-date",
                "x-amz-content-sha256",
                "authorization",
            ]
            .map(Part::Header),
        ]
        .concat(),
        message: |draft| {
            let target = format!("/{}?{}", draft.path, plain_query(draft));
            with_note(&target, draft)
        },
        same: |a, b| {
            // Names in another order, a space more: one canonical request.
            let plain = |request: &Request| {
                let mut plain = request.clone();
                for (_, value) in &mut plain.headers {
                    let words = value
                        .split(|&byte| byte == b' ')
                        .filter(|word| !word.is_empty());
                    *value = words.collect::<Vec<_>>().join(&b' ');
                }
                plain.target = sorted(&plain.target);
                plain
            };
            same(&aws_scheme(), &plain(a), &plain(b))
        },
    }
}

fn kong_scheme() -> Kong {
    Kong {
        demand: with_note_demanded(),
        ..Kong::default()
    }
}

fn apisix_scheme() -> Apisix {
    Apisix {
        demand: with_note_demanded(),
        ..Apisix::default()
    }
}

fn cavage_scheme() -> Cavage {
    Cavage {
        demand: with_note_demanded(),
        ..Cavage::default()
    }
}

fn tyk_scheme() -> Cavage {
    Cavage {
        dialect: Dialect::Tyk,
        ..cavage_scheme()
    }
}

fn alibaba_scheme() -> Alibaba {
    Alibaba {
        dialect: alibaba::Dialect::ApiGateway,
        demand: with_note_demanded(),
        ..Alibaba::default()
    }
}

fn aws_scheme() -> AwsSigV4 {
    AwsSigV4 {
        region: "eu-central-1".into(),
        service: "execute-api".into(),
        demanded_headers: vec!["x-note".into()],
        ..AwsSigV4::default()
    }
}

fn with_note_demanded() -> Demand {
    Demand {
        headers: vec!["x-note".into()],
        ..Demand::default()
    }
}

fn x_ca_fields(others: &[&'static str]) -> Vec<Part> {
    let own = [
        "x-ca-key",
        "x-ca-timestamp",
        "x-ca-nonce",
        "x-ca-signature-method",
        "x-ca-signature-headers",
        "x-ca-signature",
    ];
    let fields = own.iter().chain(others).map(|name| Part::Header(name));
    [Part::Method, Part::Target, Part::Body]
        .into_iter()
        .chain(fields)
        .collect()
}

/// A subject that signs a list of names.
fn listed(scheme: Box<dyn Scheme>, same: fn(&Request, &Request) -> bool) -> Subject {
    Subject {
        scheme,
        keys: mac_parties(HmacSha512, IDS),
        covers: [
            &[Part::Method, Part::Target, Part::Body][..],
            &["x-note", "date", "digest", "authorization"].map(Part::Header),
        ]
        .concat(),
        message: |draft| with_note(&format!("/{}?{}", draft.path, draft.query), draft),
        same,
    }
}

fn with_note(target: &str, draft: &Draft) -> Request {
    Request::post(target, &draft.body).header("x-note", &draft.note)
}

/// The draft's query without escapes that are none, each name once.
fn plain_query(draft: &Draft) -> String {
    let pairs = draft.query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.enumerate().map(|(at, pair)| {
        let pair = pair.replace('%', "-");
        format!("p{at}{pair}")
    });
    let pairs: Vec<_> = pairs.collect();
    if pairs.is_empty() {
        "p=0".into()
    } else {
        pairs.join("&")
    }
}

/// The same credential in another spelling: one space more behind a comma, parameters in another
/// order, `Hmac` for `hmac`, escapes in lower case. Everything else has to be equal, apart from
/// spaces around a value, which are not part of it (RFC 9110 section 5.5).
fn same(scheme: &dyn Scheme, original: &Request, changed: &Request) -> bool {
    let rest = |request: &Request| {
        let mut rest = request.clone();
        rest.headers.retain(|(name, _)| name != b"authorization");
        rest.headers.sort();
        for (_, value) in &mut rest.headers {
            *value = value.trim_ascii().to_vec();
        }
        rest
    };
    let credential = |request: &Request| {
        let found = scheme.present(&request.message()).ok()?;
        let each = found.into_iter();
        let each = each.map(|one| {
            // `hs2019` of draft-cavage stands for the algorithm of the key.
            let algorithm = one.algorithm.unwrap_or(HmacSha512);
            (one.key_id, algorithm, one.signatures, one.covered)
        });
        Some(each.collect::<Vec<_>>())
    };
    rest(original) == rest(changed) && credential(original) == credential(changed)
}

/// The same parameters, wherever and in whatever order.
fn same_to_alibaba(original: &Request, changed: &Request) -> bool {
    let plain = |request: &Request| {
        let mut plain = request.clone();
        plain.target = sorted(&plain.target);
        if plain
            .headers
            .iter()
            .any(|(_, value)| value.starts_with(b"application/x-www"))
        {
            plain.body = sorted(&[b"?", &plain.body[..]].concat());
            // Whatever names the same media type.
            for (_, value) in &mut plain.headers {
                if value.starts_with(b"application/x-www") {
                    *value = value.trim_ascii().to_vec();
                }
            }
        }
        let list = |value: &[u8]| {
            let mut names: Vec<_> = value
                .split(|&byte| byte == b',')
                .map(<[u8]>::to_vec)
                .collect();
            names.sort();
            names.join(&b',')
        };
        for (name, value) in &mut plain.headers {
            if name == b"x-ca-signature-headers" {
                *value = list(value);
            }
        }
        plain.headers.sort();
        plain
    };
    never(original, changed) || plain(original) == plain(changed)
}

/// The target with its query decoded and sorted; `a` and `a=` are one.
fn sorted(target: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(target).into_owned();
    let Some((path, query)) = text.split_once('?') else {
        return target.to_vec();
    };
    let mut pairs: Vec<String> = query
        .split('&')
        .map(|pair| {
            let pair = pair.replace('+', " ");
            if pair.contains('=') { pair } else { pair + "=" }
        })
        .collect();
    pairs.sort();
    format!("{path}?{}", pairs.join("&")).into_bytes()
}
