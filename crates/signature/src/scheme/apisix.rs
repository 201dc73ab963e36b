//! Apache APISIX's `hmac-auth` plugin (3.11 and later) and its clone in Higress, `hmac-auth-apisix`.
//!
//! ```text
//! Authorization: Signature keyId="john-key",algorithm="hmac-sha256",
//!     headers="@request-target date digest",signature="<base64>"
//! Date: <IMF-fixdate>
//! Digest: SHA-256=<base64>                                       (with a body)
//! ```
//!
//! Signed are the key id and then the listed names in their order, one line each, and every line
//! ends in LF, the last one too: `<METHOD> <target>` for `@request-target` (no name, unlike
//! draft-cavage) · `<name as listed>: <value>` for a header field.
//!
//! Read from Higress' `hmac-auth-apisix/main.go` and the signing script in APISIX' documentation,
//! confirmed with the signatures that Higress' documentation prints (those printed in APISIX' own do
//! not follow from the script beside them). Where we differ, we refuse: they skip a
//! listed field that is absent, take the first line of a repeated one, let the date be unsigned, and
//! hold the body against a `Digest` that nobody signed.

use super::demand::Demand;
use super::listed::{self, Carrier, DATE};
use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::base64;
use crate::text::parameters::Parameters;
use crate::{Algorithm, Message, SignatureError, Signer};

const SCHEME: &str = "Signature";
const REQUEST_TARGET: &str = "@request-target";
const CARRIER: Carrier = Carrier::Authorization;

/// APISIX `hmac-auth`, Higress `hmac-auth-apisix`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apisix {
    /// What has to be signed.
    pub demand: Demand,
    /// Whether keys with HMAC-SHA-1 fit, which both plugins allow by default.
    pub sha1: bool,
}

impl Scheme for Apisix {
    fn name(&self) -> &'static str {
        "apisix"
    }

    fn guarantees(&self) -> Coverage {
        self.demand.parts
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        if self.sha1 {
            &[
                Algorithm::HmacSha1,
                Algorithm::HmacSha256,
                Algorithm::HmacSha512,
            ]
        } else {
            &[Algorithm::HmacSha256, Algorithm::HmacSha512]
        }
    }

    fn headers(&self) -> Vec<&str> {
        vec![CARRIER.header()]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let credential = listed::credential(message, &[CARRIER], &[SCHEME])?;
        let known = ["keyId", "algorithm", "headers", "signature"];
        let parameters = Parameters::read(credential, &known)?;
        let names = listed::names(parameters.name_of("headers")?)?;
        let signature = parameters.quoted("signature")?.unwrap_or_default();
        Ok(vec![Presented {
            key_id: Some(parameters.name_of("keyId")?.to_owned()),
            algorithm: Some(listed::algorithm(parameters.name_of("algorithm")?)?),
            created: listed::date_of(message, &names, &[DATE])?,
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
        let key_id = presented.key_id.as_deref().ok_or(SignatureError::Missing)?;
        let covered = listed::TARGET
            .when(names.iter().any(|name| name == REQUEST_TARGET))
            .with(Coverage::FRESHNESS.when(presented.created.is_some()));
        self.demand.check_head(message, covered, names)?;
        Ok(SignedOctets::default().owned(lines(message, key_id, names)?))
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
        let key_id = listed::quotable(order.key_id)?;
        let algorithm = listed::algorithm_name(signer)?;
        let (mut added, mut names) = listed::dated([REQUEST_TARGET, DATE], order.created, body)?;
        listed::add_demanded(&self.demand, message, &mut names);
        let headers = listed::with_lines(message, &added);
        let message = Message {
            headers: &headers,
            ..*message
        };
        let octets = lines(&message, key_id, &names)?;
        let signature = super::signed_by(self, signer, &[&octets])?;
        added.push((
            CARRIER.header().to_owned(),
            format!(
                "{SCHEME} keyId=\"{key_id}\",algorithm=\"{algorithm}\",headers=\"{}\",signature=\"{}\"",
                names.join(" "),
                base64::encode(&signature)
            ),
        ));
        Ok(added)
    }
}

fn lines(message: &Message<'_>, key_id: &str, names: &[String]) -> Result<Vec<u8>, SignatureError> {
    let mut lines = vec![key_id.as_bytes().to_vec()];
    for name in names {
        lines.push(match name.as_str() {
            REQUEST_TARGET => [listed::method(message)?, b" ", listed::target(message)?].concat(),
            derived if derived.starts_with(['@', '(']) => {
                return Err(SignatureError::UnsupportedComponent);
            }
            field => {
                let value = listed::value(message, field)?;
                let value = value.ok_or(SignatureError::AbsentComponent)?;
                [field.as_bytes(), b": ", value].concat()
            }
        });
    }
    // The last line ends as all others do.
    lines.push(Vec::new());
    listed::joined(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme::verify;
    use crate::{HeaderLine, MacKey, VerificationKey};

    struct Example {
        request: (&'static str, &'static str),
        headers: &'static [(&'static str, &'static str)],
        names: &'static str,
        signature: &'static str,
        key: (&'static str, &'static str),
    }

    const CONSUMER: (&str, &str) = ("consumer1-key", "2bda943c-ba2b-11ec-ba07-00163e1250b5");

    /// Higress, README of hmac-auth-apisix, examples 1 and 2.
    const DOCUMENTED: [Example; 2] = [
        Example {
            request: ("POST", "/foo"),
            headers: &[("date", "Fri, 12 Sep 2025 23:53:18 GMT")],
            names: "@request-target date",
            signature: "746z4VISwZehUwZdzTV486ZMMbBtakmMHKPfs/A4RdU=",
            key: CONSUMER,
        },
        Example {
            request: ("POST", "/foo"),
            headers: &[
                ("date", "Sat, 13 Sep 2025 00:04:34 GMT"),
                ("x-custom-header-a", "test1"),
                ("x-custom-header-b", "test2"),
            ],
            names: "@request-target date x-custom-header-a x-custom-header-b",
            signature: "KoOlbkDIR/JzlKK47eURewnIpmhpkQU+KIyBUhqVfmo=",
            key: CONSUMER,
        },
    ];

    fn check(example: &Example, body: &[u8]) -> Result<(), SignatureError> {
        let credential = format!(
            "Signature keyId=\"{}\",algorithm=\"hmac-sha256\",headers=\"{}\",signature=\"{}\"",
            example.key.0, example.names, example.signature
        );
        let mut headers: Vec<HeaderLine> = vec![("authorization".into(), credential.into())];
        let others = example.headers.iter();
        headers.extend(others.map(|(name, value)| ((*name).into(), (*value).into())));
        let message = Message {
            method: example.request.0.as_bytes(),
            target: example.request.1.as_bytes(),
            headers: &headers,
            ..Default::default()
        };
        let scheme = Apisix::default();
        let presented = &scheme.present(&message)?[0];
        let key = MacKey::new(example.key.1.into()).unwrap();
        verify(
            &scheme,
            &message,
            presented,
            b"",
            &VerificationKey::Mac(key),
        )?;
        scheme.check_body(&message, presented, body)
    }

    #[test]
    fn documented_examples_verify() {
        for example in &DOCUMENTED {
            assert_eq!(check(example, b""), Ok(()), "{}", example.signature);
            // As documented they leave the body open, which no default of ours lets pass.
            assert_eq!(check(example, b"{}"), Err(SignatureError::NotCovered));
        }
    }

    #[test]
    fn what_the_plugins_let_pass() {
        use SignatureError as E;
        let [example, ..] = DOCUMENTED;
        let date = example.headers[0];
        for (headers, names, expected) in [
            (&[date][..], "date", E::NotCovered),
            (&[date], "@request-target", E::NotCovered),
            (&[], "@request-target date", E::NotCovered),
            (&[date], "@request-target date x-absent", E::AbsentComponent),
            (
                &[date],
                "@request-target date (created)",
                E::UnsupportedComponent,
            ),
            (&[date], "@REQUEST-TARGET date", E::NotCovered),
            (&[date, date], "@request-target date", E::Repeated),
            (
                &[date, ("x-a", "1"), ("x-a", "2")],
                "@request-target date x-a",
                E::Repeated,
            ),
            (&[date], "@request-target Date", E::Mismatch),
            (&[date], "date @request-target", E::Mismatch),
        ] {
            let changed = Example {
                headers: Vec::leak(headers.to_vec()),
                names,
                ..example
            };
            assert_eq!(check(&changed, b""), Err(expected), "{names}");
        }
    }
}
