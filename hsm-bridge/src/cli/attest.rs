//! `hsm-bridge attest`: what a token says of where its keys come from.

use super::{Failed, Format, open, versions};
use crate::config::Config;
use crate::keyring::State;

/// Prints the token's word on every version of a key. PKCS#11 has no signed attestation: vendors that
/// sign one do it with tools and formats of their own.
pub(super) fn attest(config: &Config, kid: &str, format: Format) -> Result<(), Failed> {
    let unknown = || Failed(format!("there is no key {kid} in the file"));
    let key = config.key(kid).ok_or_else(unknown)?;
    let token = open(config.token(&key.token).ok_or_else(unknown)?, false)?;
    let mut lines = Vec::new();
    for version in versions(config)?.versions(kid) {
        if version.state == State::Destroyed {
            continue;
        }
        let origin = token.origin(&version.label)?;
        lines.push(serde_json::json!({
            "kid": format!("{kid}#{}", version.number),
            "made_in_token": origin.local,
            "always_sensitive": origin.always_sensitive,
            "never_extractable": origin.never_extractable,
            "signed": false,
        }));
        if format == Format::Table {
            let word = |said: Option<bool>| match said {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "not told",
            };
            println!(
                "{kid}#{}: made in the token: {}; always sensitive: {}; never extractable: {}",
                version.number,
                word(origin.local),
                word(origin.always_sensitive),
                word(origin.never_extractable),
            );
        }
    }
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(&lines)?);
    } else {
        println!(
            "This is the token's word, unsigned: PKCS#11 has no signed attestation. For one, use the \
             vendor's tool on the label."
        );
    }
    Ok(())
}
