//! Clients that keep their connection, for rates and latencies; and how a figure is judged.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::{Answer, Bridge, TOKEN, request};

/// Whether the long form is asked for: `cargo xtask chaos`.
pub fn full() -> bool {
    std::env::var_os("SEALGATE_CHAOS").is_some()
}

/// `short` in the suite, `long` in `cargo xtask chaos`.
pub fn rounds(short: usize, long: usize) -> usize {
    if full() { long } else { short }
}

/// Prints a figure with the limit it has to meet, and for how long the machine let a thread of ours
/// wait for a core since the last figure. `cargo xtask chaos` holds the figure to the limit and twice that
/// wait, since a request and its answer pass two processes; the suite, which runs beside builds, only to what tells
/// a slow machine from a fault.
pub fn hold(what: &str, figure: Duration, limit: Duration) {
    let stalled = Duration::from_micros(STALLED.swap(0, Ordering::Relaxed));
    println!("figure: {what}: {figure:?} (limit {limit:?}; the machine stalled for {stalled:?})");
    let allowed = if full() {
        limit + stalled * 2
    } else {
        limit * 10 + Duration::from_secs(1)
    };
    assert!(figure <= allowed, "{what}: {figure:?} > {allowed:?}");
}

/// The longest that a thread woke up late, in microseconds, since the last [`hold`].
static STALLED: LazyLock<AtomicU64> = LazyLock::new(|| {
    const NAP: Duration = Duration::from_millis(1);
    std::thread::spawn(|| {
        loop {
            let begun = Instant::now();
            std::thread::sleep(NAP);
            let late = begun.elapsed().saturating_sub(NAP).as_micros();
            STALLED.fetch_max(u64::try_from(late).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    });
    AtomicU64::new(0)
});

/// From here on the machine's stalls are noticed.
pub fn notice_stalls() {
    LazyLock::force(&STALLED);
}

/// Resident memory of a process, in KiB.
pub fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// One connection to the data socket.
pub struct Client {
    from: BufReader<UnixStream>,
    to: UnixStream,
}

impl Client {
    pub fn new(bridge: &Bridge<'_>) -> Self {
        let to = UnixStream::connect(bridge.place.path("data.sock")).unwrap();
        to.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self {
            from: BufReader::new(to.try_clone().unwrap()),
            to,
        }
    }

    /// POST to `/v1/keys/{path}`, with more header lines.
    pub fn post(&mut self, path: &str, more: &str, body: &[u8]) -> std::io::Result<Answer> {
        let bytes = request("POST", &format!("/v1/keys/{path}"), TOKEN, more, body);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let bytes = text.replace("connection: close\r\n", "");
        self.to.write_all(bytes.as_bytes())?;
        let mut head = String::new();
        loop {
            let mut line = String::new();
            if self.from.read_line(&mut line)? == 0 {
                return Err(std::io::Error::other("closed"));
            }
            if line == "\r\n" {
                break;
            }
            head += &line;
        }
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<u64>().ok());
        let length = head
            .lines()
            .find_map(|line| number(line.to_ascii_lowercase().strip_prefix("content-length:")))
            .unwrap_or(0);
        let mut body = Vec::new();
        (&mut self.from).take(length).read_to_end(&mut body)?;
        let status = number(head.split(' ').nth(1)).unwrap_or(0);
        Ok(Answer {
            status: u16::try_from(status).unwrap(),
            head,
            body,
        })
    }
}

/// A connection that costs next to nothing, for rates: its requests are made beforehand, and of an
/// answer it reads the status and the length.
pub struct Lean {
    stream: UnixStream,
    buffer: Vec<u8>,
}

impl Lean {
    pub fn new(bridge: &Bridge<'_>) -> Self {
        let stream = UnixStream::connect(bridge.place.path("data.sock")).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Self {
            stream,
            buffer: vec![0; 32 * 1024],
        }
    }

    /// A request to send again and again.
    pub fn question(path: &str, body: &serde_json::Value) -> Vec<u8> {
        let body = body.to_string();
        let bytes = request(
            "POST",
            &format!("/v1/keys/{path}"),
            TOKEN,
            "",
            body.as_bytes(),
        );
        let text = String::from_utf8(bytes).unwrap();
        text.replace("connection: close\r\n", "").into_bytes()
    }

    /// Sends a question and waits for the whole answer; its status.
    pub fn ask(&mut self, question: &[u8]) -> u16 {
        self.stream.write_all(question).unwrap();
        let (mut read, mut whole) = (0, None);
        while whole.is_none_or(|whole| read < whole) {
            let more = self.stream.read(&mut self.buffer[read..]).unwrap();
            assert!(more > 0, "closed");
            read += more;
            whole = whole.or_else(|| whole_length(&self.buffer[..read]));
        }
        std::str::from_utf8(&self.buffer[9..12])
            .unwrap()
            .parse()
            .unwrap()
    }
}

/// Length of head and body, once the head is there.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = &bytes[..end];
    let name = b"content-length: ";
    let at = head.windows(name.len()).position(|part| part == name)? + name.len();
    let digits = head[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
    Some(end + length)
}

/// Answers a second that so many lean clients get together; each must be a 200.
pub fn rate(bridge: &Bridge<'_>, clients: usize, questions: &[Vec<u8>], time: Duration) -> f64 {
    let begun = Instant::now();
    let over = begun + time;
    let total: usize = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                scope.spawn(move || {
                    let mut client = Lean::new(bridge);
                    // Each begins elsewhere, so that equal questions do not meet.
                    let from = number * questions.len() / clients.max(1);
                    let mut round = questions.iter().cycle().skip(from);
                    let mut count = 0;
                    while Instant::now() < over {
                        assert_eq!(client.ask(round.next().unwrap()), 200);
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    total as f64 / begun.elapsed().as_secs_f64()
}

/// Answers a second that one lean client gets while `work` is done; each must be a 200.
pub fn rate_beside<T>(bridge: &Bridge<'_>, question: &[u8], work: impl FnOnce() -> T) -> (f64, T) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| {
            let (mut client, begun, mut count) = (Lean::new(bridge), Instant::now(), 0_u32);
            while !over.load(Ordering::Relaxed) {
                assert_eq!(client.ask(question), 200);
                count += 1;
            }
            f64::from(count) / begun.elapsed().as_secs_f64()
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        (client.join().unwrap(), done)
    })
}

/// What the clients met: each answer, how long it took, and when it was there.
#[derive(Default)]
pub struct Met {
    pub answers: Vec<(Answer, Duration, Instant)>,
    pub took: Duration,
}

impl Met {
    pub fn count(&self, status: u16) -> usize {
        self.answers
            .iter()
            .filter(|one| one.0.status == status)
            .count()
    }

    pub fn per_second(&self) -> f64 {
        self.count(200) as f64 / self.took.as_secs_f64()
    }

    /// The time that 99 of 100 answers of this status took at most.
    pub fn p99(&self, status: u16) -> Duration {
        let of = self.answers.iter().filter(|one| one.0.status == status);
        let mut times: Vec<Duration> = of.map(|one| one.1).collect();
        times.sort_unstable();
        times
            .get(times.len() * 99 / 100)
            .copied()
            .unwrap_or_default()
    }
}

/// In a body given to [`during`], a text that is another one for each client: equal unwraps under way
/// are answered together.
pub const EACH_ITS_OWN: &str = "EACHITSOWN__";

/// Clients side by side, each asking the same again and again until `work` returns.
pub fn during<T>(
    bridge: &Bridge<'_>,
    clients: usize,
    path: &str,
    body: &serde_json::Value,
    work: impl FnOnce() -> T,
) -> (Met, T) {
    let over = AtomicBool::new(false);
    let body = body.to_string();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                let own = super::b64(format!("client-{number:02}").as_bytes());
                let body = body.replace(EACH_ITS_OWN, &own);
                let over = &over;
                scope.spawn(move || {
                    let mut client = Client::new(bridge);
                    let more = format!("x-hsm-bridge-client: load-{number}\r\n");
                    let mut answers = Vec::new();
                    while !over.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        match client.post(path, &more, body.as_bytes()) {
                            Ok(answer) => answers.push((answer, start.elapsed(), Instant::now())),
                            Err(_) => break,
                        }
                    }
                    answers
                })
            })
            .collect();
        let done = work();
        over.store(true, Ordering::Relaxed);
        let answers = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect();
        let took = begun.elapsed();
        (Met { answers, took }, done)
    })
}
