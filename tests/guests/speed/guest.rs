//! Runs the product's cryptography in a host's wasm engine, for `cargo xtask bench`: the header
//! `x-speed: aes-256-gcm|hmac-sha256:BYTES:TIMES` says what; the answer is 200 when it is done.

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType};
use sealgate_signature::MacKey;

proxy_wasm::main! {{
    proxy_wasm::set_root_context(|_| Box::new(Root));
}}

struct Root;

impl Context for Root {}

impl RootContext for Root {
    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Filter))
    }
}

struct Filter;

impl Context for Filter {}

impl HttpContext for Filter {
    fn on_http_request_headers(&mut self, _: usize, _: bool) -> Action {
        let order = self.get_http_request_header("x-speed").unwrap_or_default();
        let status = if run(&order).is_some() { 200 } else { 400 };
        self.send_http_response(status, vec![], None);
        Action::Pause
    }
}

fn run(order: &str) -> Option<()> {
    let mut words = order.split(':');
    let algorithm = words.next()?;
    let bytes: usize = words.next()?.parse().ok()?;
    let times: usize = words.next()?.parse().ok()?;
    match algorithm {
        "aes-256-gcm" => {
            let mut body = vec![0x5a; bytes];
            for _ in 0..times {
                sealgate_aead::seal_in_place(&[7; 32], &[1; 12], b"", &mut body).ok()?;
                sealgate_aead::open_in_place(&[7; 32], &[1; 12], b"", &mut body).ok()?;
            }
        }
        "hmac-sha256" => {
            let body = vec![0x5a; bytes];
            let key = MacKey::new(vec![7; 32]).ok()?;
            for _ in 0..times {
                let mac = sealgate_signature::mac::hs256(&key, &body);
                sealgate_signature::mac::verify_hs256(&key, &body, &mac).ok()?;
            }
        }
        _ => return None,
    }
    Some(())
}
