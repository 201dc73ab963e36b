//! Compares the SQL and XSS detectors with the C libinjection: no text that C convicts may be without
//! a finding of ours, of SQL at paranoia 2, of XSS at paranoia 3
//! (docs/decisions/0014-what-libinjection-may-say.md).
//!
//! `differential --peer PROGRAM [--corpus DIR] [--inputs N] [--seed N] [--show N]`. The peer is
//! `tests/peers/modsecurity.c`, which Debian's libmodsecurity lends its libinjection. Inputs are put
//! together from the tokens both languages have, and are rows of the corpora with bytes changed.

use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

use sealgate_scan::{Class, Field, Location, Paranoia, ScanPolicy, scan};

const BATCH: usize = 4096;

fn main() -> ExitCode {
    let options = Options::read();
    let mut peer = Peer::start(&options.peer);
    let mut tally = Tally::default();
    let rows = options.rows();
    for batch in rows.chunks(BATCH) {
        tally.compare(&mut peer, batch, options.show);
    }
    tally.print("rows of the corpora");
    let mut lost = tally.lost();
    let mut random = Random(options.seed | 1);
    let mut tally = Tally::default();
    while tally.inputs < options.inputs {
        let batch: Vec<Vec<u8>> = (0..BATCH).map(|_| random.input(&rows)).collect();
        tally.compare(&mut peer, &batch, options.show);
    }
    tally.print("generated inputs");
    peer.end();
    lost += tally.lost();
    if lost > 0 {
        eprintln!("{lost} verdicts of the C library are lost");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

struct Options {
    peer: PathBuf,
    corpus: Option<PathBuf>,
    inputs: usize,
    seed: u64,
    show: usize,
}

impl Options {
    fn read() -> Self {
        let mut options = Self {
            peer: PathBuf::new(),
            corpus: None,
            inputs: 100_000,
            seed: 0x5ea1_6a7e,
            show: 20,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let value = arguments
                .next()
                .unwrap_or_else(|| panic!("{argument} needs a value"));
            let number = || {
                value
                    .parse()
                    .unwrap_or_else(|_| panic!("{value}: a number"))
            };
            match argument.as_str() {
                "--peer" => options.peer = value.into(),
                "--corpus" => options.corpus = Some(value.into()),
                "--inputs" => options.inputs = number(),
                "--seed" => options.seed = value.parse().expect("a number"),
                "--show" => options.show = number(),
                _ => panic!("unknown argument {argument}"),
            }
        }
        options
    }

    /// Attacks and legitimate values of the corpora.
    fn rows(&self) -> Vec<Vec<u8>> {
        let files = ["attacks.jsonl", "legitimate.jsonl"];
        let folder = self.corpus.iter();
        folder
            .flat_map(|folder| files.map(|file| folder.join(file)))
            .flat_map(|file| {
                let text = std::fs::read_to_string(&file)
                    .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
                text.lines()
                    .map(|line| {
                        let row: serde_json::Value =
                            serde_json::from_str(line).expect("a JSON object a line");
                        row["value"].as_str().unwrap_or_default().into()
                    })
                    .collect::<Vec<Vec<u8>>>()
            })
            .collect()
    }
}

/// The C library in a process of its own.
struct Peer {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start(program: &PathBuf) -> Self {
        let mut process = Command::new(program)
            .arg("libinjection")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Self {
            input: process.stdin.take().expect("piped"),
            output: BufReader::new(process.stdout.take().expect("piped")),
            process,
        }
    }

    /// Ends the process: without input there is nothing left to answer.
    fn end(mut self) {
        drop(self.input);
        self.process.wait().expect("the peer ends");
    }

    /// Whether C sees SQL injection and XSS in each text.
    fn verdicts(&mut self, texts: &[Vec<u8>]) -> Vec<(bool, bool)> {
        let mut records = Vec::new();
        for text in texts {
            // An empty record ends the batch; C finds nothing in an empty text.
            let text: &[u8] = if text.is_empty() { b" " } else { text };
            records.extend((text.len() as u32).to_le_bytes());
            records.extend(text);
        }
        records.extend(0u32.to_le_bytes());
        self.input.write_all(&records).expect("the peer reads");
        self.input.flush().expect("the peer reads");
        let mut bits = vec![0; texts.len() + 1];
        self.output.read_exact(&mut bits).expect("the peer answers");
        bits.truncate(texts.len());
        bits.iter().map(|b| (b & 1 != 0, b & 2 != 0)).collect()
    }
}

#[derive(Default)]
struct Tally {
    inputs: usize,
    /// By C, and of these without a finding of ours: SQL, XSS.
    convicted: [usize; 2],
    missed: [usize; 2],
    shown: usize,
}

impl Tally {
    fn compare(&mut self, peer: &mut Peer, texts: &[Vec<u8>], show: usize) {
        let verdicts = peer.verdicts(texts);
        for (text, (sqli, xss)) in texts.iter().zip(verdicts) {
            self.inputs += 1;
            if !sqli && !xss {
                continue;
            }
            let mut policy = ScanPolicy::default();
            policy.paranoia = Paranoia::Three;
            let report = scan(&[Field::value(Location::Text, text)], &policy);
            let enough = |class| match class {
                Class::Sqli => report.score(class) >= Paranoia::Two.threshold(),
                _ => report.score(class) >= Paranoia::Three.threshold(),
            };
            for (index, (convicted, class)) in [(sqli, Class::Sqli), (xss, Class::Xss)]
                .into_iter()
                .enumerate()
            {
                self.convicted[index] += usize::from(convicted);
                if convicted && !enough(class) {
                    self.missed[index] += 1;
                    if self.shown < show {
                        self.shown += 1;
                        println!("  {class}: {:?}", String::from_utf8_lossy(text));
                    }
                }
            }
        }
    }

    fn lost(&self) -> usize {
        self.missed.iter().sum()
    }

    fn print(&self, what: &str) {
        let [sqli, xss] = self.convicted;
        let [sqli_lost, xss_lost] = self.missed;
        println!(
            "{} {what}: C convicts {sqli} of SQL injection, {sqli_lost} lost; {xss} of XSS, {xss_lost} lost",
            self.inputs
        );
    }
}

/// Xorshift: the same inputs from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound.max(1)
    }

    fn input(&mut self, rows: &[Vec<u8>]) -> Vec<u8> {
        match self.below(4) {
            0 if !rows.is_empty() => self.changed(rows),
            1 => self.sentence(HTML),
            _ => self.sentence(SQL),
        }
    }

    /// Tokens in any order, with or without a space between them.
    fn sentence(&mut self, tokens: &[&str]) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..1 + self.below(9) {
            text.extend(tokens[self.below(tokens.len())].as_bytes());
            if self.below(2) == 0 {
                text.push(b' ');
            }
        }
        text
    }

    /// A row with a few bytes changed, taken out, doubled, or the tail of another.
    fn changed(&mut self, rows: &[Vec<u8>]) -> Vec<u8> {
        let mut text = rows[self.below(rows.len())].clone();
        for _ in 0..1 + self.below(3) {
            let at = self.below(text.len() + 1);
            match self.below(4) {
                0 if at < text.len() => text[at] = MARKS[self.below(MARKS.len())],
                1 if at < text.len() => {
                    text.remove(at);
                }
                2 => text.insert(at, MARKS[self.below(MARKS.len())]),
                _ => {
                    let other = &rows[self.below(rows.len())];
                    text.truncate(at);
                    text.extend(&other[self.below(other.len() + 1)..]);
                }
            }
        }
        text
    }
}

/// Bytes that separate or quote in one of the languages.
const MARKS: &[u8] = b" '\"()-/*#;=<>@`,.\\\0\n";

#[rustfmt::skip]
const SQL: &[&str] = &[
    "1", "0x1f", "1.5", "'", "\"", "`", "'a'", "\"b\"", "(", ")", ",", ";", "--", "#", "/*", "*/",
    "/*!", "=", "<", ">", "<>", "!=", ":=", "<=>", "||", "&&", "|", "&", "^", "~", "!", "+", "-",
    "*", "/", "%", "@", "@@", "@@version", "@v", "{", "}", ".", "\\", "\\'", "''", "a", "users",
    "or", "and", "xor", "not", "not in", "is", "is null", "is not null", "like", "not like",
    "rlike", "regexp", "between", "in", "in boolean mode", "div", "mod", "select", "union",
    "union all", "union select", "from", "where", "having", "group by", "order by", "limit 1",
    "insert", "update", "delete", "drop", "table", "create", "exec", "declare", "if", "case",
    "when", "then", "else", "end", "sleep(1)", "concat(", "char(", "collate", "n'", "null",
    "sounds like",
];

#[rustfmt::skip]
const HTML: &[&str] = &[
    "<", ">", "</", "/>", "<!--", "-->", "<!", "<?", "<%", "<a", "<b", "<script", "<svg", "<img",
    "<style", "<iframe", "<xss", "<xml", "<!doctype", "<!entity", "<![CDATA[", "]]>", "=", "'",
    "\"", "`", "/", "href=", "src=", "style=", "xmlns=", "xlink:href=", "onload=", "onerror=",
    "on", "formaction=", "dataformatas=", "attributename=", "javascript:", "data:", "vbscript:",
    "view-source:", "&#106;avascript:", "&#x6a;", "java\tscript:", "x", "1", "alert(1)", "import",
    "\u{0}", "\n", "\u{b}", "[if", "<?import", "action=", "by=",
];
