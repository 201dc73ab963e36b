//! `sealgate demo`: the whole path on one machine, with a token, the bridge, a gate and an
//! upstream; then a story of clean and hostile requests.
//!
//! `cargo xtask demo` builds everything and calls this with the paths in the environment.

mod certificates;
mod child;
mod gate;
mod narrate;
mod policy;
mod story;
mod token;
mod upstream;
mod watching;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::println;
use anyhow::{Context, Result};
use serde_json::Value;

use crate::curl::quoted;
use crate::print::{BAD, DIM, GOOD, NAME};
use crate::sealing::token::Issuer;
use crate::sealing::{self, random_text};
use certificates::Certificates;
use child::Running;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Exit after the story instead of staying up for your requests
    #[arg(long)]
    once: bool,

    /// Use real Envoy with the files in this folder, instead of the embedded gateway
    #[arg(long, value_name = "FOLDER")]
    envoy: Option<PathBuf>,

    /// Watch the gate instead of telling the story: load and scripted attacks, with the page of
    /// `sealgate watch` open and an Alertmanager told
    #[arg(long, requires = "envoy")]
    watch: bool,

    /// The Envoy program
    #[arg(
        long,
        env = "SEALGATE_ENVOY",
        value_name = "FILE",
        default_value = "envoy"
    )]
    envoy_program: PathBuf,

    /// The built module
    #[arg(long, env = "SEALGATE_PLUGIN_WASM", value_name = "FILE")]
    plugin: PathBuf,

    /// The hsm-bridge program
    #[arg(long, env = "HSM_BRIDGE_BIN", value_name = "FILE")]
    bridge: PathBuf,

    /// SoftHSM2's PKCS#11 module
    #[arg(long, env = "SEALGATE_SOFTHSM_MODULE", value_name = "FILE")]
    softhsm: PathBuf,
}

pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let folder = tempfile::Builder::new()
        .prefix("sealgate-demo-")
        .tempdir()?;
    let mut children = Vec::new();
    let work = async {
        let world = World::build(args, folder.path(), &mut children).await?;
        let right = if args.watch {
            world.watch(&mut children).await?
        } else {
            world.tell().await?
        };
        if !args.once {
            world.invite()?;
            std::future::pending::<()>().await;
        }
        Ok(right)
    };
    let verdict = tokio::select! {
        verdict = work => verdict.map(Some),
        interrupted = interrupted() => interrupted.map(|()| None),
    };
    // In the order of the path: the gate first, so that it never asks a bridge that is gone.
    for child in children.into_iter().rev() {
        child.stop().await;
    }
    Ok(match verdict? {
        Some(true) => {
            println!("{GOOD}{}{GOOD:#}", args.good_end());
            ExitCode::SUCCESS
        }
        Some(false) => {
            println!("{BAD}{}{BAD:#}", args.bad_end());
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    })
}

impl Args {
    fn good_end(&self) -> &'static str {
        if self.watch {
            "every attack was told of in time, and the load before them was not"
        } else {
            "every verdict was the right one"
        }
    }

    fn bad_end(&self) -> &'static str {
        if self.watch {
            "an attack was not told of in time, or something else was"
        } else {
            "a verdict was wrong"
        }
    }
}

/// Everything that runs, and what a client needs to know of it.
struct World {
    folder: PathBuf,
    certificates: Certificates,
    upstream: upstream::Upstream,
    policy: PathBuf,
    bridge_socket: PathBuf,
    gate_log: PathBuf,
    port: u16,
    /// Envoy's admin port, where there is an Envoy.
    admin: Option<u16>,
    client: story::Client,
    mac: String,
    bridge_token: String,
}

impl World {
    async fn build(args: &Args, folder: &Path, children: &mut Vec<Running>) -> Result<Self> {
        step("certificates: an authority, the gateway, two partners and a stranger");
        let certificates = Certificates::make(&folder.join("tls"))?;
        step("token: SoftHSM2 with an EC key that never leaves it; hsm-bridge in front");
        let bridge_token = random_text::<24>()?;
        let bridge = token::start(args, folder, &bridge_token).await?;
        let (running, bridge_socket, public) = (bridge.running, bridge.socket, bridge.public);
        children.push(running);
        let upstream = upstream::Upstream::start().await?;
        let (issuer, issuer_jwk) = Issuer::generate("idp-2026")?;
        let policy = folder.join("policy.yaml");
        let public_issuer = issuer
            .public_jwk()
            .context("an ES256 key has a public half")?;
        std::fs::write(&policy, policy::yaml(&public_issuer))?;
        write_private(
            &folder.join("issuer.jwk"),
            issuer_jwk.to_string().as_bytes(),
        )?;
        let mac_bytes = random_bytes()?;
        let mac = mac_bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        let setup = gate::Setup {
            folder,
            plugin: &args.plugin,
            policy: &policy,
            certificates: &certificates,
            bridge_socket: &bridge_socket,
            upstream: upstream.address,
            mac: &mac,
            bridge_token: &bridge_token,
        };
        let (running, port, admin) = match &args.envoy {
            Some(files) => {
                step("gate: real Envoy with envoy/sealgate.yaml (TLS 1.3, mTLS, X25519MLKEM768)");
                setup.envoy(&args.envoy_program, files).await?
            }
            None => {
                step("gate: sealgate run, the same module (TLS 1.3, mTLS, X25519MLKEM768)");
                let (running, port) = setup.embedded().await?;
                (running, port, None)
            }
        };
        let gate_log = running.log().to_owned();
        children.push(running);
        let url = sealing::url(&format!("https://127.0.0.1:{port}/payments?batch=7"))?;
        Ok(Self {
            client: story::Client {
                url,
                issuer,
                gate: public,
                mac: mac_bytes,
            },
            folder: folder.to_owned(),
            certificates,
            upstream,
            policy,
            bridge_socket,
            gate_log,
            port,
            admin,
            mac,
            bridge_token,
        })
    }

    async fn tell(&self) -> Result<bool> {
        println!();
        let stage = narrate::Stage {
            certificates: &self.certificates,
            upstream: &self.upstream,
            log: &self.gate_log,
        };
        stage.play(self.client.story()?).await
    }

    /// Load and attacks, watched; `true` when each attack was told of in time.
    async fn watch(&self, children: &mut Vec<Running>) -> Result<bool> {
        let admin = self.admin.context("only Envoy is watched")?;
        let site = watching::Site {
            folder: &self.folder,
            admin,
            bridge: &self.folder.join(token::ADMIN_SOCKET),
            certificates: &self.certificates,
            client: &self.client,
        };
        site.play(children).await
    }

    /// Prints lines that a person can paste into another terminal.
    fn invite(&self) -> Result<()> {
        let file = |name: &str| quoted(&self.folder.join(name).to_string_lossy());
        let claims: Value = story::claims(24 * 3600)?;
        std::fs::write(self.folder.join("claims.json"), claims.to_string())?;
        std::fs::write(self.folder.join("order.json"), story::ORDER)?;
        let tls = self.certificates.client("partner-a");
        let tls = [
            ("--cacert", &tls.cacert),
            ("--cert", &tls.cert),
            ("--key", &tls.key),
        ]
        .into_iter()
        .filter_map(|(flag, path)| {
            Some(format!(
                "{flag} {}",
                quoted(&path.as_ref()?.to_string_lossy())
            ))
        })
        .collect::<Vec<_>>()
        .join(" ");
        let program = quoted(&std::env::current_exe()?.to_string_lossy());
        println!("\n{NAME}The gate stays up.{NAME:#} In another terminal (bash):\n");
        println!("{DIM}# the demo's two secrets{DIM:#}");
        println!(
            "export {}={} {}={}\n",
            policy::MAC_VARIABLE,
            self.mac,
            policy::BRIDGE_TOKEN_VARIABLE,
            self.bridge_token
        );
        println!(
            "{DIM}# a clean request; change order.json, claims.json or the certificate and see{DIM:#}"
        );
        println!(
            "{program} seal --policy {} --bridge {} \\\n  --claims {} --issuer-key {} \\\n  \
             --url 'https://127.0.0.1:{}/payments?batch=8' {tls} \\\n  --send {}\n",
            quoted(&self.policy.to_string_lossy()),
            quoted(&self.bridge_socket.to_string_lossy()),
            file("claims.json"),
            file("issuer.jwk"),
            self.port,
            file("order.json"),
        );
        println!(
            "{DIM}# the same without --send prints a curl line; this one knocks without any seal{DIM:#}"
        );
        println!(
            "curl -sS -i {tls} -H 'content-type: application/json' -d '{{\"amount\":1}}' \\\n  \
             https://127.0.0.1:{}/payments\n",
            self.port
        );
        println!("{DIM}# what the policy says{DIM:#}");
        println!(
            "{program} check {}\n",
            quoted(&self.policy.to_string_lossy())
        );
        println!(
            "{DIM}policy, certificates and logs are in {}; Ctrl-C ends it all{DIM:#}",
            self.folder.display()
        );
        Ok(())
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}

async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    println!("\nending what the demo started");
    Ok(())
}

fn random_bytes() -> Result<Vec<u8>> {
    let mut bytes = vec![0; 32];
    sealing::random(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness"))?;
    Ok(bytes)
}

fn step(what: &str) {
    println!("{NAME}==>{NAME:#} {what}");
}
