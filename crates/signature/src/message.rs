//! The message as a signature sees it: a request, or a response with the request it answers.

/// One header or trailer line: lower-case name, raw value.
pub type HeaderLine = (Vec<u8>, Vec<u8>);

/// A message, borrowed, exactly as it was received.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message<'a> {
    /// The method, case kept. Empty in a response.
    pub method: &'a [u8],
    /// `https` or `http`. Empty in a response.
    pub scheme: &'a [u8],
    /// `:authority` or the `Host` field. Empty in a response.
    pub authority: &'a [u8],
    /// The raw request target with its query, exactly as on the wire (`:path`). Empty in a response.
    pub target: &'a [u8],
    /// Header fields in wire order: lower-case name, value.
    pub headers: &'a [HeaderLine],
    /// Trailer fields in wire order; empty where the caller does not hand them on.
    pub trailers: &'a [HeaderLine],
    /// The status code of a response; `None` in a request.
    pub status: Option<u16>,
    /// The request that a response answers, for `;req` components (RFC 9421 section 2.4).
    pub request: Option<&'a Message<'a>>,
}

impl<'a> Message<'a> {
    /// The values of every line of the field `name` (lower case), in wire order.
    pub fn values<'s>(&'s self, name: &'s [u8]) -> impl Iterator<Item = &'a [u8]> + 's {
        values(self.headers, name)
    }

    /// The values of every line of the trailer field `name` (lower case), in wire order.
    pub fn trailer_values<'s>(&'s self, name: &'s [u8]) -> impl Iterator<Item = &'a [u8]> + 's {
        values(self.trailers, name)
    }

    /// The one value of the field `name`: schemes that do not fold lists read no second line.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] without a line, [`SignatureError::Repeated`] with several.
    ///
    /// [`SignatureError::Missing`]: crate::SignatureError::Missing
    /// [`SignatureError::Repeated`]: crate::SignatureError::Repeated
    pub fn single(&self, name: &str) -> Result<&'a [u8], crate::SignatureError> {
        let mut values = self.values(name.as_bytes());
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) => Err(crate::SignatureError::Missing),
            _ => Err(crate::SignatureError::Repeated),
        }
    }

    /// The path of an origin-form target: everything before the first `?`.
    pub fn path(&self) -> &'a [u8] {
        self.target.split(|&b| b == b'?').next().unwrap_or_default()
    }

    /// What follows the first `?`, when there is one.
    pub fn query(&self) -> Option<&'a [u8]> {
        let mark = self.target.iter().position(|&b| b == b'?')?;
        self.target.get(mark.saturating_add(1)..)
    }
}

fn values<'a, 's>(
    lines: &'a [HeaderLine],
    name: &'s [u8],
) -> impl Iterator<Item = &'a [u8]> + use<'a, 's> {
    lines
        .iter()
        .filter(move |(line, _)| line == name)
        .map(|(_, value)| value.as_slice())
}
