//! `sealgate scan` as a person, a script or a benchmark drives it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn scan(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sealgate"))
        .arg("scan")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    // A verb that fails before it reads its input closes the pipe: not the test's concern.
    let _ = child
        .stdin
        .take()
        .expect("piped")
        .write_all(input.as_bytes());
    child.wait_with_output().expect("ended")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect()
}

fn verdicts(output: &Output) -> Vec<String> {
    lines(output)
        .iter()
        .map(|line| line["verdict"].as_str().expect("a verdict").to_owned())
        .collect()
}

const ATTACK: &str = "1' or '1'='1";

#[test]
fn every_line_gets_a_verdict_at_its_place_and_no_value_is_printed() {
    let folder = folder();
    let input = format!("hello\r\n{ATTACK}\n\nO'Brien");
    for (place, location) in [
        ("value", "text"),
        ("json", "json:/value"),
        ("query", "query:value"),
        ("form", "form:value"),
        ("cookie", "cookie:value"),
        ("header", "header:x-value"),
        ("path", "path:0"),
    ] {
        let output = scan(folder.path(), &["--lines", "-", "--as", place], &input);
        assert_eq!(output.status.code(), Some(0), "{place}");
        assert_eq!(verdicts(&output), ["pass", "refuse", "pass", "pass"]);
        let refused = &lines(&output)[1];
        assert_eq!(refused["line"], 2);
        assert_eq!(refused["findings"][0]["class"], "sqli", "{refused}");
        assert_eq!(refused["findings"][0]["location"], location, "{refused}");
        assert!(refused["score"].as_u64().expect("a number") > 0);
        let printed = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&printed).contains("1'='1"));
    }
}

#[test]
fn labelled_lines_are_counted_by_their_label() {
    let folder = folder();
    let corpus = format!(
        "{}\n{}\n\"{ATTACK}\"\n\n",
        json!({"value": ATTACK, "class": "sqli", "source": "a"}),
        json!({"value": "plain", "class": "legitimate", "source": "b"}),
    );
    std::fs::write(folder.path().join("c.jsonl"), corpus).expect("written");
    let output = scan(folder.path(), &["--lines", "c.jsonl"], "");
    assert_eq!(verdicts(&output), ["refuse", "pass", "refuse"]);
    assert_eq!(lines(&output)[0]["expected"], "sqli");
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    let row = |start: &str| {
        let line = summary.lines().find(|line| line.starts_with(start));
        let words = line
            .unwrap_or_else(|| panic!("{summary}"))
            .split_whitespace();
        words.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("sqli a")[2..5], ["1", "1", "0"]);
    assert_eq!(row("legitimate b")[2..5], ["1", "0", "1"]);
    assert_eq!(row("all")[1..4], ["3", "2", "1"]);
}

#[test]
fn a_bad_line_is_named_and_the_rest_is_judged() {
    let folder = folder();
    let input = format!(
        "{{\"target\":\"/a\"}}\nnot json\n{}\n[]\n",
        json!({"target": "/", "body": ATTACK})
    );
    let output = scan(folder.path(), &["--requests", "-"], &input);
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        verdicts(&output),
        ["pass", "unreadable", "refuse", "unreadable"]
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("standard input:2: is not JSON"), "{told}");
    assert!(told.contains("standard input:4: "), "{told}");
}

#[test]
fn every_part_of_a_request_is_scanned() {
    let folder = folder();
    let encoded = "1%27%20or%20%271%27%3D%271";
    for (request, location) in [
        (json!({"target": format!("/a?id={encoded}")}), "query:id"),
        (json!({"target": format!("/a/{encoded}")}), "path:1"),
        (
            json!({"url": format!("https://a.test/a?id={encoded}")}),
            "query:id",
        ),
        (
            json!({"target": "/", "headers": {"Cookie": format!("s={ATTACK}")}}),
            "cookie:s",
        ),
        (
            json!({"target": "/", "headers": [["X-Id", ATTACK]]}),
            "header:x-id",
        ),
        (json!({"target": "/", "body": {"a": [ATTACK]}}), "json:/a/0"),
        (
            json!({
                "target": "/",
                "headers": {"content-type": "application/x-www-form-urlencoded"},
                "body": format!("a=b&id={encoded}"),
            }),
            "form:id",
        ),
        (
            // {"a":"1' or '1'='1"}
            json!({"target": "/", "body_base64": "eyJhIjoiMScgb3IgJzEnPScxIn0="}),
            "json:/a",
        ),
    ] {
        let output = scan(folder.path(), &["--requests", "-"], &request.to_string());
        let lines = lines(&output);
        assert_eq!(lines[0]["verdict"], "refuse", "{request}");
        assert_eq!(lines[0]["findings"][0]["location"], location, "{request}");
    }
    // {"note":"x' OR '1'='1' -- "} as gzip, and the same recorded behind its decoder.
    let gzip = "H4sIAAAAAAACA6tWyssvSVWyUqpQV/APUlA3VLcFYgVdXQWlWgAkoiz8HAAAAA==";
    let headers = json!({"content-encoding": "gzip", "content-type": "application/json"});
    let decoded = json!({"note": ATTACK}).to_string();
    for request in [
        json!({"target": "/", "headers": headers, "body_base64": gzip}),
        json!({"target": "/", "headers": headers, "body": decoded}),
        json!({"target": "/", "headers": {"content-encoding": "compress"}, "body": "x"}),
    ] {
        let output = scan(folder.path(), &["--requests", "-"], &request.to_string());
        assert_eq!(verdicts(&output), ["refuse"], "{request}");
    }
    let malformed = json!({
        "target": "/", "headers": {"content-type": "application/json"}, "body": "{\"a\":",
    });
    let output = scan(folder.path(), &["--requests", "-"], &malformed.to_string());
    assert_eq!(lines(&output)[0]["error"], "json-malformed");
    assert_eq!(verdicts(&output), ["refuse"]);
}

#[test]
fn an_archive_is_read() {
    let folder = folder();
    let entry = |url: &str| json!({"request": {"method": "GET", "url": url, "headers": []}});
    let archive = json!({"log": {"entries": [
        entry("https://a.test/?q=blue+shoes"),
        entry("https://a.test/?q=%3Cscript%3Ealert(1)%3C/script%3E"),
        {},
    ]}});
    let path = folder.path().join("s.har");
    std::fs::write(path, archive.to_string()).expect("written");
    let output = scan(folder.path(), &["--har", "s.har"], "");
    assert_eq!(verdicts(&output), ["pass", "refuse", "unreadable"]);
    assert_eq!(output.status.code(), Some(3));
    let output = scan(folder.path(), &["--har", "-"], "{}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn classes_and_strictness_are_the_callers() {
    let folder = folder();
    let run = |args: &[&str]| scan(folder.path(), &[&["--lines", "-"], args].concat(), ATTACK);
    assert_eq!(run(&["--strict"]).status.code(), Some(1));
    assert_eq!(
        run(&["--strict", "--classes", "xss"]).status.code(),
        Some(0)
    );
    assert_eq!(run(&["--classes", "nonsense"]).status.code(), Some(2));
    let quiet = run(&["--quiet"]);
    assert!(quiet.stdout.is_empty() && !quiet.stderr.is_empty());
    let refused = scan(
        folder.path(),
        &["--lines", "-", "--refused-only"],
        &format!("a\n{ATTACK}"),
    );
    assert_eq!(verdicts(&refused), ["refuse"]);
}

#[test]
fn a_policy_file_chooses_what_is_scanned_where() {
    let folder = folder();
    let policy = "version: 1\nunmatched: refuse\npolicies:\n  \
        shop: { inspect: { classes: [xss], headers: [x-note] } }\n  \
        bank: { inspect: { classes: [sqli] } }\n  \
        bare: { }\nroutes:\n  \
        - { match: { path_prefix: /shop }, policy: shop }\n  \
        - { match: { path_prefix: /bank }, policy: bank }\n  \
        - { match: { path_prefix: /bare }, policy: bare }\n";
    std::fs::write(folder.path().join("p.yaml"), policy).expect("written");
    let request = |path: &str| {
        json!({"target": path, "headers": {"x-note": "<script>alert(1)</script>"}, "body": ATTACK})
            .to_string()
    };
    let input = [
        request("/shop/1"),
        request("/bank"),
        request("/bare"),
        request("/other"),
    ]
    .join("\n");
    let run = |args: &[&str], input: &str| scan(folder.path(), args, input);
    let output = run(&["--requests", "-", "--policy", "p.yaml"], &input);
    let judged = lines(&output);
    let told = |place: usize| {
        let line = &judged[place];
        (
            line["verdict"].as_str().expect("a verdict"),
            line["policy"].as_str(),
            line["findings"][0]["location"].as_str(),
        )
    };
    assert_eq!(told(0), ("refuse", Some("shop"), Some("header:x-note")));
    assert_eq!(told(1), ("refuse", Some("bank"), Some("text")));
    assert_eq!(told(2), ("pass", Some("bare"), None));
    assert_eq!(told(3), ("refuse", None, None));
    assert_eq!(judged[3]["error"], "no-route");
    let as_shop = ["--policy", "p.yaml", "--route", "shop", "--lines", "-"];
    assert_eq!(verdicts(&run(&as_shop, ATTACK)), ["pass"]);
    for bad in [
        &["--policy", "p.yaml", "--lines", "-"][..],
        &["--policy", "p.yaml", "--route", "bare", "--lines", "-"],
        &["--policy", "nowhere.yaml", "--lines", "-"],
    ] {
        assert_eq!(run(bad, ATTACK).status.code(), Some(2), "{bad:?}");
    }
}

#[test]
fn suggested_exclusions_let_the_same_traffic_pass() {
    let folder = folder();
    let request = |note: &str| {
        json!({"target": "/a?q=1", "headers": {"cookie": format!("c={note}")},
            "body": {"items": [{"note": "x"}, {"note": note}]}})
        .to_string()
    };
    let traffic = request(ATTACK);
    let args = ["--requests", "-", "--suggest-exclusions"];
    let output = scan(folder.path(), &args, &traffic);
    let snippet = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(snippet.contains("json:/items/*/note"), "{snippet}");
    let indented: String = snippet
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    let policy = format!(
        "version: 1\nunmatched: refuse\npolicies:\n  a:\n    inspect:\n      paranoia: 1\n{indented}\
         routes:\n  - {{ match: {{ path_prefix: / }}, policy: a }}\n"
    );
    std::fs::write(folder.path().join("p.yaml"), policy).expect("written");
    let judge = |traffic: &str| {
        let args = ["--requests", "-", "--policy", "p.yaml"];
        verdicts(&scan(folder.path(), &args, traffic))
    };
    assert_eq!(judge(&traffic), ["pass"]);
    assert_eq!(
        judge(&traffic.replace("/a?q=1", "/a?q=1'+or+'1'='1")),
        ["refuse"]
    );
    let none = scan(folder.path(), &args, &request("plain"));
    assert!(String::from_utf8_lossy(&none.stdout).starts_with("# nothing"));
}
