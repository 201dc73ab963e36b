//! `sealgate scan`: the scanner over recorded values and requests, without a gate around it.

mod input;
mod judge;
mod request;
mod suggest;
mod tally;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ArgGroup;

use self::input::{Item, Source};
use self::judge::Judge;
use self::suggest::Suggestions;
use self::tally::Tally;

#[derive(clap::Args)]
#[command(
    group = ArgGroup::new("input").required(true).multiple(true).args(["lines", "requests", "har"]),
    after_help = HELP
)]
pub(crate) struct Args {
    /// Values to scan, one a line; a file that ends in .jsonl holds {"value": ...} a line
    #[arg(long, value_name = "FILE")]
    lines: Vec<PathBuf>,

    /// Requests to scan, one JSON object a line (members below)
    #[arg(long, value_name = "FILE")]
    requests: Vec<PathBuf>,

    /// Requests to scan, as a browser or proxy recorded them (HTTP Archive)
    #[arg(long, value_name = "FILE")]
    har: Vec<PathBuf>,

    /// Where in a request a value of --lines is taken to be
    #[arg(long = "as", value_name = "PLACE", value_enum, default_value_t = Place::Value)]
    place: Place,

    /// Attack classes to look for, with commas between them; all that are on by default if left out
    #[arg(
        long,
        value_name = "CLASSES",
        value_delimiter = ',',
        conflicts_with = "policy"
    )]
    classes: Vec<String>,

    /// How little evidence refuses, 1 to 4
    #[arg(
        long,
        value_name = "LEVEL",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=4),
        conflicts_with = "policy"
    )]
    paranoia: u32,

    /// Request headers to scan: `all` but those that only frame a message, `none`, or names
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        conflicts_with = "policy"
    )]
    headers: Vec<String>,

    /// Scan as the `inspect` stage of this policy file does
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,

    /// Which policy of the file, instead of the one its routes give a request
    #[arg(long, value_name = "NAME", requires = "policy")]
    route: Option<String>,

    /// Print, instead of verdicts, the `exclude` entries of a policy that would let all of this pass:
    /// for legitimate traffic that you know
    #[arg(long, conflicts_with_all = ["quiet", "refused_only"])]
    suggest_exclusions: bool,

    /// Print the summary only
    #[arg(long, short)]
    quiet: bool,

    /// Print only what was refused, and lines that could not be read
    #[arg(long, conflicts_with = "quiet")]
    refused_only: bool,

    /// Exit with 1 when something was refused
    #[arg(long)]
    strict: bool,
}

/// Where a value of `--lines` is.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Place {
    /// A value as the application sees it, in no container
    Value,
    /// A string in a JSON body: {"value": "..."}
    Json,
    /// A query parameter: ?value=...
    Query,
    /// A field of a form: value=...
    Form,
    /// A segment of the path
    Path,
    /// A cookie: value=...
    Cookie,
    /// A header field
    Header,
}

const HELP: &str = "\
Input (`-` is standard input):
  --lines     text: each line is one value, byte for byte, without its end of line. A .jsonl file holds
              {\"value\": \"...\"} or a JSON string a line; its `class` and `source`, if any, are repeated in
              the output and counted apart in the summary.
  --requests  {\"method\": \"POST\", \"target\": \"/a?b=c\", \"headers\": {\"content-type\": \"...\"}, \"body\": \"...\"}
              method       default GET, or POST with a body
              target       path and query, or a whole URL; `url` and `path` are taken too
              headers      an object, or a list of [name, value] pairs; a value may be a list
              body         text; an object or array is written out as JSON
              body_base64  bytes, as base64 (`body` with `\"body_encoding\": \"base64\"` is taken too)
              A body under a `content-encoding` header is decoded, unless it was recorded decoded.
  --har       log.entries[].request; a base64 `postData` is decoded.

Output, one JSON object a line on standard output:
  {\"line\":7,\"verdict\":\"refuse\",\"score\":9,\"findings\":[{\"class\":\"sqli\",\"rule\":\"...\",\"score\":9,
   \"location\":\"query:id\",\"form\":\"raw\",\"offset\":0,\"length\":12}]}
  verdict   `pass`; `refuse`, for what a gate with this policy would not let through; `unreadable`,
            for a line that is not what the option says, with `problem`.
  error     why a request could not be taken apart (`json-malformed`, ...), which refuses it.
  form      the decodings that were undone before the rule saw it; offset and length are in that text.
  A value is never printed, only where it was. The summary goes to standard error.

Exit codes: 0 everything was read, whatever the verdicts; 1 something was refused, and --strict was
given; 2 nothing could be done; 3 some lines were unreadable, and the rest was judged.

Examples:
  sealgate scan --lines payloads.txt --as query --refused-only
  sealgate scan --lines attacks.jsonl --as json --quiet
  sealgate scan --requests recorded.jsonl --policy policy.yaml --strict
  printf '%s\\n' \"1' or '1'='1\" | sealgate scan --lines - | jq .findings
  sealgate scan --har session.har --classes sqli,xss
  sealgate scan --requests a-week-of-traffic.jsonl --suggest-exclusions >> policy.yaml";

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let judge = Judge::new(args)?;
    let mut output = Output::new(args);
    let sources = args
        .lines
        .iter()
        .map(|file| Source::Lines(file))
        .chain(args.requests.iter().map(|file| Source::Requests(file)))
        .chain(args.har.iter().map(|file| Source::Har(file)));
    let mut sources: Vec<Source<'_>> = sources.collect();
    if sources.iter().filter(|source| source.is_stdin()).count() > 1 {
        bail!("standard input can be read once: one `-`");
    }
    for source in sources.drain(..) {
        source.each(|place, item| output.item(&judge, source, place, item))?;
    }
    output.end(args)
}

/// The lines on standard output, and the counts behind the summary.
struct Output {
    lines: BufWriter<std::io::StdoutLock<'static>>,
    prints: Prints,
    tally: Tally,
    suggestions: Suggestions,
    started: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Prints {
    All,
    Refused,
    Nothing,
}

impl Output {
    fn new(args: &Args) -> Self {
        Self {
            lines: BufWriter::with_capacity(1 << 16, std::io::stdout().lock()),
            prints: match (args.quiet || args.suggest_exclusions, args.refused_only) {
                (true, _) => Prints::Nothing,
                (_, true) => Prints::Refused,
                _ => Prints::All,
            },
            tally: Tally::default(),
            suggestions: Suggestions::default(),
            started: Instant::now(),
        }
    }

    /// Judges one item and prints what came of it.
    fn item(
        &mut self,
        judge: &Judge,
        source: Source<'_>,
        place: usize,
        item: Result<Item, String>,
    ) -> Result<()> {
        let (label, verdict) = match item {
            Ok(Item { label, content }) => (label, Ok(judge.judge(&content))),
            Err(problem) => {
                self.lines.flush()?;
                anstream::eprintln!("{source}:{place}: {problem}");
                (None, Err(problem))
            }
        };
        self.tally.count(label.as_ref(), &verdict);
        if let Ok(verdict) = &verdict {
            self.suggestions.learn(&verdict.report);
        }
        let wanted = match self.prints {
            Prints::All => true,
            Prints::Refused => verdict.as_ref().map_or(true, |verdict| verdict.refused()),
            Prints::Nothing => false,
        };
        if wanted {
            let line = judge::line(place, label.as_ref(), &verdict);
            serde_json::to_writer(&mut self.lines, &line)?;
            self.lines.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(mut self, args: &Args) -> Result<ExitCode> {
        if args.suggest_exclusions {
            self.suggestions.write(&mut self.lines)?;
        }
        self.lines.flush()?;
        self.tally.print(self.started.elapsed());
        Ok(if self.tally.unreadable() > 0 {
            ExitCode::from(3)
        } else if args.strict && self.tally.refused() > 0 {
            ExitCode::from(1)
        } else {
            ExitCode::SUCCESS
        })
    }
}
