//! Cross-site scripting: markup that runs code, URIs that are code, and breaking out of a script's
//! string; libinjection's HTML5 states as second opinion.
//!
//! Rich text is not an attack: `<p>`, `<b>`, a link to a page and an image pass. What is refused is
//! what makes a browser run something.

mod markup;
mod script;
mod uri;

use super::Hit;
use crate::bytes::ByteClasses;

/// Markup needs `<`, an attribute that was broken into `=`, a URI its `:`, a call its `(`.
const NEEDED: ByteClasses = ByteClasses::ANGLE
    .with(ByteClasses::EQUALS)
    .with(ByteClasses::COLON)
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::OPERATOR);

pub(super) fn detect(form: &[u8], seen: ByteClasses) -> Option<Hit> {
    if !seen.intersects(NEEDED) {
        return None;
    }
    let angle = seen.intersects(ByteClasses::ANGLE);
    let ours = None
        .or_else(|| if angle { markup::tags(form) } else { None })
        .or_else(|| {
            if seen.intersects(ByteClasses::EQUALS) {
                markup::handler(form)
            } else {
                None
            }
        })
        .or_else(|| {
            if seen.intersects(ByteClasses::COLON) {
                uri::whole(form)
            } else {
                None
            }
        })
        .or_else(|| script::detect(form, seen));
    if let Some(detector) = ours {
        return Some(Hit {
            detector,
            score: 10,
        });
    }
    let suspicious = angle && markup::has_tag(form)
        || seen.intersects(ByteClasses::EQUALS) && markup::has_attribute(form);
    (suspicious && second_opinion(form)).then_some(Hit {
        detector: "libinjection-xss",
        score: 10,
    })
}

/// libinjection on the text without its plain comments: it refuses every comment that holds a back
/// quote, which is every other issue template. Conditional comments stay in.
fn second_opinion(form: &[u8]) -> bool {
    let Some(stripped) = markup::without_comments(form) else {
        return libinjectionrs::detect_xss(form).is_injection();
    };
    markup::has_tag(&stripped) && libinjectionrs::detect_xss(&stripped).is_injection()
}

/// Whether a byte separates tokens in HTML; NUL and other control bytes did so in old browsers.
fn is_space(byte: u8) -> bool {
    byte <= b' '
}
