//! What several senders of webhooks do alike: one MAC over the raw body, as text in one header field.

use super::{Coverage, Presented, Scheme, SignOrder, SignedOctets};
use crate::text::{base64, hex};
use crate::{Algorithm, Message, SignatureError, Signer};

/// A MAC over the raw body. Covered: the body, nothing else.
#[derive(Debug, Clone, Copy)]
pub struct RawBodyMac {
    pub(super) name: &'static str,
    /// The header field, lower case.
    pub(super) header: &'static str,
    /// What stands before the MAC.
    pub(super) prefix: &'static str,
    pub(super) form: MacForm,
    pub(super) algorithms: &'static [Algorithm],
    /// Length of the MAC.
    pub(super) mac_bytes: usize,
}

/// How the MAC is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum MacForm {
    /// Lower-case hexadecimal digits.
    Hex,
    /// Base64 with padding.
    Base64,
}

impl Scheme for RawBodyMac {
    fn name(&self) -> &'static str {
        self.name
    }

    fn guarantees(&self) -> Coverage {
        Coverage::BODY
    }

    fn algorithms(&self) -> &'static [Algorithm] {
        self.algorithms
    }

    fn headers(&self) -> Vec<&str> {
        vec![self.header]
    }

    /// The prefix and exactly one MAC.
    fn present(&self, message: &Message<'_>) -> Result<Vec<Presented>, SignatureError> {
        let text = message
            .single(self.header)?
            .strip_prefix(self.prefix.as_bytes())
            .ok_or(SignatureError::Malformed)?;
        let mac = match self.form {
            MacForm::Hex => hex::decode_exactly(text, self.mac_bytes)?,
            MacForm::Base64 => base64::decode(text)?,
        };
        if mac.len() != self.mac_bytes {
            return Err(SignatureError::Malformed);
        }
        Ok(vec![Presented {
            signatures: vec![mac],
            needs_body: true,
            covered: vec!["body".into()],
            ..Default::default()
        }])
    }

    fn signed_octets<'m>(
        &self,
        _message: &Message<'m>,
        _presented: &'m Presented,
        body: &'m [u8],
    ) -> Result<SignedOctets<'m>, SignatureError> {
        Ok(SignedOctets::default().borrowed(body))
    }

    fn sign(
        &self,
        _message: &Message<'_>,
        body: &[u8],
        _order: &SignOrder<'_>,
        signer: &dyn Signer,
    ) -> Result<Vec<(String, String)>, SignatureError> {
        let mac = super::signed_by(self, signer, &[body])?;
        let text = match self.form {
            MacForm::Hex => hex::encode(&mac),
            MacForm::Base64 => base64::encode(&mac),
        };
        Ok(vec![(self.header.into(), format!("{}{text}", self.prefix))])
    }
}
