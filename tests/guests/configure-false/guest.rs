//! Refuses a configuration that begins with `bad`, panics on one that begins with `panic`, and
//! stamps every request with the one it accepted.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, LogLevel};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root { config: String::new() }));
}}

struct Root {
    config: String,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_configure(&mut self, _: usize) -> bool {
        let bytes = self.get_plugin_configuration().unwrap_or_default();
        self.config = String::from_utf8_lossy(&bytes).into_owned();
        if self.config.starts_with("panic") {
            panic!("asked to panic by the configuration");
        }
        if self.config.starts_with("bad") {
            let _ = proxy_wasm::hostcalls::log(LogLevel::Error, "the configuration is bad");
            return false;
        }
        true
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter {
            config: self.config.clone(),
        }))
    }
}

struct Filter {
    config: String,
}

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_request_header("x-config", Some(&self.config));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _: usize, _: bool) -> Action {
        self.set_http_response_header("x-config", Some(&self.config));
        Action::Continue
    }
}
