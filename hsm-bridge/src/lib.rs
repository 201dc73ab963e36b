//! hsm-bridge: a key service in front of PKCS#11 tokens, over HTTP on Unix sockets.
//!
//! From the outside in: [`front`] owns sockets, HTTP and the rules of who may ask; [`jwa`] turns
//! JOSE algorithms into orders for a token and finishes their results; [`service`] queues the
//! orders, works them off and decides what an error means; [`token`] carries them out. PKCS#11 is
//! spoken in `token/pkcs11` only: no return value of a token reaches a caller. [`replay`] asks a
//! Valkey or Redis server what was seen before. [`spans`] writes
//! traces for a collector.

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

pub mod audit;
pub mod cli;
pub mod config;
pub mod front;
pub mod harden;
pub mod jwa;
pub mod keyring;
pub mod ledger;
pub mod metrics;
pub mod replay;
pub mod secret;
pub mod service;
pub mod spans;
pub mod token;
