//! [`Rfc9421`], the configured scheme: what it demands, passes over and signs.

use sealgate_signature::rfc9421::Rfc9421;
use sealgate_signature::scheme::verify;
use sealgate_signature::{
    Algorithm, Coverage, MacKey, Scheme, SignOrder, SignatureError as E, Signer, VerificationKey,
    content_digest,
};

use crate::support::{BODY, Ed25519Signer, Owned, components, key, lines, shared_secret};

const NOW: i64 = 1_700_000_000;

fn signed(scheme: &Rfc9421, message: Owned, body: &[u8], signer: &dyn Signer) -> Owned {
    let order = SignOrder {
        key_id: Some("k"),
        created: NOW,
        expires: Some(NOW + 60),
        nonce: Some("n-1"),
    };
    let added = message.ask(|message| scheme.sign(message, body, &order, signer));
    let added = added.unwrap();
    let mut message = message;
    for (name, value) in added {
        message.headers.retain(|(line, _)| line != name.as_bytes());
        message.headers.extend(lines(&[(&name, &value)]));
    }
    message
}

fn judge(scheme: &Rfc9421, message: &Owned, body: &[u8], key: &VerificationKey) -> Result<(), E> {
    message.ask(|message| {
        let mut refused = E::Missing;
        for presented in scheme.present(message)? {
            let judged = verify(scheme, message, &presented, &[], key)
                .and_then(|_| scheme.check_body(message, &presented, body));
            match judged {
                Ok(()) => return Ok(()),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    })
}

#[test]
fn what_is_signed_by_default_is_all_that_matters() {
    let scheme = Rfc9421::default();
    let message = signed(&scheme, Owned::request(), BODY, &shared_secret());
    let key = VerificationKey::Mac(shared_secret());
    assert_eq!(judge(&scheme, &message, BODY, &key), Ok(()));
    assert_eq!(judge(&scheme, &message, b"", &key), Err(E::DigestMismatch));
    for (_, part) in Coverage::NAMED {
        assert!(scheme.guarantees().contains(part));
    }
    let presented = message.ask(|message| scheme.present(message)).unwrap();
    assert_eq!(presented[0].key_id.as_deref(), Some("k"));
    assert_eq!(presented[0].algorithm, Some(Algorithm::HmacSha256));
    assert_eq!(presented[0].created, Some(NOW));
    assert_eq!(presented[0].expires, Some(NOW + 60));
    assert_eq!(presented[0].nonce.as_deref(), Some(&b"n-1"[..]));
    assert_eq!(
        presented[0].covered,
        ["\"@method\"", "\"@target-uri\"", "\"content-digest\""]
    );
}

#[test]
fn less_than_is_demanded_is_not_covered() {
    let demanding = Rfc9421::default();
    let key = VerificationKey::Mac(shared_secret());
    let lax = |required: Vec<_>| Rfc9421 {
        required,
        cover_body: false,
        ..Rfc9421::default()
    };
    for required in [
        components(["@method", "content-digest"]),
        components(["@target-uri", "content-digest"]),
        components(["@path", "@method", "content-digest"]),
    ] {
        let message = signed(&lax(required), Owned::request(), BODY, &shared_secret());
        assert_eq!(judge(&demanding, &message, BODY, &key), Err(E::NotCovered));
    }
    // The digest is there and right, but not signed.
    let bodiless = lax(components(["@method", "@target-uri"]));
    let message = signed(&bodiless, Owned::request(), BODY, &shared_secret());
    assert_eq!(judge(&demanding, &message, BODY, &key), Err(E::NotCovered));
    assert_eq!(judge(&bodiless, &message, BODY, &key), Ok(()));
    assert_eq!(judge(&demanding, &message, b"", &key), Ok(()));
    assert!(!bodiless.guarantees().contains(Coverage::BODY));
    // A time is always demanded.
    let timeless = r#"("@method" "@target-uri");keyid="k""#;
    let message = Owned::request().covering(timeless);
    assert_eq!(judge(&demanding, &message, b"", &key), Err(E::NotCovered));
}

/// Only a digest that covers this body in full counts.
#[test]
fn what_does_not_cover_the_body() {
    let scheme = Rfc9421::default();
    let base = ["@method", "@target-uri"];
    let key = VerificationKey::Mac(shared_secret());
    for (identifier, expected) in [
        ("content-digest;sf", Ok(())),
        ("content-digest;bs", Ok(())),
        ("content-digest;key=\"sha-512\"", Ok(())),
        ("content-digest;key=\"md5\"", Err(E::NotCovered)),
        ("content-digest;tr", Err(E::NotCovered)),
        ("content-length", Err(E::NotCovered)),
    ] {
        let mut required = components(base);
        required.extend(components([identifier]));
        let signer = Rfc9421 {
            required,
            cover_body: false,
            ..Rfc9421::default()
        };
        let mut message = Owned::request();
        message.trailers = lines(&[("content-digest", "md5=:AQ==:")]);
        message.headers[3].1.extend(b", md5=:AQ==:");
        let message = signed(&signer, message, BODY, &shared_secret());
        let judged = judge(&scheme, &message, BODY, &key);
        match identifier {
            // Covered, but it names no algorithm we know.
            "content-digest;tr" => assert_eq!(judged, Err(E::DigestUnsupported)),
            _ => assert_eq!(judged, expected, "{identifier}"),
        }
    }
}

#[test]
fn other_tags_and_algorithms_are_passed_over() {
    let tagged = |tag: &str| Rfc9421 {
        tag: Some(tag.into()),
        label: tag.into(),
        ..Rfc9421::default()
    };
    let key = VerificationKey::Mac(shared_secret());
    let one = signed(&tagged("one"), Owned::request(), BODY, &shared_secret());
    assert_eq!(judge(&tagged("two"), &one, BODY, &key), Err(E::Missing));
    assert_eq!(judge(&Rfc9421::default(), &one, BODY, &key), Ok(()));
    // A second signature joins the first.
    let both = signed(&tagged("two"), one, BODY, &Ed25519Signer);
    assert_eq!(judge(&tagged("one"), &both, BODY, &key), Ok(()));
    let public = crate::support::key("test-key-ed25519");
    assert_eq!(judge(&tagged("two"), &both, BODY, &public), Ok(()));
    assert_eq!(
        judge(&tagged("two"), &both, BODY, &key),
        Err(E::AlgorithmMismatch)
    );
    // A label can be given once.
    let order = SignOrder::default();
    let again = both.ask(|message| tagged("one").sign(message, BODY, &order, &Ed25519Signer));
    assert_eq!(again, Err(E::DuplicateLabel));
    // An algorithm that is not registered.
    let unknown = Owned::request().covering(r#"("@method" "@target-uri");created=1;alg="hs2019""#);
    assert_eq!(
        judge(&Rfc9421::default(), &unknown, b"", &key),
        Err(E::AlgorithmMismatch)
    );
}

#[test]
fn hmac_sha512_by_name_only() {
    let named = Rfc9421 {
        hmac_sha512: true,
        ..Rfc9421::default()
    };
    let make = || MacKey::with_algorithm(Algorithm::HmacSha512, vec![7; 64]).unwrap();
    let message = signed(&named, Owned::request(), BODY, &make());
    let key = VerificationKey::Mac(make());
    assert_eq!(judge(&named, &message, BODY, &key), Ok(()));
    let refused = judge(&Rfc9421::default(), &message, BODY, &key);
    assert_eq!(refused, Err(E::AlgorithmMismatch));
    let order = SignOrder::default();
    let made = message.ask(|message| Rfc9421::default().sign(message, BODY, &order, &make()));
    assert_eq!(made, Err(E::InvalidSpec));
}

#[test]
fn a_response_is_bound_to_its_request() {
    let scheme = Rfc9421::for_responses();
    let key = key("test-key-ed25519");
    let mut answer = Owned::response(200, &[]);
    let request = answer.request.as_mut().unwrap();
    request
        .headers
        .extend(lines(&[("want-content-digest", "sha-256=1, sha-512=2")]));
    let answer = signed(&scheme, answer, b"answer", &Ed25519Signer);
    assert_eq!(judge(&scheme, &answer, b"answer", &key), Ok(()));
    let digest = content_digest::sha512(b"answer");
    assert!(
        answer
            .headers
            .contains(&lines(&[("content-digest", &digest)])[0])
    );
    assert_eq!(
        judge(&scheme, &answer, b"other", &key),
        Err(E::DigestMismatch)
    );

    let mut other = answer.clone();
    other.request.as_mut().unwrap().target = "/other";
    assert_eq!(judge(&scheme, &other, b"answer", &key), Err(E::Mismatch));
    let mut other = answer.clone();
    other.status = Some(403);
    assert_eq!(judge(&scheme, &other, b"answer", &key), Err(E::Mismatch));
    // The request's own signature says nothing of the response.
    let of_request = signed(&Rfc9421::default(), Owned::request(), BODY, &Ed25519Signer);
    let mut echoed = Owned::response(200, &[]);
    echoed.headers = of_request.headers;
    assert_eq!(judge(&scheme, &echoed, BODY, &key), Err(E::NotCovered));
}
