//! The queries: known to Prometheus' parser, over metrics that exist.

use std::collections::BTreeSet;

use sealgate_engine::telemetry::{FAMILIES, MetricKind};
use sealgate_tests::draft::Draft;
use sealgate_tests::keys::Keys;
use sealgate_tests::makers::program;
use sealgate_tests::scrape::Page;
use sealgate_tests::site::Site;
use serde_json::{Value, json};

use super::{ends_well, folder, read};

fn promtool(arguments: &[&str]) -> String {
    let tool = sealgate_tests::required::promtool();
    ends_well(
        std::process::Command::new(tool)
            .args(arguments)
            .current_dir(folder()),
    )
}

#[test]
fn prometheus_reads_configuration_and_rules_and_the_rules_do_what_they_say() {
    promtool(&["check", "config", "prometheus.yml"]);
    promtool(&["check", "rules", "rules.yml", "alerts.yml"]);
    promtool(&["test", "rules", "alerts.test.yml"]);
}

/// The rules' test must be able to fail: with another threshold an alert of it does not fire.
#[test]
fn the_test_of_the_rules_fails_when_a_rule_is_changed() {
    let copy = tempfile::tempdir().unwrap();
    for name in ["rules.yml", "alerts.test.yml"] {
        std::fs::write(copy.path().join(name), read(name)).unwrap();
    }
    let changed = read("alerts.yml").replace("> 0.2", "> 200");
    assert_ne!(changed, read("alerts.yml"));
    std::fs::write(copy.path().join("alerts.yml"), changed).unwrap();
    let output = std::process::Command::new(sealgate_tests::required::promtool())
        .args(["test", "rules", "alerts.test.yml"])
        .current_dir(copy.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
}

/// Every alert of the file is fired by a test of it, so that none is a query that never says anything.
#[test]
fn every_alert_is_tested() {
    let alerts: Value = serde_saphyr::from_str(&read("alerts.yml")).unwrap();
    let tests = read("alerts.test.yml");
    let rules = alerts["groups"].as_array().unwrap().iter();
    for rule in rules.flat_map(|group| group["rules"].as_array().unwrap()) {
        let name = rule["alert"].as_str().unwrap();
        let fired = [
            format!("alertname: {name}"),
            format!("alertname=\"{name}\""),
        ];
        assert!(
            fired.iter().any(|text| tests.contains(text)),
            "{name} is not tested"
        );
    }
}

#[test]
fn the_dashboard_asks_only_for_what_there_is() {
    let dashboard: Value = serde_json::from_str(&read("grafana-dashboard.json")).unwrap();
    assert_eq!(dashboard["uid"], "sealgate");
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels
        .iter()
        .map(|panel| panel["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), panels.len(), "panels share an id");
    let mut queries = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        assert!(panel["description"].is_string(), "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(
                target["datasource"]["uid"], "${datasource}",
                "{}",
                panel["title"]
            );
            queries.push(target["expr"].as_str().unwrap().to_owned());
        }
    }
    assert!(queries.len() > 25);
    parse(&queries);
    known(&queries.join("\n"));
}

#[test]
fn grafanas_own_types_know_every_member_of_the_dashboard() {
    let mut dashboard: Value = serde_json::from_str(&read("grafana-dashboard.json")).unwrap();
    let lost = |dashboard: &Value| program::answer(program::python(".", "dashboard.py"), dashboard);
    assert_eq!(lost(&dashboard), json!([]));
    dashboard["panels"][1]["titel"] = json!("Requests");
    assert_eq!(lost(&dashboard), json!(["/panels/1/titel"]));
}

#[test]
fn rules_alerts_and_collector_ask_only_for_what_there_is() {
    known(&[read("rules.yml"), read("alerts.yml")].concat());
}

/// The collector's Prometheus receiver takes Prometheus' own configuration.
#[test]
fn the_collectors_file_is_whole_and_its_scrape_is_prometheus() {
    let file: Value = serde_saphyr::from_str(&read("otel-collector.yaml")).unwrap();
    let scrape =
        json!({ "scrape_configs": file["receivers"]["prometheus"]["config"]["scrape_configs"] });
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("scrape.json");
    std::fs::write(&path, scrape.to_string()).unwrap();
    promtool(&["check", "config", path.to_str().unwrap()]);
    for (name, pipeline) in file["service"]["pipelines"].as_object().unwrap() {
        for kind in ["receivers", "processors", "exporters"] {
            for part in pipeline[kind].as_array().unwrap() {
                let part = part.as_str().unwrap();
                assert!(file[kind].get(part).is_some(), "{name}: no {kind} {part}");
            }
        }
    }
}

/// Prometheus' parser, by way of a file of recording rules.
fn parse(queries: &[String]) {
    let rule = |(number, query): (usize, &String)| {
        let expr = query
            .replace("$__rate_interval", "5m")
            .replace("$policy", ".*");
        json!({ "record": format!("panel:{number}"), "expr": expr.replace("$instance", ".*") })
    };
    let rules: Vec<Value> = queries.iter().enumerate().map(rule).collect();
    let copy = tempfile::tempdir().unwrap();
    let path = copy.path().join("panels.yml");
    let file = json!({ "groups": [{ "name": "panels", "rules": rules }] });
    std::fs::write(&path, file.to_string()).unwrap();
    promtool(&["check", "rules", path.to_str().unwrap()]);
}

/// Fails on names of ours and of Envoy's that no gateway has.
fn known(text: &str) {
    let mut names: BTreeSet<String> = FAMILIES.iter().map(|family| family.full_name()).collect();
    for family in FAMILIES
        .iter()
        .filter(|family| family.kind == MetricKind::Histogram)
    {
        names.insert(format!("{}_bucket", family.full_name()));
    }
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    site.passes(&envoy, &Draft::raw(&keys).make());
    names.extend(
        Page::of(&envoy)
            .samples
            .into_iter()
            .map(|sample| sample.name),
    );
    let rules: Value = serde_saphyr::from_str(&read("rules.yml")).unwrap();
    let recorded = rules["groups"][0]["rules"].as_array().unwrap().iter();
    names.extend(recorded.map(|rule| rule["record"].as_str().unwrap().to_owned()));
    let separators = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    let asked = text.split(separators).filter(|word| {
        word.starts_with("sealgate_")
            || word.starts_with("sealgate:")
            || word.starts_with("envoy_listener")
            || word.starts_with("envoy_ext")
    });
    let missing: BTreeSet<&str> = asked.filter(|name| !names.contains(*name)).collect();
    assert!(missing.is_empty(), "no gateway has {missing:?}");
}
