//! Alerts, as a real Alertmanager and a webhook's receiver get them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64ct::{Base64, Encoding as _};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use sealgate_monitor::generate::Attack;
use serde_json::Value;

use crate::fleet::Fleet;
use crate::receiver::{Message, Receiver};
use crate::watching::{Alertmanager, Watching};

/// Attacks that must be known to people within half a minute.
const FAST: [Attack; 12] = [
    Attack::DecryptionOracle,
    Attack::KeyGuessing,
    Attack::SignatureStuffing,
    Attack::ReplaySweep,
    Attack::TokenForgery,
    Attack::StaleReplay,
    Attack::InjectionCampaign,
    Attack::StolenCertificate,
    Attack::HandshakeProbing,
    Attack::QueryOfDeath,
    Attack::BridgeDown,
    Attack::CertificateEnds,
];
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// 24 bytes, as the specification wants at least.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Each attack has a fleet and a monitor of its own; all tell one Alertmanager, which knows them
/// apart by the address of their page. One more fleet is left alone.
#[test]
fn each_attack_is_at_alertmanager_within_half_a_minute_and_normal_load_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let alertmanager = Alertmanager::start(folder.path());
    let watches: Vec<(Option<Attack>, Fleet, Watching)> = FAST
        .into_iter()
        .map(Some)
        .chain([None])
        .enumerate()
        .map(|(seed, attack)| {
            let own = folder.path().join(seed.to_string());
            std::fs::create_dir(&own).expect("a folder");
            let fleet = Fleet::start(seed as u64, &own);
            let mut arguments = fleet.arguments();
            arguments.extend(["--every", "2", "--alertmanager"].map(str::to_owned));
            arguments.push(format!("http://{}", alertmanager.address));
            let watching = Watching::start(&arguments, &own.join("watch.log"));
            (attack, fleet, watching)
        })
        .collect();
    // A few rounds of normal load first: nobody may be called because a monitor was started.
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(alertmanager.alerts(), Vec::<Value>::new());
    let began = Instant::now();
    for (attack, fleet, _) in &watches {
        fleet.attack(attack.as_slice());
    }
    let mut told: BTreeMap<Attack, Duration> = BTreeMap::new();
    while told.len() < FAST.len() && began.elapsed() < HALF_A_MINUTE {
        std::thread::sleep(Duration::from_millis(250));
        for alert in alertmanager.alerts() {
            let (attack, name) = whose(&watches, &alert);
            let Some(attack) = attack else {
                panic!("normal load raised {name}: {alert:#}");
            };
            let right = name == attack.must().code()
                || attack.may().iter().any(|finding| finding.code() == name);
            assert!(right, "{attack:?} raised {name}: {alert:#}");
            if name == attack.must().code() {
                told.entry(attack).or_insert_with(|| began.elapsed());
            }
        }
    }
    println!("at Alertmanager after: {told:#?}");
    let late: Vec<Attack> = FAST
        .into_iter()
        .filter(|one| !told.contains_key(one))
        .collect();
    assert!(late.is_empty(), "not told within half a minute: {late:?}");
}

/// Whose alert it is, by the address of the page, and its name.
fn whose(watches: &[(Option<Attack>, Fleet, Watching)], alert: &Value) -> (Option<Attack>, String) {
    let page = alert["generatorURL"].as_str().expect("a page");
    let (attack, ..) = watches
        .iter()
        .find(|(.., watching)| page.starts_with(&format!("http://{}", watching.address)))
        .expect("a monitor of ours");
    let name = alert["labels"]["alertname"].as_str().expect("a name");
    (*attack, name.to_owned())
}

#[test]
fn an_alert_is_signed_told_once_and_resolved_also_when_the_monitor_was_started_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let fleet = Fleet::start(70, folder.path());
    let alertmanager = Alertmanager::start(folder.path());
    // The first try fails: what is sent again has the same id.
    let receiver = Receiver::start(1);
    let secret = folder.path().join("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).expect("written");
    let mut arguments = fleet.arguments();
    arguments.extend(
        [
            "--every",
            "1",
            "--resolve-after",
            "5",
            "--webhook",
            &format!("http://{}/hook", receiver.address),
            "--webhook-secret-file",
            &secret.display().to_string(),
            "--alertmanager",
            &format!("http://{}", alertmanager.address),
        ]
        .map(str::to_owned),
    );
    let log = folder.path().join("watch.log");
    let first = Watching::start(&arguments, &log);
    fleet.attack(&[Attack::BridgeDown]);
    let firing = wait(|| of_bridge(&receiver.taken(), "firing"));
    check_signature(&firing);
    let tries: Vec<Message> = receiver.messages().into_iter().take(2).collect();
    assert_eq!(
        tries[0].headers["webhook-id"],
        tries[1].headers["webhook-id"]
    );
    drop(first);

    let _second = Watching::start(&arguments, &log);
    std::thread::sleep(Duration::from_secs(4));
    fleet.attack(&[]);
    let resolved = wait(|| of_bridge(&receiver.taken(), "resolved"));
    check_signature(&resolved);
    let id = |message: &Message| body(message)["data"]["id"].clone();
    assert_eq!(id(&firing), id(&resolved));
    let beginnings = receiver
        .taken()
        .iter()
        .filter(|message| body(message)["type"] == "sealgate.alert.firing")
        .filter(|message| id(message) == id(&firing))
        .count();
    assert_eq!(beginnings, 1, "told again after the restart");
    wait(|| alertmanager.alerts().is_empty().then_some(()));
}

fn of_bridge(messages: &[Message], what: &str) -> Option<Message> {
    let mut messages = messages.iter();
    let found = messages.find(|message| {
        let body = body(message);
        body["type"] == format!("sealgate.alert.{what}") && body["data"]["finding"] == "bridge-down"
    });
    found.cloned()
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).expect("JSON")
}

/// As the specification has it, with OpenSSL's HMAC: base64 of HMAC-SHA-256 over `id.timestamp.body`.
fn check_signature(message: &Message) {
    let header = |name: &str| message.headers[name].as_str();
    let secret =
        Base64::decode_vec(SECRET.strip_prefix("whsec_").expect("a secret")).expect("base64");
    let key = PKey::hmac(&secret).expect("a key");
    let mut signer = Signer::new(MessageDigest::sha256(), &key).expect("a signer");
    let signed = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        message.body
    );
    signer.update(signed.as_bytes()).expect("hashed");
    let wanted = Base64::encode_string(&signer.sign_to_vec().expect("signed"));
    assert_eq!(header("webhook-signature"), format!("v1,{wanted}"));
}

fn wait<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < until, "nothing came");
        std::thread::sleep(Duration::from_millis(200));
    }
}
