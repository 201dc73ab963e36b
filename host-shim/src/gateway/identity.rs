//! The `connection.*` and `source.*` properties of a connection, as Envoy names and writes them.

use crate::property::{Properties, PropertyValue};
use rustls::{NamedGroup, ServerConnection};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::net::SocketAddr;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// Properties that every connection has.
pub(super) fn transport(peer: SocketAddr, local: SocketAddr, id: i64) -> Properties {
    let mut properties = Properties::new();
    properties.set("source.address", peer.to_string());
    properties.set("source.port", i64::from(peer.port()));
    properties.set("destination.address", local.to_string());
    properties.set("destination.port", i64::from(local.port()));
    properties.set("connection.id", id);
    properties.set("connection.mtls", false);
    properties
}

/// Adds what TLS knows: version, server name, certificates; and, as `envoy/sealgate.yaml` does by a
/// filter of Envoy, group, cipher and the end of the client's certificate.
pub(super) fn tls(properties: &mut Properties, session: &ServerConnection, own: Option<&[u8]>) {
    // The listener offers nothing else.
    properties.set("connection.tls_version", "TLSv1.3");
    if let Some(group) = session.negotiated_key_exchange_group() {
        let name = match group.name() {
            NamedGroup::secp256r1 => "P-256".to_owned(),
            NamedGroup::secp384r1 => "P-384".to_owned(),
            other => format!("{other:?}"),
        };
        properties.set("filter_state.sealgate_tls_group", name);
    }
    if let Some(suite) = session.negotiated_cipher_suite() {
        let name = format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
        properties.set("filter_state.sealgate_tls_cipher", name);
    }
    if let Some(name) = session.server_name() {
        properties.set("connection.requested_server_name", name);
    }
    if let Some((_, certificate)) = own.and_then(|der| X509Certificate::from_der(der).ok()) {
        properties.set(
            "connection.subject_local_certificate",
            rfc2253(certificate.subject()),
        );
    }
    let Some(peer) = session.peer_certificates().and_then(<[_]>::first) else {
        return;
    };
    properties.set("connection.mtls", true);
    properties.set(
        "connection.sha256_peer_certificate_digest",
        hex(&Sha256::digest(peer)),
    );
    let Ok((_, certificate)) = X509Certificate::from_der(peer) else {
        return;
    };
    properties.set(
        "filter_state.sealgate_peer_certificate_end",
        certificate.validity().not_after.timestamp().to_string(),
    );
    properties.set(
        "connection.subject_peer_certificate",
        rfc2253(certificate.subject()),
    );
    let Ok(Some(names)) = certificate.subject_alternative_name() else {
        return;
    };
    let names = &names.value.general_names;
    let first = |wanted: fn(&GeneralName<'_>) -> Option<String>| names.iter().find_map(wanted);
    let uri = first(|name| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    });
    let dns = first(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    });
    if let Some(uri) = uri {
        properties.set(
            "connection.uri_san_peer_certificate",
            PropertyValue::from(uri),
        );
    }
    if let Some(dns) = dns {
        properties.set(
            "connection.dns_san_peer_certificate",
            PropertyValue::from(dns),
        );
    }
}

/// A name as RFC 2253 writes it, last part first, which is what Envoy shows.
fn rfc2253(name: &X509Name<'_>) -> String {
    let mut parts: Vec<String> = name
        .iter_rdn()
        .map(|rdn| {
            let attributes: Vec<String> = rdn
                .iter()
                .map(|attribute| {
                    let kind = oid2abbrev(attribute.attr_type(), oid_registry())
                        .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned);
                    format!("{kind}={}", escape(attribute.as_str().unwrap_or_default()))
                })
                .collect();
            attributes.join("+")
        })
        .collect();
    parts.reverse();
    parts.join(",")
}

fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let special = matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';')
            || (at == 0 && matches!(c, '#' | ' '))
            || (at == last && c == ' ');
        if special {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            // Writing into a String cannot fail.
            let _ = write!(out, "{byte:02x}");
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_rfc_2253_says() {
        assert_eq!(escape("a,b+c"), "a\\,b\\+c");
        assert_eq!(escape("#x "), "\\#x\\ ");
        assert_eq!(escape("plain name"), "plain name");
    }
}
