//! `hsm-bridge import-cert`: the certificate of a key, kept beside it in the token.

use std::path::Path;

use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;

use super::der::rsa_public_key;
use super::{Failed, named, open};
use crate::config::Config;
use crate::token::pkcs11::Certificate;
use crate::token::{KeyKind, Token as _};

/// Reads the first certificate of the file and writes it to the token under the key's label and id.
/// The certificate must hold the very public key that the token shows: who signed it is not judged.
pub(super) fn import_cert(config: &Config, kid: &str, file: &Path) -> Result<(), Failed> {
    let text =
        std::fs::read(file).map_err(|error| Failed(format!("{}: {error}", file.display())))?;
    let wrong = |what: &str| Failed(format!("{}: {what}", file.display()));
    let (_, pem) = parse_x509_pem(&text).map_err(|_| wrong("holds no PEM"))?;
    let (rest, certificate) =
        parse_x509_certificate(&pem.contents).map_err(|_| wrong("holds no X.509 certificate"))?;
    if pem.label != "CERTIFICATE" || !rest.is_empty() {
        return Err(wrong("does not begin with a certificate"));
    }
    let named = named(config, kid)?;
    let token = open(named.token, true)?;
    let facts = token.describe(0, &named.version.label)?;
    let public = public_key(&facts.kind)
        .ok_or_else(|| Failed(format!("{kid} has no public key that a certificate holds")))?;
    if certificate.public_key().subject_public_key.data.as_ref() != public {
        return Err(wrong(&format!(
            "is of another key than {kid}: the public keys differ. `hsm-bridge csr --kid {kid}` makes \
             the request that an authority needs"
        )));
    }
    let subject = certificate.subject();
    let end = certificate.validity().not_after;
    token.keep_certificate(
        &named.version.label,
        &Certificate {
            der: pem.contents.clone(),
            subject: subject.as_raw().to_vec(),
            issuer: certificate.issuer().as_raw().to_vec(),
            serial: certificate.raw_serial().to_vec(),
        },
    )?;
    println!("kept beside {kid} in the token: {subject}, valid until {end}");
    Ok(())
}

/// The bits of subjectPublicKey (RFC 5280 section 4.1.2.7).
fn public_key(kind: &KeyKind) -> Option<Vec<u8>> {
    match kind {
        KeyKind::Ec { point, .. } => point.clone(),
        KeyKind::Rsa { modulus, exponent } => Some(rsa_public_key(modulus, exponent)),
        KeyKind::MlKem768 { public } | KeyKind::MlDsa65 { public } => public.clone(),
        _ => None,
    }
}
