//! Apache APISIX (3.11 and later): one route a policy and host, one consumer a key.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exported;
use super::hmac::{Guard, Match, Signed};

pub(super) fn write(mut signed: Signed, upstream: &str) -> Result<Exported> {
    let node = match upstream.split_once("://") {
        Some(("http", rest)) => rest.trim_end_matches('/').to_owned(),
        _ => bail!("{upstream} is no http:// URL; APISIX is told host and port"),
    };
    for at in 0..signed.guards.len() {
        warn(&mut signed, at);
    }
    let shared = signed.keys_are_shared();
    let routes: Vec<Value> = signed
        .guards
        .iter()
        .flat_map(|guard| routes(guard, &node, shared))
        .collect();
    let consumers: Vec<Value> = signed
        .all_keys()
        .into_iter()
        .map(|(id, (key, _))| {
            let secret = format!("$env://{}", key.variable);
            json!({
                "username": username(id),
                "plugins": { "hmac-auth": { "key_id": key.sender, "secret_key": secret } },
            })
        })
        .collect();
    Ok(Exported {
        document: json!({ "routes": routes, "consumers": consumers }),
        notes: signed.notes,
    })
}

/// Names of consumers there are letters, digits, `_` and `-`.
fn username(id: &str) -> String {
    id.replace('.', "_")
}

fn warn(signed: &mut Signed, at: usize) {
    let guard = &signed.guards[at];
    let place = format!("policies.{}", guard.name);
    let names_a_route = guard.matches.iter().any(|one| one.route_name.is_some());
    let body = guard.parts.body;
    if names_a_route {
        signed.note(
            &place,
            "a match by route name is left out: APISIX's routes are others",
        );
    }
    if body {
        signed.note(
            &place,
            "requests without a body have to sign a Digest there, too",
        );
    }
}

/// A route has all its paths under all its hosts, so each combination of host and methods is one.
fn routes(guard: &Guard, node: &str, shared: bool) -> Vec<Value> {
    let mut groups: Vec<(&Match, Vec<String>)> = Vec::new();
    for matched in guard.matches.iter().filter(|one| one.route_name.is_none()) {
        let alike = |(other, _): &&mut (&Match, Vec<String>)| {
            other.host == matched.host && other.methods == matched.methods
        };
        match groups.iter_mut().find(alike) {
            Some((_, uris)) => uris.extend(uris_of(matched)),
            None => groups.push((matched, uris_of(matched))),
        }
    }
    let mut plugins = json!({ "hmac-auth": {
        "allowed_algorithms": guard.algorithms(),
        "clock_skew": if guard.parts.freshness { guard.tolerance_seconds } else { 0 },
        "hide_credentials": true,
        "signed_headers": guard.enforced(),
        "validate_request_body": guard.parts.body,
    } });
    if !shared {
        let names: Vec<String> = guard.keys.iter().map(|key| username(&key.id)).collect();
        plugins["consumer-restriction"] = json!({ "whitelist": names });
    }
    let numbered = groups.into_iter().enumerate();
    numbered
        .map(|(number, (matched, uris))| {
            let id = match number {
                0 => guard.name.clone(),
                _ => format!("{}-{number}", guard.name),
            };
            let mut route = json!({
                "id": id, "uris": uris, "plugins": plugins,
                "upstream": { "type": "roundrobin", "nodes": { node: 1 } },
            });
            if let Some(host) = &matched.host {
                route["hosts"] = json!([host]);
            }
            if !matched.methods.is_empty() {
                route["methods"] = json!(matched.methods);
            }
            route
        })
        .collect()
}

/// A prefix is the path itself and everything below it.
fn uris_of(matched: &Match) -> Vec<String> {
    match (&matched.path, matched.path_prefix.as_deref()) {
        (Some(exact), _) => vec![exact.clone()],
        (None, None | Some("/")) => vec!["/*".to_owned()],
        (None, Some(prefix)) => vec![prefix.to_owned(), format!("{prefix}/*")],
    }
}
