use super::*;
use crate::scheme::verify;
use crate::{HeaderLine, MacKey, VerificationKey};

type Line = (&'static str, &'static str);

fn check(
    scheme: &Alibaba,
    request: (&str, &str),
    headers: &[Line],
    body: &[u8],
) -> Result<(), SignatureError> {
    let lines: Vec<HeaderLine> = headers
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let message = Message {
        method: request.0.as_bytes(),
        target: request.1.as_bytes(),
        headers: &lines,
        ..Default::default()
    };
    let presented = &scheme.present(&message)?[0];
    let key = VerificationKey::Mac(MacKey::new(b"appSecret".to_vec()).unwrap());
    let octets = if presented.needs_body { body } else { b"" };
    verify(scheme, &message, presented, octets, &key)?;
    scheme.check_body(&message, presented, body)
}

/// Higress, plugins/wasm-cpp/extensions/hmac_auth/plugin_test.cc, test `Sign`.
const GET: [Line; 7] = [
    ("accept", "application/json"),
    ("content-type", "application/json"),
    ("x-ca-timestamp", "1646365291734"),
    ("x-ca-nonce", "787dd0c2-7bd8-41cd-9c19-62c05ea524a2"),
    ("x-ca-key", "appKey"),
    (
        "x-ca-signature-headers",
        "x-ca-key,x-ca-nonce,x-ca-timestamp",
    ),
    (
        "x-ca-signature",
        "EdJSFAMOWyXZOpXhevZnjuS0ZafnwnCqaSk5hz+tXo8=",
    ),
];
const GET_LINE: (&str, &str) = ("GET", "/Third/Tools/checkSign");

/// The same, test `ParamInBody`.
const FORM_POST: [Line; 7] = [
    ("accept", "application/json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("x-ca-timestamp", "1646646682418"),
    ("x-ca-nonce", "ca5a6753-b76c-4fff-a9d9-e5bb643e8cdf"),
    ("x-ca-key", "appKey"),
    (
        "x-ca-signature-headers",
        "x-ca-key,x-ca-nonce,x-ca-timestamp",
    ),
    (
        "x-ca-signature",
        "gmf9xq0hc95Hmt+7G+OocS009ka3v1v0rvfshKzYc3w=",
    ),
];
const FORM_LINE: (&str, &str) = ("POST", "/Third/User/getNyAccessToken");
const FORM_BODY: &[u8] = b"nickname=nickname&room_id=6893&uuid=uuid&photo=photo";

#[test]
fn published_examples_verify() {
    for dialect in [Dialect::ApiGateway, Dialect::Higress] {
        let scheme = Alibaba {
            dialect,
            ..Alibaba::default()
        };
        assert_eq!(check(&scheme, GET_LINE, &GET, b""), Ok(()));
        assert_eq!(check(&scheme, FORM_LINE, &FORM_POST, FORM_BODY), Ok(()));
        // Where a parameter stands is not signed; what it says is.
        let moved = (FORM_LINE.0, "/Third/User/getNyAccessToken?uuid=uuid");
        let rest = b"nickname=nickname&room_id=6893&photo=photo";
        assert_eq!(check(&scheme, moved, &FORM_POST, rest), Ok(()));
        let other = b"nickname=nickname&room_id=6894&uuid=uuid&photo=photo";
        let refused = check(&scheme, FORM_LINE, &FORM_POST, other);
        assert_eq!(refused, Err(SignatureError::Mismatch));
    }
}

#[test]
fn what_the_plugin_lets_pass() {
    use SignatureError as E;
    let scheme = Alibaba::default();
    let with = |at: usize, value: &'static str| {
        let mut headers = GET.to_vec();
        headers[at].1 = value;
        headers
    };
    let and = |line: Line| [&GET[..], &[line]].concat();
    for (headers, expected) in [
        (with(2, "1646365291735"), E::Mismatch),
        (with(2, "1646365291"), E::Malformed),
        (with(3, "another"), E::Mismatch),
        // Without the timestamp there is no signed time.
        (with(5, "x-ca-key,x-ca-nonce"), E::NotCovered),
        (
            with(5, "x-ca-key,x-ca-nonce,x-ca-timestamp,x-absent"),
            E::AbsentComponent,
        ),
        (with(5, "x-ca-key,x-ca-key"), E::DuplicateComponent),
        (with(5, "x-ca-key, x-ca-nonce"), E::Malformed),
        (with(5, ""), E::Malformed),
        (
            with(6, "EdJSFAMOWyXZOpXhevZnjuS0ZafnwnCqaSk5hz+tXo9="),
            E::Malformed,
        ),
        (
            and(("x-ca-signature-method", "HmacSHA1")),
            E::AlgorithmMismatch,
        ),
        (and(("x-ca-signature-method", "none")), E::AlgorithmMismatch),
        (
            and(("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==")),
            E::Mismatch,
        ),
        (and(("x-ca-nonce", "twice")), E::Repeated),
        (and(("accept", "*/*")), E::Repeated),
        (GET[..6].to_vec(), E::Missing),
    ] {
        let refused = check(&scheme, GET_LINE, &headers, b"");
        assert_eq!(refused, Err(expected), "{headers:?}");
    }
    assert_eq!(check(&scheme, GET_LINE, &GET, b"body"), Err(E::NotCovered));
    for target in ["/Third/Tools/checkSign?", "/Third/Tools/checkSign?&"] {
        let refused = check(&scheme, ("GET", target), &GET, b"");
        assert_eq!(refused, Err(E::IllegalValue), "{target}");
    }
    // The time is `Date` where no timestamp is listed, in the Android kit's spelling too.
    for text in [
        "Wed, 09 May 2018 13:30:29 GMT",
        "Wed, 09 May 2018 13:30:29 GMT+00:00",
    ] {
        let headers = [(b"date".to_vec(), text.as_bytes().to_vec())];
        let message = Message {
            headers: &headers,
            ..Default::default()
        };
        assert_eq!(Alibaba::created(&message, &[]), Ok(Some(1_525_872_629)));
    }
}

/// The signing string that Higress' README works out ("Example of Extracting Signing String").
#[test]
fn documented_signing_string() {
    let lines: Vec<HeaderLine> = [
        ("accept", "application/json; charset=utf-8"),
        (
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        ),
        ("x-ca-timestamp", "1525872629832"),
        ("date", "Wed, 09 May 2018 13:30:29 GMT+00:00"),
        ("x-ca-nonce", "c9f15cbf-f4ac-4a6c-b54d-f51abf4b5b44"),
        ("x-ca-key", "203753385"),
        ("x-ca-signature-method", "HmacSHA256"),
    ]
    .map(|(name, value)| (name.into(), value.into()))
    .to_vec();
    let message = Message {
        method: b"POST",
        target: b"/http2test/test?param1=test",
        headers: &lines,
        ..Default::default()
    };
    let names = [
        "x-ca-timestamp",
        "x-ca-key",
        "x-ca-nonce",
        "x-ca-signature-method",
    ];
    let names = names.map(str::to_owned);
    let text = Alibaba::default()
        .text(&message, &names, b"username=xiaoming&password=123456789")
        .unwrap();
    let expected = "POST\napplication/json; charset=utf-8\n\n\
        application/x-www-form-urlencoded; charset=utf-8\nWed, 09 May 2018 13:30:29 GMT+00:00\n\
        x-ca-key:203753385\nx-ca-nonce:c9f15cbf-f4ac-4a6c-b54d-f51abf4b5b44\n\
        x-ca-signature-method:HmacSHA256\nx-ca-timestamp:1525872629832\n\
        /http2test/test?param1=test&password=123456789&username=xiaoming";
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}
