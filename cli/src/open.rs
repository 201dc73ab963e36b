//! `sealgate open`.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sealgate_engine::unwrap_operation;
use sealgate_format::records::{RecordHeader, Records};
use sealgate_format::{Demand, Format, Name, Opener, Part, raw};
use sealgate_jose::Limits;
use sealgate_jose::jwe::{
    ContentEncryption, ContentEncryptionKey, DecryptionKey, KeyManagement, Sealed,
};
use sealgate_wire::Operation;
use zeroize::Zeroizing;

use crate::bridge::BridgeClient;
use crate::sealing::formats::FormatArgs;
use crate::sealing::keys::{self, NamedSecret};
use crate::sealing::private::{PrivateKey, Unlocked};
use crate::sealing::{inside, session};

const NO_KEY: &str = "--key, --jwk or --bridge says where the key is";
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
    sealgate open --key body-2026=file:body.hex --request 'POST /payments?x=1' sealed.bin\n\n  \
    # a vendor's format, with the key that `sealgate keygen` made; and the JWS inside, by its signer's key\n  \
    sealgate open --format mastercard-jwe --jwk client.pem answer.json\n  \
    sealgate open --format juspay --jwk gate.pem --verify sender.jwk request.json")]
pub(crate) struct Args {
    /// What to open; `-` or nothing reads standard input
    sealed: Option<PathBuf>,

    /// Key to open it with
    #[arg(long, value_name = "ID=SOURCE", long_help = keys::SECRET_HELP)]
    key: Option<String>,

    /// Private key to open it with: a JWK, or RSA in PEM, as `sealgate keygen` writes them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["key", "bridge"])]
    jwk: Option<PathBuf>,

    /// The request that a raw body or records were sent with or answer, `METHOD TARGET`
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

    #[command(flatten)]
    format: FormatArgs,

    /// Public JWK that verifies the JWS inside
    #[arg(
        long,
        value_name = "FILE",
        requires = "format",
        help_heading = "Format"
    )]
    verify: Option<PathBuf>,

    /// whatsapp-flows: what the request left for its answer
    #[arg(
        long,
        value_name = "FILE",
        requires = "response",
        conflicts_with_all = ["key", "jwk", "bridge"],
        help_heading = "Format"
    )]
    session: Option<PathBuf>,

    /// Print the protected header of a JWE and stop; it is not proven
    #[arg(long, conflicts_with = "format")]
    header: bool,
}

pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let sealed = read(args.sealed.as_deref())?;
    let plaintext = match (&args.format.format, &args.request) {
        (None, None) => match args.open_jwe(&sealed).await? {
            Some(plaintext) => plaintext,
            None => return Ok(ExitCode::SUCCESS),
        },
        _ => args.open_format(sealed).await?,
    };
    std::io::stdout().write_all(&plaintext)?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// Opens a body of any format, part by part.
    async fn open_format(&self, sealed: Vec<u8>) -> Result<Vec<u8>> {
        let format = self.format.build(Name::Aes256Gcm, self.verify.is_some())?;
        let not_opened = |fault| anyhow::anyhow!("not opened: {fault}");
        if format.is_raw() || format.records().is_some() {
            return self.open_bound(&format, sealed);
        }
        if format.answers_with_key_of_request() && self.format.response.is_some() {
            let path = self.session.as_deref();
            let path = path.context("--session names the file that the request wrote")?;
            return session::read(path)?
                .open_answer(&sealed)
                .map_err(not_opened);
        }
        let verifier = match (&self.verify, format.is_signed_inside()) {
            (Some(path), _) => Some(inside::verifier(path, format.name())?),
            (None, true) => bail!(
                "{} has a JWS inside; --verify names its signer's public JWK",
                format.name().name()
            ),
            (None, false) => None,
        };
        let demand = Demand {
            now: crate::sealing::now()?,
            verify: &|_| verifier.as_ref(),
        };
        let mut taken = format
            .take_body(&sealed, &mut |_| true)
            .map_err(not_opened)?;
        while let Some(part) = taken.next() {
            match self.opener(part).await? {
                Held::Key(key) => taken.open(Opener::Jwe(&key), &demand),
                Held::ContentKey(key) => taken.open(Opener::ContentKey(&key), &demand),
                Held::Secret(key) => taken.open(Opener::Shared(&key), &demand),
            }
            .map_err(not_opened)?;
        }
        taken
            .finish(&sealed)
            .map(|plain| plain.body)
            .map_err(not_opened)
    }

    /// Opens a raw body or records, which are bound to their request.
    fn open_bound(&self, format: &Format, mut sealed: Vec<u8>) -> Result<Vec<u8>> {
        let request = self.request.as_deref().unwrap_or_default();
        let needs_request = format.records() != Some(Records::Aes128Gcm);
        let (method, target) = match request.split_once(' ') {
            Some((method, target)) => (method.as_bytes(), target.as_bytes()),
            None if needs_request => bail!(
                "{} is bound to its request: --request 'METHOD TARGET'",
                format.name().name()
            ),
            None => Default::default(),
        };
        let secret = NamedSecret::parse(self.key.as_deref().context("--key is missing")?)?;
        let key = secret.aes_256()?;
        let failed = "not opened: wrong key, wrong request, or changed on its way";
        if let Some(records) = format.records() {
            let header = RecordHeader::parse(&sealed)
                .map_err(|fault| anyhow::anyhow!("not opened: {fault}"))?;
            let data = match self.format.response {
                Some(status) => records.response_data(method, target, status, header.key_id()),
                None => records.request_data(method, target, header.key_id()),
            };
            records
                .open(&mut sealed, &header, key.as_slice(), &data)
                .map_err(|_| anyhow::anyhow!(failed))?;
            return Ok(sealed);
        }
        let data = match self.format.response {
            Some(status) => raw::response_data(method, target, status, secret.id.as_bytes()),
            None => raw::request_data(method, target, secret.id.as_bytes()),
        };
        let Some((nonce, _)) = sealed.split_first_chunk::<{ raw::NONCE_BYTES }>() else {
            bail!("a raw body starts with a nonce of 12 bytes and ends with a tag of 16");
        };
        let nonce = *nonce;
        sealed.drain(..nonce.len());
        sealgate_aead::open_in_place(&key, &nonce, &data, &mut sealed)
            .map_err(|_| anyhow::anyhow!(failed))?;
        Ok(sealed)
    }

    /// The key of one part: in the bridge, in a file, or shared.
    async fn opener(&self, part: &Part) -> Result<Held> {
        if let (Some(alg), Some(socket)) = (part.alg(), &self.bridge) {
            let enc = part.enc().context("the body names no content encryption")?;
            let operation =
                unwrap_operation(alg.name(), enc.name(), part.header(), part.encrypted_key());
            let key = self.asked(socket, part.kid(), &operation).await?;
            return Ok(Held::ContentKey(key));
        }
        if let (Some(alg), Some(path)) = (part.alg(), &self.jwk) {
            let key = PrivateKey::read(path)?.unlock(alg, part.encrypted_key())?;
            return Ok(match key {
                Unlocked::Key(key) => Held::Key(Box::new(key)),
                Unlocked::ContentKey(key) => Held::ContentKey(key),
            });
        }
        let secret = NamedSecret::parse(self.key.as_deref().context(NO_KEY)?)?;
        match (part.alg(), part.enc()) {
            (Some(alg), Some(enc)) => symmetric(alg, enc, &secret).map(Box::new).map(Held::Key),
            _ => secret.aes_256().map(Held::Secret),
        }
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
        let header = token.header();
        let not_opened = |_| anyhow::anyhow!("not opened: wrong key, or changed on its way");
        let key = match (&self.bridge, &self.jwk) {
            (Some(socket), _) => self.content_key_of_bridge(socket, &token).await?,
            (None, Some(path)) => {
                match PrivateKey::read(path)?.unlock(header.alg, token.encrypted_key())? {
                    Unlocked::Key(key) => return key.open(token).map(Some).map_err(not_opened),
                    Unlocked::ContentKey(key) => ContentEncryptionKey::from_slice(header.enc, &key)
                        .map_err(|_| anyhow::anyhow!("the content key has a wrong length"))?,
                }
            }
            (None, None) => {
                let secret = NamedSecret::parse(self.key.as_deref().context(NO_KEY)?)?;
                let key = symmetric(header.alg, header.enc, &secret)?;
                key.content_key(&token).map_err(not_opened)?
            }
        };
        token.open(&key).map(Some).map_err(not_opened)
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

/// What opens a part.
enum Held {
    Key(Box<DecryptionKey>),
    ContentKey(Zeroizing<Vec<u8>>),
    Secret(Zeroizing<[u8; 32]>),
}

/// The key of a JWE from a shared secret.
fn symmetric(
    alg: KeyManagement,
    enc: ContentEncryption,
    secret: &NamedSecret,
) -> Result<DecryptionKey> {
    if alg.is_asymmetric() {
        bail!(
            "{} needs a private key: --jwk for one in a file, --bridge for one in the token",
            alg.name()
        );
    }
    DecryptionKey::symmetric(alg, enc, &secret.bytes).map_err(|_| {
        anyhow::anyhow!(
            "the key {} has not the length that {} with {} takes",
            secret.id,
            alg.name(),
            enc.name()
        )
    })
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
