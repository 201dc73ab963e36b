//! A running bridge, and what is said to it: raw HTTP over its sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Place, TOKEN};

/// A running bridge; killed when dropped.
pub struct Bridge<'a> {
    pub place: &'a Place,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Bridge<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer of the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or("none").to_owned()
    }
}

impl<'a> Bridge<'a> {
    /// Starts `serve` and waits until it is ready.
    pub fn start(place: &'a Place) -> Self {
        let mut child = place
            .command(Path::new(env!("CARGO_BIN_EXE_hsm-bridge")))
            .args([
                "serve",
                "--config",
                place.path("bridge.toml").to_str().unwrap(),
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        super::load::notice_stalls();
        let bridge = Self { place, child, log };
        bridge.wait_for_log("\"ready\"");
        bridge
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to stop and waits for its end.
    pub fn terminate(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub fn wait_for_log(&self, what: &str) {
        let start = Instant::now();
        while !self.log().iter().any(|line| line.contains(what)) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "no {what}: {:?}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// POST of a JSON body to `/v1/keys/{path}` with the right header token.
    pub fn post(&self, path: &str, body: &serde_json::Value) -> Answer {
        self.post_bytes(path, body.to_string().as_bytes())
    }

    pub fn post_bytes(&self, path: &str, body: &[u8]) -> Answer {
        self.send(&request(
            "POST",
            &format!("/v1/keys/{path}"),
            TOKEN,
            "",
            body,
        ))
        .unwrap()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(&request("GET", path, TOKEN, "", b"")).unwrap()
    }

    /// Sends raw bytes to the data socket.
    pub fn send(&self, bytes: &[u8]) -> std::io::Result<Answer> {
        exchange(&self.place.path("data.sock"), bytes)
    }

    pub fn admin(&self, path: &str) -> Answer {
        let bytes = request("GET", path, "", "", b"");
        exchange(&self.place.path("admin.sock"), &bytes).unwrap()
    }

    /// A change on the admin socket.
    pub fn change(&self, path: &str, body: &serde_json::Value) -> Answer {
        let path = format!("/admin/v1/keys/{path}");
        let bytes = request("POST", &path, "", "", body.to_string().as_bytes());
        exchange(&self.place.path("admin.sock"), &bytes).unwrap()
    }

    /// Ends the process as a crash would, and keeps its folder.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The sum of a metric over the labels that contain `filter`.
    pub fn metric(&self, name: &str, filter: &str) -> f64 {
        let text = String::from_utf8(self.admin("/metrics").body).unwrap();
        let wanted = |line: &&str| {
            let named = line.strip_prefix(name);
            named.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(filter)
        };
        text.lines()
            .filter(wanted)
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Orders that callers caused in the token.
    pub fn orders(&self) -> f64 {
        self.metric("hsmb_token_orders_total", "")
    }
}

/// A request as bytes. An empty token leaves the header out; `more` is further header lines.
pub fn request(method: &str, path: &str, token: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let token = match token {
        "" => String::new(),
        token => format!("x-hsm-bridge-token: {token}\r\n"),
    };
    let mut bytes = format!(
        "{method} {path} HTTP/1.1\r\nhost: bridge\r\nconnection: close\r\n{token}\
         content-type: application/json\r\ncontent-length: {}\r\n{more}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn exchange(socket: &Path, bytes: &[u8]) -> std::io::Result<Answer> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // A server that refuses early closes while we still write; the answer is what counts.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| std::io::Error::other("closed without an answer"))?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Ok(Answer {
        status,
        head,
        body: answer[end + 4..].to_vec(),
    })
}
