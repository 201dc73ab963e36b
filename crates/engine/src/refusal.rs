//! Why a request is refused, and the one place that decides what the client may know of it.

use std::sync::Arc;

use serde_json::json;

/// A stage of the gate, in the order in which they judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Route choice, size and shape.
    Shape,
    /// TLS connection and client certificate.
    Channel,
    /// Message signature.
    Signature,
    /// Replay guard.
    Replay,
    /// Encrypted token and claims.
    Token,
    /// Encrypted body.
    Payload,
    /// Injection scan.
    Inspect,
    /// Rewriting for the upstream.
    Forward,
    /// Sealing and signing of the response.
    Respond,
    /// The host proxy under the engine.
    Host,
}

impl Stage {
    /// Name in logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shape => "shape",
            Self::Channel => "channel",
            Self::Signature => "signature",
            Self::Replay => "replay",
            Self::Token => "token",
            Self::Payload => "payload",
            Self::Inspect => "inspect",
            Self::Forward => "forward",
            Self::Respond => "respond",
            Self::Host => "host",
        }
    }
}

/// What a client learns: a class, never the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemClass {
    /// 400: not a request that can be judged.
    Malformed,
    /// 401: signature, token or decryption. One answer for all of them.
    Unauthenticated,
    /// 403: channel, route or scan.
    Forbidden,
    /// 409: seen before.
    Replay,
    /// 413: body too large.
    TooLarge,
    /// 415: content coding or format.
    Unsupported,
    /// 503: key service, replay store or host not able to answer.
    Unavailable,
}

impl ProblemClass {
    /// HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::Replay => 409,
            Self::TooLarge => 413,
            Self::Unsupported => 415,
            Self::Unavailable => 503,
        }
    }

    /// Last part of the problem `type`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Replay => "replay",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request is malformed",
            Self::Unauthenticated => "The request could not be authenticated",
            Self::Forbidden => "The request is not allowed",
            Self::Replay => "The request was seen before",
            Self::TooLarge => "The request body is too large",
            Self::Unsupported => "The content coding or format is not supported",
            Self::Unavailable => "The request cannot be judged now",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $stage:ident, $class:ident;)*) => {
        /// The reason of a refusal: stable codes for logs and metrics.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $variant,)* }

        impl Reason {
            /// Every reason there is; the cardinality of the reason label.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Stable code for logs and metrics.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The stage that refuses.
            pub const fn stage(self) -> Stage {
                match self { $(Self::$variant => Stage::$stage,)* }
            }

            /// What the client sees.
            pub const fn class(self) -> ProblemClass {
                match self { $(Self::$variant => ProblemClass::$class,)* }
            }
        }
    };
}

reasons! {
    /// No route matches and `unmatched` says refuse, or route metadata names no policy.
    NoRoute = "no-route", Shape, Forbidden;
    /// A pseudo header is missing, repeated or not usable.
    BadRequestLine = "bad-request-line", Shape, Malformed;
    /// The path is one that servers read differently, such as one with dot segments.
    AmbiguousPath = "ambiguous-path", Shape, Malformed;
    /// A header that decides about the request occurs twice.
    DuplicateHeader = "duplicate-header", Shape, Malformed;
    /// `Content-Length` is not a number, or stands beside `Transfer-Encoding`.
    BadFraming = "bad-framing", Shape, Malformed;
    /// More header lines than the policy allows.
    TooManyHeaders = "too-many-headers", Shape, Malformed;
    /// A longer request target than the policy allows.
    TargetTooLong = "target-too-long", Shape, Malformed;
    /// Upgrades and CONNECT carry bytes that nothing would judge.
    UpgradeNotSupported = "upgrade-not-supported", Shape, Malformed;
    /// The body is larger than the policy allows.
    BodyTooLarge = "body-too-large", Shape, TooLarge;

    /// The host does not say which TLS version the connection has, or there is none.
    TlsUnknown = "tls-unknown", Channel, Forbidden;
    /// TLS is older than the policy allows.
    TlsTooOld = "tls-too-old", Channel, Forbidden;
    /// No verified client certificate.
    ClientCertificateMissing = "client-certificate-missing", Channel, Forbidden;
    /// The client certificate's names are not on the list.
    ClientCertificateNotAllowed = "client-certificate-not-allowed", Channel, Forbidden;

    /// The signature headers are absent.
    SignatureMissing = "signature-missing", Signature, Unauthenticated;
    /// The signature headers do not follow their grammar.
    SignatureMalformed = "signature-malformed", Signature, Unauthenticated;
    /// No signature is by a key of the policy.
    SignatureKeyUnknown = "signature-key-unknown", Signature, Unauthenticated;
    /// The signature names another algorithm than its key has.
    SignatureAlgorithm = "signature-algorithm", Signature, Unauthenticated;
    /// The signature leaves out what the policy demands.
    SignatureCoverage = "signature-coverage", Signature, Unauthenticated;
    /// `created` is absent or outside the window, or `expires` has passed.
    SignatureExpired = "signature-expired", Signature, Unauthenticated;
    /// The key is not valid yet, or no longer.
    SignatureKeyExpired = "signature-key-expired", Signature, Unauthenticated;
    /// The nonce that the replay guard needs is absent or too long.
    SignatureNonce = "signature-nonce", Signature, Unauthenticated;
    /// The MAC does not match.
    SignatureMismatch = "signature-mismatch", Signature, Unauthenticated;
    /// The body does not have the signed digest.
    DigestMismatch = "digest-mismatch", Signature, Unauthenticated;
    /// The key service could not compute the MAC.
    SignatureKeyService = "signature-key-service", Signature, Unavailable;

    /// The nonce or signature was seen before.
    Replayed = "replayed", Replay, Replay;
    /// The replay store has no room inside its window.
    ReplayStoreFull = "replay-store-full", Replay, Unavailable;
    /// The replay store does not answer, or is contended beyond its bound.
    ReplayStoreUnavailable = "replay-store-unavailable", Replay, Unavailable;

    /// No token where the policy expects one.
    TokenMissing = "token-missing", Token, Unauthenticated;
    /// The token is not a JWE this gate reads.
    TokenMalformed = "token-malformed", Token, Unauthenticated;
    /// The token names no key of the policy, or another algorithm than its key has.
    TokenKeyUnknown = "token-key-unknown", Token, Unauthenticated;
    /// The token does not open.
    TokenNotOpened = "token-not-opened", Token, Unauthenticated;
    /// The JWS inside the token is absent or does not verify.
    TokenSignature = "token-signature", Token, Unauthenticated;
    /// The claims are not a JSON object this gate reads.
    TokenClaims = "token-claims", Token, Unauthenticated;
    /// `exp` has passed or is absent.
    TokenExpired = "token-expired", Token, Unauthenticated;
    /// `nbf` or `iat` lies in the future.
    TokenNotYetValid = "token-not-yet-valid", Token, Unauthenticated;
    /// Another issuer.
    TokenIssuer = "token-issuer", Token, Unauthenticated;
    /// Another audience.
    TokenAudience = "token-audience", Token, Unauthenticated;
    /// A claim cannot be written to a header.
    TokenClaimValue = "token-claim-value", Token, Unauthenticated;
    /// The key service refused to unwrap the token's key.
    TokenKeyRefused = "token-key-refused", Token, Unauthenticated;
    /// The key service could not answer.
    TokenKeyService = "token-key-service", Token, Unavailable;
    /// The issuer's key set could not be fetched, and no copy is young enough.
    TokenKeySet = "token-key-set", Token, Unavailable;

    /// The body is not in the format of the policy.
    PayloadFormat = "payload-format", Payload, Unsupported;
    /// The body is not a JWE or frame this gate reads.
    PayloadMalformed = "payload-malformed", Payload, Unauthenticated;
    /// The body names no key of the policy, or another algorithm than its key has.
    PayloadKeyUnknown = "payload-key-unknown", Payload, Unauthenticated;
    /// The body does not open.
    PayloadNotOpened = "payload-not-opened", Payload, Unauthenticated;
    /// The key service refused to unwrap the body's key.
    PayloadKeyRefused = "payload-key-refused", Payload, Unauthenticated;
    /// The key service could not answer.
    PayloadKeyService = "payload-key-service", Payload, Unavailable;
    /// The sealed header says that it was made too long ago, or in the future, or does not say.
    PayloadStale = "payload-stale", Payload, Unauthenticated;
    /// The JWS inside the sealed body is by nobody the policy knows.
    PayloadSignature = "payload-signature", Payload, Unauthenticated;
    /// A plaintext cannot stand where its sealed form was.
    PayloadContent = "payload-content", Payload, Unauthenticated;
    /// The content type that the sealed form names is not usable as a header.
    PayloadContentType = "payload-content-type", Payload, Unauthenticated;

    /// The plaintext has a content coding that hides it from the scan.
    InspectCoding = "inspect-coding", Inspect, Unsupported;
    /// The plaintext does not parse as what it says it is.
    InspectMalformed = "inspect-malformed", Inspect, Malformed;
    /// The plaintext is beyond the structural limits.
    InspectLimits = "inspect-limits", Inspect, Malformed;
    /// The OpenAPI document lists no such operation.
    ContractOperation = "contract-operation", Inspect, Forbidden;
    /// The operation takes no body of this media type.
    ContractMediaType = "contract-media-type", Inspect, Unsupported;
    /// The body is not one that the operation takes.
    ContractBody = "contract-body", Inspect, Malformed;
    /// SQL injection.
    InjectionSql = "injection-sqli", Inspect, Forbidden;
    /// Cross-site scripting.
    InjectionXss = "injection-xss", Inspect, Forbidden;
    /// Operating system commands.
    InjectionCommand = "injection-command", Inspect, Forbidden;
    /// Path traversal or file inclusion.
    InjectionPath = "injection-path", Inspect, Forbidden;
    /// Server-side template or expression.
    InjectionTemplate = "injection-ssti", Inspect, Forbidden;
    /// Document database operators.
    InjectionNosql = "injection-nosql", Inspect, Forbidden;
    /// LDAP filter.
    InjectionLdap = "injection-ldap", Inspect, Forbidden;
    /// XPath expression.
    InjectionXpath = "injection-xpath", Inspect, Forbidden;
    /// XML external entity.
    InjectionXxe = "injection-xxe", Inspect, Forbidden;
    /// Server-side include.
    InjectionInclude = "injection-include", Inspect, Forbidden;
    /// JNDI look-up.
    InjectionJndi = "injection-jndi", Inspect, Forbidden;
    /// URL that points the server at itself.
    InjectionSsrf = "injection-ssrf", Inspect, Forbidden;
    /// Line breaks that start a header.
    InjectionCrlf = "injection-crlf", Inspect, Forbidden;
    /// Prototype pollution.
    InjectionPrototype = "injection-prototype", Inspect, Forbidden;
    /// Serialised object.
    InjectionDeserialization = "injection-deserialization", Inspect, Forbidden;
    /// Exhausting GraphQL document.
    InjectionGraphql = "injection-graphql", Inspect, Forbidden;
    /// Member that clients may not set.
    InjectionMassAssignment = "injection-mass-assignment", Inspect, Forbidden;
    /// Instructions to a language model.
    InjectionPrompt = "injection-prompt", Inspect, Forbidden;
    /// A class of attack that this engine has no name for.
    InjectionOther = "injection-other", Inspect, Forbidden;

    /// A proof that the policy demands is missing: a bug of ours, refused.
    ProofMissing = "proof-missing", Forward, Unavailable;
    /// The client is none for whom a key to seal the response is known.
    ResponseRecipient = "response-recipient", Respond, Forbidden;
    /// The response is no HTTP response that can be sealed or signed.
    ResponseMalformed = "response-malformed", Respond, Unavailable;
    /// The response body is larger than the policy seals or signs.
    ResponseTooLarge = "response-too-large", Respond, Unavailable;
    /// The response could not be sealed: nothing of its plaintext goes out.
    ResponseNotSealed = "response-not-sealed", Respond, Unavailable;
    /// The response could not be signed: nothing unsigned goes out.
    ResponseNotSigned = "response-not-signed", Respond, Unavailable;
    /// The key service could not sign the response.
    ResponseKeyService = "response-key-service", Respond, Unavailable;

    /// An event that the exchange did not ask for: a bug of the adapter, refused.
    UnexpectedEvent = "unexpected-event", Host, Unavailable;
    /// A host call failed.
    HostCallFailed = "host-call-failed", Host, Unavailable;
    /// The host does not hold headers back until the verdict.
    HostDoesNotHold = "host-does-not-hold", Host, Unavailable;
    /// No usable policy is loaded.
    NoPolicy = "no-policy", Host, Unavailable;
}

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason, for log and metric only.
    pub reason: Reason,
    /// Value of `Accept-Signature` (RFC 9421 section 5) for the policy that judged, if any.
    pub accept_signature: Option<Arc<str>>,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            accept_signature: None,
        }
    }
}

impl Refusal {
    /// HTTP status of the answer.
    pub const fn status(&self) -> u16 {
        self.reason.class().status()
    }

    /// Headers of the answer. What a sender should sign is told on every authentication failure,
    /// whatever its cause.
    pub fn headers(&self) -> Vec<(&str, &str)> {
        let mut headers = vec![
            ("content-type", "application/problem+json"),
            ("cache-control", "no-store"),
        ];
        if let (ProblemClass::Unauthenticated, Some(value)) =
            (self.reason.class(), &self.accept_signature)
        {
            headers.push(("accept-signature", value));
        }
        headers
    }

    /// Body of the answer (RFC 9457). Depends on the class and the request id alone, so that two
    /// failures of one class cannot be told apart.
    pub fn body(&self, request_id: &str) -> Vec<u8> {
        let class = self.reason.class();
        let mut problem = json!({
            "type": format!("urn:sealgate:problem:{}", class.name()),
            "title": class.title(),
            "status": class.status(),
        });
        if let (Some(members), false) = (problem.as_object_mut(), request_id.is_empty()) {
            members.insert("request_id".into(), request_id.into());
        }
        problem.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_code() {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
    }

    #[test]
    fn all_authentication_failures_have_one_body() {
        let bodies: std::collections::BTreeSet<_> = Reason::ALL
            .iter()
            .filter(|reason| reason.class() == ProblemClass::Unauthenticated)
            .map(|reason| Refusal::from(*reason).body("r1"))
            .collect();
        assert_eq!(bodies.len(), 1);
    }
}
