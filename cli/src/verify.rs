//! `sealgate verify` and `sealgate explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use anstream::println;
use anyhow::Result;
use sealgate_signature::scheme::{self, Presented};
use sealgate_signature::{Message, Scheme, SignatureError, VerificationKey};
use sha2::{Digest, Sha256};

use crate::signing::request::RequestArgs;
use crate::signing::{KeyArgs, SchemeArgs, header_lines, message};
use crate::{print, sealing};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    sealgate verify --scheme github --mac-key hook=env-text:SECRET --request delivery.http\n  \
    sealgate verify --scheme rfc9421 --public-key partner.jwk --alg ES256 --request signed.http\n  \
    sealgate explain --scheme kong --request refused.http\n\n\
    `explain` prints the string that is signed, part by part, and its SHA-256: the gate logs the \
    same hash as `signed_sha256` when a signature does not match, and never the string. It needs no \
    key; with one it says whether the signature matches.\n\n\
    Exit code: 0 valid, 1 not valid, 2 the question was wrong.")]
pub(crate) struct Args {
    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    scheme: SchemeArgs,

    #[command(flatten)]
    key: KeyArgs,

    /// File with the public key as a JWK
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "mac_key",
        help_heading = "Key"
    )]
    public_key: Option<PathBuf>,

    /// Judge as at this time, in seconds since the Unix epoch, instead of now
    #[arg(long, value_name = "SECONDS", help_heading = "Signature")]
    at: Option<i64>,

    /// How far the signed time may lie in the past or future
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "300",
        help_heading = "Signature"
    )]
    tolerance_seconds: i64,

    /// Show the body inside the canonical string, not only its length
    #[arg(long)]
    show_body: bool,
}

/// `sealgate verify`.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let scheme = args.scheme.build()?;
    let key = args
        .key
        .verifier(scheme.as_ref(), args.public_key.as_ref())?;
    let request = args.request.read()?;
    let headers = header_lines(&request);
    let message = message(&request, &headers)?;
    let presented = match scheme.present(&message) {
        Ok(presented) => presented,
        Err(error) => return Ok(not_valid(&error.to_string())),
    };
    let mut last = SignatureError::Missing.to_string();
    for presented in &presented {
        match args.judge(scheme.as_ref(), &message, presented, &request.body, &key)? {
            Ok(()) => {
                println!(
                    "{}valid{:#}: {} over {}",
                    print::GOOD,
                    print::GOOD,
                    describe(presented),
                    presented.covered.join(", ")
                );
                return Ok(ExitCode::SUCCESS);
            }
            Err(why) => last = why,
        }
    }
    Ok(not_valid(&last))
}

/// `sealgate explain`.
pub(crate) fn explain(args: &Args) -> Result<ExitCode> {
    let scheme = args.scheme.build()?;
    let with_key = args.key.mac_key.is_some() || args.public_key.is_some();
    let key = with_key
        .then(|| args.key.verifier(scheme.as_ref(), args.public_key.as_ref()))
        .transpose()?;
    let request = args.request.read()?;
    let headers = header_lines(&request);
    let message = message(&request, &headers)?;
    let presented = match scheme.present(&message) {
        Ok(presented) => presented,
        Err(error) => return Ok(not_valid(&error.to_string())),
    };
    let mut code = ExitCode::SUCCESS;
    for presented in &presented {
        println!("signature: {}", describe(presented));
        println!("covers: {}", presented.covered.join(", "));
        match scheme.signed_octets(&message, presented, &request.body) {
            Err(error) => {
                code = not_valid(&error.to_string());
                continue;
            }
            Ok(octets) => {
                println!("canonical string:");
                for part in octets.parts() {
                    args.show(part, &request.body);
                }
                let hash = Sha256::digest(octets.concat());
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                println!("\nsigned_sha256: {hash}");
            }
        }
        if let Some(key) = &key {
            match args.judge(scheme.as_ref(), &message, presented, &request.body, key)? {
                Ok(()) => println!("{}valid{:#}", print::GOOD, print::GOOD),
                Err(why) => code = not_valid(&why),
            }
        }
    }
    Ok(code)
}

impl Args {
    /// The verdict on one signature, in words where it is not valid.
    fn judge(
        &self,
        scheme: &dyn Scheme,
        message: &Message<'_>,
        presented: &Presented,
        body: &[u8],
        key: &VerificationKey,
    ) -> Result<Result<(), String>> {
        let checked = scheme::verify(scheme, message, presented, body, key)
            .and_then(|_| scheme.check_body(message, presented, body));
        if let Err(error) = checked {
            return Ok(Err(error.to_string()));
        }
        let now = self.at.map_or_else(sealing::now, Ok)?;
        Ok(match (presented.created, presented.expires) {
            (_, Some(expires)) if now > expires => Err(format!("expired at {expires}")),
            (Some(created), _) if created.abs_diff(now) > self.tolerance_seconds.unsigned_abs() => {
                Err(format!(
                    "the signature matches, but was made {} s {} the time of judgement",
                    created.abs_diff(now),
                    if created < now { "before" } else { "after" }
                ))
            }
            _ => Ok(()),
        })
    }

    fn show(&self, part: &[u8], body: &[u8]) {
        if !self.show_body && !body.is_empty() && part == body {
            println!("<the body: {} bytes>", body.len());
            return;
        }
        // Every byte that is not plain text is shown as an escape, so that spaces, carriage
        // returns and invisible characters can be told apart.
        let text: String = part
            .iter()
            .map(|&byte| match byte {
                b'\n' => "\\n\n".to_owned(),
                b' '..=b'~' => char::from(byte).to_string(),
                _ => format!("\\x{byte:02x}"),
            })
            .collect();
        anstream::print!("{text}");
    }
}

fn describe(presented: &Presented) -> String {
    let mut words = vec![match &presented.key_id {
        Some(key_id) => format!("key {key_id:?}"),
        None => "no key named".to_owned(),
    }];
    if let Some(algorithm) = presented.algorithm {
        words.push(algorithm.name().to_owned());
    }
    if let Some(created) = presented.created {
        words.push(format!("made at {created}"));
    }
    if let Some(nonce) = &presented.nonce {
        words.push(format!("nonce {:?}", String::from_utf8_lossy(nonce)));
    }
    words.join(", ")
}

fn not_valid(why: &str) -> ExitCode {
    println!("{}not valid{:#}: {why}", print::BAD, print::BAD);
    ExitCode::FAILURE
}
