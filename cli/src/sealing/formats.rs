//! Formats of sealed bodies by their names on the command line.

use anyhow::{Context, Result};
use sealgate_format::{Field, Format, Name, Options, Path};

/// The format of this name, or the usual one, with members written `SEALED=PLAIN`.
///
/// # Errors
/// When there is no such format or path, or they do not fit together.
pub(crate) fn named(name: Option<&str>, usual: Name, fields: &[String]) -> Result<Format> {
    let name = match name {
        None => usual,
        Some(text) => Name::from_name(text).with_context(|| {
            let names: Vec<&str> = Name::ALL.iter().map(|name| name.name()).collect();
            format!("{text} is no format; there are {}", names.join(", "))
        })?,
    };
    let options = Options {
        fields: fields
            .iter()
            .map(|text| field(text))
            .collect::<Result<_>>()?,
        ..Options::default()
    };
    Format::new(name, false, options)
        .map_err(|fault| anyhow::anyhow!("{}: {} {}", name.name(), fault.option, fault.problem))
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
