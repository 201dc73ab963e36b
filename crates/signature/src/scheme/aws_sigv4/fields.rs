//! Where the texts of a signature stand: in the `Authorization` header or in the query.

use super::{ALGORITHM, AMZ_DATE, AUTHORIZATION, canonical};
use crate::{Message, SignatureError};

/// The texts of one signature, wherever they stood.
pub(super) struct Fields {
    /// Key id and scope.
    pub(super) credential: String,
    /// Names of the signed header fields.
    pub(super) signed: String,
    pub(super) signature: String,
    pub(super) time: String,
    /// Seconds of life, of a presigned URL.
    pub(super) expires: Option<String>,
}

impl Fields {
    /// `None` without an `Authorization` of this scheme.
    pub(super) fn of_header(message: &Message<'_>) -> Result<Option<Self>, SignatureError> {
        let line = match message.single(AUTHORIZATION) {
            Ok(line) => line,
            Err(SignatureError::Missing) => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(list) = line
            .strip_prefix(ALGORITHM.as_bytes())
            .and_then(|rest| rest.strip_prefix(b" "))
        else {
            return Ok(None);
        };
        let list = core::str::from_utf8(list).map_err(|_| SignatureError::Malformed)?;
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for parameter in list.split(',') {
            let (name, value) = parameter
                .trim_start_matches(' ')
                .split_once('=')
                .ok_or(SignatureError::Malformed)?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed,
                "Signature" => &mut signature,
                _ => return Err(SignatureError::Malformed),
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(SignatureError::DuplicateParameter);
            }
        }
        let time = core::str::from_utf8(message.single(AMZ_DATE)?)
            .map_err(|_| SignatureError::Malformed)?;
        match (credential, signed, signature) {
            (Some(credential), Some(signed), Some(signature)) => Ok(Some(Self {
                credential,
                signed,
                signature,
                time: time.to_owned(),
                expires: None,
            })),
            _ => Err(SignatureError::Malformed),
        }
    }

    /// `None` without an `X-Amz-Signature` in the query.
    pub(super) fn of_query(message: &Message<'_>) -> Result<Option<Self>, SignatureError> {
        let pairs = canonical::pairs(message)?;
        if !pairs.iter().any(|(name, _)| *name == canonical::SIGNATURE) {
            return Ok(None);
        }
        let one = |wanted: &str| {
            let mut values = pairs.iter().filter(|(name, _)| *name == wanted);
            match (values.next(), values.next()) {
                (Some((_, value)), None) => Ok(canonical::unescape(value)),
                (None, _) => Err(SignatureError::Malformed),
                _ => Err(SignatureError::DuplicateParameter),
            }
        };
        if one("X-Amz-Algorithm")? != ALGORITHM {
            return Err(SignatureError::AlgorithmMismatch);
        }
        Ok(Some(Self {
            credential: one("X-Amz-Credential")?,
            signed: one("X-Amz-SignedHeaders")?,
            signature: one(canonical::SIGNATURE)?,
            time: one("X-Amz-Date")?,
            expires: Some(one("X-Amz-Expires")?),
        }))
    }
}
