//! Initialising a token, for modules without a tool of their own.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::{fault, live};
use crate::secret::SecretSource;
use crate::token::{FaultClass, TokenFault};

/// Initialises the first free token of a module (or the one with this label), and sets its PIN.
///
/// # Errors
/// When there is no free slot, or the module refuses.
pub fn init_token(
    module: &Path,
    label: &str,
    so_pin: &SecretSource,
    pin: &SecretSource,
) -> Result<u64, TokenFault> {
    let read = |what: &str, source: &SecretSource| {
        source.read().map_err(|error| {
            TokenFault::new(
                FaultClass::Pin,
                format!("the {what} cannot be read: {error}"),
            )
        })
    };
    let so_pin = AuthPin::from(read("SO PIN", so_pin)?.as_str());
    let pin = AuthPin::from(read("PIN", pin)?.as_str());
    let to_fault = |error| fault::fault(&error);
    let library = Pkcs11::new(module).map_err(to_fault)?;
    library
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(to_fault)?;
    let made = (|| {
        let slots = library.get_slots_with_token().map_err(to_fault)?;
        let labelled = |slot: &Slot| {
            library.get_token_info(*slot).is_ok_and(|token| {
                token.token_initialized() && token.user_pin_initialized() && token.label() == label
            })
        };
        if slots.iter().any(labelled) {
            let what = format!("a token with the label {label:?} is there already");
            return Err(TokenFault::new(FaultClass::Unclear, what));
        }
        let free = slots.into_iter().find(|slot| {
            library
                .get_token_info(*slot)
                .is_ok_and(|token| !token.token_initialized())
        });
        let slot =
            free.ok_or_else(|| TokenFault::new(FaultClass::Gone, "no slot has a free token"))?;
        library.init_token(slot, &so_pin, label).map_err(to_fault)?;
        let session = library.open_rw_session(slot).map_err(to_fault)?;
        session
            .login(UserType::So, Some(&so_pin))
            .map_err(to_fault)?;
        session.init_pin(&pin).map_err(to_fault)?;
        session.logout().map_err(to_fault)?;
        Ok(slot.id())
    })();
    live::Live::finalize(&library);
    made
}
