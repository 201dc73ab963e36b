//! Nobody outside can make series: hosts never forget one.

use std::collections::BTreeSet;

use sealgate_host_shim::host::Outcome;
use sealgate_tests::cases::Client;
use sealgate_tests::draft::Draft;
use sealgate_tests::headless;
use sealgate_tests::keys::Keys;
use sealgate_tests::message::Request;
use sealgate_tests::scrape::Page;
use sealgate_tests::site::Site;
use serde_json::json;

const HOSTILE: usize = 10_000;

fn series(page: &Page) -> BTreeSet<String> {
    let ours = page.starting_with("sealgate_");
    ours.iter()
        .map(|sample| format!("{}{:?}", sample.name, sample.labels))
        .collect()
}

/// A request with a key id, path, agent and address of its own.
fn hostile(model: &Request, number: usize) -> Request {
    let mut request = model.clone();
    request.target = format!("/raw/{number}?page={number}");
    request.set("user-agent", format!("scanner/{number}"));
    request.set(
        "x-forwarded-for",
        format!("10.{}.{}.1", number / 256, number % 256),
    );
    request.set("sealgate-key", format!("key-{number}"));
    let input = request.value("signature-input").expect("a signed model");
    let input = String::from_utf8_lossy(input).into_owned();
    request.set(
        "signature-input",
        input.replace("partner-a-mac", &format!("key-{number}")),
    );
    request
}

#[test]
fn ten_thousand_hostile_key_ids_and_paths_make_no_series_in_envoy() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let envoy = site.plugin(&keys.policy()).start();
    let model = Draft::raw(&keys).make();
    site.passes(&envoy, &model);
    site.refused(&envoy, &hostile(&model, 0));
    let before = series(&Page::of(&envoy));
    let upstream = site.upstream.bytes();
    let identity = &site.certificates.partner_a;
    for number in 0..HOSTILE {
        // Envoy ends a connection whose request it answers before it has read it all.
        let mut connection = envoy.connect(&site.certificates, identity);
        let response = connection.exchange(&hostile(&model, number)).unwrap();
        assert_eq!(response.status, 401);
    }
    site.nothing_since(upstream);
    let page = Page::of(&envoy);
    let histogram_or_new = |name: &&String| !before.contains(*name) && !name.contains("_days");
    let after = series(&page);
    let new: Vec<_> = after.iter().filter(histogram_or_new).collect();
    assert!(new.is_empty(), "{new:#?}");
    let unknown = [("reason", "signature-key-unknown"), ("key", "unknown")];
    assert_eq!(
        page.sum("sealgate_failures_total", &unknown),
        HOSTILE as f64 + 1.0
    );
    println!(
        "{} series before and after {HOSTILE} hostile requests",
        before.len()
    );
}

/// Clients with certificates of their own, over a host that passes on whatever TLS words they bring.
#[test]
fn ten_thousand_hostile_clients_stay_under_the_cap() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let host = headless::host(&keys, site.socket(), |builder| builder);
    let model = Draft::raw(&keys).make();
    for number in 0..HOSTILE {
        let request = headless::request(&hostile(&model, number), Client::PartnerB, false)
            .property("connection.id", i64::try_from(number).unwrap())
            .property(
                "connection.uri_san_peer_certificate",
                format!("spiffe://evil/{number}"),
            )
            .property("filter_state.sealgate_tls_group", format!("group-{number}"));
        let outcome = host.request(request).run();
        assert!(!matches!(outcome, Outcome::Forwarded { .. }), "{outcome:?}");
    }
    let names = host.metric_names();
    assert!(names.len() < 4200, "{} series", names.len());
    let dropped = host
        .metric("sealgate_series_dropped_total")
        .unwrap_or_default();
    assert!(dropped > 5000, "{dropped} dropped");
    assert!(
        !names
            .iter()
            .any(|name| name.contains("evil") || name.contains("key-"))
    );
    println!("{} series, {dropped} observations without one", names.len());
}

/// A policy with a thousand names is an operator's own doing; the cap holds all the same.
#[test]
fn a_policy_with_very_many_names_stays_under_the_cap() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let mut policy = keys.policy();
    let raw = policy["policies"]["raw"].clone();
    for number in 0..1200 {
        let name = format!("p{number}");
        policy["policies"][&name] = raw.clone();
        let route = json!({ "match": { "path": format!("/many/{number}") }, "policy": name });
        policy["routes"].as_array_mut().unwrap().push(route);
    }
    let envoy = site.plugin(&policy).concurrency(1).start();
    let mut connection = envoy.connect(&site.certificates, &site.certificates.partner_a);
    for number in 0..1200 {
        let request = Request::get(&format!("/many/{number}"));
        assert_eq!(connection.exchange(&request).unwrap().status, 401);
    }
    let page = Page::of(&envoy);
    assert!(page.sum("sealgate_series_dropped_total", &[]) > 0.0);
    let series = series(&page).len();
    assert!(series < 4200, "{series} series");
    site.passes(&envoy, &Draft::raw(&keys).make());
}
