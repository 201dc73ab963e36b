//! The positive model: an OpenAPI 3.1 document, compiled to a check of request bodies.
//!
//! ```
//! let document = serde_json::json!({
//!     "openapi": "3.1.0",
//!     "paths": { "/orders/{id}": { "put": { "requestBody": { "content": { "application/json": {
//!         "schema": { "type": "object", "properties": { "amount": { "type": "integer" } } }
//!     } } } } } }
//! });
//! let contract = sealgate_contract::Contract::compile(&document).unwrap();
//! let operation = contract.operation("PUT", "/orders/7").unwrap();
//! assert!(operation.check("application/json", br#"{"amount":3}"#).is_ok());
//! assert!(operation.check("application/json", br#"{"amount":3,"admin":true}"#).is_err());
//! ```
//!
//! What the document does not say is not allowed: a path or method it does not list, a media type, a
//! member of an object that has `properties`. A document with a keyword that is not enforced does
//! not compile, so that nobody believes in a check that is not there.
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

mod document;
mod fault;
mod format;
mod limits;
mod media_type;
mod schema;
mod violation;

pub use document::{Contract, Operation};
pub use fault::Fault;
pub use violation::{Rule, Violation};
