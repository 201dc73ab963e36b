//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::{Config, TokenConfig};
use crate::secret::SecretSource;
use crate::token::pkcs11::Pkcs11Token;
use crate::token::{NewKey, Purpose, TokenFault};

mod bench;
mod doctor;
mod keygen;
mod list;
mod serve;

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
    /// Serve the sockets until SIGTERM. Logs JSON lines on stderr (HSM_BRIDGE_LOG=debug for more).
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
    /// Look at module, slot, PIN, mechanisms and keys, with a fix for each finding. Logs in once.
    /// Exits with 1 when something will not work.
    Doctor {
        #[command(flatten)]
        config: ConfigArg,
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

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For programs.
    Json,
}

#[derive(Clone, Copy, ValueEnum)]
enum KeyType {
    /// P-256, for ECDH-ES, ECDH-ES+A256KW or ES256.
    EcP256,
    /// RSA of 2048 bits, for RSA-OAEP, RSA-OAEP-256 or PS256.
    #[value(name = "rsa-2048")]
    Rsa2048,
    /// RSA of 3072 bits.
    #[value(name = "rsa-3072")]
    Rsa3072,
    /// AES-256, for A256KW.
    #[value(name = "aes-256")]
    Aes256,
    /// A secret of 32 bytes, for HS256 and, where the token allows it, HS512.
    #[value(name = "hmac-256")]
    Hmac256,
}

impl From<KeyType> for NewKey {
    fn from(kind: KeyType) -> Self {
        match kind {
            KeyType::EcP256 => Self::EcP256,
            KeyType::Rsa2048 => Self::Rsa(2048),
            KeyType::Rsa3072 => Self::Rsa(3072),
            KeyType::Aes256 => Self::Aes256,
            KeyType::Hmac256 => Self::Hmac256,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum PurposeArg {
    Unwrap,
    Mac,
    Sign,
}

impl From<PurposeArg> for Purpose {
    fn from(purpose: PurposeArg) -> Self {
        match purpose {
            PurposeArg::Unwrap => Self::Unwrap,
            PurposeArg::Mac => Self::Mac,
            PurposeArg::Sign => Self::Sign,
        }
    }
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
            .and_then(|config| serve::serve(config, allow_root)),
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
        Verb::List { config, format } => {
            config.load().and_then(|config| list::list(&config, format))
        }
        Verb::Doctor { config, format } => {
            return match config.load() {
                Ok(config) => doctor::doctor(&config, format),
                Err(failed) => report(&failed),
            };
        }
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
