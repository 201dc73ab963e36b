//! `cargo xtask dist`: what a release consists of. The module, its bill of materials, checksums, and an
//! OCI image layout in the two forms that control planes take; the same bytes for the same commit.

mod bom;
mod oci;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::places::Places;
use crate::tools::Tools;
use crate::{process, say};

const MODULE: &str = "sealgate_plugin.wasm";

#[derive(clap::Args)]
#[command(after_help = "Push the layout with any tool that reads one:\n  \
        skopeo copy oci:dist/oci:VERSION docker://registry.example/sealgate:VERSION\n  \
        skopeo copy oci:dist/oci:VERSION-artifact docker://registry.example/sealgate:VERSION-artifact")]
pub(crate) struct Args {
    /// Folder to write to; it must be empty or not be there
    #[arg(long, value_name = "FOLDER", default_value = "dist")]
    out: PathBuf,

    /// A module that is built already
    #[arg(long, value_name = "WASM", conflicts_with = "verify")]
    module: Option<PathBuf>,

    /// Build twice, in different folders, and fail when a byte differs
    #[arg(long)]
    verify: bool,
}

pub(crate) fn run(places: &Places, args: &Args) -> Result<bool> {
    Tools::rust_only(places)?;
    let out = std::path::absolute(&args.out)?;
    let taken = out.is_dir() && std::fs::read_dir(&out)?.next().is_some();
    if taken {
        bail!("{} is not empty", out.display());
    }
    let module = match &args.module {
        Some(file) => read(file)?,
        None => built(places, "dist")?,
    };
    if args.verify {
        say::step("the same once more, elsewhere");
        if built(places, "dist-again")? != module {
            bail!("two builds of one commit differ");
        }
        say::note("both builds are the same, byte for byte");
    }
    std::fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    std::fs::write(out.join(MODULE), &module)?;
    let release = Release::of(places)?;
    let bom = bom::write(places, &release, &module)?;
    std::fs::write(out.join("sealgate.cdx.json"), &bom)?;
    let images = oci::write(&out.join("oci"), &release, &module)?;
    let sums = checksums(&out)?;
    std::fs::write(out.join("SHA256SUMS"), &sums)?;
    say::step(&format!("release {} in {}", release.version, out.display()));
    for (tag, digest) in images {
        say::note(&format!("oci:{tag} {digest}"));
    }
    say::note(&format!("module sha256:{}", sha256(&module)));
    Ok(true)
}

/// What a release is called, and when its commit was made.
pub(crate) struct Release {
    version: String,
    commit: String,
    /// RFC 3339; of the commit, so that a later build says the same.
    created: String,
}

impl Release {
    fn of(places: &Places) -> Result<Self> {
        let git = |format: &str| {
            let root = places.root.to_string_lossy().into_owned();
            let format = format!("--format={format}");
            let date = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
            process::answer("git", &["-C", &root, "log", "-1", date, &format])
                .context("git does not tell the commit")
        };
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: git("%H")?,
            created: git("%cd")?,
        })
    }
}

/// Builds the module without a trace of the folders it was built in.
fn built(places: &Places, folder: &str) -> Result<Vec<u8>> {
    say::step(&format!(
        "build the module (wasm32-wasip1, profile wasm, in {folder})"
    ));
    let target = places.apart(folder);
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    let renamed = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let flags = [
        // Takes the place of what .cargo/config.toml says for this target, so it is said again.
        "-Ctarget-feature=+simd128".to_owned(),
        renamed(&home, "/cargo"),
        renamed(&places.root, "/sealgate"),
        renamed(&target, "/target"),
    ];
    let mut cargo = places.cargo();
    cargo
        .args(["build", "--locked", "--package", "sealgate-plugin"])
        .args(["--target", "wasm32-wasip1", "--profile", "wasm"])
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    process::loud(&mut cargo)?;
    read(&target.join("wasm32-wasip1/wasm").join(MODULE))
}

/// `sha256sum -c` reads it; names in order, so that it is the same each time.
fn checksums(out: &Path) -> Result<String> {
    let mut files = Vec::new();
    let mut folders = vec![out.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files.sort();
    let mut text = String::new();
    for file in files {
        let name = file.strip_prefix(out)?.display().to_string();
        text.push_str(&format!("{}  {name}\n", sha256(&read(&file)?)));
    }
    Ok(text)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
