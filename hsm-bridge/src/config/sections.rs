//! Reading the sections of the file, one function each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use sealgate_wire::is_kid;

use super::address::read_address;
use super::read::{Faults, Section};
use super::{Allow, KeyConfig, Server, SocketConfig, TokenConfig};
use crate::jwa::Algorithm;
use crate::secret::SecretSource;
use crate::service::KeyPlan;
use crate::token::Purpose;
use crate::token::pkcs11::{Place, Select};

pub(super) fn each<T>(
    root: &mut Section,
    name: &str,
    faults: &mut Faults,
    read: impl Fn(Section, &mut Faults) -> Option<T>,
) -> Vec<T> {
    let sections = root.sections(name, faults);
    if sections.is_empty() {
        faults.add(name, format!("is missing: at least one [[{name}]]"));
    }
    sections
        .into_iter()
        .filter_map(|section| read(section, faults))
        .collect()
}

pub(super) fn empty(at: &str) -> Section {
    Section::new(at, toml::Table::new())
}

pub(super) fn read_server(mut section: Section, faults: &mut Faults) -> Server {
    let admin = section.required("admin_socket", faults).unwrap_or_default();
    let server = Server {
        admin_socket: PathBuf::from(admin),
        request_timeout: Duration::from_millis(section.number(
            "request_timeout_ms",
            250,
            (10, 60_000),
            faults,
        )),
        idle_timeout: Duration::from_secs(section.number("idle_timeout_s", 10, (1, 3600), faults)),
        max_conns: size(section.number("max_conns", 1024, (1, 65_536), faults)),
        queue: size(section.number("queue", 256, (1, 65_536), faults)),
        allow_root: section.flag("allow_root", false, faults),
    };
    section.end(
        "admin_socket, request_timeout_ms, idle_timeout_s, max_conns, queue, allow_root",
        faults,
    );
    server
}

pub(super) fn read_token(mut section: Section, faults: &mut Faults) -> Option<TokenConfig> {
    let name = section.required("name", faults);
    let module = section.required("module", faults);
    let select = read_select(&mut section, faults);
    let pin = read_secret(&mut section, "pin", faults);
    let workers = size(section.number("sessions", 2, (1, 1024), faults));
    let read_write = section.flag("rw", false, faults);
    let canary_key = section.text("canary_key", faults);
    section.end(
        "name, module, select, pin, sessions, rw, canary_key",
        faults,
    );
    // One more for canaries, so that a busy token can still be asked how it is.
    let lanes = workers.saturating_add(1);
    let place = Place {
        module: PathBuf::from(module?),
        select: select?,
        pin: pin?,
        lanes,
        read_write,
    };
    Some(TokenConfig {
        name: name?,
        place,
        canary_key,
    })
}

fn read_select(section: &mut Section, faults: &mut Faults) -> Option<Select> {
    let at = section.at("select");
    let Some(mut select) = section.section("select", faults) else {
        faults.add(
            at,
            "is missing: { label = .. }, { serial = .. } or { slot = .. }",
        );
        return None;
    };
    let label = select.text("label", faults).map(Select::Label);
    let serial = select.text("serial", faults).map(Select::Serial);
    let slot = match select.number("slot", u64::MAX, (0, u64::MAX / 2), faults) {
        u64::MAX => None,
        slot => Some(Select::Slot(slot)),
    };
    select.end("label, serial, slot", faults);
    one_of(
        [label, serial, slot],
        at,
        "exactly one of label, serial and slot",
        faults,
    )
}

pub(super) fn read_secret(
    section: &mut Section,
    key: &str,
    faults: &mut Faults,
) -> Option<SecretSource> {
    let at = section.at(key);
    let Some(mut source) = section.section(key, faults) else {
        faults.add(
            at,
            "is missing: { file = .. }, { env = .. } or { credential = .. }",
        );
        return None;
    };
    let file = source
        .text("file", faults)
        .map(|path| SecretSource::File(PathBuf::from(path)));
    let env = source.text("env", faults).map(SecretSource::Env);
    let credential = source
        .text("credential", faults)
        .map(SecretSource::Credential);
    source.end("file, env, credential", faults);
    one_of(
        [file, env, credential],
        at,
        "exactly one of file, env and credential",
        faults,
    )
}

pub(super) fn one_of<T, const N: usize>(
    choices: [Option<T>; N],
    at: String,
    expected: &str,
    faults: &mut Faults,
) -> Option<T> {
    let mut given = choices.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => Some(one),
        _ => {
            faults.add(at, format!("must have {expected}"));
            None
        }
    }
}

pub(super) fn read_key(mut section: Section, faults: &mut Faults) -> Option<KeyConfig> {
    let kid = section.required("kid", faults);
    if kid.as_ref().is_some_and(|kid| !is_kid(kid)) {
        faults.add(section.at("kid"), "must be 1 to 64 of A-Z a-z 0-9 . _ # -");
    }
    let token = section.required("token", faults);
    let label = section.text("label", faults).or_else(|| kid.clone());
    let purpose = section.required("purpose", faults);
    let purpose = purpose.and_then(|word| {
        let all = [Purpose::Unwrap, Purpose::Mac, Purpose::Sign];
        let found = all.into_iter().find(|purpose| purpose.name() == word);
        if found.is_none() {
            faults.add(section.at("purpose"), "must be unwrap, mac or sign");
        }
        found
    });
    let names = section.texts("algs", faults).unwrap_or_default();
    if names.is_empty() {
        faults.add(section.at("algs"), "must name at least one algorithm");
    }
    let mut algorithms = Vec::new();
    for name in names {
        match Algorithm::from_name(&name) {
            Some(algorithm) if purpose.is_none_or(|wanted| algorithm.purpose() == wanted) => {
                algorithms.push(algorithm);
            }
            Some(_) => faults.add(section.at("algs"), format!("{name}: not for this purpose")),
            None => {
                let known: Vec<_> = Algorithm::all().map(Algorithm::name).collect();
                let known = known.join(", ");
                faults.add(
                    section.at("algs"),
                    format!("{name}: unknown; known are {known}"),
                );
            }
        }
    }
    let cache_ttl = section.number("cache_ttl_s", 0, (0, 60), faults);
    if cache_ttl > 0 && purpose.is_some_and(|purpose| purpose != Purpose::Unwrap) {
        faults.add(section.at("cache_ttl_s"), "is for keys that unwrap");
    }
    let rotate_every = section.number("rotate_every_d", 0, (0, 3650), faults);
    let not_after = section.moment("not_after", faults);
    section.end(
        "kid, token, label, purpose, algs, cache_ttl_s, rotate_every_d, not_after",
        faults,
    );
    let plan = KeyPlan {
        label: label?,
        algorithms,
    };
    Some(KeyConfig {
        kid: kid?,
        token: token?,
        purpose: purpose?,
        plan,
        cache_ttl: (cache_ttl > 0).then(|| Duration::from_secs(cache_ttl)),
        rotate_every: (rotate_every > 0)
            .then(|| Duration::from_secs(rotate_every.saturating_mul(86_400))),
        not_after,
    })
}

pub(super) fn read_socket(mut section: Section, faults: &mut Faults) -> Option<SocketConfig> {
    let at = read_address(&mut section, faults);
    let token = read_secret(&mut section, "token", faults);
    let refuse_forwarded = section.flag("refuse_forwarded", true, faults);
    let fail_per_min = section.number("fail_per_min", 20, (0, 1_000_000), faults);
    let replay: BTreeSet<String> = section
        .texts("replay", faults)
        .unwrap_or_default()
        .into_iter()
        .collect();
    let random: BTreeSet<String> = section
        .texts("random", faults)
        .unwrap_or_default()
        .into_iter()
        .collect();
    let allow = section.sections("allow", faults);
    if allow.is_empty() && replay.is_empty() && random.is_empty() {
        faults.add(section.at("allow"), "must name at least one key");
    }
    let allow = allow
        .into_iter()
        .filter_map(|entry| read_allow(entry, faults))
        .collect();
    section.end(
        "path, mode, gid, uids, tls, token, refuse_forwarded, fail_per_min, allow, replay, random",
        faults,
    );
    Some(SocketConfig {
        at: at?,
        token: token?,
        refuse_forwarded,
        fail_per_min,
        allow,
        replay,
        random,
    })
}

fn read_allow(mut section: Section, faults: &mut Faults) -> Option<Allow> {
    let kid = section.required("kid", faults);
    let ops = section.texts("ops", faults).unwrap_or_default();
    let known = ["unwrap", "mac", "sign", "verify", "public"];
    if ops.is_empty() || ops.iter().any(|op| !known.contains(&op.as_str())) {
        faults.add(
            section.at("ops"),
            "must list some of unwrap, mac, sign, verify, public",
        );
    }
    section.end("kid, ops", faults);
    Some(Allow {
        kid: kid?,
        ops: ops.into_iter().collect(),
    })
}

// Every number read this way has a limit that fits.
pub(super) fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
