//! `sealgate open`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sealgate_engine::unwrap_operation;
use sealgate_format::records::RecordHeader;
use sealgate_format::{Demand, Name, Opener};
use sealgate_jose::Limits;
use sealgate_jose::jwe::{ContentEncryptionKey, DecryptionKey, Sealed};
use sealgate_wire::Operation;
use zeroize::Zeroizing;

use crate::bridge::BridgeClient;
use crate::sealing::formats;
use crate::sealing::keys::{self, NamedSecret};

/// Most bytes of a sealed body.
const MAX_SEALED_BYTES: usize = 64 * 1024 * 1024;

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    # a compact JWE (alg dir or A256KW) with a key at hand\n  \
    sealgate open --key shared=env:DIR_KEY body.jwe\n\n  \
    # a compact JWE for a key inside the token\n  \
    sealgate open --bridge /run/hsm-bridge/data.sock --bridge-token env-text:SEALGATE_BRIDGE_TOKEN \\\n      \
        --kid gw-ec body.jwe\n\n  \
    # a raw AES-256-GCM body, bound to its request\n  \
    sealgate open --key body-2026=file:body.hex --request 'POST /payments?x=1' sealed.bin")]
pub(crate) struct Args {
    /// What to open; `-` or nothing reads standard input
    sealed: Option<PathBuf>,

    /// Key to open it with
    #[arg(long, value_name = "ID=SOURCE", long_help = keys::SECRET_HELP)]
    key: Option<String>,

    /// Private JWK to open it with (EC, X25519, AKP), as `sealgate keygen` writes it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "bridge"])]
    jwk: Option<PathBuf>,

    /// The request the raw body was sent with, `METHOD TARGET`: opens raw AES-256-GCM
    #[arg(long, value_name = "REQUEST", requires = "key")]
    request: Option<String>,

    /// Data socket of hsm-bridge, for a key that lives in the token
    #[arg(
        long,
        value_name = "SOCKET",
        conflicts_with = "key",
        requires = "bridge_token"
    )]
    bridge: Option<PathBuf>,

    /// Secret of that socket, as a SOURCE
    #[arg(long, value_name = "SOURCE")]
    bridge_token: Option<String>,

    /// Key in the bridge, instead of the one the JWE names
    #[arg(long, value_name = "ID", requires = "bridge")]
    kid: Option<String>,

    /// Format of the body (docs/formats.md) when it is no compact JWE and not raw
    #[arg(long, value_name = "NAME")]
    format: Option<String>,

    /// A sealed member of a JSON body, as `$.card.sealed=$.card`; may be repeated
    #[arg(long = "field", value_name = "SEALED=PLAIN", requires = "format")]
    fields: Vec<String>,

    /// Algorithm of --key in such a body, instead of A256GCM
    #[arg(long, value_name = "ALG", requires = "format")]
    alg: Option<String>,

    /// Print the protected header of a JWE and stop; it is not proven
    #[arg(long)]
    header: bool,
}

pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let sealed = read(args.sealed.as_deref())?;
    let plaintext = match &args.request {
        _ if args.format.is_some() => args.open_format(sealed).await?,
        Some(request) => args.open_raw(request, sealed)?,
        None => match args.open_jwe(&sealed).await? {
            Some(plaintext) => plaintext,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    std::io::stdout().write_all(&plaintext)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn open_raw(&self, request: &str, mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let (method, target) = request
            .split_once(' ')
            .context("a request is written `METHOD TARGET`")?;
        let named = NamedSecret::parse(self.key.as_deref().context("--key is missing")?)?;
        let aad = format!("sealgate-a256gcm\n{method}\n{target}\n{}", named.id);
        let Some((nonce, _)) = sealed.split_first_chunk::<12>() else {
            bail!("a raw body starts with a nonce of 12 bytes and ends with a tag of 16");
        };
        let nonce = *nonce;
        sealed.drain(..nonce.len());
        sealgate_aead::open_in_place(&*named.aes_256()?, &nonce, aad.as_bytes(), &mut sealed)
            .map_err(|_| {
                anyhow::anyhow!("not opened: wrong key, wrong request, or changed on its way")
            })?;
        Ok(sealed)
    }

    /// Opens a body of any format, part by part.
    async fn open_format(&self, mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let format = formats::named(self.format.as_deref(), Name::Jwe, &self.fields)?;
        let fault = |fault| anyhow::anyhow!("not opened: {fault}");
        if let Some(records) = format.records() {
            let header = RecordHeader::parse(&sealed).map_err(fault)?;
            let secret = NamedSecret::parse(self.key.as_deref().context("--key is missing")?)?;
            let request = self.request.as_deref().unwrap_or_default();
            let (method, target) = request.split_once(' ').unwrap_or_default();
            let data = records.request_data(method.as_bytes(), target.as_bytes(), header.key_id());
            records
                .open(&mut sealed, &header, &*secret.aes_256()?, &data)
                .map_err(fault)?;
            return Ok(sealed);
        }
        let mut taken = format.take_body(&sealed, &mut |_| true).map_err(fault)?;
        let demand = Demand {
            now: crate::sealing::now()?,
            verify: &|_| None,
        };
        while let Some(part) = taken.next() {
            if let (Some(alg), Some(socket)) = (part.alg(), &self.bridge) {
                let enc = part.enc().context("the body names no content encryption")?;
                let operation =
                    unwrap_operation(alg.name(), enc.name(), part.header(), part.encrypted_key());
                let key = self.asked(socket, part.kid(), &operation).await?;
                taken
                    .open(Opener::ContentKey(&key), &demand)
                    .map_err(fault)?;
                continue;
            }
            if let (Some(alg), Some(path)) = (part.alg(), &self.jwk) {
                let key = keys::private(path, alg)?;
                taken.open(Opener::Jwe(&key), &demand).map_err(fault)?;
                continue;
            }
            let secret = NamedSecret::parse(
                self.key
                    .as_deref()
                    .context("--key, --jwk or --bridge says where the key is")?,
            )?;
            match (part.alg(), part.enc()) {
                (Some(alg), Some(enc)) => {
                    let key = DecryptionKey::symmetric(alg, enc, &secret.bytes)
                        .map_err(|_| anyhow::anyhow!("the key does not go with {}", alg.name()))?;
                    taken.open(Opener::Jwe(&key), &demand).map_err(fault)?;
                }
                _ => taken
                    .open(Opener::Shared(&*secret.aes_256()?), &demand)
                    .map_err(fault)?,
            }
        }
        taken.finish(&sealed).map(|plain| plain.body).map_err(fault)
    }

    async fn open_jwe(&self, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
        let limits = Limits {
            max_token_bytes: MAX_SEALED_BYTES,
            ..Limits::default()
        };
        let token = Sealed::compact(sealed.trim_ascii(), &limits)
            .map_err(|error| anyhow::anyhow!("this is no compact JWE that we read: {error}"))?;
        if self.header {
            anstream::println!("{:#?}", token.header());
            return Ok(None);
        }
        if let Some(path) = &self.jwk {
            let key = keys::private(path, token.header().alg)?;
            let opened = key.open(token);
            return opened
                .map(Some)
                .map_err(|_| anyhow::anyhow!("not opened: wrong key, or changed on its way"));
        }
        let key = self.content_key(&token).await?;
        token
            .open(&key)
            .map(Some)
            .map_err(|_| anyhow::anyhow!("not opened: wrong key, or changed on its way"))
    }

    async fn content_key(&self, token: &Sealed<'_>) -> Result<ContentEncryptionKey> {
        let header = token.header();
        if let Some(socket) = &self.bridge {
            return self.content_key_of_bridge(socket, token).await;
        }
        let text = self
            .key
            .as_deref()
            .context("--key, --jwk or --bridge says where the key is")?;
        let secret = NamedSecret::parse(text)?;
        if header.alg.is_asymmetric() {
            bail!(
                "{} needs a private key: --jwk for one in a file, --bridge for one in the token",
                header.alg.name()
            );
        }
        DecryptionKey::symmetric(header.alg, header.enc, &secret.bytes)
            .map_err(|_| {
                anyhow::anyhow!(
                    "the key has not the length that {} with {} takes",
                    header.alg.name(),
                    header.enc.name()
                )
            })?
            .content_key(token)
            .map_err(|_| anyhow::anyhow!("not opened: wrong key, or changed on its way"))
    }

    async fn content_key_of_bridge(
        &self,
        socket: &Path,
        token: &Sealed<'_>,
    ) -> Result<ContentEncryptionKey> {
        let header = token.header();
        let operation = unwrap_operation(
            header.alg.name(),
            header.enc.name(),
            Some(header),
            token.encrypted_key(),
        );
        let key = self
            .asked(socket, header.kid.as_deref(), &operation)
            .await?;
        ContentEncryptionKey::from_slice(header.enc, &key)
            .map_err(|_| anyhow::anyhow!("the bridge's key has a wrong length"))
    }

    /// The content key that the bridge unwraps.
    async fn asked(
        &self,
        socket: &Path,
        kid: Option<&str>,
        operation: &Operation,
    ) -> Result<Zeroizing<Vec<u8>>> {
        let kid = self.kid.as_deref().or(kid);
        let kid = kid.context("the message names no key: pass --kid")?;
        let secret = self
            .bridge_token
            .as_deref()
            .context("--bridge-token is missing")?;
        let secret = NamedSecret::parse(&format!("bridge={secret}"))?;
        let path = sealgate_wire::path(kid, operation)
            .with_context(|| format!("{kid} is no name of a key in the bridge"))?;
        let body = sealgate_wire::encode(operation)
            .map_err(|error| anyhow::anyhow!("the question is not sendable: {}", error.code()))?;
        let client = BridgeClient::new(socket, &secret.bytes)?;
        let answer = Zeroizing::new(client.ask("POST", &path, body.to_vec()).await?);
        let answer = sealgate_wire::decode_unwrap_answer(200, &answer, kid).map_err(|failure| {
            anyhow::anyhow!("the bridge's answer is unusable: {}", failure.code())
        })?;
        Ok(Zeroizing::new(answer.cek.to_vec()))
    }
}

fn read(path: Option<&Path>) -> Result<Vec<u8>> {
    match path {
        Some(path) if path.as_os_str() != "-" => {
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
        }
        _ => {
            let mut sealed = Vec::new();
            std::io::stdin().read_to_end(&mut sealed)?;
            Ok(sealed)
        }
    }
}
