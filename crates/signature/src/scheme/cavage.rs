//! "Signing HTTP Messages", draft-cavage-http-signatures-12, and its dialects at Tyk, Gravitee and
//! the Berlin Group.
//!
//! ```text
//! Authorization: Signature keyId="k",algorithm="hmac-sha256",created=1402170695,
//!     headers="(request-target) (created) host digest",signature="<base64>"
//! Signature: keyId="k",...                                       (the same parameters alone)
//! ```
//!
//! Signed are the listed names in their order, one line each, joined by LF, names in lower case:
//! `(request-target): <method in lower case> <target>` · `(created): <n>` · `(expires): <n>` ·
//! `<name>: <value>` for a header field, the values of several lines joined by `, `. Nothing stands
//! for a field that is absent: that is an error (section 2.3). Without a list, `(created)` is signed.
//!
//! | Dialect | Otherwise than the draft |
//! |---|---|
//! | [`Dialect::Draft`] | nothing: `(created)`, `(expires)` only under `hs2019` |
//! | [`Dialect::Gravitee`] | `(created)`, `(expires)` under every algorithm |
//! | [`Dialect::Tyk`] | no query under the signature; `x-aux-date` stands for a listed `date`; `date` alone is signed without a list; a MAC is written as base64 with `+`, `/`, `=` percent-encoded |
//!
//! The rules of draft-cavage are from its text (section 2 and the examples of appendix C, which are
//! vectors below). Tyk's are read from `gateway/mw_http_signature_validation.go`. Where its readers
//! are loose, we refuse: upper case in the list, a target with a query (nothing signs it) unless the
//! query is not demanded, the name of an unknown algorithm (Tyk runs SHA-1), percent-encoding in two
//! cases. Tyk signs the path *decoded*; here it is the raw path, so that a path with an escape in it
//! does not verify. A time in a fraction of seconds is refused.

use super::demand::{Demand, lists};
use super::listed::{self, Carrier, DATE};
use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::parameters::Parameters;
use crate::text::{base64, number};
use crate::{Algorithm, Message, SignatureError, Signer, digest};

const SCHEMES: [&str; 2] = ["Signature", "signature"];
const REQUEST_TARGET: &str = "(request-target)";
const CREATED: &str = "(created)";
const EXPIRES: &str = "(expires)";
const AUX_DATE: &str = "x-aux-date";
/// Stands for whatever algorithm the key has.
const HS2019: &str = "hs2019";

/// Whose reading of the draft.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The text of draft 12.
    #[default]
    Draft,
    /// Tyk's "HMAC signatures".
    Tyk,
    /// Gravitee's "HTTP Signature" policy.
    Gravitee,
}

/// Signatures after draft-cavage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cavage {
    /// Whose reading.
    pub dialect: Dialect,
    /// Where the credential is read from; the first one is where [`Scheme::sign`] puts it.
    pub carriers: Vec<Carrier>,
    /// What has to be signed.
    pub demand: Demand,
    /// Whether keys with HMAC-SHA-1 fit.
    pub sha1: bool,
}

impl Default for Cavage {
    fn default() -> Self {
        Self {
            dialect: Dialect::Draft,
            carriers: vec![Carrier::Authorization, Carrier::Signature],
            demand: Demand::default(),
            sha1: false,
        }
    }
}

impl Cavage {
    /// What the Berlin Group's NextGenPSD2 framework demands (implementation guidelines, section
    /// 12): the `Signature` field over `digest`, `x-request-id`, `date`, and over `psu-id`,
    /// `psu-corporate-id` and `tpp-redirect-uri` where the request has them.
    ///
    /// The framework leaves method and target out; `parts` says whether this gate does as well.
    pub fn berlin_group(parts: Coverage) -> Self {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Self {
            carriers: vec![Carrier::Signature],
            demand: Demand {
                parts,
                headers: names(&["x-request-id", "date"]),
                when_present: names(&["psu-*", "tpp-redirect-uri"]),
            },
            ..Self::default()
        }
    }

    fn date_fields(&self) -> &'static [&'static str] {
        match self.dialect {
            Dialect::Tyk => &[AUX_DATE, DATE],
            _ => &[DATE],
        }
    }

    fn default_list(&self) -> &'static str {
        match self.dialect {
            Dialect::Tyk => DATE,
            _ => CREATED,
        }
    }

    fn read(&self, credential: &[u8], message: &Message<'_>) -> Result<Presented, SignatureError> {
        let known = [
            "keyId",
            "algorithm",
            "created",
            "expires",
            "headers",
            "signature",
        ];
        let parameters = Parameters::read(credential, &known)?;
        let list = parameters.quoted("headers")?;
        let names = listed::names(list.unwrap_or(self.default_list()))?;
        if names
            .iter()
            .any(|name| name.bytes().any(|b| b.is_ascii_uppercase()))
        {
            return Err(SignatureError::Malformed);
        }
        let algorithm = parameters.quoted("algorithm")?;
        let time = |name| match parameters.bare(name)? {
            Some(text) if self.dialect != Dialect::Tyk => {
                number::decimal(text.as_bytes()).map(Some)
            }
            Some(_) => Err(SignatureError::Malformed),
            None => Ok(None),
        };
        let (created, expires) = (time("created")?, time("expires")?);
        if self.dialect == Dialect::Draft
            && algorithm.is_some_and(|name| name != HS2019)
            && [CREATED, EXPIRES].iter().any(|name| lists(&names, name))
        {
            return Err(SignatureError::UnsupportedComponent);
        }
        let signed = |name, time: Option<i64>| time.filter(|_| lists(&names, name));
        let created = match signed(CREATED, created) {
            Some(created) => Some(created),
            None => listed::date_of(message, &self.dated(message, &names)?, self.date_fields())?,
        };
        let signature = parameters.quoted("signature")?.unwrap_or_default();
        let algorithm = algorithm
            .filter(|name| *name != HS2019 || self.dialect == Dialect::Tyk)
            .map(listed::algorithm)
            .transpose()?;
        Ok(Presented {
            key_id: Some(parameters.name_of("keyId")?.to_owned()),
            algorithm,
            created,
            // One that is not signed can only shorten the life of the signature.
            expires,
            signatures: vec![self.decode(signature, algorithm)?],
            covered: names,
            ..Default::default()
        })
    }

    /// The list with the field that stands for `date` at Tyk.
    fn dated(
        &self,
        message: &Message<'_>,
        names: &[String],
    ) -> Result<Vec<String>, SignatureError> {
        let stands_in = self.dialect == Dialect::Tyk
            && lists(names, DATE)
            && listed::value(message, AUX_DATE)?.is_some();
        if !stands_in {
            return Ok(names.to_vec());
        }
        // Listed both ways, one value would stand for two.
        if lists(names, AUX_DATE) {
            return Err(SignatureError::DuplicateComponent);
        }
        let stand_in = |name: &String| match name.as_str() {
            DATE => AUX_DATE.to_owned(),
            _ => name.clone(),
        };
        Ok(names.iter().map(stand_in).collect())
    }

    fn decode(&self, text: &str, algorithm: Option<Algorithm>) -> Result<Vec<u8>, SignatureError> {
        let escaped =
            self.dialect == Dialect::Tyk && algorithm.is_none_or(|algorithm| algorithm.is_mac());
        if !escaped {
            return base64::decode(text.as_bytes());
        }
        // .NET escapes in lower case, all others in upper case; nobody in both.
        let plain = [["%2B", "%2F", "%3D"], ["%2b", "%2f", "%3d"]]
            .into_iter()
            .map(|escapes| unescape(text, escapes))
            .find(|plain| !plain.contains('%'));
        if text.contains(['+', '/', '=']) {
            return Err(SignatureError::Malformed);
        }
        base64::decode(plain.ok_or(SignatureError::Malformed)?.as_bytes())
    }

    fn encode(&self, signature: &[u8], algorithm: Algorithm) -> String {
        let text = base64::encode(signature);
        if self.dialect == Dialect::Tyk && algorithm.is_mac() {
            text.replace('+', "%2B")
                .replace('/', "%2F")
                .replace('=', "%3D")
        } else {
            text
        }
    }

    fn lines(
        &self,
        message: &Message<'_>,
        names: &[String],
        created: Option<i64>,
        expires: Option<i64>,
    ) -> Result<Vec<u8>, SignatureError> {
        let mut lines = Vec::with_capacity(names.len());
        for name in self.dated(message, names)? {
            let value = match name.as_str() {
                REQUEST_TARGET => self.request_target(message)?,
                CREATED => decimal(created)?,
                EXPIRES => decimal(expires)?,
                derived if derived.starts_with(['@', '(']) => {
                    return Err(SignatureError::UnsupportedComponent);
                }
                field => self.field(message, field)?,
            };
            lines.push([name.as_bytes(), b": ", &value].concat());
        }
        listed::joined(&lines)
    }

    fn request_target(&self, message: &Message<'_>) -> Result<Vec<u8>, SignatureError> {
        let target = listed::target(message)?;
        let target = match self.dialect {
            Dialect::Tyk if self.demand.parts.contains(Coverage::QUERY) => {
                if message.query().is_some() {
                    return Err(SignatureError::NotCovered);
                }
                target
            }
            Dialect::Tyk => message.path(),
            _ => target,
        };
        Ok([&listed::lower_method(message)?[..], b" ", target].concat())
    }

    /// All lines of a field, each trimmed, joined by comma and space (section 2.3, rule 4).
    fn field(&self, message: &Message<'_>, name: &str) -> Result<Vec<u8>, SignatureError> {
        // Tyk signs the first line only, so there must be no second one.
        if self.dialect == Dialect::Tyk || matches!(name, "host" | DATE | digest::HEADER) {
            let value = listed::value(message, name)?;
            return Ok(value
                .ok_or(SignatureError::AbsentComponent)?
                .trim_ascii()
                .to_vec());
        }
        let lines: Vec<_> = message
            .values(name.as_bytes())
            .map(<[u8]>::trim_ascii)
            .collect();
        if lines.is_empty() {
            return Err(SignatureError::AbsentComponent);
        }
        let joined = lines.join(&b", "[..]);
        if joined.iter().all(|&byte| listed::is_plain(byte)) {
            Ok(joined)
        } else {
            Err(SignatureError::IllegalValue)
        }
    }
}

impl Scheme for Cavage {
    fn name(&self) -> &'static str {
        "cavage"
    }

    fn guarantees(&self) -> Coverage {
        self.demand.parts
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        const ALL: [Algorithm; 7] = [
            Algorithm::HmacSha1,
            Algorithm::HmacSha256,
            Algorithm::HmacSha384,
            Algorithm::HmacSha512,
            Algorithm::RsaV15Sha256,
            // Without a name of their own: `hs2019`.
            Algorithm::RsaPssSha512,
            Algorithm::Ed25519,
        ];
        listed::algorithms(&ALL, self.sha1)
    }

    fn headers(&self) -> Vec<&str> {
        self.carriers
            .iter()
            .map(|carrier| carrier.header())
            .collect()
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let credential = listed::credential(message, &self.carriers, &SCHEMES)?;
        Ok(vec![self.read(credential, message)?])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        _body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let names = &presented.covered;
        let covered = listed::TARGET
            .when(lists(names, REQUEST_TARGET))
            .with(Coverage::FRESHNESS.when(presented.created.is_some()));
        self.demand.check_head(message, covered, names)?;
        let created = presented.created.filter(|_| lists(names, CREATED));
        let lines = self.lines(message, names, created, presented.expires)?;
        Ok(SignedOctets::default().owned(lines))
    }

    fn check_body(
        &self,
        message: &Message<'_>,
        presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        self.demand.check_digest(message, &presented.covered, body)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let carrier = self.carriers.first().ok_or(SignatureError::InvalidSpec)?;
        let key_id = listed::quotable(order.key_id)?;
        let algorithm = listed::algorithm_name(signer).unwrap_or(HS2019);
        if algorithm == HS2019 && self.dialect == Dialect::Tyk {
            return Err(SignatureError::InvalidSpec);
        }
        let digested: &[u8] = match self.demand.parts.contains(Coverage::BODY) {
            true => body,
            false => &[],
        };
        let first = [REQUEST_TARGET, DATE];
        let (mut added, mut names) = listed::dated(first, order.created, digested)?;
        listed::add_demanded(&self.demand, message, &mut names);
        names
            .iter_mut()
            .for_each(|name| name.make_ascii_lowercase());
        let headers = listed::with_lines(message, &added);
        let message = Message {
            headers: &headers,
            ..*message
        };
        let octets = self.lines(&message, &names, None, None)?;
        let signature = super::signed_by(self, signer, &[&octets])?;
        let prefix = match carrier {
            Carrier::Signature => "",
            _ => "Signature ",
        };
        added.push((
            carrier.header().to_owned(),
            format!(
                "{prefix}keyId=\"{key_id}\",algorithm=\"{algorithm}\",headers=\"{}\",signature=\"{}\"",
                names.join(" "),
                self.encode(&signature, signer.algorithm())
            ),
        ));
        Ok(added)
    }
}

fn decimal(time: Option<i64>) -> Result<Vec<u8>, SignatureError> {
    let time = time.ok_or(SignatureError::AbsentComponent)?;
    Ok(time.to_string().into_bytes())
}

fn unescape(text: &str, [plus, slash, equals]: [&str; 3]) -> String {
    text.replace(plus, "+")
        .replace(slash, "/")
        .replace(equals, "=")
}

#[cfg(test)]
mod tests;
