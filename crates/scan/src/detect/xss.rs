//! Cross-site scripting: markup that runs code, URIs that are code, and breaking out of a script's
//! string; libinjection's HTML5 states as second opinion.
//!
//! Rich text is not an attack: `<p>`, `<b>`, a link to a page and an image pass. What is refused is
//! what makes a browser run something.

mod code;
mod markup;
mod script;
mod uri;

use super::{Budget, Hit};
use crate::bytes::ByteClasses;
use crate::text::{Text, has_sentence};
use crate::vocabulary::Vocabulary;
use crate::{Paranoia, ScanPolicy};

/// First words of what is looked for outside of tags, beside attributes `on..`.
#[rustfmt::skip]
pub(crate) const WORDS: &[&str] = &[
    // Attributes and what frameworks add.
    "href", "src", "action", "formaction", "data", "background", "poster", "dynsrc", "lowsrc", "srcdoc",
    "xmlns", "filter", "folder", "from", "to", "values", "by", "code", "attributename", "style", "ng", "init",
    // Schemes.
    "javascript", "vbscript", "livescript", "mocha",
    // Calls, members, styles.
    "alert", "confirm", "prompt", "eval", "settimeout", "setinterval", "fromcharcode", "constructor",
    "execscript", "print", "document", "window", "location", "navigator", "external", "image",
    "localstorage", "top", "function", "import", "expression", "behavior", "behaviour", "moz",
    "getscript", "importscripts", "globalthis", "reflect", "atob", "unescape", "decodeuri", "frames", "opener",
    "self", "parent",
];

/// Markup needs `<`, an attribute that was broken into `=`, a URI its `:`, a call its `(`.
pub(super) const NEEDED: ByteClasses = ByteClasses::ANGLE
    .with(ByteClasses::EQUALS)
    .with(ByteClasses::COLON)
    .with(ByteClasses::AMPERSAND)
    .with(ByteClasses::QUOTE)
    .with(ByteClasses::OPERATOR);

pub(super) fn detect(text: &Text<'_>, policy: &ScanPolicy, budget: &mut Budget) -> Option<Hit> {
    let (form, seen) = (text.bytes, text.seen);
    if policy.paranoia == Paranoia::One && !may_be_script(text) {
        // A scheme may be written with spaces in it.
        let colon = seen.intersects(ByteClasses::COLON);
        let rule = colon.then(|| uri::whole(form)).flatten()?;
        return Some(Hit::at(rule, 10, 0, form.len()));
    }
    let (angle, equals) = (
        seen.intersects(ByteClasses::ANGLE),
        seen.intersects(ByteClasses::EQUALS),
    );
    if let Some(detector) = own_rule(form, seen, angle, equals) {
        return Some(Hit::at(detector, 10, 0, form.len()));
    }
    if seen.intersects(ByteClasses::AMPERSAND) && markup::disguised_bracket(form) {
        return Some(Hit::at("xss-disguised-bracket", 8, 0, form.len()));
    }
    if !text.settled {
        return None;
    }
    let suspicious = angle && markup::has_tag(form) || equals && markup::has_attribute(form);
    let score = if suspicious && second_opinion(form, budget) {
        if has_sentence(form, 6) { 7 } else { 9 }
    } else if policy.paranoia >= Paranoia::Two
        && libinjectionrs::detect_xss(budget.spend(form)).is_injection()
    {
        7
    } else if policy.paranoia >= Paranoia::Three && equals {
        let at = markup::odd_name(form)?;
        return Some(Hit::at("xss-attribute-name", 4, at, 2));
    } else {
        return None;
    };
    Some(Hit::at("libinjection-xss", score, 0, form.len()))
}

/// Whether there is one of the [`WORDS`], or else a mark that a rule could object to by itself.
fn may_be_script(text: &Text<'_>) -> bool {
    let spelled = ByteClasses::ANGLE.with(ByteClasses::BRACKET);
    text.words.intersects(Vocabulary::SCRIPT)
        || text.seen.intersects(spelled)
        || text.seen.intersects(ByteClasses::BRACE) && text.seen.intersects(ByteClasses::MARK)
        || text.bytes.trim_ascii_start().starts_with(b"&#")
}

/// The first of our own rules that the form breaks.
fn own_rule(form: &[u8], seen: ByteClasses, angle: bool, equals: bool) -> Option<&'static str> {
    if angle && let Some(rule) = markup::tags(form) {
        return Some(rule);
    }
    if equals && let Some(rule) = markup::handler(form) {
        return Some(rule);
    }
    if seen.intersects(ByteClasses::COLON)
        && let Some(rule) = uri::whole(form).or_else(|| uri::embedded(form))
    {
        return Some(rule);
    }
    script::detect(form, seen).or_else(|| code::detect(form, seen))
}

/// libinjection on the text without what is benign in mails and pages (see `without_benign`): it
/// refuses every comment that holds a back quote, every document type and every style.
fn second_opinion(form: &[u8], budget: &mut Budget) -> bool {
    let Some(stripped) = markup::without_benign(form) else {
        return libinjectionrs::detect_xss(budget.spend(form)).is_injection();
    };
    let suspicious = markup::has_tag(&stripped) || markup::has_attribute(&stripped);
    suspicious && libinjectionrs::detect_xss(budget.spend(&stripped)).is_injection()
}

/// Whether a byte separates tokens in HTML; NUL and other control bytes did so in old browsers.
fn is_space(byte: u8) -> bool {
    byte <= b' '
}
