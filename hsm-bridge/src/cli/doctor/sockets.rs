//! Data sockets: who may connect.

use super::files::{file_mode, folder};
use crate::config::{Address, SocketConfig, TlsAddress, UnixAddress};
use crate::front::Gatekeeper;
use crate::token::pkcs11::Finding;

/// What there is to say of a data socket before it is opened.
pub(super) fn look(socket: &SocketConfig) -> Vec<Finding> {
    match &socket.at {
        Address::Unix(unix) => folder("socket", &unix.path)
            .into_iter()
            .chain(rights(unix))
            .collect(),
        Address::Tls(tls) => guarded(tls),
    }
}

fn guarded(tls: &TlsAddress) -> Vec<Finding> {
    let what = format!("socket tls://{}", tls.address);
    let mut findings: Vec<Finding> = file_mode("TLS key", &tls.key).into_iter().collect();
    findings.push(match Gatekeeper::new(tls) {
        Ok(_) => Finding::good(
            &what,
            format!(
                "TLS 1.3; only clients of {} named {} get in",
                tls.client_ca.display(),
                tls.clients.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        ),
        Err(error) => Finding::bad(
            &what,
            error.to_string(),
            "`certificate`, `key` and `client_ca` of `tls` are PEM files: the chain with the leaf first, \
             its private key, and the authorities of the clients",
        ),
    });
    findings
}

/// Who may connect by the socket's mode, and who by its list: both must agree.
fn rights(socket: &UnixAddress) -> Option<Finding> {
    let what = format!("socket {}", socket.path.display());
    let own = rustix::process::geteuid().as_raw();
    let others = socket.uids.iter().any(|uid| *uid != own);
    let group = socket.mode & 0o060 == 0o060;
    if others && !group {
        return Some(Finding::bad(
            &what,
            format!(
                "the users {:?} may ask, but mode {:04o} lets only this bridge's user connect",
                socket.uids, socket.mode
            ),
            "set mode = \"0660\" and gid to a group that those users are in (Envoy's)",
        ));
    }
    if group && socket.uids.is_empty() {
        return Some(Finding::warn(
            &what,
            format!(
                "the group may connect, but no user is listed: all but {own} are closed unread"
            ),
            "list the user ids that may ask (Envoy's) in `uids`",
        ));
    }
    if !others {
        return Some(Finding::warn(
            &what,
            format!("only this bridge's own user ({own}) may connect"),
            "where Envoy runs as another user: mode = \"0660\", gid and uids",
        ));
    }
    None
}
