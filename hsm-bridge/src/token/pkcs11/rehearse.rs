//! Orders whose result is known beforehand: the self-test of a key, and the canary.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::{Broken, Found, keys, orders};
use crate::jwa;
use crate::token::{FaultClass, KeyKind, Order, Rehearsal, TokenFault};

/// What is wrapped and encrypted in rehearsals. Not a secret.
const SAMPLE: &[u8; 32] = b"sealgate rehearsal, not a secret";

/// Makes an order of the sample's kind with a known result and carries it out once.
pub(super) fn rehearse(
    session: &Session,
    key: &Found,
    label: &str,
    sample: &Order,
) -> Result<Option<Rehearsal>, Broken> {
    let Some(mut rehearsal) = script(session, key, label, sample)? else {
        return Ok(None);
    };
    let result = orders::perform(session, key.handle, &rehearsal.order)?;
    match &rehearsal.expected {
        Some(expected) if **expected != *result => {
            let what = format!("{} gave a wrong result in its self-test", sample.name());
            return Err(TokenFault::new(FaultClass::Unsupported, what).into());
        }
        None if matches!(sample, Order::Mac { .. }) => rehearsal.expected = Some(result),
        _ => {}
    }
    Ok(Some(rehearsal))
}

fn script(
    session: &Session,
    key: &Found,
    label: &str,
    sample: &Order,
) -> Result<Option<Rehearsal>, Broken> {
    Ok(match (sample, &key.facts.kind) {
        // ECDH with the base point gives the x coordinate of the key's own public point.
        (Order::Agree { .. }, KeyKind::EcP256 { point }) => {
            let expected = point.as_ref().and_then(|point| point.get(1..33));
            Some(Rehearsal {
                order: Order::Agree {
                    point: jwa::P256_BASE_POINT.to_vec(),
                },
                expected: expected.map(|x| Zeroizing::new(x.to_vec())),
            })
        }
        (Order::DecryptOaep { hash, .. }, KeyKind::Rsa { .. }) => {
            let Some(public) = keys::find_public(session, label)? else {
                return Ok(None);
            };
            let mechanism = Mechanism::RsaPkcsOaep(orders::oaep(*hash));
            let ciphertext = match session.encrypt(&mechanism, public, SAMPLE) {
                Ok(ciphertext) => ciphertext,
                Err(error) => return refused(error),
            };
            Some(Rehearsal {
                order: Order::DecryptOaep {
                    hash: *hash,
                    ciphertext,
                },
                expected: Some(Zeroizing::new(SAMPLE.to_vec())),
            })
        }
        (Order::UnwrapAes { .. }, KeyKind::Aes { .. }) => {
            if !may_wrap(session, key)? {
                return Ok(None);
            }
            let mut template = orders::readable_secret();
            template.push(Attribute::Value(SAMPLE.to_vec()));
            let secret = session.create_object(&template)?;
            let wrapped = session.wrap_key(&Mechanism::AesKeyWrap, key.handle, secret);
            session.destroy_object(secret)?;
            let wrapped = match wrapped {
                Ok(wrapped) => wrapped,
                Err(error) => return refused(error),
            };
            Some(Rehearsal {
                order: Order::UnwrapAes { wrapped },
                expected: Some(Zeroizing::new(SAMPLE.to_vec())),
            })
        }
        (Order::Mac { hash, .. }, KeyKind::Hmac) => Some(Rehearsal {
            order: Order::Mac {
                hash: *hash,
                data: SAMPLE.to_vec(),
            },
            expected: None,
        }),
        (Order::SignEs256 { .. }, KeyKind::EcP256 { .. }) => Some(Rehearsal {
            order: Order::SignEs256 { digest: *SAMPLE },
            expected: None,
        }),
        (Order::SignPs256 { .. }, KeyKind::Rsa { .. }) => Some(Rehearsal {
            order: Order::SignPs256 { digest: *SAMPLE },
            expected: None,
        }),
        _ => {
            let what = format!("the key is not of a kind that can {}", sample.name());
            return Err(TokenFault::new(FaultClass::Unsupported, what).into());
        }
    })
}

fn may_wrap(session: &Session, key: &Found) -> Result<bool, Broken> {
    let read = session.get_attributes(key.handle, &[AttributeType::Wrap])?;
    Ok(matches!(read.as_slice(), [Attribute::Wrap(true)]))
}

/// A token that will not encrypt its own sample lacks the variant: SoftHSM2 answers
/// CKR_ARGUMENTS_BAD for OAEP with SHA-256.
fn refused<T>(error: Error) -> Result<T, Broken> {
    if matches!(error, Error::Pkcs11(RvError::ArgumentsBad, _)) {
        let what = "the token refuses this variant of the mechanism";
        return Err(TokenFault::new(FaultClass::Unsupported, what).into());
    }
    Err(error.into())
}
