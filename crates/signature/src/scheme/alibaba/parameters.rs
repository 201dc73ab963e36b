//! The parameters of query and form: decoded, sorted, each there once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::SignatureError;

/// Most parameters of one request: no API has more, and a map of them is built before the MAC.
const MAX_PARAMETERS: usize = 1024;

/// Reads both; the result is in the order of the names' octets.
///
/// # Errors
/// [`SignatureError::AmbiguousComponent`] for a name that comes twice or what could be read as two
/// parameters when joined, [`SignatureError::IllegalValue`] for what is no list of parameters,
/// [`SignatureError::TooLarge`].
pub(super) fn read(
    query: Option<&[u8]>,
    form: &[u8],
) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, SignatureError> {
    let mut parameters = BTreeMap::new();
    // A `?` with nothing behind it leaves no trace in the signed text.
    for list in query.into_iter().chain((!form.is_empty()).then_some(form)) {
        for pair in list.split(|&byte| byte == b'&') {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let name = decode(halves.next().unwrap_or_default())?;
            let value = decode(halves.next().unwrap_or_default())?;
            if name.is_empty() {
                return Err(SignatureError::IllegalValue);
            }
            if name.contains(&b'=') || parameters.len() == MAX_PARAMETERS {
                return Err(SignatureError::AmbiguousComponent);
            }
            match parameters.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(_) => return Err(SignatureError::AmbiguousComponent),
            };
        }
    }
    Ok(parameters)
}

/// Form decoding: `+` is a space, `%` and two digits an octet.
fn decode(text: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        let octet = match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    let digit = rest.next().copied().map(char::from);
                    let digit = digit.and_then(|digit| digit.to_digit(16));
                    digit
                        .and_then(|digit| u8::try_from(digit).ok())
                        .ok_or(SignatureError::IllegalValue)
                };
                (digit()? << 4) | digit()?
            }
            plain => plain,
        };
        if octet == b'&' {
            return Err(SignatureError::AmbiguousComponent);
        }
        if octet.is_ascii_control() {
            return Err(SignatureError::IllegalValue);
        }
        decoded.push(octet);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_or_none() {
        use SignatureError as E;
        let text = |query: Option<&str>, form: &str| {
            let read = read(query.map(str::as_bytes), form.as_bytes())?;
            let pairs: Vec<_> = read
                .iter()
                .map(|(n, v)| format!("{}={}", n.escape_ascii(), v.escape_ascii()))
                .collect();
            Ok(pairs.join("&"))
        };
        for (query, form, expected) in [
            (None, "", Ok("")),
            (Some("b=2&a=1"), "", Ok("a=1&b=2")),
            (Some("b=2"), "a=x+y%20%7e", Ok("a=x y ~&b=2")),
            (Some("a"), "", Ok("a=")),
            (Some("a=b=c"), "", Ok("a=b=c")),
            (Some(""), "", Err(E::IllegalValue)),
            (Some("a&"), "", Err(E::IllegalValue)),
            (Some("=1"), "", Err(E::IllegalValue)),
            (Some("a=%"), "", Err(E::IllegalValue)),
            (Some("a=%0"), "", Err(E::IllegalValue)),
            (Some("a=%0g"), "", Err(E::IllegalValue)),
            (Some("a=%0A"), "", Err(E::IllegalValue)),
            (Some("a=1%26b=2"), "", Err(E::AmbiguousComponent)),
            (Some("a%3D1=2"), "", Err(E::AmbiguousComponent)),
            (Some("a=1&a=2"), "", Err(E::AmbiguousComponent)),
            (Some("a=1"), "a=1", Err(E::AmbiguousComponent)),
        ] {
            let read = text(query, form);
            assert_eq!(read.as_deref(), expected.as_deref(), "{query:?} {form}");
        }
        let many: Vec<_> = (0..=MAX_PARAMETERS).map(|n| n.to_string()).collect();
        assert!(text(Some(&many.join("&")), "").is_err());
    }
}
