//! The same attacks in every place and encoding, and the same places with clean values.

mod common;

use common::{body_report, classes, report};
use sealgate_scan::Class::{self, Sqli, Xss};
use sealgate_scan::{ClassSet, Limits, Report, ScanPolicy, Scanner, extract};

const ATTACKS: [(Class, &str); 10] = [
    (Sqli, "1' OR '1'='1"),
    (Sqli, "1 UNION SELECT password FROM users"),
    (Sqli, "admin'--"),
    (Sqli, "1; DROP TABLE users"),
    (Sqli, "\" or \"\"=\""),
    (Sqli, "1 AND SLEEP(5)"),
    (Xss, "<script>alert(1)</script>"),
    (Xss, "\"><img src=x onerror=alert(1)>"),
    (Xss, "<svg/onload=alert(1)>"),
    (Xss, "<a href=\"javascript:alert(1)\">x</a>"),
];

/// Percent-encodes every byte that is no letter or digit.
fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect()
}

/// Writes every character through `escape`.
fn escaped(text: &str, escape: impl Fn(u32) -> String) -> String {
    text.chars().map(|c| escape(c.into())).collect()
}

fn body(kind: &str, body: &str) -> (String, Report) {
    (format!("{kind}: {body}"), body_report(kind, body))
}

/// Every kind of body an attack can be put in.
fn bodies(attack: &str) -> Vec<(String, Report)> {
    let (encoded, json) = (percent(attack), serde_json::to_string(attack).unwrap());
    let plus = encoded.replace("%20", "+");
    let (api, form) = ("application/json", "application/x-www-form-urlencoded");
    let multipart = "multipart/form-data; boundary=\"x\"";
    let part = |content: &str| {
        format!("--x\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n{content}\r\n--x--")
    };
    let mut found = vec![
        body(api, &json),
        body(api, &format!("{{\"a\":{json}}}")),
        body(api, &format!("{{\"a\":[1,{{\"b\":[{json}]}}]}}")),
        body(api, &format!("{{{json}:1}}")),
        body(
            api,
            &format!(
                "{{\"a\":\"{}\"}}",
                escaped(attack, |c| format!("\\u{c:04x}"))
            ),
        ),
        body(api, &format!("{{\"a\":{json},\"a\":\"clean\"}}")),
        body(api, &format!("{{\"a\":\"clean\",\"a\":{json}}}")),
        body(api, &format!("\u{feff}{{\"a\":{json}}}")),
        body(
            "application/vnd.api+json; charset=utf-8",
            &format!("[{json}]"),
        ),
        body(
            "application/x-ndjson",
            &format!("{{\"a\":1}}\n{{\"a\":{json}}}\n"),
        ),
        body("text/plain", &format!("{{\"a\":{json}}}")),
        body(form, &format!("{{\"a\":{json}}}")),
        body("", &format!("[{json}]")),
        body(form, &format!("a=1&b={encoded}")),
        body(form, &format!("a=1&b={plus}")),
        body(form, &format!("{encoded}=1")),
        body("", &format!("a=1&b={plus}")),
        body("text/plain", attack),
        body("application/octet-stream", attack),
        body(multipart, &part(attack)),
        body(multipart, &part(&format!("[{json}]"))),
    ];
    let nested = [
        escaped(attack, |c| format!("&#{c};")),
        escaped(attack, |c| format!("&#x{c:X};")),
        escaped(attack, |c| format!("&#{c:07}")),
        escaped(attack, |c| format!("\\x{c:02x}")),
        escaped(attack, |c| format!("\\u{c:04x}")),
        escaped(attack, |c| format!("\\u{{{c:x}}}")),
        escaped(attack, |c| format!("%u{c:04x}")),
        percent(attack),
    ];
    found.extend(
        nested
            .iter()
            .map(|form| body(api, &serde_json::to_string(form).unwrap())),
    );
    found
}

/// Every place of a request's head an attack can be put in.
fn heads(attack: &str) -> Vec<(String, Report)> {
    let encoded = percent(attack);
    let plus = encoded.replace("%20", "+");
    let twice = percent(&encoded);
    let thrice = percent(&twice);
    let entities = percent(&escaped(attack, |c| format!("&#{c};")));
    let query = |text: &str| {
        (
            format!("query {text}"),
            report(|s| extract::query(text.as_bytes(), s)),
        )
    };
    let header = |name: &str, text: &str| {
        let found = report(|s| extract::header(name.as_bytes(), text.as_bytes(), s));
        (format!("{name}: {text}"), found)
    };
    let path = format!("/a/{encoded}/b");
    let path = (path.clone(), report(|s| extract::path(path.as_bytes(), s)));
    vec![
        query(&format!("x=1&q={encoded}")),
        query(&format!("q={plus}")),
        query(&format!("{encoded}=1")),
        query(&encoded),
        query(&format!("q={twice}")),
        query(&format!("q={thrice}")),
        query(&format!("q={entities}")),
        path,
        header("user-agent", attack),
        header("referer", &format!("https://a.test/x?q={encoded}")),
        header("referer", &format!("https://a.test/{encoded}")),
        header("Cookie", &format!("a=1; b={encoded}")),
    ]
}

#[test]
fn every_attack_in_every_place_and_encoding() {
    for (class, attack) in ATTACKS {
        for (place, found) in bodies(attack).into_iter().chain(heads(attack)) {
            assert!(
                classes(&found).contains(&class),
                "{attack} in {place}: {found:?}"
            );
        }
    }
}

#[test]
fn the_same_places_with_clean_values() {
    for clean in [
        "O'Brien",
        "select a colour from the list",
        "Tom & Jerry <3",
        "a=b",
        "100% sure",
    ] {
        for (place, found) in bodies(clean).into_iter().chain(heads(clean)) {
            assert!(found.is_clean(), "{clean} in {place}: {found:?}");
        }
    }
}

#[test]
fn claims_are_named_as_claims() {
    let claims = br#"{"sub":"alice","note":{"x":["' or 1=1 -- "]}}"#;
    let found = report(|s| extract::claims(claims, &Limits::default(), s).unwrap());
    let places: Vec<String> = found
        .findings
        .iter()
        .map(|f| f.location.to_string())
        .collect();
    assert_eq!(places, ["claim:/note/x/0"]);
}

#[test]
fn a_finding_names_the_place_and_never_the_value() {
    let cases = [
        (r#"{"a":{"b~/":[0,"1' or '1'='1"]}}"#, "json:/a/b~0~1/1"),
        (r#"{"a":{"1' or '1'='1":0}}"#, "json:/a (name)"),
        (r#"{"1' or '1'='1":0}"#, "json (name)"),
        (r#""1' or '1'='1""#, "json"),
    ];
    for (body, expected) in cases {
        let found = body_report("application/json", body);
        let places: Vec<String> = found
            .findings
            .iter()
            .map(|f| f.location.to_string())
            .collect();
        assert_eq!(places, [expected], "{body}");
        assert!(!format!("{found:?}").contains("or '1'"), "{body}");
    }
    let long = format!("{}=1'%20or%20'1'='1", "n%0a".repeat(400));
    let found = report(|s| extract::query(long.as_bytes(), s));
    let name = &found.findings[0].location.name;
    assert!(
        name.chars().count() <= 128 && !name.contains('\n'),
        "{name:?}"
    );
}

#[test]
fn only_the_wanted_classes_are_reported() {
    let body = br#"["1' or '1'='1", "<script>alert(1)</script>"]"#;
    for wanted in [vec![Sqli], vec![Xss], vec![Sqli, Xss], vec![]] {
        let policy = ScanPolicy::new(wanted.iter().copied().collect(), Limits::default());
        let mut scanner = Scanner::new(&policy);
        extract::json(body, &policy.limits, &mut scanner).unwrap();
        assert_eq!(classes(&scanner.finish()), wanted);
    }
}

#[test]
fn findings_and_fields_are_bounded() {
    let many = format!("[{}]", vec![r#""1' or '1'='1""#; 100].join(","));
    let found = body_report("application/json", &many);
    assert_eq!(
        (found.findings.len(), found.fields_scanned, found.exhausted),
        (16, 100, false)
    );
    let limits = Limits {
        fields: 10,
        ..Limits::default()
    };
    let mut scanner = Scanner::new(&ScanPolicy::new(ClassSet::all(), limits));
    extract::json(b"[1,2,3,4,5,6,7,8,9,10,11]", &limits, &mut scanner).unwrap();
    let found = scanner.finish();
    assert!(found.exhausted && !found.is_clean() && found.findings.is_empty());
}
