//! Bounds on what is taken apart and scanned, each with its unit and reason.

/// Bounds per request body or field list; the defaults fit large API documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nesting of JSON arrays and objects, and of XML elements. Default 64: deeper documents exist
    /// to exhaust stacks.
    pub json_depth: usize,
    /// Members of all JSON objects of a body together, or XML elements and attributes. Default
    /// 50,000.
    pub json_keys: usize,
    /// Elements of all JSON arrays of a body together. Default 100,000.
    pub json_elements: usize,
    /// Bytes of one string, key or XML text, as written. Default 1 MiB, the body limit.
    pub string_bytes: usize,
    /// Bytes of one JSON number. Default 1,024: longer ones are there to keep a parser busy.
    pub number_bytes: usize,
    /// Whether a JSON object may have two members of one name. Default `false`: readers differ in
    /// which one counts.
    pub duplicate_keys: bool,
    /// Attributes of one XML element. Default 256.
    pub xml_attributes: usize,
    /// Parts of a multipart body. Default 256.
    pub parts: usize,
    /// Bytes of a body without structure. Default 16 MiB.
    pub text_bytes: usize,
    /// Containers inside values, one in the other: JSON in a string, parts in a part. Default 4.
    pub nesting: usize,
    /// Nesting of the selections of a GraphQL document. Default 20.
    pub graphql_depth: usize,
    /// Aliases, and directives, of one GraphQL document. Default 100.
    pub graphql_aliases: usize,
    /// Operations of one GraphQL document, and documents of one body. Default 20.
    pub graphql_batch: usize,
    /// Content codings laid over each other. Default 2.
    pub codings: usize,
    /// Bytes a body may have after its content coding is undone. Default 16 MiB.
    pub decoded_bytes: usize,
    /// How many times longer than its coded form a body of more than 64 KiB may become. Default
    /// 200: text compresses to a tenth or a fiftieth, bombs to a thousandth.
    pub decoded_ratio: usize,
    /// Values the scanner looks at in one request. Default 200,000.
    pub fields: usize,
    /// Bytes the scanner looks at in one request, those of containers inside values counted again
    /// on each level. Default 64 MiB.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json_depth: 64,
            json_keys: 50_000,
            json_elements: 100_000,
            string_bytes: 1 << 20,
            number_bytes: 1024,
            duplicate_keys: false,
            xml_attributes: 256,
            parts: 256,
            text_bytes: 16 << 20,
            nesting: 4,
            graphql_depth: 20,
            graphql_aliases: 100,
            graphql_batch: 20,
            codings: 2,
            decoded_bytes: 16 << 20,
            decoded_ratio: 200,
            fields: 200_000,
            bytes: 64 << 20,
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
