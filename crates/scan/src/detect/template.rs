//! Server-side templates and expression languages: Jinja, Twig, Freemarker, Velocity, Smarty, ERB,
//! Razor, Thymeleaf, Handlebars, EL, SpEL, OGNL, MVEL, Mako, Pug.
//!
//! Grammar: `opener expression closer`, for the openers `{{`, `{%`, `${`, `#{`, `*{`, `%{`, `@{`,
//! `~{`, `<%`, `[[`, `[=`, `[#`, `<#`, `@(`, `{php`, `{$`, and Velocity's `#set(`. A template in a
//! product text names a variable and perhaps a filter. An attack does one of four things that such
//! a text does not: it computes with constants (`7*7`, to see whether it is evaluated), it calls a
//! method of a literal, it reaches for the reflection of the language ([`is_reflective`]), or it
//! prints the root objects of the framework (`{{config}}`, `{{self}}`). The opener is the first
//! signal, one of the four the second.
//!
//! Close to it: `Hello {{ first_name | default: "you" }}`, `{% for item in cart %}`,
//! `${{ github.event.number }}`, `${a + b}` in JavaScript, `<%= link_to %>`, `{{ .Values.image }}`,
//! `[[wiki links]]`, `${HOME}`, prices such as `${1.50}`.

mod expression;
mod reflection;
mod tag;

use super::Hit;
use crate::bytes::ByteClasses;
use crate::text::{Text, find, find_any, head, prose_words, starts, tail};
use crate::words::Phrases;
use expression::{assigns, computes, literal_method, root_object};
use reflection::{is_reflective, may_reflect, starts_reflective};

/// Every opener has one of these.
pub(super) const NEEDED: ByteClasses = ByteClasses::BRACE
    .with(ByteClasses::BRACKET)
    .with(ByteClasses::PAREN)
    .with(ByteClasses::ANGLE)
    .with(ByteClasses::DOT);

/// Expressions of OGNL and SpEL that need no opener: frameworks evaluate names and arguments.
static BARE: Phrases = Phrases::new(&[
    b"#_memberaccess",
    b"@java.lang.runtime@",
    b"@java.lang.processbuilder",
    b"#context[\"xwork",
    b"#context['xwork",
    b"t(java.lang.runtime)",
    b"t(java.lang.processbuilder",
    b"new java.lang.processbuilder",
    b"new javax.script.scriptengine",
    b".getclass().forname(",
    b"class.forname(\"java.lang.runtime",
    b"class.forname('java.lang.runtime",
    b"@ognl.ognlcontext@",
    b"#context['com.opensymphony",
    b"#context[\"com.opensymphony",
    b"#evaluate(",
    b"#parse(\"",
    b"#parse('",
    b"@system.io.file",
    b"@system.diagnostics.",
    b"@system.environment.",
    b"root.process.",
    b"global.process.mainmodule",
]);

/// Bytes of one expression that are read.
const MAX_EXPRESSION: usize = 1024;

/// Openers and what closes them.
const OPENERS: [(&[u8], &[u8]); 18] = [
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"${", b"}"),
    (b"#{", b"}"),
    (b"*{", b"}"),
    (b"%{", b"}"),
    (b"@{", b"}"),
    (b"~{", b"}"),
    (b"$[", b"]"),
    (b"<%", b"%>"),
    (b"[[", b"]]"),
    (b"[=", b"]"),
    (b"[#", b"]"),
    (b"<#", b">"),
    (b"@(", b")"),
    (b"{php}", b"{/php}"),
    (b"{$", b"}"),
    (b"#set", b"\0"),
];

pub(super) fn detect(text: &Text<'_>) -> Option<Hit> {
    if let Some(hit) = bean(text).or_else(|| tag::detect(text)) {
        return Some(hit);
    }
    if text
        .seen
        .intersects(ByteClasses::PAREN.with(ByteClasses::MARK))
        && let Some(at) = find_any(text.bytes, &BARE)
        && prose_words(text.before(at), 5) <= 4
    {
        return Some(Hit::at("template-reflection", 9, at, 8));
    }
    let opens = ByteClasses::BRACE
        .with(ByteClasses::BRACKET)
        .with(ByteClasses::ANGLE);
    let called = ByteClasses::PAREN;
    let calls = text.seen.intersects(called) && text.seen.intersects(ByteClasses::MARK);
    if !(text.seen.intersects(opens) || calls) {
        return None;
    }
    let mut at = 0usize;
    let mut reflective = None;
    let mut closers = Closers::default();
    // Nested expressions are read more than once, all together no more than four times.
    let mut budget = Budget::of(text.bytes);
    while let Some((opener, start)) = next_opener(text.bytes, at) {
        let (opening, _) = opener.marks();
        let inside = head(text.from(start), MAX_EXPRESSION.min(budget.judged));
        let nested =
            next_opener(inside, 0).map(|(opener, at)| at.saturating_sub(opener.marks().0.len()));
        // What is never closed is judged up to the next opener, which is judged by itself.
        let closed = closers
            .next(text.bytes, opener, start)
            .filter(|&at| at < start.saturating_add(inside.len()))
            .map(|first| budget.length(inside, opener, first.saturating_sub(start)));
        let length = closed.or(nested).unwrap_or(inside.len());
        let expression = head(inside, length);
        let prose = || prose_words(text.before(start), 8);
        let mut reflects = |expression: &[u8]| {
            starts_reflective(expression)
                || *reflective.get_or_insert_with(|| may_reflect(text.bytes))
                    && is_reflective(expression)
        };
        if let Some((rule, score)) = judge(opening, expression, &prose, text.bytes, &mut reflects) {
            let from = start.saturating_sub(opening.len());
            return Some(Hit::at(
                rule,
                score,
                from,
                length.saturating_add(opening.len()),
            ));
        }
        budget.judged = budget.judged.saturating_sub(length.max(64));
        // Nested openers are judged by themselves.
        at = start.saturating_add(nested.unwrap_or(length).min(length));
    }
    None
}

/// The number of a pair in [`OPENERS`].
#[derive(Debug, Clone, Copy)]
struct Opener(usize);

impl Opener {
    /// The opener and what closes it.
    fn marks(self) -> (&'static [u8], &'static [u8]) {
        OPENERS.get(self.0).copied().unwrap_or_default()
    }

    /// The opener that a text starts with.
    fn at(text: &[u8]) -> Option<Self> {
        Some(Self(match text {
            [b'{', b'{', ..] => 0,
            [b'{', b'%', ..] => 1,
            [b'$', b'{', ..] => 2,
            [b'#', b'{', ..] => 3,
            [b'*', b'{', ..] => 4,
            [b'%', b'{', ..] => 5,
            [b'@', b'{', ..] => 6,
            [b'~', b'{', ..] => 7,
            [b'$', b'[', ..] => 8,
            [b'<', b'%', ..] => 9,
            [b'[', b'[', ..] => 10,
            [b'[', b'=', ..] => 11,
            [b'[', b'#', ..] => 12,
            [b'<', b'#', ..] => 13,
            [b'@', b'(', ..] => 14,
            [b'{', b'p' | b'P', ..] if starts(text, b"{php}") => 15,
            [b'{', b'$', ..] => 16,
            [b'#', b's' | b'S', ..] if starts(text, b"#set") => 17,
            _ => return None,
        }))
    }
}

/// The next opener at or behind an offset, and where its expression starts.
fn next_opener(text: &[u8], from: usize) -> Option<(Opener, usize)> {
    let rest = tail(text, from);
    rest.iter().enumerate().find_map(|(at, &byte)| {
        if !matches!(
            byte,
            b'{' | b'$' | b'#' | b'*' | b'%' | b'@' | b'~' | b'<' | b'['
        ) {
            return None;
        }
        let opener = Opener::at(tail(rest, at))?;
        let length = opener.marks().0.len();
        Some((opener, from.saturating_add(at).saturating_add(length)))
    })
}

/// Where the next closer of each kind is, as far as it was asked: a text of openers that are never closed
/// is searched once and not once for each.
#[derive(Debug, Default)]
struct Closers([Option<usize>; OPENERS.len()]);

impl Closers {
    /// The first place of what closes the opener, at or behind an offset that only grows.
    fn next(&mut self, text: &[u8], opener: Opener, from: usize) -> Option<usize> {
        let known = self.0.get_mut(opener.0)?;
        if known.is_none_or(|at| at < from) {
            let found = find(tail(text, from), opener.marks().1);
            *known = Some(found.map_or(usize::MAX, |at| from.saturating_add(at)));
        }
        known.filter(|&at| at < usize::MAX)
    }
}

/// Bytes of expressions that are still read.
struct Budget {
    /// For what they do.
    judged: usize,
    /// For the brackets in them that are not balanced.
    unbalanced: usize,
}

impl Budget {
    fn of(text: &[u8]) -> Self {
        let most = text.len().saturating_mul(4).saturating_add(MAX_EXPRESSION);
        Self {
            judged: most,
            unbalanced: most,
        }
    }

    /// Bytes up to the closer, of which the first is at `first`; braces inside count.
    fn length(&mut self, inside: &[u8], opener: Opener, first: usize) -> usize {
        let (_, closer) = opener.marks();
        let mut depth = 0usize;
        for (at, &byte) in head(inside, self.unbalanced).iter().enumerate() {
            match byte {
                b'{' | b'(' | b'[' => depth = depth.saturating_add(1),
                _ if depth == 0 && starts(tail(inside, at), closer) => return at,
                b'}' | b')' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.unbalanced = self.unbalanced.saturating_sub(inside.len());
        first
    }
}

/// The rule that an expression breaks.
fn judge(
    opener: &[u8],
    expression: &[u8],
    prose: &dyn Fn() -> usize,
    whole: &[u8],
    reflects: &mut dyn FnMut(&[u8]) -> bool,
) -> Option<(&'static str, u8)> {
    let inner = trim(opener, expression);
    let brackets = matches!(
        opener,
        b"[[" | b"[=" | b"@(" | b"~{" | b"$[" | b"<#" | b"[#"
    );
    let computed = computes(inner) || assigns(inner) && prose() <= 2;
    if computed && (!brackets || prose() <= 2) {
        // Currency and version numbers have marks of arithmetic, too; a product names it in a text.
        return Some(("template-arithmetic", if prose() <= 6 { 10 } else { 7 }));
    }
    if reflects(inner) || opener == b"{php}" {
        return Some(("template-reflection", 10));
    }
    if brackets {
        return None;
    }
    if literal_method(inner) {
        return Some(("template-literal-method", 9));
    }
    let alone = expression.len().saturating_add(8) >= whole.trim_ascii().len();
    root_object(opener, inner, alone).map(|score| ("template-root-object", score))
}

/// The expression without the marks that belong to the opener: `{{=`, `<%=`, `{{{`, `${{`.
fn trim<'t>(opener: &[u8], expression: &'t [u8]) -> &'t [u8] {
    let marks: &[u8] = if opener == b"#set" {
        b"("
    } else {
        b"=-{%@#!:+~[ \t\r\n"
    };
    let lead = expression.iter().take_while(|b| marks.contains(b)).count();
    let end = expression
        .iter()
        .rposition(|b| !b"}%-]~ \t\r\n".contains(b))
        .map_or(0, |at| at.saturating_add(1));
    expression.get(lead..end).unwrap_or_default()
}

/// `class.module.classLoader...`: Spring binds parameter names to properties.
fn bean(text: &Text<'_>) -> Option<Hit> {
    let near = head(text.bytes, 64);
    let named = starts(near, b"class.module.classloader")
        || starts(near, b"class.classloader")
        || starts(near, b"class[module]")
        || starts(near, b"class['classloader");
    named.then(|| Hit::at("template-bean-property", 10, 0, near.len()))
}
