//! The values of components: fields, derived components, parameters.

use sealgate_signature::rfc9421::parse;
use sealgate_signature::{Message, SignatureError as E, StructuredType};

use crate::support::{Owned, component, lines};

/// Section 2.1: trimming, folding and combining.
#[test]
fn header_fields_are_canonical() {
    let mut request = Owned::request().covering(
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
    let mut request = Owned::request().covering(concat!(
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
    let mut request = Owned::request().covering(
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
    let request = Owned::request().covering(r#"("@authority" "@target-uri")"#);
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
        let base = request.ask(|message| {
            let message = Message {
                scheme: scheme.as_bytes(),
                authority: sent.as_bytes(),
                ..*message
            };
            parse(&message).unwrap()[0].base(&message, &[]).unwrap()
        });
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
    let request = Owned::request()
        .covering("(  \"date\"   \"@method\" ); keyid=\"k\";created=0001;x;alg=\"a\"");
    let base = request.base().unwrap();
    let line = r#""@signature-params": ("date" "@method");keyid="k";created=1;x;alg="a""#;
    assert!(base.ends_with(line), "{base}");
}

#[test]
fn several_labels_over_several_lines() {
    let request = Owned::request().with(&[
        (
            "signature-input",
            r#"a=("@method");created=1, b=("@path");created=2"#,
        ),
        ("signature", "b=:AQI=:"),
        ("signature-input", r#"c=("date")"#),
        ("signature", "a=:AwQ=:, c=:BQY=:"),
    ]);
    let presented = request.parse().unwrap();
    let seen: Vec<_> = presented
        .iter()
        .map(|p| (p.label.as_str(), &p.signature[..]))
        .collect();
    assert_eq!(seen, [("a", &[3, 4][..]), ("b", &[1, 2]), ("c", &[5, 6])]);
}

/// Section 2.1.1. The field is not registered: its type has to be given.
#[test]
fn sf_is_the_strict_serialisation_of_a_field_of_known_type() {
    let request = Owned::request()
        .covering(r#"("example-dict";sf)"#)
        .with(&[("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)")]);
    assert_eq!(request.base(), Err(E::UnsupportedParameter));
    let base = |kind| {
        let known = [("example-dict".to_owned(), kind)];
        request.ask(|message| parse(message).unwrap()[0].base(message, &known))
    };
    let base_of_dictionary = String::from_utf8(base(StructuredType::Dictionary).unwrap()).unwrap();
    let line = "\"example-dict\";sf: a=1, b=2;x=1;y=2, c=(a b c)\n";
    assert!(base_of_dictionary.starts_with(line), "{base_of_dictionary}");
    assert_eq!(base(StructuredType::Item), Err(E::IllegalValue));
    assert_eq!(base(StructuredType::List), Err(E::IllegalValue));
}

#[test]
fn sf_knows_the_registered_fields() {
    for (field, sent, signed) in [
        ("priority", "u=1,i", "u=1, i"),
        ("cache-status", "a;hit ,b; fwd=miss", "a;hit, b;fwd=miss"),
        ("deprecation", "@0001", "@1"),
        ("content-digest", "sha-256=:AQ==:", "sha-256=:AQ==:"),
    ] {
        let mut request = Owned::request().covering(&format!("(\"{field}\";sf)"));
        request.headers.retain(|(name, _)| name != field.as_bytes());
        let request = request.with(&[(field, sent)]);
        let line = format!("\"{field}\";sf: {signed}\n");
        assert!(request.base().unwrap().starts_with(&line), "{field}");
    }
}

/// Section 2.1.2.
#[test]
fn key_is_one_member_of_a_dictionary() {
    let request = Owned::request()
        .covering(
            r#"("example-dict";key="a" "example-dict";key="d" "example-dict";key="b" "example-dict";key="c")"#,
        )
        .with(&[("example-dict", "  a=1, b=2;x=1;y=2, c=(a   b    c), d")]);
    let expected = [
        r#""example-dict";key="a": 1"#,
        r#""example-dict";key="d": ?1"#,
        r#""example-dict";key="b": 2;x=1;y=2"#,
        r#""example-dict";key="c": (a b c)"#,
    ];
    assert!(request.base().unwrap().starts_with(&expected.join("\n")));
}

/// What a member given twice means depends on the reader: nothing of such a field is signed.
#[test]
fn a_structured_field_with_two_meanings_is_refused() {
    for covered in [
        r#"("priority";sf)"#,
        r#"("priority";key="u")"#,
        r#"("priority";key="i")"#,
    ] {
        for value in ["u=1, i, u=2", "u=1;a;a, i", "u=1, i=(a;b;b)", "u="] {
            let request = Owned::request()
                .covering(covered)
                .with(&[("priority", value)]);
            assert_eq!(request.base(), Err(E::IllegalValue), "{covered} {value}");
        }
    }
    let absent = Owned::request()
        .covering(r#"("priority";key="u")"#)
        .with(&[("priority", "i")]);
    assert_eq!(absent.base(), Err(E::AbsentComponent));
    let no_dictionary = Owned::request()
        .covering(r#"("cache-status";key="u")"#)
        .with(&[("cache-status", "u=1")]);
    assert_eq!(no_dictionary.base(), Err(E::UnsupportedParameter));
}

/// Section 2.1.3.
#[test]
fn bs_keeps_the_lines_apart() {
    let base = |values: &[&str]| {
        let headers: Vec<_> = values
            .iter()
            .map(|value| ("example-header", *value))
            .collect();
        let request = Owned::request().covering(r#"("example-header";bs)"#);
        request.with(&headers).base().unwrap()
    };
    let two = "\"example-header\";bs: :dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:\n";
    assert!(base(&["value, with, lots", "of, commas"]).starts_with(two));
    let one = "\"example-header\";bs: :dmFsdWUsIHdpdGgsIGxvdHMsIG9mLCBjb21tYXM=:\n";
    assert!(base(&["  value, with, lots, of, commas\t"]).starts_with(one));
    // Bytes that no plain value may hold.
    assert!(base(&["\u{fc}\r"]).starts_with("\"example-header\";bs: :w7wN:\n"));
}

/// Section 2.1.4.
#[test]
fn tr_reads_the_trailers_alone() {
    let mut request = Owned::request()
        .covering(r#"("expires";tr "expires")"#)
        .with(&[("expires", "0")]);
    assert_eq!(request.base(), Err(E::AbsentComponent));
    request.trailers = lines(&[("expires", "Wed, 9 Nov 2022 07:28:00 GMT")]);
    let expected = "\"expires\";tr: Wed, 9 Nov 2022 07:28:00 GMT\n\"expires\": 0\n";
    assert!(request.base().unwrap().starts_with(expected));
}

#[test]
fn parameters_keep_their_order_in_the_base_and_mean_the_same_in_any() {
    assert_eq!(component("a;req;bs"), component("\"a\";bs;req"));
    assert_ne!(component("a;req"), component("a"));
    assert_eq!(
        component("signature;req;key=\"s\"").serialized(),
        "\"signature\";req;key=\"s\""
    );
    let both = Owned::request().covering(r#"("date";bs;tr "date";tr;bs)"#);
    assert_eq!(both.parse().map(|_| ()), Err(E::DuplicateComponent));
}

/// Section 2.4, with the members of the request's own signature.
#[test]
fn req_reads_the_request() {
    let mut response = Owned::response(200, &[("date", "now")]).covering(
        r#"("@status" "date" "date";req "signature";req;key="sig" "@query-param";name="Pet";req)"#,
    );
    let request = response.request.as_mut().unwrap();
    **request = request.as_ref().clone().covering("()");
    let expected = [
        r#""@status": 200"#,
        r#""date": now"#,
        r#""date";req: Tue, 20 Apr 2021 02:07:55 GMT"#,
        r#""signature";req;key="sig": :AAAA:"#,
        r#""@query-param";name="Pet";req: dog"#,
    ];
    assert!(response.base().unwrap().starts_with(&expected.join("\n")));
}

#[test]
fn parts_of_a_request_are_no_parts_of_a_response_and_the_other_way_round() {
    for covered in [
        "@method",
        "@path",
        "@query",
        "@authority",
        "@target-uri",
        "@request-target",
    ] {
        let response = Owned::response(200, &[]).covering(&format!("(\"{covered}\")"));
        assert_eq!(response.base(), Err(E::UnsupportedComponent), "{covered}");
    }
    let status = Owned::request().covering(r#"("@status")"#);
    assert_eq!(status.base(), Err(E::UnsupportedComponent));
    let of_request = Owned::request().covering(r#"("date";req)"#);
    assert_eq!(of_request.base(), Err(E::UnsupportedParameter));
}
