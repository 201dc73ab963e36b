//! `envoy/observe`: each file is read by the program it is for, and asks only for metrics that there are.
//!
//! Grafana and the OpenTelemetry collector are in no registry that this suite installs from: the dashboard is
//! read by Grafana's own types and every query of it by Prometheus, of the collector's file the part that is
//! Prometheus' own.

mod programs;
mod queries;

use std::path::PathBuf;
use std::process::Command;

use sealgate_tests::required;

fn folder() -> PathBuf {
    required::repository().join("envoy/observe")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs a program that must end well, and gives what it said.
fn ends_well(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{command:?}:\n{said}");
    said
}
