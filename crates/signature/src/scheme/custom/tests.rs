use super::*;
use crate::scheme::verify;
use crate::{MacKey, VerificationKey};

const NOW: i64 = 1_700_000_000;

fn spec(template: &str) -> CustomSpec {
    let has = |part: &str| template.contains(part);
    CustomSpec {
        template: Template::parse(template).unwrap(),
        algorithm: Algorithm::HmacSha256,
        signature_header: "x-signature".into(),
        prefix: "v1=".into(),
        encoding: Encoding::Hex,
        timestamp: has("{timestamp}").then(|| ("x-time".into(), TimeUnit::Seconds)),
        id_header: has("{id}").then(|| "x-id".into()),
        key_id_header: None,
    }
}

fn octets(template: &str, target: &str, body: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let headers = [
        (b"x-time".to_vec(), NOW.to_string().into_bytes()),
        (b"x-id".to_vec(), b"evt_1".to_vec()),
        (b"content-type".to_vec(), b"text/plain; a=b".to_vec()),
    ];
    let message = Message {
        method: b"POST",
        target: target.as_bytes(),
        headers: &headers,
        ..Message::default()
    };
    let custom = Custom::new(spec(template)).unwrap();
    let presented = Presented::default();
    let filled = custom.signed_octets(&message, &presented, body)?;
    Ok(filled.concat())
}

#[test]
fn a_template_is_filled_as_written() {
    for (template, expected) in [
        ("{timestamp}.{body}", "1700000000.BODY"),
        ("v0:{timestamp}:{body}", "v0:1700000000:BODY"),
        ("{id}.{timestamp}.{body}", "evt_1.1700000000.BODY"),
        (
            "{timestamp}{method}{target}\n{body}",
            "1700000000POST/a.b?c=%2F.d\nBODY",
        ),
        (
            "{method} {path}?{query}\n{{{body}",
            "POST /a.b?c=%2F.d\n{BODY",
        ),
        (
            "{header:content-type}\n{timestamp}}}",
            "text/plain; a=b\n1700000000}",
        ),
    ] {
        let filled = octets(template, "/a.b?c=%2F.d", b"BODY").unwrap();
        assert_eq!(filled, expected.as_bytes(), "{template}");
    }
}

#[test]
fn parts_that_can_slide_into_each_other() {
    for template in [
        "{target}{body}",
        "{query}.{body}",
        "{path}.{body}",
        "{path}/{query}",
        "{timestamp}.{method}.{path}?{query}.{body}",
        "{body}{timestamp}",
        "{body}\n{timestamp}",
        "{timestamp}0{body}",
        "{timestamp}{body}",
        "{timestamp}{id}",
        "{id}{method}",
        "{id}-{timestamp}",
        "{method}{query}{body}",
        "{header:a} {timestamp}",
        "{header:a}{header:b}",
        "{path}{query}{target}",
        "{query}{query}",
    ] {
        let parsed = Template::parse(template);
        assert_eq!(parsed, Err(TemplateFault::Ambiguous), "{template}");
    }
    for template in [
        "{timestamp}{method}{path}",
        "{id}{path}",
        "{path}?{query} {timestamp}",
        "{header:a}\n{header:b}\n{body}",
        "{method}:{query}#{body}",
        "{query}",
    ] {
        assert!(Template::parse(template).is_ok(), "{template}");
    }
}

/// The rule, by trial: no two messages of one template give one text.
#[test]
fn no_text_has_two_messages() {
    let targets = [
        "/", "/a", "/a?", "/a?b", "/a?b=1.c", "/a.b?c", "/a/b", "/ab", "/a?b\n",
    ];
    let bodies: [&[u8]; 5] = [b"", b"b", b".b", b"?b", b"\n"];
    for template in [
        "{timestamp}.{method}.{path}?{query}\n{body}",
        "{target} {body}",
        "{method}{target}#{body}",
    ] {
        let mut seen = std::collections::HashMap::new();
        for target in targets {
            for body in bodies {
                let Ok(text) = octets(template, target, body) else {
                    continue;
                };
                let before = seen.insert(text, (target, body));
                assert_eq!(before, None, "{template} {target} {body:?}");
            }
        }
        assert!(seen.len() > 20, "{template}");
    }
}

#[test]
fn what_a_part_may_not_hold() {
    use SignatureError as E;
    for (template, target, expected) in [
        ("{query}", "/a?", E::IllegalValue),
        ("{query}", "/a?b c", E::IllegalValue),
        ("{target}", "/a\u{fc}", E::IllegalValue),
        ("{target}", "/a#b", E::IllegalValue),
        ("{target}", "*", E::UnsupportedTarget),
        ("{path}", "http://a/", E::UnsupportedTarget),
        ("{path}", "", E::AbsentComponent),
        ("{header:x-absent}", "/", E::AbsentComponent),
    ] {
        let refused = octets(template, target, b"");
        assert_eq!(refused, Err(expected), "{template} {target}");
    }
}

#[test]
fn templates_that_are_none() {
    use TemplateFault as F;
    for (template, expected) in [
        ("", F::Syntax),
        ("text", F::Syntax),
        ("{body", F::Syntax),
        ("body}", F::Syntax),
        ("{}", F::UnknownPart),
        ("{Body}", F::UnknownPart),
        ("{header:}", F::UnknownPart),
        ("{header:X-A}", F::UnknownPart),
        (&"{timestamp}.".repeat(17), F::Syntax),
    ] {
        assert_eq!(Template::parse(template), Err(expected), "{template}");
    }
}

#[test]
fn headers_that_do_not_fit() {
    let fits = |change: fn(&mut CustomSpec)| {
        let mut changed = spec("{id}.{timestamp}.{body}");
        change(&mut changed);
        Custom::new(changed).map(|_| ())
    };
    assert_eq!(fits(|_| ()), Ok(()));
    assert_eq!(
        fits(|spec| spec.key_id_header = Some("x-key".into())),
        Ok(())
    );
    let changes: [fn(&mut CustomSpec); 8] = [
        |spec| spec.timestamp = None,
        |spec| spec.id_header = None,
        |spec| spec.template = Template::parse("{body}").unwrap(),
        |spec| spec.template = Template::parse("{header:x-signature}").unwrap(),
        |spec| spec.id_header = Some("x-time".into()),
        |spec| spec.signature_header = "X-Signature".into(),
        |spec| spec.key_id_header = Some(String::new()),
        |spec| spec.prefix = "v1\n".into(),
    ];
    for change in changes {
        assert_eq!(fits(change), Err(TemplateFault::Headers));
    }
}

#[test]
fn coverage_is_that_of_the_template() {
    let guarantees = |template| Custom::new(spec(template)).unwrap().guarantees();
    assert_eq!(guarantees("{body}"), Coverage::BODY);
    let all = guarantees("{timestamp}{method}{target}\n{body}");
    assert!(Coverage::NAMED.iter().all(|(_, part)| all.contains(*part)));
    let no_query = guarantees("{timestamp}{method}{path}\n{body}");
    assert!(!no_query.contains(Coverage::QUERY) && no_query.contains(Coverage::PATH));
    assert_eq!(guarantees("{header:date}"), Coverage::NONE);
}

#[test]
fn signed_and_verified_in_every_encoding_and_unit() {
    for encoding in [Encoding::Hex, Encoding::Base64, Encoding::Base64Url] {
        for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds] {
            let custom = Custom::new(CustomSpec {
                encoding,
                timestamp: Some(("x-time".into(), unit)),
                key_id_header: Some("x-key".into()),
                ..spec("{header:x-key}\n{id}.{timestamp}.{body}")
            })
            .unwrap();
            let order = SignOrder {
                key_id: Some("k1"),
                created: NOW,
                nonce: Some("n-1"),
                expires: None,
            };
            let key = MacKey::new(b"secret".to_vec()).unwrap();
            let lines = custom
                .sign(&Message::default(), b"body", &order, &key)
                .unwrap();
            let headers: Vec<_> = lines
                .into_iter()
                .map(|(name, value)| (name.into_bytes(), value.into_bytes()))
                .collect();
            let message = Message {
                headers: &headers,
                ..Message::default()
            };
            let presented = custom.present(&message).unwrap().remove(0);
            assert_eq!(presented.created, Some(NOW));
            assert_eq!(presented.key_id.as_deref(), Some("k1"));
            assert_eq!(presented.nonce.as_deref(), Some(&b"n-1"[..]));
            assert!(presented.needs_body);
            let key = VerificationKey::Mac(key);
            assert_eq!(verify(&custom, &message, &presented, b"body", &key), Ok(()));
            let other = verify(&custom, &message, &presented, b"bodY", &key);
            assert_eq!(other, Err(SignatureError::Mismatch));
        }
    }
}
