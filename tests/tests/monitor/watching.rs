//! A running `sealgate watch`, and the few requests that tests make of it and of Alertmanager.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use sealgate_tests::process::Process;
use sealgate_tests::required;
use serde_json::Value;

/// How long a program may take until it serves.
const START: Duration = Duration::from_secs(60);

/// A running monitor; ended on drop.
pub(crate) struct Watching {
    process: Process,
    /// Where its page is.
    pub(crate) address: SocketAddr,
}

impl Watching {
    /// Starts it with these arguments, its page on a free port.
    pub(crate) fn start(arguments: &[String], log: &Path) -> Self {
        let own = ["watch", "--listen", "127.0.0.1:0"].map(str::to_owned);
        let all: Vec<String> = own.into_iter().chain(arguments.iter().cloned()).collect();
        let mut process = Process::start(&required::sealgate(), all, &[], log);
        let file = log.to_owned();
        let address = process.wait_for(START, || {
            let said = std::fs::read_to_string(&file).ok()?;
            let at = said.find("the page is at http://")?;
            let rest = said.get(at + "the page is at http://".len()..)?;
            rest.split_whitespace().next()?.parse().ok()
        });
        Self { process, address }
    }

    /// The page's view, once a round was made.
    pub(crate) fn view(&mut self) -> Value {
        let address = self.address;
        self.process.wait_for(START, || {
            let view: Value = serde_json::from_str(&get(address, "/api/view")?).ok()?;
            (!view.is_null()).then_some(view)
        })
    }

    /// Waits until the view gives a value.
    pub(crate) fn wait_for<T>(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        let address = self.address;
        self.process.wait_for(limit, || {
            let view: Value = serde_json::from_str(&get(address, "/api/view")?).ok()?;
            ready(&view)
        })
    }
}

/// A real Alertmanager that tells nobody.
pub(crate) struct Alertmanager {
    _process: Process,
    pub(crate) address: SocketAddr,
}

impl Alertmanager {
    pub(crate) fn start(folder: &Path) -> Self {
        let config = folder.join("alertmanager.yml");
        std::fs::write(
            &config,
            "route: { receiver: none }\nreceivers: [{ name: none }]\n",
        )
        .expect("written");
        let address = free_address();
        let arguments = [
            format!("--config.file={}", config.display()),
            format!("--storage.path={}", folder.join("alertmanager").display()),
            format!("--web.listen-address={address}"),
            "--cluster.listen-address=".to_owned(),
        ];
        let mut process = Process::start(
            &required::alertmanager(),
            arguments,
            &[],
            &folder.join("alertmanager.log"),
        );
        process.wait_for(START, || get(address, "/-/ready"));
        Self {
            _process: process,
            address,
        }
    }

    /// Alerts that hold there.
    pub(crate) fn alerts(&self) -> Vec<Value> {
        let text = get(self.address, "/api/v2/alerts?active=true").unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// An address that nobody has at this moment.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

/// The body of a 200 answer.
pub(crate) fn get(address: SocketAddr, path: &str) -> Option<String> {
    let answer = exchange(
        address,
        &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"),
    )?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    head.starts_with("HTTP/1.1 200").then(|| {
        if chunked {
            unchunked(body)
        } else {
            body.to_owned()
        }
    })
}

/// The whole answer to these bytes.
pub(crate) fn exchange(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        whole.push_str(rest.get(..size).unwrap_or_default());
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}
