//! The Sealgate proxy-wasm module: an adapter between a proxy-wasm host and [`sealgate_engine`].
//!
//! It decides nothing. `host.rs` is the only file that calls the host; `stream.rs` turns callbacks
//! into events of the engine and effects into host calls; `root.rs` loads policies. One rule holds
//! everywhere: every request callback returns `Pause` until the engine said `Forward`, because any
//! callback that returns `Continue` releases the head to the upstream.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]
#![cfg_attr(
    not(target_os = "wasi"),
    allow(
        dead_code,
        reason = "natively only the unit tests run; the entry point is for wasi"
    )
)]

mod connection;
mod document;
mod host;
mod metrics;
mod revision;
mod root;
mod stream;
mod watch;

#[cfg(target_os = "wasi")]
mod entry {
    proxy_wasm::main! {{
        std::panic::set_hook(Box::new(|panic| crate::root::panicked(panic.location())));
        proxy_wasm::set_root_context(|_| Box::new(crate::root::Root::default()));
    }}
}
