//! The detectors, one module per class, and the table that says when each is asked.
//!
//! A detector reads one normal form of a field and answers with its strongest [`Hit`]. It is asked
//! only when the bytes it cannot do without occur ([`Detector::needs`]), and only on the normal
//! forms that an interpreter of its kind could come to see ([`Detector::forms`]): a shell undoes no
//! HTML entities, an LDAP server no CSS escapes.

pub(crate) mod command;
mod crlf;
mod deserialization;
mod graphql;
mod jndi;
mod ldap;
mod markup;
mod mass_assignment;
mod nosql;
mod path;
mod prompt;
mod prototype;
pub(crate) mod sqli;
mod ssrf;
mod template;
mod xpath;
pub(crate) mod xss;

use crate::bytes::ByteClasses;
use crate::limits::MAX_SECOND_OPINION_BYTES;
use crate::text::Text;
use crate::{Class, NormalForm, ScanPolicy};

/// What a detector says of one normal form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Stable kebab-case name of the rule.
    pub(crate) rule: &'static str,
    /// 1 to 10, see [`crate::Paranoia`].
    pub(crate) score: u8,
    /// Where it starts.
    pub(crate) offset: usize,
    /// Bytes it takes.
    pub(crate) length: usize,
}

impl Hit {
    /// A hit of some confidence at some place.
    fn at(rule: &'static str, score: u8, offset: usize, length: usize) -> Self {
        Self {
            rule,
            score,
            offset,
            length,
        }
    }
}

/// The one with the higher score; the first of equals.
fn stronger(first: Option<Hit>, second: Option<Hit>) -> Option<Hit> {
    match (first, second) {
        (Some(a), Some(b)) => Some(if b.score > a.score { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// When and how a class is looked for.
pub(crate) struct Detector {
    /// The class.
    pub(crate) class: Class,
    /// One of these has to occur.
    pub(crate) needs: ByteClasses,
    /// Decodings that may have been undone.
    pub(crate) forms: NormalForm,
    find: fn(&Text<'_>, &ScanPolicy, &mut Budget) -> Option<Hit>,
}

impl Detector {
    /// Looks for the class in one normal form.
    pub(crate) fn run(
        &self,
        text: &Text<'_>,
        policy: &ScanPolicy,
        budget: &mut Budget,
    ) -> Option<Hit> {
        if text.form.within(self.forms) {
            (self.find)(text, policy, budget)
        } else {
            None
        }
    }
}

/// What any server may undo before it interprets.
const SERVER: NormalForm = NormalForm::PERCENT
    .with(NormalForm::ESCAPE)
    .with(NormalForm::FOLD)
    .with(NormalForm::PLUS)
    .with(NormalForm::STRIP)
    .with(NormalForm::BASE64)
    .with(NormalForm::COMMENT)
    .with(NormalForm::UTF7);
/// The same, and what documents and pages are written with.
const ANY: NormalForm = SERVER.with(NormalForm::ENTITY);

/// In the order in which they are asked and their findings reported.
static DETECTORS: [Detector; 18] = [
    detector(Class::Sqli, sqli::NEEDED, ANY, sqli::detect),
    detector(Class::Xss, xss::NEEDED, ANY, xss::detect),
    detector(Class::Command, command::NEEDED, ANY, |text, _, _| {
        command::detect(text)
    }),
    detector(Class::Path, path::NEEDED, ANY, |text, _, _| {
        path::detect(text)
    }),
    detector(Class::Template, template::NEEDED, ANY, |text, _, _| {
        template::detect(text)
    }),
    detector(Class::Nosql, nosql::NEEDED, SERVER, |text, _, _| {
        nosql::detect(text)
    }),
    detector(Class::Ldap, ldap::NEEDED, SERVER, |text, _, _| {
        ldap::detect(text)
    }),
    detector(Class::Xpath, xpath::NEEDED, ANY, |text, _, _| {
        xpath::detect(text)
    }),
    detector(Class::Xxe, markup::NEEDED, ANY, |text, _, _| {
        markup::detect_xxe(text)
    }),
    detector(Class::Include, markup::NEEDED, ANY, |text, _, _| {
        markup::detect_include(text)
    }),
    detector(Class::Jndi, jndi::NEEDED, ANY, |text, _, _| {
        jndi::detect(text)
    }),
    detector(Class::Ssrf, ssrf::NEEDED, SERVER, |text, _, _| {
        ssrf::detect(text)
    }),
    detector(Class::Crlf, crlf::NEEDED, SERVER, |text, _, _| {
        crlf::detect(text)
    }),
    detector(Class::Prototype, prototype::NEEDED, SERVER, |text, _, _| {
        prototype::detect(text)
    }),
    detector(
        Class::Deserialization,
        deserialization::NEEDED,
        SERVER,
        |text, _, _| deserialization::detect(text),
    ),
    detector(
        Class::Graphql,
        graphql::NEEDED,
        NormalForm::RAW,
        |text, _, _| graphql::detect(text),
    ),
    detector(
        Class::MassAssignment,
        ByteClasses::WORD,
        NormalForm::RAW,
        |text, policy, _| mass_assignment::detect(text, &policy.protected_names),
    ),
    detector(Class::Prompt, prompt::NEEDED, ANY, |text, _, _| {
        prompt::detect(text)
    }),
];

/// The detectors that have something to look for where these bytes occur.
pub(crate) fn asked(seen: ByteClasses) -> impl Iterator<Item = &'static Detector> {
    let mut left = seen.members().fold(0u32, |all, class| {
        all | BY_CLASS.get(class).copied().unwrap_or_default()
    });
    core::iter::from_fn(move || {
        let next = DETECTORS.get(left.trailing_zeros() as usize)?;
        left &= left.wrapping_sub(1);
        Some(next)
    })
}

/// By the number of a byte class, one bit for each detector that needs it.
static BY_CLASS: [u32; 32] = by_class();

#[expect(clippy::indexing_slicing, reason = "evaluated when it is compiled")]
const fn by_class() -> [u32; 32] {
    let mut by_class = [0; 32];
    let mut class = 0;
    while class < by_class.len() {
        let mut at = 0;
        while at < DETECTORS.len() {
            if DETECTORS[at].needs.has(class) {
                by_class[class] |= 1 << at;
            }
            at += 1;
        }
        class += 1;
    }
    by_class
}

const fn detector(
    class: Class,
    needs: ByteClasses,
    forms: NormalForm,
    find: fn(&Text<'_>, &ScanPolicy, &mut Budget) -> Option<Hit>,
) -> Detector {
    Detector {
        class,
        needs,
        forms,
        find,
    }
}

/// Bytes of the request that libinjection may still be asked about.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_SECOND_OPINION_BYTES)
    }
}

impl Budget {
    /// As much of the text as is left, which is then spent.
    fn spend<'t>(&mut self, text: &'t [u8]) -> &'t [u8] {
        let length = text.len().min(self.0);
        self.0 = self.0.saturating_sub(length);
        text.get(..length).unwrap_or_default()
    }
}
