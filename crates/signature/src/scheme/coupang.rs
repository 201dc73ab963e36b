//! Coupang's Open API signature:
//! `Authorization: CEA algorithm=HmacSHA256, access-key=<id>, signed-date=<yyMMddTHHmmssZ>, signature=<64 hex>`.
//!
//! HMAC-SHA-256, keyed with the secret key as text, over `{signed-date}{method}{path}{query}`: no
//! separators, the query without its `?`, all as on the wire. The date is UTC.
//!
//! Covered: method, path, query, time. Not covered: the body, other headers. There is no nonce.
//! Since nothing stands between path and query, a query must start with a parameter whose name is
//! configured ([`Coupang::new`]); otherwise one signature would be right for `DELETE /items/5` and
//! `DELETE /items?/5`. No name configured: requests with a query are refused.
//!
//! Confirmed against Coupang's pages "Creating HMAC Signature" (Open API) and "Create HMAC Signature"
//! (Partners), and PyPI `python-coupang`: order of the text, the query without its `?`, form of date
//! and header, lower-case hex. The samples join the header's members by `, ` or by `,`: one of the
//! two throughout is read, the first is written. Not confirmed: how long a date stays good. Where the
//! text is silent we chose: exactly these four members in this order, the years 2000 to 2099.

use super::concatenated::FirstParameters;
use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::MAX_PARAM_BYTES;
use crate::text::{hex, short_date};
use crate::{Algorithm, Message, SignatureError, Signer};

/// The header field, lower case.
pub const HEADER: &str = "authorization";
const MAC_BYTES: usize = 32;

/// Requests to an API behind Coupang's scheme.
#[derive(Debug, Clone, Default)]
pub struct Coupang {
    first: FirstParameters,
}

impl Coupang {
    /// `first_parameters` are the names with which a query may start.
    ///
    /// # Errors
    /// [`SignatureError::InvalidSpec`] for a name that is none, or that another one ends in.
    pub fn new(first_parameters: &[&str]) -> Result<Self, SignatureError> {
        Ok(Self {
            first: FirstParameters::new(first_parameters)?,
        })
    }

    /// The signed text. A method is letters and a path starts with `/`, so those two have one border.
    fn octets<'m>(
        &self,
        message: &Message<'m>,
        date: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let (path, query) = (message.path(), message.query());
        if !super::is_method(message.method) || path.first() != Some(&b'/') {
            return Err(SignatureError::IllegalValue);
        }
        self.first.check(path, query)?;
        Ok(SignedOctets::default()
            .borrowed(date)
            .borrowed(message.method)
            .borrowed(path)
            .borrowed(query.unwrap_or_default()))
    }
}

impl Scheme for Coupang {
    fn name(&self) -> &'static str {
        "coupang"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::METHOD
            .with(Coverage::PATH)
            .with(Coverage::QUERY)
            .with(Coverage::FRESHNESS)
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let value =
            core::str::from_utf8(message.single(HEADER)?).map_err(|_| SignatureError::Malformed)?;
        let members = value.strip_prefix("CEA ").ok_or(SignatureError::Missing)?;
        let [algorithm, key, date, digits] = read(members).ok_or(SignatureError::Malformed)?;
        if algorithm != "HmacSHA256" {
            return Err(SignatureError::AlgorithmMismatch);
        }
        if !is_key(key) {
            return Err(SignatureError::Malformed);
        }
        Ok(vec![Presented {
            key_id: Some(key.to_owned()),
            algorithm: Some(Algorithm::HmacSha256),
            created: Some(short_date::decode(date.as_bytes())?),
            signatures: vec![hex::decode_exactly(digits.as_bytes(), MAC_BYTES)?],
            covered: ["signed-date", "method", "path", "query"]
                .map(String::from)
                .into(),
            detail: Detail::Texts(vec![date.to_owned()]),
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        _body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        self.octets(message, presented.detail.text(0)?)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        _body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let date = short_date::encode(order.created)?;
        let key = order.key_id.filter(|key| is_key(key));
        let key = key.ok_or(SignatureError::InvalidSpec)?;
        let octets = self.octets(message, date.as_bytes())?;
        let mac = hex::encode(&super::signed_by(self, signer, &octets.parts())?);
        let value = format!(
            "CEA algorithm=HmacSHA256, access-key={key}, signed-date={date}, signature={mac}"
        );
        Ok(vec![(HEADER.into(), value)])
    }
}

/// The values of the four members.
fn read(members: &str) -> Option<[&str; 4]> {
    let separator = if members.contains(", ") { ", " } else { "," };
    let mut members = members.split(separator);
    let mut value = |name| members.next()?.strip_prefix(name);
    let values = [
        value("algorithm=")?,
        value("access-key=")?,
        value("signed-date=")?,
        value("signature=")?,
    ];
    members.next().is_none().then_some(values)
}

fn is_key(key: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_graphic() && byte != b',';
    (1..=MAX_PARAM_BYTES).contains(&key.len()) && key.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MacKey;

    #[test]
    fn both_spellings_of_the_header_and_no_other() {
        let key = MacKey::new(b"secret".to_vec()).unwrap();
        let order = SignOrder {
            key_id: Some("k"),
            created: 1_700_000_000,
            ..SignOrder::default()
        };
        let message = Message {
            method: b"GET",
            target: b"/v2/items/5",
            ..Message::default()
        };
        let scheme = Coupang::default();
        let lines = scheme.sign(&message, b"", &order, &key).unwrap();
        let spaced = lines[0].1.as_str();
        let start =
            "CEA algorithm=HmacSHA256, access-key=k, signed-date=231114T221320Z, signature=";
        assert!(spaced.starts_with(start), "{spaced}");
        let bare = spaced.replace(", ", ",");
        let mixed = spaced.replacen(", ", ",", 1);
        let longer = format!("{spaced}, x=1");
        let other = spaced.replace("HmacSHA256", "HmacSHA512");
        let malformed = Err(SignatureError::Malformed);
        for (value, outcome) in [
            (spaced, Ok(Some(1_700_000_000))),
            (&bare, Ok(Some(1_700_000_000))),
            (&mixed, malformed),
            (&longer, malformed),
            (&spaced.replace("access-key=k, ", ""), malformed),
            (&other, Err(SignatureError::AlgorithmMismatch)),
            ("Bearer x", Err(SignatureError::Missing)),
        ] {
            let headers = [(HEADER.into(), value.into())];
            let presented = scheme.present(&Message {
                headers: &headers,
                ..message
            });
            assert_eq!(presented.map(|found| found[0].created), outcome, "{value}");
        }
    }

    #[test]
    fn a_border_that_could_be_moved_is_refused() {
        let key = MacKey::new(b"secret".to_vec()).unwrap();
        let order = SignOrder {
            key_id: Some("k"),
            created: 1_700_000_000,
            ..SignOrder::default()
        };
        let scheme = Coupang::new(&["page"]).unwrap();
        for (target, outcome) in [
            ("/items/5", Ok(())),
            ("/items?page=1&x=2", Ok(())),
            ("/items?/5", Err(SignatureError::NotCovered)),
            ("/items?x=2&page=1", Err(SignatureError::NotCovered)),
            ("/items=?page=1", Err(SignatureError::NotCovered)),
            ("items", Err(SignatureError::IllegalValue)),
        ] {
            let message = Message {
                method: b"DELETE",
                target: target.as_bytes(),
                ..Message::default()
            };
            let signed = scheme.sign(&message, b"", &order, &key).map(|_| ());
            assert_eq!(signed, outcome, "{target}");
        }
    }
}
