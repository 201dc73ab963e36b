//! Media types and ranges of them, without parameters.

/// A key of `content`: `application/json`, `text/*`, `*/*`.
#[derive(Debug)]
pub(crate) struct MediaRange {
    kind: String,
    subtype: String,
}

impl MediaRange {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let essence = text.split(';').next()?.trim().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        let (kind, subtype) = (kind.to_owned(), subtype.to_owned());
        (!kind.is_empty() && !subtype.is_empty()).then_some(Self { kind, subtype })
    }

    /// Whether the type is in the range; how exactly, so that the closest one is taken.
    pub(crate) fn matches(&self, other: &Self) -> Option<u8> {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (kind, "*") if kind == other.kind => Some(1),
            (kind, subtype) if kind == other.kind && subtype == other.subtype => Some(2),
            _ => None,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.subtype == "json" || self.subtype.ends_with("+json")
    }
}
