//! `sealgate sign`.

use std::path::PathBuf;
use std::process::ExitCode;

use anstream::println;
use anyhow::Result;

use crate::curl;
use crate::http::TlsFiles;
use crate::sealing;
use crate::signing::request::RequestArgs;
use crate::signing::{KeyArgs, SchemeArgs, Signing, signer};

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    sealgate sign --scheme stripe --mac-key hook=env-text:SECRET --url https://shop.test/hook event.json\n  \
    sealgate sign --scheme rfc9421 --cover @method,@target-uri,content-digest \\\n      \
        --private-key partner.pem --key-id partner-a --alg ES256 --url https://api.test/pay order.json\n  \
    sealgate sign --scheme aws-sigv4 --option region=eu-west-1 --option service=execute-api \\\n      \
        --mac-key AKIDEXAMPLE=env-text:AWS_SECRET --url https://api.test/items -X GET\n\n\
    Prints a curl line; with --headers, the added header lines only.")]
pub(crate) struct Args {
    #[command(flatten)]
    request: RequestArgs,

    #[command(flatten)]
    scheme: SchemeArgs,

    #[command(flatten)]
    key: KeyArgs,

    /// PEM file with a PKCS#8 private key, for public-key algorithms
    #[arg(long, value_name = "PEM", requires = "key_id", help_heading = "Key")]
    private_key: Option<PathBuf>,

    /// The key's name on the wire, with --private-key
    #[arg(long, value_name = "ID", help_heading = "Key")]
    key_id: Option<String>,

    /// Signing time in seconds since the Unix epoch, instead of now
    #[arg(long, value_name = "SECONDS", help_heading = "Signature")]
    created: Option<i64>,

    /// Nonce or message id, instead of a random one
    #[arg(long, value_name = "TEXT", help_heading = "Signature")]
    nonce: Option<String>,

    /// Print the header lines that signing added, one a line, and nothing else
    #[arg(long = "headers")]
    headers_only: bool,

    /// Write a binary body here, for the curl line
    #[arg(long, value_name = "FILE", default_value = "signed.bin")]
    out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let scheme = args.scheme.build()?;
    let private = args.private_key.as_deref().zip(args.key_id.as_deref());
    let (key_id, signer) = signer(scheme.as_ref(), &args.key, private)?;
    let signing = Signing {
        scheme,
        key_id,
        signer,
        created: args.created.map_or_else(sealing::now, Ok)?,
        nonce: args.nonce.clone(),
    };
    let mut request = args.request.read()?;
    let before = request.headers.clone();
    signing.sign(&mut request)?;
    if args.headers_only {
        for (name, value) in &request.headers {
            if !before.contains(&(name.clone(), value.clone())) {
                println!("{name}: {value}");
            }
        }
        return Ok(ExitCode::SUCCESS);
    }
    curl::print(&request, &TlsFiles::default(), None, &args.out)
}
