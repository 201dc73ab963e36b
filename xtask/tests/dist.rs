//! `cargo xtask dist`: the same bytes each time, through a real registry and back.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sealgate-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Debian's registry; ended with the test.
struct Registry {
    child: Child,
    address: String,
}

impl Registry {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a port")
            .local_addr()
            .expect("bound")
            .port();
        let address = format!("127.0.0.1:{port}");
        let config = folder.join("registry.yml");
        let text = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: '{address}' }}\n",
            folder.join("registry").display()
        );
        fs::write(&config, text).expect("written");
        let log = fs::File::create(folder.join("registry.log")).expect("a log");
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("docker-registry (apt) starts");
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(&address).is_err() {
            assert!(Instant::now() < until, "the registry does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, address }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn dist(module: &Path, out: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["dist", "--module"])
        .arg(module)
        .arg("--out")
        .arg(out)
        .output()
        .expect("ran");
    good(&output);
}

fn good(output: &Output) {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&said)
    );
}

fn skopeo(arguments: &[&str]) {
    let output = Command::new("skopeo")
        .args(["--insecure-policy", "copy"])
        .args(arguments)
        .output();
    good(&output.expect("skopeo (apt) runs"));
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// The blob that a descriptor of this layout names, checked against its digest and size.
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"]
        .as_str()
        .expect("a digest")
        .strip_prefix("sha256:")
        .expect("SHA-256");
    let bytes = fs::read(layout.join("blobs/sha256").join(digest)).expect("the blob");
    let found: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        (found.as_str(), Some(bytes.len() as u64)),
        (digest, descriptor["size"].as_u64())
    );
    bytes
}

/// The manifest with this tag; the only one where there is no tag.
fn manifest(layout: &Path, tag: &str) -> Value {
    let index = json(&layout.join("index.json"));
    let manifests = index["manifests"].as_array().expect("manifests");
    let tagged = |one: &&Value| one["annotations"]["org.opencontainers.image.ref.name"] == tag;
    let found = manifests
        .iter()
        .find(tagged)
        .or(manifests.first())
        .expect("a manifest");
    serde_json::from_slice(&blob(layout, found)).expect("JSON")
}

#[test]
fn a_release_is_the_same_each_time_and_comes_back_from_a_registry_unchanged() {
    let folder = Folder::new("dist");
    let module: Vec<u8> = b"\0asm\x01\0\0\0"
        .iter()
        .copied()
        .chain((0..100_000).map(|n| (n % 251) as u8))
        .collect();
    let file = folder.at("some.wasm");
    fs::write(&file, &module).expect("written");
    let (first, second) = (folder.at("first"), folder.at("second"));
    dist(&file, &first);
    std::thread::sleep(Duration::from_millis(1100));
    dist(&file, &second);
    let sums = fs::read_to_string(first.join("SHA256SUMS")).expect("checksums");
    assert_eq!(
        sums,
        fs::read_to_string(second.join("SHA256SUMS")).expect("checksums")
    );
    good(
        &Command::new("sha256sum")
            .args(["--check", "SHA256SUMS"])
            .current_dir(&first)
            .output()
            .expect("ran"),
    );
    assert_eq!(
        fs::read(first.join("sealgate_plugin.wasm")).expect("the module"),
        module
    );
    let registry = Registry::start(&folder.0);
    let version = env!("CARGO_PKG_VERSION");
    for tag in [version.to_owned(), format!("{version}-artifact")] {
        let remote = format!("docker://{}/sealgate:{tag}", registry.address);
        let layout = first.join("oci");
        let back = folder.at(&format!("back-{tag}"));
        skopeo(&[
            "--dest-tls-verify=false",
            &format!("oci:{}:{tag}", layout.display()),
            &remote,
        ]);
        skopeo(&[
            "--src-tls-verify=false",
            &remote,
            &format!("oci:{}", back.display()),
        ]);
        let (sent, got) = (manifest(&layout, &tag), manifest(&back, &tag));
        assert_eq!(sent, got, "{tag}");
        let layer = blob(&back, &got["layers"][0]);
        let content = match tag.ends_with("artifact") {
            true => layer,
            false => unpacked(&folder, &layer),
        };
        assert_eq!(content, module, "{tag}: the module came back changed");
    }
    bill_of_materials(&first);
}

/// The one file of the layer.
fn unpacked(folder: &Folder, layer: &[u8]) -> Vec<u8> {
    let (archive, inside) = (folder.at("layer.tgz"), folder.at("layer"));
    fs::write(&archive, layer).expect("written");
    fs::create_dir_all(&inside).expect("a folder");
    good(
        &Command::new("tar")
            .arg("-xzf")
            .arg(&archive)
            .arg("-C")
            .arg(&inside)
            .output()
            .expect("ran"),
    );
    let names: Vec<_> = fs::read_dir(&inside)
        .expect("files")
        .map(|entry| entry.expect("one").file_name())
        .collect();
    assert_eq!(names, ["plugin.wasm"]);
    fs::read(inside.join("plugin.wasm")).expect("the module")
}

fn bill_of_materials(release: &Path) {
    let bom = json(&release.join("sealgate.cdx.json"));
    assert_eq!(
        (&bom["bomFormat"], &bom["specVersion"]),
        (&"CycloneDX".into(), &"1.5".into())
    );
    let components = bom["components"].as_array().expect("components");
    let named = |name: &str| {
        components
            .iter()
            .find(|component| component["name"] == name)
    };
    let linked = named("aes-gcm").expect("the cipher is linked");
    assert_eq!(
        linked["hashes"][0]["content"].as_str().map(str::len),
        Some(64)
    );
    assert!(named("sealgate-engine").is_some());
    for absent in ["criterion", "wasmtime", "proptest", "cryptoki"] {
        assert!(
            named(absent).is_none(),
            "{absent} is not part of the module"
        );
    }
}
