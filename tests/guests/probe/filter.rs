//! The commands.

use crate::count;
use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext};
use proxy_wasm::types::{Action, LogLevel, MapType, MetricType, Status};
use std::time::{Duration, UNIX_EPOCH};

// SAFETY: the host checks every address and length it is given; a wrong one is an error of the
// call. So the declaration is `safe`, and no call of it needs a block of its own.
#[link(wasm_import_module = "env")]
unsafe extern "C" {
    safe fn proxy_set_buffer_bytes(
        buffer: u32,
        start: usize,
        length: usize,
        data: *const u8,
        size: usize,
    ) -> u32;
}

#[derive(Default)]
pub(crate) struct Filter {
    verb: String,
    argument: String,
    /// What the body and trailers callbacks were shown, as `size:end` items.
    shown: Vec<String>,
    /// A 200 that the filter sent itself must not be counted as the upstream's.
    replied: bool,
}

impl Filter {
    fn answer(&mut self, body: impl AsRef<[u8]>) -> Action {
        self.replied = true;
        self.send_http_response(200, vec![], Some(body.as_ref()));
        Action::Pause
    }

    fn property(&self, path: &str) -> String {
        match hostcalls::get_property(path.split('/').collect()) {
            Ok(Some(bytes)) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Ok(None) => "absent".to_owned(),
            Err(status) => format!("status {}", status as u32),
        }
    }

    fn compare_and_swap(&self, key: &str) -> String {
        let mut seen = Vec::new();
        let (_, first) = hostcalls::get_shared_data(key).unwrap_or((None, None));
        seen.push(format!("first {}", first.is_some()));
        let _ = hostcalls::set_shared_data(key, Some(b"1"), first);
        let (value, second) = hostcalls::get_shared_data(key).unwrap_or((None, None));
        seen.push(format!(
            "value {}",
            String::from_utf8_lossy(&value.unwrap_or_default())
        ));
        let fresh = hostcalls::set_shared_data(key, Some(b"2"), second);
        seen.push(format!("fresh {}", fresh.is_ok()));
        let stale = hostcalls::set_shared_data(key, Some(b"3"), second);
        seen.push(format!("stale {}", stale == Err(Status::CasMismatch)));
        seen.join(", ")
    }

    fn metrics(&self) -> String {
        let defined = hostcalls::define_metric(MetricType::Gauge, "probe_gauge");
        let Ok(gauge) = defined else {
            return "undefined".to_owned();
        };
        let _ = hostcalls::record_metric(gauge, 41);
        let _ = hostcalls::increment_metric(gauge, 1);
        if let Ok(histogram) = hostcalls::define_metric(MetricType::Histogram, "probe_us") {
            let _ = hostcalls::record_metric(histogram, 7);
        }
        format!("{:?}", hostcalls::get_metric(gauge))
    }

    /// A call to the cluster named by the argument; `cluster!` omits `:authority`.
    fn call(&mut self) -> Action {
        let cluster = self.argument.trim_end_matches('!').to_owned();
        let mut head = vec![(":method", "POST"), (":path", "/probe")];
        if !self.argument.ends_with('!') {
            head.push((":authority", "probe.test"));
        }
        let timeout = Duration::from_millis(500);
        let called = self.dispatch_http_call(&cluster, head, Some(b"question"), vec![], timeout);
        match called {
            Ok(_) => Action::Pause,
            Err(status) => self.answer(format!("refused at once: {}", status as u32)),
        }
    }

    /// `start,length` of a buffer edit that inserts `XY`.
    fn edit_body(&mut self) {
        let (start, length) = self.argument.split_once(',').unwrap_or(("0", "0"));
        let (start, length) = (start.parse().unwrap_or(0), length.parse().unwrap_or(0));
        let status = proxy_set_buffer_bytes(0, start, length, b"XY".as_ptr(), 2);
        self.set_http_request_header("x-edit-status", Some(&status.to_string()));
        let now = self
            .get_http_request_body(0, usize::MAX >> 1)
            .unwrap_or_default();
        self.set_http_request_header("content-length", Some(&now.len().to_string()));
    }

    fn finish(&mut self) {
        self.set_http_request_header("x-shown", Some(&self.shown.join(" ")));
        if self.verb == "edit" {
            self.edit_body();
        }
    }
}

impl Context for Filter {
    fn on_http_call_response(&mut self, _: u32, headers: usize, size: usize, trailers: usize) {
        let status = self
            .get_http_call_response_header_bytes(":status")
            .unwrap_or_default();
        let body = self
            .get_http_call_response_body(0, size)
            .unwrap_or_default();
        let text = format!(
            "{} {} {headers} {trailers}",
            String::from_utf8_lossy(&status),
            String::from_utf8_lossy(&body)
        );
        self.answer(text);
    }

    fn on_done(&mut self) -> bool {
        count("done_total");
        true
    }
}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, shown: usize, end_of_stream: bool) -> Action {
        let command = self
            .get_http_request_header_bytes("x-do")
            .unwrap_or_default();
        let command = String::from_utf8_lossy(&command).into_owned();
        let (verb, argument) = command.split_once(':').unwrap_or((&command, ""));
        (self.verb, self.argument) = (verb.to_owned(), argument.to_owned());
        self.shown.push(format!("headers:{shown}:{end_of_stream}"));
        let argument = self.argument.clone();
        match self.verb.as_str() {
            "property" => self.answer(self.property(&argument)),
            "set-property" => {
                self.set_property(vec!["probe"], Some(b"stored"));
                self.answer(self.property("probe"))
            }
            "cas" => self.answer(self.compare_and_swap(&argument)),
            "metrics" => self.answer(self.metrics()),
            "time" => {
                let now = self
                    .get_current_time()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                self.answer(now.as_nanos().to_string())
            }
            "env" => self.answer(std::env::var(&argument).unwrap_or("absent".to_owned())),
            "first" => {
                let first = self
                    .get_http_request_header_bytes(&argument)
                    .unwrap_or_default();
                let all = self.get_http_request_headers_bytes();
                let count = all.iter().filter(|(name, _)| *name == argument).count();
                self.answer(format!("{} of {count}", String::from_utf8_lossy(&first)))
            }
            "foreign" => {
                let answer = self.call_foreign_function(&argument, None);
                self.answer(format!("{:?}", answer.map_err(|status| status as u32)))
            }
            "reply-twice" => {
                self.answer("first");
                self.send_http_response(500, vec![], Some(b"second"));
                Action::Continue
            }
            "resume-and-pause" => {
                self.resume_http_request();
                Action::Pause
            }
            "close" => {
                self.reset_http_request();
                Action::Pause
            }
            "print" => {
                println!("printed by the guest");
                Action::Continue
            }
            "call" => self.call(),
            "hold" | "edit" if !end_of_stream => Action::Pause,
            _ => Action::Continue,
        }
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.shown.push(format!("{size}:{end_of_stream}"));
        match self.verb.as_str() {
            "stream" => {
                let text = self.shown.join(" ");
                let _ = hostcalls::log(LogLevel::Info, &text);
                Action::Continue
            }
            "call" => Action::Pause,
            _ if !end_of_stream => Action::Pause,
            _ => {
                if matches!(self.verb.as_str(), "hold" | "edit") {
                    self.finish();
                }
                Action::Continue
            }
        }
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        let held = self
            .get_http_request_body(0, usize::MAX >> 1)
            .unwrap_or_default();
        self.shown.push(format!("trailers:{count}:{}", held.len()));
        match self.verb.as_str() {
            "call" => Action::Pause,
            "hold" | "edit" => {
                self.finish();
                Action::Continue
            }
            _ => Action::Continue,
        }
    }

    fn on_http_response_headers(&mut self, _: usize, end_of_stream: bool) -> Action {
        let whose = if self.replied { "mine" } else { "other" };
        let note = format!("{whose}:{end_of_stream}");
        self.set_http_response_header("x-response-callback", Some(&note));
        Action::Continue
    }

    fn on_log(&mut self) {
        count("log_total");
        if let Ok(Some(path)) = hostcalls::get_map_value_bytes(MapType::HttpRequestHeaders, ":path")
        {
            let _ = hostcalls::log(
                LogLevel::Info,
                &format!("on_log saw {}", String::from_utf8_lossy(&path)),
            );
        }
    }
}
