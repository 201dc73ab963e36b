//! Says what extraction hands to the detectors, for a program that compares: records of content type and
//! body on standard input, each with 4 bytes of length (little endian) before it; a line of JSON out for
//! each body, the list of names and values seen, or `null` for a body that is refused.

use std::io::{BufReader, BufWriter, Read, Write};

use sealgate_scan::{Field, Limits, extract};

fn main() {
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut output = BufWriter::new(std::io::stdout().lock());
    while let Some(kind) = record(&mut input) {
        let body = record(&mut input).expect("a body follows its type");
        let mut seen = Vec::new();
        let mut sink = |field: Field<'_>| {
            seen.push(String::from_utf8_lossy(field.value).into_owned());
        };
        let read = extract::body(&kind, &body, &Limits::default(), &mut sink);
        let line = match read {
            Ok(_) => serde_json::to_string(&seen).expect("a list of texts"),
            Err(_) => "null".to_owned(),
        };
        writeln!(output, "{line}").expect("the reader is there");
        output.flush().expect("the reader is there");
    }
}

/// The next record; `None` at the end.
fn record(input: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    input.read_exact(&mut length).ok()?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut bytes).expect("a whole record");
    Some(bytes)
}
