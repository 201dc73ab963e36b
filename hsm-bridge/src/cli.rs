//! The command line.

use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use crate::config::{Config, KeyConfig, TokenConfig};
use crate::keyring::{Keyring, Version};
use crate::secret::SecretSource;
use crate::token::pkcs11::Pkcs11Token;
use crate::token::{Purpose, TokenFault};

mod attest;
mod audit;
mod bench;
mod change;
mod csr;
mod der;
mod doctor;
mod import_cert;
mod keygen;
mod list;
mod serve;
mod verbs;
mod words;

use verbs::{Cli, ConfigArg, Verb};
use words::Format;

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
        Verb::ImportCert {
            config,
            kid,
            certificate,
        } => config
            .load()
            .and_then(|config| import_cert::import_cert(&config, &kid, &certificate)),
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

/// A key by the name that an operator typed, `gw` or `gw#2`.
struct Named<'a> {
    key: &'a KeyConfig,
    token: &'a TokenConfig,
    version: Version,
}

/// Finds a key by its name: without a number its current version.
fn named<'a>(config: &'a Config, kid: &str) -> Result<Named<'a>, Failed> {
    let unknown = || {
        Failed(format!(
            "there is no key {kid} in the file, or no such version"
        ))
    };
    let (base, number) = match config.key(kid) {
        Some(_) => (kid, None),
        None => crate::keyring::split(kid)
            .map(|(base, number)| (base, Some(number)))
            .ok_or_else(unknown)?,
    };
    let key = config.key(base).ok_or_else(unknown)?;
    let keyring = versions(config)?;
    let version = match number {
        Some(number) => keyring.version(base, number),
        None => keyring.current(base),
    };
    Ok(Named {
        key,
        token: config.token(&key.token).ok_or_else(unknown)?,
        version: version.ok_or_else(unknown)?,
    })
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
