//! Shared data: compare-and-swap across VMs and reloads.

use crate::common::host;
use sealgate_host_shim::host::{Host, Request};

const URL: &str = "https://api.bank.test/payments";

fn swap(host: &Host, key: &str, worker: usize) -> String {
    let request = Request::get(URL)
        .header("x-do", format!("cas:{key}"))
        .worker(worker);
    host.request(request).run().response().unwrap().text()
}

#[test]
fn compare_and_swap_refuses_a_stale_number() {
    let host = host("probe").build().unwrap();
    assert_eq!(
        swap(&host, "k", 0),
        "first false, value 1, fresh true, stale true"
    );
    assert_eq!(host.shared_data().value(b"k").unwrap().0, b"2");
}

#[test]
fn the_data_is_one_for_all_workers_and_survives_a_reload() {
    let host = host("probe").workers(2).build().unwrap();
    assert!(swap(&host, "k", 0).starts_with("first false"));
    assert!(swap(&host, "k", 1).starts_with("first true"));
    host.reconfigure("new").unwrap();
    assert!(swap(&host, "k", 0).starts_with("first true"));
    assert_eq!(host.shared_data().len(), 1);
}
