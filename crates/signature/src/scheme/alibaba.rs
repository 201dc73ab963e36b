//! The `X-Ca-*` signature of Alibaba Cloud's API Gateway and of Higress' `hmac-auth` plugin.
//!
//! ```text
//! X-Ca-Key: <key id>
//! X-Ca-Signature-Method: HmacSHA256                              (or nothing, or HmacSHA1)
//! X-Ca-Signature-Headers: x-ca-key,x-ca-nonce,x-ca-timestamp
//! X-Ca-Timestamp: <milliseconds>
//! X-Ca-Nonce: <once>
//! X-Ca-Signature: <base64>
//! Content-MD5: <base64 of the MD5 of the body>                   (with a body that is no form)
//! ```
//!
//! Signed are method, `Accept`, `Content-MD5`, `Content-Type` and `Date`, each with LF behind it and
//! empty when absent; then `name:value` LF for the listed header fields, sorted; then the path and,
//! behind `?`, the parameters of the query and of a form in the body, sorted, decoded, joined by `&`.
//!
//! | Dialect | Names of header fields | A parameter without value |
//! |---|---|---|
//! | [`Dialect::ApiGateway`] | as listed | its name alone |
//! | [`Dialect::Higress`] | in lower case | its name and `=` |
//!
//! Read from Higress' `hmac_auth/plugin.cc` and its README, confirmed with the signatures in its
//! `plugin_test.cc` and with the client of PyPI named in the oracle tests. The canonical form decodes
//! parameters and sorts them, and so gives one text to several requests; we refuse those in which
//! that changes the meaning: a parameter that comes twice (only the first would be signed), a decoded
//! `&` or control character, `=` in a name, an empty pair, a `?` with nothing behind it. A listed
//! field that is absent is refused, not taken as empty. The body of a form is under the signature; of
//! any other body the MD5 is, the only digest that this scheme has. Higress signs a body without
//! `Content-MD5` not at all, and by default looks at no time: here both are demanded.

use md5::{Digest, Md5};
use subtle::ConstantTimeEq;

use super::demand::{Demand, lists};
use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets, listed};
use crate::limits::{MAX_BASE_BYTES, MAX_COMPONENTS, MAX_PARAM_BYTES};
use crate::text::{base64, date, number};
use crate::{Algorithm, Message, SignatureError, Signer};

mod parameters;

const KEY: &str = "x-ca-key";
const SIGNATURE: &str = "x-ca-signature";
const LIST: &str = "x-ca-signature-headers";
const METHOD: &str = "x-ca-signature-method";
const TIMESTAMP: &str = "x-ca-timestamp";
const NONCE: &str = "x-ca-nonce";
const CONTENT_MD5: &str = "content-md5";
const CONTENT_TYPE: &str = "content-type";
const DATE: &str = "date";
/// The header fields with a line of their own; listing them adds nothing.
const FIXED: [&str; 4] = ["accept", CONTENT_MD5, CONTENT_TYPE, DATE];
const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Whose reading of the format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// Alibaba Cloud's API Gateway.
    #[default]
    ApiGateway,
    /// Higress' `hmac-auth` plugin.
    Higress,
}

/// `X-Ca-*` signatures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alibaba {
    /// Whose reading.
    pub dialect: Dialect,
    /// What has to be signed. Method, path and query always are.
    pub demand: Demand,
    /// Whether keys with HMAC-SHA-1 fit.
    pub sha1: bool,
}

impl Alibaba {
    /// The time that is signed: the timestamp where it is listed, else `Date`, which always is.
    fn created(message: &Message<'_>, names: &[String]) -> Result<Option<i64>, SignatureError> {
        if lists(names, TIMESTAMP) {
            let text = listed::value(message, TIMESTAMP)?.ok_or(SignatureError::AbsentComponent)?;
            // Thirteen digits are milliseconds from 2001 to 2286; fewer would be seconds elsewhere.
            return match number::decimal(text)? {
                milliseconds if text.len() == 13 => Ok(Some(milliseconds / 1000)),
                _ => Err(SignatureError::Malformed),
            };
        }
        match listed::value(message, DATE)? {
            // The Android kit of the vendor writes the zone twice.
            Some(text) => date::imf_fixdate(text.strip_suffix(b"+00:00").unwrap_or(text)).map(Some),
            None => Ok(None),
        }
    }

    /// The text under the signature but for the parameters.
    fn head(&self, message: &Message<'_>, names: &[String]) -> Result<Vec<u8>, SignatureError> {
        let mut text = listed::method(message)?.to_vec();
        text.push(b'\n');
        for name in FIXED {
            text.extend_from_slice(listed::value(message, name)?.unwrap_or_default());
            text.push(b'\n');
        }
        let mut lines = Vec::new();
        for name in names {
            let lower = name.to_ascii_lowercase();
            if FIXED.contains(&lower.as_str()) || [SIGNATURE, LIST].contains(&lower.as_str()) {
                continue;
            }
            let value = listed::value(message, name)?.ok_or(SignatureError::AbsentComponent)?;
            let spelt = match self.dialect {
                Dialect::ApiGateway => name.clone(),
                Dialect::Higress => lower,
            };
            lines.push((spelt, value));
        }
        lines.sort();
        for (name, value) in lines {
            text.extend([name.as_bytes(), b":", value, b"\n"].concat());
        }
        Ok(text)
    }

    fn text(
        &self,
        message: &Message<'_>,
        names: &[String],
        body: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        listed::target(message)?;
        let mut text = self.head(message, names)?;
        let form = if is_form(message)? { body } else { b"" };
        text.extend_from_slice(message.path());
        let parameters = parameters::read(message.query(), form)?;
        let with_equals = self.dialect == Dialect::Higress;
        for (at, (name, value)) in parameters.iter().enumerate() {
            text.push(if at == 0 { b'?' } else { b'&' });
            text.extend_from_slice(name);
            if with_equals || !value.is_empty() {
                text.push(b'=');
                text.extend_from_slice(value);
            }
        }
        if text.len() > MAX_BASE_BYTES {
            return Err(SignatureError::TooLarge);
        }
        Ok(text)
    }
}

impl Scheme for Alibaba {
    fn name(&self) -> &'static str {
        "alibaba"
    }

    fn guarantees(&self) -> Coverage {
        listed::TARGET.with(self.demand.parts)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        if self.sha1 {
            &[Algorithm::HmacSha1, Algorithm::HmacSha256]
        } else {
            &[Algorithm::HmacSha256]
        }
    }

    fn signs_nonce(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        vec![KEY, SIGNATURE, LIST, METHOD, TIMESTAMP, NONCE]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let signature = base64::decode(message.single(SIGNATURE)?)?;
        let key_id = message.single(KEY)?;
        let plain = (1..=MAX_PARAM_BYTES).contains(&key_id.len())
            && key_id.iter().all(u8::is_ascii_graphic);
        let key_id = core::str::from_utf8(key_id)
            .ok()
            .filter(|_| plain)
            .ok_or(SignatureError::Malformed)?;
        let names = match listed::value(message, LIST)? {
            Some(list) => names(list)?,
            None => Vec::new(),
        };
        let algorithm = match listed::value(message, METHOD)? {
            None | Some(b"HmacSHA256") => Algorithm::HmacSha256,
            Some(b"HmacSHA1") => Algorithm::HmacSha1,
            Some(_) => return Err(SignatureError::AlgorithmMismatch),
        };
        let nonce = match listed::value(message, NONCE)? {
            Some(nonce) if lists(&names, NONCE) => match nonce.len() {
                0 => return Err(SignatureError::Malformed),
                1..=MAX_PARAM_BYTES => Some(nonce.to_vec()),
                _ => return Err(SignatureError::TooLarge),
            },
            // One that is not signed is no nonce: whoever replays the request would change it.
            _ => None,
        };
        Ok(vec![Presented {
            key_id: Some(key_id.to_owned()),
            algorithm: Some(algorithm),
            created: Self::created(message, &names)?,
            nonce,
            signatures: vec![signature],
            needs_body: is_form(message)?,
            covered: names,
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let names = &presented.covered;
        let covered = listed::TARGET.with(Coverage::FRESHNESS.when(presented.created.is_some()));
        self.demand.check_head(message, covered, names)?;
        Ok(SignedOctets::default().owned(self.text(message, names, body)?))
    }

    /// Holds every body against `Content-MD5` where it is there, and demands it of one that is no
    /// form.
    fn check_body(
        &self,
        message: &Message<'_>,
        _presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        match listed::value(message, CONTENT_MD5)? {
            Some(text) => {
                let presented = base64::decode(text)?;
                if bool::from(Md5::digest(body).as_slice().ct_eq(&presented)) {
                    Ok(())
                } else {
                    Err(SignatureError::DigestMismatch)
                }
            }
            None if body.is_empty()
                || is_form(message)?
                || !self.demand.parts.contains(Coverage::BODY) =>
            {
                Ok(())
            }
            None => Err(SignatureError::NotCovered),
        }
    }

    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let invalid = SignatureError::InvalidSpec;
        let method = match signer.algorithm() {
            Algorithm::HmacSha256 => "HmacSHA256",
            Algorithm::HmacSha1 => "HmacSHA1",
            _ => return Err(invalid),
        };
        let milliseconds = order.created.checked_mul(1000).ok_or(invalid)?;
        let mut added = vec![
            (KEY, listed::quotable(order.key_id)?.to_owned()),
            (METHOD, method.to_owned()),
            (TIMESTAMP, milliseconds.to_string()),
        ];
        added.extend(order.nonce.map(|nonce| (NONCE, nonce.to_owned())));
        let mut names: Vec<String> = added.iter().map(|(name, _)| (*name).to_owned()).collect();
        if !body.is_empty() && !is_form(message)? {
            added.push((CONTENT_MD5, base64::encode(&Md5::digest(body))));
        }
        listed::add_demanded(&self.demand, message, &mut names);
        names.sort();
        added.push((LIST, names.join(",")));
        let mut added: Vec<(String, String)> = added
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let headers = listed::with_lines(message, &added);
        let message = Message {
            headers: &headers,
            ..*message
        };
        let text = self.text(&message, &names, body)?;
        let signature = super::signed_by(self, signer, &[&text])?;
        added.push((SIGNATURE.to_owned(), base64::encode(&signature)));
        Ok(added)
    }
}

/// The listed names: one comma between two, none twice.
fn names(list: &[u8]) -> Result<Vec<String>, SignatureError> {
    let list = core::str::from_utf8(list).map_err(|_| SignatureError::Malformed)?;
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',') {
        if name.is_empty() || !name.bytes().all(listed::is_token) {
            return Err(SignatureError::Malformed);
        }
        if lists(&names, name) {
            return Err(SignatureError::DuplicateComponent);
        }
        if names.len() == MAX_COMPONENTS {
            return Err(SignatureError::TooLarge);
        }
        names.push(name.to_owned());
    }
    Ok(names)
}

/// Whether the body is a form by its media type, in whatever case and with whatever parameters.
fn is_form(message: &Message<'_>) -> Result<bool, SignatureError> {
    let media_type = listed::value(message, CONTENT_TYPE)?.unwrap_or_default();
    let essence = media_type.split(|&byte| byte == b';').next();
    Ok(essence.is_some_and(|essence| essence.trim_ascii().eq_ignore_ascii_case(FORM)))
}

#[cfg(test)]
mod tests;
