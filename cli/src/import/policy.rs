//! The policy that says what a gateway did.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::{Credential, Gateway, Guard, Note, Secret};

/// Parts of a request in the order a policy lists them.
const PARTS: [&str; 5] = ["method", "path", "query", "body", "freshness"];
/// Bounds of `tolerance_seconds`.
const TOLERANCE_SECONDS: std::ops::RangeInclusive<u64> = 1..=3600;
const DEFAULT_TOLERANCE_SECONDS: u64 = 300;
/// Shortest secret that a policy takes, and shortest it takes without a warning, in bytes.
const MIN_SECRET_BYTES: usize = 16;
const GOOD_SECRET_BYTES: usize = 32;
/// Longest key id of a policy.
const MAX_ID_BYTES: usize = 64;

/// What `write` makes.
pub(super) struct Written {
    pub(super) yaml: String,
    pub(super) notes: Vec<Note>,
    /// One line for each secret that has to be put in its place.
    pub(super) to_set: Vec<String>,
}

/// Which requests; all members written must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Match {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) route_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_prefix: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) methods: Vec<String>,
}

impl Match {
    pub(super) fn everything() -> Self {
        Self {
            path_prefix: Some("/".into()),
            ..Self::default()
        }
    }
}

#[derive(Serialize)]
struct Document {
    version: u32,
    unmatched: &'static str,
    keys: Vec<Key>,
    policies: BTreeMap<String, Policy>,
    routes: Vec<Route>,
}

#[derive(Serialize)]
struct Key {
    id: String,
    r#use: &'static str,
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_kid: Option<String>,
    material: Material,
}

#[derive(Serialize)]
struct Material {
    #[serde(skip_serializing_if = "Option::is_none")]
    env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    encoding: &'static str,
}

#[derive(Serialize)]
struct Policy {
    signature: Signature,
    replay: Replay,
}

#[derive(Serialize)]
struct Signature {
    scheme: &'static str,
    keys: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cover: Vec<String>,
    tolerance_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accept_weak: Vec<&'static str>,
}

#[derive(Serialize)]
struct Options {
    sha1: bool,
}

#[derive(Serialize)]
struct Replay {
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_seconds: Option<u64>,
}

#[derive(Serialize)]
struct Route {
    r#match: Match,
    policy: String,
}

/// Writes the policy.
///
/// # Errors
/// When it cannot be serialised.
pub(super) fn write(
    gateway: &Gateway,
    keep_weak: bool,
    secrets_in: Option<&Path>,
) -> Result<Written> {
    let mut writer = Writer {
        gateway,
        keep_weak,
        secrets_in,
        keys: Vec::new(),
        ids: BTreeMap::new(),
        notes: Vec::new(),
        to_set: BTreeSet::new(),
    };
    let mut policies = BTreeMap::new();
    let mut routes = Vec::new();
    for guard in &gateway.guards {
        let name = unique(&slug(&guard.name), |name| policies.contains_key(name));
        if guard.matches.is_empty() {
            writer.note(&guard.name, "no route leads here; write one by hand");
        }
        policies.insert(name.clone(), writer.policy(guard));
        routes.extend(guard.matches.iter().map(|matched| Route {
            r#match: matched.clone(),
            policy: name.clone(),
        }));
    }
    // The first route that matches decides, so the narrower ones go before.
    routes.sort_by_key(|route| std::cmp::Reverse(route.r#match.narrowness()));
    let document = Document {
        version: 1,
        unmatched: "refuse",
        keys: writer.keys,
        policies,
        routes,
    };
    Ok(Written {
        yaml: serde_saphyr::to_string(&document)?,
        notes: writer.notes,
        to_set: writer.to_set.into_iter().collect(),
    })
}

impl Match {
    /// Longer paths before shorter ones, exact before prefix, conditions before none.
    fn narrowness(&self) -> (usize, bool, usize) {
        let path = self.path.as_ref().or(self.path_prefix.as_ref());
        let conditions = usize::from(self.host.is_some())
            + usize::from(self.route_name.is_some())
            + usize::from(!self.methods.is_empty());
        (path.map_or(0, String::len), self.path.is_some(), conditions)
    }
}

struct Writer<'a> {
    gateway: &'a Gateway,
    keep_weak: bool,
    secrets_in: Option<&'a Path>,
    keys: Vec<Key>,
    /// Key ids by credential and algorithm.
    ids: BTreeMap<(usize, &'static str), String>,
    notes: Vec<Note>,
    to_set: BTreeSet<String>,
}

impl Writer<'_> {
    fn note(&mut self, place: &str, text: impl Into<String>) {
        let (place, text) = (place.to_owned(), text.into());
        self.notes.push(Note { place, text });
    }

    fn policy(&mut self, guard: &Guard) -> Policy {
        let alg = self.algorithm(guard);
        let missing: Vec<&'static str> = PARTS
            .into_iter()
            .filter(|part| !guard.demanded.contains(part))
            .collect();
        if !missing.is_empty() {
            let parts = missing.join(", ");
            let now = if self.keep_weak {
                "and need not now (accept_weak)"
            } else {
                "and has to now; --keep-weak lets senders go on as before"
            };
            self.note(
                &guard.name,
                format!("a signature need not have covered {parts} {now}"),
            );
        }
        let accept_weak = if self.keep_weak { missing } else { Vec::new() };
        let tolerance_seconds = self.tolerance(guard);
        // Without a signed time a signature never expires; a day is what the store remembers.
        let ttl_seconds = accept_weak.contains(&"freshness").then_some(86_400);
        Policy {
            signature: Signature {
                scheme: guard.scheme,
                keys: self.keys_of(guard, alg),
                cover: guard.headers.clone(),
                tolerance_seconds,
                options: (alg == "HMAC-SHA1").then_some(Options { sha1: true }),
                accept_weak,
            },
            replay: Replay {
                by: "signature",
                ttl_seconds,
            },
        }
    }

    /// The one algorithm of the keys: HMAC-SHA-256 where it was allowed.
    fn algorithm(&mut self, guard: &Guard) -> &'static str {
        const KNOWN: [(&str, &str); 4] = [
            ("hmac-sha256", "HS256"),
            ("hmac-sha512", "HS512"),
            ("hmac-sha384", "HS384"),
            ("hmac-sha1", "HMAC-SHA1"),
        ];
        let allowed = |name: &str| guard.algorithms.iter().any(|one| one == name);
        let (name, alg) = KNOWN
            .into_iter()
            .find(|(name, _)| allowed(name))
            .unwrap_or(("hmac-sha256", "HS256"));
        let others = guard.algorithms.iter().filter(|other| *other != name);
        let others: Vec<&str> = others.map(String::as_str).collect();
        if alg == "HMAC-SHA1" {
            self.note(
                &guard.name,
                "allowed SHA-1 alone; have senders change to hmac-sha256",
            );
        } else if !others.is_empty() {
            self.note(
                &guard.name,
                format!(
                    "a key has one algorithm now, {name}; for senders that use {} add a key with the \
                     same sender_kid",
                    others.join(" or ")
                ),
            );
        }
        alg
    }

    fn tolerance(&mut self, guard: &Guard) -> u64 {
        let Some(seconds) = guard.skew_seconds else {
            return DEFAULT_TOLERANCE_SECONDS;
        };
        let (least, most) = (*TOLERANCE_SECONDS.start(), *TOLERANCE_SECONDS.end());
        if seconds > most {
            self.note(
                &guard.name,
                format!("took dates {seconds} seconds off; {most} is the most now"),
            );
        }
        seconds.clamp(least, most)
    }

    /// The ids of the keys that may sign here, made where they are not yet.
    fn keys_of(&mut self, guard: &Guard, alg: &'static str) -> Vec<String> {
        let gateway = self.gateway;
        let may_sign = |credential: &Credential| match &guard.owners {
            Some(owners) => owners.contains(&credential.owner),
            None => true,
        };
        let mut ids = Vec::new();
        for (index, credential) in gateway.credentials.iter().enumerate() {
            if !may_sign(credential) {
                continue;
            }
            let id = match self.ids.get(&(index, alg)) {
                Some(id) => id.clone(),
                None => self.key(index, credential, alg),
            };
            ids.push(id);
        }
        if ids.is_empty() {
            self.note(
                &guard.name,
                "nobody may sign here; add keys, or nothing passes",
            );
        }
        ids
    }

    fn key(&mut self, index: usize, credential: &Credential, alg: &'static str) -> String {
        let id = unique(&key_id(&credential.sender), |id| {
            self.keys.iter().any(|key| key.id == id)
        });
        if let Secret::Written(bytes) = credential.secret {
            self.weigh_secret(credential, bytes);
        }
        let material = self.material(&id, credential);
        self.keys.push(Key {
            id: id.clone(),
            r#use: "mac",
            alg,
            sender_kid: (id != credential.sender).then(|| credential.sender.clone()),
            material,
        });
        self.ids.insert((index, alg), id.clone());
        id
    }

    fn weigh_secret(&mut self, credential: &Credential, bytes: usize) {
        if bytes < MIN_SECRET_BYTES {
            self.note(
                &credential.place,
                format!("has {bytes} bytes; a policy takes no fewer than {MIN_SECRET_BYTES}"),
            );
        } else if bytes < GOOD_SECRET_BYTES {
            self.note(
                &credential.place,
                format!("has {bytes} bytes, fewer than the {GOOD_SECRET_BYTES} of the hash"),
            );
        }
    }

    fn material(&mut self, id: &str, credential: &Credential) -> Material {
        let (env, file) = match (&credential.secret, self.secrets_in) {
            (Secret::Env(name), None) => (Some(name.clone()), None),
            (_, Some(folder)) => (None, Some(folder.join(id).display().to_string())),
            _ => (Some(variable(id)), None),
        };
        let place = match (&env, &file) {
            (Some(name), _) => format!("${name}"),
            (_, Some(path)) => path.clone(),
            _ => String::new(),
        };
        let what = match credential.secret {
            Secret::Vault => "what the vault has for",
            _ => "the text of",
        };
        self.to_set.insert(format!(
            "{place}: {what} {} ({})",
            credential.place, credential.owner
        ));
        Material {
            env,
            file,
            encoding: "text",
        }
    }
}

/// The header fields among the listed names, lower case.
pub(super) fn fields(listed: &[String], others: &[&str]) -> Vec<String> {
    let mut fields: Vec<String> = listed
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    fields.retain(|name| !others.contains(&name.as_str()));
    fields
}

/// Hosts that a policy can name; `None` stands for every host.
pub(super) fn plain_hosts(
    hosts: Vec<String>,
    place: &str,
    gateway: &mut Gateway,
) -> Vec<Option<String>> {
    if hosts.is_empty() {
        return vec![None];
    }
    let mut plain = Vec::new();
    for host in hosts {
        if host.contains('*') {
            gateway.note(
                place,
                format!("{host} has no match in a policy: every host is guarded instead"),
            );
            plain.push(None);
        } else {
            // Policies compare hosts without their port.
            let name = host.split(':').next().unwrap_or_default();
            plain.push(Some(name.to_owned()));
        }
    }
    plain.dedup();
    plain
}

/// A policy's name: `a-z`, `0-9`, `-`.
fn slug(name: &str) -> String {
    let slug: String = name
        .to_ascii_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MAX_ID_BYTES - 4)
        .collect();
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "imported" } else { slug }.to_owned()
}

/// A key's id: `A-Z a-z 0-9 . _ -`.
fn key_id(sender: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let id: String = sender
        .chars()
        .map(|c| if plain(c) { c } else { '-' })
        .take(MAX_ID_BYTES - 4)
        .collect();
    if id.is_empty() { "key".to_owned() } else { id }
}

/// An environment variable for a key.
fn variable(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let id: String = id.to_ascii_uppercase().chars().map(plain).collect();
    format!("SEALGATE_KEY_{id}")
}

/// The name, or the first with a number behind it that is not taken.
fn unique(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or_default()
}
