//! The JWS inside a sealed response. A key in the bridge signs in as many passes over the same code as there
//! are values to sign: a pass ends at the first signature that is not there yet, which is then asked for.

use std::cell::RefCell;

use sealgate_format::SealFault;
use sealgate_jose::jws::{SignSpec, Unsigned};
use sealgate_signature::Signer as _;

use super::response::Response;
use super::{Exchange, Pending, Progress};
use crate::policy::compiled::{InnerSigning, ResponseEncryption, ResponseKey};
use crate::refusal::Reason;

/// Most values of one response that are signed one by one: each costs a call to the key service.
const MAX_SIGNED: usize = 8;

/// A signature that the bridge made, and over what.
pub(super) struct Made {
    octets: Vec<u8>,
    signature: Vec<u8>,
}

/// A response one of whose values is signed in the bridge.
pub(super) struct PendingInside {
    response: Response,
    octets: Vec<u8>,
}

/// Signs the values of one pass.
pub(super) struct InnerSigner<'a> {
    signing: &'a InnerSigning,
    made: &'a [Made],
    /// What a signature is missing for.
    missing: RefCell<Option<Vec<u8>>>,
}

impl<'a> InnerSigner<'a> {
    pub(super) fn new(signing: &'a InnerSigning, made: &'a [Made]) -> Self {
        Self {
            signing,
            made,
            missing: RefCell::default(),
        }
    }

    /// The compact JWS of a value.
    pub(super) fn sign(
        &self,
        payload: &[u8],
        content_type: Option<&str>,
    ) -> Result<Vec<u8>, SealFault> {
        let spec = SignSpec {
            kid: Some(self.signing.key.sender()),
            cty: content_type,
            ..SignSpec::default()
        };
        let unsigned = Unsigned::new(self.signing.algorithm, payload, &spec)
            .map_err(|_| SealFault::Signature)?;
        let octets = unsigned.signing_input();
        let signature = match self.signing.key.secret() {
            Some(secret) => secret.sign(&[octets]).ok(),
            None => self.made_over(octets),
        };
        let signature = signature.ok_or(SealFault::Signature)?;
        unsigned
            .finish(&signature)
            .map(String::into_bytes)
            .map_err(|_| SealFault::Signature)
    }

    /// What the bridge has to sign before this can be sealed.
    pub(super) fn missing(self) -> Option<Vec<u8>> {
        self.missing.into_inner()
    }

    fn made_over(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let made = self.made.iter().find(|made| made.octets == octets);
        if made.is_none() {
            self.missing.replace(Some(octets.to_vec()));
        }
        made.map(|made| made.signature.clone())
    }
}

impl Exchange {
    /// Asks the bridge for the signature that a pass found missing.
    pub(super) fn ask_inside(
        &mut self,
        response: Response,
        octets: Vec<u8>,
    ) -> Result<Progress, Reason> {
        if response.made.len() >= MAX_SIGNED {
            return Err(Reason::ResponseTooLarge);
        }
        let (kid, operation) = self
            .inner_key()?
            .question(&octets)
            .ok_or(Reason::ResponseNotSigned)?;
        let question = self
            .ask(&kid, &operation)
            .map_err(|_| Reason::ResponseKeyService)?;
        let pending = Pending::ResponseInside(Box::new(PendingInside { response, octets }));
        Ok(self.hold_key(question, pending))
    }

    /// Takes the bridge's answer, and seals again.
    pub(super) fn inside_signed(
        &mut self,
        pending: PendingInside,
        status: u16,
        body: &[u8],
    ) -> Result<Progress, Reason> {
        let signature = self.inner_key()?.answer(status, body)?;
        let PendingInside {
            mut response,
            octets,
        } = pending;
        response.made.push(Made { octets, signature });
        self.seal_and_sign(response)
    }

    fn inner_key(&self) -> Result<&ResponseKey, Reason> {
        let encrypt: Option<&ResponseEncryption> = self.respond_policy()?.encrypt.as_ref();
        let signing = encrypt.and_then(|encrypt| encrypt.signing.as_ref());
        signing
            .map(|signing| &signing.key)
            .ok_or(Reason::UnexpectedEvent)
    }
}
