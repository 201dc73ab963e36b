//! Bounds on what is taken apart and scanned, each with its unit and reason.

/// Bounds per request body or field list; the defaults fit large API documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of JSON arrays and objects. Default 64: deeper documents exist to exhaust stacks.
    pub json_depth: usize,
    /// Members of all JSON objects of a body together. Default 50,000.
    pub json_keys: usize,
    /// Elements of all JSON arrays of a body together. Default 100,000.
    pub json_elements: usize,
    /// Bytes of one JSON string, key or number, unescaped. Default 1 MiB, the body limit.
    pub string_bytes: usize,
    /// Parts of a multipart body. Default 256.
    pub parts: usize,
    /// Values the scanner looks at in one request. Default 200,000.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_depth: 64,
            json_keys: 50_000,
            json_elements: 100_000,
            string_bytes: 1 << 20,
            parts: 256,
            fields: 200_000,
        }
    }
}

/// Bytes of one request that libinjection is asked about. Its slow inputs run at about 2 MB/s, so
/// this bounds them to a tenth of a second; our own rules read everything.
pub(crate) const MAX_SECOND_OPINION_BYTES: usize = 256 * 1024;
/// Findings kept in a report; one is enough to refuse, the rest helps who reads the log.
pub(crate) const MAX_FINDINGS: usize = 16;
/// Characters of a location's name in a report; names come from the peer.
pub(crate) const MAX_NAME_CHARS: usize = 128;
/// Decoding rounds: attacks nest encodings two deep, and each round costs a scan.
pub(crate) const MAX_DECODE_ROUNDS: usize = 3;
