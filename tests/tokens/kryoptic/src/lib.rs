//! The kryoptic soft token as a loadable PKCS#11 module, for the tests of hsm-bridge.
//!
//! kryoptic is published as a library whose entry points carry no C names. This file gives the
//! three names that a PKCS#11 caller looks up; everything else is reached through the function
//! lists they return.

use kryoptic_lib::fns::general;
use kryoptic_lib::pkcs11::{
    CK_FLAGS, CK_FUNCTION_LIST_PTR_PTR, CK_INTERFACE_PTR, CK_INTERFACE_PTR_PTR, CK_RV,
    CK_ULONG_PTR, CK_UTF8CHAR_PTR, CK_VERSION_PTR,
};

// `openssl-sys` is named in Cargo.toml for its features only.
use openssl_sys as _;

/// PKCS#11 2.40 entry point.
// SAFETY: the name is the one PKCS#11 reserves for exactly this function and signature.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetFunctionList(list: CK_FUNCTION_LIST_PTR_PTR) -> CK_RV {
    general::fn_get_function_list(list)
}

/// PKCS#11 3.0 list of interfaces.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetInterfaceList(interfaces: CK_INTERFACE_PTR, count: CK_ULONG_PTR) -> CK_RV {
    general::fn_get_interface_list(interfaces, count)
}

/// PKCS#11 3.0 choice of an interface by name and version.
// SAFETY: as above.
#[unsafe(no_mangle)]
pub extern "C" fn C_GetInterface(
    name: CK_UTF8CHAR_PTR,
    version: CK_VERSION_PTR,
    interface: CK_INTERFACE_PTR_PTR,
    flags: CK_FLAGS,
) -> CK_RV {
    general::fn_get_interface(name, version, interface, flags)
}
