//! Kong's `hmac-auth` plugin.
//!
//! ```text
//! Authorization: hmac username="alice", algorithm="hmac-sha256", headers="date @request-target",
//!     signature="<base64>"                                       (or Proxy-Authorization)
//! Date: <IMF-fixdate>                                            (or X-Date)
//! Digest: SHA-256=<base64>                                       (with a body)
//! ```
//!
//! Signed are the listed names in their order, one line each, joined by LF:
//! `@request-target: <method in lower case> <target>` · `<METHOD> <target> HTTP/1.1` for
//! `request-line` · `<name as listed>: <value>` for a header field · `<name as listed>:` for one
//! that is absent.
//!
//! Read from Kong's `kong/plugins/hmac-auth/access.lua` and confirmed with the clients of PyPI named
//! in the oracle tests. Where we differ, we refuse: Kong reads a header field called
//! `@request-target` or `request-line` before the request line (never here), takes the first line of
//! a repeated field, tries the path without query when the whole target does not fit, and lets the
//! date be unsigned. The version in `request-line` is always 1.1, because a proxy does not hand the
//! client's version on. `hmac-sha224` is not supported.

use super::demand::Demand;
use super::listed::{self, Carrier, DATE};
use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::base64;
use crate::text::parameters::Parameters;
use crate::{Algorithm, Message, SignatureError, Signer};

const SCHEMES: [&str; 2] = ["hmac", "Hmac"];
const REQUEST_TARGET: &str = "@request-target";
const REQUEST_LINE: &str = "request-line";
const X_DATE: &str = "x-date";

/// Kong `hmac-auth`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kong {
    /// Where the credential is read from; the first one is where [`Scheme::sign`] puts it.
    pub carriers: Vec<Carrier>,
    /// What has to be signed.
    pub demand: Demand,
    /// Whether keys with HMAC-SHA-1 fit, which was Kong's default until 3.14.
    pub sha1: bool,
}

impl Default for Kong {
    fn default() -> Self {
        Self {
            carriers: vec![Carrier::Authorization, Carrier::ProxyAuthorization],
            demand: Demand::default(),
            sha1: false,
        }
    }
}

impl Scheme for Kong {
    fn name(&self) -> &'static str {
        "kong"
    }

    fn guarantees(&self) -> Coverage {
        self.demand.parts
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        const ALL: [Algorithm; 4] = [
            Algorithm::HmacSha1,
            Algorithm::HmacSha256,
            Algorithm::HmacSha384,
            Algorithm::HmacSha512,
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
        let known = ["username", "algorithm", "headers", "signature"];
        let parameters = Parameters::read(credential, &known)?;
        let names = listed::names(parameters.name_of("headers")?)?;
        let signature = parameters.quoted("signature")?.unwrap_or_default();
        Ok(vec![Presented {
            key_id: Some(parameters.name_of("username")?.to_owned()),
            algorithm: Some(listed::algorithm(parameters.name_of("algorithm")?)?),
            created: listed::date_of(message, &names, &[X_DATE, DATE])?,
            signatures: vec![base64::decode(signature.as_bytes())?],
            covered: names,
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        _body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let names = &presented.covered;
        let target = names
            .iter()
            .any(|name| name == REQUEST_TARGET || name == REQUEST_LINE);
        let covered = listed::TARGET
            .when(target)
            .with(Coverage::FRESHNESS.when(presented.created.is_some()));
        self.demand.check_head(message, covered, names)?;
        Ok(SignedOctets::default().owned(lines(message, names)?))
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
        let username = listed::quotable(order.key_id)?;
        let algorithm = listed::algorithm_name(signer)?;
        let (mut added, mut names) = listed::dated([DATE, REQUEST_TARGET], order.created, body)?;
        listed::add_demanded(&self.demand, message, &mut names);
        let headers = listed::with_lines(message, &added);
        let message = Message {
            headers: &headers,
            ..*message
        };
        let signature = super::signed_by(self, signer, &[&lines(&message, &names)?])?;
        added.push((
            carrier.header().to_owned(),
            format!(
                "hmac username=\"{username}\", algorithm=\"{algorithm}\", headers=\"{}\", signature=\"{}\"",
                names.join(" "),
                base64::encode(&signature)
            ),
        ));
        Ok(added)
    }
}

fn lines(message: &Message<'_>, names: &[String]) -> Result<Vec<u8>, SignatureError> {
    let mut lines = Vec::with_capacity(names.len());
    for name in names {
        lines.push(match name.as_str() {
            REQUEST_TARGET => {
                let method = listed::lower_method(message)?;
                [
                    b"@request-target: ",
                    &method[..],
                    b" ",
                    listed::target(message)?,
                ]
                .concat()
            }
            REQUEST_LINE => {
                let method = listed::method(message)?;
                [method, b" ", listed::target(message)?, b" HTTP/1.1"].concat()
            }
            derived if derived.starts_with(['@', '(']) => {
                return Err(SignatureError::UnsupportedComponent);
            }
            field => match listed::value(message, field)? {
                Some(value) => [field.as_bytes(), b": ", value].concat(),
                None => [field.as_bytes(), b":"].concat(),
            },
        });
    }
    listed::joined(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::verify;
    use crate::{HeaderLine, MacKey, VerificationKey};

    const DATE_LINE: (&str, &str) = ("date", "Thu, 22 Jun 2017 17:15:21 GMT");
    const SECRET: &[u8] = b"secret";

    fn check(
        scheme: &Kong,
        headers: &[(&str, &str)],
        credential: &str,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let mut lines: Vec<HeaderLine> = vec![("authorization".into(), credential.into())];
        lines.extend(headers.iter().map(|(n, v)| ((*n).into(), (*v).into())));
        let message = Message {
            method: b"GET",
            authority: b"hmac.com",
            target: b"/requests",
            headers: &lines,
            ..Default::default()
        };
        let presented = &scheme.present(&message)?[0];
        let key = VerificationKey::Mac(MacKey::new(SECRET.to_vec()).unwrap());
        verify(scheme, &message, presented, b"", &key)?;
        scheme.check_body(&message, presented, body)
    }

    fn credential(headers: &str, signature: &str) -> String {
        format!(
            "hmac username=\"alice123\", algorithm=\"hmac-sha256\", headers=\"{headers}\", signature=\"{signature}\""
        )
    }

    /// Kong's documentation of the plugin, "Validating the body" and "Signature authentication
    /// scheme" examples: user alice123, secret `secret`.
    #[test]
    fn documented_example_verifies() {
        let documented = credential(
            "date request-line",
            "ujWCGHeec9Xd6UD2zlyxiNMCiXnDOWeVFMu5VeRUxtw=",
        );
        let scheme = Kong::default();
        assert_eq!(check(&scheme, &[DATE_LINE], &documented, b""), Ok(()));
        let shout = documented.replacen("hmac", "Hmac", 1);
        assert_eq!(check(&scheme, &[DATE_LINE], &shout, b""), Ok(()));
        let body = check(&scheme, &[DATE_LINE], &documented, b"body");
        assert_eq!(body, Err(SignatureError::NotCovered));
    }

    #[test]
    fn what_kong_lets_pass() {
        use SignatureError as E;
        let scheme = Kong::default();
        let sign = |names: &str, lines: &[&str]| {
            let mac = MacKey::new(SECRET.to_vec()).unwrap();
            let mac = mac.compute(&[lines.join("\n").as_bytes()]);
            credential(names, &base64::encode(&mac))
        };
        let date = "date: Thu, 22 Jun 2017 17:15:21 GMT";
        let target = "@request-target: get /requests";
        let good = sign("date @request-target", &[date, target]);
        assert_eq!(check(&scheme, &[DATE_LINE], &good, b""), Ok(()));
        for (headers, credential, expected) in [
            (vec![DATE_LINE], sign("date", &[date]), E::NotCovered),
            (
                vec![DATE_LINE],
                sign("@request-target", &[target]),
                E::NotCovered,
            ),
            (vec![], good.clone(), E::NotCovered),
            (vec![DATE_LINE, DATE_LINE], good.clone(), E::Repeated),
            // A header field in the place of the request line.
            (
                vec![DATE_LINE, ("request-line", "GET /requests HTTP/1.1")],
                credential("date Request-Line", "AAAA"),
                E::NotCovered,
            ),
            (
                vec![DATE_LINE],
                credential("date @request-target @method", "AAAA"),
                E::UnsupportedComponent,
            ),
            (
                vec![DATE_LINE],
                good.replace("hmac-sha256", "hmac-sha512"),
                E::AlgorithmMismatch,
            ),
            (
                vec![DATE_LINE],
                good.replace("hmac-sha256", "hmac-sha224"),
                E::AlgorithmMismatch,
            ),
            (
                vec![DATE_LINE],
                good.replace("hmac-sha256", "hmac-sha1"),
                E::AlgorithmMismatch,
            ),
            (vec![DATE_LINE], good.replace("hmac ", "HMAC "), E::Missing),
        ] {
            assert_eq!(
                check(&scheme, &headers, &credential, b""),
                Err(expected),
                "{credential}"
            );
        }
        // Kong signs the name alone for a field that is not there; adding it is refused.
        let signed = sign("date @request-target x-a", &[date, target, "x-a:"]);
        assert_eq!(check(&scheme, &[DATE_LINE], &signed, b""), Ok(()));
        let added = check(&scheme, &[DATE_LINE, ("x-a", "")], &signed, b"");
        assert_eq!(added, Err(E::Mismatch));
    }
}
