//! The key that signs a response: here, or by a question to the bridge.

use sealgate_signature::{Algorithm, MacKey, VerificationKey};
use sealgate_wire::{MacRequest, Operation, SignRequest, decode_mac_answer, decode_sign_answer};
use sha2::{Digest, Sha256};

use crate::policy::compiled::ResponseKey;
use crate::policy::keys::MessageMaterial;
use crate::refusal::Reason;

impl ResponseKey {
    /// The name under which clients know it.
    pub(crate) fn sender(&self) -> &str {
        match self {
            Self::Mac(key) => &key.sender,
            Self::Private(key) => &key.sender,
        }
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Mac(key) => key.algorithm,
            Self::Private(key) => key.algorithm,
        }
    }

    /// The key itself, where it is at hand.
    pub(super) fn secret(&self) -> Option<&MacKey> {
        match self {
            Self::Mac(key) => match &key.material {
                MessageMaterial::Local(VerificationKey::Mac(secret)) => Some(secret),
                _ => None,
            },
            Self::Private(_) => None,
        }
    }

    /// Which key of the bridge is asked, and what; `None` for a key that is not there.
    pub(super) fn question(&self, octets: &[u8]) -> Option<(String, Operation)> {
        let alg = self.algorithm().name().to_owned();
        match self {
            Self::Mac(key) => match &key.material {
                MessageMaterial::Bridge(kid) => {
                    let data = octets.to_vec();
                    Some((kid.clone(), Operation::Mac(MacRequest { alg, data })))
                }
                MessageMaterial::Local(_) => None,
            },
            Self::Private(key) => {
                // ES256 and PS256 sign a hash; a question is short whatever is signed.
                let request = SignRequest {
                    alg,
                    digest: Some(Sha256::digest(octets).to_vec()),
                    data: None,
                };
                Some((key.kid.clone(), Operation::Sign(request)))
            }
        }
    }

    /// The signature in the bridge's answer.
    pub(super) fn answer(&self, status: u16, body: &[u8]) -> Result<Vec<u8>, Reason> {
        let signature = match self {
            Self::Mac(_) => decode_mac_answer(status, body).map(|answer| answer.mac.to_vec()),
            Self::Private(_) => decode_sign_answer(status, body).map(|answer| answer.sig),
        };
        signature.map_err(|_| Reason::ResponseKeyService)
    }
}
