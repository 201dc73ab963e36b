//! The signature base (RFC 9421 section 2.5), from the raw request line, status and fields.

use super::{Component, derived, field};
use crate::limits::MAX_BASE_BYTES;
use crate::structured::StructuredType;
use crate::{Message, SignatureError};

/// One line per component, then the `@signature-params` line without a line feed behind it.
pub(super) fn build(
    message: &Message<'_>,
    components: &[Component],
    signature_params: &str,
    known: &[(String, StructuredType)],
) -> Result<Vec<u8>, SignatureError> {
    let mut base = Vec::with_capacity(512);
    for component in components {
        base.extend_from_slice(component.serialized().as_bytes());
        base.extend_from_slice(b": ");
        let start = base.len();
        value(message, component, known, &mut base)?;
        // A line feed inside a value would let one covered value forge the next line; bytes above
        // ASCII have no agreed meaning without the `bs` parameter (section 2.5, ABNF).
        let written = base.get(start..).unwrap_or_default();
        if !written
            .iter()
            .all(|&b| b == b'\t' || (b' '..=b'~').contains(&b))
        {
            return Err(SignatureError::IllegalValue);
        }
        base.push(b'\n');
        if base.len() > MAX_BASE_BYTES {
            return Err(SignatureError::TooLarge);
        }
    }
    base.extend_from_slice(b"\"@signature-params\": ");
    base.extend_from_slice(signature_params.as_bytes());
    Ok(base)
}

/// Appends the component's value. Derived values come from the request line or the status only,
/// never from a header field of that name.
fn value(
    message: &Message<'_>,
    component: &Component,
    known: &[(String, StructuredType)],
    out: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    let parameters = component.parameters();
    let source = match (parameters.request, message.status, message.request) {
        (false, _, _) => message,
        (true, Some(_), Some(request)) => request,
        (true, Some(_), None) => return Err(SignatureError::AbsentComponent),
        // A request answers nothing (section 2.4).
        (true, None, _) => return Err(SignatureError::UnsupportedParameter),
    };
    match component.name() {
        name if name.starts_with('@') => {
            derived::value(source, name, parameters.name.as_deref(), out)
        }
        name => field::value(source, name, parameters, known, out),
    }
}
