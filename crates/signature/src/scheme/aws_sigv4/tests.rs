use super::*;
use crate::scheme::verify;
use crate::{HeaderLine, VerificationKey};

type Line = (&'static str, &'static str);
type Lines = Vec<(String, String)>;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ID: &str = "AKIDEXAMPLE";

fn scheme() -> AwsSigV4 {
    AwsSigV4 {
        region: "us-east-1".into(),
        service: "service".into(),
        ..AwsSigV4::default()
    }
}

fn check(
    scheme: &AwsSigV4,
    (method, target): (&str, &str),
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), SignatureError> {
    let lines: Vec<HeaderLine> = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let message = Message {
        method: method.as_bytes(),
        authority: b"example.amazonaws.com",
        target: target.as_bytes(),
        headers: &lines,
        ..Default::default()
    };
    let presented = &scheme.present(&message)?[0];
    let key = VerificationKey::Mac(MacKey::new(SECRET.into()).unwrap());
    let octets = if presented.needs_body { body } else { b"" };
    verify(scheme, &message, presented, octets, &key)?;
    scheme.check_body(&message, presented, body)
}

fn authorization(signed: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ID}/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={signed}, Signature={signature}"
    )
}

const DATE_LINE: (&str, &str) = ("x-amz-date", "20150830T123600Z");

/// AWS' "Signature Version 4 test suite": get-vanilla, post-vanilla, get-vanilla-query-order-key-case,
/// get-header-value-trim, post-x-www-form-urlencoded.
#[test]
fn test_suite_of_aws() {
    type Case = (
        &'static str,
        &'static str,
        &'static [Line],
        &'static str,
        &'static str,
        &'static [u8],
    );
    let cases: [Case; 5] = [
        (
            "GET",
            "/",
            &[],
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            b"",
        ),
        (
            "POST",
            "/",
            &[],
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            b"",
        ),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            &[],
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            b"",
        ),
        (
            "GET",
            "/",
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "host;my-header1;my-header2;x-amz-date",
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            b"",
        ),
        (
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            b"Param1=value1",
        ),
    ];
    for (method, target, more, signed, signature, body) in cases {
        let credential = authorization(signed, signature);
        let mut headers = vec![DATE_LINE, ("authorization", credential.as_str())];
        headers.extend(more);
        assert_eq!(
            check(&scheme(), (method, target), &headers, body),
            Ok(()),
            "{method} {target} {signed}"
        );
        let other = check(&scheme(), (method, target), &headers, b"other");
        assert_eq!(other, Err(SignatureError::Mismatch), "{signed}");
    }
}

/// A request that we sign, changed.
#[test]
fn what_is_refused() {
    use SignatureError as E;
    let sign = |scheme: &AwsSigV4, target: &str| {
        let order = SignOrder {
            key_id: Some(ID),
            created: 1_440_938_160,
            ..SignOrder::default()
        };
        let message = Message {
            method: b"PUT",
            authority: b"example.amazonaws.com",
            target: target.as_bytes(),
            ..Default::default()
        };
        let key = MacKey::new(SECRET.into()).unwrap();
        scheme.sign(&message, b"body", &order, &key)
    };
    let good = sign(&scheme(), "/a%20b?x=%2B").unwrap();
    let judge = |scheme: &AwsSigV4, target: &str, change: &dyn Fn(&mut Lines)| {
        let mut headers = good.clone();
        change(&mut headers);
        let lines: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        check(scheme, ("PUT", target), &lines, b"body")
    };
    let set =
        |at: usize, value: &'static str| move |headers: &mut Lines| headers[at].1 = value.into();
    let replace = |from: &'static str, to: &'static str| {
        move |headers: &mut Lines| {
            assert!(headers[2].1.contains(from));
            headers[2].1 = headers[2].1.replace(from, to);
        }
    };
    let target = "/a%20b?x=%2B";
    assert_eq!(judge(&scheme(), target, &|_| ()), Ok(()));
    let elsewhere = AwsSigV4 {
        region: "eu-west-1".into(),
        ..scheme()
    };
    assert_eq!(judge(&elsewhere, target, &|_| ()), Err(E::Mismatch));
    for (changed, expected) in [
        ("/a%20b?x=+", E::IllegalValue),
        ("/a%20b?x=%2b", E::IllegalValue),
        ("/a%20b?x=%2B&%41=1", E::IllegalValue),
        ("/a%20b?x=%2B&y", E::Mismatch),
        ("/a%20b?x=%2B&x=%2A", E::AmbiguousComponent),
        ("/a%20b?x=%2B&", E::IllegalValue),
        ("/a%20b?", E::IllegalValue),
        ("/a b?x=%2B", E::UnsupportedTarget),
        ("/./a%20b?x=%2B", E::UnsupportedTarget),
        ("//a%20b?x=%2B", E::UnsupportedTarget),
        ("/c/../a%20b?x=%2B", E::UnsupportedTarget),
        ("/a%20b/?x=%2B", E::Mismatch),
        ("/a%2520b?x=%2B", E::Mismatch),
    ] {
        assert_eq!(
            judge(&scheme(), changed, &|_| ()),
            Err(expected),
            "{changed}"
        );
    }
    type Change<'a> = (&'a dyn Fn(&mut Lines), SignatureError);
    let cases: [Change<'_>; 12] = [
        (&set(0, "20150830T123601Z"), E::Mismatch),
        (&set(0, "20150831T123600Z"), E::Mismatch),
        (&set(0, "20150830T1236Z"), E::Malformed),
        (&set(1, UNSIGNED), E::NotCovered),
        (
            &set(1, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            E::DigestUnsupported,
        ),
        (&set(1, "E3B0"), E::Malformed),
        (
            &|h| h.push(("x-amz-acl".into(), "public".into())),
            E::NotCovered,
        ),
        (&replace("host;", ""), E::NotCovered),
        (
            &replace("SignedHeaders=host;", "SignedHeaders=host;host;"),
            E::Malformed,
        ),
        (
            &replace(", Signature", ", Credential=a, Signature"),
            E::DuplicateParameter,
        ),
        (
            &replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            E::Missing,
        ),
        (&|h| drop(h.remove(0)), E::Missing),
    ];
    for (at, (change, expected)) in cases.into_iter().enumerate() {
        assert_eq!(judge(&scheme(), target, change), Err(expected), "case {at}");
    }
    assert_eq!(sign(&scheme(), "/?a=+").err(), Some(E::IllegalValue));
}

/// The presigned URL of AWS' S3 documentation, "Authenticating Requests: Using Query Parameters".
#[test]
fn presigned_example_of_s3() {
    let s3 = AwsSigV4 {
        region: "us-east-1".into(),
        service: "s3".into(),
        presigned: true,
        ..AwsSigV4::default()
    };
    let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
    let target = format!("/test.txt?{query}");
    let judge = |scheme: &AwsSigV4, method: &'static str, target: &str, body: &[u8]| {
        let message = Message {
            method: method.as_bytes(),
            authority: b"examplebucket.s3.amazonaws.com",
            target: target.as_bytes(),
            ..Default::default()
        };
        let presented = &scheme.present(&message)?[0];
        let life = presented.expires.unwrap() - presented.created.unwrap();
        assert!(target.contains(&format!("X-Amz-Expires={life}")));
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let key = VerificationKey::Mac(MacKey::new(secret.into()).unwrap());
        verify(scheme, &message, presented, b"", &key)?;
        scheme.check_body(&message, presented, body)
    };
    assert_eq!(judge(&s3, "GET", &target, b""), Ok(()));
    assert_eq!(
        judge(&s3, "GET", &target, b"body"),
        Err(SignatureError::NotCovered)
    );
    assert_eq!(
        judge(&s3, "PUT", &target, b""),
        Err(SignatureError::NotCovered)
    );
    assert_eq!(
        judge(&s3, "HEAD", &target, b""),
        Err(SignatureError::Mismatch)
    );
    for (from, to, expected) in [
        ("86400", "86401", SignatureError::Mismatch),
        ("86400", "604801", SignatureError::Malformed),
        ("test.txt", "text.txt", SignatureError::Mismatch),
        ("%2Fs3%2F", "%2Fs4%2F", SignatureError::Mismatch),
        ("X-Amz-Expires=86400&", "", SignatureError::Malformed),
        (
            "?",
            "?X-Amz-Date=20130524T000000Z&",
            SignatureError::DuplicateParameter,
        ),
    ] {
        let changed = target.replace(from, to);
        let refused = judge(&s3, "GET", &changed, b"");
        assert_eq!(refused, Err(expected), "{from} to {to}");
    }
    let header_only = AwsSigV4 {
        presigned: false,
        ..s3.clone()
    };
    assert_eq!(
        judge(&header_only, "GET", &target, b""),
        Err(SignatureError::Missing)
    );
}
