//! `sealgate demo --watch`: the page fills while load and attacks run against the real gate, and a
//! real Alertmanager is told.

use std::path::Path;
use std::time::{Duration, Instant};

use anstream::println;
use anyhow::{Context, Result};
use hyper::Uri;
use serde_json::Value;
use tokio::process::Command;

use super::certificates::Certificates;
use super::child::{self, Running};
use super::step;
use super::story::{Attack, Client};
use crate::http::{self, Outgoing, Route};
use crate::print::{BAD, DIM, GOOD, NAME};

/// Normal load before the first attack: what is usual has to be seen once.
const LEARN: Duration = Duration::from_secs(80);
/// How long an attack may take to be told of.
const IN_TIME: Duration = Duration::from_secs(30);
/// Time between two requests of an attack, and of the load.
const ATTACK_EVERY: Duration = Duration::from_millis(150);
const LOAD_EVERY: Duration = Duration::from_millis(400);
/// The page's port, where it is free.
const PAGE_PORT: u16 = 9900;

/// Attack, whose certificate is shown, what must be told, what happens.
const SCRIPT: [(Attack, &str, &str, &str); 9] = [
    (
        Attack::AlteredCiphertext,
        "partner-a",
        "decryption-oracle",
        "altered ciphertexts under right signatures",
    ),
    (
        Attack::TamperedBody,
        "partner-a",
        "signature-stuffing",
        "bodies changed on their way",
    ),
    (
        Attack::UnknownKey,
        "partner-a",
        "key-guessing",
        "signatures under key ids that nobody has",
    ),
    (
        Attack::Replay,
        "partner-a",
        "replay-sweep",
        "one recorded message, over and over",
    ),
    (
        Attack::FalseIssuer,
        "partner-a",
        "token-forgery",
        "tokens signed by somebody else",
    ),
    (
        Attack::ExpiredToken,
        "partner-a",
        "stale-messages",
        "tokens of yesterday",
    ),
    (
        Attack::Injection,
        "partner-a",
        "injection-campaign",
        "SQL injection inside the ciphertext",
    ),
    (
        Attack::OtherCertificate,
        "partner-b",
        "client-not-allowed",
        "another partner's certificate",
    ),
    (
        Attack::Stranger,
        "stranger",
        "handshake-probing",
        "certificates of an unknown authority",
    ),
];

/// What is watched, and what makes its traffic.
pub(crate) struct Site<'a> {
    pub(crate) folder: &'a Path,
    /// Envoy's admin port.
    pub(crate) admin: u16,
    /// The bridge's admin socket.
    pub(crate) bridge: &'a Path,
    pub(crate) certificates: &'a Certificates,
    pub(crate) client: &'a Client,
}

impl Site<'_> {
    /// Plays the script; `true` when every attack was told of in time and nothing else was.
    ///
    /// # Errors
    /// When a program does not start or a request cannot be made.
    pub(crate) async fn play(&self, children: &mut Vec<Running>) -> Result<bool> {
        let alertmanager = self.alertmanager(children).await?;
        let page = self.monitor(children, alertmanager).await?;
        println!(
            "\n    the page: {NAME}http://127.0.0.1:{page}{NAME:#}, Alertmanager: http://127.0.0.1:{alertmanager}\n"
        );
        step("normal load, so that what is usual is known");
        let began = Instant::now();
        while began.elapsed() < LEARN {
            let sent = self.send("partner-a", self.client.clean()?).await;
            if sent.is_none() {
                println!("    {BAD}a clean request got no answer{BAD:#}");
            }
            tokio::time::sleep(LOAD_EVERY).await;
        }
        let mut right = true;
        let mut known = alerts(alertmanager).await?;
        if !known.is_empty() {
            println!(
                "    {BAD}told of without a cause: {}{BAD:#}",
                known.join(", ")
            );
            right = false;
        }
        for (attack, who, must, what) in SCRIPT {
            println!("{NAME}{must:<20}{NAME:#} {what}");
            match self.attack(attack, who, must, alertmanager).await? {
                Some(after) => {
                    println!("    {GOOD}told{GOOD:#} after {:.0} s", after.as_secs_f64());
                }
                None => {
                    println!("    {BAD}not told{BAD:#} within {} s", IN_TIME.as_secs());
                    right = false;
                }
            }
            let now = alerts(alertmanager).await?;
            for other in now
                .iter()
                .filter(|name| *name != must && !known.contains(name))
            {
                println!("    {DIM}told besides: {other}{DIM:#}");
            }
            known = now;
        }
        Ok(right)
    }

    /// Repeats an attack, with load beside it, until Alertmanager knows or time is up.
    async fn attack(
        &self,
        attack: Attack,
        who: &str,
        must: &str,
        alertmanager: u16,
    ) -> Result<Option<Duration>> {
        let recorded = self.client.hostile(attack)?;
        let began = Instant::now();
        let mut looked = began;
        while began.elapsed() < IN_TIME {
            let request = if attack == Attack::Replay {
                recorded.clone()
            } else {
                self.client.hostile(attack)?
            };
            let _ = self.send(who, request).await;
            let _ = self.send("partner-a", self.client.clean()?).await;
            tokio::time::sleep(ATTACK_EVERY).await;
            if looked.elapsed() >= Duration::from_millis(500) {
                looked = Instant::now();
                if alerts(alertmanager).await?.iter().any(|name| name == must) {
                    return Ok(Some(began.elapsed()));
                }
            }
        }
        Ok(None)
    }

    /// The status, if there was an answer.
    async fn send(&self, who: &str, request: Outgoing) -> Option<u16> {
        let route = Route {
            tls: Some(self.certificates.client(who).client().ok()?),
            ..Route::default()
        };
        http::send(&route, request)
            .await
            .ok()
            .map(|answer| answer.status)
    }

    async fn alertmanager(&self, children: &mut Vec<Running>) -> Result<u16> {
        step("Alertmanager, and sealgate watch over Envoy and the bridge");
        let port = child::free_port()?;
        let config = self.folder.join("alertmanager.yml");
        std::fs::write(
            &config,
            "route: { receiver: none }\nreceivers: [{ name: none }]\n",
        )?;
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.path={}",
                self.folder.join("alertmanager").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        let mut running = Running::start("alertmanager", &mut command, self.folder)?;
        running
            .wait_until(async || child::listens(port).await)
            .await?;
        children.push(running);
        Ok(port)
    }

    async fn monitor(&self, children: &mut Vec<Running>, alertmanager: u16) -> Result<u16> {
        let port = if child::listens(PAGE_PORT).await {
            child::free_port()?
        } else {
            PAGE_PORT
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["watch", "--every", "2", "--listen"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("--gateway")
            .arg(format!("envoy=http://127.0.0.1:{}", self.admin))
            .arg("--bridge")
            .arg(format!("bridge={}", self.bridge.display()))
            .arg("--alertmanager")
            .arg(format!("http://127.0.0.1:{alertmanager}"));
        let mut running = Running::start("sealgate-watch", &mut command, self.folder)?;
        running
            .wait_until(async || child::listens(port).await)
            .await?;
        children.push(running);
        Ok(port)
    }
}

/// Names of the alerts that hold at Alertmanager.
async fn alerts(port: u16) -> Result<Vec<String>> {
    let url: Uri = format!("http://127.0.0.1:{port}/api/v2/alerts?active=true").parse()?;
    let outgoing = Outgoing {
        method: "GET".into(),
        url,
        headers: Vec::new(),
        body: Vec::new(),
    };
    let answer = http::send(&Route::default(), outgoing).await?;
    let alerts: Vec<Value> =
        serde_json::from_slice(&answer.body).context("Alertmanager speaks JSON")?;
    let name = |alert: &Value| alert["labels"]["alertname"].as_str().map(str::to_owned);
    Ok(alerts.iter().filter_map(name).collect())
}
