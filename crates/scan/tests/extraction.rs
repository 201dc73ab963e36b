//! Extraction: nothing lost against an independent reader, nothing accepted that is malformed.

use proptest::prelude::*;
use sealgate_scan::extract::{ExtractError, Format};
use sealgate_scan::{Field, Limits, Location, Part, extract};
use serde_json::Value;

/// Pointer, part and text of every field of a JSON body.
fn fields(body: &[u8], limits: &Limits) -> Result<Vec<(String, Part, Vec<u8>)>, ExtractError> {
    let mut seen = Vec::new();
    extract::json(body, limits, &mut |field: Field<'_>| {
        let Location::Json(path) = field.location else {
            panic!("{:?}", field.location)
        };
        seen.push((path.pointer(), field.part, field.value.to_vec()));
    })?;
    Ok(seen)
}

/// What serde_json sees, in the same form.
fn leaves(value: &Value, pointer: &str, seen: &mut Vec<(String, Part, Vec<u8>)>) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                leaves(item, &format!("{pointer}/{i}"), seen);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let raw = serde_json::to_string(key).unwrap();
                let raw = raw[1..raw.len() - 1].replace('~', "~0").replace('/', "~1");
                let pointer = format!("{pointer}/{raw}");
                seen.push((pointer.clone(), Part::Name, key.clone().into_bytes()));
                leaves(member, &pointer, seen);
            }
        }
        Value::String(text) => seen.push((pointer.into(), Part::Value, text.clone().into_bytes())),
        other => seen.push((pointer.into(), Part::Value, other.to_string().into_bytes())),
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((".{0,6}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn sees_every_leaf_that_serde_json_sees(document in documents(), pretty in any::<bool>()) {
        let body = if pretty {
            serde_json::to_vec_pretty(&document).unwrap()
        } else {
            serde_json::to_vec(&document).unwrap()
        };
        let mut expected = Vec::new();
        leaves(&document, "", &mut expected);
        prop_assert_eq!(fields(&body, &Limits::default()), Ok(expected));
    }

    #[test]
    fn accepts_what_serde_json_accepts(text in "[\\[\\]{}\",:0-9eE+.\\\\tfnrualse \n-]{0,24}") {
        // serde_json refuses lone surrogates and numbers beyond f64; we keep both as text.
        let limits = Limits { duplicate_keys: true, ..Limits::default() };
        let ours = fields(text.as_bytes(), &limits);
        if serde_json::from_str::<Value>(&text).is_ok() {
            prop_assert!(ours.is_ok(), "{text:?}: {ours:?}");
        } else if ours.is_ok() {
            prop_assert!(text.contains("\\u") || text.contains(['e', 'E']), "{text:?}");
        }
    }

    #[test]
    fn no_panic_on_arbitrary_bytes(
        kind in 0usize..6,
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let kinds: [&[u8]; 6] = [
            b"", b"application/json", b"application/x-www-form-urlencoded",
            b"multipart/form-data; boundary=a", b"application/x-ndjson", b"text/plain",
        ];
        let policy = sealgate_scan::ScanPolicy::default();
        let mut scanner = sealgate_scan::Scanner::new(&policy);
        let _ = extract::body(kinds[kind], &body, &policy.limits, &mut scanner);
        extract::query(&body, &mut scanner);
        extract::path(&body, &mut scanner);
        extract::cookies(&body, &mut scanner);
        extract::header(b"referer", &body, &mut scanner);
        scanner.finish();
    }

    #[test]
    fn no_panic_on_text_that_looks_like_an_attack(
        text in "([%&#\\\\xu0-9a-f;<>'\"=(){}/*! -]|select|union|script|onload|&lt|%25|\\\\u00){0,60}",
    ) {
        let policy = sealgate_scan::ScanPolicy::default();
        sealgate_scan::scan(&[Field::value(Location::Text, text.as_bytes())], &policy);
    }
}

#[test]
fn duplicate_keys_big_numbers_and_surrogates_are_kept() {
    let body = br#"{"a":"x","a":123456789012345678901234567890,"b":"\ud83d\ude00","c":"\ud800x"}"#;
    assert_eq!(
        fields(body, &Limits::default()),
        Err(ExtractError::DuplicateKey)
    );
    let limits = Limits {
        duplicate_keys: true,
        ..Limits::default()
    };
    let values: Vec<_> = fields(body, &limits)
        .unwrap()
        .into_iter()
        .filter(|(_, part, _)| *part == Part::Value)
        .map(|(_, _, value)| String::from_utf8(value).unwrap())
        .collect();
    assert_eq!(
        values,
        [
            "x",
            "123456789012345678901234567890",
            "\u{1f600}",
            "\u{fffd}x"
        ]
    );
}

#[test]
fn malformed_documents() {
    use ExtractError as E;
    let cases: &[(&[u8], E)] = &[
        (b"", E::MalformedJson),
        (b"{", E::MalformedJson),
        (b"[1,]", E::MalformedJson),
        (b"[,1]", E::MalformedJson),
        (b"{\"a\"}", E::MalformedJson),
        (b"{\"a\":1,}", E::MalformedJson),
        (b"{a:1}", E::MalformedJson),
        (b"{'a':1}", E::MalformedJson),
        (b"[1}", E::MalformedJson),
        (b"[1] x", E::MalformedJson),
        (b"{}{}", E::MalformedJson),
        (b"01", E::MalformedJson),
        (b"-", E::MalformedJson),
        (b"1.", E::MalformedJson),
        (b".5", E::MalformedJson),
        (b"1e", E::MalformedJson),
        (b"+1", E::MalformedJson),
        (b"NaN", E::MalformedJson),
        (b"nul", E::MalformedJson),
        (b"\"\\x41\"", E::MalformedJson),
        (b"\"\\u12\"", E::MalformedJson),
        (b"\"a\nb\"", E::MalformedJson),
        (b"\"abc", E::MalformedJson),
        (b"\"abc\\", E::MalformedJson),
        (b"\"\\", E::MalformedJson),
        (b"[1 2]", E::MalformedJson),
        (b"// comment\n1", E::MalformedJson),
        (b"\xff\xfe{\x00}\x00", E::InvalidUtf8),
        (b"\"\xc0\xbc\"", E::InvalidUtf8),
        (b"\"\xed\xa0\x80\"", E::InvalidUtf8),
        (b"\xef\xbb\xbf\xef\xbb\xbf1", E::MalformedJson),
        (b"{\x00}", E::MalformedJson),
    ];
    for (body, expected) in cases {
        let got = fields(body, &Limits::default()).map(|_| ());
        assert_eq!(got, Err(*expected), "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn limits_hold_at_their_edge() {
    let limits = Limits {
        json_depth: 3,
        json_keys: 2,
        json_elements: 3,
        string_bytes: 4,
        number_bytes: 4,
        ..Limits::default()
    };
    let cases: &[(&str, bool)] = &[
        ("[[[1]]]", true),
        ("[[[[1]]]]", false),
        ("{\"a\":[{\"b\":1}]}", true),
        ("{\"a\":1,\"b\":2}", true),
        ("{\"a\":1,\"b\":2,\"c\":3}", false),
        ("[1,2,3]", true),
        ("[1,2,3,4]", false),
        ("[[],[],[]]", true),
        ("[[1],[1]]", false),
        ("\"abcd\"", true),
        ("\"abcde\"", false),
        ("12345", false),
        ("{\"abcde\":1}", false),
    ];
    for (body, fits) in cases {
        let got = fields(body.as_bytes(), &limits);
        assert_eq!(got.is_ok(), *fits, "{body}: {got:?}");
    }
}

#[test]
fn a_depth_bomb_is_an_error_and_not_a_stack_overflow() {
    for bomb in ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18)] {
        assert_eq!(
            fields(bomb.as_bytes(), &Limits::default()),
            Err(ExtractError::TooDeep)
        );
        let limits = Limits {
            json_depth: usize::MAX,
            json_keys: usize::MAX,
            json_elements: usize::MAX,
            ..Limits::default()
        };
        let unlimited = extract::json(bomb.as_bytes(), &limits, &mut |_: Field<'_>| {});
        assert_eq!(unlimited, Err(ExtractError::MalformedJson));
    }
}

#[test]
fn the_format_follows_type_and_look() {
    let limits = Limits::default();
    let read = |kind: &str, body: &[u8]| {
        extract::body(kind.as_bytes(), body, &limits, &mut |_: Field<'_>| {}).map(|e| e.format)
    };
    assert_eq!(read("application/json", b""), Ok(Format::Empty));
    assert_eq!(
        read("Application/JSON; charset=\"UTF-8\"", b"{}"),
        Ok(Format::Json)
    );
    assert_eq!(read("application/problem+json", b"{}"), Ok(Format::Json));
    assert_eq!(
        read("application/json", b"a=1"),
        Err(ExtractError::MalformedJson)
    );
    assert_eq!(
        read("application/json; charset=utf-16", b"\0{\0}"),
        Ok(Format::Json)
    );
    assert_eq!(
        read("text/html; charset=utf-7", b"+ADw-"),
        Err(ExtractError::UnsupportedCharset)
    );
    assert_eq!(
        read("application/x-ndjson", b"1\n2\n"),
        Ok(Format::JsonLines)
    );
    assert_eq!(
        read("application/x-ndjson", b"1\n{"),
        Err(ExtractError::MalformedJson)
    );
    assert_eq!(read("", b" {\"a\":1} "), Ok(Format::Json));
    assert_eq!(read("", b"{not json"), Ok(Format::Text));
    assert_eq!(read("", b"a=1&b=2"), Ok(Format::Form));
    assert_eq!(read("", b"hello world = x"), Ok(Format::Text));
    assert_eq!(
        read("application/x-www-form-urlencoded", b"a=1"),
        Ok(Format::Form)
    );
    assert_eq!(read("image/png", b"\x89PNG\r\n"), Ok(Format::Text));
    let bomb = "[".repeat(1000);
    assert_eq!(
        read("text/plain", bomb.as_bytes()),
        Err(ExtractError::TooDeep)
    );
}

#[test]
fn repeated_keys_are_seen_in_every_object_and_only_there() {
    for (body, repeated) in [
        (r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}"#, false),
        (r#"{"a":1,"\u0061":2}"#, true),
        (r#"{"x":[{"b":1,"c":2,"b":3}]}"#, true),
        (r#"{"a":{"b":1},"b":{"a":1},"c":1,"d":1,"c":1}"#, true),
        (r#"{"":1,"":2}"#, true),
        (r#"{"abcdefgh":1,"abcdefgh\u0000":2}"#, false),
    ] {
        let expected = repeated.then_some(ExtractError::DuplicateKey);
        assert_eq!(
            fields(body.as_bytes(), &Limits::default()).err(),
            expected,
            "{body}"
        );
    }
}

#[test]
fn documents_a_line_each_or_as_a_json_sequence() {
    let read = |kind: &str, body: &str| {
        let mut values = Vec::new();
        let mut sink = |field: Field<'_>| {
            values.push(String::from_utf8_lossy(field.value).into_owned());
        };
        extract::body(
            kind.as_bytes(),
            body.as_bytes(),
            &Limits::default(),
            &mut sink,
        )
        .map(|_| values)
    };
    for (kind, body) in [
        ("application/x-ndjson", "{\"a\":1}\n[2]\r\n\n\"3\"\n"),
        (
            "application/json-seq",
            "\u{1e}{\"a\":1}\n\u{1e}[2]\n\u{1e}\"3\"\n",
        ),
    ] {
        assert_eq!(read(kind, body).unwrap(), ["a", "1", "2", "3"], "{kind}");
    }
}

#[test]
fn character_sets_are_transcoded_or_refused() {
    let read = |kind: &str, body: &[u8]| {
        let mut values = Vec::new();
        let mut sink = |field: Field<'_>| values.push(field.value.to_vec());
        extract::body(kind.as_bytes(), body, &Limits::default(), &mut sink).map(|_| values)
    };
    const JSON: &str = "application/json";
    for (kind, body, expected) in [
        (
            "application/json; charset=utf-16",
            &b"\0[\x20\xac\0]"[..],
            None,
        ),
        (JSON, b"\xff\xfe[\0\"\0\xac\x20\"\0]\0", Some("\u{20ac}")),
        (JSON, b"\xfe\xff\0[\0\"\x20\xac\0\"\0]", Some("\u{20ac}")),
        (JSON, b"[\0\"\0=\xd8\0\xde\"\0]\0", Some("\u{1f600}")),
        (
            JSON,
            b"[\0\0\0\"\0\0\0\0\xf6\x01\0\"\0\0\0]\0\0\0",
            Some("\u{1f600}"),
        ),
        (JSON, b"\0\0\xfe\xff\0\0\0[\0\0\x001\0\0\0]", Some("1")),
        ("text/plain; charset=ISO-8859-15", b"abc", Some("abc")),
        ("text/plain; charset=\"windows-1252\"", b"abc", Some("abc")),
    ] {
        let got = read(kind, body);
        match expected {
            Some(text) => assert_eq!(got, Ok(vec![text.as_bytes().to_vec()]), "{kind}"),
            None => assert_eq!(got, Err(ExtractError::MalformedJson), "{kind}"),
        }
    }
    for (kind, body, error) in [
        (
            "text/plain; charset=utf-7",
            &b"+ADw-"[..],
            ExtractError::UnsupportedCharset,
        ),
        (
            "text/plain; charset=shift_jis",
            b"a",
            ExtractError::UnsupportedCharset,
        ),
        (
            "text/plain; charset=utf-8; charset=utf-16",
            b"a",
            ExtractError::UnsupportedCharset,
        ),
        (
            "application/json; charset=utf-8",
            b"\xff\xfe1\0",
            ExtractError::UnsupportedCharset,
        ),
        (
            "application/json; charset=utf-16be",
            b"\xff\xfe1\0",
            ExtractError::UnsupportedCharset,
        ),
        (
            "text/plain; charset=utf-16le",
            b"a\0b",
            ExtractError::MalformedCharset,
        ),
        (
            "text/plain; charset=utf-16le",
            b"\0\xd8a\0",
            ExtractError::MalformedCharset,
        ),
        (
            "text/plain; charset=utf-32be",
            b"\0\x11\0\0",
            ExtractError::MalformedCharset,
        ),
        (
            "application/json",
            b"\"\xc0\xa7\"",
            ExtractError::InvalidUtf8,
        ),
    ] {
        assert_eq!(read(kind, body), Err(error), "{kind} {body:?}");
    }
}

#[test]
fn a_path_that_climbs_is_one_value_from_there_on() {
    let read = |path: &str| {
        let mut values = Vec::new();
        extract::path(path.as_bytes(), &mut |field: Field<'_>| {
            values.push(String::from_utf8_lossy(field.value).into_owned());
        });
        values
    };
    assert_eq!(read("/a/b%20c"), ["a", "b c"]);
    assert_eq!(
        read("/a/../%2e./etc/x"),
        ["a", "..", "../../etc/x", "..", "etc", "x"]
    );
}

#[test]
fn fields_bytes_and_plain_text_are_bounded() {
    use sealgate_scan::{ClassSet, ScanPolicy, Scanner};
    let exhausted = |limits: Limits, body: &[u8]| {
        let mut scanner = Scanner::new(&ScanPolicy::new(ClassSet::all(), limits));
        extract::body(b"application/json", body, &limits, &mut scanner).unwrap();
        scanner.finish().exhausted
    };
    let limits = Limits {
        fields: 2,
        ..Limits::default()
    };
    assert!(!exhausted(limits, b"[1,2]"));
    assert!(exhausted(limits, b"[1,2,3]"));
    let limits = Limits {
        bytes: 4,
        ..Limits::default()
    };
    assert!(!exhausted(limits, b"[12,34]"));
    assert!(exhausted(limits, b"[12,345]"));
    let limits = Limits {
        text_bytes: 3,
        ..Limits::default()
    };
    let read = |body: &[u8]| extract::body(b"text/plain", body, &limits, &mut |_: Field<'_>| {});
    assert!(read(b"abc").is_ok());
    assert_eq!(read(b"abcd"), Err(ExtractError::TooLarge));
}
