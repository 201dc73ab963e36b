//! The injection scan, over everything an application reads: always the plaintext.

use sealgate_scan::extract::{self, ExtractError};
use sealgate_scan::{Class, Scanner};

use super::payload::PayloadOpened;
use super::token::TokenVerified;
use crate::policy::compiled::InspectPolicy;
use crate::refusal::Reason;
use crate::request::Request;

/// Nothing that looks like an attack was found.
pub(crate) struct Inspected(());

/// A refusal, and where the finding was; never what it was.
pub(crate) struct Finding {
    pub(crate) reason: Reason,
    pub(crate) place: Option<String>,
}

impl From<Reason> for Finding {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            place: None,
        }
    }
}

/// Scans path, query, cookies, chosen headers, claims and the body.
pub(crate) fn check(
    policy: &InspectPolicy,
    request: &Request,
    body: &[u8],
    token: Option<&TokenVerified>,
    payload: Option<&PayloadOpened>,
) -> Result<Inspected, Finding> {
    let mut scanner = Scanner::new(&policy.scan);
    extract::path(request.path(), &mut scanner);
    if let Some(query) = request.query() {
        extract::query(query, &mut scanner);
    }
    for value in request.values(b"cookie") {
        extract::cookies(value, &mut scanner);
    }
    for name in &policy.headers {
        for value in request.values(name.as_bytes()) {
            extract::header(name.as_bytes(), value, &mut scanner);
        }
    }
    let limits = policy.scan.limits;
    if let Some(token) = token {
        extract::claims(token.claims(), &limits, &mut scanner).map_err(extraction)?;
    }
    // The plaintext of a sealed body has no coding of its own; an unsealed body may hide in one.
    let (content_type, bytes) = match payload.and_then(PayloadOpened::plaintext) {
        Some((content_type, bytes)) => (content_type.as_bytes(), bytes),
        None => {
            let coded = request
                .values(b"content-encoding")
                .any(|coding| !coding.trim_ascii().eq_ignore_ascii_case(b"identity"));
            if coded && !body.is_empty() {
                return Err(Reason::InspectCoding.into());
            }
            (request.value(b"content-type").unwrap_or_default(), body)
        }
    };
    if !bytes.is_empty() {
        extract::body(content_type, bytes, &limits, &mut scanner).map_err(extraction)?;
    }
    let report = scanner.finish();
    if let Some(finding) = report.findings.first() {
        return Err(Finding {
            reason: reason(finding.class),
            place: Some(finding.location.to_string()),
        });
    }
    if report.exhausted {
        return Err(Reason::InspectLimits.into());
    }
    Ok(Inspected(()))
}

fn reason(class: Class) -> Reason {
    match class {
        Class::Sqli => Reason::InjectionSql,
        Class::Xss => Reason::InjectionXss,
        Class::Command => Reason::InjectionCommand,
        Class::Path => Reason::InjectionPath,
        Class::Template => Reason::InjectionTemplate,
        Class::Nosql => Reason::InjectionNosql,
        Class::Ldap => Reason::InjectionLdap,
        Class::Xpath => Reason::InjectionXpath,
        Class::Xxe => Reason::InjectionXxe,
        Class::Include => Reason::InjectionInclude,
        Class::Jndi => Reason::InjectionJndi,
        Class::Ssrf => Reason::InjectionSsrf,
        Class::Crlf => Reason::InjectionCrlf,
        Class::Prototype => Reason::InjectionPrototype,
        Class::Deserialization => Reason::InjectionDeserialization,
        Class::Graphql => Reason::InjectionGraphql,
        Class::MassAssignment => Reason::InjectionMassAssignment,
        Class::Prompt => Reason::InjectionPrompt,
        _ => Reason::InjectionOther,
    }
}

fn extraction(error: ExtractError) -> Finding {
    match error {
        ExtractError::TooDeep | ExtractError::TooLarge => Reason::InspectLimits.into(),
        ExtractError::UnsupportedCharset => Reason::InspectCoding.into(),
        _ => Reason::InspectMalformed.into(),
    }
}
