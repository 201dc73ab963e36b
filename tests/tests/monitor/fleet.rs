//! Gateways and a bridge that serve generated traffic, at the speed of the clock.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sealgate_monitor::generate::{Attack, Traffic};
use sealgate_monitor::{Millis, Reader, Role, Round, Store};

/// A fleet that runs until the tests end.
pub(crate) struct Fleet {
    traffic: Arc<Mutex<Traffic>>,
    address: SocketAddr,
    socket: PathBuf,
    history: PathBuf,
}

impl Fleet {
    /// A fleet whose last half hour is already in a history file: made at once, through the same
    /// reader and store that a running monitor uses.
    pub(crate) fn start(seed: u64, folder: &Path) -> Self {
        let now = now();
        let mut traffic = Traffic::new(seed, 4, now - 1_800_000);
        let history = folder.join("history.redb");
        remember(&mut traffic, now, &history);
        let traffic = Arc::new(Mutex::new(traffic));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let socket = folder.join("bridge.sock");
        let unix = UnixListener::bind(&socket).expect("a socket");
        let shared = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &shared);
            }
        });
        let shared = Arc::clone(&traffic);
        std::thread::spawn(move || {
            for stream in unix.incoming().flatten() {
                answer(stream, &shared);
            }
        });
        let shared = Arc::clone(&traffic);
        std::thread::spawn(move || {
            let mut last = Instant::now();
            loop {
                std::thread::sleep(Duration::from_millis(250));
                let passed = last.elapsed();
                last = Instant::now();
                lock(&shared).step(passed.as_secs_f64());
            }
        });
        Self {
            traffic,
            address,
            socket,
            history,
        }
    }

    /// What `sealgate watch` is told.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["--history".to_owned(), self.history.display().to_string()];
        for (name, role) in lock(&self.traffic).sources() {
            match role {
                Role::Gateway => {
                    arguments.push("--gateway".to_owned());
                    arguments.push(format!("{name}=http://{}/{name}", self.address));
                }
                Role::Bridge => {
                    arguments.push("--bridge".to_owned());
                    arguments.push(format!("{name}={}", self.socket.display()));
                }
            }
        }
        arguments
    }

    /// What is added to normal load from now on.
    pub(crate) fn attack(&self, attacks: &[Attack]) {
        lock(&self.traffic).attack(attacks);
    }
}

fn remember(traffic: &mut Traffic, until: Millis, history: &Path) {
    let mut store = Store::open(history).expect("a store");
    let mut readers: Vec<Reader> = traffic
        .sources()
        .map(|(name, role)| Reader::new(name, role))
        .collect();
    while traffic.now() + 5_000 < until {
        traffic.step(5.0);
        let at = traffic.now();
        let sources = readers
            .iter_mut()
            .map(|reader| {
                let page = traffic.page(reader.source()).expect("a page");
                reader.read(&page, at)
            })
            .collect();
        store.add(&Round { at, sources }).expect("added");
    }
    store.flush().expect("written");
}

fn answer(mut stream: impl Read + Write, traffic: &Mutex<Traffic>) {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk) {
            Ok(read @ 1..) => head.extend(&chunk[..read]),
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let name = match path {
        "/metrics" => "bridge",
        path => path.trim_start_matches('/'),
    };
    // One that is down says nothing at all.
    let Some(page) = lock(traffic).page(name) else {
        return;
    };
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
}

fn lock(traffic: &Mutex<Traffic>) -> MutexGuard<'_, Traffic> {
    traffic.lock().unwrap_or_else(PoisonError::into_inner)
}

fn now() -> Millis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    i64::try_from(since.as_millis()).expect("a date")
}
