//! The closed set of formats: what each sender's messages look like. The names are those of the
//! policy and the command line; the sources are named in `docs/formats.md`.

use sealgate_jose::Profile;
use sealgate_jose::jwe::{ContentEncryption as Enc, KeyManagement as Alg};

use crate::json::Path;

/// A format of sealed bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// JWE: the whole body, or members of a JSON body.
    Jwe,
    /// Nonce, ciphertext and tag of AES-256-GCM, bound to the request.
    Aes256Gcm,
    /// RFC 8188 `aes128gcm`: records under a shared secret.
    Aes128GcmRecords,
    /// The records of RFC 8188 with AES-256-GCM, bound to the request.
    Aes256GcmRecords,
    /// Toss Payments: whole body, `dir`, in both directions.
    Toss,
    /// Mastercard, JWE encryption: `encryptedValue` in a JSON body, 16-byte IVs accepted.
    MastercardJwe,
    /// Mastercard, field level encryption: RSA-OAEP and AES-128-CBC, unauthenticated.
    MastercardField,
    /// Visa Message Level Encryption: `encData`.
    VisaMle,
    /// Visa Token Service: members whose name begins with `enc`.
    VisaTokenService,
    /// Visa Acceptance (CyberSource) Message Level Encryption: `encryptedRequest`.
    CyberSource,
    /// Wise: whole body, JWE or JWS inside JWE.
    Wise,
    /// Juspay: JWS inside a JWE with member names of its own.
    Juspay,
    /// WeChat Pay API v3: `resource`.
    WechatPay,
    /// WhatsApp Flows endpoint: the answer is sealed with the key of the request.
    WhatsappFlows,
    /// UAE Open Finance: `PersonalIdentifiableInformation`, JWS inside JWE.
    UaeOpenFinance,
}

impl Name {
    /// Every format, in the order of `docs/formats.md`.
    pub const ALL: [Self; 15] = [
        Self::Jwe,
        Self::Aes256Gcm,
        Self::Aes128GcmRecords,
        Self::Aes256GcmRecords,
        Self::Toss,
        Self::MastercardJwe,
        Self::MastercardField,
        Self::VisaMle,
        Self::VisaTokenService,
        Self::CyberSource,
        Self::Wise,
        Self::Juspay,
        Self::WechatPay,
        Self::WhatsappFlows,
        Self::UaeOpenFinance,
    ];

    /// Name in the policy and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jwe => "jwe",
            Self::Aes256Gcm => "aes-256-gcm",
            Self::Aes128GcmRecords => "aes128gcm",
            Self::Aes256GcmRecords => "aes-256-gcm-records",
            Self::Toss => "toss",
            Self::MastercardJwe => "mastercard-jwe",
            Self::MastercardField => "mastercard-field",
            Self::VisaMle => "visa-mle",
            Self::VisaTokenService => "visa-token-service",
            Self::CyberSource => "cybersource",
            Self::Wise => "wise",
            Self::Juspay => "juspay",
            Self::WechatPay => "wechat-pay",
            Self::WhatsappFlows => "whatsapp-flows",
            Self::UaeOpenFinance => "uae-open-finance",
        }
    }

    /// The format of exactly this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// How a JWE stands in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The whole body is a compact JWE.
    Compact,
    /// The whole body is a JWE in a JSON serialization.
    Json,
    /// The whole body is Juspay's object.
    Juspay,
    /// Members of a JSON body are compact JWEs.
    Fields(Vec<Field>),
    /// Members whose name begins with this are compact JWEs; the plaintext has the rest as its name.
    Prefixed(&'static str),
}

/// A sealed member and the plaintext it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Where the sealed value is.
    pub sealed: Path,
    /// Where the plaintext is.
    pub plain: Path,
    /// Whether a message may be without it.
    pub optional: bool,
}

/// How a sealed header says when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IssuedAt {
    /// Seconds, as a text.
    SecondsText,
    /// Milliseconds, as a number.
    Milliseconds,
    /// Milliseconds, as a text.
    MillisecondsText,
    /// RFC 3339 with seconds and the offset of Korea.
    Korea,
}

/// What is fixed of a JWE format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JweFormat {
    pub(crate) shape: Shape,
    /// Media types of a sealed message; the first one is what we send.
    pub(crate) media_types: &'static [&'static str],
    /// A header that a sealed message carries.
    pub(crate) mark: Option<(&'static str, &'static str)>,
    /// Key management algorithms; empty allows all.
    pub(crate) algs: &'static [Alg],
    /// Content encryptions; the first one is what we seal with. Empty allows all.
    pub(crate) encs: Vec<Enc>,
    pub(crate) issued_at: Option<IssuedAt>,
    /// Whether `cty` is written, and what it says.
    pub(crate) content_type: bool,
    pub(crate) profile: Profile,
    /// Whether the plaintext is a JWS around what is meant.
    pub(crate) signed_inside: bool,
}

const JSON: &[&str] = &["application/json"];
const STRONG: &[Enc] = &[Enc::A256Gcm];

impl JweFormat {
    const BASE: Self = Self {
        shape: Shape::Compact,
        media_types: &["application/jose", "application/jwe"],
        mark: None,
        algs: &[],
        encs: Vec::new(),
        issued_at: None,
        content_type: true,
        profile: Profile::Strict,
        signed_inside: false,
    };

    /// A JWE format as its sender has it; `None` for the formats that are no JWE. `response` is
    /// the way back, where its messages look differently.
    pub(crate) fn of(name: Name, response: bool) -> Option<Self> {
        let base = Self::BASE;
        let of_the_whole = |member: &str| {
            let sealed = Path::parse(&format!("$.{member}")).ok()?;
            let plain = Path::parse("$").ok()?;
            Some(Shape::Fields(vec![Field {
                sealed,
                plain,
                optional: false,
            }]))
        };
        Some(match name {
            Name::Jwe => base,
            Name::Toss => Self {
                media_types: &["text/plain"],
                mark: Some(("tosspayments-api-security-mode", "ENCRYPTION")),
                algs: &[Alg::Dir],
                encs: STRONG.to_vec(),
                issued_at: Some(IssuedAt::Korea),
                content_type: false,
                ..base
            },
            Name::MastercardJwe => Self {
                shape: of_the_whole("encryptedValue")?,
                media_types: JSON,
                algs: &[Alg::RsaOaep256],
                encs: vec![Enc::A256Gcm, Enc::A192Gcm, Enc::A128Gcm, Enc::A128CbcHs256],
                profile: Profile::Mastercard,
                ..base
            },
            Name::VisaMle => Self {
                shape: of_the_whole("encData")?,
                media_types: JSON,
                algs: &[Alg::RsaOaep256],
                encs: vec![Enc::A128Gcm, Enc::A256Gcm],
                issued_at: Some(IssuedAt::Milliseconds),
                content_type: false,
                ..base
            },
            Name::VisaTokenService => Self {
                shape: Shape::Prefixed("enc"),
                media_types: JSON,
                algs: &[Alg::A256GcmKw],
                encs: STRONG.to_vec(),
                issued_at: Some(IssuedAt::SecondsText),
                content_type: false,
                ..base
            },
            Name::CyberSource => Self {
                shape: of_the_whole(match response {
                    false => "encryptedRequest",
                    true => "encryptedResponse",
                })?,
                media_types: JSON,
                algs: &[Alg::RsaOaep256],
                encs: STRONG.to_vec(),
                issued_at: Some(IssuedAt::MillisecondsText),
                ..base
            },
            Name::Wise => Self {
                media_types: &["application/jose+json", "application/jose"],
                mark: Some(("x-tw-jose-method", "jwe")),
                algs: &[Alg::RsaOaep256],
                encs: STRONG.to_vec(),
                ..base
            },
            Name::Juspay => Self {
                shape: Shape::Juspay,
                media_types: JSON,
                algs: &[Alg::RsaOaep256, Alg::RsaOaep],
                encs: vec![Enc::A256Gcm, Enc::A128CbcHs256],
                content_type: false,
                signed_inside: true,
                ..base
            },
            Name::UaeOpenFinance => Self {
                shape: Shape::Fields(vec![Field {
                    sealed: Path::parse("$.consent.PersonalIdentifiableInformation").ok()?,
                    plain: Path::parse("$.consent.PersonalIdentifiableInformation").ok()?,
                    optional: false,
                }]),
                media_types: JSON,
                algs: &[Alg::RsaOaep256],
                encs: STRONG.to_vec(),
                signed_inside: true,
                ..base
            },
            Name::Aes256Gcm
            | Name::Aes128GcmRecords
            | Name::Aes256GcmRecords
            | Name::MastercardField
            | Name::WechatPay
            | Name::WhatsappFlows => return None,
        })
    }
}
