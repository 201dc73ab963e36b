//! Looking at a module and a token for `doctor`.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::Limit;

use super::{Place, fault, live};
use crate::token::{FaultClass, TokenFault};

mod finding;
mod mechanisms;

pub use finding::{Finding, Grade};
use mechanisms::mechanisms;

/// Looks at module, slots, token and PIN in turn, up to the first that is bad. Logs in at most
/// once.
#[must_use]
pub fn inspect(place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let library = match Pkcs11::new(&place.module) {
        Ok(library) => library,
        Err(error) => {
            findings.push(no_module(&place.module, &error));
            return findings;
        }
    };
    findings.push(match library.get_library_info() {
        Ok(info) => Finding::good("module", about(&info)),
        // Some modules tell only after C_Initialize.
        Err(_) => Finding::good("module", place.module.display().to_string()),
    });
    if let Err(error) = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        let detail = fault::fault(&error).detail;
        findings.push(Finding::bad(
            "initialise",
            format!("the module is there and refuses to start ({detail})"),
            "check the module's own configuration and that this user may read its store. SoftHSM2: the \
             file that SOFTHSM2_CONF names; kryoptic: KRYOPTIC_CONF; opencryptoki: `pkcsslotd` must run, \
             and this user be in the group pkcs11",
        ));
        return findings;
    }
    token(&library, place, &mut findings);
    live::Live::finalize(&library);
    findings
}

fn no_module(path: &Path, error: &Error) -> Finding {
    let shown = path.display();
    if !path.exists() {
        return Finding::bad(
            "module",
            format!("{shown} cannot be loaded: there is no such file, or this user may not see it"),
            "install the token's PKCS#11 module and set `module` to its full path \
             (`find / -name '*pkcs11*.so' -o -name '*hsm*.so'` finds those that are there)",
        );
    }
    Finding::bad(
        "module",
        format!("{shown} cannot be loaded: {error}"),
        "set `module` to a PKCS#11 module for this machine; `ldd` on it shows libraries it misses",
    )
}

fn about(info: &cryptoki::context::Info) -> String {
    format!(
        "{} {}",
        info.manufacturer_id().trim(),
        info.library_description().trim()
    )
}

fn token(library: &Pkcs11, place: &Place, findings: &mut Vec<Finding>) {
    let slot = match live::find_slot(library, &place.select) {
        Ok(slot) => slot,
        Err(fault) => {
            findings.push(Finding::bad(
                "slot",
                format!("{fault}; the module shows {}", seen(library)),
                format!(
                    "correct `select`, or make the token: hsm-bridge init-token --module {} --label .. \
                     --so-pin-file .. --pin-file ..",
                    place.module.display()
                ),
            ));
            return;
        }
    };
    match library.get_token_info(slot) {
        Ok(info) => {
            let sessions = match info.max_session_count() {
                Limit::Max(most) => format!("{most} sessions"),
                _ => "any number of sessions".to_owned(),
            };
            findings.push(Finding::good(
                "slot",
                format!(
                    "slot {}, token {:?}, serial {}, grants {sessions}",
                    slot.id(),
                    info.label(),
                    info.serial_number().trim(),
                ),
            ));
            if info.user_pin_count_low() {
                findings.push(Finding::warn(
                    "PIN",
                    "the token counts wrong PINs and has seen some",
                    "log in once with the right PIN to clear the counter",
                ));
            }
        }
        Err(error) => findings.push(Finding::warn(
            "slot",
            format!(
                "slot {}: token information cannot be read: {error}",
                slot.id()
            ),
            "harmless when everything below is good",
        )),
    }
    mechanisms(library, slot, findings);
    let session = match live::open_session(library, slot, place.read_write) {
        Ok(session) => session,
        Err(error) => {
            let detail = fault::fault(&error).detail;
            findings.push(match error {
                Error::Pkcs11(RvError::SessionCount, _) => Finding::bad(
                    "session",
                    format!("the token's table of sessions is full ({detail})"),
                    "close other users of the token (a second bridge, tools that were left open), or \
                     raise its limit of sessions",
                ),
                _ => Finding::bad("session", detail, "see the message of the token"),
            });
            return;
        }
    };
    match live::login(library, slot, &session, &place.pin) {
        Ok(()) => findings.push(Finding::good("PIN", "accepted")),
        Err(fault) => findings.push(Finding::bad(
            "PIN",
            pin_words(&fault),
            pin_fix(&fault, place),
        )),
    }
}

/// The return value stays in the words: it is what one searches for.
fn pin_words(fault: &TokenFault) -> String {
    let detail = &fault.detail;
    let plain = [
        ("PinIncorrect", "the token says that the PIN is wrong"),
        (
            "PinLocked",
            "the token has locked the PIN after too many wrong tries",
        ),
        (
            "PinExpired",
            "the token says that the PIN has to be changed",
        ),
        ("UserPinNotInitialized", "the token has no user PIN yet"),
    ];
    let known = plain.iter().find(|(value, _)| detail.contains(value));
    known.map_or_else(
        || detail.clone(),
        |(_, words)| format!("{words} ({detail})"),
    )
}

fn pin_fix(fault: &TokenFault, place: &Place) -> String {
    let detail = &fault.detail;
    if fault.class != FaultClass::Pin {
        return "see the message of the token".to_owned();
    }
    if detail.contains("cannot be read") {
        return format!(
            "give this user {}; it was not tried. A credential is there only under systemd: `systemd-run \
             --pty -p User=sealgate -p LoadCredentialEncrypted=.. hsm-bridge doctor ..`",
            place.pin
        );
    }
    if detail.contains("PinLocked") || detail.contains("is locked") {
        return "unlock it with the security officer's PIN and the token's own tool (pkcs11-tool --init-pin \
                --login --login-type so)"
            .to_owned();
    }
    if detail.contains("UserPinNotInitialized") {
        return "set one with the security officer's PIN (pkcs11-tool --init-pin --login --login-type so)"
            .to_owned();
    }
    format!(
        "correct the PIN at its source, {}; it was tried once and will not be tried again, since tokens \
         lock after a few wrong tries",
        place.pin
    )
}

fn seen(library: &Pkcs11) -> String {
    let labels: Vec<String> = library
        .get_slots_with_token()
        .unwrap_or_default()
        .into_iter()
        .map(|slot| match library.get_token_info(slot) {
            Ok(token) if token.token_initialized() => format!("{:?}", token.label()),
            Ok(_) => format!("slot {} (not initialised)", slot.id()),
            Err(_) => format!("slot {} (not readable)", slot.id()),
        })
        .collect();
    if labels.is_empty() {
        "no tokens".to_owned()
    } else {
        labels.join(", ")
    }
}
