//! An OCI image layout (image-spec 1.1) with the module in the two forms that are in use.
//!
//! `VERSION` is the form of a container image with one layer and one file, `plugin.wasm`: Istio, Envoy
//! Gateway, Higress and every registry take it. `VERSION-artifact` is the form of the wasm artifact
//! specification, with a configuration and a content layer of their own media types.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Release, sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const WASM_CONFIG: &str = "application/vnd.module.wasm.config.v1+json";
const WASM_CONTENT: &str = "application/vnd.module.wasm.content.layer.v1+wasm";
/// The name that control planes look for.
const FILE: &str = "plugin.wasm";

/// Writes the layout; gives tag and digest of each image in it.
pub(super) fn write(
    layout: &Path,
    release: &Release,
    module: &[u8],
) -> Result<Vec<(String, String)>> {
    let blobs = Blobs {
        folder: layout.join("blobs/sha256"),
    };
    std::fs::create_dir_all(&blobs.folder)?;
    let images = [
        (release.version.clone(), image(&blobs, release, module)?),
        (
            format!("{}-artifact", release.version),
            artifact(&blobs, release, module)?,
        ),
    ];
    let manifests: Vec<Value> = images
        .iter()
        .map(|(tag, descriptor)| {
            let mut descriptor = descriptor.clone();
            descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
            descriptor
        })
        .collect();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
    std::fs::write(layout.join("index.json"), index.to_string())?;
    std::fs::write(
        layout.join("oci-layout"),
        r#"{"imageLayoutVersion":"1.0.0"}"#,
    )?;
    let digest = |descriptor: &Value| descriptor["digest"].as_str().unwrap_or_default().to_owned();
    Ok(images
        .iter()
        .map(|(tag, descriptor)| (tag.clone(), digest(descriptor)))
        .collect())
}

fn image(blobs: &Blobs, release: &Release, module: &[u8]) -> Result<Value> {
    let tar = archive(module)?;
    let config = json!({
        "created": release.created,
        "architecture": "wasm",
        "os": "wasip1",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(&tar))] },
        "history": [{ "created": release.created, "created_by": "cargo xtask dist" }],
    });
    let config = blobs.add(IMAGE_CONFIG, config.to_string().as_bytes())?;
    let layer = blobs.add(LAYER, &piped("gzip", &["-n", "-9"], &tar)?)?;
    manifest(blobs, release, &config, &layer)
}

fn artifact(blobs: &Blobs, release: &Release, module: &[u8]) -> Result<Value> {
    let config =
        json!({ "name": "sealgate", "version": release.version, "abi": "proxy-wasm 0.2.1" });
    let config = blobs.add(WASM_CONFIG, config.to_string().as_bytes())?;
    let layer = blobs.add(WASM_CONTENT, module)?;
    manifest(blobs, release, &config, &layer)
}

fn manifest(blobs: &Blobs, release: &Release, config: &Value, layer: &Value) -> Result<Value> {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": config,
        "layers": [layer],
        "annotations": {
            "org.opencontainers.image.title": "sealgate",
            "org.opencontainers.image.version": release.version,
            "org.opencontainers.image.revision": release.commit,
            "org.opencontainers.image.created": release.created,
            "org.opencontainers.image.licenses": "Apache-2.0",
        },
    });
    blobs.add(MANIFEST, manifest.to_string().as_bytes())
}

/// One file that says nothing of who packed it, where and when.
fn archive(module: &[u8]) -> Result<Vec<u8>> {
    let folder = std::env::temp_dir().join(format!("sealgate-dist-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join(FILE), module)?;
    let output = Command::new("tar")
        .args([
            "--format=ustar",
            "--mtime=@0",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .args(["--mode=0644", "--create", "--file=-", "--directory"])
        .arg(&folder)
        .arg(FILE)
        .output()
        .context("cannot start tar")?;
    std::fs::remove_dir_all(&folder)?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => bail!("tar: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

fn piped(program: &str, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    let mut stdin = child.stdin.take().context("a pipe")?;
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    })?;
    match output.status.success() {
        true => Ok(output.stdout),
        false => bail!("{program} ended with {}", output.status),
    }
}

struct Blobs {
    folder: std::path::PathBuf,
}

impl Blobs {
    /// Puts a blob in its place, and describes it.
    fn add(&self, media_type: &str, bytes: &[u8]) -> Result<Value> {
        let digest = sha256(bytes);
        std::fs::write(self.folder.join(&digest), bytes)?;
        Ok(json!({
            "mediaType": media_type,
            "digest": format!("sha256:{digest}"),
            "size": bytes.len(),
        }))
    }
}
