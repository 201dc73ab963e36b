//! Waits for a call to `helper`; panics in its answer when the body says `panic`, resumes
//! otherwise. `x-panic` panics at once, which is what kills the neighbours that wait.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::Action;
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_http_context(|_, _| Box::new(Filter));
}}

struct Filter;

impl Context for Filter {
    fn on_http_call_response(&mut self, _: u32, _: usize, body_size: usize, _: usize) {
        if self.get_http_call_response_body(0, body_size).as_deref() == Some(b"panic") {
            panic!("asked to panic by the answer");
        }
        self.resume_http_request();
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        if self.get_http_request_header_bytes("x-panic").is_some() {
            panic!("asked to panic");
        }
        let head = vec![(":method", "GET"), (":path", "/"), (":authority", "helper")];
        match self.dispatch_http_call("helper", head, None, vec![], Duration::from_secs(5)) {
            Ok(_) => Action::Pause,
            Err(_) => {
                self.send_http_response(503, vec![], None);
                Action::Pause
            }
        }
    }
}
