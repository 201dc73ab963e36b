//! `hsm-bridge audit-verify`

use std::path::Path;

use base64ct::{Base64UrlUnpadded, Encoding};

use super::{Failed, Format, open};
use crate::audit::verify;
use crate::config::Config;
use crate::token::{Curve, KeyKind, Token as _};

/// Reads the whole log and says whether it is what was written. The key of the checkpoints comes
/// from a JWK in a file, or from the token.
pub(super) fn audit_verify(
    config: &Config,
    jwk: Option<&Path>,
    format: Format,
) -> Result<(), Failed> {
    let audit = config
        .audit
        .as_ref()
        .ok_or_else(|| Failed("there is no [audit] in the file".into()))?;
    let point = match (jwk, &audit.checkpoint_key) {
        (Some(path), _) => Some(point_of(path)?),
        (None, Some(kid)) => Some(point_in_token(config, kid)?),
        (None, None) => None,
    };
    let verified = verify(&audit.path, point.as_deref()).map_err(Failed)?;
    let (records, covered) = (verified.records, verified.covered);
    if format == Format::Json {
        let checkpoints = verified.checkpoints;
        println!(
            "{}",
            serde_json::json!({
                "ok": true, "records": records, "covered": covered, "checkpoints": checkpoints,
            })
        );
        return Ok(());
    }
    println!("the log is whole: {records} records, none changed, dropped or moved");
    if covered == 0 {
        println!(
            "no signed checkpoint covers it: whoever may write the file can have rewritten it"
        );
    } else {
        println!("the token's signature covers records 1 to {covered}");
    }
    Ok(())
}

fn point_in_token(config: &Config, kid: &str) -> Result<Vec<u8>, Failed> {
    let unknown = || Failed(format!("the checkpoint key {kid} is not configured"));
    let key = config.key(kid).ok_or_else(unknown)?;
    let token = config.token(&key.token).ok_or_else(unknown)?;
    match open(token, false)?.describe(0, &key.plan.label)?.kind {
        KeyKind::Ec {
            curve: Curve::P256,
            point: Some(point),
        } => Ok(point),
        _ => Err(Failed(
            "the token does not show the public half of the checkpoint key: --jwk".into(),
        )),
    }
}

fn point_of(path: &Path) -> Result<Vec<u8>, Failed> {
    let jwk: serde_json::Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut point = vec![0x04];
    for name in ["x", "y"] {
        let text = jwk.get(name).and_then(|text| text.as_str());
        let text = text.unwrap_or_default();
        point.extend(Base64UrlUnpadded::decode_vec(text).unwrap_or_default());
    }
    Ok(point)
}
