//! The injection scan, over everything an application reads: always the plaintext.

use sealgate_contract::{Contract, Rule};
use sealgate_scan::extract::{self, ExtractError};
use sealgate_scan::{Class, Limits, Scanner};

use super::coding;
use super::payload::PayloadOpened;
use super::token::TokenVerified;
use crate::exchange::trail::Hit;
use crate::policy::compiled::InspectPolicy;
use crate::refusal::Reason;
use crate::request::Request;

/// Nothing that looks like an attack was found; and the body that was scanned, where it is not the
/// one received.
pub(crate) struct Inspected {
    decoded: Option<Vec<u8>>,
}

impl Inspected {
    /// The body for the upstream: the received one without its content coding.
    pub(crate) fn into_decoded(self) -> Option<Vec<u8>> {
        self.decoded
    }
}

/// A refusal, and where the finding was; never what it was.
pub(crate) struct Finding {
    pub(crate) reason: Reason,
    pub(crate) place: Option<String>,
    /// Class and kind of place, where it was the scan that found it.
    pub(crate) hit: Option<Hit>,
}

impl From<Reason> for Finding {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            place: None,
            hit: None,
        }
    }
}

/// Scans path, query, cookies, chosen headers, claims and the body.
pub(crate) fn check(
    policy: &InspectPolicy,
    max_body_bytes: usize,
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
    let limits = Limits {
        decoded_bytes: max_body_bytes,
        ..policy.scan.limits
    };
    if let Some(token) = token {
        extract::claims(token.claims(), &limits, &mut scanner).map_err(extraction)?;
    }
    // The plaintext of a sealed body has no coding of its own; an unsealed body may hide in one.
    let decoded = match payload.and_then(PayloadOpened::plaintext) {
        Some(_) => None,
        None => coding::undo(&limits, request, body)?,
    };
    let (content_type, bytes) = match payload.and_then(PayloadOpened::plaintext) {
        Some((content_type, bytes)) => (content_type.as_bytes(), bytes),
        None => {
            let bytes = decoded.as_deref().unwrap_or(body);
            (request.value(b"content-type").unwrap_or_default(), bytes)
        }
    };
    if let Some(contract) = &policy.contract {
        kept(contract, request, content_type, bytes)?;
    }
    if !bytes.is_empty() {
        extract::body(content_type, bytes, &limits, &mut scanner).map_err(extraction)?;
    }
    let report = scanner.finish();
    if let Some(finding) = report.findings.first() {
        return Err(Finding {
            reason: reason(finding.class),
            place: Some(finding.location.to_string()),
            hit: Some(Hit {
                class: finding.class.name(),
                location: finding.location.kind,
            }),
        });
    }
    if report.exhausted {
        return Err(Reason::InspectLimits.into());
    }
    Ok(Inspected { decoded })
}

/// The positive model: the body is one that the operation takes.
fn kept(
    contract: &Contract,
    request: &Request,
    content_type: &[u8],
    body: &[u8],
) -> Result<(), Finding> {
    let text = |bytes| core::str::from_utf8(bytes).ok();
    let operation = text(request.method.as_slice())
        .zip(text(request.path()))
        .and_then(|(method, path)| contract.operation(method, path))
        .ok_or(Reason::ContractOperation)?;
    let content_type = text(content_type).unwrap_or_default();
    operation
        .check(content_type, body)
        .map_err(|violation| Finding {
            reason: match violation.rule {
                Rule::MediaType => Reason::ContractMediaType,
                _ => Reason::ContractBody,
            },
            place: Some(violation.to_string()),
            hit: None,
        })
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

/// What a body that cannot be taken apart is refused for.
pub(super) fn extraction(error: ExtractError) -> Reason {
    match error {
        limit if limit.is_limit() => Reason::InspectLimits,
        ExtractError::UnsupportedCharset
        | ExtractError::UnsupportedCoding
        | ExtractError::UnsupportedPartEncoding => Reason::InspectCoding,
        _ => Reason::InspectMalformed,
    }
}
