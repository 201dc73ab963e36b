//! Reading `[[replay]]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use sealgate_wire::is_kid;

use super::read::{Faults, Section};
use super::sections::{one_of, read_secret, size};
use crate::replay::{Address, ReplayConfig};

pub(super) fn read_replay(mut section: Section, faults: &mut Faults) -> Option<ReplayConfig> {
    let name = section.required("name", faults);
    if name.as_ref().is_some_and(|name| !is_kid(name)) {
        faults.add(section.at("name"), "must be 1 to 64 of A-Z a-z 0-9 . _ # -");
    }
    let address = read_address(&mut section, faults);
    let user = section.text("user", faults);
    let password = section
        .has("password")
        .then(|| read_secret(&mut section, "password", faults));
    let timeout = section.number("timeout_ms", 100, (1, 10_000), faults);
    let in_flight = size(section.number("in_flight", 256, (1, 65_536), faults));
    let refuse_after_loss = section.flag("refuse_after_loss", true, faults);
    section.end(
        "name, server, user, password, timeout_ms, in_flight, refuse_after_loss",
        faults,
    );
    Some(ReplayConfig {
        name: name?,
        address: address?,
        user,
        password: match password {
            Some(source) => Some(source?),
            None => None,
        },
        timeout: Duration::from_millis(timeout),
        in_flight,
        refuse_after_loss,
    })
}

fn read_address(section: &mut Section, faults: &mut Faults) -> Option<Address> {
    let at = section.at("server");
    let Some(mut server) = section.section("server", faults) else {
        faults.add(at, "is missing: { unix = .. } or { tcp = .. }");
        return None;
    };
    let unix = server
        .text("unix", faults)
        .map(|path| Address::Unix(PathBuf::from(path)));
    let tcp = server.text("tcp", faults).and_then(|text| {
        let address: Option<SocketAddr> = text.parse().ok();
        let local = address.filter(|address| address.ip().is_loopback());
        if local.is_none() {
            faults.add(
                server.at("tcp"),
                "must be an address and port of this machine, as 127.0.0.1:6379: the protocol is \
                 not encrypted",
            );
        }
        local.map(Address::Loopback)
    });
    server.end("unix, tcp", faults);
    one_of([unix, tcp], at, "exactly one of unix and tcp", faults)
}
