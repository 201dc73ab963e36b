//! Loops for ever on a request that carries `x-spin`.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let mut turns = 0u64;
        while self.get_http_request_header_bytes("x-spin").is_some() {
            turns = std::hint::black_box(turns.wrapping_add(1));
        }
        Action::Continue
    }
}
