//! Capability restriction (point 11).

use crate::common::host;
use sealgate_host_shim::host::Request;

const URL: &str = "https://api.bank.test/payments";

/// Point 11: a callback that is not allowed is skipped without a word; the filter is bypassed.
#[test]
fn an_omitted_callback_is_skipped_silently() {
    let host = host("echo_headers")
        .without_capability("proxy_on_request_headers")
        .build()
        .unwrap();
    let outcome = host.request(Request::get(URL)).run();
    assert!(outcome.is_forwarded(), "bypassed: {outcome:?}");
}

/// Point 11: a missing import fails the load, which is the safe side.
#[test]
fn a_missing_import_fails_the_load() {
    for import in ["proxy_send_local_response", "proxy_get_header_map_pairs"] {
        let error = host("echo_headers")
            .without_capability(import)
            .build()
            .unwrap_err();
        assert_eq!(error.error.code(), "link", "{import}: {error}");
        assert!(error.to_string().contains(import), "{error}");
    }
}

#[test]
fn a_full_list_of_the_modules_imports_and_callbacks_serves() {
    let module = sealgate_host_shim::vm::Module::compile(&crate::common::guest("echo_headers"));
    let module = module.unwrap();
    let imports = module.imports();
    let names = imports
        .iter()
        .filter_map(|name| name.split_once('.').map(|(_, name)| name.to_owned()))
        .chain(module.exports());
    let names: Vec<String> = names.collect();
    let host = host("echo_headers")
        .only_capabilities(names.iter().map(String::as_str))
        .build()
        .unwrap();
    assert_eq!(host.request(Request::get(URL)).run().status(), Some(200));
}
