//! Harness of the end-to-end suites: everything outside the gate, real where it can be.
//!
//! [`envoy`] starts the Envoy from PyPI with the shipped bootstraps, [`bridge`] the real `hsm-bridge`
//! over a real PKCS#11 token, [`upstream`] records every byte that gets through, [`h1`] and [`http2`]
//! send what well-behaved clients cannot, [`makers`] makes tokens and bodies with libraries that are not
//! ours. The suites under `tests/` read as the specification.

pub mod bridge;
pub mod cases;
pub mod certificates;
pub mod draft;
pub mod envoy;
pub mod gate;
pub mod h1;
pub mod headless;
pub mod http2;
pub mod keys;
pub mod load;
pub mod makers;
pub mod message;
pub mod module;
pub mod nginx;
pub mod process;
pub mod required;
pub mod scrape;
pub mod site;
pub mod tls;
pub mod upstream;
