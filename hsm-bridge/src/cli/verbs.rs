//! What may be typed: the verbs and their options.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::words::{Format, KeyType, NewState, PurposeArg};

/// Key service in front of PKCS#11 tokens.
///
/// Keys are made in the token and never leave it. Callers on a Unix socket get content keys
/// unwrapped, MACs and signatures computed.
///
/// A first start:
///   hsm-bridge check  --config bridge.toml     is the configuration right?
///   hsm-bridge doctor --config bridge.toml     is the token there, is the PIN right?
///   hsm-bridge keygen --config bridge.toml --kid gw-ec --type ec-p256
///   hsm-bridge serve  --config bridge.toml
#[derive(Parser)]
#[command(name = "hsm-bridge", version, verbatim_doc_comment)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Subcommand)]
pub(super) enum Verb {
    /// Serve the sockets until SIGTERM. SIGHUP reads the sockets' lists and header tokens anew. Logs JSON lines on stderr (HSM_BRIDGE_LOG=debug for more).
    Serve {
        #[command(flatten)]
        config: ConfigArg,
        /// Run although the user is root (also `allow_root = true` in the file).
        #[arg(long)]
        allow_root: bool,
    },
    /// Read the configuration and report every fault in it. The token is not touched.
    Check {
        #[command(flatten)]
        config: ConfigArg,
    },
    /// Make a key in the token: not extractable, for one purpose. Prints its public JWK, or the
    /// fingerprint of a secret key. Refuses a label that is in use.
    Keygen {
        #[command(flatten)]
        config: ConfigArg,
        /// Name of the key: a `[[key]]` of the file, which says token, label and purpose.
        #[arg(long)]
        kid: String,
        /// Kind of the key.
        #[arg(long, value_name = "TYPE")]
        r#type: KeyType,
        /// Token to make it in, for a kid that is not in the file yet.
        #[arg(long)]
        token: Option<String>,
        /// What it is for, for a kid that is not in the file yet.
        #[arg(long)]
        purpose: Option<PurposeArg>,
    },
    /// List the keys of the configuration and of the tokens.
    List {
        #[command(flatten)]
        config: ConfigArg,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make a certificate request (PKCS#10) for a key, signed by the key in the token. Prints PEM.
    Csr {
        #[command(flatten)]
        config: ConfigArg,
        /// The key, or one version of it, as gw#2: purpose sign, with ES256, ES384, EdDSA or RS256.
        #[arg(long)]
        kid: String,
        /// Common name of the subject.
        #[arg(long)]
        common_name: String,
        /// A DNS name or address of the subject, as often as wanted.
        #[arg(long = "name")]
        names: Vec<String>,
    },
    /// Put the certificate that an authority made for a key beside it in the token, where other
    /// programs of the token find it. Refused when it is of another key.
    ImportCert {
        #[command(flatten)]
        config: ConfigArg,
        /// The key, or one version of it, as gw#2.
        #[arg(long)]
        kid: String,
        /// The certificate, PEM.
        #[arg(long, value_name = "FILE")]
        certificate: PathBuf,
    },
    /// Say what the token says of where a key comes from.
    Attest {
        #[command(flatten)]
        config: ConfigArg,
        /// The key.
        #[arg(long)]
        kid: String,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Look at module, slot, PIN, mechanisms and keys, with a fix for each finding. Logs in once.
    /// Exits with 1 when something will not work.
    Doctor {
        #[command(flatten)]
        config: ConfigArg,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Make the next version of a key and use it from now on; older versions still open what was
    /// sealed to them. Asked of the running bridge.
    Rotate {
        #[command(flatten)]
        config: ConfigArg,
        /// The key.
        #[arg(long)]
        kid: String,
        /// Only make it, so that its public half can be handed out before it is used.
        #[arg(long)]
        prepare: bool,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Put one version of a key into another state. Asked of the running bridge, and in force when
    /// the command ends.
    State {
        #[command(flatten)]
        config: ConfigArg,
        /// The version, as gw#2.
        #[arg(long)]
        kid: String,
        /// The state.
        #[arg(long, value_enum)]
        to: NewState,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Destroy a disabled version, after the time that `destroy_after_s` gives to think again.
    Destroy {
        #[command(flatten)]
        config: ConfigArg,
        /// The version, as gw#2.
        #[arg(long)]
        kid: String,
        /// Its fingerprint, so that no other key is meant (`list` shows it).
        #[arg(long, required_unless_present = "cancel", default_value = "")]
        fp: String,
        /// Yes, everything that is sealed to it will be lost.
        #[arg(long)]
        yes: bool,
        /// Take a scheduled destruction back.
        #[arg(long, conflicts_with_all = ["fp", "yes"])]
        cancel: bool,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Read the audit log from its start and name the first record that was changed, dropped or
    /// moved. Exits with 1 when there is one.
    AuditVerify {
        #[command(flatten)]
        config: ConfigArg,
        /// The public key of the checkpoints as a JWK, where the token is not at hand.
        #[arg(long, value_name = "FILE")]
        jwk: Option<PathBuf>,
        /// How to print.
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Measure what the token gives without the sockets: one key, one order after the other. Prints
    /// JSON. For `cargo xtask bench`.
    #[command(hide = true)]
    Bench {
        #[command(flatten)]
        config: ConfigArg,
        /// A key of the configuration.
        #[arg(long)]
        kid: String,
        /// One of its algorithms; the first when not given.
        #[arg(long)]
        alg: Option<String>,
        /// Threads, with a session of the token each.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
        threads: u16,
        /// How long.
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=60_000))]
        milliseconds: u64,
    },
    /// Initialise the first free token of a module and set its PIN, for modules without a tool of
    /// their own. Never touches a token that is in use.
    InitToken {
        /// The PKCS#11 module.
        #[arg(long)]
        module: PathBuf,
        /// Label for the token.
        #[arg(long)]
        label: String,
        /// File with the security officer's PIN.
        #[arg(long)]
        so_pin_file: PathBuf,
        /// File with the PIN that the bridge will use.
        #[arg(long)]
        pin_file: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct ConfigArg {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "HSM_BRIDGE_CONFIG")]
    pub(super) config: PathBuf,
}
