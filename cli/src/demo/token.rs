//! SoftHSM2 with one EC key, and hsm-bridge in front of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use super::child::Running;
use super::{Args, policy, write_private};
use crate::bridge::BridgeClient;
use crate::sealing::random_text;

/// Name of the bridge's admin socket in the demo's folder.
pub(crate) const ADMIN_SOCKET: &str = "bridge-admin.sock";

/// A bridge that answers.
pub(crate) struct Bridge {
    pub(crate) running: Running,
    pub(crate) socket: PathBuf,
    /// The public half of `gw-ec`.
    pub(crate) public: Value,
}

/// Makes the token and its key, starts the bridge, waits until it is ready.
///
/// # Errors
/// When the token or the bridge cannot be had; with what they said.
pub(crate) async fn start(args: &Args, folder: &Path, secret: &str) -> Result<Bridge> {
    let softhsm = folder.join("softhsm2.conf");
    let objects = folder.join("tokens");
    std::fs::create_dir(&objects)?;
    let settings = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        objects.display()
    );
    std::fs::write(&softhsm, settings)?;
    let pin = random_text::<12>()?;
    write_private(&folder.join("pin"), pin.as_bytes())?;
    write_private(&folder.join("so-pin"), random_text::<12>()?.as_bytes())?;
    let socket = folder.join("bridge.sock");
    let config = folder.join("bridge.toml");
    std::fs::write(&config, configuration(args, folder, &socket))?;
    let bridge = |words: &[&str]| {
        let mut command = Command::new(&args.bridge);
        command.args(words).env("SOFTHSM2_CONF", &softhsm);
        command.env(policy::BRIDGE_TOKEN_VARIABLE, secret);
        command
    };
    let mut init = bridge(&["init-token", "--label", "demo"]);
    init.arg("--module").arg(&args.softhsm);
    init.arg("--pin-file").arg(folder.join("pin"));
    init.arg("--so-pin-file").arg(folder.join("so-pin"));
    finish("hsm-bridge init-token", init).await?;
    let mut keygen = bridge(&["keygen", "--kid", "gw-ec", "--type", "ec-p256"]);
    keygen.arg("--config").arg(&config);
    finish("hsm-bridge keygen", keygen).await?;
    let mut serve = bridge(&["serve", "--config"]);
    serve.arg(&config);
    let mut running = Running::start("hsm-bridge", &mut serve, folder)?;
    let client = BridgeClient::new(&socket, secret.as_bytes())?;
    running
        .wait_until(async || client.ask("GET", "/readyz", Vec::new()).await.is_ok())
        .await?;
    let public = client.public("gw-ec").await?;
    Ok(Bridge {
        running,
        socket,
        public,
    })
}

fn configuration(args: &Args, folder: &Path, socket: &Path) -> String {
    format!(
        r#"[server]
admin_socket = "{admin}"
request_timeout_ms = 1000
allow_root = true # a demo in a container has no other user

[[token]]
name = "demo"
module = "{module}"
select = {{ label = "demo" }}
pin = {{ file = "{pin}" }}
canary_key = "gw-ec"

[[key]]
kid = "gw-ec"
token = "demo"
purpose = "unwrap"
algs = ["ECDH-ES+A256KW"]

[[socket]]
path = "{socket}"
token = {{ env = "{variable}" }}
allow = [{{ kid = "gw-ec", ops = ["unwrap", "public"] }}]
"#,
        admin = folder.join(ADMIN_SOCKET).display(),
        module = args.softhsm.display(),
        pin = folder.join("pin").display(),
        socket = socket.display(),
        variable = policy::BRIDGE_TOKEN_VARIABLE,
    )
}

async fn finish(what: &str, mut command: Command) -> Result<()> {
    let output = command
        .output()
        .await
        .with_context(|| format!("cannot start {what}"))?;
    if !output.status.success() {
        bail!(
            "{what} failed:\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}
