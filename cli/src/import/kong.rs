//! Kong: declarative configuration with `hmac-auth` plugins and consumers' `hmacauth_credentials`.

use super::members::Members;
use super::policy::Match;
use super::{Credential, Gateway, Guard};

const PLUGIN: &str = "hmac-auth";

pub(super) fn read(document: &Members<'_>, gateway: &mut Gateway) {
    let groups = Groups::of(document);
    for consumer in document.get("consumers").entries() {
        let owner = consumer
            .text_of("username")
            .or(consumer.text_of("custom_id"))
            .unwrap_or("consumer");
        for credential in consumer.get("hmacauth_credentials").entries() {
            push_credential(owner, &credential, gateway);
        }
    }
    for credential in document.get("hmacauth_credentials").entries() {
        let consumer = credential.get("consumer");
        let owner = consumer.text().or(consumer.text_of("username"));
        push_credential(owner.unwrap_or("consumer"), &credential, gateway);
    }
    let mut places = Places::default();
    for service in document.get("services").entries() {
        let own = service.get("routes").entries();
        places.add_service(&service, &own);
        for plugin in plugins(&service) {
            let matches: Vec<_> = own
                .iter()
                .flat_map(|route| matches(route, gateway))
                .collect();
            let owners = groups.allowed(&service);
            guard(&plugin, name_of(&service), matches, owners, gateway);
        }
        for route in &own {
            places.add_route(route);
            for plugin in plugins(route) {
                let matches = matches(route, gateway);
                let owners = groups.allowed(route).or_else(|| groups.allowed(&service));
                guard(&plugin, name_of(route), matches, owners, gateway);
            }
        }
    }
    for route in document.get("routes").entries() {
        places.add_route(&route);
        for plugin in plugins(&route) {
            let matches = matches(&route, gateway);
            let owners = groups.allowed(&route);
            guard(&plugin, name_of(&route), matches, owners, gateway);
        }
    }
    for plugin in plugins(document) {
        let (name, routes) = places.of_plugin(&plugin);
        let matches = match routes {
            Some(routes) => routes
                .iter()
                .flat_map(|route| matches(route, gateway))
                .collect(),
            None => vec![Match::everything()],
        };
        guard(&plugin, name, matches, groups.allowed(document), gateway);
    }
}

/// Consumers by the groups of the `acl` plugin: group and consumer.
struct Groups(Vec<(String, String)>);

impl Groups {
    fn of(document: &Members<'_>) -> Self {
        let mut pairs = Vec::new();
        for consumer in document.get("consumers").entries() {
            let owner = consumer
                .text_of("username")
                .or(consumer.text_of("custom_id"));
            for acl in consumer.get("acls").entries() {
                let group = acl.text_of("group").unwrap_or_default();
                pairs.push((group.to_owned(), owner.unwrap_or("consumer").to_owned()));
            }
        }
        Self(pairs)
    }

    /// The consumers that an `acl` plugin beside the `hmac-auth` one lets in; `None` for all.
    fn allowed(&self, holder: &Members<'_>) -> Option<Vec<String>> {
        let plugins = holder.get("plugins").entries();
        let acl = plugins
            .iter()
            .find(|plugin| plugin.text_of("name") == Some("acl"))?;
        let config = acl.get("config");
        let allowed = config.texts("allow");
        let members = self.0.iter().filter(|(group, _)| allowed.contains(group));
        config
            .get("allow")
            .is_there()
            .then(|| members.map(|(_, owner)| owner.clone()).collect())
    }
}

/// Services and routes by name and id, for plugins that only refer to them.
#[derive(Default)]
struct Places<'a> {
    known: Vec<(String, Vec<Members<'a>>)>,
}

impl<'a> Places<'a> {
    fn add_service(&mut self, service: &Members<'a>, routes: &[Members<'a>]) {
        self.add(service, routes.to_vec());
    }

    fn add_route(&mut self, route: &Members<'a>) {
        self.add(route, vec![route.clone()]);
    }

    fn add(&mut self, place: &Members<'a>, routes: Vec<Members<'a>>) {
        for name in [place.text_of("name"), place.text_of("id")]
            .into_iter()
            .flatten()
        {
            self.known.push((name.to_owned(), routes.clone()));
        }
    }

    /// The routes that a plugin refers to; `None` for one that stands for all.
    fn of_plugin(&self, plugin: &Members<'a>) -> (String, Option<Vec<Members<'a>>>) {
        for kind in ["route", "service"] {
            let reference = plugin.get(kind);
            let name = reference
                .text()
                .or(reference.text_of("name"))
                .or(reference.text_of("id"));
            if let Some(name) = name {
                let found = self.known.iter().find(|(known, _)| known == name);
                let routes = found.map(|(_, routes)| routes.clone()).unwrap_or_default();
                return (name.to_owned(), Some(routes));
            }
        }
        ("all".to_owned(), None)
    }
}

fn push_credential(owner: &str, credential: &Members<'_>, gateway: &mut Gateway) {
    gateway.credentials.push(Credential {
        owner: owner.to_owned(),
        sender: credential.text_of("username").unwrap_or(owner).to_owned(),
        secret: credential.secret("secret"),
        place: format!("{}.secret", credential.place),
    });
}

fn plugins<'a>(holder: &Members<'a>) -> Vec<Members<'a>> {
    let mut plugins = holder.get("plugins").entries();
    plugins.retain(|plugin| plugin.text_of("name") == Some(PLUGIN));
    plugins
}

fn name_of(place: &Members<'_>) -> String {
    let name = place.text_of("name").or(place.text_of("id"));
    name.unwrap_or("kong").to_owned()
}

/// A route's paths (prefixes in Kong), each under each of its hosts.
fn matches(route: &Members<'_>, gateway: &mut Gateway) -> Vec<Match> {
    let mut paths = Vec::new();
    for path in route.get("paths").entries() {
        match path.text() {
            Some(regex) if regex.starts_with('~') => match literal(regex) {
                Some(exact) => paths.push((Some(exact), None)),
                None => gateway.note(
                    &path.place,
                    "a path by regular expression has no match in a policy; write the routes by hand",
                ),
            },
            Some(prefix) => paths.push((None, Some(trimmed(prefix)))),
            None => {}
        }
    }
    let without_paths = !route.get("paths").is_there();
    if without_paths {
        paths.push((None, Some("/".to_owned())));
    }
    for (member, what) in [
        ("headers", "a match on header fields"),
        ("snis", "a match on the name in TLS"),
    ] {
        if route.get(member).is_there() {
            let place = route.get(member).place;
            gateway.note(
                &place,
                format!("{what} is left out: the policy guards more than before"),
            );
        }
    }
    let hosts = super::policy::plain_hosts(route.texts("hosts"), &route.place, gateway);
    let methods = route.texts("methods");
    hosts
        .iter()
        .flat_map(|host| paths.iter().map(move |path| (host, path)))
        .map(|(host, (path, path_prefix))| Match {
            path: path.clone(),
            path_prefix: path_prefix.clone(),
            host: host.clone(),
            methods: methods.clone(),
            ..Match::default()
        })
        .collect()
}

/// The one path that an anchored expression without operators matches: `~/pay\.json$`.
fn literal(regex: &str) -> Option<String> {
    let inner = regex.strip_prefix('~')?.strip_suffix('$')?;
    let inner = inner.strip_prefix('^').unwrap_or(inner);
    let mut path = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => path.push(characters.next().filter(|c| !c.is_ascii_alphanumeric())?),
            operator if ".+*?()[]{}|^$".contains(operator) => return None,
            plain => path.push(plain),
        }
    }
    path.starts_with('/').then_some(path)
}

/// A prefix ends at a segment in a policy; `/a/` and `/a` are one there.
fn trimmed(prefix: &str) -> String {
    match prefix.trim_end_matches('/') {
        "" => "/".to_owned(),
        kept => kept.to_owned(),
    }
}

fn guard(
    plugin: &Members<'_>,
    name: String,
    matches: Vec<Match>,
    owners: Option<Vec<String>>,
    gateway: &mut Gateway,
) {
    let config = plugin.get("config");
    let place = config.place.clone();
    if plugin.get("enabled").is_there() && !plugin.flag("enabled") {
        gateway.note(&plugin.place, "is not enabled and is left out");
        return;
    }
    let listed = config.texts("enforce_headers");
    let lists = |names: &[&str]| listed.iter().any(|name| names.contains(&name.as_str()));
    let mut demanded = Vec::new();
    if lists(&["@request-target", "request-line"]) {
        demanded.extend(["method", "path", "query"]);
    }
    if lists(&["date", "x-date"]) {
        demanded.push("freshness");
    }
    if config.flag("validate_request_body") {
        if lists(&["digest"]) {
            demanded.push("body");
        } else {
            gateway.note(
                &place,
                "validate_request_body without digest in enforce_headers: body and Digest could be \
                 changed together",
            );
        }
    }
    if config.get("anonymous").is_there() && config.text_of("anonymous") != Some("") {
        gateway.note(
            &config.get("anonymous").place,
            "requests that failed authentication went on as an anonymous consumer; they are refused \
             now",
        );
    }
    if !config.flag("hide_credentials") {
        gateway.note(
            &place,
            "hide_credentials was off: the upstream saw the signatures; the gate takes them off",
        );
    }
    if plugin.get("consumer").is_there() {
        gateway.note(
            &plugin.get("consumer").place,
            "one consumer's plugin guards all requests now",
        );
    }
    let algorithms = match config.texts("algorithms") {
        list if list.is_empty() => ["hmac-sha1", "hmac-sha256", "hmac-sha384", "hmac-sha512"]
            .map(str::to_owned)
            .to_vec(),
        list => list,
    };
    let derived = [
        "@request-target",
        "request-line",
        "date",
        "x-date",
        "digest",
    ];
    gateway.guards.push(Guard {
        name,
        scheme: "kong",
        algorithms,
        demanded,
        headers: super::policy::fields(&listed, &derived),
        skew_seconds: Some(config.number("clock_skew").unwrap_or(300)),
        owners,
        matches,
    });
}
