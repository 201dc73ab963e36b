//! Measures the scanner on a directory of corpora: `--corpus DIR [--show CLASS] [--limit N]`, or
//! prints what is flagged of a file with one value a line: `--lines FILE`.
//!
//! `attacks.jsonl` and `legitimate.jsonl` hold `{"value","class","source"}` a line, `api-*.jsonl`
//! hold `{"method","target","headers","body"}`. Values are scanned as a JSON leaf. `--show` prints
//! the attacks of a class (or `legitimate`, `api`) that got the wrong verdict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use sealgate_scan::{Field, Limits, Location, Report, ScanPolicy, Scanner, extract, scan};
use serde_json::Value;

fn main() {
    let mut options = Options::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || {
            arguments
                .next()
                .unwrap_or_else(|| panic!("{argument} needs a value"))
        };
        match argument.as_str() {
            "--corpus" => options.corpus = next().into(),
            "--lines" => options.lines.push(next().into()),
            "--show" => options.show = next(),
            "--limit" => options.limit = next().parse().expect("--limit is a number"),
            _ => panic!("unknown argument {argument}"),
        }
    }
    options.lines.iter().for_each(|file| lines(file));
    if options.corpus.as_os_str().is_empty() {
        return;
    }
    values(&options, "attacks.jsonl", true);
    values(&options, "legitimate.jsonl", false);
    requests(&options, "api-requests.jsonl");
    requests(&options, "api-documents.jsonl");
}

#[derive(Default)]
struct Options {
    corpus: PathBuf,
    lines: Vec<PathBuf>,
    show: String,
    limit: usize,
}

/// Prints every line of a file that is flagged: for texts that should not be.
fn lines(file: &Path) {
    let text = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (mut total, mut flagged) = (0, 0);
    for line in text.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        total += 1;
        let report = scan(
            &[Field::value(Location::Text, line)],
            &ScanPolicy::default(),
        );
        if let Some(finding) = report.findings.first() {
            flagged += 1;
            println!(
                "  {}: {:?}",
                finding.detector,
                String::from_utf8_lossy(line)
            );
        }
    }
    println!("{}: {flagged} of {total} flagged", file.display());
}

#[derive(Default)]
struct Tally {
    rows: usize,
    hit: usize,
}

/// Any finding counts for a legitimate row; an attack counts when a finding is there at all.
fn values(options: &Options, file: &str, attacks: bool) {
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    let mut detectors: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut bytes, mut shown, mut lost) = (0, 0, 0);
    let start = Instant::now();
    for row in rows(&options.corpus.join(file)) {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let (value, class, source) = (text("value"), text("class"), text("source"));
        bytes += value.len();
        let report = leaf(&value);
        let cores = libinjectionrs::detect_sqli(value.as_bytes()).is_injection()
            || libinjectionrs::detect_xss(value.as_bytes()).is_injection();
        if cores && report.findings.is_empty() {
            lost += 1;
            println!("  lost against the cores: {source} {value:?}");
        }
        let tally = tallies.entry((class.clone(), source.clone())).or_default();
        tally.rows += 1;
        tally.hit += usize::from(!report.findings.is_empty());
        for finding in &report.findings {
            *detectors.entry(finding.detector).or_default() += 1;
        }
        if report.findings.iter().any(|f| f.detector == options.show) && shown < options.limit {
            shown += 1;
            println!("  {source} {class} {value:?}");
        }
        let wrong = report.findings.is_empty() == attacks;
        if wrong && class == options.show && shown < options.limit {
            shown += 1;
            let detector = report.findings.first().map_or("-", |f| f.detector);
            println!("  {source} {detector}: {value:?}");
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{file}: {:.1} MB/s, {lost} lost",
        bytes as f64 / 1e6 / seconds
    );
    for ((class, source), Tally { rows, hit }) in &tallies {
        let percent = 100.0 * *hit as f64 / *rows as f64;
        println!("  {class:15} {source:30} {hit:6} of {rows:6} flagged {percent:7.3} %");
    }
    println!("  detectors: {detectors:?}");
}

fn requests(options: &Options, file: &str) {
    let (mut total, mut flagged, mut bytes) = (0, 0, 0);
    let start = Instant::now();
    for row in rows(&options.corpus.join(file)) {
        let report = request(&row);
        total += 1;
        bytes += report.bytes_scanned;
        if !report.is_clean() {
            flagged += 1;
            if options.show == "api" {
                println!("  {} {:?}", row["target"], report.findings);
            }
        }
    }
    let rate = bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    println!("{file}: {flagged} of {total} flagged; {rate:.1} MB/s of values, parsing included");
}

fn leaf(value: &str) -> Report {
    let body = serde_json::to_vec(&Value::String(value.to_owned())).expect("a string serialises");
    let policy = ScanPolicy::default();
    let mut scanner = Scanner::new(&policy);
    extract::json(&body, &policy.limits, &mut scanner).expect("we wrote valid JSON");
    let report = scanner.finish();
    let direct = scan(&[Field::value(Location::Text, value.as_bytes())], &policy);
    assert_eq!(direct.findings.len(), report.findings.len(), "{value:?}");
    report
}

fn request(row: &Value) -> Report {
    let mut scanner = Scanner::new(&ScanPolicy::default());
    let target = row["target"].as_str().unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    extract::path(path.as_bytes(), &mut scanner);
    extract::query(query.as_bytes(), &mut scanner);
    let mut content_type = "";
    for header in row["headers"].as_array().into_iter().flatten() {
        let (name, value) = (
            header[0].as_str().unwrap_or(""),
            header[1].as_str().unwrap_or(""),
        );
        if name.eq_ignore_ascii_case("content-type") {
            content_type = value;
        } else {
            extract::header(name.as_bytes(), value.as_bytes(), &mut scanner);
        }
    }
    let body = row["body"].as_str().unwrap_or_default().as_bytes();
    let limits = Limits::default();
    if let Err(error) = extract::body(content_type.as_bytes(), body, &limits, &mut scanner) {
        println!("  {target}: {error}");
    }
    scanner.finish()
}

fn rows(path: &Path) -> Vec<Value> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a JSON object a line"))
        .collect()
}
