//! Sealed bodies: through real Envoy, both ways, and in the formats of vendors.

mod responses;
mod vendors;
