//! Higress: a WasmPlugin with `hmac-auth-apisix`, or with `hmac-auth` for the `x-ca-*` scheme.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Exported;
use super::hmac::{Guard, Signed};

pub(super) fn write(mut signed: Signed) -> Result<Exported> {
    // One resource has one configuration for all its rules.
    if signed.guards.len() > 1 {
        let names: Vec<&str> = signed
            .guards
            .iter()
            .map(|guard| guard.name.as_str())
            .collect();
        bail!(
            "a WasmPlugin has one configuration; export one policy at a time with --only {}",
            names.join(" or --only ")
        );
    }
    let Some(guard) = signed.guards.pop() else {
        bail!("there is nothing to export");
    };
    let rules = rules(&guard, &mut signed);
    let x_ca = guard.scheme == "higress-x-ca";
    let (name, config) = match x_ca {
        true => ("hmac-auth", x_ca_config(&guard, &mut signed)),
        false => ("hmac-auth-apisix", config(&guard)),
    };
    signed.note(
        "keys",
        "Higress takes secrets as they are: replace each ${NAME} by its content before applying",
    );
    Ok(Exported {
        document: json!({
            "apiVersion": "extensions.higress.io/v1alpha1",
            "kind": "WasmPlugin",
            "metadata": { "name": name, "namespace": "higress-system" },
            "spec": {
                "url": format!("oci://higress-registry.cn-hangzhou.cr.aliyuncs.com/plugins/{name}:1.0.0"),
                "phase": "AUTHN",
                "defaultConfig": config,
                "defaultConfigDisable": !rules.is_empty(),
                "matchRules": rules,
            },
        }),
        notes: signed.notes,
    })
}

fn config(guard: &Guard) -> Value {
    let consumers: Vec<Value> = guard
        .keys
        .iter()
        .map(|key| {
            let secret = format!("${{{}}}", key.variable);
            json!({ "name": key.id, "access_key": key.sender, "secret_key": secret })
        })
        .collect();
    json!({
        "global_auth": false,
        "allowed_algorithms": guard.algorithms(),
        "clock_skew": if guard.parts.freshness { guard.tolerance_seconds } else { 0 },
        "consumers": consumers,
        "hide_credentials": true,
        "signed_headers": guard.enforced(),
        "validate_request_body": guard.parts.body,
    })
}

fn x_ca_config(guard: &Guard, signed: &mut Signed) -> Value {
    let place = format!("policies.{}", guard.name);
    if !guard.headers.is_empty() {
        signed.note(
            &place,
            "which fields are signed is the sender's choice there",
        );
    }
    if guard.parts.body {
        signed.note(
            &place,
            "a body need not be signed there: the sender chooses to",
        );
    }
    let consumers: Vec<Value> = guard
        .keys
        .iter()
        .map(|key| {
            let secret = format!("${{{}}}", key.variable);
            json!({ "name": key.id, "key": key.sender, "secret": secret })
        })
        .collect();
    let mut config = json!({ "global_auth": false, "consumers": consumers });
    if guard.parts.freshness {
        config["date_offset"] = json!(guard.tolerance_seconds);
    }
    config
}

/// Rules go by route or by host; a policy for everything needs none.
fn rules(guard: &Guard, signed: &mut Signed) -> Vec<Value> {
    let allow: Vec<&str> = guard.keys.iter().map(|key| key.id.as_str()).collect();
    let mut rules = Vec::new();
    for matched in &guard.matches {
        let place = format!("policies.{}", guard.name);
        let everything = matched
            .path_prefix
            .as_deref()
            .is_none_or(|prefix| prefix == "/");
        if matched.path.is_some() || !everything || !matched.methods.is_empty() {
            signed.note(
                &place,
                "paths and methods are no part of a rule there: name the route by `route_name`",
            );
        }
        let config = json!({ "allow": allow });
        if let Some(name) = &matched.route_name {
            rules.push(json!({ "ingress": [name], "config": config }));
        } else if let Some(host) = &matched.host {
            rules.push(json!({ "domain": [host], "config": config }));
        }
    }
    rules
}
