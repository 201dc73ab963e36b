//! What is scanned: values and requests, read line by line from files or standard input.

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::request::Request;

/// One file, and how it is read.
#[derive(Clone, Copy)]
pub(crate) enum Source<'p> {
    /// Values, one a line.
    Lines(&'p Path),
    /// Requests as JSON objects, one a line.
    Requests(&'p Path),
    /// One HTTP Archive.
    Har(&'p Path),
}

/// What is judged at once.
pub(crate) struct Item {
    /// What the line says of itself, if anything.
    pub(crate) label: Option<Label>,
    pub(crate) content: Content,
}

/// The labels of a corpus line, repeated in the output.
pub(crate) struct Label {
    pub(crate) class: String,
    pub(crate) source: Option<String>,
}

pub(crate) enum Content {
    Value(Vec<u8>),
    Request(Box<Request>),
}

impl Source<'_> {
    pub(crate) fn is_stdin(self) -> bool {
        self.path() == Path::new("-")
    }

    /// Calls `item` with the number of each line or entry, from 1, and what is in it, or why that
    /// cannot be read. Blank lines of JSON files are skipped.
    ///
    /// # Errors
    /// When the file cannot be read, or `item` fails.
    pub(crate) fn each(
        self,
        mut item: impl FnMut(usize, Result<Item, String>) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Lines(path) if path.extension().is_some_and(|end| end == "jsonl") => {
                self.json_lines(|place, value| item(place, value.and_then(labelled_value)))
            }
            Self::Lines(_) => self.raw_lines(|place, line| item(place, Ok(plain_value(line)))),
            Self::Requests(_) => self.json_lines(|place, value| {
                let read = value.and_then(|value| {
                    let label = label(&value);
                    let content = Content::Request(Box::new(Request::from_line(value)?));
                    Ok(Item { label, content })
                });
                item(place, read)
            }),
            Self::Har(_) => self.archive(item),
        }
    }

    fn archive(
        self,
        mut item: impl FnMut(usize, Result<Item, String>) -> Result<()>,
    ) -> Result<()> {
        let mut text = Vec::new();
        self.open()?
            .read_to_end(&mut text)
            .with_context(|| format!("cannot read {self}"))?;
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&text);
        let archive: Value =
            serde_json::from_slice(text).with_context(|| format!("{self} is not JSON"))?;
        let entries = archive
            .pointer("/log/entries")
            .and_then(Value::as_array)
            .with_context(|| format!("{self} is no HTTP Archive: it has no log.entries"))?;
        for (index, entry) in entries.iter().enumerate() {
            let read = Request::from_archive(entry).map(|request| Item {
                label: None,
                content: Content::Request(Box::new(request)),
            });
            item(index.saturating_add(1), read)?;
        }
        Ok(())
    }

    fn json_lines(
        self,
        mut each: impl FnMut(usize, Result<Value, String>) -> Result<()>,
    ) -> Result<()> {
        self.raw_lines(|place, line| {
            if line.trim_ascii().is_empty() {
                return Ok(());
            }
            each(place, json(line))
        })
    }

    /// Every line without its `\n` or `\r\n`.
    fn raw_lines(self, mut each: impl FnMut(usize, &[u8]) -> Result<()>) -> Result<()> {
        let mut reader = self.open()?;
        let mut line = Vec::new();
        for place in 1.. {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .with_context(|| format!("cannot read {self}"))?;
            if read == 0 {
                break;
            }
            let text = line.strip_suffix(b"\n").unwrap_or(&line);
            let text = text.strip_suffix(b"\r").unwrap_or(text);
            let text = match place {
                1 => text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text),
                _ => text,
            };
            each(place, text)?;
        }
        Ok(())
    }

    fn open(self) -> Result<Box<dyn BufRead>> {
        if self.is_stdin() {
            return Ok(Box::new(BufReader::with_capacity(
                1 << 16,
                std::io::stdin(),
            )));
        }
        let file = File::open(self.path()).with_context(|| format!("cannot read {self}"))?;
        Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Lines(path) | Self::Requests(path) | Self::Har(path) => path,
        }
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_stdin() {
            f.write_str("standard input")
        } else {
            self.path().display().fmt(f)
        }
    }
}

fn json(line: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(line) {
        Ok(value) => Ok(value),
        // Recorded text is not always UTF-8; the scanner sees what a reader would then see.
        Err(_) if std::str::from_utf8(line).is_err() => {
            serde_json::from_str(&String::from_utf8_lossy(line))
                .map_err(|error| format!("is not JSON: {error}"))
        }
        Err(error) => Err(format!("is not JSON: {error}")),
    }
}

fn plain_value(line: &[u8]) -> Item {
    Item {
        label: None,
        content: Content::Value(line.to_vec()),
    }
}

fn labelled_value(mut line: Value) -> Result<Item, String> {
    let label = label(&line);
    let value = match &mut line {
        Value::Object(members) => members.remove("value").ok_or("has no member `value`")?,
        _ => line,
    };
    let value = match value {
        Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    };
    let content = Content::Value(value);
    Ok(Item { label, content })
}

fn label(line: &Value) -> Option<Label> {
    let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Label {
        class: text("class")?,
        source: text("source"),
    })
}
