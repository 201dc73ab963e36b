//! Real Envoy with the real module, read over its admin interface.

use std::time::Duration;

use sealgate_tests::draft::Draft;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Request;
use sealgate_tests::site::Site;
use serde_json::Value;

use crate::watching::Watching;

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn what_envoy_counts_is_what_the_page_says() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    // Series are there from now on, so that the requests below are increments.
    site.passes(&envoy, &Draft::shared(&keys).make());
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--every", "1", "--gateway"].map(str::to_owned);
    let mut arguments = arguments.to_vec();
    arguments.push(format!("edge=http://{}", envoy.admin()));
    let mut watching = Watching::start(&arguments, &folder.path().join("watch.log"));
    assert_eq!(watching.view()["sources"][0]["up"], true);
    for _ in 0..5 {
        site.passes(&envoy, &Draft::shared(&keys).make());
        site.refused(&envoy, &Request::new("POST", "/raw/1", "x"));
    }
    let view = watching.wait_for(LIMIT, |view| {
        let verdicts = &view["verdicts"];
        (verdicts["sealed"] == 5.0 && verdicts["refused"] == 5.0).then(|| view.clone())
    });
    assert_eq!(view["verdicts"]["unjudged"], 0.0, "{:#}", view["verdicts"]);
    assert_eq!(view["reasons"][0]["reason"], "signature-missing");
    let strengths = view["strengths"].as_array().expect("strengths");
    let has = |aspect: &str, name: &str, strength: &str| {
        strengths.iter().any(|row| {
            row["aspect"] == aspect && row["name"] == name && row["strength"] == strength
        })
    };
    assert!(has("tls-version", "TLSv1.3", "current"), "{strengths:#?}");
    assert!(
        has("tls-group", "X25519MLKEM768", "post-quantum"),
        "{strengths:#?}"
    );
    let endings = view["endings"].as_array().expect("endings");
    let gateway = endings.iter().find(|row| row["name"] == "gateway");
    assert!(
        gateway.is_some_and(|row| row["days"].as_f64() > Some(0.0)),
        "{endings:#?}"
    );
    let routes = view["routes"].as_array().expect("routes");
    let names: Vec<&Value> = routes.iter().map(|row| &row["name"]).collect();
    assert!(
        names.contains(&&"shared".into()) && names.contains(&&"raw".into()),
        "{names:?}"
    );

    drop(envoy);
    let alert = watching.wait_for(LIMIT, |view| {
        let alerts = view["alerts"].as_array()?;
        alerts
            .iter()
            .find(|one| one["notice"]["finding"] == "gateway-down")
            .cloned()
    });
    assert_eq!(alert["notice"]["severity"], "critical");
}

/// A gateway that serves without asking the module is found out by its own figures.
#[test]
fn an_envoy_without_the_module_is_called_bypassed() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).without_plugin().start();
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = vec![
        "--every".to_owned(),
        "1".to_owned(),
        "--gateway".to_owned(),
        format!("edge=http://{}", envoy.admin()),
    ];
    envoy.send(&site.certificates, &Request::new("POST", "/raw/1", "x"));
    let mut watching = Watching::start(&arguments, &folder.path().join("watch.log"));
    watching.view();
    for _ in 0..45 {
        let response = envoy.send(&site.certificates, &Request::new("POST", "/raw/1", "x"));
        assert_eq!(response.status, 200);
    }
    let alert = watching.wait_for(LIMIT, |view| {
        let alerts = view["alerts"].as_array()?;
        alerts
            .iter()
            .find(|one| one["notice"]["finding"] == "gate-bypassed")
            .cloned()
    });
    assert_eq!(
        alert["notice"]["subject"][0],
        serde_json::json!(["gateway", "edge"])
    );
}
