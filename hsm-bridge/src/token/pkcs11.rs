//! A PKCS#11 module behind the [`Token`] boundary.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::error::Error;
use cryptoki::session::Session;

use super::{FaultClass, KeyFacts, NewKey, Order, Purpose, Rehearsal, Token, TokenFault, Yield};
use crate::secret::SecretSource;

mod certificates;
mod curves;
mod fault;
mod init;
mod inspect;
mod keygen;
mod keys;
mod listing;
mod live;
mod orders;
mod rehearse;

pub use certificates::Certificate;
pub use init::init_token;
pub use inspect::{Finding, Grade, inspect};
pub use listing::{Origin, TokenKey};
use live::{Found, Live};
use zeroize::Zeroizing;

/// How to find the token among the slots of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Select {
    /// By token label.
    Label(String),
    /// By serial number.
    Serial(String),
    /// By slot id; some modules change it from start to start.
    Slot(u64),
}

/// Where a token is and how to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path of the module.
    pub module: PathBuf,
    /// Which of its tokens.
    pub select: Select,
    /// Where the PIN is; read again at every login, kept nowhere.
    pub pin: SecretSource,
    /// Wanted number of lanes.
    pub lanes: usize,
    /// Whether sessions are opened read-write (some modules ask for it; making keys needs it).
    pub read_write: bool,
}

/// A token reached through a PKCS#11 module.
pub struct Pkcs11Token {
    place: Place,
    library: Pkcs11,
    // Orders hold it shared, reopening holds it alone: when C_Finalize is called no session is in
    // use, and all have been dropped.
    live: RwLock<Option<Live>>,
}

impl Pkcs11Token {
    /// Loads the module. Nothing is initialised before [`Token::reopen`].
    ///
    /// # Errors
    /// [`FaultClass::Gone`] when the file cannot be loaded or is no PKCS#11 module.
    pub fn load(place: Place) -> Result<Self, TokenFault> {
        let library = Pkcs11::new(&place.module).map_err(|error| {
            let shown = place.module.display();
            TokenFault::new(
                FaultClass::Gone,
                format!("cannot load module {shown}: {error}"),
            )
        })?;
        Ok(Self {
            place,
            library,
            live: RwLock::new(None),
        })
    }

    /// Every private and secret key of the token.
    ///
    /// # Errors
    /// By class.
    pub fn keys(&self) -> Result<Vec<TokenKey>, TokenFault> {
        self.on_lane(0, |_, session| listing::keys(session))
    }

    /// What the token says of where a key comes from.
    ///
    /// # Errors
    /// By class.
    pub fn origin(&self, label: &str) -> Result<Origin, TokenFault> {
        self.on_lane(0, |live, session| {
            let found = live.find(session, label)?;
            listing::origin(session, found.handle)
        })
    }

    /// Writes a certificate beside the key of this label.
    ///
    /// # Errors
    /// [`FaultClass::Input`] when another one is there already; else by class.
    pub fn keep_certificate(
        &self,
        label: &str,
        certificate: &Certificate,
    ) -> Result<(), TokenFault> {
        self.writing(|live, session| {
            let found = live.find(session, label)?;
            certificates::keep(session, found.handle, label, certificate)
        })
    }

    /// Runs `work` on a session of its own that may write.
    fn writing<T>(
        &self,
        work: impl FnOnce(&Live, &Session) -> Result<T, Broken>,
    ) -> Result<T, TokenFault> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let live = live.as_ref().ok_or_else(not_open)?;
        let session = live
            .open_writing_session()
            .map_err(|error| fault::fault(&error))?;
        work(live, &session).map_err(Broken::into_fault)
    }

    /// Runs `work` on a lane's session. On a lost session or login it mends that, forgets the
    /// handles and runs `work` once more.
    fn on_lane<T>(
        &self,
        lane: usize,
        mut work: impl FnMut(&Live, &Session) -> Result<T, Broken>,
    ) -> Result<T, TokenFault> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        let live = live.as_ref().ok_or_else(not_open)?;
        let mut slot = live.lane(lane)?;
        let first = Self::attempt(live, &mut slot, &mut work);
        let broken = match first {
            Err(broken) if broken.may_retry() => broken,
            other => return other.map_err(Broken::into_fault),
        };
        // Whatever is open on that session dies with it; a cut-short operation would make every
        // later call fail.
        *slot = None;
        live.forget();
        *slot = Some(live.mend(broken.logged_out, &self.place.pin)?);
        Self::attempt(live, &mut slot, &mut work).map_err(|broken| {
            *slot = None;
            broken.into_fault()
        })
    }

    fn attempt<T>(
        live: &Live,
        slot: &mut MutexGuard<'_, Option<Session>>,
        work: &mut impl FnMut(&Live, &Session) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if slot.is_none() {
            **slot = Some(live.open_session()?);
        }
        match slot.as_ref() {
            Some(session) => work(live, session),
            None => Err(Broken::from(not_open())),
        }
    }
}

impl Token for Pkcs11Token {
    fn reopen(&self) -> Result<(), TokenFault> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        // Sessions first: closing one after the module started over could close another's, since
        // modules reuse the numbers.
        drop(live.take());
        Live::finalize(&self.library);
        *live = Some(Live::open(&self.library, &self.place)?);
        Ok(())
    }

    fn lanes(&self) -> usize {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.as_ref().map_or(0, Live::lanes)
    }

    fn describe(&self, lane: usize, label: &str) -> Result<KeyFacts, TokenFault> {
        self.on_lane(lane, |live, session| {
            live.forget_key(label);
            live.find(session, label).map(|found| found.facts.clone())
        })
    }

    fn rehearse(
        &self,
        lane: usize,
        label: &str,
        sample: &Order,
    ) -> Result<Option<Rehearsal>, TokenFault> {
        self.on_lane(lane, |live, session| {
            let found = live.find(session, label)?;
            if let Some(mechanism) = orders::needs(sample)
                && !live.can(mechanism)
            {
                let what = format!("the token does not list {mechanism}");
                return Err(TokenFault::new(FaultClass::Unsupported, what).into());
            }
            rehearse::rehearse(session, &found, sample)
        })
    }

    fn perform(&self, lane: usize, label: &str, order: &Order) -> Result<Yield, TokenFault> {
        if let Order::Random { bytes } = order {
            return self.on_lane(lane, |_, session| {
                let mut random = Zeroizing::new(vec![0; usize::from(*bytes)]);
                session.generate_random_slice(&mut random)?;
                Ok(Yield {
                    bytes: random,
                    fingerprint: String::new(),
                    spent: Duration::ZERO,
                })
            });
        }
        self.on_lane(lane, |live, session| {
            let found = live.find(session, label)?;
            let bytes = orders::perform(session, &found, order)?;
            Ok(Yield {
                bytes,
                fingerprint: found.facts.fingerprint.clone(),
                spent: Duration::ZERO,
            })
        })
    }

    fn make(&self, label: &str, new: NewKey, purpose: Purpose) -> Result<KeyFacts, TokenFault> {
        self.writing(|live, session| {
            keygen::generate(live, session, label, new, purpose)?;
            live.find(session, label).map(|found| found.facts.clone())
        })
    }

    fn destroy(&self, label: &str, fingerprint: &str) -> Result<(), TokenFault> {
        self.writing(|live, session| {
            live.forget_key(label);
            let found = live.find(session, label)?;
            live.forget_key(label);
            if found.facts.fingerprint != fingerprint {
                let what = format!("the label {label:?} names another key");
                return Err(TokenFault::new(FaultClass::NoKey, what).into());
            }
            session.destroy_object(found.handle)?;
            if let Some(public) = found.public {
                session.destroy_object(public)?;
            }
            Ok(())
        })
    }

    fn close(&self) {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = live.take() {
            drop(open);
            Live::finalize(&self.library);
        }
    }
}

impl Drop for Pkcs11Token {
    fn drop(&mut self) {
        self.close();
    }
}

/// A failed attempt, before it is decided whether to try once more.
struct Broken {
    fault: TokenFault,
    logged_out: bool,
}

impl Broken {
    fn may_retry(&self) -> bool {
        self.fault.class == FaultClass::Session
    }

    fn into_fault(self) -> TokenFault {
        self.fault
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self {
            logged_out: fault::is_logged_out(&error),
            fault: fault::fault(&error),
        }
    }
}

impl From<TokenFault> for Broken {
    fn from(fault: TokenFault) -> Self {
        Self {
            fault,
            logged_out: false,
        }
    }
}

fn not_open() -> TokenFault {
    TokenFault::new(FaultClass::Gone, "the token is not open")
}

/// Locks without regard to a panic elsewhere: what is inside is a cache or an `Option`.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
