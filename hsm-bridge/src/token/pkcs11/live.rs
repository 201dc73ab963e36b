//! One life of a module, from C_Initialize to C_Finalize: its sessions and what was found in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::{Broken, Place, Select, fault, keys, lock};
use crate::secret::SecretSource;
use crate::token::{FaultClass, KeyFacts, TokenFault};

/// A key that was found: good for this life of the module only, since modules reuse handles.
pub(super) struct Found {
    pub(super) handle: ObjectHandle,
    /// The public half, where the token keeps one.
    pub(super) public: Option<ObjectHandle>,
    pub(super) facts: KeyFacts,
}

pub(super) struct Live {
    // Declared before the rest, dropped first. The anchor holds the login: when the last session
    // closes, a token logs out, and SoftHSM2 forgets its handles.
    lanes: Vec<Mutex<Option<Session>>>,
    // None when the token grants a single session: that one then is the only lane.
    anchor: Option<Mutex<Session>>,
    found: Mutex<HashMap<String, Arc<Found>>>,
    mechanisms: Vec<MechanismType>,
    library: Pkcs11,
    slot: Slot,
    read_write: bool,
}

impl Live {
    /// Initialises the module, finds the token, logs in exactly once, and opens as many lanes as
    /// the token grants.
    pub(super) fn open(library: &Pkcs11, place: &Place) -> Result<Self, TokenFault> {
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .map_err(|error| fault::fault(&error))?;
        let opened = Self::open_initialized(library, place);
        if opened.is_err() {
            Self::finalize(library);
        }
        opened
    }

    fn open_initialized(library: &Pkcs11, place: &Place) -> Result<Self, TokenFault> {
        let slot = find_slot(library, &place.select)?;
        let mechanisms = library
            .get_mechanism_list(slot)
            .map_err(|error| fault::fault(&error))?;
        let open = || open_session(library, slot, place.read_write);
        let anchor = open().map_err(|error| fault::fault(&error))?;
        login(library, slot, &anchor, &place.pin)?;
        let mut lanes = Vec::with_capacity(place.lanes);
        while lanes.len() < place.lanes {
            match open() {
                Ok(session) => lanes.push(Mutex::new(Some(session))),
                Err(Error::Pkcs11(RvError::SessionCount, _)) => break,
                Err(error) => return Err(fault::fault(&error)),
            }
        }
        let anchor = if lanes.is_empty() {
            lanes.push(Mutex::new(Some(anchor)));
            None
        } else {
            Some(Mutex::new(anchor))
        };
        Ok(Self {
            lanes,
            anchor,
            found: Mutex::new(HashMap::new()),
            mechanisms,
            library: library.clone(),
            slot,
            read_write: place.read_write,
        })
    }

    /// C_Finalize. The module may not have been initialised, or may be past helping: either way
    /// the next C_Initialize tells.
    pub(super) fn finalize(library: &Pkcs11) {
        if let Err(error) = library.clone().finalize()
            && !matches!(error, Error::Pkcs11(RvError::CryptokiNotInitialized, _))
        {
            tracing::warn!(event = "finalize-failed", detail = %fault::fault(&error));
        }
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    /// The session of a lane; empty when it was lost.
    pub(super) fn lane(&self, lane: usize) -> Result<MutexGuard<'_, Option<Session>>, TokenFault> {
        let slot = self.lanes.get(lane).ok_or_else(|| {
            TokenFault::new(
                FaultClass::Gone,
                "the token granted fewer sessions than lanes",
            )
        })?;
        Ok(lock(slot))
    }

    pub(super) fn open_session(&self) -> Result<Session, Broken> {
        Ok(open_session(&self.library, self.slot, self.read_write)?)
    }

    /// A session beside the lanes, which may make and destroy keys.
    pub(super) fn open_writing_session(&self) -> Result<Session, Error> {
        open_session(&self.library, self.slot, true)
    }

    /// A session for a lane that lost its own. After the token logged us out, and where no anchor
    /// holds the login, with one more login, by one thread at a time.
    pub(super) fn mend(&self, logged_out: bool, pin: &SecretSource) -> Result<Session, TokenFault> {
        let open = || {
            open_session(&self.library, self.slot, self.read_write)
                .map_err(|error| fault::fault(&error))
        };
        match &self.anchor {
            Some(anchor) => {
                if logged_out {
                    login(&self.library, self.slot, &lock(anchor), pin)?;
                }
                open()
            }
            None => {
                let session = open()?;
                login(&self.library, self.slot, &session, pin)?;
                Ok(session)
            }
        }
    }

    pub(super) fn can(&self, mechanism: MechanismType) -> bool {
        self.mechanisms.contains(&mechanism)
    }

    /// The key of a label, from the cache or by a search: a search costs milliseconds in a token
    /// with many keys.
    pub(super) fn find(&self, session: &Session, label: &str) -> Result<Arc<Found>, Broken> {
        if let Some(found) = lock(&self.found).get(label) {
            return Ok(Arc::clone(found));
        }
        let found = Arc::new(keys::find(session, label)?);
        lock(&self.found).insert(label.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    pub(super) fn forget(&self) {
        lock(&self.found).clear();
    }

    pub(super) fn forget_key(&self, label: &str) {
        lock(&self.found).remove(label);
    }
}

/// The slot that holds the token. A slot that cannot be read does not hide the others: cryptoki
/// fails on the clock field of some tokens.
pub(super) fn find_slot(library: &Pkcs11, select: &Select) -> Result<Slot, TokenFault> {
    let slots = library
        .get_slots_with_token()
        .map_err(|error| fault::fault(&error))?;
    let mut matching = slots.into_iter().filter(|slot| match select {
        Select::Slot(id) => slot.id() == *id,
        Select::Label(label) => library
            .get_token_info(*slot)
            .is_ok_and(|token| token.label() == label),
        Select::Serial(serial) => library
            .get_token_info(*slot)
            .is_ok_and(|token| token.serial_number() == serial),
    });
    let wanted = match select {
        Select::Label(label) => format!("the label {label:?}"),
        Select::Serial(serial) => format!("the serial number {serial:?}"),
        Select::Slot(id) => format!("the slot id {id}"),
    };
    let first = matching
        .next()
        .ok_or_else(|| TokenFault::new(FaultClass::Gone, format!("no token has {wanted}")))?;
    if matching.next().is_some() {
        let what = format!("several tokens have {wanted}: select by serial");
        return Err(TokenFault::new(FaultClass::Gone, what));
    }
    Ok(first)
}

pub(super) fn open_session(
    library: &Pkcs11,
    slot: Slot,
    read_write: bool,
) -> Result<Session, Error> {
    if read_write {
        library.open_rw_session(slot)
    } else {
        library.open_ro_session(slot)
    }
}

/// One C_Login, never a second: wrong tries lock tokens.
pub(super) fn login(
    library: &Pkcs11,
    slot: Slot,
    session: &Session,
    pin: &SecretSource,
) -> Result<(), TokenFault> {
    if let Ok(token) = library.get_token_info(slot) {
        if token.user_pin_locked() {
            return Err(TokenFault::new(
                FaultClass::Pin,
                "the token says its PIN is locked",
            ));
        }
        if token.user_pin_final_try() {
            let what = "the token says one wrong PIN will lock it: log in once by hand first";
            return Err(TokenFault::new(FaultClass::Pin, what));
        }
    }
    let pin = pin.read().map_err(|error| {
        TokenFault::new(FaultClass::Pin, format!("the PIN cannot be read: {error}"))
    })?;
    match session.login(UserType::User, Some(&AuthPin::from(pin.as_str()))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(fault::fault(&error)),
    }
}
