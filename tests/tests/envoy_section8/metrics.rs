//! The metrics as Prometheus reads them.

use sealgate_tests::draft::Draft;
use sealgate_tests::message::Request;

use super::plugin;

#[test]
fn metrics_have_labels_with_bounded_values() {
    let (site, keys, envoy) = plugin();
    site.passes(&envoy, &Draft::shared(&keys).make());
    site.refused(&envoy, &Request::new("POST", "/raw/1", "x"));
    let text = String::from_utf8(envoy.admin_get("/stats/prometheus").body).unwrap();
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with("sealgate_"))
        .collect();
    let allowed = r#"sealgate_requests_total{policy="shared",outcome="allowed",reason="none"} 1"#;
    let refused =
        r#"sealgate_requests_total{policy="raw",outcome="refused",reason="signature-missing"} 1"#;
    for wanted in [allowed, refused] {
        assert!(
            ours.iter().any(|line| same_sample(line, wanted)),
            "no {wanted} in {ours:#?}"
        );
    }
    check_exposition(&text);
}

/// Equal sample lines, whatever the order of their labels.
fn same_sample(left: &str, right: &str) -> bool {
    let parts = |line: &str| {
        let (name, rest) = line.split_once('{').unwrap_or((line, ""));
        let (labels, value) = rest.rsplit_once('}').unwrap_or(("", rest));
        let mut labels: Vec<String> = labels.split(',').map(str::to_owned).collect();
        labels.sort();
        (name.to_owned(), labels, value.trim().to_owned())
    };
    parts(left) == parts(right)
}

/// The text format's grammar for our families: a type line before the samples, one block a family.
fn check_exposition(text: &str) {
    let mut seen = Vec::new();
    let mut current = "";
    for line in text.lines().filter(|line| line.contains("sealgate_")) {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').expect("a type line");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(!seen.contains(&name), "{name} comes twice");
            seen.push(name);
            current = name;
            continue;
        }
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        assert!(
            name.starts_with(current) && !current.is_empty(),
            "{line} outside its family {current}"
        );
        assert!(
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            "{line}"
        );
    }
    assert!(!seen.is_empty());
}
