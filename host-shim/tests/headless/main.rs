//! What the test host imitates of Envoy, topic by topic, each proved with a guest of
//! `tests/guests`. Where a test belongs to one of the points that we measured on Envoy, its
//! comment names the point. One binary, because linking wasmtime many times is slow.

mod bodies;
mod calls;
mod capabilities;
mod common;
mod configure;
mod content_length;
mod failure;
mod faults;
mod headers;
mod limits;
mod local_replies;
mod metrics;
mod properties;
mod shared_data;
mod stop_iteration;
