//! Pauses headers for a call to `slow`, then lets the body callback answer Continue: the hole
//! that releases a request before its verdict (envoy notes, point 2).

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {
    fn on_http_call_response(&mut self, _: u32, _: usize, _: usize, _: usize) {
        self.send_http_response(403, vec![], Some(b"denied"));
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let head = vec![
            (":method", "GET"),
            (":path", "/verdict"),
            (":authority", "slow"),
        ];
        match self.dispatch_http_call("slow", head, None, vec![], Duration::from_millis(1500)) {
            Ok(_) => Action::Pause,
            Err(_) => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, _: usize, _: bool) -> Action {
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, _: usize) -> Action {
        Action::Continue
    }
}
