//! Prometheus and Alertmanager themselves, with the shipped files.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use sealgate_tests::draft::Draft;
use sealgate_tests::h1::Reader;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Response;
use sealgate_tests::process::Process;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::{ends_well, folder, read};

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> std::io::Result<Response> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    Reader::new(socket).response()
}

/// Waits until `what` gives something.
fn within<T>(seconds: u64, name: &str, mut what: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = what() {
            return value;
        }
        assert!(Instant::now() < until, "{name} does not come");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn prometheus_scrapes_a_real_gateway_and_evaluates_every_rule() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    site.passes(&envoy, &Draft::raw(&keys).make());
    let copy = tempfile::tempdir().unwrap();
    for name in ["rules.yml", "alerts.yml"] {
        std::fs::write(
            copy.path().join(name),
            read(name).replace("interval: 15s", "interval: 1s"),
        )
        .unwrap();
    }
    let shipped = read("prometheus.yml");
    assert!(shipped.contains("127.0.0.1:9901") && shipped.contains("interval: 15s"));
    let config = shipped
        .replace("127.0.0.1:9901", &envoy.admin().to_string())
        .replace("interval: 15s", "interval: 1s");
    let file = copy.path().join("prometheus.yml");
    std::fs::write(&file, config).unwrap();
    let address = free();
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.tsdb.path={}", copy.path().join("data").display()),
        format!("--web.listen-address={address}"),
    ];
    let log = copy.path().join("prometheus.log");
    let program = Path::new("prometheus");
    let mut prometheus = Process::start(program, arguments, &[], &log);
    prometheus.wait_for(Duration::from_secs(20), || {
        let ready = ask(address, "GET", "/-/ready", "").ok()?;
        (ready.status == 200).then_some(())
    });
    let query = "/api/v1/query?query=sealgate_requests_total%7Bpolicy%3D%22raw%22%7D";
    let value = within(20, "the gateway's counter", || {
        let answer = ask(address, "GET", query, "").ok()?.json();
        let result = answer["data"]["result"].as_array()?.first()?.clone();
        Some(result["value"][1].clone())
    });
    assert_eq!(value, json!("1"));
    let rules = within(20, "the evaluation of every rule", || {
        let answer = ask(address, "GET", "/api/v1/rules", "").ok()?.json();
        let groups = answer["data"]["groups"].as_array()?.clone();
        let rules: Vec<Value> = groups
            .iter()
            .flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default())
            .collect();
        let evaluated = rules.iter().all(|rule| rule["health"] != "unknown");
        (evaluated && !rules.is_empty()).then_some(rules)
    });
    let sick: Vec<_> = rules.iter().filter(|rule| rule["health"] != "ok").collect();
    assert!(sick.is_empty(), "{sick:#?}");
}

#[test]
fn alertmanager_takes_the_example_and_wakes_somebody_for_a_critical_alert() {
    let said = ends_well(
        Command::new("amtool")
            .arg("check-config")
            .arg(folder().join("alertmanager.yml")),
    );
    assert!(said.contains("2 receivers"), "{said}");
    let receiver = sealgate_tests::upstream::Upstream::start();
    let copy = tempfile::tempdir().unwrap();
    let shipped = read("alertmanager.yml");
    assert!(shipped.contains("127.0.0.1:9095") && shipped.contains("group_wait: 10s"));
    let config = shipped
        .replace("127.0.0.1:9095", &receiver.address().to_string())
        .replace("group_wait: 10s", "group_wait: 1s");
    let file = copy.path().join("alertmanager.yml");
    std::fs::write(&file, config).unwrap();
    let address = free();
    let arguments = [
        format!("--config.file={}", file.display()),
        format!("--storage.path={}", copy.path().join("data").display()),
        format!("--web.listen-address={address}"),
        "--cluster.listen-address=".to_owned(),
    ];
    let log = copy.path().join("alertmanager.log");
    let program = Path::new("prometheus-alertmanager");
    let mut alertmanager = Process::start(program, arguments, &[], &log);
    alertmanager.wait_for(Duration::from_secs(20), || {
        let ready = ask(address, "GET", "/-/ready", "").ok()?;
        (ready.status == 200).then_some(())
    });
    let alerts = json!([
        { "labels": { "alertname": "SealgateReplaySweep", "severity": "critical", "policy": "pay" } },
        { "labels": { "alertname": "SealgateScanProbing", "severity": "warning", "policy": "pay" } },
    ]);
    let answer = ask(address, "POST", "/api/v2/alerts", &alerts.to_string()).unwrap();
    assert_eq!(answer.status, 200);
    let mut told = receiver.wait_for(2, Duration::from_secs(15));
    told.sort_by(|left, right| left.target.cmp(&right.target));
    let paths: Vec<&str> = told.iter().map(|request| request.target.as_str()).collect();
    assert_eq!(paths, ["/morning", "/wake"]);
    let woken: Value = serde_json::from_slice(&told[1].body).unwrap();
    assert_eq!(
        woken["alerts"][0]["labels"]["alertname"],
        "SealgateReplaySweep"
    );
}
