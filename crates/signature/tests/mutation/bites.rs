//! The suite bites: each attack catches a scheme that is loose in the way it looks for.

use sealgate_signature::scheme::github::{GITHUB, HEADER};
use sealgate_signature::{
    Algorithm, Coverage, Message, Presented, Scheme, SignOrder, SignatureError, SignedOctets,
    Signer,
};

use crate::attacks;
use crate::request::Part;
use crate::subject::{Subject, mac_parties};
use crate::subjects::github;

/// What a reader may be loose in.
#[derive(Clone, Copy, PartialEq)]
enum Loose {
    /// Takes upper-case hex.
    Case,
    /// Looks at the last line of several.
    Lines,
    /// Has a time that nothing signs.
    Time,
}

fn loose(how: Loose) -> Subject {
    Subject {
        scheme: Box::new(LooseGithub(how)),
        ..github::subject()
    }
}

/// A subject that promises more than its scheme signs.
fn overpromised() -> Subject {
    Subject {
        covers: vec![Part::Target, Part::Body, Part::Header(HEADER)],
        message: |draft| crate::request::Request::post(&format!("/{}", draft.path), &draft.body),
        ..github::subject()
    }
}

#[test]
#[should_panic(expected = "of Target was accepted")]
fn bits_of_a_part_that_is_not_signed() {
    attacks::bits::every_one(&overpromised());
}

#[test]
#[should_panic(expected = "was accepted")]
fn mixtures_with_a_part_that_is_not_signed() {
    attacks::mixed::every_mixture(&overpromised());
}

#[test]
#[should_panic(expected = "of Target")]
fn random_edits_of_a_part_that_is_not_signed() {
    attacks::properties::random_edits(&overpromised());
}

#[test]
#[should_panic(expected = "was accepted")]
fn upper_case_digits() {
    attacks::spelling::cut_padded_respelt(&loose(Loose::Case));
}

#[test]
#[should_panic(expected = "was accepted")]
fn the_last_of_several_lines() {
    attacks::lines::dropped_doubled_reordered(&loose(Loose::Lines));
}

#[test]
#[should_panic(expected = "an old message made young was accepted")]
fn a_time_that_nothing_signs() {
    let mut subject = loose(Loose::Time);
    subject.covers.push(Part::Header("x-time"));
    attacks::time::shifted(&subject);
}

#[test]
#[should_panic(expected = "assertion failed")]
fn two_senders_with_one_key() {
    let [first, _] = mac_parties(Algorithm::HmacSha256, [None, None]);
    let [second, _] = mac_parties(Algorithm::HmacSha256, [None, None]);
    attacks::keys::exchanged(&Subject {
        keys: [first, second],
        ..github::subject()
    });
}

struct LooseGithub(Loose);

impl Scheme for LooseGithub {
    fn name(&self) -> &'static str {
        GITHUB.name()
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY.with(Coverage::FRESHNESS.when(self.0 == Loose::Time))
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        GITHUB.algorithms()
    }

    fn headers(&self) -> Vec<&str> {
        vec![HEADER]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let mut headers = message.headers.to_vec();
        match self.0 {
            Loose::Case => {
                for (_, value) in &mut headers {
                    value.make_ascii_lowercase();
                }
            }
            Loose::Lines => {
                headers.drain(..headers.len().saturating_sub(1));
            }
            Loose::Time => {}
        }
        let mut found = GITHUB.present(&Message {
            headers: &headers,
            ..*message
        })?;
        let time = message.values(b"x-time").next();
        let time = time.and_then(|time| std::str::from_utf8(time).ok());
        found[0].created = time.and_then(|time| time.parse().ok());
        Ok(found)
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        GITHUB.signed_octets(message, presented, body)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let mut lines = GITHUB.sign(message, body, order, signer)?;
        if self.0 == Loose::Time {
            lines.push(("x-time".into(), order.created.to_string()));
        }
        Ok(lines)
    }
}
