//! Measures the scanner on a directory of corpora: `--corpus DIR [--mislabelled FILE] [--show CLASS]
//! [--limit N]`, or prints what is flagged of a file with one value a line: `--lines FILE`, or of one
//! with legitimate requests, by part in a thousand: `--requests FILE`.
//!
//! `attacks.jsonl` and `legitimate.jsonl` hold `{"value","class","source"}` a line, `api-*.jsonl`
//! hold `{"method","target","headers","body"}`. Values are scanned as a JSON leaf, a query value and
//! a form value. `--mislabelled` leaves out the rows whose hashes the file lists. `--show` prints the
//! rows of a class (or `legitimate`, `api`, a rule) that got the wrong verdict.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

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
            "--requests" => options.requests.push(next().into()),
            "--mislabelled" => options.mislabelled = Some(next().into()),
            "--show" => options.show = next(),
            "--limit" => options.limit = next().parse().expect("--limit is a number"),
            _ => panic!("unknown argument {argument}"),
        }
    }
    options.lines.iter().for_each(|file| lines(file));
    let requests_of = |file: &PathBuf| requests(&options, file);
    options.requests.iter().for_each(requests_of);
    if options.corpus.as_os_str().is_empty() {
        return;
    }
    values(&options, "attacks.jsonl", true);
    values(&options, "legitimate.jsonl", false);
    requests(&options, &options.corpus.join("api-requests.jsonl"));
    requests(&options, &options.corpus.join("api-documents.jsonl"));
}

#[derive(Default)]
struct Options {
    corpus: PathBuf,
    lines: Vec<PathBuf>,
    requests: Vec<PathBuf>,
    mislabelled: Option<PathBuf>,
    show: String,
    limit: usize,
}

impl Options {
    /// The hashes in the list: every word of 16 hexadecimal digits.
    fn mislabelled(&self) -> HashSet<String> {
        let text = self.mislabelled.as_ref().map(|file| {
            std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
        });
        text.unwrap_or_default()
            .split_whitespace()
            .filter(|word| word.len() == 16 && word.bytes().all(|b| b.is_ascii_hexdigit()))
            .map(str::to_owned)
            .collect()
    }
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
    /// Flagged in every place.
    hit: usize,
    /// Rows whose label is judged wrong, which the rates leave out.
    mislabelled: usize,
}

impl Tally {
    fn rate(&self) -> f64 {
        100.0 * self.hit as f64 / self.rows.max(1) as f64
    }
}

/// Any finding counts for a legitimate row, in any place; an attack has to be seen in all of them.
fn values(options: &Options, file: &str, attacks: bool) {
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    let mut detectors: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shown = 0;
    let mislabelled = options.mislabelled();
    for row in rows(&options.corpus.join(file)) {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let (value, class, source) = (text("value"), text("class"), text("source"));
        let reports = places(&value);
        let flagged = reports.iter().filter(|r| !r.findings.is_empty()).count();
        let hit = if attacks {
            flagged == reports.len()
        } else {
            flagged > 0
        };
        let [report, ..] = &reports;
        let tally = tallies.entry((class.clone(), source.clone())).or_default();
        if mislabelled.contains(&hash(&source, &value)) {
            tally.mislabelled += 1;
            continue;
        }
        tally.rows += 1;
        tally.hit += usize::from(hit);
        for finding in &report.findings {
            *detectors.entry(finding.detector).or_default() += 1;
        }
        let asked =
            class == options.show || report.findings.iter().any(|f| f.detector == options.show);
        if asked && hit != attacks && shown < options.limit {
            shown += 1;
            let detector = reports
                .iter()
                .flat_map(|r| &r.findings)
                .next()
                .map_or("-", |f| f.detector);
            println!(
                "  {} {source} {detector} {flagged}: {value:?}",
                hash(&source, &value)
            );
        }
    }
    println!("{file}");
    let mut classes: BTreeMap<&str, Tally> = BTreeMap::new();
    for ((class, source), tally) in &tallies {
        let Tally {
            rows,
            hit,
            mislabelled,
        } = tally;
        let rate = tally.rate();
        println!(
            "  {class:15} {source:30} {hit:6} of {rows:6} flagged {rate:7.3} %   {mislabelled} mislabelled"
        );
        let of_class = classes.entry(class).or_default();
        of_class.rows += rows;
        of_class.hit += hit;
    }
    let (rows, hit) = classes
        .values()
        .fold((0, 0), |(r, h), t| (r + t.rows, h + t.hit));
    let average = classes.values().map(Tally::rate).sum::<f64>() / classes.len().max(1) as f64;
    let all = Tally {
        rows,
        hit,
        mislabelled: 0,
    }
    .rate();
    println!("  all: {hit} of {rows} flagged {all:.3} %, average of classes {average:.3} %");
    println!("  rules: {detectors:?}");
}

/// The value as a JSON leaf, a query value and a form value.
fn places(value: &str) -> [Report; 3] {
    let encoded: String = value
        .bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    let pair = format!("v={encoded}");
    let form = "application/x-www-form-urlencoded";
    let scanned = |extract: &dyn Fn(&mut Scanner)| {
        let mut scanner = Scanner::new(&ScanPolicy::default());
        extract(&mut scanner);
        scanner.finish()
    };
    [
        leaf(value),
        scanned(&|scanner| extract::query(pair.as_bytes(), scanner)),
        scanned(&|scanner| {
            extract::body(
                form.as_bytes(),
                pair.as_bytes(),
                &Limits::default(),
                scanner,
            )
            .expect("we wrote a valid form");
        }),
    ]
}

/// Names a row without showing it: source and value under FNV-1a, in the 16 digits that
/// `docs/corpora-mislabelled.md` lists.
fn hash(source: &str, value: &str) -> String {
    let bytes = source.bytes().chain([0]).chain(value.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn requests(options: &Options, file: &Path) {
    let rows = rows(file);
    let (mut flagged, mut bytes) = (0, 0);
    let start = processor_seconds();
    let reports: Vec<Report> = rows.iter().map(request).collect();
    let seconds = processor_seconds() - start;
    for (row, report) in rows.iter().zip(&reports) {
        bytes += row["body"].as_str().map_or(0, str::len);
        if !report.is_clean() {
            flagged += 1;
            if options.show == "api" {
                println!("  {} {:?}", row["target"], report.findings);
            }
        }
    }
    println!(
        "{}: {flagged} of {} flagged, {:.3} %; {:.1} MB/s of bodies, parsing included",
        file.display(),
        rows.len(),
        100.0 * f64::from(flagged) / rows.len().max(1) as f64,
        bytes as f64 / 1e6 / seconds
    );
}

/// Time on a processor so far: others work on this machine, too.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds = text.split_whitespace().next().and_then(|n| n.parse().ok());
    nanoseconds.map_or(0.0, |n: f64| n / 1e9)
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
