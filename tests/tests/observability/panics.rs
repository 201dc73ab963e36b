//! A module that panics is counted, by itself and by Envoy.

use std::time::Duration;

use sealgate_tests::draft::Draft;
use sealgate_tests::keys::Keys;
use sealgate_tests::scrape::Page;
use sealgate_tests::site::Site;

/// A host call that is not granted answers with a status that the SDK panics on.
#[test]
fn a_panic_is_counted_logged_without_its_words_and_the_vm_comes_back() {
    let site = Site::new();
    let keys = Keys::without_bridge();
    let setup = site.plugin(&keys.policy()).restricted();
    let envoy = setup
        .plugin(|plugin| {
            let allowed = &mut plugin["capability_restriction_config"]["allowed_capabilities"];
            let granted = allowed.as_object_mut().unwrap();
            granted.remove("proxy_get_header_map_pairs").unwrap();
        })
        .start();
    let response = site.refused(&envoy, &Draft::shared(&keys).make());
    assert_eq!(response.status, 503);
    // Envoy makes the new VM when a request comes, after a pause.
    for _ in 0..40 {
        if envoy.stat("vm_reload_success") > 0 {
            break;
        }
        site.refused(&envoy, &Draft::shared(&keys).make());
        std::thread::sleep(Duration::from_millis(250));
    }
    assert!(envoy.stat("vm_reload_success") > 0, "{}", envoy.log());
    let page = Page::of(&envoy);
    assert!(page.sum("sealgate_panics_total", &[]) >= 1.0);
    let log = envoy.log();
    assert!(
        log.contains(r#"{"place":"#) && log.contains(r#""sealgate":"panic"#),
        "{log}"
    );
    assert!(
        !log.contains("unexpected status"),
        "the panic's own words: {log}"
    );
}
