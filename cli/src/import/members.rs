//! Reading a vendor's document: members by name, each with the place it stands in.

use serde_json::Value;

use super::Secret;

/// A value and its place, such as `services[0].plugins[1].config`.
#[derive(Clone)]
pub(super) struct Members<'a> {
    value: &'a Value,
    pub(super) place: String,
}

impl<'a> Members<'a> {
    /// A whole document.
    pub(super) fn of(document: &'a Value) -> Self {
        let place = String::new();
        Self {
            value: document,
            place,
        }
    }

    /// The member, or nothing in its place.
    pub(super) fn get(&self, name: &str) -> Self {
        let value = self.value.get(name).unwrap_or(&Value::Null);
        let place = match self.place.as_str() {
            "" => name.to_owned(),
            place => format!("{place}.{name}"),
        };
        Self { value, place }
    }

    pub(super) fn is_there(&self) -> bool {
        !self.value.is_null()
    }

    /// The entries of a list; a single value is a list of itself.
    pub(super) fn entries(&self) -> Vec<Self> {
        let list = match self.value {
            Value::Array(list) => list.as_slice(),
            Value::Null => &[],
            one => std::slice::from_ref(one),
        };
        let entry = |(at, value)| Self {
            value,
            place: format!("{}[{at}]", self.place),
        };
        list.iter().enumerate().map(entry).collect()
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The text of a member, or nothing.
    pub(super) fn text_of(&self, name: &str) -> Option<&'a str> {
        self.get(name).text()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).value.as_bool().unwrap_or(false)
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).value.as_u64()
    }

    /// The texts of a list.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        let entries = self.get(name).entries();
        let texts = entries.iter().filter_map(Self::text);
        texts.map(str::to_owned).collect()
    }

    /// Where a secret is: in the document, in the environment (`$env://`, `{vault://env/`), in a
    /// vault.
    pub(super) fn secret(&self, name: &str) -> Secret {
        let text = self.text_of(name).unwrap_or_default();
        if let Some(variable) = text.strip_prefix("$env://") {
            return Secret::Env(variable.to_owned());
        }
        if let Some(variable) = text
            .strip_prefix("{vault://env/")
            .and_then(|rest| rest.strip_suffix('}'))
        {
            // Kong reads `my-secret` from MY_SECRET.
            return Secret::Env(variable.replace('-', "_").to_uppercase());
        }
        if text.starts_with("{vault://") || text.starts_with("$secret://") {
            return Secret::Vault;
        }
        Secret::Written(text.len())
    }
}
