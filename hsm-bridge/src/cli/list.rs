//! `hsm-bridge list`

use serde::Serialize;

use super::{Failed, Format, open};
use crate::config::Config;
use crate::jwa::Algorithm;
use crate::token::Token as _;

#[derive(Serialize)]
struct Line {
    token: String,
    kid: Option<String>,
    label: String,
    kind: &'static str,
    /// `ready`, `missing` (in the file only) or `foreign` (in the token only).
    state: &'static str,
    /// Whether the token will never hand it out.
    guarded: bool,
    algs: Vec<&'static str>,
    fp: Option<String>,
}

/// Prints the keys of the file and of the tokens.
pub(super) fn list(config: &Config, format: Format) -> Result<(), Failed> {
    let mut lines = Vec::new();
    for token in &config.tokens {
        let open = open(token, false)?;
        let mut present = open.keys()?;
        for key in config.keys.iter().filter(|key| key.token == token.name) {
            let found = present
                .iter()
                .position(|found| found.label == key.plan.label);
            let found = found.map(|index| present.swap_remove(index));
            let facts = open.describe(0, &key.plan.label).ok();
            lines.push(Line {
                token: token.name.clone(),
                kid: Some(key.kid.clone()),
                label: key.plan.label.clone(),
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
        "{:<12} {:<20} {:<8} {:<8} {:<8} ALGS",
        "TOKEN", "KEY", "KIND", "STATE", "GUARDED"
    );
    for line in lines {
        let name = line.kid.unwrap_or(line.label);
        let guarded = if line.guarded { "yes" } else { "NO" };
        let (token, kind, state) = (line.token, line.kind, line.state);
        let algs = line.algs.join(" ");
        println!("{token:<12} {name:<20} {kind:<8} {state:<8} {guarded:<8} {algs}");
    }
    Ok(())
}
