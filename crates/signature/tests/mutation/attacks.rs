//! What is done to every scheme. Each attack first sees its victim accepted.

pub(crate) mod bits;
pub(crate) mod keys;
pub(crate) mod lines;
pub(crate) mod mixed;
pub(crate) mod properties;
pub(crate) mod spelling;
pub(crate) mod time;

use crate::gate::judge;
use crate::request::Request;
use crate::subject::{Draft, Subject};

/// A signed message that the gate accepts.
fn victim(subject: &Subject) -> Request {
    let [draft, _] = Draft::two();
    let signed = subject.signed(&draft);
    assert_eq!(judge(subject, &signed), Ok(()), "the original is refused");
    signed
}

/// The gate refuses what differs from the original where it matters.
fn refuse(subject: &Subject, original: &Request, changed: &Request, what: &str) {
    if subject.harmless(original, changed) {
        return;
    }
    assert!(
        judge(subject, changed).is_err(),
        "{what} was accepted: {}",
        show(changed)
    );
}

/// A request in words, for the message of a failed test.
fn show(request: &Request) -> String {
    let mut text = format!(
        "{} {} on {}",
        request.method.escape_ascii(),
        request.target.escape_ascii(),
        request.authority.escape_ascii()
    );
    for (name, value) in &request.headers {
        text += &format!("\n{}: {}", name.escape_ascii(), value.escape_ascii());
    }
    text + &format!("\n\n{}", request.body.escape_ascii())
}
