//! The page in real Chromium, driven by `page.mjs` over the DevTools protocol; and what its server
//! refuses.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use sealgate_monitor::generate::Attack;
use sealgate_tests::required;

use crate::fleet::Fleet;
use crate::watching::{Watching, exchange, get};

#[test]
fn chromium_shows_the_page_in_light_and_dark_on_a_desk_and_in_a_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::start(90, folder.path());
    let mut arguments = fleet.arguments();
    arguments.extend(["--every", "1"].map(str::to_owned));
    let mut watching = Watching::start(&arguments, &folder.path().join("watch.log"));
    watching.view();
    fleet.attack(&[Attack::DecryptionOracle, Attack::CertificateEnds]);
    watching.wait_for(Duration::from_secs(60), |view| {
        (view["alerts"].as_array()?.len() >= 2).then_some(())
    });
    // `MONITOR_SHOTS=folder` keeps the pictures, for eyes.
    let shots =
        std::env::var_os("MONITOR_SHOTS").map_or_else(|| folder.path().to_owned(), PathBuf::from);
    let script = required::repository().join("tests/tests/monitor/page.mjs");
    let output = Command::new(required::node())
        .arg(&script)
        .env("PAGE", format!("http://{}", watching.address))
        .env("SHOTS", &shots)
        .env("CHROMIUM", required::chromium())
        .env("NODE_PATH", required::node_modules())
        .output()
        .expect("node");
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{failed}");
    println!("{said}");
}

#[test]
fn the_server_answers_to_its_own_names_only_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::start(91, folder.path());
    let mut arguments = fleet.arguments();
    arguments.extend(["--host", "watch.bank.test"].map(str::to_owned));
    let mut watching = Watching::start(&arguments, &folder.path().join("watch.log"));
    watching.view();
    let address = watching.address;
    let status = |line: &str, host: &str| {
        let request = format!("{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        let answer = exchange(address, &request).expect("an answer");
        answer.split(' ').nth(1).expect("a status").to_owned()
    };
    for host in [
        "127.0.0.1:1",
        "localhost",
        "watch.bank.test:443",
        "[::1]:9900",
    ] {
        assert_eq!(status("GET /", host), "200", "{host}");
    }
    for host in [
        "evil.test",
        "localhost.evil.test",
        "127.0.0.1.evil.test",
        "",
    ] {
        assert_eq!(status("GET /api/view", host), "421", "{host}");
    }
    assert_eq!(status("POST /api/view", "localhost"), "405");
    assert_eq!(status("GET /../etc/passwd", "localhost"), "404");
    assert_eq!(
        status("GET /api/history?by=all&span=9999999999", "localhost"),
        "400"
    );
    assert!(
        get(address, "/api/history?by=policy&name=payments&span=3600")
            .is_some_and(|json| json.contains("sealed"))
    );
}
