//! From a value or a request to a verdict: extraction and scan as the gate does them.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use sealgate_engine::Gate;
use sealgate_scan::extract::{Codings, ExtractError};
use sealgate_scan::{
    Class, ClassSet, Field, Limits, Location, Paranoia, Report, ScanPolicy, Scanner, extract,
};
use serde_json::{Value, json};

use super::input::{Content, Label};
use super::request::Request;
use super::{Args, Place};
use crate::policy_file::PolicyFile;

/// Headers that carry nothing an application reads as data: framing, negotiation, credentials.
/// What the gate scans beside cookies is what its policy names; without a policy, all but these.
const FRAMING_HEADERS: [&str; 22] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "digest",
    "expect",
    "host",
    "if-match",
    "if-none-match",
    "pragma",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// What to look for, and where.
pub(crate) struct Judge {
    place: Place,
    settings: Settings,
    routed: Option<Routed>,
}

/// A policy file whose routes choose the settings of each request.
struct Routed(Gate);

struct Settings {
    scan: ScanPolicy,
    headers: Headers,
}

enum Headers {
    AllButFraming,
    These(Vec<String>),
    OfPolicy(Vec<String>),
}

/// What came of one item.
pub(crate) struct Verdict {
    pub(crate) report: Report,
    /// Why it could not be taken apart, or has no policy.
    pub(crate) error: Option<&'static str>,
    /// The policy that judged, when a file's routes chose it.
    policy: Option<String>,
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

impl Verdict {
    pub(crate) fn refused(&self) -> bool {
        self.error.is_some() || !self.report.is_clean()
    }

    /// The highest score of any class, findings too weak for the paranoia level included.
    fn score(&self) -> u8 {
        let scores = Class::ALL.map(|class| self.report.score(class));
        scores.into_iter().max().unwrap_or(0)
    }

    /// Class names and error codes, each once.
    pub(crate) fn reasons(&self) -> Vec<&str> {
        let mut reasons: Vec<&str> = self
            .report
            .findings
            .iter()
            .map(|finding| finding.class.name())
            .chain(self.error)
            .chain(self.report.exhausted.then_some("too-many-fields"))
            .collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }
}

impl Judge {
    pub(crate) fn new(args: &Args) -> Result<Self> {
        let Some(path) = &args.policy else {
            let mut scan = ScanPolicy::new(classes(&args.classes)?, Limits::default());
            scan.paranoia = Paranoia::from_level(args.paranoia).unwrap_or_default();
            return Ok(Self {
                place: args.place,
                settings: Settings {
                    scan,
                    headers: headers(&args.headers),
                },
                routed: None,
            });
        };
        let file = PolicyFile::read(path)?;
        let gate = Gate::compile(&file.json_without_secrets(), &file.materials());
        let Ok(gate) = gate else {
            bail!(
                "{0} does not compile; `sealgate check --without-secrets {0}` says why",
                path.display()
            );
        };
        let inspected: Vec<&str> = gate
            .policy_names()
            .filter(|name| gate.inspection(name).is_some())
            .collect();
        let name = match (&args.route, inspected.as_slice()) {
            (Some(name), _) => name.as_str(),
            (None, [only]) => only,
            (None, []) => bail!("no policy of the file has an `inspect` stage"),
            (None, several) if !args.lines.is_empty() => bail!(
                "values have no route: choose with --route one of {}",
                several.join(", ")
            ),
            (None, [first, ..]) => first,
        };
        let settings = Settings::of(&gate, name).with_context(|| {
            format!(
                "policy {name} has no `inspect` stage; these have one: {}",
                inspected.join(", ")
            )
        })?;
        Ok(Self {
            place: args.place,
            settings,
            routed: args.route.is_none().then_some(Routed(gate)),
        })
    }

    /// Takes one item apart and scans it.
    pub(crate) fn judge(&self, content: &Content) -> Verdict {
        let start = Instant::now();
        let judged = catch_unwind(AssertUnwindSafe(|| match content {
            Content::Value(value) => self.value(value),
            Content::Request(request) => self.request(request),
        }));
        // A bug of ours ends one verdict, as a refusal, and not the run.
        let mut verdict =
            judged.unwrap_or_else(|_| Verdict::unread(0, Some("scanner-panicked"), None));
        verdict.took = start.elapsed();
        verdict
    }

    fn value(&self, value: &[u8]) -> Verdict {
        let policy = &self.settings.scan;
        let mut scanner = Scanner::new(policy);
        let mut error = None;
        match self.place {
            Place::Value => scanner.field(Field::value(Location::Text, value)),
            Place::Json => {
                let body = json!({ "value": String::from_utf8_lossy(value) }).to_string();
                error = extract::json(body.as_bytes(), &policy.limits, &mut scanner).err();
            }
            Place::Query => extract::query(&pair(value), &mut scanner),
            Place::Form => extract::form(&pair(value), &mut scanner),
            Place::Path => extract::path(&escaped(value), &mut scanner),
            Place::Cookie => extract::cookies(&pair(value), &mut scanner),
            Place::Header => extract::header(b"x-value", value, &mut scanner),
        }
        Verdict {
            report: scanner.finish(),
            error: error.map(|error| error.code()),
            policy: None,
            bytes: value.len(),
            took: Duration::ZERO,
        }
    }

    fn request(&self, request: &Request) -> Verdict {
        match &self.routed {
            None => self.settings.request(request),
            Some(Routed(gate)) => {
                let (path, _) = request.path_and_query();
                let host = request.values("host").next().unwrap_or_default();
                match gate.policy_for(&request.method, path, host) {
                    Ok(Some(name)) => match Settings::of(gate, name) {
                        Some(settings) => Verdict {
                            policy: Some(name.to_owned()),
                            ..settings.request(request)
                        },
                        None => Verdict::unread(request.bytes(), None, Some(name)),
                    },
                    Ok(None) => Verdict::unread(request.bytes(), None, None),
                    Err(reason) => Verdict::unread(request.bytes(), Some(reason.code()), None),
                }
            }
        }
    }
}

impl Verdict {
    /// Nothing was scanned: no route, an open one, or a policy without `inspect`.
    fn unread(bytes: usize, error: Option<&'static str>, policy: Option<&str>) -> Self {
        Self {
            report: Report::default(),
            error,
            policy: policy.map(str::to_owned),
            bytes,
            took: Duration::ZERO,
        }
    }
}

impl Settings {
    fn of(gate: &Gate, policy: &str) -> Option<Self> {
        let inspection = gate.inspection(policy)?;
        Some(Self {
            scan: inspection.scan.clone(),
            headers: Headers::OfPolicy(inspection.headers.to_vec()),
        })
    }

    fn request(&self, request: &Request) -> Verdict {
        let mut scanner = Scanner::new(&self.scan);
        let (path, query) = request.path_and_query();
        extract::path(path.as_bytes(), &mut scanner);
        extract::query(query.unwrap_or_default().as_bytes(), &mut scanner);
        let mut bytes = request.bytes();
        for (name, value) in &request.headers {
            if name == "cookie" {
                extract::cookies(value.as_bytes(), &mut scanner);
            } else if self.headers.contain(name) {
                extract::header(name.as_bytes(), value.as_bytes(), &mut scanner);
            } else {
                continue;
            }
            bytes = bytes.saturating_add(value.len());
        }
        let kind = request.values("content-type").next().unwrap_or_default();
        let limits = &self.scan.limits;
        let body = plain_body(request, limits).and_then(|body| {
            extract::body(kind.as_bytes(), &body, limits, &mut scanner).map(|_| ())
        });
        // A gate refuses such a path before it scans; without a policy there is no gate.
        let ambiguous = matches!(self.headers, Headers::OfPolicy(_))
            && !sealgate_engine::path_has_one_reading(path.as_bytes());
        let error = body.err().map(|error| error.code());
        Verdict {
            report: scanner.finish(),
            error: error.or(ambiguous.then_some("ambiguous-path")),
            policy: None,
            bytes,
            took: Duration::ZERO,
        }
    }
}

impl Headers {
    fn contain(&self, name: &str) -> bool {
        match self {
            Self::AllButFraming => !FRAMING_HEADERS.contains(&name),
            Self::These(names) | Self::OfPolicy(names) => names.iter().any(|one| one == name),
        }
    }
}

/// The body without its content coding. Recorders often keep the header and decode the body: text
/// that is no compressed data is taken as it is.
fn plain_body<'r>(request: &'r Request, limits: &Limits) -> Result<Cow<'r, [u8]>, ExtractError> {
    let coding = request.values("content-encoding").next();
    let codings = Codings::parse(coding.unwrap_or_default().as_bytes(), limits)?;
    if codings.is_identity() || request.body.is_empty() {
        return Ok(Cow::Borrowed(&request.body));
    }
    match extract::decoded(&codings, &request.body, limits) {
        Err(ExtractError::MalformedCoding) if std::str::from_utf8(&request.body).is_ok() => {
            Ok(Cow::Borrowed(&request.body))
        }
        decoded => decoded.map(Cow::Owned),
    }
}

/// The output line of one item.
pub(crate) fn line(
    place: usize,
    label: Option<&Label>,
    verdict: &Result<Verdict, String>,
) -> Value {
    let mut line = match verdict {
        Err(problem) => json!({ "line": place, "verdict": "unreadable", "problem": problem }),
        Ok(verdict) => {
            let findings: Vec<Value> = verdict
                .report
                .findings
                .iter()
                .map(|finding| {
                    json!({
                        "class": finding.class.name(),
                        "rule": finding.detector,
                        "score": finding.score,
                        "location": finding.location.to_string(),
                        "form": finding.form.to_string(),
                        "offset": finding.offset,
                        "length": finding.length,
                    })
                })
                .collect();
            json!({
                "line": place,
                "verdict": if verdict.refused() { "refuse" } else { "pass" },
                "score": verdict.score(),
                "findings": findings,
            })
        }
    };
    let mut member = |name: &str, value: Option<&str>| {
        if let (Some(value), Value::Object(members)) = (value, &mut line) {
            members.insert(name.to_owned(), value.into());
        }
    };
    if let Ok(verdict) = verdict {
        member("error", verdict.error);
        member("policy", verdict.policy.as_deref());
    }
    member("expected", label.map(|label| label.class.as_str()));
    member("source", label.and_then(|label| label.source.as_deref()));
    line
}

fn classes(names: &[String]) -> Result<ClassSet> {
    if names.is_empty() {
        return Ok(ClassSet::standard());
    }
    let mut set = ClassSet::EMPTY;
    for name in names {
        let class = Class::from_name(name.trim()).with_context(|| {
            let known: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
            format!("{name} is no class; these are: {}", known.join(", "))
        })?;
        set.insert(class);
    }
    Ok(set)
}

fn headers(names: &[String]) -> Headers {
    match names {
        [] => Headers::AllButFraming,
        [all] if all == "all" => Headers::AllButFraming,
        [none] if none == "none" => Headers::These(Vec::new()),
        names => Headers::These(
            names
                .iter()
                .map(|name| name.trim().to_ascii_lowercase())
                .collect(),
        ),
    }
}

/// `value=...`, percent-encoded.
fn pair(value: &[u8]) -> Vec<u8> {
    [b"value=".as_slice(), &escaped(value)].concat()
}

/// Everything but letters and digits percent-encoded: what a client library sends.
fn escaped(value: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut text = Vec::with_capacity(value.len().saturating_mul(2));
    for byte in value {
        if byte.is_ascii_alphanumeric() {
            text.push(*byte);
        } else {
            text.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    text
}
