//! Reads a header through the SDK's String getter, which panics on one byte that is not UTF-8
//! (envoy notes, point 6).

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let seen = self.get_http_request_header("x-any").unwrap_or_default();
        self.set_http_request_header("x-seen", Some(&seen));
        Action::Continue
    }
}
