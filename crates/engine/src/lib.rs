//! The Sealgate engine: a policy compiler and one state machine per request, without I/O.
//!
//! [`Gate::compile`] turns a policy document into a [`Gate`]; [`Gate::begin`] takes up a request;
//! [`Exchange::handle`] takes one [`Event`] at a time and gives one [`Effect`]. Time is an argument.
//! The engine never reads a clock, a random source, a socket, a file or the environment, so every
//! host (Envoy, the embedded gateway, tests, `sealgate check`) drives the same type and gets the
//! same verdict.
//!
//! What has been checked is a type that only the checking function builds; a [`Forward`] cannot
//! come into being without the proofs that the route's policy demands.
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

mod event;
mod exchange;
mod explain;
mod forward;
mod gate;
mod key_set;
mod limits;
mod policy;
mod refusal;
mod request;
mod self_test;
mod stage;
pub mod telemetry;

pub use event::{
    Effect, Event, KeyQuestion, Respond, ResponseHead, SharedAnswer, SharedRequest, Ticket,
};
pub use exchange::{Exchange, Observation};
pub use forward::{Forward, HeaderEdit};
pub use gate::{Gate, Inspection};
pub use key_set::{KeySetQuestion, MAX_KEY_SET_BYTES};
#[cfg(feature = "schema")]
pub use policy::schema;
pub use policy::{
    MaterialSource, Mode, NoMaterials, PolicyFault, PolicyWarning, payload_format,
    signature_scheme, verification_key,
};
pub use refusal::{ProblemClass, Reason, Refusal, Stage};
pub use request::{Channel, HeaderLine, RequestHead, path_has_one_reading};
pub use sealgate_format::Entropy;
pub use self_test::{SelfTestFailed, self_test};
pub use stage::key_answer::unwrap_operation;
pub use stage::signature::Mismatch;
