//! Sealed bodies: through real Envoy, both ways, and in the formats of vendors.

mod command;
mod peers;
mod responses;
mod vendors;
