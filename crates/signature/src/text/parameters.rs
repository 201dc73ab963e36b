//! `name="value"` lists of credentials: `Signature keyId="a",algorithm="hmac-sha256"`.
//!
//! The grammar is the part of RFC 9110 section 11.2 that its dialects share, without what gives one
//! list two readings: a name occurs once, a quoted value holds neither quote nor backslash, nothing
//! stands between, before or behind the parameters but one comma and optional spaces.

use crate::SignatureError;
use crate::limits::{MAX_FIELD_BYTES, MAX_PARAM_BYTES};

/// Parameters of one credential, in wire order.
pub(crate) struct Parameters<'a> {
    list: Vec<Parameter<'a>>,
}

struct Parameter<'a> {
    name: &'a str,
    value: &'a str,
    quoted: bool,
}

impl<'a> Parameters<'a> {
    /// Reads a whole list whose names are all among `known`, spelled the same.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`], [`SignatureError::DuplicateParameter`],
    /// [`SignatureError::TooLarge`] above 16 KiB.
    pub(crate) fn read(text: &'a [u8], known: &[&str]) -> Result<Self, SignatureError> {
        if text.len() > MAX_FIELD_BYTES {
            return Err(SignatureError::TooLarge);
        }
        let mut rest = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
        let mut list: Vec<Parameter<'a>> = Vec::with_capacity(known.len());
        loop {
            let (parameter, behind) = one(rest)?;
            if !known.contains(&parameter.name) {
                return Err(SignatureError::Malformed);
            }
            if list.iter().any(|earlier| earlier.name == parameter.name) {
                return Err(SignatureError::DuplicateParameter);
            }
            list.push(parameter);
            if behind.is_empty() {
                return Ok(Self { list });
            }
            rest = behind
                .trim_start_matches(' ')
                .strip_prefix(',')
                .ok_or(SignatureError::Malformed)?
                .trim_start_matches(' ');
        }
    }

    /// A quoted value, when the parameter is there.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when it is there without quotes.
    pub(crate) fn quoted(&self, name: &str) -> Result<Option<&'a str>, SignatureError> {
        self.value(name, true)
    }

    /// A value without quotes, when the parameter is there.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when it is there in quotes.
    pub(crate) fn bare(&self, name: &str) -> Result<Option<&'a str>, SignatureError> {
        self.value(name, false)
    }

    /// A quoted value that has to be there and that names something: 1 to 256 bytes.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`], [`SignatureError::TooLarge`].
    pub(crate) fn name_of(&self, name: &str) -> Result<&'a str, SignatureError> {
        let value = self.quoted(name)?.ok_or(SignatureError::Malformed)?;
        match value.len() {
            0 => Err(SignatureError::Malformed),
            1..=MAX_PARAM_BYTES => Ok(value),
            _ => Err(SignatureError::TooLarge),
        }
    }

    fn value(&self, name: &str, quoted: bool) -> Result<Option<&'a str>, SignatureError> {
        match self.list.iter().find(|parameter| parameter.name == name) {
            None => Ok(None),
            Some(found) if found.quoted == quoted => Ok(Some(found.value)),
            Some(_) => Err(SignatureError::Malformed),
        }
    }
}

/// The first parameter and what stands behind it.
fn one(text: &str) -> Result<(Parameter<'_>, &str), SignatureError> {
    let (name, rest) = text.split_once('=').ok_or(SignatureError::Malformed)?;
    if let Some(inside) = rest.strip_prefix('"') {
        let (value, behind) = inside.split_once('"').ok_or(SignatureError::Malformed)?;
        let plain = |byte| matches!(byte, b' '..=b'~') && byte != b'\\';
        if !value.bytes().all(plain) {
            return Err(SignatureError::Malformed);
        }
        let quoted = true;
        return Ok((
            Parameter {
                name,
                value,
                quoted,
            },
            behind,
        ));
    }
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && !"-._".contains(c))
        .unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((value, behind)) if !value.is_empty() => {
            let quoted = false;
            Ok((
                Parameter {
                    name,
                    value,
                    quoted,
                },
                behind,
            ))
        }
        _ => Err(SignatureError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["keyId", "created", "headers"];

    fn key_id(text: &str) -> Result<Option<&str>, SignatureError> {
        Parameters::read(text.as_bytes(), &KNOWN)?.quoted("keyId")
    }

    #[test]
    fn lists_with_and_without_spaces() {
        for text in [
            r#"keyId="a b",created=17,headers="x""#,
            r#"keyId="a b", created=17, headers="x""#,
            r#"headers="x" , created=17 ,  keyId="a b""#,
        ] {
            assert_eq!(key_id(text), Ok(Some("a b")), "{text}");
            let list = Parameters::read(text.as_bytes(), &KNOWN).unwrap();
            assert_eq!(list.bare("created"), Ok(Some("17")));
            assert_eq!(list.quoted("created"), Err(SignatureError::Malformed));
            assert_eq!(list.bare("keyId"), Err(SignatureError::Malformed));
        }
        assert_eq!(key_id("created=1"), Ok(None));
    }

    #[test]
    fn everything_with_a_second_reading_is_refused() {
        use SignatureError as E;
        for (text, expected) in [
            ("", E::Malformed),
            ("keyId", E::Malformed),
            ("keyId=", E::Malformed),
            (r#"keyId="a"#, E::Malformed),
            (r#"keyId="a","#, E::Malformed),
            (r#"keyId="a",,created=1"#, E::Malformed),
            (r#"keyId="a" created=1"#, E::Malformed),
            (r#"keyId="a"b"#, E::Malformed),
            (r#"keyId="a\"b""#, E::Malformed),
            (r#"keyId ="a""#, E::Malformed),
            (r#"keyId= "a""#, E::Malformed),
            (r#" keyId="a""#, E::Malformed),
            (r#"keyId="a" "#, E::Malformed),
            (r#"keyid="a""#, E::Malformed),
            (r#"other="a""#, E::Malformed),
            ("keyId=\"a\tb\"", E::Malformed),
            ("keyId=\"\u{fc}\"", E::Malformed),
            (r#"keyId="a",keyId="a""#, E::DuplicateParameter),
            (r#"keyId="a",keyId="b""#, E::DuplicateParameter),
        ] {
            assert_eq!(key_id(text), Err(expected), "{text}");
        }
        let long = format!("keyId=\"{}\"", "a".repeat(MAX_FIELD_BYTES));
        assert_eq!(key_id(&long), Err(E::TooLarge));
        let list = format!("keyId=\"{}\"", "a".repeat(MAX_PARAM_BYTES + 1));
        let list = Parameters::read(list.as_bytes(), &KNOWN).unwrap();
        assert_eq!(list.name_of("keyId"), Err(E::TooLarge));
        assert_eq!(list.name_of("headers"), Err(E::Malformed));
    }
}
