//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, TokenConfig};
use crate::keyring::Keyring;
use crate::secret::SecretSource;
use crate::token::pkcs11::Pkcs11Token;
use crate::token::{Purpose, TokenFault};

mod attest;
mod audit;
mod bench;
mod change;
mod csr;
mod doctor;
mod keygen;
mod list;
mod serve;
mod words;

use words::{Format, KeyType, NewState, PurposeArg};

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
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
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
struct ConfigArg {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "HSM_BRIDGE_CONFIG")]
    config: PathBuf,
}

/// Why a verb failed, in words for the person who typed it.
struct Failed(String);

impl<E: fmt::Display> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// Runs the command. Exit code 0: done; 1: failed, the reason is on stderr; 2: wrong usage.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::Serve { config, allow_root } => config
            .load()
            .and_then(|loaded| serve::serve(loaded, &config.config, allow_root)),
        Verb::Check { config } => config.load().map(|config| check(&config)),
        Verb::Keygen {
            config,
            kid,
            r#type,
            token,
            purpose,
        } => config.load().and_then(|config| {
            let purpose = purpose.map(Purpose::from);
            keygen::keygen(&config, &kid, r#type.into(), token.as_deref(), purpose)
        }),
        Verb::Csr {
            config,
            kid,
            common_name,
            names,
        } => config
            .load()
            .and_then(|config| csr::csr(&config, &kid, &common_name, names)),
        Verb::Attest {
            config,
            kid,
            format,
        } => config
            .load()
            .and_then(|config| attest::attest(&config, &kid, format)),
        Verb::List { config, format } => {
            config.load().and_then(|config| list::list(&config, format))
        }
        Verb::Doctor { config, format } => {
            return match config.load() {
                Ok(config) => doctor::doctor(&config, format),
                Err(failed) => report(&failed),
            };
        }
        Verb::Rotate {
            config,
            kid,
            prepare,
            format,
        } => config
            .load()
            .and_then(|config| change::rotate(&config, &kid, prepare))
            .map(|version| change::show(&version, format)),
        Verb::State {
            config,
            kid,
            to,
            format,
        } => config
            .load()
            .and_then(|config| change::state(&config, &kid, to))
            .map(|version| change::show(&version, format)),
        Verb::Destroy {
            config,
            kid,
            fp,
            yes,
            cancel,
            format,
        } => config
            .load()
            .and_then(|config| match cancel {
                true => change::cancel(&config, &kid),
                false => change::destroy(&config, &kid, &fp, yes),
            })
            .map(|version| change::show(&version, format)),
        Verb::AuditVerify {
            config,
            jwk,
            format,
        } => config
            .load()
            .and_then(|config| audit::audit_verify(&config, jwk.as_deref(), format)),
        Verb::Bench {
            config,
            kid,
            alg,
            threads,
            milliseconds,
        } => config.load().and_then(|config| {
            let length = Duration::from_millis(milliseconds);
            let measure = bench::Measure {
                kid,
                alg,
                threads,
                length,
            };
            bench::bench(&config, &measure)
        }),
        Verb::InitToken {
            module,
            label,
            so_pin_file,
            pin_file,
        } => {
            let so_pin = SecretSource::File(so_pin_file);
            let pin = SecretSource::File(pin_file);
            crate::token::pkcs11::init_token(&module, &label, &so_pin, &pin)
                .map(|slot| println!("initialised token {label:?} in slot {slot}"))
                .map_err(Failed::from)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => report(&failed),
    }
}

impl ConfigArg {
    fn load(&self) -> Result<Config, Failed> {
        Config::load(&self.config).map_err(|error| {
            let count = error.0.len();
            Failed(format!(
                "{}: {count} fault(s)\n{error}",
                self.config.display()
            ))
        })
    }
}

fn report(failed: &Failed) -> ExitCode {
    eprintln!("hsm-bridge: {}", failed.0);
    ExitCode::FAILURE
}

fn check(config: &Config) {
    println!(
        "the configuration is right: {} token(s), {} key(s), {} data socket(s)",
        config.tokens.len(),
        config.keys.len(),
        config.sockets.len()
    );
}

/// The versions of the keys, as the journal has them; it is not written.
fn versions(config: &Config) -> Result<Keyring, Failed> {
    let keys = config.keys.iter();
    let keys = keys.map(|key| (key.kid.as_str(), key.plan.label.as_str()));
    Keyring::view(keys, config.lifecycle.journal.as_deref())
        .map_err(|error| Failed(format!("[lifecycle] journal: {error}")))
}

/// Opens a token for a verb that makes or reads keys: one session, read-write if asked.
fn open(token: &TokenConfig, read_write: bool) -> Result<Pkcs11Token, TokenFault> {
    use crate::token::Token as _;
    let mut place = token.place.clone();
    place.lanes = 1;
    place.read_write |= read_write;
    let token = Pkcs11Token::load(place)?;
    token.reopen()?;
    Ok(token)
}
