//! `Accept-Signature`, section 5.

use sealgate_signature::rfc9421::{AcceptSignature, Rfc9421};
use sealgate_signature::{Scheme, SignatureError as E};

use crate::support::{Owned, components};

fn parse(value: &str) -> Result<Vec<AcceptSignature>, E> {
    let response = Owned::response(401, &[("accept-signature", value)]);
    response.ask(AcceptSignature::parse)
}

/// The example of section 5.1.
#[test]
fn the_example_is_read_and_written() {
    let value = concat!(
        r#"sig1=("@method" "@target-uri" "@authority" "content-digest" "cache-control")"#,
        r#";keyid="test-key-rsa-pss";created;tag="app-123""#
    );
    let asked = parse(value).unwrap();
    let expected = AcceptSignature {
        label: "sig1".into(),
        components: components([
            "@method",
            "@target-uri",
            "@authority",
            "content-digest",
            "cache-control",
        ]),
        created: true,
        expires: false,
        nonce: None,
        alg: None,
        keyid: Some("test-key-rsa-pss".into()),
        tag: Some("app-123".into()),
    };
    assert_eq!(asked, std::slice::from_ref(&expected));
    let written = expected.to_field().unwrap();
    assert_eq!(parse(&written).unwrap(), [expected]);
}

#[test]
fn everything_that_can_be_asked_for() {
    let value = concat!(
        r#"a=("date";bs);created;expires;nonce="n";alg="ed25519";keyid="k";tag="t", "#,
        r#"b=("@query-param";name="x")"#
    );
    let asked = parse(value).unwrap();
    assert_eq!(asked.len(), 2);
    let written: Vec<_> = asked.iter().map(|one| one.to_field().unwrap()).collect();
    assert_eq!(written.join(", "), value);
    assert_eq!(
        Owned::response(200, &[]).ask(AcceptSignature::parse),
        Ok(vec![])
    );
}

#[test]
fn faults() {
    for (value, expected) in [
        (r#"a=("date");created=1"#, E::Malformed),
        (r#"a=("date");expires=?0"#, E::Malformed),
        (r#"a=("date");nonce"#, E::Malformed),
        (r#"a="date""#, E::Malformed),
        (r#"a=("@later")"#, E::UnsupportedComponent),
        (r#"a=("date"), a=("date")"#, E::DuplicateLabel),
        (r#"a=("date" "date")"#, E::DuplicateComponent),
    ] {
        assert_eq!(parse(value), Err(expected), "{value}");
    }
}

#[test]
fn a_gate_asks_for_what_it_demands() {
    let scheme = Rfc9421 {
        tag: Some("app-123".into()),
        ..Rfc9421::default()
    };
    let asked = parse(&scheme.accept_signature().unwrap()).unwrap();
    assert_eq!(
        asked[0].components,
        components(["@method", "@target-uri", "content-digest"])
    );
    assert!(asked[0].created && asked[0].nonce.is_none());
    assert_eq!(asked[0].tag.as_deref(), Some("app-123"));
}
