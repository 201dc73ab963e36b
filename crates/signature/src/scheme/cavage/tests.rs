use super::*;
use crate::scheme::verify;
use crate::{HeaderLine, MacKey, VerificationKey};

const DATE_LINE: (&str, &str) = ("date", "Sun, 05 Jan 2014 21:31:40 GMT");
const DIGEST_LINE: (&str, &str) = (
    "digest",
    "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
);
const BODY: &[u8] = br#"{"hello": "world"}"#;

/// Reads the credential on the request of the draft's appendix C; the octets under it.
fn octets(
    scheme: &Cavage,
    headers: &[(&str, &str)],
    target: &str,
    credential: &str,
) -> Result<String, SignatureError> {
    let lines = lines_of(headers, credential);
    let message = message(&lines, target);
    let presented = &scheme.present(&message)?[0];
    let octets = scheme.signed_octets(&message, presented, b"")?;
    Ok(String::from_utf8(octets.concat()).unwrap())
}

fn lines_of(headers: &[(&str, &str)], credential: &str) -> Vec<HeaderLine> {
    let mut lines: Vec<HeaderLine> = vec![("authorization".into(), credential.into())];
    lines.extend(headers.iter().map(|(n, v)| ((*n).into(), (*v).into())));
    lines
}

fn message<'a>(lines: &'a [HeaderLine], target: &'a str) -> Message<'a> {
    Message {
        method: b"POST",
        authority: b"example.com",
        target: target.as_bytes(),
        headers: lines,
        ..Default::default()
    }
}

fn open(dialect: Dialect) -> Cavage {
    Cavage {
        dialect,
        demand: Demand {
            parts: Coverage::NONE,
            ..Demand::default()
        },
        ..Cavage::default()
    }
}

fn credential(rest: &str) -> String {
    format!("Signature keyId=\"Test\",{rest},signature=\"AAAA\"")
}

/// The signing strings of draft-cavage-http-signatures-12, section 2.3 and appendix C.
#[test]
fn signing_strings_of_the_draft() {
    let draft = open(Dialect::Draft);
    let headers = [
        DATE_LINE,
        DIGEST_LINE,
        ("content-type", "application/json"),
        ("content-length", "18"),
        ("cache-control", "max-age=60"),
        ("cache-control", "   must-revalidate"),
        ("x-emptyheader", ""),
    ];
    let target = "/foo?param=value&pet=dog";
    for (rest, expected) in [
        (
            r#"algorithm="rsa-sha256",headers="date""#,
            "date: Sun, 05 Jan 2014 21:31:40 GMT",
        ),
        (
            r#"algorithm="rsa-sha256",headers="(request-target) host date""#,
            "(request-target): post /foo?param=value&pet=dog\nhost: example.com\n\
             date: Sun, 05 Jan 2014 21:31:40 GMT",
        ),
        (
            r#"algorithm="hs2019",created=1402170695,expires=1402170699,headers="(request-target) (created) (expires) host date content-type digest content-length""#,
            "(request-target): post /foo?param=value&pet=dog\n(created): 1402170695\n\
             (expires): 1402170699\nhost: example.com\ndate: Sun, 05 Jan 2014 21:31:40 GMT\n\
             content-type: application/json\n\
             digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\ncontent-length: 18",
        ),
        (
            r#"algorithm="hs2019",headers="cache-control x-emptyheader""#,
            "cache-control: max-age=60, must-revalidate\nx-emptyheader: ",
        ),
        (r#"created=1402170695"#, "(created): 1402170695"),
    ] {
        let made = octets(&draft, &headers, target, &credential(rest));
        assert_eq!(made.as_deref(), Ok(expected), "{rest}");
    }
    let lines = lines_of(&headers, &credential(r#"headers="digest""#));
    let message = message(&lines, target);
    let presented = &draft.present(&message).unwrap()[0];
    assert_eq!(draft.check_body(&message, presented, BODY), Ok(()));
}

#[test]
fn what_the_draft_refuses() {
    use SignatureError as E;
    let draft = open(Dialect::Draft);
    let gravitee = open(Dialect::Gravitee);
    for (rest, expected) in [
        (
            r#"algorithm="hmac-sha256",created=1,headers="(created)""#,
            E::UnsupportedComponent,
        ),
        (
            r#"algorithm="hs2019",headers="(created)""#,
            E::AbsentComponent,
        ),
        (
            r#"algorithm="hs2019",created=1.5,headers="(created)""#,
            E::Malformed,
        ),
        (
            r#"algorithm="hs2019",created="1",headers="(created)""#,
            E::Malformed,
        ),
        (
            r#"algorithm="hs2019",created=01,headers="(created)""#,
            E::Malformed,
        ),
        (
            r#"algorithm="hs2019",headers="x-absent""#,
            E::AbsentComponent,
        ),
        (r#"algorithm="hs2019",headers="""#, E::Malformed),
        (r#"algorithm="hs2019",headers="Date""#, E::Malformed),
        (
            r#"algorithm="hs2019",headers="(status)""#,
            E::UnsupportedComponent,
        ),
        (r#"algorithm="none",headers="date""#, E::AlgorithmMismatch),
        (
            r#"algorithm="hs2019",keyId="b",headers="date""#,
            E::DuplicateParameter,
        ),
    ] {
        let made = octets(&draft, &[DATE_LINE], "/", &credential(rest));
        assert_eq!(made, Err(expected), "{rest}");
    }
    let created = credential(r#"algorithm="hmac-sha256",created=1,headers="(created)""#);
    let made = octets(&gravitee, &[], "/", &created);
    assert_eq!(made.as_deref(), Ok("(created): 1"));
}

#[test]
fn every_part_is_demanded_by_default() {
    let scheme = Cavage::default();
    let headers = [DATE_LINE, DIGEST_LINE];
    for (list, expected) in [
        ("(request-target) date digest", true),
        ("(request-target) digest", false),
        ("date digest", false),
        // A body without digest is found when the body is there.
        ("(request-target) date", true),
    ] {
        let rest = format!("algorithm=\"hs2019\",headers=\"{list}\"");
        let made = octets(&scheme, &headers, "/", &credential(&rest));
        assert_eq!(made.is_ok(), expected, "{list}");
        let lines = lines_of(&headers, &credential(&rest));
        let message = message(&lines, "/");
        let presented = &scheme.present(&message).unwrap()[0];
        let body = scheme.check_body(&message, presented, BODY);
        assert_eq!(body.is_ok(), list.contains("digest"), "{list}");
    }
}

#[test]
fn berlin_group() {
    let scheme = Cavage::berlin_group(Coverage::BODY.with(Coverage::FRESHNESS));
    let headers = [
        DATE_LINE,
        DIGEST_LINE,
        ("x-request-id", "99391c7e-ad88-49ec-a2ad-99ddcb1f7721"),
        ("psu-id", "PSU-1234"),
        ("tpp-redirect-uri", "https://tpp.test/"),
    ];
    for (list, expected) in [
        ("digest x-request-id psu-id tpp-redirect-uri date", true),
        ("digest x-request-id tpp-redirect-uri date", false),
        ("digest x-request-id psu-id date", false),
        ("digest psu-id tpp-redirect-uri date", false),
        ("digest x-request-id psu-id tpp-redirect-uri", false),
    ] {
        let parameters = format!(
            "keyId=\"SN=9FA1,CA=CN=D-TRUST%20CA\",algorithm=\"rsa-sha256\",headers=\"{list}\",signature=\"AAAA\""
        );
        let mut lines = lines_of(&headers, "Bearer token");
        lines.push(("signature".into(), parameters.into()));
        let message = message(&lines, "/v1/payments");
        let presented = &scheme.present(&message).unwrap()[0];
        let made = scheme.signed_octets(&message, presented, b"");
        assert_eq!(made.is_ok(), expected, "{list}");
    }
}

/// Tyk's signing string, escaped signature and stand-in for the date.
#[test]
fn tyk() {
    let tyk = Cavage {
        dialect: Dialect::Tyk,
        ..Cavage::default()
    };
    let key = || MacKey::new(b"9879879878787878".to_vec()).unwrap();
    let order = SignOrder {
        key_id: Some("9876"),
        created: 1_388_957_500,
        ..SignOrder::default()
    };
    let bare = message(&[], "/path");
    let signed = tyk.sign(&bare, BODY, &order, &key()).unwrap();
    let credential = &signed.last().unwrap().1;
    assert!(credential.ends_with("%3D\""), "{credential}");
    let judge = |target: &str, credential: &str, more: Option<(&str, &str)>| {
        let mut lines: Vec<HeaderLine> = signed
            .iter()
            .filter(|(name, _)| name != "authorization")
            .map(|(n, v)| (n.clone().into(), v.clone().into()))
            .collect();
        lines.push(("authorization".into(), credential.into()));
        lines.extend(more.map(|(n, v)| (n.into(), v.into())));
        let message = message(&lines, target);
        let presented = &tyk.present(&message)?[0];
        verify(&tyk, &message, presented, b"", &VerificationKey::Mac(key()))?;
        tyk.check_body(&message, presented, BODY)
    };
    assert_eq!(judge("/path", credential, None), Ok(()));
    let (start, signature) = credential.split_once("signature=").unwrap();
    let lower = signature
        .replace("%2B", "%2b")
        .replace("%2F", "%2f")
        .replace("%3D", "%3d");
    assert_eq!(
        judge("/path", &format!("{start}signature={lower}"), None),
        Ok(())
    );
    for other in [
        signature.replace("%3D", "="),
        signature.replace("%3D", "%3D%3d"),
        signature.replace("%3D", "%253D"),
        signature.replace("%3D", ""),
    ] {
        let refused = judge("/path", &format!("{start}signature={other}"), None);
        assert_eq!(refused, Err(SignatureError::Malformed), "{other}");
    }
    assert_eq!(
        judge("/path?a=1", credential, None),
        Err(SignatureError::NotCovered)
    );
    // `x-aux-date` takes the place of `date`, in the name too.
    assert_eq!(
        judge("/path", credential, Some(("x-aux-date", DATE_LINE.1))),
        Err(SignatureError::Mismatch)
    );
    let none = octets(
        &open(Dialect::Tyk),
        &[("x-aux-date", DATE_LINE.1), DATE_LINE],
        "/path?a=1",
        "Signature keyId=\"a\",algorithm=\"hmac-sha256\",headers=\"(request-target) date\",signature=\"AAAA\"",
    );
    assert_eq!(
        none.as_deref(),
        Ok("(request-target): post /path\nx-aux-date: Sun, 05 Jan 2014 21:31:40 GMT")
    );
}
