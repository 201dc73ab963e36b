//! Every bound of this crate, with its unit and its reason.

use std::time::Duration;

/// Linear memory of one VM in the test host, bytes: Envoy's hard cap on V8 is 1 GiB.
pub const TEST_MEMORY_BYTES: usize = 1 << 30;

/// Linear memory of one VM in the gateway, bytes: a dozen bodies of the largest sensible policy.
pub const GATEWAY_MEMORY_BYTES: usize = 256 << 20;

/// Longest single callback in the test host. Envoy has none; a test must still end.
pub const TEST_CALLBACK: Duration = Duration::from_secs(20);

/// Longest single callback in the gateway: a guest that loops must not hold the worker for ever.
pub const GATEWAY_CALLBACK: Duration = Duration::from_secs(2);

/// Longest start callback, at least: configuring runs known-answer tests and may find the machine
/// busy with compiling.
pub const START_CALLBACK: Duration = Duration::from_secs(10);

/// Period of the epoch ticker: the resolution of the callback limits.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Default buffer limit of a stream, bytes: Envoy's default listener buffer limit.
pub const BODY_BYTES: usize = 1 << 20;

/// Largest string a guest may pass in one host call (log line, header, property), bytes.
pub const GUEST_STRING_BYTES: usize = 64 << 20;

/// Header map a guest may hand over, entries: more is a guest gone wrong.
pub const MAP_PAIRS: usize = 16 * 1024;

/// Log lines kept for inspection; older ones are dropped.
pub const LOG_LINES: usize = 10_000;

/// Longest answer read from a cluster, bytes: key services answer with kilobytes.
pub const CALL_ANSWER_BYTES: usize = 4 << 20;

/// Whole-request timeout of the gateway, from the first byte of the head to the response head.
pub const GATEWAY_REQUEST: Duration = Duration::from_secs(10);

/// Connecting to an upstream or a cluster.
pub const CONNECT: Duration = Duration::from_secs(3);

/// TLS handshake of a client.
pub const HANDSHAKE: Duration = Duration::from_secs(10);

/// Idle upstream connections kept by one worker.
pub const POOL_IDLE: usize = 64;

/// Request head of an HTTP/1.1 client, bytes: Envoy's default of 60 KiB.
pub const HEAD_BYTES: usize = 60 * 1024;

/// How often the gateway looks at the files it watches.
pub const WATCH_PERIOD: Duration = Duration::from_millis(250);
