//! The metrics as Prometheus reads them.

use std::io::Write as _;
use std::process::{Command, Stdio};

use sealgate_tests::draft::Draft;
use sealgate_tests::message::Request;
use sealgate_tests::required;

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

/// `promtool check metrics` reads the whole page; of our own families it may only say that Envoy
/// writes no help text.
fn check_exposition(text: &str) {
    let mut promtool = Command::new(required::promtool())
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut page = promtool.stdin.take().unwrap();
    page.write_all(text.as_bytes()).unwrap();
    drop(page);
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert_ne!(
        output.status.code(),
        Some(1),
        "promtool cannot read the page:\n{said}"
    );
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("sealgate_") && !line.ends_with("no help text"))
        .collect();
    assert!(ours.is_empty(), "{ours:#?}");
}
