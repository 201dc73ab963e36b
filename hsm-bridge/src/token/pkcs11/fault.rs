//! What a return value means.

use cryptoki::error::{Error, RvError};

use crate::token::{FaultClass, TokenFault};

/// Sorts an error into its class; the words for the log keep function and value.
pub(super) fn fault(error: &Error) -> TokenFault {
    let class = match error {
        Error::Pkcs11(value, _) => class(*value),
        Error::LibraryLoading(_) | Error::MissingSymbol(_) => FaultClass::Gone,
        Error::NotSupported | Error::NullFunctionPointer => FaultClass::Unsupported,
        _ => FaultClass::Unclear,
    };
    let detail = match error {
        Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        other => other.to_string(),
    };
    TokenFault { class, detail }
}

/// Whether the login is what is missing.
pub(super) fn is_logged_out(error: &Error) -> bool {
    matches!(error, Error::Pkcs11(RvError::UserNotLoggedIn, _))
}

fn class(value: RvError) -> FaultClass {
    match value {
        RvError::DataInvalid
        | RvError::DataLenRange
        | RvError::EncryptedDataInvalid
        | RvError::EncryptedDataLenRange
        | RvError::WrappedKeyInvalid
        | RvError::WrappedKeyLenRange => FaultClass::Input,
        RvError::SessionHandleInvalid
        | RvError::SessionClosed
        | RvError::OperationActive
        | RvError::OperationNotInitialized
        | RvError::ObjectHandleInvalid
        | RvError::KeyHandleInvalid
        | RvError::UserNotLoggedIn => FaultClass::Session,
        RvError::TokenNotPresent
        | RvError::TokenNotRecognized
        | RvError::DeviceRemoved
        | RvError::CryptokiNotInitialized
        | RvError::SlotIdInvalid => FaultClass::Gone,
        RvError::PinIncorrect
        | RvError::PinInvalid
        | RvError::PinLenRange
        | RvError::PinLocked
        | RvError::PinExpired
        | RvError::UserPinNotInitialized => FaultClass::Pin,
        RvError::MechanismInvalid
        | RvError::MechanismParamInvalid
        | RvError::FunctionNotSupported
        | RvError::KeyFunctionNotPermitted
        | RvError::KeyTypeInconsistent
        | RvError::KeySizeRange
        | RvError::CurveNotSupported => FaultClass::Unsupported,
        // GENERAL_ERROR, DEVICE_ERROR and FUNCTION_FAILED are what a corrupt ciphertext gives on
        // one token or another; they also are what a dying token gives.
        _ => FaultClass::Unclear,
    }
}
