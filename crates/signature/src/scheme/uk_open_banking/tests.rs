use super::*;

/// A header of version 3.1.4; the tests change it.
const CURRENT: &str = r#"{"alg":"PS256","kid":"k","http://openbanking.org.uk/iat":1700000000,"http://openbanking.org.uk/iss":"a/b","http://openbanking.org.uk/tan":"openbanking.org.uk","crit":["http://openbanking.org.uk/iat","http://openbanking.org.uk/iss","http://openbanking.org.uk/tan"]}"#;

/// The sample of the pages that describe the form before 3.1.4, with other values.
const OLDER: &str = r#"{
  "b64": false,
  "http://openbanking.org.uk/iat": 1549011455,
  "crit": ["b64", "http://openbanking.org.uk/iat", "http://openbanking.org.uk/iss"],
  "kid": "k",
  "cty": "application/json",
  "http://openbanking.org.uk/iss": "0015800001041REAAY",
  "typ": "JOSE",
  "alg": "PS256"
}"#;

fn present(scheme: &UkOpenBanking, value: &str) -> Result<Presented, SignatureError> {
    let headers = [(HEADER.into(), value.into())];
    let message = Message {
        headers: &headers,
        ..Message::default()
    };
    Ok(scheme.present(&message)?.remove(0))
}

fn read(scheme: &UkOpenBanking, json: &str) -> Result<Presented, SignatureError> {
    present(
        scheme,
        &format!("{}..AQID", base64url::encode(json.as_bytes())),
    )
}

fn older() -> UkOpenBanking {
    UkOpenBanking {
        payload: Payload::Unencoded,
        ..UkOpenBanking::default()
    }
}

#[test]
fn both_forms_and_their_signed_text() {
    let current = read(&UkOpenBanking::default(), CURRENT).unwrap();
    assert_eq!(current.key_id.as_deref(), Some("k"));
    assert_eq!(current.created, Some(1_700_000_000));
    let text = |scheme: &UkOpenBanking, presented: &Presented| {
        let octets = scheme
            .signed_octets(&Message::default(), presented, b"{}.?")
            .unwrap();
        String::from_utf8(octets.concat()).unwrap()
    };
    let header = base64url::encode(CURRENT.as_bytes());
    assert_eq!(
        text(&UkOpenBanking::default(), &current),
        format!("{header}.e30uPw")
    );
    let presented = read(&older(), OLDER).unwrap();
    let header = base64url::encode(OLDER.as_bytes());
    assert_eq!(text(&older(), &presented), format!("{header}.{{}}.?"));
}

#[test]
fn one_form_is_not_the_other() {
    let refused = read(&older(), CURRENT).map(|_| ());
    assert_eq!(refused, Err(SignatureError::Malformed));
    let refused = read(&UkOpenBanking::default(), OLDER).map(|_| ());
    assert_eq!(refused, Err(SignatureError::Malformed));
}

#[test]
fn members_that_the_text_does_not_have_so() {
    for (old, new) in [
        (r#""kid":"k","#, ""),
        (r#""kid":"k""#, r#""kid":"""#),
        (r#""kid":"k""#, r#""kid":"k","kid":"k""#),
        (r#""kid":"k""#, r#""kid":"k","jku":"https://a""#),
        (r#""kid":"k""#, r#""kid":"k","b64":true"#),
        (r#""kid":"k""#, r#""kid":"k","b64":false"#),
        (r#""kid":"k""#, r#""kid":"k","typ":"JWT""#),
        (":1700000000", r#":"1700000000""#),
        (":1700000000", ":1.7e9"),
        (r#""a/b""#, r#""""#),
        (r#":"openbanking.org.uk""#, r#":"openbanking.test""#),
        (r#","http://openbanking.org.uk/tan"]"#, "]"),
        (
            r#""http://openbanking.org.uk/tan"]"#,
            r#""http://openbanking.org.uk/iss"]"#,
        ),
        (
            r#""http://openbanking.org.uk/tan"]"#,
            r#""http://openbanking.org.uk/tan","b64"]"#,
        ),
        (
            r#""http://openbanking.org.uk/tan":"openbanking.org.uk","#,
            "",
        ),
        (
            r#""http://openbanking.org.uk/tan"]}"#,
            r#""http://openbanking.org.uk/tan"]}{}"#,
        ),
    ] {
        assert!(CURRENT.contains(old), "{old}");
        let refused = read(&UkOpenBanking::default(), &CURRENT.replacen(old, new, 1));
        let refused = refused.map(|_| ());
        assert_eq!(refused, Err(SignatureError::Malformed), "{new}");
    }
    for alg in ["none", "RS256", "HS256", "PS512", "ps256"] {
        let refused = read(&UkOpenBanking::default(), &CURRENT.replace("PS256", alg));
        let refused = refused.map(|_| ());
        assert_eq!(refused, Err(SignatureError::AlgorithmMismatch), "{alg}");
    }
}

#[test]
fn the_field_is_header_dot_dot_signature() {
    let header = base64url::encode(CURRENT.as_bytes());
    assert!(present(&UkOpenBanking::default(), &format!("{header}..AQID")).is_ok());
    for value in [
        String::new(),
        header.clone(),
        format!("{header}.AQID"),
        format!("{header}.e30.AQID"),
        format!("{header}..AQID."),
        format!("{header}.."),
        format!("{header}..AQI="),
        format!("{header}..AR"),
        format!("{header}..A+/D"),
        format!(" {header}..AQID"),
        format!("{header}=..AQID"),
    ] {
        let refused = present(&UkOpenBanking::default(), &value).map(|_| ());
        assert_eq!(refused, Err(SignatureError::Malformed), "{value}");
    }
    let long = "A".repeat(MAX_JOSE_HEADER_BYTES + 1);
    let refused = present(&UkOpenBanking::default(), &format!("{long}..AQID")).map(|_| ());
    assert_eq!(refused, Err(SignatureError::TooLarge));
}

#[test]
fn an_issuer_can_be_demanded() {
    let demanding = |issuer: &str| UkOpenBanking {
        issuer: Some(issuer.into()),
        ..UkOpenBanking::default()
    };
    assert!(read(&demanding("a/b"), CURRENT).is_ok());
    assert!(read(&demanding("a/c"), CURRENT).is_err());
}
