//! Certificates beside their keys: the bridge uses none itself, other programs of the token find them by
//! label and CKA_ID.

use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::{Broken, keys};
use crate::token::{FaultClass, TokenFault};

/// An X.509 certificate and the parts of it that PKCS#11 wants to be told, all in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it.
    pub der: Vec<u8>,
    /// Its subject.
    pub subject: Vec<u8>,
    /// Its issuer.
    pub issuer: Vec<u8>,
    /// The content of its serial number.
    pub serial: Vec<u8>,
}

/// Writes a certificate beside `key`. One that is there already is never replaced.
pub(super) fn keep(
    session: &Session,
    key: ObjectHandle,
    label: &str,
    certificate: &Certificate,
) -> Result<(), Broken> {
    if let Some(there) = keys::find_all(session, ObjectClass::CERTIFICATE, label)?.first() {
        let held = session.get_attributes(*there, &[AttributeType::Value])?;
        if held.contains(&Attribute::Value(certificate.der.clone())) {
            return Ok(());
        }
        let what = format!(
            "the token already has another certificate with the label {label:?}: destroy it with the \
             token's own tool first"
        );
        return Err(TokenFault::new(FaultClass::Input, what).into());
    }
    let mut template = vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Subject(certificate.subject.clone()),
        Attribute::Issuer(certificate.issuer.clone()),
        Attribute::SerialNumber(integer(&certificate.serial)),
        Attribute::Value(certificate.der.clone()),
    ];
    // The id of the key is how the two are known to belong together.
    template.extend(session.get_attributes(key, &[AttributeType::Id])?);
    session.create_object(&template)?;
    Ok(())
}

/// CKA_SERIAL_NUMBER is the whole DER INTEGER; a serial number has at most 20 bytes (RFC 5280).
fn integer(content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[0x02, length], content].concat()
}
