//! Kong: one service a policy with its routes, `hmac-auth` and, where policies take different keys,
//! `acl`; one consumer a key.

use serde_json::{Value, json};

use super::Exported;
use super::hmac::{Guard, Match, Signed};

pub(super) fn write(mut signed: Signed, upstream: &str) -> Exported {
    for at in 0..signed.guards.len() {
        warn(&mut signed, at);
    }
    let shared = signed.keys_are_shared();
    let services: Vec<Value> = signed
        .guards
        .iter()
        .map(|guard| service(guard, upstream, shared))
        .collect();
    let consumers: Vec<Value> = signed
        .all_keys()
        .into_iter()
        .map(|(id, (key, policies))| {
            // Kong reads MY_SECRET for `my-secret`.
            let reference = key.variable.to_lowercase().replace('_', "-");
            let mut consumer = json!({
                "username": id,
                "hmacauth_credentials": [
                    { "username": key.sender, "secret": format!("{{vault://env/{reference}}}") }
                ],
            });
            if !shared {
                let groups = policies.iter().map(|policy| json!({ "group": policy }));
                consumer["acls"] = groups.collect();
            }
            consumer
        })
        .collect();
    let document =
        json!({ "_format_version": "3.0", "services": services, "consumers": consumers });
    Exported {
        document,
        notes: signed.notes,
    }
}

fn warn(signed: &mut Signed, at: usize) {
    let guard = &signed.guards[at];
    let place = format!("policies.{}", guard.name);
    let names_a_route = guard.matches.iter().any(|one| one.route_name.is_some());
    let (body, fresh) = (guard.parts.body, guard.parts.freshness);
    if names_a_route {
        signed.note(
            &place,
            "a match by route name is left out: Kong's routes are others",
        );
    }
    if body {
        signed.note(
            &place,
            "requests without a body have to sign a Digest there, too",
        );
    }
    if !fresh {
        signed.note(
            &place,
            "the date is checked there all the same, and need not be signed",
        );
    }
}

fn service(guard: &Guard, upstream: &str, shared: bool) -> Value {
    let mut plugins = vec![json!({
        "name": "hmac-auth",
        "config": {
            "algorithms": guard.algorithms(),
            "clock_skew": guard.tolerance_seconds,
            "enforce_headers": guard.enforced(),
            "hide_credentials": true,
            "validate_request_body": guard.parts.body,
        },
    })];
    if !shared {
        plugins.push(json!({ "name": "acl", "config": { "allow": [guard.name] } }));
    }
    let routes = guard.matches.iter().filter(|one| one.route_name.is_none());
    let routes: Vec<Value> = routes
        .enumerate()
        .map(|(number, one)| route(&guard.name, number, one))
        .collect();
    json!({ "name": guard.name, "url": upstream, "routes": routes, "plugins": plugins })
}

fn route(policy: &str, number: usize, matched: &Match) -> Value {
    let path = match (&matched.path, &matched.path_prefix) {
        (Some(exact), _) => format!("~{}$", quoted(exact)),
        (None, Some(prefix)) => prefix.clone(),
        (None, None) => "/".to_owned(),
    };
    let mut route =
        json!({ "name": format!("{policy}-{number}"), "paths": [path], "strip_path": false });
    if let Some(host) = &matched.host {
        route["hosts"] = json!([host]);
    }
    if !matched.methods.is_empty() {
        route["methods"] = json!(matched.methods);
    }
    route
}

/// A path as a regular expression that matches only it.
fn quoted(path: &str) -> String {
    let special = |c: char| ".+*?()[]{}|^$\\".contains(c);
    let quote = |c: char| {
        if special(c) {
            format!("\\{c}")
        } else {
            c.to_string()
        }
    };
    path.chars().map(quote).collect()
}
