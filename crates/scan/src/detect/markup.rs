//! Markup that a server acts on: external entities and includes of XML, server-side and edge-side
//! includes.
//!
//! Grammar of `xxe`: `<!ENTITY`, a `<!DOCTYPE` with an internal subset or with a system identifier
//! that is not the W3C's, `<xi:include`, a stylesheet instruction, XSLT that asks for the system.
//! Grammar of `include`: `<!--#directive`, `<esi:element`. These are written for one purpose, so the
//! construct is enough at the start of a value or behind a few words; in a text about XML that has
//! sentences before it, it is a finding at paranoia 2.
//!
//! Close to it: `<!DOCTYPE html>` and its XHTML forms, `<?xml version="1.0"?>`, `<!-- comment -->`,
//! `<![CDATA[`.

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find, has_sentence, head, holds, prose_words, skip_space, starts, tail};
use crate::words::Phrases;

/// A tag.
pub(super) const NEEDED: ByteClasses = ByteClasses::ANGLE;

/// Words before the construct that make it a quotation.
const SENTENCE: usize = 8;

pub(super) fn detect_xxe(text: &Text<'_>) -> Option<Hit> {
    let may_be_foreign = text.seen.intersects(ByteClasses::COLON) && holds(text.bytes, &FOREIGN);
    each_tag(text.bytes, |tag| {
        let score = match tag {
            [b'!', ..] => declaration(tail(tag, 1)),
            [b'?', ..] if starts(tag, b"?xml-stylesheet") => {
                Some(if tag.contains(&b'/') { 9 } else { 6 })
            }
            [b'x' | b'X', ..] => element(tag),
            _ if may_be_foreign => foreign(tag),
            _ => None,
        }?;
        Some(("xml-external", score))
    })
}

pub(super) fn detect_include(text: &Text<'_>) -> Option<Hit> {
    const DIRECTIVES: [&[u8]; 13] = [
        b"exec",
        b"include",
        b"echo",
        b"printenv",
        b"config",
        b"fsize",
        b"flastmod",
        b"set",
        b"if",
        b"elif",
        b"else",
        b"endif",
        b"call",
    ];
    const ELEMENTS: [&[u8]; 17] = [
        b"include",
        b"inline",
        b"debug",
        b"vars",
        b"remove",
        b"choose",
        b"try",
        b"assign",
        b"eval",
        b"comment",
        b"text",
        b"when",
        b"otherwise",
        b"attempt",
        b"except",
        b"function",
        b"foreach",
    ];
    // Those of JSP and ColdFusion that take in another file or run one.
    const PAGES: [&[u8]; 8] = [
        b"%@ include",
        b"%@include",
        b"jsp:include",
        b"jsp:forward",
        b"cfinclude",
        b"cfexecute",
        b"cffile",
        b"c:import url",
    ];
    each_tag(text.bytes, |tag| {
        let known = |name: &[u8], list: &[&[u8]]| list.iter().any(|word| starts(name, word));
        if PAGES.iter().any(|page| starts(tag, page)) {
            return Some(("include-page", 9));
        }
        // `<!-- #exec cmd=..`: servers forgive the space, and so does who writes it.
        let spaced = starts(tag, b"!-- ") && skip_space(tail(tag, 3)).first() == Some(&b'#');
        let set = || head(tag, 48).contains(&b'=');
        if starts(tag, b"!--#") || starts(tag, b"!--esi") || spaced && set() {
            let name = tail(tag, 3);
            let name = skip_space(tail(skip_space(name), 1));
            return (known(name, &DIRECTIVES) || starts(tag, b"!--esi"))
                .then_some(("include-server-side", 10));
        }
        (starts(tag, b"esi:") && known(tail(tag, 4), &ELEMENTS))
            .then_some(("include-edge-side", 10))
    })
}

/// Calls `judge` with what follows each `<`, until it says something.
fn each_tag(text: &[u8], judge: impl Fn(&[u8]) -> Option<(&'static str, u8)>) -> Option<Hit> {
    let mut at = 0usize;
    while let Some(open) = tail(text, at).iter().position(|&b| b == b'<') {
        at = at.saturating_add(open).saturating_add(1);
        if let Some((rule, score)) = judge(head(tail(text, at), 512)) {
            // The tags of an envelope around it are no words.
            let before = head(text, at);
            let quoted = prose_words(before, SENTENCE) >= SENTENCE && has_sentence(before, 4);
            let score = if quoted { score.min(7) } else { score };
            return Some(Hit::at(rule, score, at.saturating_sub(1), 2));
        }
    }
    None
}

/// What follows `<!`.
fn declaration(rest: &[u8]) -> Option<u8> {
    if starts(rest, b"entity")
        || starts(rest, b"element ")
        || starts(rest, b"attlist ")
        || starts(rest, b"notation ")
    {
        return Some(if starts(rest, b"entity") { 10 } else { 6 });
    }
    if starts(rest, b"[cdata[") {
        // `<![CDATA[<]]>script`: a tag put together from sections.
        let inside = tail(rest, 7);
        return (starts(inside, b"<]]>") || starts(inside, b"<![")).then_some(9);
    }
    if !starts(rest, b"doctype") {
        return None;
    }
    let end = rest
        .iter()
        .position(|&b| b == b'>' || b == b'[')
        .unwrap_or(rest.len());
    let kind = head(rest, end);
    let subset = rest.get(end) == Some(&b'[');
    let known = holds(
        kind,
        const {
            &Phrases::new(&[
                b"-//w3c",
                b"-//ietf",
                b"w3.org",
                b"about:legacy-compat",
                b"-//apple",
                b"-//openstreetmap",
                b"-//sun micro",
                b"-//mybatis",
                b"-//hibernate",
                b"-//spring",
            ])
        },
    );
    // The public name is anybody's to write; what is fetched is the address behind it.
    let fetched = find(kind, b"://").is_some() || find(kind, b"file:").is_some();
    let known = known
        && (!fetched
            || holds(
                kind,
                const {
                    &Phrases::new(&[
                        b"://www.w3.org/",
                        b"://w3.org/",
                        b"://www.apple.com/",
                        b"://java.sun.com/",
                        b"://mybatis.org/",
                        b"://www.mybatis.org/",
                        b"://www.hibernate.org/",
                        b"://hibernate.org/",
                        b"://hibernate.sourceforge.net/",
                        b"://www.springframework.org/",
                    ])
                },
            ));
    let system = holds(kind, const { &Phrases::new(&[b" system", b" public"]) });
    if subset || system && !known {
        return Some(10);
    }
    (!starts(skip_space(tail(kind, 7)), b"html")).then_some(5)
}

/// What is foreign in [`foreign`], asked once of the whole text.
static FOREIGN: Phrases = Phrases::new(&[
    b"w3.org/2001/xinclude",
    b"exsl:document",
    b"redirect:write",
    b"saxon:output",
    b"href=\"file:",
    b"href='file:",
    b"href=\"expect:",
    b"href=\"php:",
]);

/// XInclude under another prefix, what writes in XSLT processors, a picture of SVG that is a file of the
/// server.
fn foreign(tag: &[u8]) -> Option<u8> {
    let tag = head(
        tag,
        tag.iter().position(|&b| b == b'>').unwrap_or(tag.len()),
    );
    holds(tag, &FOREIGN).then_some(9)
}

/// Elements of XInclude and XSLT.
fn element(tag: &[u8]) -> Option<u8> {
    if starts(tag, b"xi:include") {
        return Some(10);
    }
    if !starts(tag, b"xsl:") {
        return None;
    }
    let acts = holds(
        tag,
        const {
            &Phrases::new(&[
                b"system-property(",
                b"document(",
                b"unparsed-text",
                b"php:function",
                b"rt:exec",
                b"java:",
            ])
        },
    );
    let include = starts(tag, b"xsl:include") || starts(tag, b"xsl:import");
    (acts || include || find(tag, b"xsl:script").is_some()).then_some(9)
}
