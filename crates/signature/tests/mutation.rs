//! No change to a covered part, to the parameters or to the signature survives.

use proptest::prelude::*;
use sealgate_signature::rfc9421::{Component, SignSpec, parse, sign};
use sealgate_signature::{MacKey, Message, SignatureError, content_digest, github, mac};

#[derive(Debug, Clone, PartialEq, Eq)]
struct Request {
    method: Vec<u8>,
    scheme: Vec<u8>,
    authority: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn message(&self) -> Message<'_> {
        Message {
            method: &self.method,
            scheme: &self.scheme,
            authority: &self.authority,
            target: &self.target,
            headers: &self.headers,
        }
    }

    /// Every part an attacker may change, one after the other.
    fn parts(&mut self) -> Vec<&mut Vec<u8>> {
        let mut parts = vec![
            &mut self.method,
            &mut self.authority,
            &mut self.target,
            &mut self.body,
        ];
        parts.extend(
            self.headers
                .iter_mut()
                .flat_map(|(name, value)| [name, value]),
        );
        parts
    }
}

fn key() -> MacKey {
    MacKey::new(b"0123456789abcdef0123456789abcdef".to_vec()).unwrap()
}

fn signed(target: &[u8], header: &str, body: &[u8]) -> Request {
    let mut request = Request {
        method: b"POST".to_vec(),
        scheme: b"https".to_vec(),
        authority: b"api.bank.test".to_vec(),
        target: target.to_vec(),
        headers: vec![
            (
                b"content-digest".to_vec(),
                content_digest::sha256(body).into_bytes(),
            ),
            (b"content-type".to_vec(), b"application/json".to_vec()),
            (b"x-note".to_vec(), header.as_bytes().to_vec()),
        ],
        body: body.to_vec(),
    };
    let components = [
        "@method",
        "@target-uri",
        "content-digest",
        "content-type",
        "x-note",
    ]
    .map(|name| Component::new(name).unwrap());
    let spec = SignSpec {
        label: "sig1",
        components: &components,
        created: Some(1_700_000_000),
        expires: Some(1_700_000_300),
        nonce: Some("n-0001"),
        keyid: Some("partner-a"),
        alg: Some("hmac-sha256"),
        tag: Some("app"),
    };
    let headers = sign(&request.message(), &spec, &key()).unwrap();
    request.headers.push((
        b"signature-input".to_vec(),
        headers.signature_input.into_bytes(),
    ));
    request
        .headers
        .push((b"signature".to_vec(), headers.signature.into_bytes()));
    request
}

/// What a gate does: one signature, over everything it demands, and the digest of the body.
fn verify(request: &Request) -> Result<(), SignatureError> {
    let message = request.message();
    let presented = parse(&message)?;
    let [only] = presented.as_slice() else {
        return Err(SignatureError::LabelMismatch);
    };
    let demanded = [
        "@method",
        "@target-uri",
        "content-digest",
        "content-type",
        "x-note",
    ];
    if !demanded.iter().all(|name| only.covers(name)) {
        return Err(SignatureError::AbsentComponent);
    }
    mac::verify_hs256(&key(), &only.base(&message)?, &only.signature)?;
    let digests: Vec<_> = message.values(b"content-digest").collect();
    content_digest::verify(&digests, &request.body)
}

#[test]
fn every_bit_of_every_part() {
    let original = signed(b"/payments?id=7&x=%2F", "seven, eight", br#"{"amount":1}"#);
    assert_eq!(verify(&original), Ok(()));
    let mut flips = 0;
    let part_count = original.clone().parts().len();
    for part in 0..part_count {
        let length = original.clone().parts()[part].len();
        for at in 0..length {
            for bit in 0..8 {
                let mut changed = original.clone();
                changed.parts()[part][at] ^= 1 << bit;
                // A host name and its upper-case spelling are the same host (RFC 9110 4.2.3).
                if changed.authority.eq_ignore_ascii_case(&original.authority)
                    && changed.authority != original.authority
                {
                    continue;
                }
                assert!(verify(&changed).is_err(), "part {part} byte {at} bit {bit}");
                flips += 1;
            }
        }
    }
    assert!(flips > 3000, "{flips}");
}

#[test]
fn headers_dropped_doubled_or_swapped() {
    let original = signed(b"/a", "one", b"first");
    let other = signed(b"/a", "two", b"second");
    for at in 0..original.headers.len() {
        let mut dropped = original.clone();
        dropped.headers.remove(at);
        assert!(verify(&dropped).is_err(), "dropped {at}");
        let mut doubled = original.clone();
        doubled.headers.push(original.headers[at].clone());
        assert!(verify(&doubled).is_err(), "doubled {at}");
        let mut swapped = original.clone();
        swapped.headers[at] = other.headers[at].clone();
        assert_eq!(
            verify(&swapped).is_ok(),
            original.headers[at] == other.headers[at],
            "{at}"
        );
    }
    let mut body = original.clone();
    body.body = other.body.clone();
    assert_eq!(verify(&body), Err(SignatureError::DigestMismatch));
    let mut body_and_digest = body;
    body_and_digest.headers[0] = other.headers[0].clone();
    assert_eq!(verify(&body_and_digest), Err(SignatureError::Mismatch));
}

#[test]
fn signatures_cut_or_padded() {
    let original = signed(b"/a", "one", b"body");
    let key = key();
    let value = parse(&original.message()).unwrap()[0].signature.clone();
    let base = parse(&original.message()).unwrap()[0]
        .base(&original.message())
        .unwrap();
    for length in 0..value.len() {
        assert!(
            mac::verify_hs256(&key, &base, &value[..length]).is_err(),
            "{length}"
        );
    }
    assert!(mac::verify_hs256(&key, &base, &[&value[..], &[0]].concat()).is_err());
    assert!(mac::verify_hs256(&key, &base, &[&value[..], &value[..]].concat()).is_err());
    assert_eq!(mac::matches(&[], &[]), Err(SignatureError::Mismatch));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_byte_replaced_anywhere_is_refused(
        path in "/[a-z%0-9/.]{0,20}(\\?[a-z=&%+]{0,12})?",
        note in "[!-~]([ -~]{0,20}[!-~])?",
        body in proptest::collection::vec(any::<u8>(), 1..64),
        part in 0usize..14,
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let original = signed(path.as_bytes(), &note, &body);
        prop_assert_eq!(verify(&original), Ok(()));
        let mut changed = original.clone();
        let mut parts = changed.parts();
        let part = part % parts.len();
        let at = at.index(parts[part].len());
        parts[part][at] = byte;
        let same_host = changed.authority.eq_ignore_ascii_case(&original.authority);
        let only_case = Request { authority: original.authority.clone(), ..changed.clone() };
        let equal = changed == original || (same_host && only_case == original);
        prop_assert_eq!(verify(&changed).is_ok(), equal);
    }

    #[test]
    fn parsing_never_panics(input in ".{0,120}", value in ".{0,120}", target in ".{0,40}") {
        let headers = [("signature-input", input.as_str()), ("signature", value.as_str())];
        let message = Message {
            method: b"GET",
            scheme: b"https",
            authority: b"a",
            target: target.as_bytes(),
            headers: &headers,
        };
        for presented in parse(&message).unwrap_or_default() {
            let _ = presented.base(&message);
        }
    }

    #[test]
    fn github_mac_of_another_body_is_refused(
        body in proptest::collection::vec(any::<u8>(), 0..64),
        other in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let presented = github::parse(github::sign(&key(), &body).as_bytes()).unwrap();
        prop_assert_eq!(github::verify(&key(), &body, &presented), Ok(()));
        prop_assert_eq!(github::verify(&key(), &other, &presented).is_ok(), body == other);
    }
}
