//! Higress: the `hmac-auth` plugin (`x-ca-*`) and `hmac-auth-apisix`, as a WasmPlugin resource or as
//! the configuration of the plugin alone.

use super::members::Members;
use super::policy::Match;
use super::{Credential, Gateway, Guard, apisix};

pub(super) fn read(document: &Members<'_>, gateway: &mut Gateway) {
    let spec = document.get("spec");
    let config = match spec.get("defaultConfig") {
        resource if resource.is_there() => resource,
        _ => document.clone(),
    };
    let owners: Vec<_> = config.get("consumers").entries();
    let is_apisix = owners
        .iter()
        .any(|owner| owner.get("access_key").is_there());
    for owner in owners.iter().chain(&config.get("credentials").entries()) {
        push_credential(owner, gateway);
    }
    let rules = rules(&config, &spec, gateway);
    if rules.is_empty() {
        push_guard(
            &config,
            "all",
            vec![Match::everything()],
            None,
            is_apisix,
            gateway,
        );
    }
    for (name, matches, allowed) in rules {
        push_guard(&config, &name, matches, Some(allowed), is_apisix, gateway);
    }
}

type Rule = (String, Vec<Match>, Vec<String>);

/// `_rules_` inside the configuration, `matchRules` beside it.
fn rules(config: &Members<'_>, spec: &Members<'_>, gateway: &mut Gateway) -> Vec<Rule> {
    let inside = config.get("_rules_").entries();
    let beside = spec.get("matchRules").entries();
    let mut rules = Vec::new();
    for rule in &inside {
        let matches = matches(rule, "_match_route_", "_match_domain_", gateway);
        rules.push((
            format!("rule-{}", rules.len()),
            matches,
            rule.texts("allow"),
        ));
    }
    for rule in &beside {
        if rule.flag("configDisable") {
            gateway.note(&rule.place, "is disabled and is left out");
            continue;
        }
        let matches = matches(rule, "ingress", "domain", gateway);
        let allowed = rule.get("config").texts("allow");
        rules.push((format!("rule-{}", rules.len()), matches, allowed));
    }
    rules
}

fn matches(rule: &Members<'_>, routes: &str, domains: &str, gateway: &mut Gateway) -> Vec<Match> {
    let routes = rule.texts(routes).into_iter().map(|route_name| Match {
        route_name: Some(route_name),
        ..Match::default()
    });
    let mut matches: Vec<_> = routes.collect();
    let names = rule.texts(domains);
    if !names.is_empty() {
        let hosts = super::policy::plain_hosts(names, &rule.place, gateway);
        matches.extend(hosts.into_iter().map(|host| match host {
            Some(host) => Match {
                host: Some(host),
                ..Match::default()
            },
            None => Match::everything(),
        }));
    }
    matches
}

fn push_credential(owner: &Members<'_>, gateway: &mut Gateway) {
    let (sender, secret) = match owner.text_of("access_key") {
        Some(sender) => (sender, "secret_key"),
        None => (owner.text_of("key").unwrap_or_default(), "secret"),
    };
    gateway.credentials.push(Credential {
        owner: owner.text_of("name").unwrap_or(sender).to_owned(),
        sender: sender.to_owned(),
        secret: owner.secret(secret),
        place: format!("{}.{secret}", owner.place),
    });
}

fn push_guard(
    config: &Members<'_>,
    name: &str,
    matches: Vec<Match>,
    allowed: Option<Vec<String>>,
    is_apisix: bool,
    gateway: &mut Gateway,
) {
    let owners = allowed.filter(|names| !names.is_empty());
    let guard = if is_apisix {
        apisix::plugin_guard(config, name.to_owned(), matches, "higress", gateway)
    } else {
        x_ca(config, name, matches, gateway)
    };
    gateway.guards.push(Guard { owners, ..guard });
}

/// Method, path and query are always signed; a body only by its sender's choice.
fn x_ca(config: &Members<'_>, name: &str, matches: Vec<Match>, gateway: &mut Gateway) -> Guard {
    let skew_seconds = config.number("date_offset").filter(|seconds| *seconds > 0);
    if skew_seconds.is_none() {
        gateway.note(
            &config.get("date_offset").place,
            "without it no time was looked at, and every request could be replayed for ever",
        );
    }
    gateway.note(
        &config.place,
        "a body that is no form was signed only where its sender wrote Content-MD5; the refused saw \
         the string to sign in X-Ca-Error-Message",
    );
    Guard {
        name: name.to_owned(),
        scheme: "higress-x-ca",
        algorithms: vec!["hmac-sha1".into(), "hmac-sha256".into()],
        demanded: vec!["method", "path", "query"],
        headers: Vec::new(),
        skew_seconds,
        owners: None,
        matches,
    }
}
