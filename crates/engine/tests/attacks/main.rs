//! The attacks of docs/jose.md, each by name, through the whole engine: no request of them is
//! forwarded, every authentication failure is the same answer to the byte, and neither the key service
//! nor an issuer is asked unless a line says so.

#[path = "../support/mod.rs"]
mod support;

mod forge;
mod headers;
mod keys;
mod lengths;
mod outcome;
mod points;
mod post_quantum;
mod shapes;
mod signatures;
mod site;
