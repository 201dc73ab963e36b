//! `sealgate`: run the gate, check its policy, scan recorded traffic, make and open sealed requests.

#![forbid(unsafe_code)]

mod bridge;
mod check;
mod curl;
mod demo;
mod export;
mod http;
mod import;
mod keygen;
mod open;
mod policy_file;
mod print;
mod reference;
mod run;
mod scan;
mod seal;
mod sealing;
mod sign;
mod signing;
mod verify;
mod watch;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "sealgate",
    version,
    about = "The gate for encrypted APIs: what reaches your upstream was proven intact, fresh, \
             opened and read",
    after_help = "Examples:\n  \
        sealgate check policy.yaml\n  \
        sealgate run --policy policy.yaml --upstream http://127.0.0.1:8080 --listen 0.0.0.0:8443 \\\n      \
            --cert gateway.pem --key gateway.key --client-ca clients-ca.pem \\\n      \
            --cluster hsm-bridge=unix:/run/hsm-bridge/data.sock\n  \
        sealgate seal --policy policy.yaml --url https://api.bank.test/payments order.json\n\n\
        Every verb answers `--help` with its own examples."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Check a policy: every fault with its place and remedy, every policy in plain words
    Check(check::Args),
    /// Run the gate: TLS 1.3 in front, the module inside, your upstream behind
    Run(run::Args),
    /// Make a sealed request from a body and keys; print it for curl, or send it
    Seal(Box<seal::Args>),
    /// Open what `seal` makes, with a local key or through hsm-bridge
    Open(open::Args),
    /// Make a key for one algorithm: its private half to a file, its public half to standard output
    Keygen(keygen::Args),
    /// Sign a request in any scheme a policy knows; print it for curl
    Sign(Box<sign::Args>),
    /// Verify a signed request with a key, and say why not
    Verify(Box<verify::Args>),
    /// Print the canonical string that a request's signature is over, and its hash
    Explain(Box<verify::Args>),
    /// Turn the HMAC plugin configuration of Kong, APISIX or Higress into a policy
    Import(import::Args),
    /// Turn a policy into what Envoy, Istio, Envoy Gateway or Kubernetes apply, or into the HMAC plugin
    /// configuration of Kong, APISIX or Higress
    Export(Box<export::Args>),
    /// Scan recorded values or requests for injections, and print a verdict for each
    Scan(Box<scan::Args>),
    /// Watch gateways and bridges: a live page, anomalies, alerts
    Watch(watch::Args),
    /// Play the whole path on this machine; `cargo xtask demo` builds what it needs
    Demo(demo::Args),
    /// Print the reference page of the policy file (docs/policy.md)
    #[command(hide = true)]
    Reference,
}

fn main() -> ExitCode {
    let verdict = match Cli::parse().verb {
        Verb::Check(args) => check::run(&args),
        Verb::Run(args) => run::run(&args),
        Verb::Import(args) => import::run(&args),
        Verb::Keygen(args) => keygen::run(&args),
        Verb::Export(args) => export::run(&args),
        Verb::Scan(args) => scan::run(&args),
        Verb::Sign(args) => sign::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Explain(args) => verify::explain(&args),
        Verb::Watch(args) => on_runtime(watch::run(args)),
        Verb::Demo(args) => on_runtime(demo::run(&args)),
        Verb::Seal(args) => on_runtime(seal::run(&args)),
        Verb::Open(args) => on_runtime(open::run(&args)),
        Verb::Reference => reference::run(),
    };
    match verdict {
        Ok(code) => code,
        Err(error) => {
            print::error(&error);
            ExitCode::from(2)
        }
    }
}

fn on_runtime(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}
