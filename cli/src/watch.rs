//! `sealgate watch`: the monitor of `sealgate-monitor`, with a command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anstream::eprintln;
use anyhow::{Context, Result, bail};
use sealgate_monitor::Role;
use sealgate_monitor::serve::Server;
use sealgate_monitor::watch::{Endpoint, Receivers, Settings, Source, Watch, Webhook};
use tokio::net::TcpListener;

use crate::print::{DIM, GOOD, NAME};

/// Where Envoy has its metrics.
const ENVOY_METRICS: &str = "/stats/prometheus";
/// Where the bridge has them.
const BRIDGE_METRICS: &str = "/metrics";
/// Alertmanager's v2 API.
const ALERTMANAGER_ALERTS: &str = "/api/v2/alerts";

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    sealgate watch --gateway http://127.0.0.1:9901 --bridge /run/hsm-bridge/admin.sock\n  \
    sealgate watch --gateway eu=http://10.0.0.1:9901 --gateway us=http://10.0.1.1:9901 \\\n      \
        --history /var/lib/sealgate/history.redb \\\n      \
        --alertmanager http://127.0.0.1:9093 \\\n      \
        --webhook http://127.0.0.1:8080/hook --webhook-secret-file hook.secret\n\n\
    The page is at http://127.0.0.1:9900 and listens on loopback only; put a proxy that knows your\n\
    people in front for others, and name it with --host.")]
pub(crate) struct Args {
    /// Metrics of a gateway: the admin address of Envoy, or any URL of Prometheus text
    #[arg(long = "gateway", value_name = "[NAME=]URL")]
    gateways: Vec<String>,

    /// Admin socket of an hsm-bridge
    #[arg(long = "bridge", value_name = "[NAME=]SOCKET")]
    bridges: Vec<String>,

    /// Address of the page, on loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9900")]
    listen: SocketAddr,

    /// Host name under which a proxy in front shows the page
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,

    /// Seconds between rounds
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    every: u64,

    /// Seconds without a sign of it after which an alert has ended
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86400), help_heading = "Alerts")]
    resolve_after: u64,

    /// File of the history; without it, history is in memory and ends with the program
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,

    /// An Alertmanager to tell; several are a cluster
    #[arg(long = "alertmanager", value_name = "URL", help_heading = "Alerts")]
    alertmanagers: Vec<String>,

    /// A webhook to tell, signed as Standard Webhooks has it
    #[arg(
        long,
        value_name = "URL",
        requires = "webhook_secret_file",
        help_heading = "Alerts"
    )]
    webhook: Option<String>,

    /// File with its secret, `whsec_...`
    #[arg(
        long,
        value_name = "FILE",
        requires = "webhook",
        help_heading = "Alerts"
    )]
    webhook_secret_file: Option<PathBuf>,

    /// Where people find the page, for links in alerts
    #[arg(long, value_name = "URL", help_heading = "Alerts")]
    page_url: Option<String>,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    if args.gateways.is_empty() && args.bridges.is_empty() {
        bail!("nothing to watch: name a --gateway or a --bridge");
    }
    if !args.listen.ip().is_loopback() {
        bail!(
            "the page knows no passwords and listens on loopback addresses only: {} is not one",
            args.listen
        );
    }
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .init();
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let page = format!("http://{address}");
    let settings = args.settings(&page)?;
    let count = settings.sources.len();
    let (watch, shared) = Watch::new(settings)?;
    let server = Server::new(shared, args.hosts.clone());
    eprintln!("{GOOD}watching{GOOD:#} {count} source(s); the page is at {NAME}{page}{NAME:#}");
    if args.history.is_none() {
        eprintln!("{DIM}no --history: what is usual is learned anew at every start{DIM:#}");
    }
    tokio::select! {
        never = watch.run() => match never {},
        never = server.run(listener) => match never {},
        ended = interrupted() => ended?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn settings(&self, page: &str) -> Result<Settings> {
        let mut sources = Vec::new();
        for given in &self.gateways {
            let (name, url) = named(given);
            let endpoint =
                Endpoint::url(url, ENVOY_METRICS).with_context(|| format!("--gateway {given}"))?;
            sources.push(source(name, Role::Gateway, endpoint));
        }
        for given in &self.bridges {
            let (name, path) = named(given);
            let endpoint = Endpoint::unix(path, BRIDGE_METRICS);
            sources.push(source(name, Role::Bridge, endpoint));
        }
        let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        names.sort_unstable();
        if let Some([same, _]) = names.array_windows().find(|[left, right]| left == right) {
            bail!("two sources are called {same}");
        }
        let mut alertmanagers = Vec::new();
        for url in &self.alertmanagers {
            alertmanagers.push(
                Endpoint::url(url, ALERTMANAGER_ALERTS)
                    .with_context(|| format!("--alertmanager {url}"))?,
            );
        }
        let webhook = match (&self.webhook, &self.webhook_secret_file) {
            (Some(url), Some(file)) => {
                let endpoint =
                    Endpoint::url(url, "/").with_context(|| format!("--webhook {url}"))?;
                let secret = std::fs::read_to_string(file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let webhook = Webhook::new(secret.trim())
                    .with_context(|| format!("in {}", file.display()))?;
                Some((endpoint, webhook))
            }
            _ => None,
        };
        Ok(Settings {
            sources,
            every: Duration::from_secs(self.every),
            resolve_after: Duration::from_secs(self.resolve_after),
            history: self.history.clone(),
            receivers: Receivers {
                alertmanagers,
                webhook,
                page: Some(self.page_url.clone().unwrap_or_else(|| page.to_owned())),
            },
        })
    }
}

/// `name=rest`, where the name has none of the characters of a URL or path.
fn named(given: &str) -> (Option<&str>, &str) {
    match given.split_once('=') {
        Some((name, rest)) if !name.is_empty() && !name.contains(['/', ':', '?']) => {
            (Some(name), rest)
        }
        _ => (None, given),
    }
}

fn source(name: Option<&str>, role: Role, endpoint: Endpoint) -> Source {
    Source {
        name: name.map_or_else(|| endpoint.name(), str::to_owned),
        role,
        endpoint,
    }
}

async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The monitor links no engine; here is who knows both.
    #[test]
    fn every_reason_that_the_monitor_looks_for_is_one_of_the_engine() {
        let codes: Vec<&str> = sealgate_engine::Reason::ALL
            .iter()
            .map(|reason| reason.code())
            .collect();
        for reason in sealgate_monitor::burst_reasons() {
            assert!(codes.contains(&reason), "the engine has no reason {reason}");
        }
    }

    #[test]
    fn names_of_sources() {
        assert_eq!(named("eu=http://gw:9901"), (Some("eu"), "http://gw:9901"));
        assert_eq!(named("http://gw/x?a=b"), (None, "http://gw/x?a=b"));
        assert_eq!(named("/run/a=b.sock"), (None, "/run/a=b.sock"));
        assert_eq!(named("main=/run/a.sock"), (Some("main"), "/run/a.sock"));
    }
}
