//! Properties: the attributes a guest reads with `proxy_get_property`, in Envoy's encodings.

use std::collections::BTreeMap;

/// A value, encoded as Envoy does it: text and bytes as they are, integers as 8 bytes
/// little-endian, booleans as one byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertyValue {
    /// UTF-8 text.
    Text(String),
    /// Raw bytes.
    Bytes(Vec<u8>),
    /// Signed 64-bit integer.
    Int(i64),
    /// Boolean.
    Bool(bool),
}

impl PropertyValue {
    /// The bytes a guest receives.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Int(number) => number.to_le_bytes().to_vec(),
            Self::Bool(flag) => vec![u8::from(*flag)],
        }
    }
}

impl From<&str> for PropertyValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for PropertyValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for PropertyValue {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for PropertyValue {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<Vec<u8>> for PropertyValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Properties by path. A path is a list of parts; on the wire they are joined by a zero byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<Vec<u8>, PropertyValue>);

impl Properties {
    /// No property.
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Sets a property by its dotted name (`connection.tls_version`).
    pub fn set(&mut self, dotted: &str, value: impl Into<PropertyValue>) {
        self.0
            .insert(dotted.replace('.', "\0").into_bytes(), value.into());
    }

    /// Sets a property whose parts may contain dots.
    pub fn set_path(&mut self, parts: &[&str], value: impl Into<PropertyValue>) {
        self.0.insert(parts.join("\0").into_bytes(), value.into());
    }

    /// Sets one key of the route's metadata, as Envoy shows `filter_metadata`.
    pub fn set_route_metadata(&mut self, namespace: &str, key: &str, value: &str) {
        self.set_path(
            &["xds", "route_metadata", "filter_metadata", namespace, key],
            value,
        );
    }

    /// Removes a property by its dotted name.
    pub fn remove(&mut self, dotted: &str) {
        self.0.remove(dotted.replace('.', "\0").as_bytes());
    }

    /// Value by wire path (parts joined by zero bytes).
    pub fn value(&self, wire_path: &[u8]) -> Option<&PropertyValue> {
        self.0.get(wire_path)
    }

    pub(crate) fn merge(&mut self, over: &Self) {
        self.0.extend(
            over.0
                .iter()
                .map(|(path, value)| (path.clone(), value.clone())),
        );
    }

    pub(crate) fn store(&mut self, wire_path: &[u8], value: Vec<u8>) {
        self.0
            .insert(wire_path.to_vec(), PropertyValue::Bytes(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_envoys() {
        assert_eq!(
            PropertyValue::from(258i64).encode(),
            [2, 1, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(PropertyValue::from(true).encode(), [1]);
        assert_eq!(PropertyValue::from("TLSv1.3").encode(), b"TLSv1.3");
    }

    #[test]
    fn route_metadata_keys_may_contain_dots() {
        let mut properties = Properties::new();
        properties.set_route_metadata("sealgate.io", "policy", "payments");
        let path = b"xds\0route_metadata\0filter_metadata\0sealgate.io\0policy";
        assert_eq!(
            properties.value(path),
            Some(&PropertyValue::from("payments"))
        );
    }
}
