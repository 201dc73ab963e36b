//! GraphQL documents: strings and comments are values, the rest is grammar; bounds are findings.

use proptest::prelude::*;
use sealgate_scan::{Field, Limits, Part, ScanPolicy, Scanner, extract};
use serde_json::json;

fn values(kind: &str, body: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut sink = |field: Field<'_>| {
        if field.part == Part::Value {
            seen.push(String::from_utf8_lossy(field.value).into_owned());
        }
    };
    extract::body(
        kind.as_bytes(),
        body.as_bytes(),
        &Limits::default(),
        &mut sink,
    )
    .unwrap();
    seen
}

fn in_json(document: &str) -> Vec<String> {
    values(
        "application/json",
        &json!({ "query": document, "variables": {} }).to_string(),
    )
}

#[test]
fn strings_and_comments_of_a_document_are_its_values() {
    let document = concat!(
        "# first\nquery Q($id: [ID!]! = [\"d'1\"] @x, $n: Int) @live {\n",
        "  a: user(id: $id, filter: {name: \"it\\u0027s\", or: [1, -2.5e3, true, null, ENUM]}) {\n",
        "    ...F @include(if: $n) ... on User { note(text: \"\"\"block \"quoted\" \\\"\"\" end\"\"\") }\n",
        "    ... { x } # last'\n  }\n}\nfragment F on User { id }\n",
        "mutation { m(s: \"\\u{1F600}\\n\") }"
    );
    let expected = [
        " first",
        "d'1",
        "it's",
        "block \"quoted\" \\\"\"\" end",
        " last'",
        "\u{1f600}\n",
    ];
    assert_eq!(values("application/graphql", document), expected);
    assert_eq!(in_json(document), expected);
    let batch = json!([{ "query": document }, { "query": "{ a }" }]).to_string();
    assert_eq!(values("application/json", &batch), expected);
}

#[test]
fn what_is_no_document_is_a_value_as_a_whole() {
    for text in [
        "select * from users",
        "query",
        "query {",
        "{ a } or 1=1",
        "{ a(b: 'c') }",
        "{{7*7}}",
        "{}",
        "{ a( ) }",
        "{ a(b: 01) }",
        "{ a(b: 1x) }",
        "{ a(b: \"c) }",
        "{ a(b: \"\\x41\") }",
        "query { a } ; drop table b",
        "fragment on on { a }  x",
    ] {
        assert_eq!(in_json(text), [text], "{text}");
    }
}

fn rules(body: &str, limits: Limits) -> Vec<String> {
    let policy = ScanPolicy::new(sealgate_scan::ClassSet::all(), limits);
    let mut scanner = Scanner::new(&policy);
    extract::body(b"application/json", body.as_bytes(), &limits, &mut scanner).unwrap();
    let findings = scanner.finish().findings;
    findings
        .iter()
        .map(|finding| {
            assert_eq!(finding.class.name(), "graphql");
            finding.detector.to_owned()
        })
        .collect()
}

#[test]
fn depth_aliases_directives_and_batches_are_bounded() {
    let limits = Limits {
        graphql_depth: 2,
        graphql_aliases: 2,
        graphql_batch: 2,
        ..Limits::default()
    };
    for (document, rule) in [
        ("{a{b}}", None),
        ("{a{b{c}}}", Some("graphql-depth")),
        ("{a:x b:y}", None),
        ("{a:x b:y c:z}", Some("graphql-aliases")),
        ("{a @x @y}", None),
        ("{a @x @y @z}", Some("graphql-directives")),
        ("{a} {b}", None),
        ("{a} {b} {c}", Some("graphql-batch")),
    ] {
        let body = json!({ "query": document }).to_string();
        let expected: Vec<&str> = rule.into_iter().collect();
        assert_eq!(rules(&body, limits), expected, "{document}");
    }
    let batch = |count: usize| json!(vec![json!({ "query": "{a}" }); count]).to_string();
    assert!(rules(&batch(2), limits).is_empty());
    assert_eq!(rules(&batch(3), limits), ["graphql-batch"]);
    let deep = "{a".repeat(200) + &"}".repeat(200);
    let read = extract::body(
        b"application/graphql",
        deep.as_bytes(),
        &limits,
        &mut |_: Field<'_>| {},
    );
    assert_eq!(read, Err(extract::ExtractError::TooDeep));
}

proptest! {
    #[test]
    fn no_string_and_no_comment_is_lost(
        strings in proptest::collection::vec("\\PC{1,12}", 1..4),
        comment in "[^\\p{C}]{1,12}",
    ) {
        let arguments: Vec<String> = strings
            .iter()
            .enumerate()
            .map(|(at, text)| format!("a{at}: [{}, {{ in: {} }}]", json!(text), json!(text)))
            .collect();
        let document = format!("query Q {{ f({}) {{ g }} }} #{comment}\n", arguments.join(" "));
        let seen = in_json(&document);
        for text in strings {
            prop_assert_eq!(seen.iter().filter(|one| **one == text).count() >= 2, true);
        }
        prop_assert!(comment.trim_ascii().is_empty() || seen.contains(&comment));
    }

    #[test]
    fn no_panic_on_what_looks_like_one(text in "[{}()\\[\\]:!$@#\"\\\\.,a-c01 \n-]{0,40}") {
        in_json(&format!("{{{text}}}"));
    }
}
