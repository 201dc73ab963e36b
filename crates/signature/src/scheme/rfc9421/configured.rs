//! What a gate demands of HTTP message signatures, as a [`Scheme`].

use super::{AcceptSignature, Component, SIGNATURE, SIGNATURE_INPUT, SignSpec, parse, sign};
use crate::content_digest::{self, DigestAlgorithm};
use crate::scheme::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::structured::{StructuredType, refuse_duplicates};
use crate::{Algorithm, HeaderLine, Message, SignatureError, Signer};

/// The names of the registry (RFC 9421 section 6.2.2), and `hmac-sha512` behind them.
const NAMES: [&str; 7] = [
    "hmac-sha256",
    "ed25519",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "rsa-pss-sha512",
    "rsa-v1_5-sha256",
    "hmac-sha512",
];
/// The algorithms in the same order.
const ALGORITHMS: [Algorithm; 7] = [
    Algorithm::HmacSha256,
    Algorithm::Ed25519,
    Algorithm::EcdsaP256Sha256,
    Algorithm::EcdsaP384Sha384,
    Algorithm::RsaPssSha512,
    Algorithm::RsaV15Sha256,
    Algorithm::HmacSha512,
];

/// HTTP Message Signatures with the coverage that a gate demands.
#[derive(Debug, Clone)]
pub struct Rfc9421 {
    /// The components that every signature has to cover.
    pub required: Vec<Component>,
    /// Whether a body that is not empty has to be covered by `Content-Digest`.
    pub cover_body: bool,
    /// The `tag` of the signatures that are meant for this gate; others are passed over.
    pub tag: Option<String>,
    /// The label of signatures made here. Labels of others carry no meaning.
    pub label: String,
    /// Whether keys of HMAC-SHA-512 fit. On the wire it is `alg="hmac-sha512"`, which is not
    /// registered: both sides have to agree on it.
    pub hmac_sha512: bool,
    /// Types of structured fields beside the registered ones, for `sf`; lower-case names.
    pub structured: Vec<(String, StructuredType)>,
}

impl Default for Rfc9421 {
    /// `@method` and `@target-uri`, the body by its digest, any tag, label `sig1`.
    fn default() -> Self {
        Self {
            required: components(&["@method", "@target-uri"]),
            cover_body: true,
            tag: None,
            label: "sig1".into(),
            hmac_sha512: false,
            structured: Vec::new(),
        }
    }
}

impl Rfc9421 {
    /// For responses: the status, what was asked (`@method` and `@target-uri` of the request), and
    /// the body by its digest.
    pub fn for_responses() -> Self {
        Self {
            required: components(&["@status", "@method;req", "@target-uri;req"]),
            ..Self::default()
        }
    }

    fn algorithm(&self, name: &str) -> Option<Algorithm> {
        let at = NAMES.iter().position(|known| *known == name)?;
        self.algorithms().get(at).copied()
    }

    fn algorithm_name(&self, algorithm: Algorithm) -> Option<&'static str> {
        let at = self.algorithms().iter().position(|one| *one == algorithm)?;
        NAMES.get(at).copied()
    }

    /// The components to sign or to ask for.
    fn components(&self, with_body: bool) -> Result<Vec<Component>, SignatureError> {
        let digest = Component::new(content_digest::HEADER)?;
        let mut components = self.required.clone();
        if with_body && !components.contains(&digest) {
            components.push(digest);
        }
        Ok(components)
    }
}

impl Scheme for Rfc9421 {
    fn name(&self) -> &'static str {
        "rfc9421"
    }

    /// A time is always demanded: a signature without `created` is `NotCovered`.
    fn guarantees(&self) -> Coverage {
        let requires = |names: &[&str]| self.required.iter().any(|one| one.is_derived(names));
        Coverage::FRESHNESS
            .with(Coverage::METHOD.when(requires(&["@method"])))
            .with(Coverage::PATH.when(requires(&["@path", "@request-target", "@target-uri"])))
            .with(Coverage::QUERY.when(requires(&["@query", "@request-target", "@target-uri"])))
            .with(Coverage::BODY.when(self.cover_body))
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        match (self.hmac_sha512, &ALGORITHMS) {
            (true, all) => all,
            (false, [registered @ .., _]) => registered,
        }
    }

    fn signs_nonce(&self) -> bool {
        true
    }

    /// Section 5.1 asks for a nonce only by choosing it, and this value is one for all refusals:
    /// it never asks for one.
    fn accept_signature(&self) -> Option<String> {
        let asked = AcceptSignature {
            label: self.label.clone(),
            components: self.components(self.cover_body).ok()?,
            created: true,
            expires: false,
            nonce: None,
            alg: None,
            keyid: None,
            tag: self.tag.clone(),
        };
        asked.to_field().ok()
    }

    fn as_rfc9421(&self) -> Option<&Rfc9421> {
        Some(self)
    }

    fn headers(&self) -> Vec<&str> {
        vec![SIGNATURE_INPUT, SIGNATURE]
    }

    /// Signatures of another `tag` and of algorithms that are not ours are passed over: a proxy on
    /// the way may have put them there for somebody else.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let mut refused = SignatureError::Missing;
        let mut usable = Vec::new();
        for found in parse(message)? {
            if self.tag.is_some() && found.params.tag != self.tag {
                continue;
            }
            let algorithm = match found.params.alg.as_deref().map(|name| self.algorithm(name)) {
                Some(None) => {
                    refused = SignatureError::AlgorithmMismatch;
                    continue;
                }
                known => known.flatten(),
            };
            let names = found.components.iter().map(Component::serialized);
            usable.push(Presented {
                key_id: found.params.keyid.clone(),
                algorithm,
                created: found.params.created,
                expires: found.params.expires,
                nonce: found.params.nonce.clone().map(String::into_bytes),
                signatures: vec![found.signature.clone()],
                needs_body: false,
                covered: names.map(ToOwned::to_owned).collect(),
                detail: Detail::Rfc9421(found),
            });
        }
        if usable.is_empty() {
            Err(refused)
        } else {
            Ok(usable)
        }
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        _body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let found = detail(presented)?;
        let all = self.required.iter().all(|wanted| found.covers(wanted));
        if !all || found.params.created.is_none() {
            return Err(SignatureError::NotCovered);
        }
        let base = found.base(message, &self.structured)?;
        Ok(SignedOctets::default().owned(base))
    }

    /// Every covered `Content-Digest` has to match, also over an empty body.
    fn check_body(
        &self,
        message: &Message<'_>,
        presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let mut covered = false;
        for component in &detail(presented)?.components {
            let parameters = component.parameters();
            let of_body = component.name() == content_digest::HEADER
                && !parameters.request
                && parameters
                    .key
                    .as_deref()
                    .is_none_or(|key| DigestAlgorithm::from_name(key).is_some());
            if !of_body {
                continue;
            }
            covered = true;
            let name = content_digest::HEADER.as_bytes();
            let lines: Vec<_> = match parameters.trailers {
                true => message.trailer_values(name).collect(),
                false => message.values(name).collect(),
            };
            content_digest::verify(&lines, body)?;
        }
        if covered || body.is_empty() || !self.cover_body {
            Ok(())
        } else {
            Err(SignatureError::NotCovered)
        }
    }

    /// Adds `Content-Digest` when a body is to be covered: with SHA-256, or in a response with what
    /// the request's `Want-Content-Digest` prefers. Signatures that are there already stay.
    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let alg = self
            .algorithm_name(signer.algorithm())
            .ok_or(SignatureError::InvalidSpec)?;
        let with_body = self.cover_body && !body.is_empty();
        let components = self.components(with_body)?;
        let mut headers = message.headers.to_vec();
        let mut lines = Vec::new();
        if with_body {
            let value = wanted_digest(message).field(body);
            replace(&mut headers, content_digest::HEADER, &value);
            lines.push((content_digest::HEADER.to_owned(), value));
        }
        let complete = Message {
            headers: &headers,
            ..*message
        };
        let spec = SignSpec {
            label: &self.label,
            components: &components,
            created: Some(order.created),
            expires: order.expires,
            nonce: order.nonce,
            keyid: order.key_id,
            alg: Some(alg),
            tag: self.tag.as_deref(),
            structured: &self.structured,
        };
        let signed = sign(&complete, &spec, signer)?;
        for (name, value) in [
            (SIGNATURE_INPUT, signed.signature_input),
            (SIGNATURE, signed.signature),
        ] {
            lines.push((name.to_owned(), appended(message, name, value)?));
        }
        Ok(lines)
    }
}

fn components(identifiers: &[&str]) -> Vec<Component> {
    let each = identifiers.iter();
    each.filter_map(|one| Component::new(one).ok()).collect()
}

fn detail(presented: &Presented) -> Result<&super::Presented, SignatureError> {
    match &presented.detail {
        Detail::Rfc9421(found) => Ok(found),
        _ => Err(SignatureError::Malformed),
    }
}

fn wanted_digest(message: &Message<'_>) -> DigestAlgorithm {
    let Some(request) = message.request else {
        return DigestAlgorithm::Sha256;
    };
    let wanted: Vec<_> = request
        .values(content_digest::WANT_CONTENT_DIGEST.as_bytes())
        .collect();
    content_digest::preferred(&wanted)
        .ok()
        .flatten()
        .unwrap_or(DigestAlgorithm::Sha256)
}

/// The member behind those that the field has already; a label in use is refused.
fn appended(message: &Message<'_>, name: &str, member: String) -> Result<String, SignatureError> {
    let whole = match super::fields::joined(message, name.as_bytes())? {
        Some(present) if !present.is_empty() => {
            let present = String::from_utf8(present).map_err(|_| SignatureError::Malformed)?;
            format!("{present}, {member}")
        }
        _ => return Ok(member),
    };
    refuse_duplicates(StructuredType::Dictionary, whole.as_bytes())?;
    Ok(whole)
}

fn replace(headers: &mut Vec<HeaderLine>, name: &str, value: &str) {
    headers.retain(|(line, _)| line != name.as_bytes());
    headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
}
