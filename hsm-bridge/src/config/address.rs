//! Where a data socket is: a path, or a TCP address behind mutual TLS.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::read::{Faults, Section};

/// Where callers connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(UnixAddress),
    /// TCP with TLS 1.3, for callers that cannot open a Unix socket. Never without a certificate of
    /// the caller's.
    Tls(TlsAddress),
}

/// A Unix socket and who may open it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixAddress {
    /// Its path.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Group that owns it, when not the process's own.
    pub gid: Option<u32>,
    /// User ids that may connect; empty for the process's own only.
    pub uids: Vec<u32>,
}

/// A TCP address, the certificates of both sides, and who may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsAddress {
    /// Where to listen.
    pub address: SocketAddr,
    /// PEM file of the bridge's certificate, leaf first.
    pub certificate: PathBuf,
    /// PEM file of its private key.
    pub key: PathBuf,
    /// PEM file of the authorities whose clients may connect.
    pub client_ca: PathBuf,
    /// Names of those clients: a DNS name or URI among the alternative names of the certificate.
    pub clients: BTreeSet<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(unix) => unix.path.display().fmt(to),
            Self::Tls(tls) => write!(to, "tls://{}", tls.address),
        }
    }
}

/// Reads `path` with its rights, or `tls`.
pub(super) fn read_address(section: &mut Section, faults: &mut Faults) -> Option<Address> {
    if let Some(tls) = section.section("tls", faults) {
        for other in ["path", "mode", "gid", "uids"] {
            if section.has(other) {
                faults.add(section.at(other), "does not go together with `tls`");
            }
        }
        return read_tls(tls, faults).map(Address::Tls);
    }
    let path = section.required("path", faults);
    let mode = section
        .text("mode", faults)
        .unwrap_or_else(|| "0600".to_owned());
    let bits = u32::from_str_radix(&mode, 8)
        .ok()
        .filter(|bits| bits & !0o660 == 0);
    if bits.is_none() {
        faults.add(
            section.at("mode"),
            "must be octal text within 0660: others never connect",
        );
    }
    let gid = section.number("gid", u64::MAX, (0, u64::from(u32::MAX)), faults);
    let uids = section.numbers("uids", faults).unwrap_or_default();
    Some(Address::Unix(UnixAddress {
        path: PathBuf::from(path?),
        mode: bits?,
        gid: u32::try_from(gid).ok(),
        uids,
    }))
}

fn read_tls(mut section: Section, faults: &mut Faults) -> Option<TlsAddress> {
    let address = section.required("address", faults).and_then(|text| {
        let address = text.parse().ok();
        if address.is_none() {
            faults.add(
                section.at("address"),
                "must be an address and a port: 127.0.0.1:8443 or [::1]:8443",
            );
        }
        address
    });
    let certificate = section.required("certificate", faults);
    let key = section.required("key", faults);
    let client_ca = section.required("client_ca", faults);
    let clients: BTreeSet<String> = section
        .texts("clients", faults)
        .unwrap_or_default()
        .into_iter()
        .collect();
    if clients.is_empty() {
        faults.add(
            section.at("clients"),
            "must name at least one client: a DNS name or URI of its certificate",
        );
    }
    section.end("address, certificate, key, client_ca, clients", faults);
    Some(TlsAddress {
        address: address?,
        certificate: PathBuf::from(certificate?),
        key: PathBuf::from(key?),
        client_ca: PathBuf::from(client_ca?),
        clients,
    })
}
