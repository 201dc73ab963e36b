//! RFC 9421 and RFC 9530: the examples of their texts, and the faults that they name.

mod accept;
mod appendix_b;
mod digests;
mod faults;
mod gate;
mod support;
mod values;
