//! `hsm-bridge list`

use serde::Serialize;

use super::{Failed, Format, open, versions};
use crate::config::Config;
use crate::jwa::Algorithm;
use crate::keyring::State;
use crate::token::Token as _;

#[derive(Serialize)]
struct Line {
    token: String,
    kid: Option<String>,
    version: Option<u32>,
    label: String,
    kind: &'static str,
    /// `ready`, `missing` (in the file only) or `foreign` (in the token only).
    state: &'static str,
    /// What may be done with the version; see `State`.
    lifecycle: Option<&'static str>,
    /// Whether the token will never hand it out.
    guarded: bool,
    algs: Vec<&'static str>,
    fp: Option<String>,
}

/// Prints the keys of the file and of the tokens.
pub(super) fn list(config: &Config, format: Format) -> Result<(), Failed> {
    let keyring = versions(config)?;
    let mut lines = Vec::new();
    for token in &config.tokens {
        let open = open(token, false)?;
        let mut present = open.keys()?;
        let keys = config.keys.iter().filter(|key| key.token == token.name);
        let versions = keys.flat_map(|key| {
            let versions = keyring.versions(&key.kid).into_iter();
            versions.map(move |version| (key, version))
        });
        for (key, version) in versions {
            let found = present
                .iter()
                .position(|found| found.label == version.label);
            let found = found.map(|index| present.swap_remove(index));
            if found.is_none() && version.state == State::Destroyed {
                continue;
            }
            let facts = open.describe(0, &version.label).ok();
            lines.push(Line {
                token: token.name.clone(),
                kid: Some(key.kid.clone()),
                version: Some(version.number),
                label: version.label.clone(),
                lifecycle: Some(version.state.name()),
                kind: found.as_ref().map_or("-", |found| found.kind),
                state: if facts.is_some() { "ready" } else { "missing" },
                guarded: found.is_some_and(|found| found.guarded),
                algs: key
                    .plan
                    .algorithms
                    .iter()
                    .map(|alg| Algorithm::name(*alg))
                    .collect(),
                fp: facts.map(|facts| facts.fingerprint),
            });
        }
        lines.extend(present.into_iter().map(|found| Line {
            token: token.name.clone(),
            kid: None,
            version: None,
            lifecycle: None,
            label: found.label,
            kind: found.kind,
            state: "foreign",
            guarded: found.guarded,
            algs: Vec::new(),
            fp: None,
        }));
    }
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
        return Ok(());
    }
    println!(
        "{:<12} {:<20} {:<8} {:<8} {:<11} {:<8} {:<44} ALGS",
        "TOKEN", "KEY", "KIND", "STATE", "LIFECYCLE", "GUARDED", "FINGERPRINT"
    );
    for line in lines {
        let name = match (line.kid, line.version) {
            (Some(kid), Some(version)) => format!("{kid}#{version}"),
            _ => line.label,
        };
        let lifecycle = line.lifecycle.unwrap_or("-");
        let fp = line.fp.unwrap_or_else(|| "-".to_owned());
        let guarded = if line.guarded { "yes" } else { "NO" };
        let (token, kind, state) = (line.token, line.kind, line.state);
        let algs = line.algs.join(" ");
        println!(
            "{token:<12} {name:<20} {kind:<8} {state:<8} {lifecycle:<11} {guarded:<8} {fp:<44} {algs}"
        );
    }
    Ok(())
}
