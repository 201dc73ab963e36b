//! AWS Signature Version 4, in the `Authorization` header and in the query of a presigned URL.
//!
//! ```text
//! Authorization: AWS4-HMAC-SHA256 Credential=<id>/<yyyymmdd>/<region>/<service>/aws4_request,
//!     SignedHeaders=host;x-amz-date, Signature=<64 lower-case hex>
//! X-Amz-Date: 20150830T123600Z
//! X-Amz-Content-Sha256: <64 lower-case hex>                      (optional outside S3)
//! ```
//!
//! Signed is `AWS4-HMAC-SHA256` LF time LF scope LF hex(SHA-256(canonical request)), with a key that
//! is derived of the secret, day, region and service (AWS General Reference, "Create a signed AWS
//! API request"). The canonical request is in [`canonical`].
//!
//! Region and service are configured: a scope of others is another key's business and a mismatch.
//! `host` and every `x-amz-*` field of the request have to be signed, as AWS demands.
//!
//! Where the canonical form gives one signed text to several requests, we take one of them and refuse
//! the others: a path with empty or dot segments (outside S3), a query that is not in the canonical
//! encoding (`+`, lower-case escapes, escaped letters) or whose repeated names are out of order.
//! Chunked payloads (`STREAMING-...`) are refused, `UNSIGNED-PAYLOAD` unless configured; in a
//! presigned URL of S3, where nothing else exists, it passes for methods that have no body.
//! A security token is signed and otherwise not looked at. SigV4A is not supported.
//!
//! Confirmed with AWS' published test suite and example URL below, and with the clients of the oracle
//! tests.

mod canonical;
mod fields;

use fields::Fields;

use super::{Coverage, Detail, Presented, Scheme, SignOrder, SignedOctets};
use crate::limits::{MAX_COMPONENTS, MAX_PARAM_BYTES};
use crate::text::{date, hex, number};
use crate::{Algorithm, MacKey, Message, SignatureError, Signer};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const AUTHORIZATION: &str = "authorization";
const AMZ_DATE: &str = "x-amz-date";
const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const MAC_BYTES: usize = 32;
/// Longest life of a presigned URL, in seconds: seven days, as AWS has it.
const MAX_EXPIRES: i64 = 604_800;

/// AWS Signature Version 4 for one region and service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsSigV4 {
    /// The region in the scope: `eu-central-1`.
    pub region: String,
    /// The service in the scope: `execute-api`, `s3`.
    pub service: String,
    /// Whether a presigned URL is read as well.
    pub presigned: bool,
    /// Whether the body may be left out of the signature (`UNSIGNED-PAYLOAD`).
    pub unsigned_payload: bool,
    /// Names of header fields, lower case, to be covered always, beside those that AWS demands.
    pub demanded_headers: Vec<String>,
}

/// What stands in a signature and is needed again.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// `yyyymmddThhmmssZ`
    time: String,
    /// Names of the signed header fields, in order.
    signed: Vec<String>,
    presigned: bool,
    /// The text in the place of the payload's hash; `None`: to be computed.
    payload: Option<String>,
}

impl AwsSigV4 {
    fn scope(&self, day: &str) -> String {
        format!("{day}/{}/{}/{TERMINATOR}", self.region, self.service)
    }

    fn is_s3(&self) -> bool {
        matches!(
            self.service.as_str(),
            "s3" | "s3express" | "s3-outposts" | "s3-object-lambda"
        )
    }

    /// The signature of the header or, where allowed, of the query.
    fn read(&self, message: &Message<'_>) -> Result<Presented, SignatureError> {
        let fields = Fields::of_header(message)?;
        let in_query = match self.presigned {
            true => Fields::of_query(message)?,
            false => None,
        };
        match (fields, in_query) {
            (Some(fields), None) => self.claim(message, &fields, false),
            (None, Some(fields)) => self.claim(message, &fields, true),
            (Some(_), Some(_)) => Err(SignatureError::Repeated),
            (None, None) => Err(SignatureError::Missing),
        }
    }

    fn claim(
        &self,
        message: &Message<'_>,
        fields: &Fields,
        presigned: bool,
    ) -> Result<Presented, SignatureError> {
        let (id, scope) = fields
            .credential
            .split_once('/')
            .filter(|(id, _)| (1..=MAX_PARAM_BYTES).contains(&id.len()))
            .ok_or(SignatureError::Malformed)?;
        let signed: Vec<String> = fields.signed.split(';').map(str::to_owned).collect();
        if signed.len() > MAX_COMPONENTS {
            return Err(SignatureError::TooLarge);
        }
        let ordered = signed.is_sorted_by(|a, b| a < b);
        let named = signed.iter().all(|name| canonical::is_field_name(name));
        let created = date::basic(fields.time.as_bytes())?;
        if !ordered || !named {
            return Err(SignatureError::Malformed);
        }
        // A scope of another day, region or service belongs to another key.
        if scope != self.scope(date::day_of_basic(&fields.time)) {
            return Err(SignatureError::Mismatch);
        }
        let expires = fields
            .expires
            .as_deref()
            .map(|seconds| match number::decimal(seconds.as_bytes())? {
                seconds @ 1..=MAX_EXPIRES => Ok(created.saturating_add(seconds)),
                _ => Err(SignatureError::Malformed),
            })
            .transpose()?;
        let payload = self.payload(message, presigned)?;
        Ok(Presented {
            key_id: Some(id.to_owned()),
            algorithm: Some(Algorithm::HmacSha256),
            created: Some(created),
            expires,
            signatures: vec![hex::decode_exactly(fields.signature.as_bytes(), MAC_BYTES)?],
            needs_body: payload.is_none(),
            covered: signed.clone(),
            detail: Detail::AwsSigV4(Claim {
                time: fields.time.clone(),
                signed,
                presigned,
                payload,
            }),
            ..Default::default()
        })
    }

    /// What the message says of its payload: a hash, that it is not signed, or nothing.
    fn payload(
        &self,
        message: &Message<'_>,
        presigned: bool,
    ) -> Result<Option<String>, SignatureError> {
        let text = match message.single(CONTENT_SHA256) {
            Ok(text) => text,
            Err(SignatureError::Missing) if presigned && self.is_s3() => UNSIGNED.as_bytes(),
            Err(SignatureError::Missing) => return Ok(None),
            Err(error) => return Err(error),
        };
        if text == UNSIGNED.as_bytes() {
            let bodiless = matches!(message.method, b"GET" | b"HEAD" | b"DELETE");
            let nothing_to_sign = presigned && self.is_s3() && bodiless;
            if !(self.unsigned_payload || nothing_to_sign) {
                return Err(SignatureError::NotCovered);
            }
        } else if text.starts_with(b"STREAMING-") {
            return Err(SignatureError::DigestUnsupported);
        } else {
            hex::decode_exactly(text, MAC_BYTES)?;
        }
        let text = core::str::from_utf8(text).map_err(|_| SignatureError::Malformed)?;
        Ok(Some(text.to_owned()))
    }

    fn check_coverage(&self, message: &Message<'_>, claim: &Claim) -> Result<(), SignatureError> {
        let signed = |name: &[u8]| claim.signed.iter().any(|one| one.as_bytes() == name);
        let demanded = self.demanded_headers.iter().map(String::as_bytes);
        let amazon = message
            .headers
            .iter()
            .map(|(name, _)| name.as_slice())
            .filter(|name| name.starts_with(b"x-amz-"));
        if signed(b"host") && demanded.chain(amazon).all(signed) {
            Ok(())
        } else {
            Err(SignatureError::NotCovered)
        }
    }

    fn string_to_sign(
        &self,
        message: &Message<'_>,
        claim: &Claim,
        body: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        let payload = match &claim.payload {
            Some(text) => text.clone(),
            None => canonical::hash(body),
        };
        let request = canonical::Request {
            message,
            signed: &claim.signed,
            escape_path: !self.is_s3(),
            presigned: claim.presigned,
            payload: &payload,
        };
        let scope = self.scope(date::day_of_basic(&claim.time));
        let hash = canonical::hash(&request.text()?);
        Ok(format!("{ALGORITHM}\n{}\n{scope}\n{hash}", claim.time).into_bytes())
    }

    /// The key of one day: four MACs, each under the result of the one before.
    fn key_of_day(&self, day: &str, secret: &MacKey) -> Result<MacKey, SignatureError> {
        let start = zeroize::Zeroizing::new([b"AWS4", secret.secret()].concat());
        let mut key = MacKey::new(start.to_vec())?;
        for part in [day, &self.region, &self.service, TERMINATOR] {
            key = MacKey::new(key.compute(&[part.as_bytes()]))?;
        }
        Ok(key)
    }
}

impl Scheme for AwsSigV4 {
    fn name(&self) -> &'static str {
        "aws-sigv4"
    }

    fn guarantees(&self) -> Coverage {
        Coverage::METHOD
            .with(Coverage::PATH)
            .with(Coverage::QUERY)
            .with(Coverage::FRESHNESS)
            .with(Coverage::BODY.when(!self.unsigned_payload))
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        &[Algorithm::HmacSha256]
    }

    fn derives_keys(&self) -> bool {
        true
    }

    fn headers(&self) -> Vec<&str> {
        vec![AUTHORIZATION]
    }

    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        Ok(vec![self.read(message)?])
    }

    fn signed_octets<'m>(
        &self,
        message: &Message<'m>,
        presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        let claim = claim_of(presented)?;
        self.check_coverage(message, claim)?;
        let text = self.string_to_sign(message, claim, body)?;
        Ok(SignedOctets::default().owned(text))
    }

    fn check_body(
        &self,
        _message: &Message<'_>,
        presented: &Presented,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        match claim_of(presented)?.payload.as_deref() {
            // The octets held the hash of the body itself.
            None => Ok(()),
            Some(UNSIGNED) if self.unsigned_payload || body.is_empty() => Ok(()),
            Some(UNSIGNED) => Err(SignatureError::NotCovered),
            Some(hash) if hash == canonical::hash(body) => Ok(()),
            Some(_) => Err(SignatureError::DigestMismatch),
        }
    }

    fn derived_key(
        &self,
        presented: &Presented,
        key: &MacKey,
    ) -> Result<Option<MacKey>, SignatureError> {
        let day = date::day_of_basic(&claim_of(presented)?.time);
        self.key_of_day(day, key).map(Some)
    }

    fn sign(
        &self,
        message: &Message<'_>,
        body: &[u8],
        order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let id = order
            .key_id
            .filter(|id| {
                !id.is_empty()
                    && id
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            })
            .ok_or(SignatureError::InvalidSpec)?;
        let secret = signer.mac_key().ok_or(SignatureError::InvalidSpec)?;
        if !self.algorithms().contains(&secret.algorithm()) {
            return Err(SignatureError::InvalidSpec);
        }
        let payload = canonical::hash(body);
        let time = date::to_basic(order.created)?;
        let mut added = vec![
            (AMZ_DATE.to_owned(), time.clone()),
            (CONTENT_SHA256.to_owned(), payload.clone()),
        ];
        let headers = super::listed::with_lines(message, &added);
        let message = Message {
            headers: &headers,
            ..*message
        };
        let wanted = |name: &str| name.starts_with("x-amz-") || name == "content-type";
        let mut signed: Vec<String> = self.demanded_headers.clone();
        signed.push("host".to_owned());
        signed.extend(
            headers
                .iter()
                .filter_map(|(name, _)| core::str::from_utf8(name).ok())
                .filter(|name| wanted(name))
                .map(str::to_owned),
        );
        signed.sort();
        signed.dedup();
        let claim = Claim {
            time,
            signed,
            presigned: false,
            payload: Some(payload),
        };
        let day = date::day_of_basic(&claim.time);
        let text = self.string_to_sign(&message, &claim, body)?;
        let signature = self.key_of_day(day, secret)?.compute(&[&text]);
        added.push((
            AUTHORIZATION.to_owned(),
            format!(
                "{ALGORITHM} Credential={id}/{}, SignedHeaders={}, Signature={}",
                self.scope(day),
                claim.signed.join(";"),
                hex::encode(&signature)
            ),
        ));
        Ok(added)
    }
}

fn claim_of(presented: &Presented) -> Result<&Claim, SignatureError> {
    match &presented.detail {
        Detail::AwsSigV4(claim) => Ok(claim),
        _ => Err(SignatureError::Missing),
    }
}

#[cfg(test)]
mod tests;
