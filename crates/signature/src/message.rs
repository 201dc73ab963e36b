//! The request as a signature sees it.

/// A request, borrowed, exactly as it was received.
///
/// `H` is whatever owns the header bytes at the caller (`Vec<u8>`, `&[u8]`, `&str`).
#[derive(Debug, Clone, Copy)]
pub struct Message<'a, H: AsRef<[u8]> = Vec<u8>> {
    /// The method, case kept.
    pub method: &'a [u8],
    /// `https` or `http`.
    pub scheme: &'a [u8],
    /// `:authority` or the `Host` field.
    pub authority: &'a [u8],
    /// The raw request target with its query, exactly as on the wire (`:path`).
    pub target: &'a [u8],
    /// Header fields in wire order: lower-case name, value.
    pub headers: &'a [(H, H)],
}

impl<H: AsRef<[u8]>> Message<'_, H> {
    /// The values of every line of the field `name` (lower case), in wire order.
    pub fn values<'s>(&'s self, name: &'s [u8]) -> impl Iterator<Item = &'s [u8]> + 's {
        self.headers
            .iter()
            .filter(move |(n, _)| n.as_ref() == name)
            .map(|(_, v)| v.as_ref())
    }

    /// The path of an origin-form target: everything before the first `?`.
    pub(crate) fn path(&self) -> &[u8] {
        self.target.split(|&b| b == b'?').next().unwrap_or_default()
    }

    /// What follows the first `?`, when there is one.
    pub(crate) fn query(&self) -> Option<&[u8]> {
        let mark = self.target.iter().position(|&b| b == b'?')?;
        self.target.get(mark.saturating_add(1)..)
    }
}
