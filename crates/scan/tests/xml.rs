//! XML bodies: no name or value lost against an independent parser, nothing expanded, faults found.

use proptest::prelude::*;
use sealgate_scan::extract::{ExtractError, Format};
use sealgate_scan::{Field, Limits, Location, Part, ScanPolicy, Scanner, extract};

fn read(body: &[u8], limits: &Limits) -> Result<Vec<(String, Part, String)>, ExtractError> {
    let mut seen = Vec::new();
    let mut sink = |field: Field<'_>| {
        let Location::Xml(path) = field.location else {
            panic!("{:?}", field.location)
        };
        let text = String::from_utf8_lossy(field.value).into_owned();
        seen.push((path.path(), field.part, text));
    };
    extract::body(b"application/xml", body, limits, &mut sink)?;
    Ok(seen)
}

fn values(body: &str) -> Result<Vec<(String, String)>, ExtractError> {
    let fields = read(body.as_bytes(), &Limits::default())?;
    let values = fields.into_iter().filter(|field| field.1 == Part::Value);
    Ok(values.map(|(path, _, text)| (path, text)).collect())
}

#[test]
fn names_attributes_text_comments_and_instructions() {
    let body = concat!(
        "<?xml version='1.0' encoding=\"UTF-8\"?><?style a?><!-- c -->\n",
        "<o:order id = 'a&lt;b' xmlns:o=\"urn:o\"><line>sel<!-- x -->e<![CDATA[c<&]]>t&#39;&#x31;</line>",
        "<empty/></o:order>"
    );
    let expected = [
        ("", "style a"),
        ("", " c "),
        ("/o:order/@id", "a<b"),
        ("/o:order/@xmlns:o", "urn:o"),
        ("/o:order/line", " x "),
        ("/o:order/line", "selec<&t'1"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()));
    assert_eq!(values(body).unwrap(), expected);
    let names: Vec<String> = read(body.as_bytes(), &Limits::default())
        .unwrap()
        .into_iter()
        .filter(|field| field.1 == Part::Name)
        .map(|field| field.2)
        .collect();
    assert_eq!(names, ["o:order", "id", "xmlns:o", "line", "empty"]);
}

#[test]
fn malformed_documents() {
    for body in [
        "",
        " ",
        "text",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "<a b></a>",
        "<a b=c></a>",
        "<a b='c></a>",
        "<a b='1' b='2'/>",
        "<a b='1'c='2'/>",
        "<a b='<'/>",
        "<a>&nobody;</a>",
        "<a>& b</a>",
        "<a>&#xD800;</a>",
        "<a>&#+39;</a>",
        "<a><!-- </a>",
        "<a><![CDATA[</a>",
        "<![CDATA[a]]>",
        "<1a/>",
        "< a/>",
        "<a/><!DOCTYPE a>",
        "<!DOCTYPE a><!DOCTYPE a><a/>",
        "<!ELEMENT a><a/>",
        "<!DOCTYPE a [ <!ENTITY b 'c'> <a/>",
    ] {
        let read = extract::body(
            b"text/xml",
            body.as_bytes(),
            &Limits::default(),
            &mut |_: Field<'_>| {},
        );
        let expected = if body.is_empty() {
            Ok(Format::Empty)
        } else {
            Err(ExtractError::MalformedXml)
        };
        assert_eq!(read.map(|read| read.format), expected, "{body}");
    }
    assert_eq!(
        read(b"<a>\xff</a>", &Limits::default()),
        Err(ExtractError::MalformedCharset)
    );
    for encoding in ["utf-7", "shift_jis", "ebcdic-cp-us"] {
        let body = format!("<?xml version='1.0' encoding='{encoding}'?><a/>");
        assert_eq!(values(&body), Err(ExtractError::UnsupportedCharset));
    }
}

#[test]
fn a_document_type_is_a_finding_and_its_entities_stay_as_written() {
    let body = concat!(
        "<!DOCTYPE a [ <!ENTITY b SYSTEM \"file:///etc/passwd\"> <!-- ]> --> ",
        "<!ENTITY c ']>'> ]><a>&b;</a>"
    );
    let policy = ScanPolicy::default();
    let mut scanner = Scanner::new(&policy);
    let read = extract::body(b"", body.as_bytes(), &policy.limits, &mut scanner);
    assert_eq!(read.map(|read| read.format), Ok(Format::Xml));
    let report = scanner.finish();
    let finding = &report.findings[0];
    assert_eq!(finding.class.name(), "xxe");
    assert_eq!(finding.detector, "xml-doctype");
    let seen = values(body).unwrap();
    assert!(seen.contains(&("/a".into(), "&b;".into())), "{seen:?}");
    assert!(seen[0].1.contains("file:///etc/passwd"));
}

#[test]
fn a_billion_laughs_costs_its_own_length() {
    let mut body = "<!DOCTYPE a [<!ENTITY e0 'ha'>".to_owned();
    for level in 1..30 {
        let reference = format!("&e{};", level - 1).repeat(10);
        body += &format!("<!ENTITY e{level} '{reference}'>");
    }
    body += "]><a>&e29;</a>";
    let bytes: usize = values(&body)
        .unwrap()
        .iter()
        .map(|(_, text)| text.len())
        .sum();
    assert!(bytes <= body.len(), "{bytes} of {}", body.len());
}

#[test]
fn limits_hold_at_their_edge() {
    let limits = Limits {
        json_depth: 2,
        json_keys: 4,
        xml_attributes: 2,
        string_bytes: 5,
        ..Limits::default()
    };
    for (body, error) in [
        ("<a><b/></a>", None),
        ("<a><b><c/></b></a>", Some(ExtractError::TooDeep)),
        ("<a><b/><b/><b/></a>", None),
        ("<a><b/><b/><b/><b/></a>", Some(ExtractError::TooLarge)),
        ("<a b='' c=''/>", None),
        ("<a b='' c='' d=''/>", Some(ExtractError::TooLarge)),
        ("<a>12345</a>", None),
        ("<a>123456</a>", Some(ExtractError::TooLarge)),
        ("<a>123<![CDATA[456]]></a>", Some(ExtractError::TooLarge)),
        ("<a b='123456'/>", Some(ExtractError::TooLarge)),
    ] {
        assert_eq!(read(body.as_bytes(), &limits).err(), error, "{body}");
    }
}

/// Attribute values and text as roxmltree sees them, text joined up to the next tag.
fn roxmltree_sees(body: &str) -> Option<Vec<String>> {
    let document = roxmltree::Document::parse(body).ok()?;
    let mut seen = Vec::new();
    for node in document.descendants() {
        if node.is_element() {
            seen.push(node.tag_name().name().to_owned());
            seen.extend(node.attributes().map(|a| a.value().to_owned()));
        } else if node.is_comment() || node.is_text() {
            seen.extend(node.text().map(str::to_owned));
        }
    }
    Some(seen)
}

fn markup() -> impl Strategy<Value = String> {
    prop_oneof![
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "<c/>",
        "<a x='1'>",
        "<b y=\"'\" z='&lt;'>",
        "&amp;",
        "&#65;",
        "&x;",
        "<!-- n -->",
        "<!\\[CDATA\\[<d>\\]\\]>",
        "<\\?p i\\?>",
        "[a-z' ]{0,4}",
        "[<>&'\"/=!?-]",
    ]
}

proptest! {
    #[test]
    fn no_value_is_lost_against_roxmltree(pieces in proptest::collection::vec(markup(), 0..12)) {
        let body = format!("<a>{}</a>", pieces.concat());
        let theirs = roxmltree_sees(&body);
        let ours = read(body.as_bytes(), &Limits::default());
        match (&ours, &theirs) {
            (Ok(ours), Some(theirs)) => {
                for value in theirs.iter().filter(|value| !value.trim().is_empty()) {
                    // Ours joins what a comment or an instruction parts, and keeps prefixes.
                    prop_assert!(
                        ours.iter().any(|(_, _, text)| text.contains(value.as_str())),
                        "{body}: {value}"
                    );
                }
            }
            (Err(_), Some(_)) => prop_assert!(false, "refused: {body}"),
            _ => {}
        }
    }

    #[test]
    fn no_panic_on_arbitrary_text(body in "[<>&#;x'\"/=!?\\[\\]CDATAa-c -]{0,40}") {
        let _ = values(&body);
    }
}
