//! Orders whose result is known beforehand: the self-test of a key, and the canary.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::{Broken, Found, orders};
use crate::jwa;
use crate::token::{FaultClass, KeyKind, Order, Rehearsal, TokenFault};

/// What is wrapped and encrypted in rehearsals. Not a secret.
const SAMPLE: &[u8; 32] = b"sealgate rehearsal, not a secret";

/// Makes an order of the sample's kind with a known result and carries it out once.
pub(super) fn rehearse(
    session: &Session,
    key: &Found,
    sample: &Order,
) -> Result<Option<Rehearsal>, Broken> {
    let Some(mut rehearsal) = script(session, key, sample)? else {
        return Ok(None);
    };
    let result = orders::perform(session, key, &rehearsal.order)?;
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

fn script(session: &Session, key: &Found, sample: &Order) -> Result<Option<Rehearsal>, Broken> {
    Ok(match (sample, &key.facts.kind) {
        // Agreeing with the base point gives the x coordinate of the key's own public point.
        (Order::Agree { .. }, KeyKind::Ec { curve, point }) => {
            let expected = point.as_ref().and_then(|point| curve.coordinates(point));
            Some(Rehearsal {
                order: Order::Agree {
                    curve: *curve,
                    point: jwa::base_point(*curve),
                },
                expected: expected.map(|(x, _)| Zeroizing::new(x.to_vec())),
            })
        }
        (Order::DecryptOaep { hash, .. }, KeyKind::Rsa { .. }) => {
            let Some(public) = key.public else {
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
            if !may(session, key, AttributeType::Wrap)? {
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
        (Order::UnwrapGcm { .. }, KeyKind::Aes { .. }) => {
            if !may(session, key, AttributeType::Encrypt)? {
                return Ok(None);
            }
            // A nonce of its own each time: senders use this key too.
            let mut iv = [0; 12];
            session.generate_random_slice(&mut iv)?;
            let mut nonce = iv;
            let params = GcmParams::new(&mut nonce, &[], orders::TAG_BITS.into())?;
            let mechanism = Mechanism::AesGcm(params);
            let wrapped = match session.encrypt(&mechanism, key.handle, SAMPLE) {
                Ok(wrapped) => wrapped,
                Err(error) => return refused(error),
            };
            Some(Rehearsal {
                order: Order::UnwrapGcm { iv, wrapped },
                expected: Some(Zeroizing::new(SAMPLE.to_vec())),
            })
        }
        (Order::Decapsulate { .. }, KeyKind::MlKem768 { .. }) => {
            let Some(public) = key.public else {
                return Ok(None);
            };
            let mut template = orders::readable_secret();
            template.push(Attribute::ValueLen(orders::KEM_SECRET_BYTES.into()));
            let (ciphertext, secret) =
                match session.encapsulate_key(&Mechanism::MlKem, public, &template) {
                    Ok(made) => made,
                    Err(error) => return refused(error),
                };
            Some(Rehearsal {
                order: Order::Decapsulate { ciphertext },
                expected: Some(orders::read_and_destroy(session, secret)?),
            })
        }
        (Order::Mac { hash, .. }, KeyKind::Hmac { .. }) => Some(Rehearsal {
            order: Order::Mac {
                hash: *hash,
                data: SAMPLE.to_vec(),
            },
            expected: None,
        }),
        (Order::Sign { scheme, input }, _) => Some(Rehearsal {
            order: Order::Sign {
                scheme: *scheme,
                input: SAMPLE.iter().copied().cycle().take(input.len()).collect(),
            },
            expected: None,
        }),
        _ => {
            let what = format!("the key is not of a kind that can {}", sample.name());
            return Err(TokenFault::new(FaultClass::Unsupported, what).into());
        }
    })
}

fn may(session: &Session, key: &Found, what: AttributeType) -> Result<bool, Broken> {
    let read = session.get_attributes(key.handle, &[what])?;
    Ok(matches!(
        read.as_slice(),
        [Attribute::Wrap(true) | Attribute::Encrypt(true)]
    ))
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
