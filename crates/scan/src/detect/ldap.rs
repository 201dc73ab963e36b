//! LDAP search filters (RFC 4515).
//!
//! Grammar: the value closes a filter that it did not open and opens the next one: `)(attribute=`,
//! `)(|(`, `*)(&`, `*))%00`; or it opens one with a wildcard before it (`*(|(mail=*))`); or it is a
//! filter as a whole. Signals: the junction of parentheses, and a wildcard or a comparison with an
//! attribute behind it. A parenthesis more closed than opened tells the break-out from program text.
//!
//! Close to it: `f(x)(y)`, regular expressions `(foo)|(bar)*`, Markdown `[a](b)(c=d)`, emoticons,
//! `(*)` as a footnote. A lone `*` or parenthesis is a finding at paranoia 4 only.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, head, is_space, prose_words, run, skip_space, tail};

/// A filter has parentheses; a lone wildcard is looked at, too.
pub(super) const NEEDED: ByteClasses = ByteClasses::PAREN.with(ByteClasses::MARK);

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    let bytes = text.bytes.trim_ascii();
    let lone = bytes.len() <= 8 && bytes.contains(&b'*') && !bytes.iter().any(u8::is_ascii_digit);
    if bytes.len() > 512 {
        return None;
    }
    let lone_wildcard = || lone.then(|| Hit::at("ldap-wildcard", 3, 0, bytes.len()));
    if !text.seen.intersects(ByteClasses::PAREN) {
        return lone_wildcard();
    }
    junction(bytes)
        .or_else(|| wildcard_group(bytes))
        .or_else(|| cut_off(bytes))
        .or_else(|| whole_filter(bytes))
        .or_else(lone_wildcard)
}

/// `)(attribute=`, `)(|(`, `)(&`, `*)(!`.
fn junction(text: &[u8]) -> Option<Hit> {
    let mut depth = 0isize;
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'(' => depth = depth.saturating_add(1),
            b')' => {
                depth = depth.saturating_sub(1);
                let close = run(tail(text, at), |b| b == b')' || is_space(b));
                let next = tail(text, at.saturating_add(close));
                let wildcard = head(text, at).ends_with(b"*");
                if next.first() == Some(&b'(') {
                    let opens = filter(tail(next, 1));
                    let few = prose_words(head(text, at), 4) <= 2;
                    let out = depth < 0 || wildcard;
                    if out && few && opens {
                        return Some(Hit::at("ldap-junction", 10, at, close.saturating_add(1)));
                    }
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a filter starts behind its `(`: an operator, or `attribute=`.
fn filter(inside: &[u8]) -> bool {
    let inside = tail(inside, run(inside, |b| b == b'(' || is_space(b)));
    match inside {
        [b'|' | b'&' | b'!', rest @ ..] => {
            let next = skip_space(rest).first();
            matches!(next, None | Some(b'(' | b')' | b'|' | b'&' | b'!' | b'\''))
                || comparison(rest)
        }
        _ => comparison(inside),
    }
}

/// `attribute=`, `attribute~=`.
fn comparison(inside: &[u8]) -> bool {
    let name = run(inside, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b';' | b'.' | b':')
    });
    let operator = tail(inside, name);
    name >= 1
        && matches!(operator, [b'=', ..] | [b'~' | b'<' | b'>', b'=', ..])
        && !matches!(operator, [b'=', b'=' | b'>', ..])
}

/// `*(|(mail=*))`, `*()|&'`.
fn wildcard_group(text: &[u8]) -> Option<Hit> {
    let star = run(text, |b| b.is_ascii_alphanumeric());
    let [b'*', rest @ ..] = tail(text, star) else {
        return None;
    };
    let group = match rest {
        [b'(', b')', b'|' | b'&', ..] => true,
        [b'(', inside @ ..] => filter(inside) && inside.contains(&b'='),
        _ => false,
    };
    (star <= 32 && group).then(|| Hit::at("ldap-wildcard-group", 9, star, 2))
}

/// `*))%00`, `)(cn=))\x00`, `*)(&`: the rest of the filter is cut off.
fn cut_off(text: &[u8]) -> Option<Hit> {
    let (end, nul) = match text {
        [before @ .., 0] => (before, true),
        _ => (text, false),
    };
    let closes = end.iter().rev().take_while(|&&b| b == b')').count();
    let opened = end.iter().filter(|&&b| b == b'(').count();
    let before = head(end, end.len().saturating_sub(closes));
    let star = before.ends_with(b"*") && before.len() <= 32 && !before.contains(&b' ');
    let broken = closes > opened;
    let score = match (nul, star) {
        (true, _) => 10,
        (false, true) if closes >= 2 => 8,
        _ => 0,
    };
    (closes >= 1 && broken && score > 0)
        .then(|| Hit::at("ldap-cut-off", score, before.len(), closes))
}

/// `(|(uid=a)(uid=*))`, `(objectClass=*)`: a filter where a value is expected.
fn whole_filter(text: &[u8]) -> Option<Hit> {
    let [b'(', inside @ ..] = text else {
        return None;
    };
    let balanced =
        text.iter().filter(|&&b| b == b'(').count() == text.iter().filter(|&&b| b == b')').count();
    if !balanced || !text.ends_with(b")") {
        return None;
    }
    // Settings hold filters with a place for the name: `(&(objectClass=person)(uid=%s))`.
    let template = crate::text::holds(
        text,
        const {
            &crate::words::Phrases::new(&[
                b"=%s", b"=%u", b"=%d", b"={0}", b"={{", b"=${", b"={user", b"=$", b"=%(", b"=:",
            ])
        },
    );
    if template {
        return None;
    }
    let compound = matches!(inside, [b'&' | b'|' | b'!', b'(', rest @ ..] if filter(rest));
    let any = filter(inside) && inside.ends_with(b"=*)");
    (compound || any).then(|| Hit::at("ldap-filter", if compound { 8 } else { 7 }, 0, text.len()))
}
