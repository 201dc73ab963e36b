//! A format as a policy or command configures it, and what of a body is sealed in it.

mod seal;
mod take;

use sealgate_jose::jwe::{ContentEncryption, KeyManagement};

use crate::preset::{JweFormat, Name, Shape};
use crate::records::Records;
use crate::{Field, Path};

pub use seal::{Sealed, Sealing, SignInside};
pub use take::Head;

/// A configured format, for one direction.
#[derive(Clone, Debug)]
pub struct Format {
    name: Name,
    kind: Kind,
    /// How far a signed time may be away, where the format has one and it is asked for.
    pub(crate) tolerance_seconds: Option<u32>,
}

#[derive(Clone, Debug)]
enum Kind {
    Raw,
    Records(Records),
    Jwe(JweFormat),
    MastercardField { fields: Vec<Field>, text: Text },
    WechatPay(Field),
    WhatsappFlows,
}

/// How bytes are written in Mastercard's field level encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Text {
    /// Lower-case hexadecimal digits.
    #[default]
    Hex,
    /// Base64 with padding.
    Base64,
}

/// What may be chosen of a format; what a format has no use for is a fault.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `jwe`: the JSON serialization instead of the compact one.
    pub json: bool,
    /// Sealed members of a JSON body, instead of those of the preset.
    pub fields: Vec<Field>,
    /// `mastercard-field`: how bytes are written.
    pub text: Option<Text>,
    /// How far the time in the sealed header may be away, in seconds.
    pub tolerance_seconds: Option<u32>,
    /// `jwe`, `wise`: whether a JWS is inside the JWE.
    pub signed_inside: bool,
    /// Content encryptions that are let in, instead of those of the preset; the first one seals.
    pub encs: Vec<ContentEncryption>,
}

/// An option that a format has no use for, or a combination that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionFault {
    /// The option, as the policy names it.
    pub option: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Format {
    /// Configures a format; `response` is the way back.
    ///
    /// # Errors
    /// [`OptionFault`].
    pub fn new(name: Name, response: bool, options: Options) -> Result<Self, OptionFault> {
        let fault = |option, problem| Err(OptionFault { option, problem });
        const NO_USE: &str = "has no meaning for this format";
        if options.json && (name != Name::Jwe || !options.fields.is_empty()) {
            return fault("serialization", "is for a whole body of format jwe");
        }
        if options.text.is_some() && name != Name::MastercardField {
            return fault("text", NO_USE);
        }
        if options.signed_inside
            && !matches!(
                name,
                Name::Jwe | Name::Wise | Name::Juspay | Name::UaeOpenFinance
            )
        {
            return fault("verify", NO_USE);
        }
        let of_whole = options.fields.iter().any(|field| field.plain.is_root());
        if of_whole && options.fields.len() > 1 {
            return fault(
                "fields",
                "has one that stands for the whole body, and others",
            );
        }
        let tolerance_seconds = options.tolerance_seconds;
        let kind = match JweFormat::of(name, response) {
            Some(mut format) => {
                if tolerance_seconds.is_some() && format.issued_at.is_none() {
                    return fault(
                        "tolerance_seconds",
                        "needs a format that says when it was made",
                    );
                }
                if options.signed_inside {
                    format.signed_inside = true;
                }
                if name == Name::Wise && format.signed_inside {
                    format.mark = Some(("x-tw-jose-method", "jws-jwe"));
                }
                if options.json {
                    format.shape = Shape::Json;
                    format.media_types = &["application/jose+json"];
                }
                if !options.fields.is_empty() {
                    if matches!(name, Name::Toss | Name::Wise | Name::Juspay) {
                        return fault("fields", NO_USE);
                    }
                    format.shape = Shape::Fields(options.fields);
                    format.media_types = &["application/json"];
                }
                if !options.encs.is_empty() {
                    if !format.encs.is_empty()
                        && !options.encs.iter().all(|enc| format.encs.contains(enc))
                    {
                        return fault("enc", "names one that this format does not have");
                    }
                    format.encs = options.encs;
                }
                Kind::Jwe(format)
            }
            None => {
                if tolerance_seconds.is_some() {
                    return fault("tolerance_seconds", NO_USE);
                }
                if !options.encs.is_empty() {
                    return fault("enc", NO_USE);
                }
                match name {
                    Name::MastercardField
                        if options.fields.iter().any(|one| !one.has_carrier()) =>
                    {
                        return fault("fields", "has a sealed value without an object of its own");
                    }
                    Name::MastercardField => Kind::MastercardField {
                        fields: match options.fields.is_empty() {
                            false => options.fields,
                            true => vec![whole("$.encryptedValue")?],
                        },
                        text: options.text.unwrap_or_default(),
                    },
                    _ if !options.fields.is_empty() => return fault("fields", NO_USE),
                    Name::WechatPay => Kind::WechatPay(in_place("$.resource")?),
                    Name::WhatsappFlows => Kind::WhatsappFlows,
                    Name::Aes128GcmRecords => Kind::Records(Records::Aes128Gcm),
                    Name::Aes256GcmRecords => Kind::Records(Records::Aes256Gcm),
                    _ => Kind::Raw,
                }
            }
        };
        Ok(Self {
            name,
            kind,
            tolerance_seconds,
        })
    }

    /// Which format it is.
    #[must_use]
    pub const fn name(&self) -> Name {
        self.name
    }

    /// Whether the body is nonce, ciphertext and tag (see [`crate::raw`]).
    #[must_use]
    pub const fn is_raw(&self) -> bool {
        matches!(self.kind, Kind::Raw)
    }

    /// The records that the body is, if it is records.
    #[must_use]
    pub const fn records(&self) -> Option<Records> {
        match self.kind {
            Kind::Records(records) => Some(records),
            _ => None,
        }
    }

    /// Whether the plaintext stands in a body whose other members were never sealed.
    #[must_use]
    pub fn replaces_members(&self) -> bool {
        let fields: &[Field] = match &self.kind {
            Kind::Jwe(format) => match &format.shape {
                Shape::Fields(fields) => fields,
                Shape::Prefixed(_) => return true,
                _ => return false,
            },
            Kind::MastercardField { fields, .. } => fields,
            Kind::WechatPay(_) => return true,
            _ => return false,
        };
        !fields.iter().any(|field| field.plain.is_root())
    }

    /// Whether a key of this algorithm opens or seals it; `None` is a shared AES-256 key.
    #[must_use]
    pub fn takes(&self, alg: Option<KeyManagement>) -> bool {
        match (&self.kind, alg) {
            (Kind::Raw | Kind::Records(_) | Kind::WechatPay(_), None) => true,
            (Kind::Jwe(format), Some(alg)) => format.algs.is_empty() || format.algs.contains(&alg),
            (Kind::MastercardField { .. } | Kind::WhatsappFlows, Some(alg)) => {
                alg == KeyManagement::RsaOaep256
            }
            _ => false,
        }
    }

    /// Whether nothing but a signature around it tells that a body was not changed.
    #[must_use]
    pub const fn is_unauthenticated(&self) -> bool {
        matches!(self.kind, Kind::MastercardField { .. })
    }

    /// Whether the answer is sealed with the key of its request.
    #[must_use]
    pub const fn answers_with_key_of_request(&self) -> bool {
        matches!(self.kind, Kind::WhatsappFlows)
    }

    /// Whether it says where sealed members go: one that finds them by their names can only be opened.
    #[must_use]
    pub fn can_seal(&self) -> bool {
        let by_name = |format: &JweFormat| matches!(format.shape, Shape::Prefixed(_));
        !self.jwe().is_some_and(by_name)
    }

    /// Whether a JWS is inside.
    #[must_use]
    pub fn is_signed_inside(&self) -> bool {
        self.jwe().is_some_and(|format| format.signed_inside)
    }

    pub(crate) const fn jwe(&self) -> Option<&JweFormat> {
        match &self.kind {
            Kind::Jwe(format) => Some(format),
            _ => None,
        }
    }
}

fn whole(sealed: &str) -> Result<Field, OptionFault> {
    field(sealed, "$")
}

fn in_place(path: &str) -> Result<Field, OptionFault> {
    field(path, path)
}

/// A field of a preset, whose paths are ours.
fn field(sealed: &str, plain: &str) -> Result<Field, OptionFault> {
    if let (Ok(sealed), Ok(plain)) = (Path::parse(sealed), Path::parse(plain))
        && let Some(field) = Field::new(sealed, plain, false)
    {
        return Ok(field);
    }
    Err(OptionFault {
        option: "fields",
        problem: "do not fit together",
    })
}
