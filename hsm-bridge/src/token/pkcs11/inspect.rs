//! Looking at a module and a token for `doctor` and `list`, and initialising a token.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Limit, Slot};
use cryptoki::types::AuthPin;

use super::{Broken, Place, fault, live};
use crate::secret::SecretSource;
use crate::token::{FaultClass, TokenFault};

/// How a finding is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Works, but look at it.
    Warn,
    /// Will not work.
    Bad,
}

/// One line of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is to be taken.
    pub grade: Grade,
    /// What was looked at.
    pub what: String,
    /// What was found, in plain words.
    pub found: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn good(what: &str, found: impl Into<String>) -> Self {
        Self {
            grade: Grade::Good,
            what: what.into(),
            found: found.into(),
            fix: None,
        }
    }

    /// Works, with advice.
    #[must_use]
    pub fn warn(what: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Warn,
            what: what.into(),
            found: found.into(),
            fix: Some(fix.into()),
        }
    }

    /// Does not work, with advice.
    #[must_use]
    pub fn bad(what: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Bad,
            what: what.into(),
            found: found.into(),
            fix: Some(fix.into()),
        }
    }
}

/// A private or secret key in the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenKey {
    /// Its label, as text.
    pub label: String,
    /// Its kind, for people: `ec`, `rsa`, `ml-kem`, `ml-dsa`, `aes`, `secret`, `other`.
    pub kind: &'static str,
    /// Whether the token will never hand it out.
    pub guarded: bool,
}

/// What a token says of where a key comes from; `None` where it does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Made in the token (CKA_LOCAL).
    pub local: Option<bool>,
    /// Never was readable (CKA_ALWAYS_SENSITIVE).
    pub always_sensitive: Option<bool>,
    /// Never could be taken out (CKA_NEVER_EXTRACTABLE).
    pub never_extractable: Option<bool>,
}

/// Looks at module, slots, token and PIN in turn, up to the first that is bad. Logs in at most
/// once.
#[must_use]
pub fn inspect(place: &Place) -> Vec<Finding> {
    let mut findings = Vec::new();
    let library = match Pkcs11::new(&place.module) {
        Ok(library) => library,
        Err(error) => {
            findings.push(Finding::bad(
                "module",
                format!("{} cannot be loaded: {error}", place.module.display()),
                "install the token's PKCS#11 module and set `module` to its full path",
            ));
            return findings;
        }
    };
    findings.push(match library.get_library_info() {
        Ok(info) => Finding::good("module", about(&info)),
        // Some modules tell only after C_Initialize.
        Err(_) => Finding::good("module", place.module.display().to_string()),
    });
    if let Err(error) = library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        findings.push(Finding::bad(
            "initialise",
            fault::fault(&error).detail,
            "check the module's own configuration (for SoftHSM2 the file in SOFTHSM2_CONF, for \
             kryoptic KRYOPTIC_CONF) and that this user may read its store",
        ));
        return findings;
    }
    token(&library, place, &mut findings);
    live::Live::finalize(&library);
    findings
}

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
                "correct `select`, or initialise the token (`hsm-bridge init-token --help`)",
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
            findings.push(Finding::bad(
                "session",
                fault::fault(&error).detail,
                "close other users of the token, or raise its limit of sessions",
            ));
            return;
        }
    };
    match live::login(library, slot, &session, &place.pin) {
        Ok(()) => findings.push(Finding::good("PIN", "accepted")),
        Err(fault) => findings.push(Finding::bad("PIN", pin_words(&fault), pin_fix(fault.class))),
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

fn pin_fix(class: FaultClass) -> &'static str {
    match class {
        FaultClass::Pin => {
            "correct the PIN at its source (`pin` of the token); it was tried once and will not \
             be tried again, since tokens lock after a few wrong tries. A locked PIN is unlocked with \
             the security officer's"
        }
        _ => "see the message of the token",
    }
}

fn mechanisms(library: &Pkcs11, slot: Slot, findings: &mut Vec<Finding>) {
    let has = match library.get_mechanism_list(slot) {
        Ok(has) => has,
        Err(error) => {
            findings.push(Finding::bad(
                "mechanisms",
                fault::fault(&error).detail,
                "the token does not list what it can do: ask its vendor",
            ));
            return;
        }
    };
    for (mechanism, words, fix) in USED {
        findings.push(if has.contains(&mechanism) {
            Finding::good("mechanism", words)
        } else {
            let lacks = format!("the token has no {words}");
            Finding::warn("mechanism", lacks, format!("if you need it: {fix}"))
        });
    }
}

/// What the bridge can use of a token, and what to use where the token lacks it.
const USED: [(MechanismType, &str, &str); 13] = [
    (
        MechanismType::ECDH1_DERIVE,
        "ECDH (ECDH-ES, ECDH-ES+A256KW)",
        "use an RSA key instead",
    ),
    (
        MechanismType::RSA_PKCS_OAEP,
        "RSA-OAEP",
        "use an EC key and ECDH-ES+A256KW instead",
    ),
    (
        MechanismType::AES_KEY_WRAP,
        "AES key wrap (A128KW to A256KW)",
        "use another key type",
    ),
    (
        MechanismType::AES_GCM,
        "AES-GCM (A128GCMKW to A256GCMKW)",
        "use A256KW",
    ),
    (
        MechanismType::ML_KEM,
        "ML-KEM (ML-KEM-768)",
        "use an EC key and ECDH-ES+A256KW instead",
    ),
    (
        MechanismType::SHA256_HMAC,
        "HMAC with SHA-256 (HS256)",
        "keep MAC keys elsewhere",
    ),
    (
        MechanismType::SHA384_HMAC,
        "HMAC with SHA-384 (HS384)",
        "use HS256",
    ),
    (
        MechanismType::SHA512_HMAC,
        "HMAC with SHA-512 (HS512)",
        "use HS256",
    ),
    (
        MechanismType::ECDSA,
        "ECDSA (ES256, ES384, ES512)",
        "use PS256",
    ),
    (
        MechanismType::RSA_PKCS_PSS,
        "RSA-PSS (PS256, PS384, PS512)",
        "use ES256",
    ),
    (
        MechanismType::RSA_PKCS,
        "RSA PKCS#1 v1.5 signatures (RS256, RS384, RS512)",
        "use ES256",
    ),
    (MechanismType::EDDSA, "EdDSA", "use ES256"),
    (MechanismType::ML_DSA, "ML-DSA (ML-DSA-65)", "use ES256"),
];

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

pub(super) fn origin(session: &Session, key: ObjectHandle) -> Result<Origin, Broken> {
    let wanted = [
        AttributeType::Local,
        AttributeType::AlwaysSensitive,
        AttributeType::NeverExtractable,
    ];
    let mut origin = Origin::default();
    for attribute in session.get_attributes(key, &wanted)? {
        match attribute {
            Attribute::Local(said) => origin.local = Some(said),
            Attribute::AlwaysSensitive(said) => origin.always_sensitive = Some(said),
            Attribute::NeverExtractable(said) => origin.never_extractable = Some(said),
            _ => {}
        }
    }
    Ok(origin)
}

/// Every private and secret key.
pub(super) fn keys(session: &Session) -> Result<Vec<TokenKey>, Broken> {
    let mut keys = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        let wanted = [Attribute::Class(class), Attribute::Token(true)];
        for handle in session.find_objects(&wanted)? {
            let mut key = TokenKey {
                label: String::new(),
                kind: "other",
                guarded: true,
            };
            let read = [
                AttributeType::Label,
                AttributeType::KeyType,
                AttributeType::Sensitive,
                AttributeType::Extractable,
            ];
            for attribute in session.get_attributes(handle, &read)? {
                match attribute {
                    Attribute::Label(label) => {
                        key.label = String::from_utf8_lossy(&label).into_owned();
                    }
                    Attribute::KeyType(kind) => key.kind = kind_name(kind),
                    Attribute::Sensitive(sensitive) => key.guarded &= sensitive,
                    Attribute::Extractable(extractable) => key.guarded &= !extractable,
                    _ => {}
                }
            }
            keys.push(key);
        }
    }
    Ok(keys)
}

fn kind_name(kind: KeyType) -> &'static str {
    match kind {
        KeyType::EC | KeyType::EC_EDWARDS | KeyType::EC_MONTGOMERY => "ec",
        KeyType::RSA => "rsa",
        KeyType::ML_KEM => "ml-kem",
        KeyType::ML_DSA => "ml-dsa",
        KeyType::AES => "aes",
        KeyType::GENERIC_SECRET | KeyType::SHA256_HMAC => "secret",
        _ => "other",
    }
}
