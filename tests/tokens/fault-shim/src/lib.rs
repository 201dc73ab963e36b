//! A PKCS#11 module that stands before another one and fails on demand: a session cap, delays,
//! hangs, errors every so many calls, refused logins. For the tests of hsm-bridge only.
//!
//! `FAULT_SHIM_MODULE` names the module behind, `FAULT_SHIM_CONTROL` a file that says what to do,
//! read again at each call; see [`Control`]. Each C_Initialize and C_Login is noted, one word a
//! line, in a file beside it with the suffix `.calls`.

// A module is called from C and calls C: every function below is that edge.
#![allow(unsafe_code, reason = "the C interface of PKCS#11")]

use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use cryptoki_sys::{
    CK_ATTRIBUTE_PTR, CK_BYTE_PTR, CK_FLAGS, CK_FUNCTION_LIST, CK_FUNCTION_LIST_PTR_PTR,
    CK_MECHANISM_PTR, CK_NOTIFY, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE_PTR, CK_RV, CK_SESSION_HANDLE,
    CK_SESSION_HANDLE_PTR, CK_SLOT_ID, CK_ULONG, CK_ULONG_PTR, CK_USER_TYPE, CK_UTF8CHAR_PTR,
    CK_VOID_PTR, CKR_FUNCTION_FAILED, CKR_OK, CKR_SESSION_COUNT, Pkcs11,
};

/// What the control file says, `name=value` a line. Numbers are decimal, or `0x` and hexadecimal.
#[derive(Clone, Copy, Default)]
struct Control {
    /// `sessions`: open sessions granted.
    sessions: Option<u64>,
    /// `delay_us`: how long C_Decrypt, C_UnwrapKey and C_DeriveKey take longer.
    delay_us: u64,
    /// `every` and `rv`: each such call of those three answers this.
    every: u64,
    rv: u64,
    /// `hang`: those three do not return while it is 1.
    hang: bool,
    /// `login`: what C_Login answers without asking.
    login: Option<u64>,
    /// `abort`: the next of those three ends the process.
    abort: bool,
}

struct Behind {
    list: CK_FUNCTION_LIST,
    // Keeps the module loaded.
    _module: Pkcs11,
}

// SAFETY: function pointers of a module that was told to lock for itself (CKF_OS_LOCKING_OK).
unsafe impl Send for Behind {}
// SAFETY: as above.
unsafe impl Sync for Behind {}

static BEHIND: OnceLock<Option<Behind>> = OnceLock::new();
static FRONT: OnceLock<Front> = OnceLock::new();
static OPEN: AtomicI64 = AtomicI64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

struct Front(CK_FUNCTION_LIST);
// SAFETY: as for `Behind`; nobody writes to it after it was made.
unsafe impl Send for Front {}
// SAFETY: as above.
unsafe impl Sync for Front {}

/// The entry point of PKCS#11.
///
/// # Safety
/// As PKCS#11 says: `list` is a place for one pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    let Some(behind) = behind() else {
        return CKR_FUNCTION_FAILED;
    };
    let front = FRONT.get_or_init(|| {
        let mut front = behind.list;
        front.C_GetFunctionList = Some(C_GetFunctionList);
        front.C_Initialize = Some(initialize);
        front.C_Finalize = Some(finalize);
        front.C_OpenSession = Some(open_session);
        front.C_CloseSession = Some(close_session);
        front.C_Login = Some(login);
        front.C_Decrypt = Some(decrypt);
        front.C_UnwrapKey = Some(unwrap_key);
        front.C_DeriveKey = Some(derive_key);
        Front(front)
    });
    // SAFETY: the caller gave a place for one pointer; nobody writes through it.
    unsafe { *list = std::ptr::from_ref(&front.0).cast_mut() };
    CKR_OK
}

fn behind() -> Option<&'static Behind> {
    let load = || {
        let path = std::env::var_os("FAULT_SHIM_MODULE")?;
        // SAFETY: loading a PKCS#11 module runs its constructors, as any user of it does.
        let module = unsafe { Pkcs11::new(path) }.ok()?;
        let mut list = std::ptr::null_mut();
        // SAFETY: a place for one pointer, and the module's own entry point.
        if unsafe { module.C_GetFunctionList(&raw mut list) } != CKR_OK || list.is_null() {
            return None;
        }
        // SAFETY: the module says that its list is there.
        let list = unsafe { *list };
        Some(Behind {
            list,
            _module: module,
        })
    };
    BEHIND.get_or_init(load).as_ref()
}

/// Calls the function of the module behind.
macro_rules! pass {
    ($function:ident ( $($argument:expr),* )) => {
        match behind().and_then(|behind| behind.list.$function) {
            // SAFETY: the arguments are those our caller gave for the same function.
            Some(function) => unsafe { function($($argument),*) },
            None => CKR_FUNCTION_FAILED,
        }
    };
}

unsafe extern "C" fn initialize(arguments: CK_VOID_PTR) -> CK_RV {
    note("initialize");
    OPEN.store(0, Ordering::SeqCst);
    pass!(C_Initialize(arguments))
}

unsafe extern "C" fn finalize(reserved: CK_VOID_PTR) -> CK_RV {
    OPEN.store(0, Ordering::SeqCst);
    pass!(C_Finalize(reserved))
}

unsafe extern "C" fn open_session(
    slot: CK_SLOT_ID,
    flags: CK_FLAGS,
    application: CK_VOID_PTR,
    notify: CK_NOTIFY,
    session: CK_SESSION_HANDLE_PTR,
) -> CK_RV {
    let open = OPEN.fetch_add(1, Ordering::SeqCst);
    let full = control()
        .sessions
        .is_some_and(|cap| u64::try_from(open).unwrap_or(0) >= cap);
    let answer = if full {
        CKR_SESSION_COUNT
    } else {
        pass!(C_OpenSession(slot, flags, application, notify, session))
    };
    if answer != CKR_OK {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
    answer
}

unsafe extern "C" fn close_session(session: CK_SESSION_HANDLE) -> CK_RV {
    let answer = pass!(C_CloseSession(session));
    if answer == CKR_OK {
        OPEN.fetch_sub(1, Ordering::SeqCst);
    }
    answer
}

unsafe extern "C" fn login(
    session: CK_SESSION_HANDLE,
    user: CK_USER_TYPE,
    pin: CK_UTF8CHAR_PTR,
    length: CK_ULONG,
) -> CK_RV {
    note("login");
    match control().login {
        Some(answer) => answer,
        None => pass!(C_Login(session, user, pin, length)),
    }
}

unsafe extern "C" fn decrypt(
    session: CK_SESSION_HANDLE,
    encrypted: CK_BYTE_PTR,
    encrypted_length: CK_ULONG,
    data: CK_BYTE_PTR,
    data_length: CK_ULONG_PTR,
) -> CK_RV {
    // A question for the length is no operation, and is never delayed.
    let asked = data.is_null();
    let fault = if asked { None } else { fault() };
    let answer = pass!(C_Decrypt(
        session,
        encrypted,
        encrypted_length,
        data,
        data_length
    ));
    // The module behind has ended its operation, as a module that fails does.
    fault.unwrap_or(answer)
}

unsafe extern "C" fn unwrap_key(
    session: CK_SESSION_HANDLE,
    mechanism: CK_MECHANISM_PTR,
    unwrapping: CK_OBJECT_HANDLE,
    wrapped: CK_BYTE_PTR,
    wrapped_length: CK_ULONG,
    template: CK_ATTRIBUTE_PTR,
    attributes: CK_ULONG,
    key: CK_OBJECT_HANDLE_PTR,
) -> CK_RV {
    fault().unwrap_or_else(|| {
        pass!(C_UnwrapKey(
            session,
            mechanism,
            unwrapping,
            wrapped,
            wrapped_length,
            template,
            attributes,
            key
        ))
    })
}

unsafe extern "C" fn derive_key(
    session: CK_SESSION_HANDLE,
    mechanism: CK_MECHANISM_PTR,
    base: CK_OBJECT_HANDLE,
    template: CK_ATTRIBUTE_PTR,
    attributes: CK_ULONG,
    key: CK_OBJECT_HANDLE_PTR,
) -> CK_RV {
    fault().unwrap_or_else(|| {
        pass!(C_DeriveKey(
            session, mechanism, base, template, attributes, key
        ))
    })
}

/// Does what the control file wants of an operation; the error it wants, if it is its turn.
fn fault() -> Option<CK_RV> {
    let now = control();
    if now.abort {
        std::process::abort();
    }
    while control().hang {
        std::thread::sleep(Duration::from_millis(5));
    }
    if now.delay_us > 0 {
        std::thread::sleep(Duration::from_micros(now.delay_us));
    }
    let number = CALLS.fetch_add(1, Ordering::SeqCst).wrapping_add(1);
    (now.every > 0 && number.is_multiple_of(now.every)).then_some(now.rv)
}

fn control() -> Control {
    let mut control = Control::default();
    let Some(path) = std::env::var_os("FAULT_SHIM_CONTROL") else {
        return control;
    };
    for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let number = match value.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => value.parse(),
        };
        let Ok(number) = number else { continue };
        match name {
            "sessions" => control.sessions = Some(number),
            "delay_us" => control.delay_us = number,
            "every" => control.every = number,
            "rv" => control.rv = number,
            "hang" => control.hang = number == 1,
            "login" => control.login = Some(number),
            "abort" => control.abort = number == 1,
            _ => {}
        }
    }
    control
}

fn note(what: &str) {
    let Some(mut path) = std::env::var_os("FAULT_SHIM_CONTROL") else {
        return;
    };
    path.push(".calls");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path);
    if let Ok(mut file) = file {
        let _ = writeln!(file, "{what}");
    }
}
