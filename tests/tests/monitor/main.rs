//! `sealgate watch` against real programs: Alertmanager is told of attacks, Chromium shows the page,
//! Envoy is read.

mod alerts;
mod envoy;
mod fleet;
mod page;
mod receiver;
mod watching;
