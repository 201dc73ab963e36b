//! JWT claims (RFC 7519): reading and checking. Verification of the token comes before, in
//! [`crate::jwe`] and [`crate::jws`].

use core::fmt;

use serde_json::{Map, Value};

use crate::{JoseError, json};

/// Bounds of a claims set: the text comes out of a token that was bounded already.
const MAX_CLAIMS_DEPTH: usize = 16;

/// Latest time that is taken seriously, in seconds: the year 9999. Keeps additions in range.
const MAX_UNIX_SECONDS: f64 = 253_402_300_799.0;

/// A claims set: one JSON object without duplicate members.
#[derive(Clone, PartialEq)]
pub struct Claims(Map<String, Value>);

/// What a token must say to be accepted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// `iss` must be exactly this; `None` accepts any or none.
    pub issuer: Option<&'a str>,
    /// `aud` must contain one of these; empty accepts any or none.
    pub audience: &'a [String],
    /// Allowed clock difference in seconds, on both sides.
    pub leeway_seconds: u64,
}

/// Why the claims are not acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimFault {
    /// `exp` is missing.
    MissingExpiry,
    /// A registered claim has the wrong type or an absurd value.
    Malformed,
    /// `exp` is in the past.
    Expired,
    /// `nbf` is in the future.
    NotYetValid,
    /// `iat` is in the future.
    IssuedInFuture,
    /// `iss` is missing or another one.
    Issuer,
    /// `aud` is missing or names only others.
    Audience,
}

impl ClaimFault {
    /// Stable identifier for logs and metrics, kebab-case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingExpiry => "jwt-missing-exp",
            Self::Malformed => "jwt-malformed-claim",
            Self::Expired => "jwt-expired",
            Self::NotYetValid => "jwt-not-yet-valid",
            Self::IssuedInFuture => "jwt-issued-in-future",
            Self::Issuer => "jwt-issuer",
            Self::Audience => "jwt-audience",
        }
    }
}

impl fmt::Display for ClaimFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl core::error::Error for ClaimFault {}

impl Claims {
    /// Reads `payload` as a claims set; its length was bounded with the token around it.
    ///
    /// # Errors
    /// [`JoseError::Malformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, JoseError> {
        let bounds = json::Bounds {
            max_bytes: payload.len(),
            max_depth: MAX_CLAIMS_DEPTH,
        };
        Ok(Self(json::object(payload, bounds)?))
    }

    /// A claim as it is, whatever its type.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All claims.
    #[must_use]
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }

    /// Checks the registered claims against `expected` at `now_unix_seconds`.
    ///
    /// `exp` is required and must lie after `now - leeway`; `nbf` and `iat`, when present, must not
    /// lie after `now + leeway`.
    ///
    /// # Errors
    /// [`ClaimFault`], the first one met.
    pub fn check(&self, expected: &Expected<'_>, now_unix_seconds: u64) -> Result<(), ClaimFault> {
        let earliest = now_unix_seconds.saturating_sub(expected.leeway_seconds);
        let latest = now_unix_seconds.saturating_add(expected.leeway_seconds);
        let expires = self.seconds("exp")?.ok_or(ClaimFault::MissingExpiry)?;
        if expires <= earliest {
            return Err(ClaimFault::Expired);
        }
        if self.seconds("nbf")?.is_some_and(|from| from > latest) {
            return Err(ClaimFault::NotYetValid);
        }
        if self.seconds("iat")?.is_some_and(|from| from > latest) {
            return Err(ClaimFault::IssuedInFuture);
        }
        self.check_issuer(expected.issuer)?;
        self.check_audience(expected.audience)
    }

    fn check_issuer(&self, expected: Option<&str>) -> Result<(), ClaimFault> {
        let Some(expected) = expected else {
            return Ok(());
        };
        match self.claim("iss") {
            Some(Value::String(issuer)) if issuer == expected => Ok(()),
            Some(Value::String(_)) | None => Err(ClaimFault::Issuer),
            Some(_) => Err(ClaimFault::Malformed),
        }
    }

    fn check_audience(&self, expected: &[String]) -> Result<(), ClaimFault> {
        if expected.is_empty() {
            return Ok(());
        }
        let audiences = match self.claim("aud") {
            None => return Err(ClaimFault::Audience),
            Some(Value::Array(audiences)) => audiences.as_slice(),
            Some(one) => core::slice::from_ref(one),
        };
        let mut found = false;
        for audience in audiences {
            let audience = audience.as_str().ok_or(ClaimFault::Malformed)?;
            found |= expected.iter().any(|expected| expected == audience);
        }
        if found {
            Ok(())
        } else {
            Err(ClaimFault::Audience)
        }
    }

    /// A `NumericDate` in whole seconds; fractions are cut off (RFC 7519 section 2).
    fn seconds(&self, name: &str) -> Result<Option<u64>, ClaimFault> {
        let Some(value) = self.claim(name) else {
            return Ok(None);
        };
        let seconds = value.as_f64().ok_or(ClaimFault::Malformed)?;
        if !(0.0..=MAX_UNIX_SECONDS).contains(&seconds) {
            return Err(ClaimFault::Malformed);
        }
        // Exact: the range check keeps it far below 2^53, and the fraction is meant to go.
        Ok(Some(seconds as u64))
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims { .. }")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn check(claims: &str, leeway_seconds: u64) -> Result<(), ClaimFault> {
        let audience = ["payments".to_owned(), "refunds".to_owned()];
        let expected = Expected {
            issuer: Some("https://idp"),
            audience: &audience,
            leeway_seconds,
        };
        Claims::parse(claims.as_bytes())
            .unwrap()
            .check(&expected, NOW)
    }

    #[test]
    fn table() {
        let base = r#""iss":"https://idp","aud":"payments""#;
        for (claims, leeway, outcome) in [
            (format!(r#"{{{base},"exp":1700000001}}"#), 0, Ok(())),
            (
                format!(r#"{{{base},"exp":1700000000}}"#),
                0,
                Err(ClaimFault::Expired),
            ),
            (
                format!(r#"{{{base},"exp":1700000000.9}}"#),
                0,
                Err(ClaimFault::Expired),
            ),
            (format!(r#"{{{base},"exp":1700000001.5}}"#), 0, Ok(())),
            (format!(r#"{{{base},"exp":1699999941}}"#), 60, Ok(())),
            (
                format!(r#"{{{base},"exp":1699999940}}"#),
                60,
                Err(ClaimFault::Expired),
            ),
            (
                format!(r#"{{{base},"exp":0}}"#),
                u64::MAX,
                Err(ClaimFault::Expired),
            ),
            (format!("{{{base}}}"), 0, Err(ClaimFault::MissingExpiry)),
            (
                format!(r#"{{{base},"exp":"1700000001"}}"#),
                0,
                Err(ClaimFault::Malformed),
            ),
            (
                format!(r#"{{{base},"exp":null}}"#),
                0,
                Err(ClaimFault::Malformed),
            ),
            (
                format!(r#"{{{base},"exp":-1}}"#),
                0,
                Err(ClaimFault::Malformed),
            ),
            (
                format!(r#"{{{base},"exp":1e300}}"#),
                0,
                Err(ClaimFault::Malformed),
            ),
            (
                format!(r#"{{{base},"exp":1800000000,"nbf":1700000000}}"#),
                0,
                Ok(()),
            ),
            (
                format!(r#"{{{base},"exp":1800000000,"nbf":1700000001}}"#),
                0,
                Err(ClaimFault::NotYetValid),
            ),
            (
                format!(r#"{{{base},"exp":1800000000,"nbf":1700000060}}"#),
                60,
                Ok(()),
            ),
            (
                format!(r#"{{{base},"exp":1800000000,"nbf":"now"}}"#),
                0,
                Err(ClaimFault::Malformed),
            ),
            (
                format!(r#"{{{base},"exp":1800000000,"iat":1700000061}}"#),
                60,
                Err(ClaimFault::IssuedInFuture),
            ),
        ] {
            assert_eq!(
                check(&claims, leeway),
                outcome,
                "{claims} with leeway {leeway}"
            );
        }
    }

    #[test]
    fn issuer_and_audience() {
        for (claims, outcome) in [
            (r#""iss":"https://idp","aud":"payments""#, Ok(())),
            (r#""iss":"https://idp","aud":["x","refunds"]"#, Ok(())),
            (
                r#""iss":"https://idp/","aud":"payments""#,
                Err(ClaimFault::Issuer),
            ),
            (
                r#""iss":"HTTPS://idp","aud":"payments""#,
                Err(ClaimFault::Issuer),
            ),
            (r#""aud":"payments""#, Err(ClaimFault::Issuer)),
            (
                r#""iss":["https://idp"],"aud":"payments""#,
                Err(ClaimFault::Malformed),
            ),
            (
                r#""iss":"https://idp","aud":"payment""#,
                Err(ClaimFault::Audience),
            ),
            (r#""iss":"https://idp","aud":[]"#, Err(ClaimFault::Audience)),
            (r#""iss":"https://idp""#, Err(ClaimFault::Audience)),
            (
                r#""iss":"https://idp","aud":["payments",1]"#,
                Err(ClaimFault::Malformed),
            ),
            (
                r#""iss":"https://idp","aud":{"payments":1}"#,
                Err(ClaimFault::Malformed),
            ),
        ] {
            let claims = format!(r#"{{"exp":1800000000,{claims}}}"#);
            assert_eq!(check(&claims, 0), outcome, "{claims}");
        }
    }

    #[test]
    fn only_strict_objects_are_claims() {
        for text in ["", "[]", "\"x\"", r#"{"exp":1,"exp":2}"#, "{}x", "{"] {
            assert!(Claims::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
