//! Policy files on disk: YAML or JSON, and the key material that they name.
//!
//! The engine reads JSON and no files. This module is the bridge: it parses what people write,
//! refusing repeated members, and fetches material from environment and files.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sealgate_engine::MaterialSource;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

/// Largest policy file that is read, in bytes.
const MAX_POLICY_BYTES: u64 = 4 * 1024 * 1024;

/// A policy as written, turned into JSON.
pub(crate) struct PolicyFile {
    path: PathBuf,
    document: Value,
    /// The OpenAPI documents that were read into it.
    contracts: Vec<PathBuf>,
}

impl PolicyFile {
    /// Reads a file; `.json` is read as JSON, anything else as YAML.
    ///
    /// # Errors
    /// When the file cannot be read or is not what its name says; repeated members are refused.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let size = std::fs::metadata(path)
            .with_context(|| format!("cannot read {}", path.display()))?
            .len();
        if size > MAX_POLICY_BYTES {
            bail!(
                "{} has {size} bytes; a policy has at most {MAX_POLICY_BYTES}",
                path.display()
            );
        }
        let text = Zeroizing::new(
            std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?,
        );
        // YAML is a superset of JSON, and the YAML reader refuses repeated members in both.
        let mut document =
            serde_saphyr::from_str(&text).map_err(|error| fault(path, &error.to_string()))?;
        let contracts = inline_contracts(path.parent(), &mut document)?;
        Ok(Self {
            path: path.to_owned(),
            document,
            contracts,
        })
    }

    /// Where it was read from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The document.
    pub(crate) fn document(&self) -> &Value {
        &self.document
    }

    /// The document as the engine reads it.
    pub(crate) fn json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.document.to_string().into_bytes())
    }

    /// Where this policy's relative paths start, and this process's environment.
    pub(crate) fn materials(&self) -> Materials {
        let folder = self
            .path
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default();
        Materials { folder }
    }

    /// The document as the engine reads it, with material that is not here taken to be right: for
    /// checking a policy where its secrets must not be.
    pub(crate) fn json_without_secrets(&self) -> Zeroizing<Vec<u8>> {
        let materials = self.materials();
        let mut document = self.document.clone();
        for place in places(&mut document) {
            if inline(&mut place.clone(), &materials).is_err() {
                let stand_in = match place.get("encoding").and_then(Value::as_str) {
                    None | Some("hex") => "5e".repeat(32),
                    _ => "A".repeat(43), // 32 bytes of base64url, and a fair text
                };
                let encoding = place
                    .get("encoding")
                    .cloned()
                    .unwrap_or_else(|| "hex".into());
                *place = serde_json::json!({ "inline": stand_in, "encoding": encoding });
            }
        }
        Zeroizing::new(document.to_string().into_bytes())
    }

    /// The files its material and its OpenAPI documents are read from.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folder = self.materials().folder;
        let keys = self
            .document
            .get("keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        keys.filter_map(|key| key.pointer("/material/file"))
            .chain(self.document.pointer("/bridge/token/file"))
            .filter_map(Value::as_str)
            .map(|path| folder.join(path))
            .chain(self.contracts.iter().cloned())
            .collect()
    }

    /// The document with every `env` and `file` material replaced by its content: what is handed,
    /// in memory only, to a module that can read neither.
    ///
    /// # Errors
    /// When material is missing or is not text.
    pub(crate) fn resolved(&self) -> Result<Zeroizing<Vec<u8>>> {
        let materials = self.materials();
        let mut document = self.document.clone();
        for place in places(&mut document) {
            inline(place, &materials)?;
        }
        let text = Zeroizing::new(document.to_string().into_bytes());
        wipe(&mut document);
        Ok(text)
    }
}

/// Puts the OpenAPI documents that `inspect.openapi` names by file in place of their names: they
/// are no secrets, and who judges can read no files.
fn inline_contracts(folder: Option<&Path>, document: &mut Value) -> Result<Vec<PathBuf>> {
    let mut read = Vec::new();
    let policies = document.get_mut("policies").and_then(Value::as_object_mut);
    for policy in policies
        .into_iter()
        .flat_map(|policies| policies.values_mut())
    {
        let Some(place) = policy.pointer_mut("/inspect/openapi") else {
            continue;
        };
        let Some(name) = place.get("file").and_then(Value::as_str) else {
            continue;
        };
        let file = folder.unwrap_or(Path::new("")).join(name);
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        *place = serde_saphyr::from_str(&text).map_err(|error| fault(&file, &error.to_string()))?;
        read.push(file);
    }
    Ok(read)
}

/// Every place of a document that names key material.
fn places(document: &mut Value) -> Vec<&mut Value> {
    let mut places: Vec<&mut Value> = Vec::new();
    let Value::Object(members) = document else {
        return places;
    };
    for (name, member) in members {
        match (name.as_str(), member) {
            ("keys", Value::Array(keys)) => {
                places.extend(keys.iter_mut().filter_map(|key| key.get_mut("material")));
            }
            ("bridge", bridge) => places.extend(bridge.get_mut("token")),
            _ => {}
        }
    }
    places
}

/// Environment and files, as [`MaterialSource`].
pub(crate) struct Materials {
    folder: PathBuf,
}

impl MaterialSource for Materials {
    fn env(&self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        use std::os::unix::ffi::OsStringExt;
        Some(Zeroizing::new(std::env::var_os(name)?.into_vec()))
    }

    fn file(&self, path: &str) -> Option<Zeroizing<Vec<u8>>> {
        std::fs::read(self.folder.join(path))
            .ok()
            .map(Zeroizing::new)
    }
}

fn inline(material: &mut Value, materials: &Materials) -> Result<()> {
    let Value::Object(members) = material else {
        return Ok(());
    };
    let fetched = if let Some(name) = members.get("env").and_then(Value::as_str) {
        let content = materials
            .env(name)
            .with_context(|| format!("environment variable {name} is not set"))?;
        Some(("env", content))
    } else if let Some(path) = members.get("file").and_then(Value::as_str) {
        let content = materials
            .file(path)
            .with_context(|| format!("cannot read {path}"))?;
        Some(("file", content))
    } else {
        None
    };
    if let Some((source, content)) = fetched {
        let text = std::str::from_utf8(&content)
            .with_context(|| format!("key material of {source} is not text; write it as hex"))?;
        let text = text.trim_ascii().to_owned();
        members.remove(source);
        members.insert("inline".to_owned(), Value::String(text));
    }
    Ok(())
}

/// Overwrites every string: the resolved document held keys.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(members) => members.values_mut().for_each(wipe),
        _ => {}
    }
}

fn fault(path: &Path, problem: &str) -> anyhow::Error {
    anyhow::anyhow!("{} cannot be read: {problem}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("policy.yaml");
        std::fs::write(&path, text).expect("written");
        (folder, path)
    }

    #[test]
    fn repeated_members_are_refused_in_yaml_and_json() {
        for text in [
            "version: 1\nversion: 2\n",
            r#"{"version": 1, "version": 1}"#,
        ] {
            let (_folder, path) = written(text);
            let error = PolicyFile::read(&path).err().expect("refused").to_string();
            assert!(error.contains("duplicate"), "{error}");
        }
    }

    #[test]
    fn files_and_environment_become_inline_text_and_nothing_else_changes() {
        let (folder, path) = written(
            "version: 1\nkeys:\n  - { id: a, material: { file: a.hex } }\n  \
             - { id: b, material: { env: PATH, encoding: text } }\n  \
             - { id: c, material: { bridge: c } }\n",
        );
        std::fs::write(folder.path().join("a.hex"), "00ff\n").expect("written");
        let resolved = PolicyFile::read(&path)
            .expect("read")
            .resolved()
            .expect("resolved");
        let value: Value = serde_json::from_slice(&resolved).expect("json");
        assert_eq!(
            value["keys"][0]["material"],
            serde_json::json!({ "inline": "00ff" })
        );
        let path = std::env::var("PATH").expect("PATH");
        assert_eq!(value["keys"][1]["material"]["inline"], path.as_str());
        assert_eq!(value["keys"][1]["material"]["encoding"], "text");
        assert_eq!(
            value["keys"][2]["material"],
            serde_json::json!({ "bridge": "c" })
        );
    }

    #[test]
    fn an_openapi_document_is_read_into_its_place() {
        let (folder, path) =
            written("policies: { a: { inspect: { openapi: { file: api.yaml } } } }");
        assert!(PolicyFile::read(&path).is_err(), "the file is not there");
        let api = folder.path().join("api.yaml");
        std::fs::write(&api, "openapi: 3.1.0\npaths: {}\n").expect("written");
        let file = PolicyFile::read(&path).expect("read");
        let inlined = file
            .document()
            .pointer("/policies/a/inspect/openapi/openapi");
        assert_eq!(inlined, Some(&Value::from("3.1.0")));
        assert_eq!(file.files(), [api]);
    }

    #[test]
    fn a_missing_file_is_named() {
        let (_folder, path) = written("keys: [{ material: { file: nowhere.hex } }]");
        let error = PolicyFile::read(&path)
            .expect("read")
            .resolved()
            .expect_err("missing");
        assert!(error.to_string().contains("nowhere.hex"), "{error}");
    }
}
