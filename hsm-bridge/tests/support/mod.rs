//! A real bridge over a real token, each in its own folder and its own process.

// Each test binary uses a part of this.
#![allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]

pub mod bridge;
pub mod load;
pub mod opencryptoki;
pub mod redis;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use base64ct::{Base64UrlUnpadded, Encoding};
use tempfile::TempDir;

pub use bridge::{Answer, Bridge, request};
use opencryptoki::World;

pub const PIN: &str = "pin-4711";
pub const TOKEN: &str = "a header token of the tests";

/// Which token the suite runs over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    SoftHsm,
    Kryoptic,
    OpenCryptoki,
}

impl Kind {
    /// Whether this machine can run the token; says why not. Only opencryptoki asks for more than
    /// its module: a daemon, which runs as root.
    pub fn is_here(self) -> bool {
        self != Self::OpenCryptoki || World::is_possible()
    }

    /// How a configuration finds the token. cryptoki cannot read what opencryptoki says of its token.
    fn select(self) -> &'static str {
        match self {
            Self::OpenCryptoki => "slot = 0",
            _ => "label = \"test\"",
        }
    }

    pub fn module(self) -> PathBuf {
        let (name, default) = match self {
            Self::SoftHsm => (
                "SEALGATE_SOFTHSM_MODULE",
                Some("/usr/lib/softhsm/libsofthsm2.so"),
            ),
            Self::Kryoptic => ("SEALGATE_KRYOPTIC_MODULE", None),
            Self::OpenCryptoki => ("SEALGATE_OPENCRYPTOKI_MODULE", opencryptoki::module()),
        };
        let path = std::env::var_os(name)
            .map(PathBuf::from)
            .or(default.map(PathBuf::from));
        match path {
            Some(path) if path.exists() => path,
            _ => panic!(
                "no module for {self:?}: run `cargo xtask test`, which installs it and sets {name}"
            ),
        }
    }
}

/// A folder with a token in it, its PIN and header token, and a configuration.
pub struct Place {
    pub dir: TempDir,
    pub kind: Kind,
    /// Whether the module is reached through the fault shim, told by the file `control`.
    pub shim: bool,
    /// Where opencryptoki's daemon runs.
    pub world: Option<World>,
}

/// A key of the suite: kid, purpose, algorithms, type for `keygen`.
pub type Key = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static str,
);

pub const EC: Key = ("ec", "unwrap", &["ECDH-ES", "ECDH-ES+A256KW"], "ec-p256");
pub const RSA: Key = ("rsa", "unwrap", &["RSA-OAEP", "RSA-OAEP-256"], "rsa-2048");
pub const AES: Key = ("aes", "unwrap", &["A256KW"], "aes-256");
pub const MAC: Key = ("mac", "mac", &["HS256", "HS512"], "hmac-256");
pub const ES: Key = ("es", "sign", &["ES256"], "ec-p256");
pub const PS: Key = ("ps", "sign", &["PS256"], "rsa-2048");

impl Place {
    /// A fresh token with a PIN, without keys.
    pub fn new(kind: Kind) -> Self {
        let place = Self {
            dir: folder(kind),
            kind,
            shim: false,
            world: (kind == Kind::OpenCryptoki).then(World::start),
        };
        std::fs::create_dir(place.path("tokens")).unwrap();
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            place.path("tokens").display()
        );
        place.write("softhsm2.conf", &conf);
        place.write("pin", PIN);
        place.write("so-pin", "so-pin-4711");
        place.write("token", TOKEN);
        if place.world.is_some() {
            // Its own tool has given the token label and PIN.
            return place;
        }
        let made = place.run(&[
            "init-token",
            "--module",
            kind.module().to_str().unwrap(),
            "--label",
            "test",
            "--so-pin-file",
            place.path("so-pin").to_str().unwrap(),
            "--pin-file",
            place.path("pin").to_str().unwrap(),
        ]);
        assert!(made.status.success(), "{made:?}");
        place
    }

    /// As [`Place::new`], with these keys made and configured, the first of them the canary.
    pub fn with_keys(kind: Kind, keys: &[Key]) -> Self {
        let place = Self::new(kind);
        place.configure(keys, "", "");
        for (kid, _, _, r#type) in keys {
            place.keygen(kid, r#type);
        }
        place
    }

    /// As [`Place::with_keys`], with the fault shim before the token.
    pub fn shimmed(kind: Kind, keys: &[Key], server: &str, token: &str) -> Self {
        let mut place = Self::with_keys(kind, keys);
        place.shim = true;
        place.configure(keys, server, "");
        let text = std::fs::read_to_string(place.path("bridge.toml")).unwrap();
        let more = format!("select = {{ label = \"test\" }}\n{token}");
        let text = text.replace("select = { label = \"test\" }", &more);
        place.write("bridge.toml", &text);
        place
    }

    /// What the shim does from now on; see `tests/tokens/fault-shim`.
    pub fn control(&self, lines: &str) {
        // Written aside and moved: the shim never reads half of it.
        self.write("control.new", lines);
        std::fs::rename(self.path("control.new"), self.path("control")).unwrap();
    }

    /// How often the shim saw this call.
    pub fn calls(&self, what: &str) -> usize {
        let text = std::fs::read_to_string(self.path("control.calls")).unwrap_or_default();
        text.lines().filter(|line| *line == what).count()
    }

    fn module(&self) -> PathBuf {
        if self.shim {
            // Built beside this test, as one of its dependencies.
            let this = std::env::current_exe().unwrap();
            let module = this.with_file_name("libsealgate_fault_shim.so");
            assert!(module.exists(), "{} was not built", module.display());
            module
        } else {
            self.kind.module()
        }
    }

    /// Writes the configuration; `server` and `socket` are added to these sections.
    pub fn configure(&self, keys: &[Key], server: &str, socket: &str) {
        let (mut sections, mut allow) = (String::new(), String::new());
        for (kid, purpose, algs, _) in keys {
            sections += &format!(
                "[[key]]\nkid = \"{kid}\"\ntoken = \"t\"\npurpose = \"{purpose}\"\nalgs = {algs:?}\n"
            );
            let verify = if *purpose == "unwrap" {
                ""
            } else {
                "\"verify\", "
            };
            allow +=
                &format!("{{ kid = \"{kid}\", ops = [\"{purpose}\", {verify}\"public\"] }},\n");
        }
        let text = format!(
            "[server]\nadmin_socket = {admin:?}\nallow_root = true\nrequest_timeout_ms = 5000\n\
             {server}\n\
             [[token]]\nname = \"t\"\nmodule = {module:?}\nselect = {{ {select} }}\n\
             pin = {{ file = {pin:?} }}\ncanary_key = \"{canary}\"\n{sections}\
             [[socket]]\npath = {data:?}\ntoken = {{ file = {token:?} }}\nallow = [\n{allow}]\n\
             {socket}\n",
            admin = self.path("admin.sock"),
            module = self.module(),
            select = self.kind.select(),
            pin = self.path("pin"),
            canary = keys[0].0,
            data = self.path("data.sock"),
            token = self.path("token"),
        );
        let text = if socket.contains("fail_per_min") {
            text
        } else {
            // Suites fail on purpose, far more often than a client may.
            text + "fail_per_min = 0\n"
        };
        self.write("bridge.toml", &text);
    }

    /// Makes a key and returns its public JWK (or the line with the fingerprint).
    pub fn keygen(&self, kid: &str, r#type: &str) -> serde_json::Value {
        let made = self.verb("keygen", &["--kid", kid, "--type", r#type]);
        assert!(made.status.success(), "{made:?}");
        serde_json::from_slice(&made.stdout).unwrap()
    }

    /// Runs a verb with the configuration.
    pub fn verb(&self, verb: &str, more: &[&str]) -> Output {
        let config = self.path("bridge.toml");
        let mut args = vec![verb, "--config", config.to_str().unwrap()];
        args.extend(more);
        self.run(&args)
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(Path::new(env!("CARGO_BIN_EXE_hsm-bridge")))
            .args(args)
            .output()
            .unwrap()
    }

    /// A command that sees this token.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = match &self.world {
            None => Command::new(program),
            Some(world) => world.command(program),
        };
        command
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .env("KRYOPTIC_CONF", self.path("tokens/token.sql"))
            .env("FAULT_SHIM_MODULE", self.kind.module())
            .env("FAULT_SHIM_CONTROL", self.path("control"))
            .stdin(Stdio::null());
        command
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Starts the bridge and waits until it serves.
    pub fn serve(&self) -> Bridge<'_> {
        Bridge::start(self)
    }
}

/// In memory where the system has such a place: SoftHSM2 writes each key through to the disk.
/// The world of opencryptoki has that place for itself.
fn folder(kind: Kind) -> TempDir {
    if kind == Kind::OpenCryptoki {
        return TempDir::new().unwrap();
    }
    TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .unwrap()
}

pub fn b64(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

pub fn unb64(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).unwrap()
}

/// The parts of a compact JWE and the `unwrap` request it leads to.
pub struct Sealed {
    pub protected: String,
    pub iv: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
    pub request: serde_json::Value,
}

pub fn split(jwe: &str) -> Sealed {
    let parts: Vec<&str> = jwe.split('.').collect();
    let [protected, ek, iv, ciphertext, tag] = parts[..] else {
        panic!("not a compact JWE")
    };
    let head: serde_json::Value = serde_json::from_slice(&unb64(protected)).unwrap();
    let mut request = serde_json::json!({ "alg": head["alg"], "enc": head["enc"] });
    if !ek.is_empty() {
        request["ek"] = ek.into();
    }
    for member in ["epk", "apu", "apv", "iv", "tag"] {
        if let Some(value) = head.get(member) {
            request[member] = value.clone();
        }
    }
    Sealed {
        protected: protected.into(),
        iv: unb64(iv),
        ciphertext: unb64(ciphertext),
        tag: unb64(tag),
        request,
    }
}
