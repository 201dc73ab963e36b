//! What a built module imports and exports.

use std::collections::BTreeSet;
use std::path::Path;

use wasmparser::{ExternalKind, Parser, Payload};

/// The outside of a module.
#[derive(Debug)]
pub struct Interface {
    /// `module.name` of every import.
    pub imports: BTreeSet<String>,
    /// Names of the exported functions.
    pub exports: BTreeSet<String>,
}

impl Interface {
    /// Reads a module file.
    pub fn of(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut interface = Self {
            imports: BTreeSet::new(),
            exports: BTreeSet::new(),
        };
        for payload in Parser::new(0).parse_all(&bytes) {
            match payload.expect("a valid module") {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.expect("an import");
                        interface
                            .imports
                            .insert(format!("{}.{}", import.module, import.name));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export.expect("an export");
                        if export.kind == ExternalKind::Func {
                            interface.exports.insert(export.name.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        interface
    }

    /// The names that Envoy's `capability_restriction_config` must allow: imported host functions and
    /// exported callbacks, without their module names.
    pub fn capabilities(&self) -> Vec<String> {
        let imports = self
            .imports
            .iter()
            .filter_map(|name| Some(name.split_once('.')?.1.to_owned()));
        let mut all: Vec<String> = imports.chain(self.exports.iter().cloned()).collect();
        all.sort();
        all
    }
}
