//! `hsm-bridge serve`

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::Failed;
use crate::audit::Audit;
use crate::config::{Address, Config, KeyConfig};
use crate::front::{Books, Bridge, Door, Gatekeeper, bind};
use crate::harden;
use crate::keyring::{Keyring, State};
use crate::metrics::Metrics;
use crate::service::{KeyPlan, Service, Settings};
use crate::spans::Spans;
use crate::token::pkcs11::Pkcs11Token;

/// How long half of the workers may hang in one call before the process gives up.
const STUCK_LIMIT: Duration = Duration::from_secs(10);
/// Open files beside the connections: operators, logs, modules.
const OTHER_FILES: usize = 256;
/// How long connections may take to end after SIGTERM.
const DRAIN: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT.
pub(super) fn serve(config: Config, file: &Path, allow_root: bool) -> Result<(), Failed> {
    if harden::is_root() && !allow_root && !config.server.allow_root {
        return Err(Failed(
            "will not run as root: use a user of its own, or --allow-root where there are no users"
                .into(),
        ));
    }
    harden::forbid_dumps().map_err(|error| Failed(format!("cannot forbid dumps: {error}")))?;
    log();
    if !harden::lock_memory() {
        tracing::warn!(
            event = "memory-not-locked",
            fix = "LimitMEMLOCK=infinity in the unit"
        );
    }
    let files = config.server.max_conns.saturating_add(OTHER_FILES);
    if !harden::make_room_for_files(u64::try_from(files).unwrap_or(u64::MAX)) {
        tracing::warn!(
            event = "few-files",
            wanted = files,
            fix = "raise LimitNOFILE in the unit, or lower max_conns"
        );
    }
    let metrics = Arc::new(Metrics::new());
    let books = books(&config, &metrics)?;
    let mut services = Vec::new();
    for token in &config.tokens {
        let canary = token.canary_key.as_ref().and_then(|kid| config.key(kid));
        let keys = config.keys.iter().filter(|key| key.token == token.name);
        let settings = Settings {
            name: token.name.clone(),
            workers: token.place.lanes.saturating_sub(1),
            queue: config.server.queue,
            keys: keys.flat_map(|key| plans(&books.keyring, key)).collect(),
            canary: canary.map(|key| key.plan.label.clone()),
        };
        let open = Pkcs11Token::load(token.place.clone())
            .and_then(|loaded| Service::start(settings, Box::new(loaded), Arc::clone(&metrics)));
        services.push(open.map_err(|fault| {
            Failed(format!(
                "token {}: {fault}\n  `hsm-bridge doctor` says more; a wrong PIN is not tried again",
                token.name
            ))
        })?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(
        Bridge::new(config.clone(), services, books, metrics),
        &config,
        file,
    ))
}

/// Opens the journal and the logs before the token: what cannot be known or written down is
/// not served.
fn books(config: &Config, metrics: &Arc<Metrics>) -> Result<Books, Failed> {
    let keys = config.keys.iter();
    let keys = keys.map(|key| (key.kid.as_str(), key.plan.label.as_str()));
    let journal = config.lifecycle.journal.as_deref();
    let keyring = Keyring::open(keys, journal)
        .map_err(|error| Failed(format!("[lifecycle] journal: {error}")))?;
    let audit = match &config.audit {
        None => None,
        Some(audit) => Some(
            Audit::open(audit.clone(), Arc::clone(metrics))
                .map_err(|error| Failed(format!("[audit] {}: {error}", audit.path.display())))?,
        ),
    };
    let spans = match &config.spans {
        None => None,
        Some(spans) => Some(
            Spans::open(spans.clone(), Arc::clone(metrics))
                .map_err(|error| Failed(format!("[spans] {}: {error}", spans.path.display())))?,
        ),
    };
    Ok(Books {
        keyring,
        audit,
        spans,
    })
}

/// What to look for in the token: every version of a key that is not gone.
fn plans(keyring: &Keyring, key: &KeyConfig) -> Vec<KeyPlan> {
    let versions = keyring.versions(&key.kid).into_iter();
    versions
        .filter(|version| version.state != State::Destroyed)
        .map(|version| KeyPlan {
            label: version.label,
            algorithms: key.plan.algorithms.clone(),
        })
        .collect()
}

async fn run(bridge: Arc<Bridge>, config: &Config, file: &Path) -> Result<(), Failed> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    // Every socket is bound before any is served: a fault in one leaves none behind half open.
    let admin = bind(&config.server.admin_socket, 0o600, None)?;
    let mut listeners = Vec::new();
    for socket in &config.sockets {
        listeners.push((Listener::bind(&socket.at).await?, socket));
    }
    let mut doors = Vec::new();
    for (listener, socket) in listeners {
        let door = bridge
            .door(socket)
            .map_err(|error| Failed(format!("socket {}: {error}", socket.at)))?;
        match listener {
            Listener::Unix(listener, uids) => {
                tasks.spawn(bridge.serve_data(listener, uids, &door, stopped.clone()));
            }
            Listener::Tls(listener, keeper) => {
                tasks.spawn(bridge.serve_tls(listener, keeper, &door, stopped.clone()));
            }
        }
        doors.push(door);
    }
    for store in bridge.replay_stores() {
        tasks.spawn(Arc::clone(store).keep(stopped.clone()));
    }
    tasks.spawn(bridge.tend(stopped.clone()));
    tasks.spawn(bridge.serve_admin(admin, stopped));
    tracing::info!(
        event = "ready",
        sockets = config.sockets.len(),
        pid = std::process::id()
    );
    let stuck = loop {
        tokio::select! {
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
            _ = hangup.recv() => match reload(&bridge, config, file, &doors) {
                Ok(()) => tracing::info!(event = "reloaded", sockets = doors.len()),
                Err(failed) => tracing::error!(event = "reload-refused", detail = failed.0),
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => {
                if bridge.services().any(|service| service.is_stuck(STUCK_LIMIT)) {
                    break true;
                }
            }
        }
    };
    let _ = stop.send(true);
    let paths = config.sockets.iter().filter_map(|socket| match &socket.at {
        Address::Unix(unix) => Some(&unix.path),
        Address::Tls(_) => None,
    });
    for path in paths.chain([&config.server.admin_socket]) {
        let _ = std::fs::remove_file(path);
    }
    if stuck {
        tracing::error!(
            event = "stuck",
            "half of the workers hang in the token: giving up"
        );
        return Err(Failed(
            "half of the workers hang in calls of the token".into(),
        ));
    }
    tracing::info!(event = "stopping");
    let drained = async { while tasks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN, drained).await;
    for service in bridge.services() {
        service.stop();
    }
    // The warden closes the token once the workers are done.
    tokio::time::sleep(Duration::from_millis(100)).await;
    Ok(())
}

/// A bound data socket, not served yet.
enum Listener {
    Unix(UnixListener, Vec<u32>),
    Tls(TcpListener, Gatekeeper),
}

impl Listener {
    async fn bind(at: &Address) -> Result<Self, Failed> {
        let failed = |error: io::Error| Failed(format!("socket {at}: {error}"));
        Ok(match at {
            Address::Unix(unix) => {
                let listener = bind(&unix.path, unix.mode, unix.gid)?;
                Self::Unix(listener, unix.uids.clone())
            }
            Address::Tls(tls) => {
                let keeper = Gatekeeper::new(tls).map_err(failed)?;
                let listener = TcpListener::bind(tls.address).await.map_err(failed)?;
                let address = listener.local_addr().map_err(failed)?;
                tracing::info!(event = "listening", %address);
                Self::Tls(listener, keeper)
            }
        })
    }
}

/// Reads the file anew and gives every open socket its rules: keys and operations, header token,
/// budgets. Everything else needs a restart, and is refused here as a whole.
fn reload(bridge: &Arc<Bridge>, old: &Config, file: &Path, doors: &[Door]) -> Result<(), Failed> {
    let new = Config::load(file).map_err(|error| Failed(error.to_string()))?;
    if let Some(part) = old.settled(&new) {
        return Err(Failed(format!(
            "{part} changed: restart the bridge for that"
        )));
    }
    // All of them, or none.
    let made: Result<Vec<Door>, Failed> = new
        .sockets
        .iter()
        .map(|socket| {
            let failed = |error| Failed(format!("socket {}: {error}", socket.at));
            bridge.door(socket).map_err(failed)
        })
        .collect();
    for (door, new) in doors.iter().zip(made?) {
        door.take(new);
    }
    Ok(())
}

fn log() {
    let filter = EnvFilter::try_from_env("HSM_BRIDGE_LOG").unwrap_or_else(|_| "info".into());
    // A second call, in tests of the library, keeps the first.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
