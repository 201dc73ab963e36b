//! Replaces the body by a longer one and leaves `content-length` as it was: request smuggling
//! behind a host that does not look (envoy notes, point 5). `x-shrink` makes it shorter instead.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter { shrink: false }));
}}

struct Filter {
    shrink: bool,
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        self.shrink = self.get_http_request_header_bytes("x-shrink").is_some();
        if end_of_stream {
            Action::Continue
        } else {
            Action::Pause
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if !end_of_stream {
            return Action::Pause;
        }
        let body: &[u8] = if self.shrink {
            b"x"
        } else {
            b"0123456789GET /smuggled HTTP/1.1\r\nHost: inside\r\n\r\n"
        };
        self.set_http_request_body(0, size, body);
        Action::Continue
    }
}
