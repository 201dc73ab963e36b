//! `hsm-bridge keygen`

use super::{Failed, open};
use crate::config::Config;
use crate::jwa;
use crate::token::{Curve, NewKey, Purpose, Token as _};

/// Makes a key and prints what is public of it.
pub(super) fn keygen(
    config: &Config,
    kid: &str,
    new: NewKey,
    token: Option<&str>,
    purpose: Option<Purpose>,
) -> Result<(), Failed> {
    let natural = match new {
        NewKey::Hmac(_) => Purpose::Mac,
        NewKey::Ec(Curve::Ed25519) | NewKey::MlDsa65 => Purpose::Sign,
        _ => Purpose::Unwrap,
    };
    let (token_name, label, purpose) = match (config.key(kid), token, purpose) {
        (Some(key), None, None) => (key.token.as_str(), key.plan.label.as_str(), key.purpose),
        (Some(_), _, _) => {
            return Err(Failed(format!(
                "{kid} is in the file, which says its token and purpose: leave out --token and \
                 --purpose"
            )));
        }
        (None, token, purpose) => {
            let only = match config.tokens.as_slice() {
                [only] => Some(only.name.as_str()),
                _ => None,
            };
            let token = token.or(only).ok_or_else(|| {
                Failed(format!(
                    "{kid} is not in the file and there are several tokens: --token"
                ))
            })?;
            (token, kid, purpose.unwrap_or(natural))
        }
    };
    if !sealgate_wire::is_kid(kid) {
        return Err(Failed("a kid is 1 to 64 of A-Z a-z 0-9 . _ # -".into()));
    }
    let token = config
        .token(token_name)
        .ok_or_else(|| Failed(format!("there is no token {token_name:?} in the file")))?;
    let facts = open(token, true)?.make(label, new, purpose)?;
    let shown = jwa::jwk(&facts.kind, kid, purpose)
        .unwrap_or_else(|| serde_json::json!({ "kid": kid, "fp": facts.fingerprint }));
    println!("{shown}");
    Ok(())
}
