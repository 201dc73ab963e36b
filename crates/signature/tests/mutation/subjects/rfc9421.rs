//! RFC 9421 with header fields beside the default coverage.

use sealgate_signature::Algorithm::HmacSha256;
use sealgate_signature::rfc9421::{Component, Rfc9421, parse};

use crate::request::{Part, Request};
use crate::subject::{Subject, ed25519_parties, mac_parties, p256_parties};

const IDS: [Option<&str>; 2] = [Some("partner-a"), Some("partner-b")];

pub(crate) fn ed25519() -> Subject {
    Subject {
        keys: ed25519_parties(IDS),
        ..subject()
    }
}

pub(crate) fn p256() -> Subject {
    Subject {
        keys: p256_parties(IDS),
        ..subject()
    }
}

pub(crate) fn subject() -> Subject {
    let mut scheme = Rfc9421 {
        tag: Some("app".into()),
        ..Rfc9421::default()
    };
    let fields = ["content-type", "x-note"].map(|name| Component::new(name).unwrap());
    scheme.required.extend(fields);
    Subject {
        scheme: Box::new(scheme),
        keys: mac_parties(HmacSha256, IDS),
        covers: vec![
            Part::Method,
            Part::Authority,
            Part::Target,
            Part::Body,
            Part::Header("content-digest"),
            Part::Header("content-type"),
            Part::Header("x-note"),
            Part::Header("signature-input"),
            Part::Header("signature"),
        ],
        message: |draft| {
            let target = format!("/{}?{}", draft.path, draft.query);
            Request::post(&target, &draft.body)
                .header("content-type", "application/json")
                .header("x-note", &draft.note)
        },
        same,
    }
}

/// The same host in another case or with the default port (RFC 9110 section 4.2.3), a field value
/// with spaces around it or folded where it has a space (RFC 9421 section 2.1), the same signature in
/// another serialisation (section 3.2).
fn same(original: &Request, changed: &Request) -> bool {
    let plain = |request: &Request| {
        let mut plain = request.clone();
        plain.authority.make_ascii_lowercase();
        for port in [":443", ":"] {
            if plain.authority.ends_with(port.as_bytes()) {
                plain.authority.truncate(plain.authority.len() - port.len());
                break;
            }
        }
        let is_signature = |name: &[u8]| name.starts_with(b"signature");
        plain.headers.retain(|(name, _)| !is_signature(name));
        plain.headers.sort();
        for (_, value) in &mut plain.headers {
            *value = unfolded(value);
        }
        plain
    };
    let signatures = |request: &Request| {
        let found = parse(&request.message()).ok()?;
        let each = found.into_iter();
        Some(
            each.map(|one| (one.signature_params().to_owned(), one.signature))
                .collect::<Vec<_>>(),
        )
    };
    plain(original) == plain(changed) && signatures(original) == signatures(changed)
}

fn unfolded(value: &[u8]) -> Vec<u8> {
    let mut lines = value.split(|&b| b == b'\n').peekable();
    let mut plain = lines.next().unwrap_or_default().to_vec();
    for line in lines {
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            return value.to_vec();
        }
        plain = [plain.trim_ascii_end(), b" ", line.trim_ascii()].concat();
    }
    plain.trim_ascii().to_vec()
}
