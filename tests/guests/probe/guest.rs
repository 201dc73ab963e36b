//! Does what the request's `x-do` header says (`verb:argument`) and answers with what it saw. It
//! lets tests look at the host from the inside. Commands that need a body or an answer of a
//! cluster are in `filter.rs`.

mod filter;

use filter::Filter;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{ContextType, LogLevel, MetricType};
use std::time::Duration;

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _: usize) -> bool {
        self.set_tick_period(Duration::from_secs(1));
        true
    }

    fn on_configure(&mut self, _: usize) -> bool {
        count("configured_total");
        if let Ok(gauge) = hostcalls::define_metric(MetricType::Gauge, "configured") {
            let _ = hostcalls::increment_metric(gauge, 1);
        }
        true
    }

    fn on_tick(&mut self) {
        count("ticks_total");
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter::default()))
    }
}

/// Adds one to a counter.
pub(crate) fn count(name: &str) {
    if let Ok(counter) = hostcalls::define_metric(MetricType::Counter, name) {
        let _ = hostcalls::increment_metric(counter, 1);
    }
}
