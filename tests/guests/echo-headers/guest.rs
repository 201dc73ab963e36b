//! Answers every request itself with the header map it was shown, one `name: value` a line.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let mut body = Vec::new();
        for (name, value) in self.get_http_request_headers_bytes() {
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b": ");
            body.extend_from_slice(&value);
            body.push(b'\n');
        }
        self.send_http_response(200, vec![("x-echo", "headers")], Some(&body));
        Action::Pause
    }
}
