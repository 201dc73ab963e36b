//! Twilio's webhook signature: `X-Twilio-Signature: <base64>` over the external URL.
//!
//! HMAC-SHA-1 with the account's auth token as text; HMAC-SHA-256 with a SharedKey when Twilio adds
//! `X-Twilio-Webhooks-Signature-Settings: key=<id>,algorithm=HMAC_SHA256` (Webhooks Rules). The
//! signed text is the URL as Twilio called it, query included, and then
//! - for a form body: name and value of each parameter, decoded, sorted by name, without separators;
//! - for every other body nothing: the query carries `bodySHA256=<64 hex>`, the digest of the body.
//!
//! The gate does not see the URL that Twilio called, so scheme, host and port are configured
//! ([`Twilio::new`]); path and query are the raw target. Twilio's servers sign with or without the
//! default port, so both spellings of the configured URL are tried, and no other.
//!
//! **What is covered.** With `bodySHA256` demanded (the default): path, query and body. Once forms
//! are allowed: nothing is certain. The text has no separators, so whoever holds a signed message
//! can move octets between path, names and values (`a=bc` and `ab=c` are one text); a policy that
//! allows forms has to accept that in writing. Never covered: method, time, other headers; there is
//! no nonce.
//!
//! Confirmed against npm and PyPI `twilio` (`validateRequest`, `validateRequestWithBody`,
//! `RequestValidator`): the text, both ports, the digest in lower-case hex, the settings header, and
//! the documented example. Stricter than those: a form names each parameter once, its body is sent
//! as a form, the URL is not tried in other percent-encodings.

mod form;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::MAX_PARAM_BYTES;
use crate::text::{base64, hex};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field of the signature, lower case.
pub const SIGNATURE: &str = "x-twilio-signature";
/// The header field that names key and algorithm of a SharedKey, lower case.
pub const SETTINGS: &str = "x-twilio-webhooks-signature-settings";
const BODY_DIGEST: &[u8] = b"bodySHA256";
const DIGEST_BYTES: usize = 32;

/// Twilio webhooks that are called at one origin.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// The origin as configured, then the same with or without the default port.
    origins: [String; 2],
    forms: bool,
}

impl Twilio {
    /// `origin` is scheme, host and port as they stand in the URL that Twilio calls
    /// (`https://hooks.example.com`); `forms` allows bodies that are forms.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] for what is no `http` or `https` origin in ASCII.
    pub fn new(origin: &str, forms: bool) -> Result<Self, SignatureError> {
        let other = other_port(origin).ok_or(SignatureError::InvalidSpec)?;
        Ok(Self {
            origins: [origin.to_owned(), other],
            forms,
        })
    }

    /// Whether the signed text contains the parameters of a form.
    fn is_form(&self, message: &Message<'_>) -> Result<bool, SignatureError> {
        match body_digest(message)? {
            Some(_) => Ok(false),
            None if self.forms => Ok(true),
            None => Err(SignatureError::NotCovered),
        }
    }
}

impl Scheme for Twilio {
    fn name(&self) -> &'static str {
        "twilio"
    }

    fn guarantees(&self) -> Coverage {
        let exact = Coverage::PATH.with(Coverage::QUERY).with(Coverage::BODY);
        exact.when(!self.forms)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha1, Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![SIGNATURE, SETTINGS]
    }

    /// Two entries with one signature: one for each spelling of the origin.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let signature = base64::decode(message.single(SIGNATURE)?)?;
        let (key_id, algorithm) = match message.single(SETTINGS) {
            Ok(settings) => read_settings(settings)?,
            Err(SignatureError::Missing) => (None, Algorithm::HmacSha1),
            Err(error) => return Err(error),
        };
        let is_form = self.is_form(message)?;
        Ok(self
            .origins
            .iter()
            .map(|origin| Presented {
                key_id: key_id.clone(),
                algorithm: Some(algorithm),
                signatures: vec![signature.clone()],
                needs_body: is_form,
                covered: vec!["url".into(), "body".into()],
                detail: Detail::Texts(vec![origin.clone()]),
                ..Default::default()
            })
            .collect())
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        octets(
            self.is_form(message)?,
            message,
            presented.detail.text(0)?,
            body,
        )
    }

    fn check_body(
        &self,
        message: &Message<'_>,
        _presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let Some(digest) = body_digest(message)? else {
            return Ok(());
        };
        if bool::from(Sha256::digest(body).as_slice().ct_eq(&digest)) {
            Ok(())
        } else {
            Err(SignatureError::DigestMismatch)
        }
    }

    /// Signs the configured spelling of the origin. A target without `bodySHA256` is signed with
    /// the form in the body.
    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let is_form = self.is_form(message)?;
        let [origin, _] = &self.origins;
        let octets = octets(is_form, message, origin.as_bytes(), body)?;
        let mac = super::signed_by(self, signer, &octets.parts())?;
        let mut lines = vec![(SIGNATURE.into(), base64::encode(&mac))];
        if signer.algorithm() == Algorithm::HmacSha256 {
            let key = order.key_id.ok_or(SignatureError::InvalidSpec)?;
            lines.push((SETTINGS.into(), format!("key={key},algorithm=HMAC_SHA256")));
        }
        Ok(lines)
    }
}

fn octets<'m>(
    is_form: bool,
    message: &Message<'m>,
    origin: &'m [u8],
    body: &'m [u8],
) -> Result<SignedOctets<'m>, SignatureError> {
    let url = SignedOctets::default()
        .borrowed(origin)
        .borrowed(message.target);
    if !is_form || body.is_empty() {
        return Ok(url);
    }
    form::require_media_type(message)?;
    Ok(url.owned(form::sorted(body)?))
}

/// The value of `bodySHA256` in the query, at most once.
fn body_digest(message: &Message<'_>) -> Result<Option<Vec<u8>>, SignatureError> {
    let mut found = None;
    let query = message.query().unwrap_or_default();
    for member in query.split(|&byte| byte == b'&') {
        let Some((BODY_DIGEST, digits)) = super::split_once(member, b'=') else {
            continue;
        };
        if found.is_some() {
            return Err(SignatureError::DuplicateParameter);
        }
        found = Some(hex::decode_exactly(digits, DIGEST_BYTES)?);
    }
    Ok(found)
}

/// `key=<id>,algorithm=HMAC_SHA256`, as Twilio writes it.
fn read_settings(text: &[u8]) -> Result<(Option<String>, Algorithm), SignatureError> {
    let text = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
    let (key, algorithm) = text
        .strip_prefix("key=")
        .and_then(|rest| rest.split_once(",algorithm="))
        .ok_or(SignatureError::Malformed)?;
    let fits = (1..=MAX_PARAM_BYTES).contains(&key.len());
    if !fits
        || !key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b',')
    {
        return Err(SignatureError::Malformed);
    }
    match algorithm {
        "HMAC_SHA256" => Ok((Some(key.to_owned()), Algorithm::HmacSha256)),
        _ => Err(SignatureError::AlgorithmMismatch),
    }
}

/// The origin without its port, or with the default one.
fn other_port(origin: &str) -> Option<String> {
    let (scheme, authority) = origin.split_once("://")?;
    let default = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let legal = |byte: u8| byte.is_ascii_graphic() && !b"/?#\\".contains(&byte);
    if authority.is_empty() || !authority.bytes().all(legal) {
        return None;
    }
    // The colons of an IPv6 address stand before the closing bracket, those of a password before `@`.
    let host_at = authority.rfind(['@', ']']).unwrap_or(0);
    match authority.rsplit_once(':') {
        Some((host, port)) if host.len() >= host_at => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            (digits && !host.is_empty()).then(|| format!("{scheme}://{host}"))
        }
        _ => Some(format!("{origin}:{default}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::verify;
    use crate::{MacKey, VerificationKey};

    /// The example in Twilio's helper libraries and in its documentation, "Webhooks security".
    const TOKEN: &[u8] = b"12345";
    const TARGET: &[u8] = b"/myapp.php?foo=1&bar=2";
    const BODY: &[u8] = b"CallSid=CA1234567890ABCDE&Digits=1234&From=%2B14158675309\
        &To=%2B18005551212&Caller=%2B14158675309";
    const SIGNED: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

    fn check(origin: &str, target: &[u8], body: &[u8]) -> Result<(), SignatureError> {
        let headers = [
            (SIGNATURE.into(), SIGNED.into()),
            (
                b"content-type".to_vec(),
                b"application/x-www-form-urlencoded; charset=UTF-8".to_vec(),
            ),
        ];
        let message = Message {
            method: b"POST",
            target,
            headers: &headers,
            ..Default::default()
        };
        let scheme = Twilio::new(origin, true)?;
        let key = MacKey::with_algorithm(Algorithm::HmacSha1, TOKEN.to_vec())?;
        let key = VerificationKey::Mac(key);
        let presented = scheme.present(&message)?;
        let [first, second] = presented.as_slice() else {
            return Err(SignatureError::Malformed);
        };
        verify(&scheme, &message, first, body, &key)
            .or_else(|_| verify(&scheme, &message, second, body, &key))
            .map(|_| ())
    }

    #[test]
    fn documented_example() {
        for origin in ["https://mycompany.com", "https://mycompany.com:443"] {
            assert_eq!(check(origin, TARGET, BODY), Ok(()), "{origin}");
        }
        for origin in ["http://mycompany.com", "https://mycompany.com."] {
            let refused = check(origin, TARGET, BODY);
            assert_eq!(refused, Err(SignatureError::Mismatch), "{origin}");
        }
    }

    #[test]
    fn an_unsigned_body_is_refused_where_forms_are_not_allowed() {
        let headers = [(SIGNATURE.into(), SIGNED.into())];
        let message = Message {
            target: TARGET,
            headers: &headers,
            ..Default::default()
        };
        let scheme = Twilio::new("https://mycompany.com", false).unwrap();
        let refused = scheme.present(&message).map(|_| ());
        assert_eq!(refused, Err(SignatureError::NotCovered));
    }

    #[test]
    fn both_spellings_of_an_origin() {
        for (origin, other) in [
            ("https://a.test", Some("https://a.test:443")),
            ("http://a.test", Some("http://a.test:80")),
            ("https://a.test:8443", Some("https://a.test")),
            ("https://[::1]", Some("https://[::1]:443")),
            ("https://[::1]:443", Some("https://[::1]")),
            ("https://u:p@a.test", Some("https://u:p@a.test:443")),
            ("https://u:p@a.test:443", Some("https://u:p@a.test")),
            ("https://a.test/", None),
            ("https://a.test?", None),
            ("https://a.test:", None),
            ("https://:443", None),
            ("https://a.test:x", None),
            ("https://", None),
            ("ftp://a.test", None),
            ("a.test", None),
            ("https://a test", None),
        ] {
            assert_eq!(other_port(origin).as_deref(), other, "{origin}");
        }
    }

    #[test]
    fn settings_of_a_shared_key() {
        let good = read_settings(b"key=webhooks_sharedkey_1,algorithm=HMAC_SHA256");
        let key = Some("webhooks_sharedkey_1".to_owned());
        assert_eq!(good, Ok((key, Algorithm::HmacSha256)));
        for (text, error) in [
            (
                "key=k,algorithm=HMAC_SHA1",
                SignatureError::AlgorithmMismatch,
            ),
            ("key=k,algorithm=", SignatureError::AlgorithmMismatch),
            ("key=,algorithm=HMAC_SHA256", SignatureError::Malformed),
            ("key=k, algorithm=HMAC_SHA256", SignatureError::Malformed),
            ("algorithm=HMAC_SHA256,key=k", SignatureError::Malformed),
            ("", SignatureError::Malformed),
        ] {
            assert_eq!(read_settings(text.as_bytes()), Err(error), "{text}");
        }
    }
}
