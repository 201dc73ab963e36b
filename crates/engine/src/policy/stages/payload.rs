//! Compiles `payload`, and the formats that `respond.encrypt` shares with it.

use sealgate_format::{Field, Format, Name, Options, Path, Text};
use sealgate_jose::jwe::ContentEncryption;
use serde_json::Value;

use super::accepted;
use crate::policy::compiled::{PayloadPolicy, SignaturePolicy};
use crate::policy::fault::Findings;
use crate::policy::keys::KeyTable;
use crate::policy::raw::{
    Mode, RawField, RawFormatOptions, RawPayload, RawPayloadFormat, RawSerialization, RawText,
};
use crate::policy::read::section;

/// Compiles the section; `signature` is what else may prove that a body was not changed.
pub(super) fn compile(
    value: Value,
    signature: Option<&SignaturePolicy>,
    keys: &KeyTable,
    path: &str,
    findings: &mut Findings,
) -> Option<PayloadPolicy> {
    let raw = section::<RawPayload>(value, path, findings)?;
    let verify = match raw.verify.is_empty() {
        true => Vec::new(),
        false => keys.pick(
            &raw.verify,
            &format!("{path}.verify"),
            "the JWS inside is verified with keys of use: verify",
            |key| key.token.clone(),
            findings,
        ),
    };
    let signed = !raw.verify.is_empty();
    let format = format(raw.format, raw.options, false, signed, path, findings)?;
    if format.is_signed_inside() && !signed {
        findings.fault(
            format!("{path}.verify"),
            "names no key, and this format has a JWS inside",
            "name the sender's keys with use: verify",
        );
    }
    let picked = keys.pick(
        &raw.keys,
        &format!("{path}.keys"),
        "name keys with use: decrypt and an algorithm of the format (docs/formats.md)",
        |key| {
            key.decrypt
                .clone()
                .filter(|key| format.takes(key.management()))
        },
        findings,
    );
    let plain = raw
        .content_type
        .bytes()
        .all(|byte| (0x20..0x7f).contains(&byte));
    if !plain || !raw.content_type.contains('/') {
        findings.fault(
            format!("{path}.content_type"),
            "is not a media type",
            "write for instance application/json",
        );
    }
    let accepted = accepted(
        &raw.accept_weak,
        &["unauthenticated-encryption"],
        path,
        findings,
    );
    let proven = signature.is_some_and(|stage| stage.mode == Mode::Enforce);
    if format.is_unauthenticated() && !proven && accepted.is_empty() {
        findings.fault(
            format!("{path}.format"),
            "has no tag: whoever is in between can change what is opened",
            "add a `signature` stage that is enforced, or write accept_weak: [unauthenticated-encryption]",
        );
    }
    Some(PayloadPolicy {
        mode: raw.mode,
        format,
        keys: picked,
        verify,
        content_type: raw.content_type,
    })
}

/// A format with its options, for requests or responses.
pub(in crate::policy) fn format(
    raw: RawPayloadFormat,
    options: RawFormatOptions,
    response: bool,
    signed_inside: bool,
    path: &str,
    findings: &mut Findings,
) -> Option<Format> {
    if let Some(tolerance) = options.tolerance_seconds {
        findings.range(
            &format!("{path}.options.tolerance_seconds"),
            tolerance,
            1,
            3600,
        );
    }
    let mut encs = Vec::new();
    for (index, text) in options.enc.iter().enumerate() {
        match ContentEncryption::from_name(text) {
            Some(enc) => encs.push(enc),
            None => findings.fault(
                format!("{path}.options.enc[{index}]"),
                format!("{text} is not a content encryption"),
                "write for instance A256GCM",
            ),
        }
    }
    let mut fields = Vec::new();
    for (index, raw) in options.fields.into_iter().enumerate() {
        fields.push(field(
            raw,
            &format!("{path}.options.fields[{index}]"),
            findings,
        )?);
    }
    let options = Options {
        json: options.serialization == RawSerialization::Json,
        fields,
        text: options.text.map(|text| match text {
            RawText::Hex => Text::Hex,
            RawText::Base64 => Text::Base64,
        }),
        tolerance_seconds: options.tolerance_seconds,
        signed_inside,
        encs,
    };
    match Format::new(name(raw), response, options) {
        Ok(format) => Some(format),
        Err(fault) => {
            let place = match fault.option {
                "verify" if response => format!("{path}.sign"),
                "verify" => format!("{path}.verify"),
                option => format!("{path}.options.{option}"),
            };
            findings.fault(place, fault.problem, "see docs/formats.md");
            None
        }
    }
}

fn field(raw: RawField, path: &str, findings: &mut Findings) -> Option<Field> {
    let mut read = |text: &str, member: &str| {
        let read = Path::parse(text);
        if read.is_err() {
            findings.fault(
                format!("{path}.{member}"),
                "is not a path",
                "write for instance $.card.number or $.items[*].account",
            );
        }
        read.ok()
    };
    let (sealed, plain) = (read(&raw.sealed, "sealed"), read(&raw.plain, "plain"));
    let field = Field::new(sealed?, plain?, raw.optional);
    if field.is_none() {
        findings.fault(
            path,
            "has paths that part too early",
            "let both be the same up to the last name of `plain`, with every [*] in that part",
        );
    }
    field
}

const fn name(raw: RawPayloadFormat) -> Name {
    match raw {
        RawPayloadFormat::Jwe => Name::Jwe,
        RawPayloadFormat::Aes256Gcm => Name::Aes256Gcm,
        RawPayloadFormat::Aes128Gcm => Name::Aes128GcmRecords,
        RawPayloadFormat::Aes256GcmRecords => Name::Aes256GcmRecords,
        RawPayloadFormat::Toss => Name::Toss,
        RawPayloadFormat::MastercardJwe => Name::MastercardJwe,
        RawPayloadFormat::MastercardField => Name::MastercardField,
        RawPayloadFormat::VisaMle => Name::VisaMle,
        RawPayloadFormat::VisaTokenService => Name::VisaTokenService,
        RawPayloadFormat::CyberSource => Name::CyberSource,
        RawPayloadFormat::Wise => Name::Wise,
        RawPayloadFormat::Juspay => Name::Juspay,
        RawPayloadFormat::WechatPay => Name::WechatPay,
        RawPayloadFormat::WhatsappFlows => Name::WhatsappFlows,
        RawPayloadFormat::UaeOpenFinance => Name::UaeOpenFinance,
    }
}
