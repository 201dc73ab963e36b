//! A real bridge over a real token, each in its own folder and its own process.

// Each test binary uses a part of this.
#![allow(dead_code, unreachable_pub, reason = "shared by several test binaries")]

pub mod load;
pub mod redis;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding};
use tempfile::TempDir;

pub const PIN: &str = "pin-4711";
pub const TOKEN: &str = "a header token of the tests";

/// Which token the suite runs over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    SoftHsm,
    Kryoptic,
}

impl Kind {
    pub fn module(self) -> PathBuf {
        let (name, default) = match self {
            Self::SoftHsm => (
                "SEALGATE_SOFTHSM_MODULE",
                Some("/usr/lib/softhsm/libsofthsm2.so"),
            ),
            Self::Kryoptic => ("SEALGATE_KRYOPTIC_MODULE", None),
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
            dir: folder(),
            kind,
            shim: false,
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
             [[token]]\nname = \"t\"\nmodule = {module:?}\nselect = {{ label = \"test\" }}\n\
             pin = {{ file = {pin:?} }}\ncanary_key = \"{canary}\"\n{sections}\
             [[socket]]\npath = {data:?}\ntoken = {{ file = {token:?} }}\nallow = [\n{allow}]\n\
             {socket}\n",
            admin = self.path("admin.sock"),
            module = self.module(),
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
        let mut command = Command::new(program);
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
        let mut child = self
            .command(Path::new(env!("CARGO_BIN_EXE_hsm-bridge")))
            .args([
                "serve",
                "--config",
                self.path("bridge.toml").to_str().unwrap(),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let bridge = Bridge {
            place: self,
            child,
            log,
        };
        bridge.wait_for_log("\"ready\"");
        bridge
    }
}

/// In memory where the system has such a place: SoftHSM2 writes each key through to the disk.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm")
        .or_else(|_| TempDir::new())
        .unwrap()
}

/// A running bridge; killed when dropped.
pub struct Bridge<'a> {
    pub place: &'a Place,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Bridge<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("none").to_owned()
    }
}

impl Bridge<'_> {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to stop and waits for its end.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn wait_for_log(&self, what: &str) {
        let start = Instant::now();
        while !self.log().iter().any(|line| line.contains(what)) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "no {what}: {:?}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// POST of a JSON body to `/v1/keys/{path}` with the right header token.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Answer {
        self.send(&request(
            "POST",
            &format!("/v1/keys/{path}"),
            TOKEN,
            "",
            body,
        ))
        .unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&request("GET", path, TOKEN, "", b"")).unwrap()
    }

    /// Sends raw bytes to the data socket.
    pub fn send(&self, bytes: &[u8]) -> std::io::Result<Answer> {
        exchange(&self.place.path("data.sock"), bytes)
    }

    pub fn admin(&self, path: &str) -> Answer {
        let bytes = request("GET", path, "", "", b"");
        exchange(&self.place.path("admin.sock"), &bytes).unwrap()
    }

    /// A change on the admin socket.
    pub fn change(&self, path: &str, body: &serde_json::Value) -> Answer {
        let path = format!("/admin/v1/keys/{path}");
        let bytes = request("POST", &path, "", "", body.to_string().as_bytes());
        exchange(&self.place.path("admin.sock"), &bytes).unwrap()
    }

    /// Ends the process as a crash would, and keeps its folder.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The sum of a metric over the labels that contain `filter`.
    pub fn metric(&self, name: &str, filter: &str) -> f64 {
        let text = String::from_utf8(self.admin("/metrics").body).unwrap();
        let wanted = |line: &&str| {
            let named = line.strip_prefix(name);
            named.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(filter)
        };
        text.lines()
            .filter(wanted)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Orders that callers caused in the token.
    pub fn orders(&self) -> f64 {
        self.metric("hsmb_token_orders_total", "")
    }
}

/// A request as bytes. An empty token leaves the header out; `more` is further header lines.
pub fn request(method: &str, path: &str, token: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let token = match token {
        "" => String::new(),
        token => format!("x-hsm-bridge-token: {token}\r\n"),
    };
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: bridge\r\nconnection: close\r\n{token}\
         content-type: application/json\r\ncontent-length: {}\r\n{more}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn exchange(socket: &Path, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // A server that refuses early closes while we still write; the answer is what counts.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| std::io::Error::other("closed without an answer"))?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Ok(Answer {
        status,
        head,
        body: answer[end + 4..].to_vec(),
    })
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
