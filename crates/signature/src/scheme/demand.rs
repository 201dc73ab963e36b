//! What a signature has to cover where its sender chooses what is signed.

use super::Coverage;
use crate::{Message, SignatureError, digest};

/// The parts and header fields that every signature has to cover, whatever else its sender lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Parts of the message. All five by default.
    pub parts: Coverage,
    /// Names of header fields, lower case, to be covered always.
    pub headers: Vec<String>,
    /// Names of header fields, lower case, to be covered when the message has them; a name that
    /// ends in `*` stands for every field that begins with it.
    pub when_present: Vec<String>,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            parts: Coverage::NAMED
                .into_iter()
                .fold(Coverage::NONE, |all, (_, part)| all.with(part)),
            headers: Vec::new(),
            when_present: Vec::new(),
        }
    }
}

impl Demand {
    /// Holds what one signature covers against the demand, all but the body.
    ///
    /// `covered` are the parts that `names` amount to in the scheme at hand.
    ///
    /// # Errors
    /// [`SignatureError::NotCovered`].
    pub(super) fn check_head(
        &self,
        message: &Message<'_>,
        covered: Coverage,
        names: &[String],
    ) -> Result<(), SignatureError> {
        let parts = covered.with(Coverage::BODY).contains(self.parts);
        let always = self.headers.iter().all(|name| lists(names, name));
        let present = message.headers.iter().all(|(name, _)| {
            !self.wants_when_present(name)
                || names
                    .iter()
                    .any(|listed| listed.as_bytes().eq_ignore_ascii_case(name))
        });
        if parts && always && present {
            Ok(())
        } else {
            Err(SignatureError::NotCovered)
        }
    }

    /// Whether the header field is to be covered because the message has it.
    pub(super) fn wants_when_present(&self, name: &[u8]) -> bool {
        self.when_present.iter().any(|wanted| matches(wanted, name))
    }

    /// Holds the body against the `Digest` field, where `names` cover that field. A body of no
    /// length needs none: its absence is what a signature without digest says.
    ///
    /// # Errors
    /// [`SignatureError::NotCovered`] for a body that is demanded and not covered, otherwise what
    /// [`digest::verify`] says.
    pub(super) fn check_digest(
        &self,
        message: &Message<'_>,
        names: &[String],
        body: &[u8],
    ) -> Result<(), SignatureError> {
        if lists(names, digest::HEADER) {
            // A listed field that is absent was signed as absent, where the dialect allows that.
            let absent = message.values(digest::HEADER.as_bytes()).next().is_none();
            if absent && body.is_empty() {
                return Ok(());
            }
            return digest::verify(message, body);
        }
        if body.is_empty() || !self.parts.contains(Coverage::BODY) {
            Ok(())
        } else {
            Err(SignatureError::NotCovered)
        }
    }
}

/// Whether the header field is listed, in whatever case.
pub(super) fn lists(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| listed.eq_ignore_ascii_case(name))
}

fn matches(wanted: &str, name: &[u8]) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => name
            .get(..start.len())
            .is_some_and(|begins| begins.eq_ignore_ascii_case(start.as_bytes())),
        None => name.eq_ignore_ascii_case(wanted.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_demand_is_held() {
        let headers = [
            (b"psu-id".to_vec(), b"7".to_vec()),
            (b"x-request-id".to_vec(), b"8".to_vec()),
        ];
        let message = Message {
            headers: &headers,
            ..Default::default()
        };
        let all = Demand::default();
        let head = Coverage::METHOD
            .with(Coverage::PATH)
            .with(Coverage::QUERY)
            .with(Coverage::FRESHNESS);
        assert_eq!(all.check_head(&message, head, &[]), Ok(()));
        for missing in [Coverage::METHOD, Coverage::QUERY, Coverage::FRESHNESS] {
            let less = Coverage(head.0 & !missing.0);
            let refused = all.check_head(&message, less, &[]);
            assert_eq!(refused, Err(SignatureError::NotCovered));
        }
        let berlin = Demand {
            headers: names(&["x-request-id"]),
            when_present: names(&["psu-*", "tpp-redirect-uri"]),
            ..Demand::default()
        };
        for (listed, expected) in [
            (names(&["x-request-id", "PSU-ID"]), Ok(())),
            (names(&["x-request-id"]), Err(SignatureError::NotCovered)),
            (names(&["psu-id"]), Err(SignatureError::NotCovered)),
        ] {
            assert_eq!(berlin.check_head(&message, head, &listed), expected);
        }
    }

    #[test]
    fn a_body_needs_its_digest_under_the_signature() {
        let headers = [(b"digest".to_vec(), digest::sha256(b"body").into_bytes())];
        let with = Message {
            headers: &headers,
            ..Default::default()
        };
        let without = Message::default();
        let (all, listed) = (Demand::default(), names(&["Digest"]));
        assert_eq!(all.check_digest(&with, &listed, b"body"), Ok(()));
        assert_eq!(
            all.check_digest(&with, &listed, b""),
            Err(SignatureError::DigestMismatch)
        );
        assert_eq!(
            all.check_digest(&with, &[], b"body"),
            Err(SignatureError::NotCovered)
        );
        assert_eq!(all.check_digest(&without, &[], b""), Ok(()));
        assert_eq!(all.check_digest(&without, &listed, b""), Ok(()));
        assert_eq!(
            all.check_digest(&without, &listed, b"body"),
            Err(SignatureError::Missing)
        );
        let no_body = Demand {
            parts: Coverage::METHOD,
            ..all
        };
        assert_eq!(no_body.check_digest(&without, &[], b"body"), Ok(()));
    }
}
