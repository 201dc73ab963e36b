//! The examples of RFC 9421 for requests, and the faults its text names.

use sealgate_signature::rfc9421::{Component, Presented, SignSpec, parse, sign};
use sealgate_signature::{MacKey, Message, SignatureError, content_digest, mac};

type Headers = Vec<(&'static str, String)>;

/// "test-shared-secret" of appendix B.1.5, 64 bytes.
const SHARED_SECRET: [u8; 64] = [
    0xbb, 0x3b, 0xc9, 0x7c, 0x1e, 0x2e, 0xdc, 0xdd, 0x09, 0xcb, 0x84, 0xfb, 0x35, 0x9e, 0xf9, 0x30,
    0x35, 0x5c, 0xaf, 0xcc, 0xd2, 0x4c, 0x89, 0xde, 0x74, 0x9b, 0x64, 0x81, 0xcb, 0xb8, 0xe9, 0x85,
    0xb8, 0x5c, 0x1c, 0xb3, 0x34, 0x98, 0xf1, 0x05, 0xdb, 0x63, 0x52, 0x47, 0x49, 0x3c, 0x1b, 0x5b,
    0x98, 0x78, 0x48, 0x0e, 0x2e, 0xa9, 0x72, 0x5f, 0x23, 0xb1, 0xab, 0x23, 0x95, 0x33, 0x2d, 0x0d,
];
const BODY: &[u8] = br#"{"hello": "world"}"#;
const DIGEST: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

/// The request of appendix B.2 with these signature fields.
fn request_headers(input: &str, signature: &str) -> Headers {
    vec![
        ("host", "example.com".into()),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT".into()),
        ("content-type", "application/json".into()),
        ("content-digest", DIGEST.into()),
        ("content-length", "18".into()),
        ("signature-input", input.into()),
        ("signature", signature.into()),
    ]
}

/// Owns what a message borrows.
struct Request {
    target: &'static str,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Request {
    fn new(headers: Headers) -> Self {
        let headers = headers
            .into_iter()
            .map(|(n, v)| (n.into(), v.into_bytes()))
            .collect();
        Self {
            target: "/foo?param=Value&Pet=dog",
            headers,
        }
    }

    fn signed(input: &str) -> Self {
        Self::new(request_headers(&format!("sig={input}"), "sig=:AAAA:"))
    }

    fn message(&self) -> Message<'_> {
        Message {
            method: b"POST",
            scheme: b"https",
            authority: b"example.com",
            target: self.target.as_bytes(),
            headers: &self.headers,
        }
    }

    fn parse(&self) -> Result<Vec<Presented>, SignatureError> {
        parse(&self.message())
    }

    fn base(&self) -> Result<String, SignatureError> {
        let presented = self.parse()?;
        presented[0]
            .base(&self.message())
            .map(|base| String::from_utf8(base).unwrap())
    }
}

#[test]
fn b_2_1_minimal_signature_base() {
    let params = r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#;
    let request = Request::signed(params);
    assert_eq!(
        request.base().unwrap(),
        format!("\"@signature-params\": {params}")
    );
    let presented = &request.parse().unwrap()[0];
    assert_eq!(presented.params.created, Some(1_618_884_473));
    assert_eq!(
        presented.params.nonce.as_deref(),
        Some("b3k2pp5k7z-50gnwp.yemd")
    );
    assert_eq!(presented.params.keyid.as_deref(), Some("test-key-rsa-pss"));
    assert!(!presented.covers("@method"));
}

#[test]
fn b_2_2_selective_components_base() {
    let params = concat!(
        r#"("@authority" "content-digest" "@query-param";name="Pet")"#,
        r#";created=1618884473;keyid="test-key-rsa-pss";tag="header-example""#
    );
    let request = Request::signed(params);
    let expected = [
        r#""@authority": example.com"#,
        &format!(r#""content-digest": {DIGEST}"#),
        r#""@query-param";name="Pet": dog"#,
        &format!(r#""@signature-params": {params}"#),
    ];
    assert_eq!(request.base().unwrap(), expected.join("\n"));
    let presented = &request.parse().unwrap()[0];
    assert!(presented.covers(r#"@query-param;name="Pet""#));
    assert!(!presented.covers("@query-param") && !presented.covers("@query"));
    assert_eq!(presented.params.tag.as_deref(), Some("header-example"));
}

#[test]
fn b_2_3_full_coverage_base() {
    let params = concat!(
        r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "#,
        r#""content-length");created=1618884473;keyid="test-key-rsa-pss""#
    );
    let expected = [
        r#""date": Tue, 20 Apr 2021 02:07:55 GMT"#,
        r#""@method": POST"#,
        r#""@path": /foo"#,
        r#""@query": ?param=Value&Pet=dog"#,
        r#""@authority": example.com"#,
        r#""content-type": application/json"#,
        &format!(r#""content-digest": {DIGEST}"#),
        r#""content-length": 18"#,
        &format!(r#""@signature-params": {params}"#),
    ];
    assert_eq!(Request::signed(params).base().unwrap(), expected.join("\n"));
}

#[test]
fn b_2_5_hmac_verifies_and_is_what_we_sign() {
    let input = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let signature = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    let request = Request::new(request_headers(input, signature));
    let key = MacKey::new(SHARED_SECRET.to_vec()).unwrap();
    let presented = &request.parse().unwrap()[0];
    let base = presented.base(&request.message()).unwrap();
    assert_eq!(mac::verify_hs256(&key, &base, &presented.signature), Ok(()));

    let components = ["date", "@authority", "content-type"].map(|n| Component::new(n).unwrap());
    let spec = SignSpec {
        label: "sig-b25",
        components: &components,
        created: Some(1_618_884_473),
        expires: None,
        nonce: None,
        keyid: Some("test-shared-secret"),
        alg: None,
        tag: None,
    };
    let signed = sign(&request.message(), &spec, &key).unwrap();
    assert_eq!(
        (signed.signature_input.as_str(), signed.signature.as_str()),
        (input, signature)
    );
}

#[test]
fn b_2_6_request_base() {
    let params = concat!(
        r#"("date" "@method" "@path" "@authority" "content-type" "content-length")"#,
        r#";created=1618884473;keyid="test-key-ed25519""#
    );
    let expected = [
        r#""date": Tue, 20 Apr 2021 02:07:55 GMT"#,
        r#""@method": POST"#,
        r#""@path": /foo"#,
        r#""@authority": example.com"#,
        r#""content-type": application/json"#,
        r#""content-length": 18"#,
        &format!(r#""@signature-params": {params}"#),
    ];
    assert_eq!(Request::signed(params).base().unwrap(), expected.join("\n"));
}

#[test]
fn the_digest_of_appendix_b_matches_its_body() {
    assert_eq!(content_digest::verify(&[DIGEST.as_bytes()], BODY), Ok(()));
    assert_eq!(content_digest::sha512(BODY), DIGEST);
}

/// Section 2.1: trimming, folding and combining.
#[test]
fn header_fields_are_canonical() {
    let mut request = Request::signed(
        r#"("x-ows-header" "x-obs-fold-header" "cache-control" "example-dict" "x-empty-header")"#,
    );
    let lines = [
        ("x-ows-header", "   Leading and trailing whitespace.   \t"),
        ("x-obs-fold-header", "Obsolete\r\n    line folding."),
        ("cache-control", "max-age=60"),
        ("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("cache-control", "   must-revalidate"),
        ("example-dict", "d"),
        ("x-empty-header", ""),
    ];
    request
        .headers
        .extend(lines.map(|(n, v)| (n.into(), v.into())));
    let expected = [
        r#""x-ows-header": Leading and trailing whitespace."#,
        r#""x-obs-fold-header": Obsolete line folding."#,
        r#""cache-control": max-age=60, must-revalidate"#,
        r#""example-dict": a=1,    b=2;x=1;y=2,   c=(a   b   c), d"#,
        r#""x-empty-header": "#,
    ];
    assert!(request.base().unwrap().starts_with(&expected.join("\n")));
}

/// Section 2.2.8: decoded as a form, then percent-encoded again.
#[test]
fn query_parameters_are_reencoded() {
    let mut request = Request::signed(concat!(
        r#"("@query-param";name="var" "@query-param";name="bar" "#,
        r#""@query-param";name="fa%C3%A7ade%22%3A%20")"#
    ));
    request.target = "/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something";
    let expected = [
        r#""@query-param";name="var": this%20is%20a%20big%0Amultiline%20value"#,
        r#""@query-param";name="bar": with%20plus%20whitespace"#,
        r#""@query-param";name="fa%C3%A7ade%22%3A%20": something"#,
    ];
    assert!(request.base().unwrap().starts_with(&expected.join("\n")));
}

#[test]
fn derived_components_come_from_the_request_line_alone() {
    let mut request = Request::signed(
        r#"("@method" "@target-uri" "@scheme" "@request-target" "@path" "@query" "@authority")"#,
    );
    let forged = [
        ("@method", "GET"),
        ("@path", "/other"),
        ("@authority", "evil.test"),
    ];
    request
        .headers
        .extend(forged.map(|(n, v)| (n.into(), v.into())));
    request.target = "/%7euser/a;p=1//b/../c?x=a+b&&y=%2F";
    let expected = [
        r#""@method": POST"#,
        r#""@target-uri": https://example.com/%7euser/a;p=1//b/../c?x=a+b&&y=%2F"#,
        r#""@scheme": https"#,
        r#""@request-target": /%7euser/a;p=1//b/../c?x=a+b&&y=%2F"#,
        r#""@path": /%7euser/a;p=1//b/../c"#,
        r#""@query": ?x=a+b&&y=%2F"#,
        r#""@authority": example.com"#,
    ];
    assert!(request.base().unwrap().starts_with(&expected.join("\n")));
    request.target = "/";
    assert!(request.base().unwrap().contains("\"@query\": ?\n"));
}

#[test]
fn authority_is_lower_case_without_the_default_port() {
    let request = Request::signed(r#"("@authority" "@target-uri")"#);
    let cases = [
        ("https", "Example.COM:443", "example.com"),
        ("https", "example.com:80", "example.com:80"),
        ("http", "example.com:80", "example.com"),
        ("HTTPS", "example.com:", "example.com"),
        ("https", "[2001:DB8::1]:443", "[2001:db8::1]"),
        ("https", "[2001:db8::443]", "[2001:db8::443]"),
        ("https", "example.com:8443", "example.com:8443"),
    ];
    for (scheme, sent, expected) in cases {
        let message = Message {
            scheme: scheme.as_bytes(),
            authority: sent.as_bytes(),
            ..request.message()
        };
        let base = parse(&message).unwrap()[0].base(&message).unwrap();
        let base = String::from_utf8(base).unwrap();
        let scheme = scheme.to_lowercase();
        let lines = format!(
            "\"@authority\": {expected}\n\"@target-uri\": {scheme}://{expected}/foo?param=Value&Pet=dog\n"
        );
        assert!(base.starts_with(&lines), "{sent}: {base}");
    }
}

/// Section 2.3: the line is rebuilt strictly; spacing and leading zeros are not part of it.
#[test]
fn signature_params_are_serialised_strictly_in_sent_order() {
    let request =
        Request::signed("(  \"date\"   \"@method\" ); keyid=\"k\";created=0001;x;alg=\"a\"");
    let base = request.base().unwrap();
    let line = r#""@signature-params": ("date" "@method");keyid="k";created=1;x;alg="a""#;
    assert!(base.ends_with(line), "{base}");
}

#[test]
fn several_labels_over_several_lines() {
    let mut request = Request::new(request_headers(
        r#"a=("@method");created=1, b=("@path");created=2"#,
        "b=:AQI=:",
    ));
    let more = [
        ("signature-input", r#"c=("date")"#),
        ("signature", "a=:AwQ=:, c=:BQY=:"),
    ];
    request
        .headers
        .extend(more.map(|(n, v)| (n.into(), v.into())));
    let presented = request.parse().unwrap();
    let seen: Vec<_> = presented
        .iter()
        .map(|p| (p.label.as_str(), &p.signature[..]))
        .collect();
    assert_eq!(seen, [("a", &[3, 4][..]), ("b", &[1, 2]), ("c", &[5, 6])]);
}

#[test]
fn faults_of_the_fields() {
    use SignatureError as E;
    let many: String = (0..9)
        .map(|i| format!("s{i}=()"))
        .collect::<Vec<_>>()
        .join(", ");
    let many_values: String = (0..9)
        .map(|i| format!("s{i}=:AQ==:"))
        .collect::<Vec<_>>()
        .join(", ");
    let wide = format!(
        "a=({})",
        (0..65)
            .map(|i| format!("\"h{i}\""))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let cases = [
        (
            r#"a=("date"), a=("@method")"#,
            "a=:AQ==:",
            E::DuplicateLabel,
        ),
        (r#"a=("date")"#, "a=:AQ==:, a=:AQ==:", E::DuplicateLabel),
        (r#"a=("date")"#, "b=:AQ==:", E::LabelMismatch),
        (r#"a=("date"), b=()"#, "a=:AQ==:", E::LabelMismatch),
        (r#"a=("date")"#, "a=:AQ==:, b=:AQ==:", E::LabelMismatch),
        (
            r#"a=("date");created=1;created=2"#,
            "a=:AQ==:",
            E::DuplicateParameter,
        ),
        (
            r#"a=("@query-param";name="x";name="y")"#,
            "a=:AQ==:",
            E::DuplicateParameter,
        ),
        (
            r#"a=("date" "@method" "date")"#,
            "a=:AQ==:",
            E::DuplicateComponent,
        ),
        (r#"a=("@status")"#, "a=:AQ==:", E::UnsupportedComponent),
        (
            r#"a=("@signature-params")"#,
            "a=:AQ==:",
            E::UnsupportedComponent,
        ),
        (r#"a=("@query-param")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("Date")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("")"#, "a=:AQ==:", E::UnsupportedComponent),
        (r#"a=("date";sf)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";bs)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";key="x")"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("@method";req)"#, "a=:AQ==:", E::UnsupportedParameter),
        (r#"a=("date";tr)"#, "a=:AQ==:", E::UnsupportedParameter),
        (
            r#"a=("@query-param";name="x";req)"#,
            "a=:AQ==:",
            E::UnsupportedParameter,
        ),
        (r#"a=("date");created="1""#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");created=1.5"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");nonce=:AQ==:"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date");keyid=token"#, "a=:AQ==:", E::Malformed),
        (r#"a="date""#, "a=:AQ==:", E::Malformed),
        (r#"a=(date)"#, "a=:AQ==:", E::Malformed),
        (r#"a=("date""#, "a=:AQ==:", E::Malformed),
        (r#"a=("date")"#, "a=\"AQ==\"", E::Malformed),
        (r#"a=("date")"#, "a=:AQ==:;x", E::Malformed),
        (r#"a=("date")"#, "a=::", E::Malformed),
        (r#"a=("date")"#, "a=:AR==:", E::Malformed),
        (r#"a=("date")"#, "a=:AQ:", E::Malformed),
        (r#"a=("date")"#, "a=:AQ==", E::Malformed),
        ("", "", E::Missing),
        (&many, &many_values, E::TooLarge),
        (&wide, "a=:AQ==:", E::TooLarge),
    ];
    for (input, signature, expected) in cases {
        let request = Request::new(request_headers(input, signature));
        let got = request.parse().map(|_| ());
        assert_eq!(got, Err(expected), "{input} / {signature}");
    }
    let mut request = Request::new(request_headers("a=()", "a=:AQ==:"));
    request.headers.retain(|(name, _)| name != b"signature");
    assert_eq!(request.parse().map(|_| ()), Err(E::LabelMismatch));
    request.headers.clear();
    assert_eq!(request.parse().map(|_| ()), Err(E::Missing));
}

#[test]
fn faults_of_the_covered_values() {
    use SignatureError as E;
    let base = |input: &str, target: &'static str, extra: &[(&str, &[u8])]| {
        let mut request = Request::signed(input);
        request.target = target;
        request.headers.extend(
            extra
                .iter()
                .map(|(n, v)| (n.as_bytes().to_vec(), v.to_vec())),
        );
        request.base().map(|_| ())
    };
    assert_eq!(base(r#"("x-absent")"#, "/", &[]), Err(E::AbsentComponent));
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\nb")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\rb")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"a\0b")]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", "\u{fc}".as_bytes())]),
        Err(E::IllegalValue)
    );
    assert_eq!(
        base(r#"("x-a")"#, "/", &[("x-a", b"\xff")]),
        Err(E::IllegalValue)
    );
    assert_eq!(base(r#"("@path")"#, "/a\nb", &[]), Err(E::IllegalValue));
    assert_eq!(
        base(r#"("@path")"#, "http://a/", &[]),
        Err(E::UnsupportedTarget)
    );
    assert_eq!(
        base(r#"("@target-uri")"#, "a:443", &[]),
        Err(E::UnsupportedTarget)
    );
    assert_eq!(base(r#"("@target-uri")"#, "*", &[]), Ok(()));
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/?b=1", &[]),
        Err(E::AbsentComponent)
    );
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/", &[]),
        Err(E::AbsentComponent)
    );
    assert_eq!(
        base(r#"("@query-param";name="a")"#, "/?a=%FF", &[]),
        Err(E::IllegalValue)
    );
    let repeated = base(r#"("@query-param";name="a")"#, "/?a=1&%61=2", &[]);
    assert_eq!(repeated, Err(E::AmbiguousComponent));
    assert_eq!(base(r#"("@query-param";name="a")"#, "/?a", &[]), Ok(()));
}
