//! `sealgate import`: what another gateway's HMAC plugin was configured to do, as a policy.
//!
//! Each vendor's reader gives a [`Gateway`]: who signs, what guards which requests, and what the
//! reader has to say. [`policy`] writes the document. A secret is read to be measured and is never
//! written, neither into the policy nor onto the terminal.

mod apisix;
mod higress;
mod kong;
mod members;
mod policy;

use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{eprintln, print};
use anyhow::{Result, bail};
use serde_json::Value;

use crate::policy_file::PolicyFile;
use crate::print::{DIM, NAME, WARN};
use members::Members;

#[derive(clap::Args)]
#[command(
    after_help = "The policy goes to standard output, what the old gateway left open and what to set \
        goes to standard error.\n\nExamples:\n  \
        sealgate import kong deck.yaml > policy.yaml\n  \
        sealgate import apisix apisix.yaml --secrets-in /etc/sealgate/keys > policy.yaml\n  \
        sealgate import higress wasmplugin.yaml --keep-weak > policy.yaml\n  \
        sealgate check --without-secrets policy.yaml"
)]
pub(crate) struct Args {
    /// Whose configuration it is
    #[arg(value_enum)]
    vendor: Vendor,

    /// Files, YAML or JSON: Kong's declarative configuration (deck dump); APISIX's apisix.yaml, ADC
    /// file, or objects of its Admin API; Higress' WasmPlugin or the configuration of the plugin
    #[arg(required = true)]
    files: Vec<PathBuf>,

    /// Let pass what the old gateway let pass: writes accept_weak for every part that it did not
    /// demand of a signature, instead of demanding it from now on
    #[arg(long)]
    keep_weak: bool,

    /// Refer to secrets as files in this folder, one a key, instead of environment variables
    #[arg(long, value_name = "FOLDER")]
    secrets_in: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Vendor {
    /// The hmac-auth plugin of Kong
    Kong,
    /// The hmac-auth plugin of Apache APISIX, 3.11 and later
    Apisix,
    /// The hmac-auth and hmac-auth-apisix plugins of Higress
    Higress,
}

/// What a gateway does about signatures, in words that all vendors share.
#[derive(Default)]
pub(crate) struct Gateway {
    credentials: Vec<Credential>,
    guards: Vec<Guard>,
    notes: Vec<Note>,
}

/// Somebody who signs.
struct Credential {
    /// Whose it is, for the name of the key.
    owner: String,
    /// The name on the wire.
    sender: String,
    secret: Secret,
    /// Where the configuration has it.
    place: String,
}

/// Where a secret is.
enum Secret {
    /// In the configuration; all that is kept of it is its length in bytes.
    Written(usize),
    /// In an environment variable of the old gateway.
    Env(String),
    /// In a vault of the old gateway's.
    Vault,
}

/// One use of the plugin.
struct Guard {
    name: String,
    /// The name of the scheme in a policy.
    scheme: &'static str,
    /// Algorithms as the dialect names them, in the vendor's order.
    algorithms: Vec<String>,
    /// Parts that every signature had to cover: `method`, `path`, `query`, `body`, `freshness`.
    demanded: Vec<&'static str>,
    /// Header fields that had to be signed beside those.
    headers: Vec<String>,
    /// How far the date could be off, in seconds; `None` when nothing looked at it.
    skew_seconds: Option<u64>,
    /// Owners who may sign; `None` for all.
    owners: Option<Vec<String>>,
    matches: Vec<policy::Match>,
}

/// Something the reader has to say: what was weak, what cannot be said in a policy.
struct Note {
    place: String,
    text: String,
}

impl Gateway {
    fn note(&mut self, place: &str, text: impl Into<String>) {
        let (place, text) = (place.to_owned(), text.into());
        self.notes.push(Note { place, text });
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let documents = args
        .files
        .iter()
        .map(|file| PolicyFile::read(file).map(|file| file.document().clone()))
        .collect::<Result<Vec<_>>>()?;
    let gateway = read(args.vendor, &documents);
    if gateway.guards.is_empty() {
        bail!(
            "found no use of the HMAC plugin; give the files with the routes as well as the consumers"
        );
    }
    let written = policy::write(&gateway, args.keep_weak, args.secrets_in.as_deref())?;
    print!("{}", written.yaml);
    for Note { place, text } in gateway.notes.iter().chain(&written.notes) {
        eprintln!("{WARN}warning:{WARN:#} {NAME}{place}{NAME:#}: {text}");
    }
    eprintln!("{DIM}to be set before the policy is used:{DIM:#}");
    for line in &written.to_set {
        eprintln!("  {line}");
    }
    Ok(ExitCode::SUCCESS)
}

fn read(vendor: Vendor, documents: &[Value]) -> Gateway {
    let mut gateway = Gateway::default();
    for document in documents {
        let members = Members::of(document);
        match vendor {
            Vendor::Kong => kong::read(&members, &mut gateway),
            Vendor::Apisix => apisix::read(&members, &mut gateway),
            Vendor::Higress => higress::read(&members, &mut gateway),
        }
    }
    gateway
}
