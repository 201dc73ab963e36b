//! From the words of a policy to a configured scheme.

use sealgate_signature::scheme::alibaba::{self, Alibaba};
use sealgate_signature::scheme::apisix::Apisix;
use sealgate_signature::scheme::aws_sigv4::AwsSigV4;
use sealgate_signature::scheme::cavage::{self, Cavage};
use sealgate_signature::scheme::coupang::Coupang;
use sealgate_signature::scheme::custom::{
    self, Custom, CustomSpec, Template, TemplateFault, TimeUnit,
};
use sealgate_signature::scheme::demand::Demand;
use sealgate_signature::scheme::github::{GITHUB, GITHUB_SHA1};
use sealgate_signature::scheme::kong::Kong;
use sealgate_signature::scheme::naver_cloud::NaverCloud;
use sealgate_signature::scheme::rfc9421::{Component, Rfc9421};
use sealgate_signature::scheme::shopify::SHOPIFY;
use sealgate_signature::scheme::slack::Slack;
use sealgate_signature::scheme::standard_webhooks::StandardWebhooks;
use sealgate_signature::scheme::stripe::Stripe;
use sealgate_signature::scheme::twilio::Twilio;
use sealgate_signature::scheme::uk_open_banking::{self, UkOpenBanking};
use sealgate_signature::scheme::visa_x_pay_token::VisaXPayToken;
use sealgate_signature::{Algorithm, Coverage, Scheme, content_digest};

use crate::policy::fault::Findings;
use crate::policy::raw::{
    RawCustomScheme, RawScheme, RawSignature, RawSignatureEncoding, RawSignatureOptions,
};

/// The scheme that `signature` names, with its options.
pub(in crate::policy) fn compile(
    raw: &RawSignature,
    path: &str,
    findings: &mut Findings,
) -> Option<Box<dyn Scheme>> {
    refuse_foreign_members(raw, path, findings);
    if let Some(scheme) = gateway_dialect(raw) {
        return Some(scheme);
    }
    if raw.scheme == RawScheme::Rfc9421 {
        let base = Rfc9421 {
            tag: raw.options.tag.clone(),
            hmac_sha512: true,
            ..Rfc9421::default()
        };
        return Some(Box::new(match &raw.cover {
            Some(cover) => covering(base, cover, path, findings),
            None => base,
        }));
    }
    without_cover(raw.scheme, &raw.options, path, findings)
}

/// The dialects of other gateways, in which the sender lists the header fields it signs. What is
/// not accepted as weak is demanded, and so are the fields in `cover`.
fn gateway_dialect(raw: &RawSignature) -> Option<Box<dyn Scheme>> {
    let sha1 = raw.options.sha1;
    let parts = Coverage::NAMED
        .iter()
        .filter(|(name, _)| !raw.accept_weak.iter().any(|weak| weak == name))
        .fold(Coverage::NONE, |all, (_, part)| all.with(*part));
    let demand = Demand {
        parts,
        headers: raw.cover.clone().unwrap_or_default(),
        ..Demand::default()
    };
    let cavage = |dialect| Cavage {
        dialect,
        demand: demand.clone(),
        sha1,
        ..Cavage::default()
    };
    let alibaba = |dialect| Alibaba {
        dialect,
        demand: demand.clone(),
        sha1,
    };
    Some(match raw.scheme {
        RawScheme::Kong => Box::new(Kong {
            demand,
            sha1,
            ..Kong::default()
        }),
        RawScheme::Apisix | RawScheme::Higress => Box::new(Apisix { demand, sha1 }),
        RawScheme::Alibaba => Box::new(alibaba(alibaba::Dialect::ApiGateway)),
        RawScheme::HigressXCa => Box::new(alibaba(alibaba::Dialect::Higress)),
        RawScheme::Cavage => Box::new(cavage(cavage::Dialect::Draft)),
        RawScheme::Tyk => Box::new(cavage(cavage::Dialect::Tyk)),
        RawScheme::Gravitee => Box::new(cavage(cavage::Dialect::Gravitee)),
        RawScheme::BerlinGroup => {
            let mut scheme = Cavage::berlin_group(parts);
            scheme.demand.headers.extend(demand.headers);
            Box::new(scheme)
        }
        RawScheme::AwsSigv4 => Box::new(AwsSigV4 {
            region: raw.options.region.clone().unwrap_or_default(),
            service: raw.options.service.clone().unwrap_or_default(),
            presigned: raw.options.presigned,
            unsigned_payload: !parts.contains(Coverage::BODY),
            demanded_headers: demand.headers,
        }),
        _ => return None,
    })
}

/// A scheme whose senders do not choose what they sign.
pub(in crate::policy::stages) fn without_cover(
    scheme: RawScheme,
    options: &RawSignatureOptions,
    path: &str,
    findings: &mut Findings,
) -> Option<Box<dyn Scheme>> {
    let words = |words: &Option<Vec<String>>| words.clone().unwrap_or_default();
    let built: Result<Box<dyn Scheme>, (&str, &str)> = match scheme {
        RawScheme::StandardWebhooks => Ok(Box::new(StandardWebhooks::new())),
        RawScheme::Svix => Ok(Box::new(StandardWebhooks::svix())),
        RawScheme::Github => Ok(Box::new(GITHUB)),
        RawScheme::GithubSha1 => Ok(Box::new(GITHUB_SHA1)),
        RawScheme::Stripe => Ok(Box::new(Stripe)),
        RawScheme::Slack => Ok(Box::new(Slack)),
        RawScheme::Shopify => Ok(Box::new(SHOPIFY)),
        RawScheme::NaverCloud => Ok(Box::new(NaverCloud)),
        RawScheme::Twilio => {
            let base_url = options.base_url.as_deref().unwrap_or_default();
            Twilio::new(base_url, options.forms)
                .map(|scheme| Box::new(scheme) as Box<dyn Scheme>)
                .map_err(|_| {
                    (
                        "options.base_url",
                        "write for instance https://api.example.com",
                    )
                })
        }
        RawScheme::Coupang => {
            let first = words(&options.first_parameters);
            let first: Vec<&str> = first.iter().map(String::as_str).collect();
            Coupang::new(&first)
                .map(|scheme| Box::new(scheme) as Box<dyn Scheme>)
                .map_err(|_| ("options.first_parameters", FIRST_PARAMETERS))
        }
        RawScheme::VisaXPayToken => {
            let context = options.path_context.as_deref().unwrap_or_default();
            let first = words(&options.first_parameters);
            let first: Vec<&str> = first.iter().map(String::as_str).collect();
            VisaXPayToken::new(context, &first)
                .map(|scheme| Box::new(scheme) as Box<dyn Scheme>)
                .map_err(|_| ("options", FIRST_PARAMETERS))
        }
        RawScheme::UkOpenBanking => {
            let default = UkOpenBanking::default();
            Ok(Box::new(UkOpenBanking {
                payload: match options.unencoded_payload {
                    true => uk_open_banking::Payload::Unencoded,
                    false => uk_open_banking::Payload::Encoded,
                },
                trust_anchor: options.trust_anchor.clone().unwrap_or(default.trust_anchor),
                issuer: options.issuer.clone(),
            }))
        }
        RawScheme::Custom => match &options.custom {
            Some(raw) => custom(raw).map(|scheme| Box::new(scheme) as Box<dyn Scheme>),
            None => Err(("options.custom", "write template, header and encoding")),
        },
        // Built by `compile` and `gateway_dialect` before it comes to this.
        _ => Err(("scheme", "use another scheme")),
    };
    match built {
        Ok(scheme) => Some(scheme),
        Err((member, fix)) => {
            findings.fault(format!("{path}.{member}"), "does not fit the scheme", fix);
            None
        }
    }
}

fn custom(raw: &RawCustomScheme) -> Result<Custom, (&'static str, &'static str)> {
    let fix = |fault| match fault {
        TemplateFault::Ambiguous => (
            "options.custom.template",
            "put text between the parts that the part before it cannot hold, such as a line feed",
        ),
        TemplateFault::Headers => (
            "options.custom",
            "name a header for each of timestamp and id that the template has, and for no other",
        ),
        _ => (
            "options.custom.template",
            "use the parts that docs/signatures.md lists; {{ and }} stand for braces",
        ),
    };
    let unit = match raw.timestamp_in_milliseconds {
        true => TimeUnit::Milliseconds,
        false => TimeUnit::Seconds,
    };
    Custom::new(CustomSpec {
        template: Template::parse(&raw.template).map_err(fix)?,
        algorithm: Algorithm::from_name(&raw.alg)
            .ok_or(("options.custom.alg", "write for instance HS256"))?,
        signature_header: raw.header.clone(),
        prefix: raw.prefix.clone(),
        encoding: match raw.encoding {
            RawSignatureEncoding::Hex => custom::Encoding::Hex,
            RawSignatureEncoding::Base64 => custom::Encoding::Base64,
            RawSignatureEncoding::Base64url => custom::Encoding::Base64Url,
        },
        timestamp: raw.timestamp_header.clone().map(|name| (name, unit)),
        id_header: raw.id_header.clone(),
        key_id_header: raw.key_id_header.clone(),
    })
    .map_err(fix)
}

/// What is wrong with `options` of schemes whose signed text does not separate path and query.
const FIRST_PARAMETERS: &str = "write in first_parameters the names with which a query may start, \
     none of which ends in another; path_context starts and ends with a slash";

/// RFC 9421 with these components; `content-digest` stands for the body, where there is one.
pub(in crate::policy::stages) fn covering(
    mut scheme: Rfc9421,
    cover: &[String],
    path: &str,
    findings: &mut Findings,
) -> Rfc9421 {
    scheme.cover_body = cover.iter().any(|name| name == content_digest::HEADER);
    scheme.required.clear();
    for (index, name) in cover.iter().enumerate() {
        if name == content_digest::HEADER {
            continue;
        }
        match Component::new(name) {
            Ok(component) => scheme.required.push(component),
            Err(_) => findings.fault(
                format!("{path}.cover[{index}]"),
                "is not a component name",
                "write a lower-case header name or a derived name such as @method",
            ),
        }
    }
    scheme
}

/// What to write so that the part is covered.
pub(super) fn remedy(scheme: RawScheme, part: &str) -> String {
    let component = match (scheme, part) {
        (RawScheme::Rfc9421, "method") => "\"@method\"",
        (RawScheme::Rfc9421, "path" | "query") => "\"@target-uri\"",
        (RawScheme::Rfc9421, "body") => "\"content-digest\"",
        _ => return "have the sender sign it".into(),
    };
    format!("add {component} to cover")
}

/// Whether the senders of a scheme choose what they sign, so that a policy has to demand it.
pub(super) fn is_chosen_by_sender(scheme: RawScheme) -> bool {
    use RawScheme as S;
    matches!(
        scheme,
        S::Rfc9421
            | S::Kong
            | S::Apisix
            | S::Higress
            | S::Alibaba
            | S::Cavage
            | S::Tyk
            | S::AwsSigv4
    )
}

/// Members that another scheme reads would silently do nothing here.
fn refuse_foreign_members(raw: &RawSignature, path: &str, findings: &mut Findings) {
    use RawScheme as S;
    let scheme = raw.scheme;
    let covers = is_chosen_by_sender(scheme);
    let options = &raw.options;
    let members = [
        ("cover", raw.cover.is_some(), covers),
        ("options.tag", options.tag.is_some(), scheme == S::Rfc9421),
        (
            "options.base_url",
            options.base_url.is_some(),
            scheme == S::Twilio,
        ),
        ("options.forms", options.forms, scheme == S::Twilio),
        (
            "options.unencoded_payload",
            options.unencoded_payload,
            scheme == S::UkOpenBanking,
        ),
        (
            "options.trust_anchor",
            options.trust_anchor.is_some(),
            scheme == S::UkOpenBanking,
        ),
        (
            "options.issuer",
            options.issuer.is_some(),
            scheme == S::UkOpenBanking,
        ),
        (
            "options.path_context",
            options.path_context.is_some(),
            scheme == S::VisaXPayToken,
        ),
        (
            "options.first_parameters",
            options.first_parameters.is_some(),
            matches!(scheme, S::VisaXPayToken | S::Coupang),
        ),
        (
            "options.region",
            options.region.is_some(),
            scheme == S::AwsSigv4,
        ),
        (
            "options.service",
            options.service.is_some(),
            scheme == S::AwsSigv4,
        ),
        (
            "options.custom",
            options.custom.is_some(),
            scheme == S::Custom,
        ),
    ];
    for (member, written, read) in members {
        if written && !read {
            findings.fault(
                format!("{path}.{member}"),
                "has no meaning for this scheme",
                "remove it",
            );
        }
    }
    for (member, value) in [("region", &options.region), ("service", &options.service)] {
        let named = value.as_deref().is_some_and(|value| !value.is_empty());
        if scheme == S::AwsSigv4 && !named {
            findings.fault(
                format!("{path}.options.{member}"),
                "is missing",
                "write the one of the credential scope",
            );
        }
    }
}
