//! The real `hsm-bridge` over a real PKCS#11 token.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::h1;
use crate::keys::BRIDGE_TOKEN;
use crate::makers::{Lock, program};
use crate::message::Response;
use crate::process::Process;
use crate::required;

/// Which PKCS#11 module holds the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// SoftHSM2: EC keys, no RSA-OAEP-256.
    SoftHsm,
    /// Kryoptic: RSA-OAEP-256 too.
    Kryoptic,
}

/// A running bridge with freshly generated keys; killed on drop.
#[derive(Debug)]
pub struct Bridge {
    process: Option<Process>,
    token: Token,
    environment: Vec<(String, String)>,
    folder: TempDir,
}

const PIN: &str = "123456";
const LABEL: &str = "sealgate";

impl Bridge {
    /// Makes a token with `gw-ec` (and `gw-rsa` where the module can) and serves it.
    pub fn start(token: Token) -> Self {
        Self::start_with(token, None)
    }

    /// As [`Bridge::start`], with the replay store `replay` in the server behind this Unix socket.
    pub fn with_store(token: Token, server: &Path, password: &str) -> Self {
        Self::start_with(token, Some((server, password)))
    }

    fn start_with(token: Token, store: Option<(&Path, &str)>) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut environment = initialise(token, folder.path());
        // A line per request, with the trace it belongs to.
        environment.push(("HSM_BRIDGE_LOG".to_owned(), "hsm_bridge=debug".to_owned()));
        let config = folder.path().join(CONFIG);
        let text = configuration(token, folder.path(), store);
        std::fs::write(&config, text).expect("configuration");
        let mut kinds = vec![("gw-ec", "ec-p256")];
        if token == Token::Kryoptic {
            kinds.push(("gw-rsa", "rsa-2048"));
        }
        for (kid, kind) in kinds {
            let path = config.to_str().expect("UTF-8");
            run(
                &required::bridge(),
                &["keygen", "--config", path, "--kid", kid, "--type", kind],
                &environment,
            );
        }
        let mut bridge = Self {
            process: None,
            token,
            environment,
            folder,
        };
        bridge.restart();
        bridge
    }

    /// Kills the bridge, as a crash would.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts the bridge over the same token, and waits until it is ready.
    pub fn restart(&mut self) {
        self.process = None;
        let config = self.folder.path().join(CONFIG);
        let log = self.folder.path().join("bridge.log");
        let arguments = ["serve".into(), "--config".into(), config.into_os_string()];
        let mut process = Process::start(&required::bridge(), arguments, &self.environment, &log);
        let socket = self.socket();
        process.wait_for(Duration::from_secs(20), || {
            let answer = ask(&socket, "/readyz").ok()?;
            (answer.status == 200).then_some(())
        });
        self.process = Some(process);
    }

    /// The data socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// The key that senders seal to: P-256 on SoftHSM2, RSA on kryoptic.
    pub fn lock(&self) -> Lock {
        match self.token {
            Token::SoftHsm => self.lock_of("ECDH-ES+A256KW", "gw-ec"),
            Token::Kryoptic => self.lock_of("RSA-OAEP-256", "gw-rsa"),
        }
    }

    /// The public half of a key, fetched from the bridge.
    pub fn lock_of(&self, alg: &str, kid: &str) -> Lock {
        let answer = ask(&self.socket(), &format!("/v1/keys/{kid}/public")).expect("public key");
        assert_eq!(answer.status, 200, "{}", self.log());
        let answer: Value = answer.json();
        let jwk = answer.get("jwk").unwrap_or(&answer);
        let names = ["kty", "crv", "x", "y", "n", "e"];
        let jwk = names
            .iter()
            .filter_map(|name| Some((name.to_string(), jwk.get(name)?.clone())));
        Lock::public(alg, kid, &Value::Object(jwk.collect()))
    }

    /// A change of a key on the admin socket, as `hsm-bridge rotate` and `state` ask for it: `rotate` of
    /// `gw-ec`, `disable` of `gw-ec#1`. It is in force when this returns.
    pub fn change(&self, kid: &str, what: &str) -> Value {
        let mut stream =
            UnixStream::connect(self.folder.path().join(ADMIN)).expect("the admin socket");
        let kid = kid.replace('#', "%23");
        write!(
            stream,
            "POST /admin/v1/keys/{kid}/{what} HTTP/1.1\r\nhost: bridge\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
        )
        .expect("a request");
        let answer = h1::Reader::new(stream).response().expect("an answer");
        assert_eq!(answer.status, 200, "{kid} {what}: {}", self.log());
        answer.json()
    }

    /// Another verb of `hsm-bridge` on the same configuration and token.
    pub fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(required::bridge());
        command
            .arg(verb)
            .arg("--config")
            .arg(self.folder.path().join(CONFIG));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The spans that the bridge wrote, as OpenTelemetry's own types read them.
    pub fn spans(&self) -> Vec<Value> {
        let path = self.folder.path().join(SPANS);
        let path = Value::from(path.to_str().expect("UTF-8"));
        match program::answer(program::python(".", "spans.py"), &path) {
            Value::Array(spans) => spans,
            other => panic!("no list of spans: {other}"),
        }
    }

    /// What the bridge logged.
    pub fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }
}

const SOCKET: &str = "data.sock";
const ADMIN: &str = "admin.sock";
const CONFIG: &str = "hsm-bridge.toml";
const SPANS: &str = "spans.jsonl";

fn initialise(token: Token, folder: &Path) -> Vec<(String, String)> {
    let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    match token {
        Token::SoftHsm => {
            let tokens = folder.join("tokens");
            std::fs::create_dir(&tokens).expect("folder");
            let config = folder.join("softhsm2.conf");
            let body = format!(
                "directories.tokendir = {}\nobjectstore.backend = file\n",
                text(tokens)
            );
            std::fs::write(&config, body).expect("configuration");
            let environment = vec![("SOFTHSM2_CONF".to_owned(), text(config))];
            let arguments = [
                "--init-token",
                "--free",
                "--label",
                LABEL,
                "--pin",
                PIN,
                "--so-pin",
                "87654321",
            ];
            run(Path::new("softhsm2-util"), &arguments, &environment);
            environment
        }
        Token::Kryoptic => {
            let config = folder.join("kryoptic.toml");
            let store = text(folder.join("kryoptic.sql"));
            let body = format!(
                "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"{store}\"\ndescription = \"Sealgate\"\n"
            );
            std::fs::write(&config, body).expect("configuration");
            let environment = vec![("KRYOPTIC_CONF".to_owned(), text(config))];
            let module = text(required::kryoptic());
            let tool = Path::new("pkcs11-tool");
            let so = [
                "--module",
                &module,
                "--init-token",
                "--label",
                LABEL,
                "--so-pin",
                "87654321",
            ];
            run(tool, &so, &environment);
            let user = [
                "--module",
                &module,
                "--login",
                "--login-type",
                "so",
                "--so-pin",
                "87654321",
                "--init-pin",
                "--pin",
                PIN,
            ];
            run(tool, &user, &environment);
            environment
        }
    }
}

fn configuration(token: Token, folder: &Path, store: Option<(&Path, &str)>) -> String {
    let folder = folder.to_str().expect("UTF-8");
    let module = match token {
        Token::SoftHsm => required::softhsm(),
        Token::Kryoptic => required::kryoptic(),
    };
    std::fs::write(format!("{folder}/pin"), PIN).expect("PIN file");
    std::fs::write(format!("{folder}/token"), BRIDGE_TOKEN).expect("token file");
    std::fs::write(
        format!("{folder}/store"),
        store.map_or("none", |(_, password)| password),
    )
    .expect("password file");
    for secret in ["pin", "token", "store"] {
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(format!("{folder}/{secret}"), private).expect("mode");
    }
    let mut keys = vec![("gw-ec", r#"["ECDH-ES", "ECDH-ES+A256KW"]"#)];
    if token == Token::Kryoptic {
        keys.push(("gw-rsa", r#"["RSA-OAEP-256", "RSA-OAEP"]"#));
    }
    let sections: String = keys
        .iter()
        .map(|(kid, algs)| {
            format!(
                "[[key]]\nkid = \"{kid}\"\ntoken = \"test\"\npurpose = \"unwrap\"\nalgs = {algs}\n"
            )
        })
        .collect();
    let allow: Vec<_> = keys
        .iter()
        .map(|(kid, _)| format!("{{ kid = \"{kid}\", ops = [\"unwrap\", \"public\"] }}"))
        .collect();
    let (store, stores) = match store {
        Some((server, _)) => (
            format!(
                "[[replay]]\nname = \"replay\"\nserver = {{ unix = \"{}\" }}\n\
                 password = {{ file = \"{folder}/store\" }}\ntimeout_ms = 5000\n",
                server.display()
            ),
            "replay = [\"replay\"]\n",
        ),
        None => (String::new(), ""),
    };
    format!(
        "[server]\nadmin_socket = \"{folder}/{ADMIN}\"\nallow_root = true\nrequest_timeout_ms = 6000\n\
         idle_timeout_s = 120\n\
         [lifecycle]\njournal = \"{folder}/keys.jsonl\"\n\
         [spans]\npath = \"{folder}/{SPANS}\"\n\
         [[token]]\nname = \"test\"\nmodule = \"{}\"\nselect = {{ label = \"{LABEL}\" }}\n\
         pin = {{ file = \"{folder}/pin\" }}\ncanary_key = \"gw-ec\"\n{sections}{store}\
         [[socket]]\npath = \"{folder}/{SOCKET}\"\ntoken = {{ file = \"{folder}/token\" }}\nfail_per_min = 0\n{stores}allow = [{}]\n",
        module.display(),
        allow.join(", ")
    )
}

fn run(program: &Path, arguments: &[&str], environment: &[(String, String)]) {
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `cargo xtask test` installs what the suites need",
                program.display()
            )
        });
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}\n{}{}",
        program.display(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn ask(socket: &Path, path: &str) -> std::io::Result<Response> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: bridge\r\nx-hsm-bridge-token: {BRIDGE_TOKEN}\r\nconnection: close\r\n\r\n"
    )?;
    h1::Reader::new(stream).response()
}
