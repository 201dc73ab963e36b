//! Messages between the Sealgate plugin and hsm-bridge: a pure codec.
//!
//! The transport (HTTP over a Unix socket, sent by Envoy for the plugin) is elsewhere, and so is
//! everything PKCS#11. `WIRE.md` beside this crate is the protocol page; this file holds its
//! numbers. The caller's side is [`path`], [`encode`] and the `decode_*_answer` functions; the
//! bridge's side is the `decode_*_request`, `encode_*_answer` and [`encode_failure`] functions.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

mod answer;
mod bytes;
mod failure;
mod kid;
mod random;
mod replay;
mod request;

pub use answer::{
    MacAnswer, SignAnswer, UnwrapAnswer, VerifyAnswer, decode_mac_answer, decode_sign_answer,
    decode_unwrap_answer, decode_verify_answer, encode_mac_answer, encode_sign_answer,
    encode_unwrap_answer, encode_verify_answer,
};
pub use failure::{KeyFailure, WireError, encode_failure};
pub use kid::{MAX_KID_BYTES, decode_path, is_kid, path};
pub use random::{
    MAX_RANDOM_BYTES, decode_random_answer, decode_random_path, decode_random_request,
    encode_random_answer, encode_random_request, random_path,
};
pub use replay::{
    MAX_REPLAY_DIGEST_BYTES, MAX_REPLAY_TTL_MS, MIN_REPLAY_DIGEST_BYTES, ReplayRequest,
    decode_replay_answer, decode_replay_path, decode_replay_request, encode_replay_answer,
    encode_replay_request, replay_path,
};
pub use request::{
    EphemeralPublicKey, MacRequest, MacVerifyRequest, Operation, SignRequest, UnwrapRequest,
    VerifyRequest, decode_mac_request, decode_mac_verify_request, decode_sign_request,
    decode_unwrap_request, decode_verify_request, encode,
};

/// Version of the messages, the `v1` of every path. It changes when a field changes its meaning.
pub const VERSION: u16 = 1;

/// Name of the request header that carries the socket's shared token.
pub const TOKEN_HEADER: &str = "x-hsm-bridge-token";

/// Name of the request header that tells clients of the caller apart, at most 64 bytes: the
/// budget of cryptographic failures is per tag, so that one client's garbage locks out nobody else.
pub const CLIENT_HEADER: &str = "x-hsm-bridge-client";

/// Largest request or answer body, in bytes. The largest honest message is a signing request with
/// a few kilobytes of data; an unwrap with an RSA-4096 `ek` is under 1 KiB.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
