//! Multipart bodies: every part seen, one way of splitting, against an independent parser.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use sealgate_scan::extract::{ExtractError, Format};
use sealgate_scan::{Field, Limits, Part, extract};

const KIND: &str = "multipart/form-data; boundary=XyZ";

fn read(kind: &str, body: &[u8], limits: &Limits) -> Result<Vec<(Part, String)>, ExtractError> {
    let mut seen = Vec::new();
    let mut sink = |field: Field<'_>| {
        seen.push((
            field.part,
            String::from_utf8_lossy(field.value).into_owned(),
        ));
    };
    extract::body(kind.as_bytes(), body, limits, &mut sink)?;
    Ok(seen)
}

fn seen(kind: &str, body: &str) -> Result<Vec<(Part, String)>, ExtractError> {
    read(kind, body.as_bytes(), &Limits::default())
}

fn owned<const N: usize>(fields: [(Part, &str); N]) -> Vec<(Part, String)> {
    fields.map(|(part, text)| (part, text.to_owned())).to_vec()
}

#[test]
fn names_file_names_headers_and_contents() {
    let body = concat!(
        "preamble\r\n--XyZ\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f.txt\"\r\n",
        "Content-Type: text/plain\r\nX-Other: o'o\r\n\r\nhello\r\nworld\r\n--XyZ\r\n\r\nsecond\r\n",
        "--XyZ--\r\nepilogue"
    );
    let expected = owned([
        (Part::Value, "preamble\r\n"),
        (Part::Name, "n"),
        (Part::Name, "f.txt"),
        (Part::Name, "o'o"),
        (Part::Value, "hello\r\nworld"),
        (Part::Value, "second"),
        (Part::Value, "\r\nepilogue"),
    ]);
    assert_eq!(seen(KIND, body).unwrap(), expected);
    let names = concat!(
        "--XyZ\nContent-Disposition: form-data; name=a;\n filename=\"x;y=\\\"z\\d\"; ",
        "filename*=UTF-8''%e2%82%ac%27\n\nv\n--XyZ--"
    );
    let expected = owned([
        (Part::Name, "a"),
        (Part::Name, "x;y=\"z\\d"),
        (Part::Name, "\u{20ac}'"),
        (Part::Value, "v"),
    ]);
    assert_eq!(seen(KIND, names).unwrap(), expected);
}

#[test]
fn a_part_is_read_by_its_own_type_and_encoding() {
    let part = |head: &str, content: &str| {
        format!("--XyZ\r\nContent-Disposition: form-data\r\n{head}\r\n\r\n{content}\r\n--XyZ--")
    };
    for (head, content, value) in [
        ("Content-Type: application/json", "{\"a\":\"\\u0027\"}", "'"),
        ("Content-Type: text/plain", " {\"a\":\"\\u0027\"}", "'"),
        ("Content-Type: application/xml", "<a>&#39;</a>", "'"),
        (
            "Content-Type: application/x-www-form-urlencoded",
            "a=%27",
            "'",
        ),
        ("Content-Transfer-Encoding: base64", "Jw==", "'"),
        (
            "Content-Transfer-Encoding: QUOTED-PRINTABLE",
            "=2=\r\n7=27",
            "=27'",
        ),
        (
            "Content-Type: application/json\r\nContent-Transfer-Encoding: base64",
            "eyJhIjoiJyJ9",
            "'",
        ),
        (
            "Content-Type: multipart/mixed; boundary=in",
            "--in\r\n\r\n'\r\n--in--",
            "'",
        ),
        ("Content-Type: application/json", "{not json", "{not json"),
        (
            "Content-Type: text/plain; charset=utf-16be",
            "\0\u{1}",
            "\0\u{1}",
        ),
    ] {
        let fields = seen(KIND, &part(head, content)).unwrap();
        let found = fields.iter().any(|(_, text)| text == value);
        assert!(found, "{head}: {fields:?}");
    }
    assert_eq!(
        seen(KIND, &part("Content-Transfer-Encoding: x-uuencode", "a")),
        Err(ExtractError::UnsupportedPartEncoding)
    );
}

#[test]
fn what_parsers_split_differently_is_refused() {
    let good = "--XyZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--XyZ--\r\n";
    assert!(seen(KIND, good).is_ok());
    for (why, kind, body) in [
        ("no boundary", "multipart/form-data", good.to_owned()),
        (
            "an empty boundary",
            "multipart/form-data; boundary=",
            good.to_owned(),
        ),
        (
            "another boundary",
            "multipart/form-data; boundary=other",
            good.to_owned(),
        ),
        (
            "two boundaries",
            "multipart/form-data; boundary=XyZ; boundary=XyA",
            good.to_owned(),
        ),
        (
            "headers that do not end",
            KIND,
            good.replace("\r\n\r\nv", "\r\n"),
        ),
        ("no end", KIND, good.replace("--XyZ--", "")),
        (
            "a delimiter inside a line",
            KIND,
            good.replace("\r\nv", "\r\nv--XyZ"),
        ),
        (
            "a delimiter behind LF",
            KIND,
            good.replace("v\r\n--", "v\n--"),
        ),
        (
            "a delimiter before LF",
            KIND,
            good.replace("\r\n\r\nv", "\r\n\r\nv\r\n--XyZ\n"),
        ),
        (
            "a delimiter before text",
            KIND,
            good.replace("\r\n\r\nv", "\r\n\r\nv\r\n--XyZa\r\n"),
        ),
        (
            "an end before text",
            KIND,
            good.replace("--XyZ--", "--XyZ--a"),
        ),
        ("a part behind the end", KIND, format!("{good}{good}")),
        (
            "a bare LF in a header",
            KIND,
            good.replace("; name", ";\nX: y; name"),
        ),
        (
            "a bare CR in a header",
            KIND,
            good.replace("; name", ";\rX: y; name"),
        ),
        (
            "a header without a colon",
            KIND,
            good.replace("Content-Disposition:", "Content"),
        ),
        // Is the second line end of an empty part the empty line, or the delimiter's own?
        (
            "an empty part without headers",
            KIND,
            good.replacen("--XyZ\r\n", "--XyZ\r\n\r\n\r\n--XyZ\r\n", 1),
        ),
        (
            "a part without headers that ends with a line end",
            KIND,
            good.replacen("--XyZ\r\n", "--XyZ\r\n\r\na: b\r\n\r\n--XyZ\r\n", 1),
        ),
        (
            "two types",
            KIND,
            good.replace(
                "\r\n\r\n",
                "\r\nContent-Type: a/b\r\nContent-Type: a/c\r\n\r\n",
            ),
        ),
    ] {
        assert_eq!(
            seen(kind, &body),
            Err(ExtractError::MalformedMultipart),
            "{why}"
        );
    }
}

#[test]
fn a_body_that_hides_its_type_is_split_all_the_same() {
    let body = "--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b1--\r\n";
    for kind in ["", "text/plain", "application/octet-stream"] {
        let read = extract::body(
            kind.as_bytes(),
            body.as_bytes(),
            &Limits::default(),
            &mut |_: Field<'_>| {},
        );
        assert_eq!(
            read.map(|read| read.format),
            Ok(Format::Multipart),
            "{kind}"
        );
    }
}

#[test]
fn parts_and_their_nesting_are_bounded() {
    let limits = Limits {
        parts: 2,
        nesting: 2,
        ..Limits::default()
    };
    let parts = |count: usize| "--XyZ\r\n\r\na\r\n".repeat(count) + "--XyZ--";
    assert!(read(KIND, parts(2).as_bytes(), &limits).is_ok());
    assert_eq!(
        read(KIND, parts(3).as_bytes(), &limits),
        Err(ExtractError::TooLarge)
    );
    let nested = |levels: usize| {
        (0..levels).rev().fold("x".to_owned(), |inner, level| {
            format!(
                "--L{level}\r\nContent-Type: multipart/mixed; boundary=L{}\r\n\r\n{inner}\r\n--L{level}--",
                level + 1
            )
        })
    };
    let kind = "multipart/mixed; boundary=L0";
    // The innermost type announces parts that are not there.
    assert_eq!(
        read(kind, nested(1).as_bytes(), &limits),
        Err(ExtractError::MalformedMultipart)
    );
    assert_eq!(
        read(kind, nested(3).as_bytes(), &limits),
        Err(ExtractError::TooDeep)
    );
}

/// Name, file name and content of each part as the crate `multer` sees them; `None` when it
/// refuses the body.
fn multer_sees(body: &[u8]) -> Option<Vec<String>> {
    let owned = bytes::Bytes::copy_from_slice(body);
    let stream = futures_util::stream::once(async move { Ok::<_, std::io::Error>(owned) });
    let mut multipart = multer::Multipart::new(stream, "XyZ");
    let work = async {
        let mut seen = Vec::new();
        while let Some(field) = multipart.next_field().await.ok()? {
            seen.extend(field.name().map(str::to_owned));
            seen.extend(field.file_name().map(str::to_owned));
            let content = field.bytes().await.ok()?;
            seen.push(String::from_utf8_lossy(&content).into_owned());
        }
        Some(seen)
    };
    // The stream is all there: nothing ever has to wait.
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(seen) => seen,
        Poll::Pending => None,
    }
}

fn pieces() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("--XyZ\r\n".to_owned()),
        2 => Just("\r\n--XyZ\r\n".to_owned()),
        1 => Just("\r\n--XyZ--\r\n".to_owned()),
        1 => Just("--XyZ--".to_owned()),
        1 => Just("\n--XyZ\n".to_owned()),
        1 => Just("--XyZ".to_owned()),
        3 => Just("Content-Disposition: form-data; name=\"a\"\r\n".to_owned()),
        2 => Just("content-disposition: form-data; name=b; filename=\"c d\"\r\n".to_owned()),
        1 => Just("Content-Type: text/plain\r\n".to_owned()),
        3 => Just("\r\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\r".to_owned()),
        3 => "[a-z'<>;= -]{0,8}",
    ]
}

proptest! {
    #[test]
    fn no_part_is_lost_against_multer(pieces in proptest::collection::vec(pieces(), 0..14)) {
        let body = pieces.concat() + "\r\n--XyZ--\r\n";
        if let (Ok(ours), Some(theirs)) = (
            read(KIND, body.as_bytes(), &Limits::default()),
            multer_sees(body.as_bytes()),
        ) {
            for value in theirs.iter().filter(|value| !value.is_empty()) {
                prop_assert!(ours.iter().any(|(_, text)| text == value), "{body:?}: {value:?}");
            }
        }
    }

    #[test]
    fn ordinary_forms_are_read_as_multer_reads_them(
        fields in proptest::collection::vec(("[a-z]{1,6}", "[^\\r\\n]{1,20}"), 1..5)
    ) {
        let mut body = String::new();
        let mut expected = Vec::new();
        for (name, value) in &fields {
            body += &format!(
                "--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            expected.extend([name.clone(), value.clone()]);
        }
        body += "--XyZ--\r\n";
        prop_assert_eq!(multer_sees(body.as_bytes()), Some(expected.clone()));
        let ours = read(KIND, body.as_bytes(), &Limits::default());
        let ours: Vec<String> = ours.unwrap().into_iter().map(|(_, text)| text).collect();
        for value in expected {
            prop_assert!(ours.contains(&value), "{:?}: {:?}", body, value);
        }
    }
}

/// Python's `email` takes such a line, and what follows it, for content.
#[test]
fn a_header_whose_name_is_none_is_refused() {
    let passes = |header: &str| {
        let known = "Content-Disposition: form-data; name=\"a\"";
        let body = format!("--XyZ\r\n{known}\r\n{header}\r\n\r\nb\r\n--XyZ--\r\n");
        read(KIND, body.as_bytes(), &Limits::default()).is_ok()
    };
    assert!(passes("X-Note: c"));
    for header in ["X Note: c", "X-Note : c", ": c", "\u{feff}X: c", "<b>: c"] {
        assert!(!passes(header), "{header:?}");
    }
}
