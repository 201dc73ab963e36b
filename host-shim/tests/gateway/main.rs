//! The embedded gateway over real sockets.

#[path = "../headless/common.rs"]
mod common;
mod support;

mod http;
mod reload;
mod tls;
mod trap;
