//! Formats of sealed bodies on the command line: `seal` and `open` take them alike.

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use sealgate_format::{Field, Format, Name, Options, Path, Text};
use sealgate_jose::jwe::ContentEncryption;

/// Which format, and what may be chosen of it.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FormatArgs {
    /// Format of the sealed body (docs/formats.md), instead of the one that goes with the key
    #[arg(long, value_name = "NAME", value_parser = names(), help_heading = "Format")]
    pub(crate) format: Option<String>,

    /// A member of a JSON body that is sealed, as `$.card.sealed=$.card`; may be repeated
    #[arg(
        long = "field",
        value_name = "SEALED=PLAIN",
        requires = "format",
        help_heading = "Format"
    )]
    fields: Vec<String>,

    /// Serialization of a whole body of format jwe
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        requires = "format",
        help_heading = "Format"
    )]
    serialization: Option<Serialization>,

    /// How mastercard-field writes bytes
    #[arg(
        long,
        value_enum,
        value_name = "FORM",
        requires = "format",
        help_heading = "Format"
    )]
    text: Option<TextForm>,

    /// Content encryption of a JWE, instead of the format's first; may be repeated for `open`
    #[arg(
        long,
        value_name = "ENC",
        requires = "format",
        value_parser = encs(),
        help_heading = "Format"
    )]
    enc: Vec<String>,

    /// A response of this status, not a request: what it is bound to, and what its members are called
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(100..600), help_heading = "Format")]
    pub(crate) response: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Serialization {
    Compact,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TextForm {
    Hex,
    Base64,
}

impl FormatArgs {
    /// The format that is meant; `usual` where none is named, and `signed` where a JWS is to be inside.
    ///
    /// # Errors
    /// When a path is none, or the choices do not go with the format.
    pub(crate) fn build(&self, usual: Name, signed: bool) -> Result<Format> {
        let name = match &self.format {
            None => usual,
            Some(text) => Name::from_name(text).context("the parser lets known names through")?,
        };
        let options = Options {
            json: self.serialization == Some(Serialization::Json),
            fields: self
                .fields
                .iter()
                .map(|text| field(text))
                .collect::<Result<_>>()?,
            text: self.text.map(|text| match text {
                TextForm::Hex => Text::Hex,
                TextForm::Base64 => Text::Base64,
            }),
            tolerance_seconds: None,
            signed_inside: signed,
            encs: self
                .enc
                .iter()
                .filter_map(|text| ContentEncryption::from_name(text))
                .collect(),
        };
        Format::new(name, self.response.is_some(), options).map_err(|fault| {
            let option = match fault.option {
                "verify" => "a JWS inside",
                "fields" => "--field",
                other => other,
            };
            anyhow::anyhow!("{}: {option} {}", name.name(), fault.problem)
        })
    }
}

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Name::ALL.map(Name::name))
}

fn encs() -> PossibleValuesParser {
    PossibleValuesParser::new(ContentEncryption::ALL.map(ContentEncryption::name))
}

fn field(text: &str) -> Result<Field> {
    let (sealed, plain) = text
        .split_once('=')
        .context("a field is written SEALED=PLAIN, such as $.card.sealed=$.card")?;
    let path = |text: &str| Path::parse(text).ok();
    path(sealed)
        .zip(path(plain))
        .and_then(|(sealed, plain)| Field::new(sealed, plain, false))
        .with_context(|| {
            format!("{text}: both paths are the same up to the last name of the second")
        })
}
