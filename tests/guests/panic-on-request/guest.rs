//! Panics on a request that carries `x-panic`; every other request passes.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header_bytes("x-panic").is_some() {
            panic!("asked to panic");
        }
        self.set_http_request_header("x-filtered", Some("yes"));
        Action::Continue
    }
}
