//! The `sealgate` command.

use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use sealgate_tests::keys::Keys;
use sealgate_tests::process::Process;
use sealgate_tests::required;
use sealgate_tests::site::Site;

use super::{
    LIMIT, alone, effective, faulty, load, nothing_failed, status, with_route, within_the_limit,
};

#[test]
fn sealgate_run_takes_a_new_policy_file_and_keeps_the_old_one_when_it_is_broken() {
    let _alone = alone();
    let site = Site::new();
    let keys = Keys::without_bridge();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(&policy, keys.policy().to_string()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let certificates = site.certificates.folder();
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    let arguments = [
        "run".to_owned(),
        "--policy".to_owned(),
        text(policy.clone()),
        "--upstream".to_owned(),
        format!("http://{}", site.upstream.address()),
        "--listen".to_owned(),
        address.to_string(),
        "--cert".to_owned(),
        text(certificates.join("gateway.pem")),
        "--key".to_owned(),
        text(certificates.join("gateway.key")),
        "--client-ca".to_owned(),
        text(certificates.join("clients-ca.pem")),
        "--cluster".to_owned(),
        format!("hsm-bridge=unix:{}", text(site.socket().to_owned())),
        "--module".to_owned(),
        text(required::plugin()),
    ];
    let log = folder.path().join("log");
    let mut process = Process::start(&required::sealgate(), arguments, &[], &log);
    process.wait_for(Duration::from_secs(30), || TcpStream::connect(address).ok());
    let replace = |text: String| {
        std::fs::write(folder.path().join("next"), text).unwrap();
        std::fs::rename(folder.path().join("next"), &policy).unwrap();
        Instant::now()
    };
    let load = load(address, &site.certificates, &keys);
    within_the_limit(LIMIT, |attempt| {
        let path = format!("/fresh{attempt}");
        let since = replace(with_route(&keys.policy(), &path).to_string());
        effective(address, &site.certificates, &path, since)
    });
    replace(with_route(&keys.policy(), "/fresh").to_string());
    effective(address, &site.certificates, "/fresh", Instant::now());
    replace(faulty(&keys.policy()).to_string());
    std::thread::sleep(LIMIT);
    assert_eq!(
        status(address, &site.certificates, "/fresh"),
        200,
        "the last good one serves"
    );
    assert!(
        process.log().contains("policies.raw.payload"),
        "the fault is reported:\n{}",
        process.log()
    );
    nothing_failed(load);
}
