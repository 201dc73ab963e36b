//! Module and configuration replaced while requests run.

use crate::common::{guest, guest_path};
use crate::support::{EventLog, Upstream, directory, eventually, gateway, get, rename_over};
use sealgate_host_shim::gateway::{Event, FileConfig, Gateway, Reloads};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Both hosts promise that a replaced file serves within this time.
const WITHIN: Duration = Duration::from_secs(2);

struct Site {
    module: PathBuf,
    config: PathBuf,
    upstream: Upstream,
    events: EventLog,
    gateway: Gateway,
}

impl Site {
    fn start(name: &str) -> Self {
        let directory = directory(name);
        let (module, config) = (directory.join("plugin.wasm"), directory.join("policy.json"));
        std::fs::write(&module, guest("configure_false")).unwrap();
        std::fs::write(&config, "one").unwrap();
        let (upstream, events) = (Upstream::start(), EventLog::default());
        let gateway = gateway("empty", &upstream)
            .module(&module)
            .config_source(Arc::new(FileConfig::new(&config)))
            .workers(2)
            .on_event(events.sink())
            .start()
            .unwrap();
        Self {
            module,
            config,
            upstream,
            events,
            gateway,
        }
    }

    fn serving(&self) -> Option<String> {
        let before = self.upstream.seen().len();
        assert_eq!(get(self.gateway.address(), "").0, 200);
        self.upstream.seen()[before]
            .header("x-config")
            .map(str::to_owned)
    }

    fn failed(&self, count: u64) {
        eventually(WITHIN, "a refused reload", || {
            self.gateway.reloads().failed >= count
        });
    }
}

#[test]
fn a_renamed_and_a_copied_configuration_serve_within_two_seconds() {
    let site = Site::start("config");
    assert_eq!(site.serving().as_deref(), Some("one"));
    rename_over(&site.config, b"two");
    eventually(WITHIN, "the second configuration", || {
        site.serving().as_deref() == Some("two")
    });
    std::fs::write(&site.config, b"three").unwrap();
    eventually(WITHIN, "the third", || {
        site.serving().as_deref() == Some("three")
    });
    // The counter follows the first request that the new configuration served.
    eventually(WITHIN, "the second count", || {
        site.gateway.reloads() == Reloads { ok: 2, failed: 0 }
    });
    eventually(WITHIN, "the event", || {
        site.events.all().contains(&Event::Reloaded { version: 3 })
    });
}

#[test]
fn a_new_module_serves_within_two_seconds() {
    let site = Site::start("module");
    rename_over(&site.module, &guest("panic_on_request"));
    let filtered = || {
        let before = site.upstream.seen().len();
        assert_eq!(get(site.gateway.address(), "").0, 200);
        site.upstream.seen()[before].header("x-filtered").is_some()
    };
    // Compiling on a busy machine is the slow part; the promise is measured in the suite of
    // real Envoy and in the demo.
    eventually(WITHIN * 5, "the new module", filtered);
}

#[test]
fn what_does_not_load_changes_nothing_and_is_reported() {
    let site = Site::start("broken");
    rename_over(&site.config, b"bad policy");
    site.failed(1);
    let told = site.events.all();
    let reason = |event: &Event| match event {
        Event::ReloadFailed { reason } => reason.clone(),
        _ => String::new(),
    };
    assert!(
        told.iter()
            .any(|event| reason(event).contains("the configuration is bad")),
        "{told:?}"
    );
    rename_over(&site.config, b"panic");
    site.failed(2);
    rename_over(&site.module, &guest("empty")[..1000]);
    site.failed(3);
    std::fs::remove_file(&site.config).unwrap();
    site.failed(4);
    assert_eq!(site.serving().as_deref(), Some("one"));
    std::fs::write(
        &site.module,
        std::fs::read(guest_path("configure_false")).unwrap(),
    )
    .unwrap();
    rename_over(&site.config, b"good again");
    eventually(WITHIN, "the repaired pair", || {
        site.serving().as_deref() == Some("good again")
    });
}

#[test]
fn a_broken_start_says_why() {
    let directory = directory("start");
    let config = directory.join("policy.json");
    std::fs::write(&config, "bad").unwrap();
    let upstream = Upstream::start();
    let error = gateway("configure_false", &upstream)
        .config_source(Arc::new(FileConfig::new(&config)))
        .start()
        .unwrap_err();
    assert!(
        error.to_string().contains("the configuration is bad"),
        "{error}"
    );
}

/// Zero failed requests while configurations, modules and broken ones come and go under load.
#[test]
fn reloading_under_load_fails_no_request() {
    let site = Site::start("load");
    let (stop, failed, done) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let address = site.gateway.address();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let ok = get(address, "") == (200, "upstream".to_owned());
                    failed.fetch_add(usize::from(!ok), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..4u64 {
            change(&site, round);
            let wanted = round + 1;
            eventually(WITHIN * 5, "a reload", || {
                let Reloads { ok, failed } = site.gateway.reloads();
                ok + failed >= wanted
            });
        }
        stop.store(true, Ordering::Relaxed);
    });
    let Reloads {
        ok,
        failed: refused,
    } = site.gateway.reloads();
    assert!(ok >= 3 && refused >= 1, "{ok} {refused}");
    assert!(done.load(Ordering::Relaxed) > 50, "there was a load");
    assert_eq!(
        failed.load(Ordering::Relaxed),
        0,
        "of {}",
        done.load(Ordering::Relaxed)
    );
}

fn change(site: &Site, round: u64) {
    let swap = |path: &Path, content: &[u8]| rename_over(path, content);
    match round {
        0 => swap(&site.config, b"two"),
        1 => swap(&site.module, &guest("empty")),
        2 => swap(&site.module, b"broken"),
        _ => swap(&site.module, &guest("configure_false")),
    }
}
