//! Reads the metrics of gateways and bridges, says what is unusual about them, and shows it.
//!
//! The core takes rounds of numbers and the time, and gives alerts and a view: [`Monitor`]. Around it
//! are what reads ([`watch`]), what keeps ([`Store`]), what tells ([`alert`]) and what shows
//! ([`serve`]). [`generate`] makes labelled traffic that the detectors are measured with.

#![forbid(unsafe_code)]

pub mod alert;
mod baseline;
mod detect;
mod finding;
pub mod generate;
mod ledger;
pub mod limits;
mod monitor;
mod reading;
mod round;
pub mod serve;
mod store;
mod strength;
pub mod text;
mod time;
pub mod view;
pub mod vocabulary;
pub mod watch;

pub use detect::{Detectors, Expiry, burst_reasons, endings};
pub use finding::{Finding, Notice, Severity};
pub use ledger::{Alert, Change, Ledger};
pub use monitor::Monitor;
pub use reading::Reader;
pub use round::{Labels, Millis, Reach, Reading, Role, Round, Signal, SourceRound};
pub use store::{RESOLUTIONS, Store, StoreError};
pub use strength::Strength;
pub use view::View;
