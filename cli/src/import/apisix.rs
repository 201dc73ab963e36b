//! Apache APISIX: routes, services and global rules with the `hmac-auth` plugin, and consumers or
//! their credentials, from `apisix.yaml`, an ADC file or objects of the Admin API.

use super::members::Members;
use super::policy::Match;
use super::{Credential, Gateway, Guard};

const PLUGIN: &str = "hmac-auth";

pub(super) fn read(document: &Members<'_>, gateway: &mut Gateway) {
    // An object of the Admin API stands for itself, or in a list under `value`.
    for object in objects(document) {
        if object.get("username").is_there() {
            consumer(&object, gateway);
        } else if object.get("uri").is_there() || object.get("uris").is_there() {
            route(&object, None, gateway);
        }
    }
    for object in document.get("consumers").entries() {
        consumer(&object, gateway);
    }
    let services = document.get("services").entries();
    for service in &services {
        for object in service.get("routes").entries() {
            route(&object, Some(service), gateway);
        }
    }
    for object in document.get("routes").entries() {
        let id = object.text_of("service_id");
        let service = services
            .iter()
            .find(|service| id.is_some() && service.text_of("id") == id);
        route(&object, service, gateway);
    }
    for rule in document.get("global_rules").entries() {
        if let Some(config) = plugin(&rule) {
            guard(
                &config,
                "all".into(),
                vec![Match::everything()],
                None,
                gateway,
            );
        }
    }
}

fn objects<'a>(document: &Members<'a>) -> Vec<Members<'a>> {
    let list = match document.get("list") {
        list if list.is_there() => list.entries(),
        _ => document.entries(),
    };
    list.into_iter()
        .map(|object| match object.get("value") {
            value if value.is_there() => value,
            _ => object,
        })
        .collect()
}

fn plugin<'a>(holder: &Members<'a>) -> Option<Members<'a>> {
    let config = holder.get("plugins").get(PLUGIN);
    config.is_there().then_some(config)
}

fn consumer(consumer: &Members<'_>, gateway: &mut Gateway) {
    let owner = consumer.text_of("username").unwrap_or("consumer");
    if let Some(config) = plugin(consumer) {
        push_credential(owner, &config, gateway);
    }
    for credential in consumer.get("credentials").entries() {
        // ADC names the plugin beside its configuration; the Admin API nests it.
        if credential.text_of("type") == Some(PLUGIN) {
            push_credential(owner, &credential.get("config"), gateway);
        } else if let Some(config) = plugin(&credential) {
            push_credential(owner, &config, gateway);
        }
    }
}

fn push_credential(owner: &str, config: &Members<'_>, gateway: &mut Gateway) {
    if config.get("access_key").is_there() {
        gateway.note(
            &config.get("access_key").place,
            "is the format before APISIX 3.11, whose signatures are others; senders have to change",
        );
    }
    let sender = config.text_of("key_id").or(config.text_of("access_key"));
    gateway.credentials.push(Credential {
        owner: owner.to_owned(),
        sender: sender.unwrap_or(owner).to_owned(),
        secret: config.secret("secret_key"),
        place: format!("{}.secret_key", config.place),
    });
}

fn route(route: &Members<'_>, service: Option<&Members<'_>>, gateway: &mut Gateway) {
    // A route's own configuration goes before that of its service.
    let Some(config) = plugin(route).or_else(|| service.and_then(plugin)) else {
        return;
    };
    let name = route
        .text_of("name")
        .or(route.text_of("id"))
        .unwrap_or("apisix");
    let matches = matches(route, gateway);
    let listed = route
        .get("plugins")
        .get("consumer-restriction")
        .texts("whitelist");
    let owners = (!listed.is_empty()).then_some(listed);
    guard(&config, name.to_owned(), matches, owners, gateway);
}

/// A route's paths: exact, or prefixes when they end in `*`.
fn matches(route: &Members<'_>, gateway: &mut Gateway) -> Vec<Match> {
    let mut paths = route.texts("uri");
    paths.extend(route.texts("uris"));
    let mut hosts = route.texts("host");
    hosts.extend(route.texts("hosts"));
    for member in ["vars", "remote_addr", "remote_addrs", "filter_func"] {
        if route.get(member).is_there() {
            let place = route.get(member).place;
            gateway.note(
                &place,
                "a condition is left out: the policy guards more than before",
            );
        }
    }
    let hosts = super::policy::plain_hosts(hosts, &route.place, gateway);
    let methods = route.texts("methods");
    let mut matches = Vec::new();
    for path in &paths {
        let (path, path_prefix) = match path.strip_suffix('*') {
            None => (Some(path.clone()), None),
            Some(start) if start.ends_with('/') => {
                let start = start.trim_end_matches('/');
                (
                    None,
                    Some(if start.is_empty() { "/" } else { start }.to_owned()),
                )
            }
            Some(_) => {
                gateway.note(
                    &route.place,
                    format!("{path} ends inside a segment and has no match in a policy"),
                );
                continue;
            }
        };
        if path
            .as_deref()
            .is_some_and(|path| path.contains([':', '*']))
        {
            gateway.note(
                &route.place,
                "a path with parameters has no match in a policy; write the routes by hand",
            );
            continue;
        }
        matches.extend(hosts.iter().map(|host| Match {
            path: path.clone(),
            path_prefix: path_prefix.clone(),
            host: host.clone(),
            methods: methods.clone(),
            ..Match::default()
        }));
    }
    // `/a` beside `/a/*` is what a prefix says already.
    let prefixes: Vec<Match> = matches.clone();
    matches.retain(|one| {
        let same = |prefix: &Match| {
            let alike = prefix.host == one.host && prefix.methods == one.methods;
            alike && prefix.path_prefix.is_some() && prefix.path_prefix == one.path
        };
        !prefixes.iter().any(same)
    });
    matches
}

fn guard(
    config: &Members<'_>,
    name: String,
    matches: Vec<Match>,
    owners: Option<Vec<String>>,
    gateway: &mut Gateway,
) {
    let guard = plugin_guard(config, name, matches, "apisix", gateway);
    gateway.guards.push(Guard { owners, ..guard });
}

/// What the plugin demands; Higress' clone of it has the same members.
pub(super) fn plugin_guard(
    config: &Members<'_>,
    name: String,
    matches: Vec<Match>,
    scheme: &'static str,
    gateway: &mut Gateway,
) -> Guard {
    let listed = config.texts("signed_headers");
    let lists = |name: &str| listed.iter().any(|one| one.eq_ignore_ascii_case(name));
    let skew_seconds = match config.number("clock_skew") {
        Some(0) => {
            gateway.note(
                &config.get("clock_skew").place,
                "the date was not looked at",
            );
            None
        }
        Some(seconds) => Some(seconds),
        None => Some(300),
    };
    let mut demanded = Vec::new();
    if lists("@request-target") {
        demanded.extend(["method", "path", "query"]);
    }
    if lists("date") && skew_seconds.is_some() {
        demanded.push("freshness");
    }
    if config.flag("validate_request_body") {
        if lists("digest") {
            demanded.push("body");
        } else {
            gateway.note(
                &config.place,
                "validate_request_body without digest in signed_headers: body and Digest could be \
                 changed together",
            );
        }
    }
    if let Some(anonymous) = config
        .text_of("anonymous_consumer")
        .filter(|name| !name.is_empty())
    {
        gateway.note(
            &config.get("anonymous_consumer").place,
            format!(
                "requests that failed authentication went on as {anonymous}; they are refused now"
            ),
        );
    }
    if !config.flag("hide_credentials") {
        gateway.note(
            &config.place,
            "hide_credentials was off: the upstream saw the signatures; the gate takes them off",
        );
    }
    let algorithms = match config.texts("allowed_algorithms") {
        list if list.is_empty() => ["hmac-sha1", "hmac-sha256", "hmac-sha512"]
            .map(str::to_owned)
            .to_vec(),
        list => list,
    };
    Guard {
        name,
        scheme,
        algorithms,
        demanded,
        headers: super::policy::fields(&listed, &["@request-target", "date", "digest"]),
        skew_seconds,
        owners: None,
        matches,
    }
}
