//! The gate in the middle: the embedded gateway, or real Envoy with the files of `envoy/`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::certificates::Certificates;
use super::child::{self, Running};
use super::policy;

/// What both kinds of gate are started with.
pub(crate) struct Setup<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) plugin: &'a Path,
    pub(crate) policy: &'a Path,
    pub(crate) certificates: &'a Certificates,
    pub(crate) bridge_socket: &'a Path,
    pub(crate) upstream: std::net::SocketAddr,
    pub(crate) mac: &'a str,
    pub(crate) bridge_token: &'a str,
}

impl Setup<'_> {
    /// Starts `sealgate run`; returns it with its port.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) async fn embedded(&self) -> Result<(Running, u16)> {
        let port = child::free_port()?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["run", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--upstream", &format!("http://{}", self.upstream)])
            .args([
                "--cluster",
                &format!("hsm-bridge=unix:{}", self.bridge_socket.display()),
            ])
            .arg("--policy")
            .arg(self.policy)
            .arg("--module")
            .arg(self.plugin)
            .arg("--cert")
            .arg(self.certificates.file("gateway.pem"))
            .arg("--key")
            .arg(self.certificates.file("gateway.key"))
            .arg("--client-ca")
            .arg(self.certificates.file("clients-ca.pem"));
        self.secrets(&mut command);
        let mut running = Running::start("sealgate-run", &mut command, self.folder)?;
        running
            .wait_until(async || child::listens(port).await)
            .await?;
        Ok((running, port))
    }

    /// Starts Envoy with the bootstrap and the ECDS file of `envoy/`, site values replaced; returns
    /// it with its public and its admin port.
    ///
    /// # Errors
    /// When a site value is not where it is said to be, or Envoy does not come up.
    pub(crate) async fn envoy(
        &self,
        binary: &Path,
        files: &Path,
    ) -> Result<(Running, u16, Option<u16>)> {
        let port = child::free_port()?;
        let admin = child::free_port()?;
        let ecds = self.folder.join("sealgate.ecds.yaml");
        let bootstrap = replaced(
            &files.join("sealgate.yaml"),
            &[
                (
                    "/etc/sealgate/tls/clients-ca.pem",
                    self.certificates.file("clients-ca.pem"),
                ),
                ("/etc/sealgate/tls", self.certificates.folder.clone()),
                ("/etc/sealgate/sealgate.ecds.yaml", ecds.clone()),
                ("/run/hsm-bridge/data.sock", self.bridge_socket.to_owned()),
                (
                    "address: 0.0.0.0, port_value: 10443",
                    format!("address: 127.0.0.1, port_value: {port}").into(),
                ),
                (
                    "port_value: 8080",
                    format!("port_value: {}", self.upstream.port()).into(),
                ),
                ("port_value: 9901", format!("port_value: {admin}").into()),
            ],
        )?;
        let plugin = replaced(
            &files.join("sealgate.ecds.yaml"),
            &[("/etc/sealgate/sealgate_plugin.wasm", self.plugin.to_owned())],
        )?;
        let marker = "\n          value:\n";
        let Some(at) = plugin.find(marker) else {
            bail!("sealgate.ecds.yaml has no `value:` with the policy");
        };
        let head = plugin.get(..at).unwrap_or_default();
        let policy = crate::policy_file::PolicyFile::read(self.policy)?;
        let json = String::from_utf8(policy.json().to_vec())?;
        std::fs::write(&ecds, format!("{head}\n          value: {json}\n"))?;
        let path = self.folder.join("envoy.yaml");
        std::fs::write(&path, bootstrap)?;
        let mut command = Command::new(binary);
        command.arg("-c").arg(&path).args([
            "--disable-hot-restart",
            "--concurrency",
            "1",
            "--log-level",
            "warning",
            "--component-log-level",
            "wasm:info",
        ]);
        self.secrets(&mut command);
        let mut running = Running::start("envoy", &mut command, self.folder)?;
        running
            .wait_until(async || child::listens(port).await)
            .await?;
        Ok((running, port, Some(admin)))
    }

    fn secrets(&self, command: &mut Command) {
        command
            .env(policy::MAC_VARIABLE, self.mac)
            .env(policy::BRIDGE_TOKEN_VARIABLE, self.bridge_token);
    }
}

fn replaced(path: &Path, values: &[(&str, PathBuf)]) -> Result<String> {
    let mut text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    for (site, value) in values {
        if !text.contains(site) {
            bail!("{} does not contain the site value {site}", path.display());
        }
        text = text.replace(site, &value.to_string_lossy());
    }
    Ok(text)
}
