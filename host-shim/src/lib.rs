//! A proxy-wasm host on wasmtime: the headless twin of Envoy's Wasm filter, and a gateway of its own.
//!
//! * [`host`] is the test host: a synchronous builder that loads a `.wasm`, plays requests through
//!   it and records exactly what an upstream would have seen.
//! * [`gateway`] is the embedded gateway: TLS 1.3, HTTP/1.1 and HTTP/2 in front of the same module.
//! * [`worker`] is what both drive: one VM, its streams, and the rules by which Envoy holds and
//!   releases headers, bodies and trailers. It performs no I/O; calls and events are data.
//!
//! The crate links none of Sealgate's crates: it sees only the module's bytes.
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

pub mod abi;
pub mod call;
pub mod clock;
pub mod fault;
pub mod gateway;
pub mod headers;
pub mod host;
pub mod limits;
pub mod logs;
pub mod metrics;
pub mod net;
pub mod property;
pub mod shared_data;
pub mod stream;
pub mod vm;
pub mod worker;
