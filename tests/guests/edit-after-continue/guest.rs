//! Lets the headers go and then tries to edit them in the body callback. By default it uses the
//! raw host call and logs the status; with `x-sdk` it uses the SDK, which panics on that status.

use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel};

// SAFETY: the host checks every address and length it is given; a wrong one is an error of the
// call. So the declaration is `safe`, and no call of it needs a block of its own.
#[link(wasm_import_module = "env")]
unsafe extern "C" {
    safe fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        name_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
}

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_http_context(|_, _| Box::new(Filter { sdk: false }));
}}

struct Filter {
    sdk: bool,
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.sdk = self.get_http_request_header_bytes("x-sdk").is_some();
        Action::Continue
    }

    fn on_http_request_body(&mut self, _: usize, _: bool) -> Action {
        if self.sdk {
            self.set_http_request_header("x-late", Some("yes"));
        } else {
            let (name, value) = ("x-late", "yes");
            let status = proxy_replace_header_map_value(
                0,
                name.as_ptr(),
                name.len(),
                value.as_ptr(),
                value.len(),
            );
            let _ = proxy_wasm::hostcalls::log(LogLevel::Info, &format!("late edit: {status}"));
        }
        Action::Continue
    }
}
