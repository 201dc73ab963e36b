//! What the sections of a configuration promise each other.

use std::collections::BTreeSet;

use super::read::Faults;
use super::{Address, Config};
use crate::token::Purpose;

impl Config {
    /// What the sections promise each other.
    pub(super) fn check(&self, faults: &mut Faults) {
        let mut names = BTreeSet::new();
        let mut modules = BTreeSet::new();
        for (index, token) in self.tokens.iter().enumerate() {
            let at = |key: &str| format!("token[{index}].{key}");
            if !names.insert(&token.name) {
                faults.add(at("name"), "is used twice");
            }
            // A module is initialised once for the whole process.
            if !modules.insert(&token.place.module) {
                faults.add(
                    at("module"),
                    "serves another token already: run a second bridge",
                );
            }
            if let Some(kid) = &token.canary_key
                && self.key(kid).is_none_or(|key| key.token != token.name)
            {
                faults.add(at("canary_key"), "is not a key of this token");
            }
        }
        let mut kids = BTreeSet::new();
        let mut labels = BTreeSet::new();
        for (index, key) in self.keys.iter().enumerate() {
            let at = |name: &str| format!("key[{index}].{name}");
            if !kids.insert(&key.kid) {
                faults.add(at("kid"), "is used twice");
            }
            if !labels.insert((&key.token, &key.plan.label)) {
                faults.add(at("label"), "is used by another key: one key, one purpose");
            }
            if self.token(&key.token).is_none() {
                faults.add(at("token"), "is not the name of a token");
            }
        }
        let signer = self.audit.as_ref().and_then(|a| a.checkpoint_key.as_ref());
        if let Some(kid) = signer
            && !self
                .key(kid)
                .is_some_and(|key| key.plan.algorithms.contains(&crate::jwa::Algorithm::Es256))
        {
            faults.add(
                "audit.checkpoint_key",
                "is not a key of this file with ES256",
            );
        }
        for (index, key) in self.keys.iter().enumerate() {
            if key.rotate_every.is_some() && self.lifecycle.journal.is_none() {
                let at = format!("key[{index}].rotate_every_d");
                faults.add(at, "needs a `journal` in [lifecycle]");
            }
        }
        let mut stores = BTreeSet::new();
        for (index, store) in self.replay.iter().enumerate() {
            if !stores.insert(&store.name) {
                faults.add(format!("replay[{index}].name"), "is used twice");
            }
        }
        let mut places = BTreeSet::from([self.server.admin_socket.display().to_string()]);
        for (index, socket) in self.sockets.iter().enumerate() {
            if !places.insert(socket.at.to_string()) {
                let key = match socket.at {
                    Address::Unix(_) => "path",
                    Address::Tls(_) => "tls.address",
                };
                faults.add(format!("socket[{index}].{key}"), "is used twice");
            }
            if socket.replay.iter().any(|name| !stores.contains(name)) {
                let at = format!("socket[{index}].replay");
                faults.add(at, "names a store that is not in this file");
            }
            if socket.random.iter().any(|name| self.token(name).is_none()) {
                let at = format!("socket[{index}].random");
                faults.add(at, "names a token that is not in this file");
            }
            for (entry, allow) in socket.allow.iter().enumerate() {
                let at = |name: &str| format!("socket[{index}].allow[{entry}].{name}");
                let Some(key) = self.key(&allow.kid) else {
                    faults.add(at("kid"), "is not a key of this file");
                    continue;
                };
                for op in &allow.ops {
                    let verifies = op == "verify" && key.purpose != Purpose::Unwrap;
                    if op != "public" && op != key.purpose.name() && !verifies {
                        let purpose = key.purpose.name();
                        faults.add(at("ops"), format!("{op:?}: the key is for {purpose}"));
                    }
                }
            }
        }
    }
}
