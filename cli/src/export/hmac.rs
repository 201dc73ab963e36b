//! What a policy says of HMAC signatures, in words that the other gateways share.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Note;

/// Stages of a policy that no HMAC plugin has, and what leaving them out means.
const STAGES: [(&str, &str); 6] = [
    (
        "channel",
        "TLS version and client certificate are not looked at by the plugin",
    ),
    (
        "replay",
        "a request can be sent again inside the window: the plugin remembers none",
    ),
    ("token", "access tokens are neither opened nor verified"),
    (
        "payload",
        "sealed bodies are not opened: the upstream gets the ciphertext",
    ),
    ("inspect", "nothing is scanned for injections"),
    ("respond", "responses are neither signed nor sealed"),
];

/// The HMAC policies of a file.
pub(super) struct Signed {
    pub(super) guards: Vec<Guard>,
    pub(super) notes: Vec<Note>,
}

/// One policy with a signature.
pub(super) struct Guard {
    pub(super) name: String,
    pub(super) scheme: String,
    pub(super) keys: Vec<Key>,
    pub(super) parts: Parts,
    /// Header fields that must be signed beside the parts, lower case.
    pub(super) headers: Vec<String>,
    pub(super) tolerance_seconds: u64,
    pub(super) matches: Vec<Match>,
}

/// Who signs.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) id: String,
    /// The name on the wire.
    pub(super) sender: String,
    /// `hmac-sha256` and so on.
    pub(super) algorithm: &'static str,
    /// Environment variable that holds the secret as text.
    pub(super) variable: String,
}

/// What every signature must cover.
#[derive(Clone, Copy)]
pub(super) struct Parts {
    /// Method, path and query.
    pub(super) target: bool,
    pub(super) body: bool,
    pub(super) freshness: bool,
}

/// Which requests.
pub(super) struct Match {
    pub(super) path: Option<String>,
    pub(super) path_prefix: Option<String>,
    pub(super) host: Option<String>,
    pub(super) route_name: Option<String>,
    pub(super) methods: Vec<String>,
}

impl Signed {
    /// Reads the policies with one of these schemes.
    pub(super) fn read(document: &Value, schemes: &[&str], only: Option<&str>) -> Self {
        let mut signed = Self {
            guards: Vec::new(),
            notes: Vec::new(),
        };
        let keys = signed.keys(document);
        let policies = document.get("policies").and_then(Value::as_object);
        for (name, policy) in policies.into_iter().flatten() {
            if only.is_some_and(|only| only != name) {
                continue;
            }
            let scheme = text(policy.pointer("/signature/scheme")).unwrap_or("none");
            if schemes.contains(&scheme) {
                let guard = signed.guard(name, policy, scheme, &keys, document);
                signed.guards.push(guard);
            } else {
                let place = format!("policies.{name}");
                signed.note(
                    &place,
                    format!("signature scheme {scheme} is not this gateway's: left out"),
                );
            }
        }
        if text(document.get("unmatched")) == Some("refuse") {
            signed.note(
                "unmatched",
                "requests of no route are this gateway's to refuse",
            );
        }
        signed
    }

    /// Whether every policy takes the same keys, so that nobody has to be told apart.
    pub(super) fn keys_are_shared(&self) -> bool {
        self.guards
            .windows(2)
            .all(|pair| matches!(pair, [left, right] if left.keys == right.keys))
    }

    /// All keys that some policy takes, by id, with the names of those policies.
    pub(super) fn all_keys(&self) -> BTreeMap<&str, (&Key, Vec<&str>)> {
        let mut all: BTreeMap<&str, (&Key, Vec<&str>)> = BTreeMap::new();
        for guard in &self.guards {
            for key in &guard.keys {
                let (_, policies) = all.entry(&key.id).or_insert((key, Vec::new()));
                policies.push(&guard.name);
            }
        }
        all
    }

    pub(super) fn note(&mut self, place: &str, text: impl Into<String>) {
        let (place, text) = (place.to_owned(), text.into());
        self.notes.push(Note { place, text });
    }

    fn keys(&mut self, document: &Value) -> BTreeMap<String, Key> {
        let mut keys = BTreeMap::new();
        let listed = document.get("keys").and_then(Value::as_array);
        for (at, key) in listed.into_iter().flatten().enumerate() {
            let (Some(id), Some("mac")) = (text(key.get("id")), text(key.get("use"))) else {
                continue;
            };
            let place = format!("keys[{at}]");
            let algorithm = match text(key.get("alg")) {
                Some("HS256") => "hmac-sha256",
                Some("HS384") => "hmac-sha384",
                Some("HS512") => "hmac-sha512",
                Some("HMAC-SHA1") => "hmac-sha1",
                _ => continue,
            };
            let Some(variable) = self.variable(id, key.get("material"), &place) else {
                continue;
            };
            for member in ["not_before", "not_after"] {
                if key.get(member).is_some() {
                    let place = format!("{place}.{member}");
                    self.note(
                        &place,
                        "credentials have no end there: remove it by hand in time",
                    );
                }
            }
            let sender = text(key.get("sender_kid")).unwrap_or(id).to_owned();
            let id = id.to_owned();
            keys.insert(
                id.clone(),
                Key {
                    id,
                    sender,
                    algorithm,
                    variable,
                },
            );
        }
        keys
    }

    /// Where the other gateway finds the secret; nothing for one that never leaves its token.
    fn variable(&mut self, id: &str, material: Option<&Value>, place: &str) -> Option<String> {
        let member = |name: &str| text(material.and_then(|material| material.get(name)));
        let place = format!("{place}.material");
        if member("bridge").is_some() {
            self.note(
                &place,
                "the secret stays in its token, and this gateway computes in memory: left out",
            );
            return None;
        }
        if member("encoding") != Some("text") {
            self.note(
                &place,
                "the secret is bytes here and a text there: senders and gateway need a text of their own",
            );
        }
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        let named = || format!("SEALGATE_KEY_{}", id.chars().map(plain).collect::<String>());
        let variable = member("env").map_or_else(named, str::to_owned);
        self.note(
            &place,
            format!("put the secret into ${variable} of the gateway"),
        );
        Some(variable)
    }

    fn guard(
        &mut self,
        name: &str,
        policy: &Value,
        scheme: &str,
        keys: &BTreeMap<String, Key>,
        document: &Value,
    ) -> Guard {
        let place = format!("policies.{name}");
        for (stage, lost) in STAGES {
            if policy.get(stage).is_some() {
                self.note(&format!("{place}.{stage}"), lost);
            }
        }
        let signature = policy.get("signature").unwrap_or(&Value::Null);
        if text(signature.get("mode")) == Some("observe") {
            self.note(&place, "is only observed here and would be enforced there");
        }
        let weak = texts(signature.get("accept_weak"));
        let demands = |part: &str| !weak.iter().any(|weak| weak == part);
        let target: Vec<bool> = ["method", "path", "query"].map(demands).to_vec();
        if target.contains(&true) && target.contains(&false) {
            self.note(
                &place,
                "method, path and query are signed together there: all of them are demanded",
            );
        }
        let taken = texts(signature.get("keys"));
        let own: Vec<Key> = taken
            .iter()
            .filter_map(|id| keys.get(id))
            .cloned()
            .collect();
        if own.len() < taken.len() {
            self.note(
                &place,
                "takes keys that cannot be exported; their senders are refused there",
            );
        }
        Guard {
            name: name.to_owned(),
            scheme: scheme.to_owned(),
            keys: own,
            parts: Parts {
                target: target.contains(&true),
                body: demands("body"),
                freshness: demands("freshness"),
            },
            headers: texts(signature.get("cover")),
            tolerance_seconds: signature
                .get("tolerance_seconds")
                .and_then(Value::as_u64)
                .unwrap_or(300),
            matches: matches(name, document),
        }
    }
}

impl Guard {
    /// Names of the algorithms of its keys, each once.
    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.keys.iter().map(|key| key.algorithm).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The names that must be among the signed ones.
    pub(super) fn enforced(&self) -> Vec<String> {
        let parts = [
            (self.parts.freshness, "date"),
            (self.parts.target, "@request-target"),
            (self.parts.body, "digest"),
        ];
        let parts = parts.into_iter().filter(|(demanded, _)| *demanded);
        let mut names: Vec<String> = parts.map(|(_, name)| name.to_owned()).collect();
        names.extend(self.headers.iter().cloned());
        names
    }
}

fn matches(policy: &str, document: &Value) -> Vec<Match> {
    let routes = document.get("routes").and_then(Value::as_array);
    let routes = routes.into_iter().flatten();
    let own = routes.filter(|route| text(route.get("policy")) == Some(policy));
    own.map(|route| {
        let member = |name: &str| route.pointer(&format!("/match/{name}"));
        let owned = |name: &str| text(member(name)).map(str::to_owned);
        Match {
            path: owned("path"),
            path_prefix: owned("path_prefix"),
            host: owned("host"),
            route_name: owned("route_name"),
            methods: texts(member("methods")),
        }
    })
    .collect()
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
