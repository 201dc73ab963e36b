//! The injection scanner: it takes a request apart into named values, decodes each as an
//! application behind the gate might, and reports what looks like an attack, and where.
//!
//! ```
//! use sealgate_scan::{ScanPolicy, Scanner, extract};
//!
//! let policy = ScanPolicy::default();
//! let mut scanner = Scanner::new(&policy);
//! extract::query(b"id=1%27%20or%20%271%27=%271", &mut scanner);
//! let report = scanner.finish();
//! assert_eq!(report.findings[0].location.to_string(), "query:id");
//! ```
//!
//! It reports and does not block: which classes count and what a finding leads to is the caller's
//! policy. It names no HTTP type. A report never carries a scanned value.
//!
//! The path of a value: [`extract`] cuts it out of its container and hands it to a [`Sink`];
//! [`Scanner`], which is one, looks at the byte classes in it, and only a value that could hold an
//! attack reaches the decoders and detectors. A clean value costs one pass and no allocation.
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

mod bytes;
mod class;
mod decode;
mod detect;
pub mod extract;
mod field;
mod limits;
mod policy;
mod report;
mod scanner;
mod text;
mod vocabulary;
mod words;

pub use class::{Class, ClassSet};
pub use decode::NormalForm;
pub use field::{Field, JsonPath, Location, Part, Sink, Structure, XmlPath};
pub use limits::Limits;
pub use policy::{Exclusion, Paranoia, ScanPolicy};
pub use report::{Finding, FoundAt, Report};
pub use scanner::{Scanner, scan};
